import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowError } from '../diagnostics/flow-error.ts'
import { newRandom } from '../testing/workload.ts'
import { compileFilter, explain, type FilterNames, loadPatterns, parseFilter } from './filter.ts'

/** The error of a filter that means nothing. */
function errorOf(text: string, names: FilterNames = {}): string {
  try {
    parseFilter(text, names)
  } catch (error) {
    assert.ok(error instanceof FlowError, String(error))
    assert.is(error.code, 'FILTER_INVALID')
    return error.message
  }
  return assert.unreachable(`${text} should be no filter`) as never
}

/** CPU time since then: other processes do not count. */
function spentMs(since: NodeJS.CpuUsage): number {
  return process.cpuUsage(since).user / 1000
}

test('an unknown word is shown with a caret and the nearest word', () => {
  assert.is(
    errorOf('port 80 and prto tcp'),
    'filter, line 1, column 13: "prto" is no word of the filter language; did you mean proto?\n' +
      '  port 80 and prto tcp\n' +
      '              ^',
  )
})

test('the caret stands below its place in any line, behind tabs and wide texts', () => {
  assert.is(
    errorOf('port 80\nand (\n\tsrc  prt 5)\n'),
    'filter, line 3, column 7: "prt" is no word of the filter language; did you mean port?\n' +
      '  \tsrc  prt 5)\n' +
      '  \t     ^',
  )
  assert.match(errorOf(`${'port 80 or '.repeat(5000)} blah`), /column 55002.*\n {2}….{60,}\n {73}\^$/)
})

test('errors say what would have been right', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['tcp', 'did you mean proto tcp?'],
    ['80', 'write what it is, as in port 80'],
    ['10.0.0.1', 'write what it is, as in ip 10.0.0.1'],
    ['src 2001:db8::1', 'write what it is, as in ip 2001:db8::1'],
    ['proto tcp or udp', 'did you mean proto udp?'],
    ['port', 'a port should stand here'],
    ['port 80 proto tcp', 'and, or, or the end should stand here, not "proto"'],
    ['port 80 and', 'a primitive should stand here, as port 80, not the end'],
    ['(port 80', 'the closing ) is missing'],
    ['port 80)', 'this ) has no ( before it'],
    ['(port 80 port 90)', 'and, or, or ) should stand here'],
    ['port 70000', 'a port is at most 65535'],
    ['port 90-80', 'a range goes from the smaller number to the greater'],
    ['port in [80', 'the closing ] is missing'],
    ['port in []', 'the list is empty'],
    ['port in [80 x]', 'a port should stand here, not "x"'],
    ['port in', 'a list should stand here'],
    ['proto tpc', 'did you mean tcp?'],
    ['ip 10.0.0.256', 'an address or network should stand here'],
    ['net 10.0.0.0/33', 'the prefix length is a number up to 32'],
    ['net 10.0.0.0 255.0.255.0', 'the mask has holes'],
    ['host www.example.com', 'names are not looked up'],
    ['ip > 10.0.0.1', 'addresses can only be compared with == or !='],
    ['mac 00:11', 'a MAC address should stand here'],
    ['flags Z', 'letters of ASFRPUECX should stand here'],
    ['src', 'after "src" should stand what it is about'],
    ['prev port 80', '"prev port" means nothing; port may follow src, dst, nat'],
    ['icmp 8', 'type or code should stand here'],
    ['mpls label11 5', 'label1 to label10'],
    ['first seen > yesterday', 'a time should stand here, as 2026-11-21T10:00'],
    ['first 5', 'seen should stand here'],
    ['between 8 and 9', 'a time of day should stand here, as 08:00'],
    ['between 08:00 18:00', '"and" should stand here'],
    ['pair(10.0.0.1)', ', should stand here, as in pair'],
    ['src ip local', 'an address or network should stand here'],
    ['local', 'no local networks are known; name them with --local'],
    ['country DE', 'no table says the country of an address'],
    ['as @cdn', 'no table of AS numbers is given'],
    ['net @office', 'no local network or label is called "@office"'],
    ['bytes-packets > 5', 'put blanks around minus: bytes - packets'],
    ['bytes > 1MB', '"1MB" is no number'],
    ['port in 80-90', 'a list stands in brackets: [80-90]'],
    ['bytes >', 'a number should stand here'],
    ['port + 1 > 5', 'write src or dst before it'],
    ['bytes + 1', 'a comparator should stand here'],
    ['bytes > ip', 'ip is no number'],
    ['username > "a"', 'texts can only be compared'],
    ['username ~ 5', 'a pattern should stand here, as /^web/'],
    ['username "open', 'the closing " is missing'],
    ['username ~ /open', 'the closing / of the pattern is missing'],
    ['port 80 ; port 90', '";" has no meaning here'],
    ['ip in list.txt', 'files cannot be read here'],
    ['@include', '@include needs the name of a file'],
    ['in src ip 1.2.3.4', '"in src ip" means nothing'],
    ['observation domain 5', 'id should stand here'],
    ['asa foo', 'event or xevent or denied or user should stand here'],
  ]
  for (const [text, what] of cases) {
    const message = errorOf(text)
    assert.ok(message.includes(what), `${text}: ${message}`)
    assert.is(message.split('\n').length, 3, text)
  }
})

