import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { archiveFiles } from '../lib/archive/live-files.ts'
import { GENERIC } from '../lib/report/presets/generic.ts'
import {
  dataSet,
  hex,
  ipfixMessage,
  ipv4,
  join,
  netflow9Datagram,
  type Octets,
  optionsTemplateSet,
  type Specifier,
  templateSet,
  text,
  u32,
  variable,
} from '../lib/testing/datagrams.ts'
import { ethernet, ipUdp, pcap } from '../lib/testing/pcap.ts'
import { projectRoot } from '../lib/testing/project.ts'
import { analyzeOptions, commandOf } from './analyze-flags.ts'
import { answerText } from './analyze-run.ts'
import { parseFlags } from './parse-flags.ts'
import { runWeir } from './testing/running-weir.ts'

// What exporters call applications and interfaces, from their datagrams through the decoder, a capture or an archive.

const directory = mkdtempSync(joinPath(tmpdir(), 'weir-applications-'))
test.after(() => rmSync(directory, { recursive: true, force: true }))

const START_S = 1_767_225_600
const FIRST = '192.0.2.1'
const SECOND = '192.0.2.2'
const COLLECTOR = '192.0.2.99'

/** A datagram, when it was sent after the start and by whom. */
interface Sent {
  readonly second: number
  readonly exporter: string
  readonly octets: Uint8Array
}

/** Source, destination, octets, packets, application, the interface that it came in by. */
const FLOW: readonly Specifier[] = [
  [8, 4],
  [12, 4],
  [1, 4],
  [2, 4],
  [95, 65_535],
  [10, 4],
]

interface FlowFacts {
  readonly octets: number
  /** Hex; empty: an id without octets. */
  readonly id: string
  readonly index?: number
}

let sequence = 0

function message(second: number, exporter: string, sets: readonly Octets[]): Sent {
  sequence++
  return {
    second,
    exporter,
    octets: ipfixMessage({ sets, sequence, exportTime: START_S + second, domain: 7 }),
  }
}

function flows(second: number, exporter: string, facts: readonly FlowFacts[]): Sent {
  const records = facts.map(({ octets, id, index = 1 }) =>
    join(ipv4('10.0.0.1'), ipv4('10.0.0.2'), u32(octets), u32(1), variable(hex(id)), u32(index)),
  )
  return message(second, exporter, [templateSet(10, [[300, FLOW]]), dataSet(300, records)])
}

/** The application table of RFC 6759: the id is the scope. */
function applications(second: number, exporter: string, named: readonly (readonly [string, Octets])[]): Sent {
  const template = optionsTemplateSet(10, 301, [[95, 65_535]], [[96, 65_535]])
  const records = named.map(([id, name]) => join(variable(hex(id)), variable(name)))
  return message(second, exporter, [template, dataSet(301, records)])
}

/** The same of NetFlow v9, with texts of fixed length, and a table of interfaces by the scope of that kind. */
function tables9(second: number, exporter: string): Sent {
  const padded = (name: string) => [...text(name), ...Array.from({ length: 16 - name.length }, () => 0)]
  const sets = [
    optionsTemplateSet(
      9,
      260,
      [[1, 4]],
      [
        [95, 4],
        [96, 16],
      ],
    ),
    dataSet(260, [join(ipv4(exporter), hex('0d0001c5'), padded('you-tube'))]),
    optionsTemplateSet(9, 261, [[2, 4]], [[82, 16]]),
    dataSet(261, [join(u32(1), padded('xe-0/0/1'))]),
    templateSet(9, [
      [
        262,
        [
          [8, 4],
          [12, 4],
          [1, 4],
          [2, 4],
          [95, 4],
          [10, 4],
        ],
      ],
    ]),
    dataSet(262, [join(ipv4('10.0.0.3'), ipv4('10.0.0.4'), u32(50), u32(1), hex('0d0001c5'), u32(1))]),
  ]
  return {
    second,
    exporter,
    octets: netflow9Datagram({ sets, count: 6, sequence: 1, exportTime: START_S + second }),
  }
}

/** A capture of the datagrams; its path. */
function captured(name: string, sent: readonly Sent[]): string {
  const path = joinPath(directory, `${name}.pcap`)
  const packets = sent.map(({ second, exporter, octets }) => ({
    timeNs: BigInt(START_S + second) * 1_000_000_000n,
    octets: ethernet(
      ipUdp({
        source: exporter,
        destination: COLLECTOR,
        sourcePort: 4739,
        destinationPort: 4739,
        payload: octets,
      }),
    ),
  }))
  writeFileSync(path, pcap(packets))
  return path
}

/** What was sent in an archive, in a file for each time that something was sent before the given second; its folder. */
async function archived(name: string, sent: readonly Sent[], until: readonly number[] = []): Promise<string> {
  const archive = joinPath(directory, name)
  let from = 0
  for (const to of [...until, Number.POSITIVE_INFINITY]) {
    const own = sent.filter(({ second }) => second >= from && second < to)
    const words = ['archive', 'write', captured(`${name}-${to}`, own), '--archive', archive]
    const { status, stderr } = await runWeir(words, directory)
    assert.is(status, 0, stderr)
    from = to
  }
  return archive
}

