import { tmpdir } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SILENT } from '../lib/diagnostics/log.ts'
import { FlowBatch } from '../lib/flow/batch.ts'
import type { Field } from '../lib/flow/fields.ts'
import { BlockGathering } from '../lib/flow/gathered-block.ts'
import type { FlowStream } from '../lib/flow/source.ts'
import { newLineSink } from '../lib/goflow2/line-sink.ts'
import { newLineReader } from '../lib/goflow2/reading/line-reader.ts'
import { columnsRead } from '../lib/report/columns-read.ts'
import { KEY_NAMES } from '../lib/report/names.ts'
import { EMPTY_QUESTION, queryOf } from '../lib/report/question.ts'
import { runQueries } from '../lib/report/run.ts'
import { FlowGenerator } from '../lib/testing/flow-generator.ts'
import { newRandom } from '../lib/testing/workload.ts'
import { knowSetting } from './analyze-setting.ts'
import { ALL_TIMES } from './times.ts'

const FILTERS = [
  null,
  'proto tcp and dst port 443',
  'local and not proto icmp',
  'in and bytes > 1000',
  'src net 10.0.0.0/8 or ipv6',
  'flags S and not flags A',
  'as 64500',
  'duration > 1000',
  'bps > 10000',
  'destination.port == 443 or host 10.0.17.5',
]
const MEASURES = [
  'uniq(src.ip)',
  'max(bytes)',
  'p95(bps)',
  'bpp',
  'bytes.in',
  'avg(packets)',
  'share(bytes)',
  'fps',
]

/** Lines as goflow2 prints them, of all exporters of the generator. */
function linesOf(rows: number): Buffer {
  const pieces: Buffer[] = []
  const sink = newLineSink({
    format: 'json',
    compat: '2.2',
    mapping: null,
    separator: Buffer.from('\n'),
    write: (octets, from, to) => void pieces.push(Buffer.from(octets.subarray(from, to))),
  })
  const batch = new FlowBatch()
  new FlowGenerator(3).fill(batch)
  batch.rowCount = Math.min(batch.rowCount, rows)
  sink.write(batch)
  return Buffer.concat(pieces)
}

/** The lines as an input of which only some columns are read; null: all. */
function streamOf(lines: Buffer, only: readonly Field[] | null): FlowStream {
  const gathering = new BlockGathering()
  const reader = newLineReader({ writer: gathering.writer, ...(only === null ? {} : { only }) })
  reader.push(lines, 0, lines.length)
  reader.end()
  return {
    path: 'log',
    problems: [],
    rejected: reader.rejected,
    next: async () => gathering.take(),
    close() {},
  }
}

test('every question of a log gets the same answer from the columns that it names', async () => {
  const lines = linesOf(500)
  const random = newRandom(17)
  const run = { memoryOctets: 2 ** 26, temporaryDirectory: tmpdir() }
  for (const [place, filter] of FILTERS.entries()) {
    const deduplicate = (['none', 'none', 'exporter', 'edge'] as const)[place % 4]!
    const { setting } = await knowSetting(
      {
        ...{ local: 'private', as: undefined, asSource: 'auto', filter, timeZone: 'UTC', range: ALL_TIMES },
        ...{ isRaw: place % 3 === 0, allocation: 'proportional', activeTimeoutMs: null, deduplicate },
        asked: { fromNs: null, toNs: null, binMs: 60_000 },
      },
      SILENT,
      0,
    )
    // A key of both ends and one exporter's view exclude each other.
    const isFit = (key: string) => deduplicate !== 'exporter' || key.includes('.')
    const keys = KEY_NAMES.filter((key, i) => i % FILTERS.length === place && isFit(key))
    const queries = keys.map((key) => {
      const isSimple = deduplicate === 'exporter' || key === 'time'
      const more = isSimple ? [] : [MEASURES[random(MEASURES.length)]!]
      const question = { ...EMPTY_QUESTION, by: [key], sum: ['bytes', 'flows', ...more], binMs: 60_000 }
      return queryOf(question, setting)
    })
    const whole = await runQueries(queries, [streamOf(lines, null)], run)
    for (const [i, query] of queries.entries()) {
      const [some] = await runQueries([query], [streamOf(lines, columnsRead([query]))], run)
      const what = `${query.keys[0]!.name} ${filter} ${query.measures[2]?.name} ${deduplicate}`
      assert.equal(some!.rows, whole[i]!.rows, what)
      assert.equal(some!.totals, whole[i]!.totals, what)
      assert.equal(some!.quality, whole[i]!.quality, what)
    }
  }
})

test.run()
