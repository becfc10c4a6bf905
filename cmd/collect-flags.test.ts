import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseCollectFlags } from './collect-flags.ts'
import { COLLECT } from './collect-table.ts'
import { COMMANDS } from './commands.ts'
import { unknownFlag } from './parse-flags.ts'

function refusal(...words: string[]): string {
  try {
    parseCollectFlags(words)
  } catch (error) {
    assert.is((error as Error).name, 'UsageError')
    return (error as Error).message
  }
  throw new Error(`${words.join(' ')} was accepted`)
}

test('without flags collect is what goflow2 is without flags', () => {
  const options = parseCollectFlags([])
  assert.equal(options.listen, ['sflow://:6343', 'netflow://:2055'])
  assert.is(options.format, 'json')
  assert.is(options.produce, 'sample')
  assert.is(options.output, null)
  assert.is(options.separator, '\n')
  assert.equal(options.http, { host: '', port: 8080, templatesPath: '/templates' })
  assert.is(options.errorCount, 10)
  assert.is(options.errorIntervalMs, 10_000)
  assert.equal(options.warnings, [])
})

test('one dash is as good as two, and a blank as good as an equals sign', () => {
  for (const words of [
    ['-transport.file', 'x', '-loglevel', 'debug'],
    ['--transport.file', 'x', '--loglevel', 'debug'],
    ['-transport.file=x', '-loglevel=debug'],
    ['--output=x', '--log-level=debug'],
  ]) {
    const options = parseCollectFlags(words)
    assert.is(options.output, 'x', words.join(' '))
    assert.is(options.logLevel, 'debug')
  }
})

test('values stay the text they are', () => {
  assert.is(parseCollectFlags(['--output', '007']).output, '007')
  assert.is(parseCollectFlags(['--output=1e3']).output, '1e3')
  assert.is(parseCollectFlags(['--output', 'true']).output, 'true')
  assert.is(parseCollectFlags(['--output=a=b=c']).output, 'a=b=c')
  assert.is(parseCollectFlags(['--output', '-']).output, null)
  assert.is(parseCollectFlags(['--mapping', '-odd-name.yaml']).mapping, '-odd-name.yaml')
  assert.is(parseCollectFlags(['--transport.file.sep', ' ']).separator, ' ')
  assert.is(parseCollectFlags(['--transport.file.sep=']).separator, '')
  assert.is(parseCollectFlags(['--transport.file.sep', '']).separator, '')
})

test('a flag given twice has its last value, and lists join', () => {
  assert.is(parseCollectFlags(['-format', 'text', '-format', 'bin']).format, 'bin')
  assert.equal(parseCollectFlags(['--read-port', '1,2', '--read-port', '3']).readPorts, [1, 2, 3])
})

test('--read takes the words up to the next flag, again and again', () => {
  const options = parseCollectFlags(['--read', 'a', '-', 'b', '--format', 'text', '--read=c', 'd'])
  assert.equal(options.read, ['a', '-', 'b', 'c', 'd'])
  assert.equal(options.listen, [])
  assert.is(options.format, 'text')
  assert.is(options.http, null)
  assert.is(options.stateDirectory, null)
})

test('a file name with a comma is one file', () => {
  assert.equal(parseCollectFlags(['--read', 'a,b.pcap']).read, ['a,b.pcap'])
})

test('a switch is off with =false only', () => {
  assert.is(parseCollectFlags(['--detect-sequence-reset=false']).detectSequenceReset, false)
  assert.is(parseCollectFlags(['-keep-unknown']).keepUnknown, true)
  assert.is(parseCollectFlags(['-keep-unknown=F']).keepUnknown, false)
  assert.match(refusal('-keep-unknown', 'false'), /"false" belongs to no flag/)
  assert.match(refusal('-keep-unknown=no'), /--keep-unknown: got "no", want true or false/)
})

test('what is meant is asked for where a value is missing', () => {
  assert.match(refusal('--output'), /--output: a value is missing, want FILE/)
  assert.match(refusal('--output', '--format', 'text'), /write --output=--format/)
})

test('an unknown flag is answered with the nearest one', () => {
  assert.match(refusal('-lsten', 'x'), /no flag -lsten; did you mean --listen\?/)
  assert.match(refusal('--fromat=text'), /did you mean --format\?/)
  assert.match(refusal('--transport.flie=x'), /did you mean --transport.file\?/)
  assert.match(refusal('--zzzzzz'), /see weir collect --help/)
  assert.match(refusal('---listen'), /is not a flag/)
})

test('flags of goflow2 1 and of goflow are answered with what to use now', () => {
  for (const name of Object.keys(COLLECT.hints!)) {
    const message = refusal(`-${name}`, 'x')
    assert.is(message, `collect: there is no flag -${name}: ${COLLECT.hints![name]}`)
  }
  assert.match(unknownFlag(COLLECT, '-', 'reuseport'), /\?count=4/)
})