/** The rows of a question as csv without its head, sorted. */
async function ask(input: string, words: readonly string[], sum = 'bytes'): Promise<string[]> {
  const line = [...words, '--sum', sum, '--in', input, '--format', 'csv']
  const { given, operands } = parseFlags(commandOf(GENERIC), line)
  const answer = await answerText(analyzeOptions(GENERIC, given, operands, 0))
  return answer.trim().split('\n').slice(1).sort()
}

const WORLD: readonly Sent[] = [
  // Told before anybody names it.
  flows(0, FIRST, [{ octets: 1, id: '0d0001c5' }]),
  applications(1, FIRST, [
    ['0d0001c5', text('youtube-old')],
    ['0d000050', text('web')],
    ['0d000051', text('web')],
  ]),
  applications(2, SECOND, [['0d0001c5', text('netflix')]]),
  flows(3, FIRST, [
    { octets: 10, id: '0d0001c5' },
    { octets: 100, id: '0d000050' },
    { octets: 1000, id: '0d000051' },
    { octets: 10_000, id: '03000050' },
    { octets: 20_000, id: '01000006' },
    { octets: 30_000, id: '0d000fff' },
    { octets: 40_000, id: '' },
  ]),
  flows(4, SECOND, [{ octets: 7, id: '0d0001c5' }]),
  // A minute later the name is another one, and that one counts.
  applications(70, FIRST, [['0d0001c5', text('youtube')]]),
  flows(71, FIRST, [{ octets: 5, id: '0d0001c5' }]),
]

const BY_NAME = [',40000', '13:4095,30000', 'http,10000', 'netflix,7', 'tcp,20000', 'web,1100', 'youtube,16']

const capture = captured('world', WORLD)
const archive = await archived('world-files', WORLD, [60])

test('flows are grouped by what their exporters call applications, the latest name, from captures and archives', async () => {
  for (const input of [capture, archive])
    for (const key of ['application', 'app', 'app.name', 'network.application'])
      assert.equal(await ask(input, ['--by', key]), BY_NAME, `${key} of ${input}`)
})

test('a capture from a pipe tells names before its flows', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      joinPath(projectRoot, 'cmd/main.ts'),
      'analyze',
      '--by',
      'app',
      '--sum',
      'bytes',
      '--in',
      '-',
      '--format',
      'csv',
    ],
    { encoding: 'utf8', input: readFileSync(capture) },
  )
  assert.is(status, 0, stderr)
  assert.equal(stdout.trim().split('\n').slice(1).sort(), BY_NAME)
})

test('compressed archive files are read for names first', async () => {
  const [path] = archiveFiles([await archived('compressed', WORLD)]).map((file) => file.path)
  const compressed = joinPath(directory, 'compressed.weir.zst')
  writeFileSync(compressed, zstdCompressSync(readFileSync(path!)))
  assert.equal(await ask(compressed, ['--by', 'app']), BY_NAME)
})

test('filters ask for names, and distinct counts count them', async () => {
  for (const input of [capture, archive]) {
    const by = (filter: string) => ask(input, [filter, '--by', 'exporter'])
    assert.equal(await by('app youtube'), [`${FIRST},16`])
    assert.equal(await by("application 'netflix'"), [`${SECOND},7`])
    assert.equal(await by('network.application: web'), [`${FIRST},1100`])
    assert.equal(await by('app ~ /^(youtube|net)/'), [`${FIRST},16`, `${SECOND},7`])
    assert.equal(await by('app in [youtube netflix]'), [`${FIRST},16`, `${SECOND},7`])
    // A flow without a name has none that differs.
    assert.equal(await by('app != web'), [`${FIRST},60016`, `${SECOND},7`])
    assert.equal(await by('not app web'), [`${FIRST},100016`, `${SECOND},7`])
    assert.equal(await ask(input, ['--by', 'exporter'], 'uniq(app)'), [`${FIRST},5`, `${SECOND},1`])
  }
})

test('a window after the tables were sent takes names from the last file before it', async () => {
  const sent = [
    applications(1, FIRST, [['0d0001c5', text('youtube')]]),
    flows(2, FIRST, [{ octets: 1, id: '0d0001c5' }]),
    flows(200, FIRST, [{ octets: 5, id: '0d0001c5' }]),
    flows(400, FIRST, [{ octets: 9, id: '0d0001c5' }]),
  ]
  const folder = await archived('later', sent, [100, 300])
  const words = ['--by', 'app', '--from', '2026-01-01T00:06', '--to', '2026-01-01T00:08']
  assert.equal(await ask(folder, words), ['youtube,9'])
  const { stdout } = await runWeir(['analyze', ...words, '--in', folder, '--explain'], directory)
  assert.match(stdout, /^names {7}1 of applications, 0 of interfaces, as exporters said in 1 inputs$/m)
})

