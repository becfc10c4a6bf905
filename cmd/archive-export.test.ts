import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ArchiveWriter } from '../lib/archive/archive-writer.ts'
import { SILENT } from '../lib/diagnostics/log.ts'
import { BatchWriter } from '../lib/flow/batch-writer.ts'
import {
  type LineReaderOptions,
  newLineReader,
  newMessageReader,
  newTextReader,
  type RecordReader,
} from '../lib/goflow2/reading/line-reader.ts'
import { conformance, projectRoot, testdata } from '../lib/testing/project.ts'
import { archiveExport } from './archive-export.ts'
import { ARCHIVE_EXPORT } from './archive-export-table.ts'
import { parseFlags } from './parse-flags.ts'

const MAIN = join(projectRoot, 'cmd/main.ts')

let folder = ''
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-export-'))
})
test.after(() => rmSync(folder, { recursive: true, force: true }))

interface Ran {
  readonly status: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs the program; slow. */
function weir(...words: readonly string[]): Ran {
  const run = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...words], {
    cwd: folder,
    maxBuffer: 1 << 28,
  })
  return { status: run.status, stdout: run.stdout, stderr: run.stderr.toString() }
}

/** What `weir archive export` with these words writes, in this process. */
async function exported(...words: readonly string[]): Promise<Buffer> {
  const output = join(folder, 'out')
  const { given, operands } = parseFlags(ARCHIVE_EXPORT, [...words, '--output', output])
  assert.is(await archiveExport(given, operands)(), 0)
  return readFileSync(output)
}

type NewReader = (options: LineReaderOptions) => RecordReader

/** An archive of a log. */
function archived(
  name: string,
  log: Uint8Array,
  format = 'json',
  newReader: NewReader = newLineReader,
): string {
  const directory = join(folder, name)
  const archive = new ArchiveWriter({ directory, stream: 'test', log: SILENT })
  const writer = new BatchWriter('flow', (batch) => {
    archive.lineShape = JSON.stringify({ format, ...reader.shape() })
    archive.append(batch)
    batch.reset()
    return batch
  })
  const reader = newReader({ writer, keepsWritten: true })
  reader.push(log, 0, log.length)
  reader.end()
  writer.flush()
  archive.close()
  return directory
}

const golden = conformance('goflow2', 'golden')

function goldenLog(...files: string[]): Buffer {
  const groups = readdirSync(golden!).filter((group) => !group.includes('.'))
  const paths = files.flatMap((file) => groups.map((group) => join(golden!, group, file)))
  return Buffer.concat(
    paths.flatMap((path) => {
      try {
        return [readFileSync(path)]
      } catch {
        return []
      }
    }),
  )
}

if (golden === undefined) {
  console.log('skipped: no conformance data')
} else {
  test('a log of all versions and mappings comes out in the same octets', async () => {
    const versions = ['v2.1.2', 'v2.2.6', 'HEAD']
    const log = goldenLog(...versions.flatMap((v) => [`${v}.jsonl`, `${v}.stock-mapping.jsonl`]))
    assert.ok((await exported(archived('lines', log))).equals(log))
  })

  test('text comes out in the same octets as text, messages as messages', async () => {
    const text = goldenLog('v2.2.6.text')
    const name = archived('text', text, 'text', newTextReader)
    assert.ok((await exported(name, '--format', 'text')).equals(text))
    const messages = goldenLog('v2.2.6.protobuf-delimited.bin')
    const bin = archived('bin', messages, 'bin', newMessageReader)
    assert.ok((await exported(bin, '--format', 'bin', '--separator=')).equals(messages))
  })
}