test('Kafka flags are accepted, and refused with what to do when Kafka is chosen', () => {
  const words = [
    '-transport.kafka.brokers',
    'a:9092',
    '-transport.kafka.tls',
    '-transport.kafka.hashing=true',
  ]
  assert.is(parseCollectFlags(words).output, null)
  assert.match(refusal('-transport', 'kafka', ...words), /Kafka is not built in: .*pipe stdout/)
  assert.match(refusal('-transport', 'pigeon'), /want file/)
})

test('flags of goflow2 that do nothing here are accepted with a warning', () => {
  const options = parseCollectFlags([
    '-templates.json.path',
    'x',
    '-templates.ttl',
    '30m',
    '-logfmt',
    'fancy',
  ])
  assert.is(options.expireMs, 1_800_000)
  assert.is(options.warnings.length, 2)
  assert.is(parseCollectFlags(['-templates.ttl=0']).expireMs, 0)
})

test("log levels have goflow2's words, old and new", () => {
  assert.is(parseCollectFlags(['-loglevel', 'WARN']).logLevel, 'warn')
  assert.is(parseCollectFlags(['-loglevel', 'warning']).logLevel, 'warn')
  assert.is(parseCollectFlags(['-loglevel', 'fatal']).logLevel, 'error')
  assert.match(refusal('-loglevel', 'loud'), /one of debug, info, warn, error/)
  assert.is(parseCollectFlags(['-logfmt', 'normal']).logFormat, 'text')
})

test('raw is a format and a producer, and has no binary form', () => {
  for (const words of [
    ['--format', 'raw'],
    ['--produce', 'raw'],
  ]) {
    assert.is(parseCollectFlags(words).produce, 'raw')
    assert.is(parseCollectFlags(words).format, 'json')
  }
  assert.is(parseCollectFlags(['-produce=raw', '-format=text']).format, 'text')
  assert.match(refusal('-produce=raw', '-format=bin'), /use json or text/)
})

test('sampling overrides are networks with rates', () => {
  const { sampling } = parseCollectFlags([
    '--sampling',
    '10.0.0.0/8=1000,2001:db8::/32=5',
    '--sampling-default=7',
  ])
  assert.equal(
    sampling.overrides.map(({ network, rate }) => [network.bits, rate]),
    [
      [104, 1000],
      [32, 5],
    ],
  )
  assert.is(sampling.default, 7)
  for (const text of ['10.0.0.0/8', '10.0.0.0/33=1', '=5', '10.0.0.0/8=x', '10.0.0.0/8=4294967296']) {
    assert.match(refusal('--sampling', text), /want NETWORK=RATE/, text)
  }
})

test('numbers, sizes and durations out of range are refused with what is wanted', () => {
  assert.is(parseCollectFlags(['--max-datagram', '65535']).maxDatagramOctets, 65_535)
  assert.is(parseCollectFlags(['--receive-buffer', '8MiB']).receiveBufferOctets, 8_388_608)
  assert.match(refusal('--max-datagram', '8999'), /9000 to 65535/)
  assert.match(refusal('--max-datagram', '65536'), /9000 to 65535/)
  assert.match(refusal('--receive-buffer', 'big'), /a size such as/)
  assert.match(refusal('--flush-after', '5'), /a duration such as/)
  assert.match(refusal('--read-port', '0'), /1 to 65535/)
  assert.match(refusal('--err.cnt', '-1'), /a number, 0 or more/)
  assert.match(refusal('--addr', '8080'), /HOST:PORT/)
  assert.match(refusal('--goflow2-compat', '1.3'), /one of 2.2, 2.1, strict/)
})

test('captures and the network exclude each other', () => {
  assert.match(refusal('--read', 'a', '--listen', 'netflow://:2055'), /exclude each other/)
  assert.match(refusal('--listen', ''), /a URL such as/)
})

test('the state folder is what the flag says, or systemd', () => {
  const before = process.env['STATE_DIRECTORY']
  process.env['STATE_DIRECTORY'] = '/run/a:/run/b'
  try {
    assert.is(parseCollectFlags([]).stateDirectory, '/run/a')
    assert.is(parseCollectFlags(['--state', 'none']).stateDirectory, null)
    assert.is(parseCollectFlags(['--state', '/x']).stateDirectory, '/x')
    assert.is(parseCollectFlags(['--state', '/x']).isStateExplicit, true)
    assert.is(parseCollectFlags(['--read', 'a', '--state', '/x']).stateDirectory, '/x')
  } finally {
    if (before === undefined) delete process.env['STATE_DIRECTORY']
    else process.env['STATE_DIRECTORY'] = before
  }
})

test('no two flags of a command share a name, and every command has three examples or more', () => {
  for (const command of COMMANDS) {
    const names = command.flags.flatMap((flag) => [
      flag.name,
      ...(flag.aliases ?? []),
      ...(flag.silentAliases ?? []),
    ])
    assert.is(new Set(names).size, names.length, command.name)
    const cacNames = command.flags.map((flag) => flag.name.replaceAll(/[-.]/g, '_'))
    assert.is(new Set(cacNames).size, cacNames.length, command.name)
    for (const name of Object.keys(command.hints ?? {})) assert.not.ok(names.includes(name), name)
    assert.ok(command.examples.length >= 3, command.name)
  }
})

test.run()