test('NetFlow v9 tells names of applications and interfaces, the file of --ifs goes before', async () => {
  const sent = [tables9(1, FIRST)]
  const names = joinPath(directory, 'ifs.csv')
  writeFileSync(names, `${FIRST},1,uplink\n`)
  for (const input of [captured('netflow9', sent), await archived('netflow9-files', sent)]) {
    assert.equal(await ask(input, ['--by', 'app,in.if.name']), ['you-tube,xe-0/0/1,50'])
    assert.equal(await ask(input, ['--by', 'in.if.name', '--ifs', names]), ['uplink,50'])
  }
})

test('interfaces are asked for by their names, given or said', async () => {
  const sent = [tables9(1, FIRST), flows(2, SECOND, [{ octets: 3, id: '', index: 9 }])]
  const names = joinPath(directory, 'more.csv')
  writeFileSync(names, `${SECOND},9,uplink\n`)
  for (const input of [captured('interfaces', sent), await archived('interfaces-files', sent)]) {
    const by = (filter: string) => ask(input, [filter, '--by', 'exporter', '--ifs', names])
    assert.equal(await by("in.if.name 'xe-0/0/1'"), [`${FIRST},50`])
    assert.equal(await by('if.name uplink or out.if.name uplink'), [`${SECOND},3`])
    assert.equal(await by('observer.ingress.interface.name ~ /^x/'), [`${FIRST},50`])
    assert.equal(await by('not in.if.name uplink'), [`${FIRST},50`])
    assert.equal(await by('in.if.name != uplink'), [`${FIRST},50`])
    // Both ends must differ, and nobody says where the flows went.
    assert.equal(await by('if.name != uplink'), [])
    assert.equal(await by('not if.name uplink'), [`${FIRST},50`])
  }
})

test('listings have columns of names, in every format, and are sorted by them', async () => {
  const columns = 'octetDeltaCount,application,in.if.name'
  const list = async (input: string, ...words: string[]) => {
    const own = words.includes('--columns') ? [] : ['--columns', columns]
    const line = ['analyze', 'list', '--in', input, ...own, ...words]
    const { status, stdout, stderr } = await runWeir(line, directory)
    assert.is(status, 0, stderr)
    return stdout.trim().split('\n')
  }
  for (const input of [capture, archive]) {
    const [head, ...rows] = await list(input, 'app youtube', '--format', 'csv')
    assert.is(head, columns)
    assert.equal(rows, ['1,youtube,1', '10,youtube,1', '5,youtube,1'])
  }
  const explained = await list(archive, 'app youtube', '--explain')
  assert.match(
    explained.at(-1)!,
    /^names {7}4 of applications, 0 of interfaces, as exporters said in 2 inputs$/,
  )
  const [first] = await list(archive, 'app youtube', '--format', 'ndjson')
  assert.equal(JSON.parse(first!), { octetDeltaCount: 1, application: 'youtube', 'in.if.name': '1' })
  const [, ...nfdump] = await list(archive, 'app netflix', '--columns', 'nbid,nbnam,inam', '--format', 'csv')
  assert.equal(nfdump, ['0d0001c5,netflix,1'])
  const table = await list(
    archive,
    'app youtube or app netflix',
    '--sort',
    'application',
    '--format',
    'table',
  )
  assert.match(table.join('\n'), /youtube.*youtube.*youtube.*netflix/s)
})

test('names of mischief are safe to show, cut, and never more than there is room for', async () => {
  const long = 'x'.repeat(1000)
  const sent = [
    applications(1, FIRST, [
      ['0d000001', [...text('\u001b[31mred'), 0x9b]],
      ['0d000002', text(long)],
      ['0d000003', [0xff, 0xfe]],
      ['0d000004', text('   ')],
      ['0d000005', text('a\u202eb')],
      ['0d', text('nothing')],
    ]),
    flows(2, FIRST, [
      { octets: 1, id: '0d000001' },
      { octets: 2, id: '0d000002' },
      { octets: 3, id: '0d000003' },
      { octets: 4, id: '0d000004' },
      { octets: 5, id: '0d000005' },
      { octets: 6, id: `0d${'ff'.repeat(60)}` },
    ]),
  ]
  for (const input of [captured('hostile', sent), await archived('hostile-files', sent)]) {
    const rows = await ask(input, ['--by', 'app'])
    assert.equal(rows, [
      ',6',
      '13:4,4',
      'a\ufffdb,5',
      `${long.slice(0, 256)},2`,
      '\ufffd[31mred\ufffd,1',
      '\ufffd\ufffd,3',
    ])
  }
})

test('other commands, who read no tables, say so', async () => {
  const { status, stderr } = await runWeir(
    ['archive', 'export', archive, '--filter', 'app youtube', '--format', 'csv'],
    directory,
  )
  assert.is(status, 2)
  assert.match(stderr, /only weir analyze knows names that exporters gave, as application asks for/)
})

test.run()