test('errors in files that a filter includes name the file and its line', () => {
  const readFile = (path: string) => ({ a: '# a\nport 80 or\n@include b', b: 'prot tcp' })[path] ?? ''
  assert.match(
    errorOf('proto udp or (@include a\n)', { readFile }),
    /^filter file b, line 1, column 1: "prot" /,
  )
  const own = explain(parseFilter('proto udp or (@include "c d")', { readFile: () => 'port 80' }))
  assert.is(own, 'proto udp or port 80')
  assert.match(
    errorOf('@include x', { readFile: () => '@include x' }),
    /files are included more than 10 deep/,
  )
})

test('a time zone that does not exist is told', () => {
  assert.match(
    errorOf('first seen > now', { timeZone: 'Europe/Zuerich' }),
    /there is no time zone "Europe\/Zuerich"/,
  )
})

test('canonical text keeps what the brackets mean', () => {
  assert.is(
    explain(parseFilter('( port   80 or\nport 443 ) and not ( proto tcp and (src ip 10.0.0.1) )')),
    '(port 80 or port 443) and not (proto tcp and src ip 10.0.0.1)',
  )
  assert.is(explain(parseFilter('')), 'any')
  assert.is(explain(parseFilter('pair( 10.0.0.1 , 10.0.0.0 / 8)')), 'pair(10.0.0.1, 10.0.0.0/8)')
})

test('filters of thousands of terms are read and compiled in bounded time', () => {
  const began = process.cpuUsage()
  const hosts = Array.from({ length: 10_000 }, (_, i) => `src ip 10.${i >> 8}.${i & 255}.1 or dst port ${i}`)
  const compiled = compileFilter(parseFilter(hosts.join(' or ')))
  assert.is(compiled.fields.length, 2)
  compileFilter(
    parseFilter(
      `ip in [${Array.from({ length: 30_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`).join(' ')}]`,
    ),
  )
  assert.ok(spentMs(began) < 3000, `${spentMs(began)} ms`)
})

test('the registry is asked for words of its own only', () => {
  const asked: string[] = []
  const field = (name: string) => {
    asked.push(name)
    return undefined
  }
  parseFilter('src ip 10.0.0.1 and proto tcp or in if 3 and flags S or destination.port 80', { field })
  assert.equal(asked, [])
  errorOf('noSuchElement 3', { field })
  assert.equal([...new Set(asked)], ['noSuchElement'])
})

test('brackets and arithmetic are read to a bounded depth', () => {
  assert.match(
    errorOf(`${'('.repeat(100_000)}port 80${')'.repeat(100_000)}`),
    /brackets are more than 500 deep/,
  )
  assert.match(errorOf('('.repeat(100_000)), /the closing \) is missing/)
  assert.match(errorOf(`${'('.repeat(5000)}bytes${')'.repeat(5000)} > 1`), /too many brackets/)
  assert.match(errorOf(`bytes ${'+ bytes '.repeat(5000)} > 1`), /too many terms/)
  assert.match(errorOf(`bytes ${'* 9T '.repeat(5000)} > 1`), /too many factors/)
  assert.is(explain(parseFilter(`${'not '.repeat(100_001)}port 80`)), 'not port 80')
  parseFilter(`${'('.repeat(400)}port 80${')'.repeat(400)}`)
})

test('patterns take time in proportion to the text, and bad ones are told', async () => {
  await loadPatterns()
  assert.match(errorOf('username ~ /(a/'), /the pattern cannot be used: .*\n/)
  assert.match(errorOf(`username ~ /${'a'.repeat(2000)}/`), /more than 1000 characters/)
  const pattern = parseFilter('username ~ /^(a+)+$/i')
  assert.is(explain(pattern), 'username ~ /(?i)^(a+)+$/')
})

test('no text does more than be refused', () => {
  const random = newRandom(7)
  const words = [
    'port',
    '80',
    '(',
    ')',
    'and',
    'or',
    'not',
    '[',
    ']',
    'in',
    'ip',
    '10.0.0.0',
    '/',
    '8',
    '"',
    "'",
    '#',
    '\n',
    '~',
    'src',
    '@x',
    '::',
    '-',
    '>',
    'bytes',
    '*',
    'flags',
    'S',
    'as',
    'mac',
    'first',
    'seen',
    ',',
    'between',
    '08:00',
    'mpls',
    'any',
    'username',
    'constructor',
    '__proto__',
    'toString',
    'local',
    '0x',
    '1e9',
    'ﬀ',
    '\u0000',
  ]
  for (let round = 0; round < 3000; round++) {
    const pieces = Array.from({ length: 1 + random(8) }, () =>
      random(20) === 0 ? String.fromCharCode(random(65_536)) : words[random(words.length)]!,
    )
    const text = pieces.join(random(3) === 0 ? '' : ' ')
    try {
      compileFilter(parseFilter(text))
    } catch (error) {
      if (!(error instanceof FlowError)) assert.unreachable(`${JSON.stringify(text)}: ${error}`)
    }
  }
})

test('a megabyte of anything is refused or read in time', () => {
  const began = process.cpuUsage()
  for (const text of [
    'a'.repeat(1e6),
    '"'.repeat(1e6),
    'not '.repeat(250_000),
    '@include '.repeat(1e5),
    '1-'.repeat(5e5),
    'port 1 or '.repeat(1e4),
    'src.'.repeat(250_000),
    '['.repeat(1e6),
    '\n'.repeat(1e6),
    'port in [1 2] and '.repeat(5e3),
  ]) {
    try {
      compileFilter(parseFilter(text))
    } catch (error) {
      assert.ok(error instanceof FlowError, `${text.slice(0, 20)}…: ${error}`)
      assert.ok(String(error).length < 1000, text.slice(0, 20))
    }
  }
  assert.ok(spentMs(began) < 5000, `${spentMs(began)} ms`)
})

test.run()