test('a capture comes out as collect prints it, from an archive or a flow stream too', async () => {
  const capture = testdata('captures/softflowd-v9.pcap')
  const collected = weir('collect', '--read', capture, '--state', 'none', '-addr', '').stdout
  assert.ok(collected.length > 10_000)
  assert.ok((await exported(capture)).equals(collected))
  const stream = join(folder, 'stream.flows')
  writeFileSync(stream, await exported(capture, '--format', 'weir'))
  assert.ok((await exported(stream)).equals(collected))
  assert.is(weir('archive', 'write', capture, '--archive', 'capture').status, 0)
  assert.ok((await exported(join(folder, 'capture'))).equals(collected))
})

test('what a collector with a mapping archived comes out as it printed it', async () => {
  const mapping = join(folder, 'mapping.yaml')
  writeFileSync(mapping, 'formatter:\n  fields: [type, bytes, src_addr]\n  rename: {bytes: octets}\n')
  const capture = testdata('captures/softflowd-v9.pcap')
  const words = ['--read', capture, '--state', 'none', '-addr', '', '--mapping', mapping]
  const { stdout } = weir('collect', ...words, '--archive', 'mapped', '--output', '-')
  assert.match(stdout.toString(), /^\{"type":"NETFLOW_V9","octets":\d+,"src_addr":"[^"]+"\}\n/)
  assert.ok((await exported(join(folder, 'mapped'))).equals(stdout))
})

test('documents of an archive are those of a collector', async () => {
  const capture = testdata('captures/softflowd-v9.pcap')
  const collected = weir(
    'collect',
    '--read',
    capture,
    '--state',
    'none',
    '-addr',
    '',
    '--format',
    'ecs',
  ).stdout
  const documents = await exported(join(folder, 'capture'), '--format', 'ecs')
  // Records of other kinds stand in blocks of their own.
  const sorted = (lines: Buffer) => lines.toString().split('\n').sort()
  assert.equal(sorted(documents), sorted(collected))
})

const LINE = (second: number, bytes: number): string =>
  `{"type":"NETFLOW_V9","time_received_ns":${1_767_225_600 + second}000000000,"time_flow_start_ns":${1_767_225_600 + second}000000000,` +
  `"time_flow_end_ns":${1_767_225_605 + second}000000000,"bytes":${bytes},"src_addr":"192.0.2.1","site":"Ulm, \\"Mitte\\""}\n`

test('a time range takes the flows that touch it, without its end', async () => {
  const name = archived('range', Buffer.from([0, 10, 20, 30].map((second) => LINE(second, second)).join('')))
  const table = ['--format', 'csv', '--columns', 'octetDeltaCount', '--header=false']
  const bytes = async (...words: string[]) =>
    (await exported(name, ...table, ...words)).toString().split('\n').filter(Boolean).map(Number)
  assert.equal(await bytes('--from', '2026-01-01T00:00:15Z'), [10, 20, 30])
  assert.equal(await bytes('--from', '2026-01-01T00:00:15.000000001Z'), [20, 30])
  assert.equal(await bytes('--to', '2026-01-01T00:00:10Z'), [0])
  assert.equal(await bytes('--from', '2026-01-01T00:00:04Z', '--to', '2026-01-01T00:00:21Z'), [0, 10, 20])
  assert.equal(await bytes('--from', '2027-01-01'), [])
})

test('a filter takes rows, together with a time range', async () => {
  const name = join(folder, 'range')
  const table = ['--format', 'csv', '--columns', 'octetDeltaCount', '--header=false']
  const bytes = async (...words: string[]) =>
    (await exported(name, ...table, ...words)).toString().split('\n').filter(Boolean).map(Number)
  assert.equal(await bytes('--filter', 'bytes > 15'), [20, 30])
  assert.equal(
    await bytes('--filter', 'src ip 192.0.2.1 and bytes > 5', '--to', '2026-01-01T00:00:20Z'),
    [10],
  )
  assert.equal(await bytes('--filter', 'src ip 192.0.2.2'), [])
  const lines = (await exported(name, '--filter', 'bytes 10 or bytes 30')).toString()
  assert.is(lines, LINE(10, 10) + LINE(30, 30))
  const log = join(folder, 'filtered.log')
  writeFileSync(log, LINE(0, 1) + LINE(1, 2).replace('192.0.2.1', '::ffff:192.0.2.9') + LINE(2, 3))
  assert.is((await exported(log, '--filter', 'bytes > 1 and src ip 192.0.2.1')).toString(), LINE(2, 3))
  const [mapped] = (await exported(log, '--filter', 'bytes 2')).toString().split('\n')
  assert.match(mapped!, /"src_addr":"::ffff:192\.0\.2\.9"/)
})

test('columns of a line that nobody else knows are exported by name', async () => {
  const words = ['--format', 'csv', '--columns', 'sourceIPv4Address,line.site.text']
  const csv = await exported(join(folder, 'range'), ...words)
  assert.is(csv.toString().split('\n')[1], '192.0.2.1,"Ulm, ""Mitte"""')
  const json = await exported(join(folder, 'range'), '--columns', 'sourceIPv4Address,line.site.text')
  assert.is(
    json.toString().split('\n')[0],
    '{"sourceIPv4Address":"192.0.2.1","line.site.text":"Ulm, \\"Mitte\\""}',
  )
})

test('lines are printed as a mapping or a version has them where that is asked for', async () => {
  const plain = (await exported(join(folder, 'range'), '--as-written=false')).toString()
  assert.match(plain, /^\{"type":"NETFLOW_V9","time_received_ns":1767225600000000000,"sequence_num":0,/)
  const old = (await exported(join(folder, 'range'), '--goflow2-compat', '2.1')).toString()
  assert.match(old.split('\n')[0]!, /"observation_point_id":0\}$/)
})

test('an unknown column is wrong use, and the nearest is proposed', async () => {
  try {
    await exported(join(folder, 'range'), '--format', 'csv', '--columns', 'octetDeltaCont')
    assert.unreachable()
  } catch (error) {
    assert.is((error as Error).name, 'UsageError')
    assert.match((error as Error).message, /octetDeltaCont; did you mean octetDeltaCount\?/)
  }
})

test('records of other kinds are printed with their columns', async () => {
  const capture = testdata('captures/softflowd-v9.pcap')
  const lines = (await exported(capture, '--kinds', 'options')).toString().trimEnd().split('\n')
  assert.is(lines.length, 1)
  assert.is((JSON.parse(lines[0]!) as Record<string, unknown>)['exporterAddress'], '192.0.2.253')
  assert.equal((await exported(join(folder, 'capture'), '--kinds', 'options')).toString(), `${lines[0]}\n`)
})

test('what is readable of a damaged archive is exported, with status 3', async () => {
  const damaged = join(folder, 'damaged')
  cpSync(join(folder, 'capture'), damaged, { recursive: true })
  const names = readdirSync(damaged, { recursive: true }).map(String)
  const path = join(damaged, names.find((name) => name.endsWith('.weir'))!)
  truncateSync(path, readFileSync(path).length - 20)
  const { status, stdout, stderr } = weir('archive', 'export', 'damaged')
  assert.is(status, 3)
  assert.match(stderr, /^weir: damaged: /)
  assert.ok(stdout.equals(await exported(join(folder, 'capture'))))
})

test('nothing readable is status 1, and leaves no file', () => {
  const words = ['archive', 'export', 'no-such', '--output', 'nothing.csv', '--format', 'csv']
  const { status, stderr } = weir(...words)
  assert.is(status, 1)
  assert.match(stderr, /no-such/)
  assert.not.ok(readdirSync(folder).some((name) => name.startsWith('nothing.csv')))
})

test('a reader that has enough ends it quietly', () => {
  const shell = `"${process.execPath}" --disable-warning=ExperimentalWarning "${MAIN}" archive export capture; echo "status $?" >&2`
  const { stderr, stdout } = spawnSync('bash', ['-c', `{ ${shell}; } | head -c 100`], { cwd: folder })
  assert.is(stdout.length, 100)
  assert.is(stderr.toString(), 'status 0\n')
})

test.run()
