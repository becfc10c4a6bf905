import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ARCHIVE_CALLS } from '../lib/archive/archive-calls.ts'
import { openArchive } from '../lib/archive/archive-reader.ts'
import { FileWriter } from '../lib/archive/file-writer.ts'
import { ROLLUP_KINDS } from '../lib/archive/rollup-kinds.ts'
import { writeRollups } from '../lib/archive/rollups.ts'
import { SILENT } from '../lib/diagnostics/log.ts'
import { loadNetworks } from '../lib/enrich/networks-file.ts'
import { FlowBatch } from '../lib/flow/batch.ts'
import { F } from '../lib/flow/fields.ts'
import { EMPTY_QUERY, type Key, type Measure, type Query } from '../lib/report/query.ts'
import { runQueries } from '../lib/report/run.ts'
import { newRandom } from '../lib/testing/workload.ts'
import type { AnalyzeOptions } from './analyze-flags.ts'
import { RollupPlanner } from './analyze-rollups.ts'
import { rollupKnowledge } from './rollup-knowledge.ts'

const T0 = 1_767_225_600_000_000_000n
const SECOND = 1_000_000_000n
const local = loadNetworks('private').facts.get('local')!
const knowledge = rollupKnowledge('private')

/** Flows of up to 20 minutes in 3 hours, from and to local networks and others, sampled and not. */
function flowsOf(seed: number, rows: number): FlowBatch {
  const random = newRandom(seed)
  const batch = new FlowBatch()
  const number = (field: typeof F.vlanId, row: number, value: number) => {
    batch.fixed(field).values[row] = value
    batch.fixed(field).present[row] = 1
  }
  const wide = (field: typeof F.flowStart, row: number, value: bigint) => {
    batch.fixed(field).wide[row] = value
    batch.fixed(field).present[row] = 1
  }
  const address = (field: typeof F.sourceAddress, row: number) => {
    const isLocal = random(2) === 0
    const own = isLocal ? 0x0a000000 + random(3) * 256 + random(4) : 0x08080800 + random(6) * 65_536
    batch.fixed(field).words.set([0, 0, 0xffff, own], row * 4)
    batch.fixed(field).present[row] = 1
  }
  for (let row = 0; row < rows; row++) {
    const end = T0 + BigInt(random(10_800)) * SECOND + BigInt(random(1000))
    const length = random(3) === 0 ? BigInt(random(1200)) * SECOND : BigInt(random(1000))
    wide(F.flowStart, row, end - length)
    wide(F.flowEnd, row, end)
    wide(F.timeReceived, row, end + BigInt(random(5)) * SECOND)
    wide(F.octetDeltaCount, row, BigInt(random(1_000_000)))
    wide(F.packetDeltaCount, row, BigInt(random(1000)))
    number(F.samplingRate, row, [0, 1, 512][random(3)]!)
    address(F.sourceAddress, row)
    address(F.destinationAddress, row)
    if (random(5) > 0) number(F.bgpDestinationAsNumber, row, random(5))
    number(F.protocolIdentifier, row, [6, 17, 1][random(3)]!)
    number(F.sourceTransportPort, row, random(4) * 100)
    number(F.destinationTransportPort, row, 80 + random(4))
    number(F.ingressInterface, row, random(3))
    number(F.egressInterface, row, random(3))
    batch.fixed(F.exporterAddress).words.set([0, 0, 0xffff, 1 + random(2)], row * 4)
    batch.fixed(F.exporterAddress).present[row] = 1
  }
  batch.rowCount = rows
  return batch
}

function counters(direction: 'in' | 'out' | null): Measure[] {
  return (['octets', 'packets', 'flows'] as const).map((counter) => ({
    kind: 'counter',
    name: `${counter} ${direction}`,
    counter,
    direction,
  }))
}

const time: Key = { kind: 'time', name: 'time' }
const prefix: Key = { kind: 'prefix', name: 'local.ip/24', side: 'local', ipv4Bits: 24, ipv6Bits: 64 }
const direction: Key = { kind: 'direction', name: 'direction' }
const as: Key = {
  kind: 'as',
  name: 'remote.as',
  side: 'remote',
  before: null,
  exporter: true,
  after: knowledge.as,
  shows: 'number',
}
const hour = { fromNs: T0 + 3600n * SECOND, toNs: T0 + 7200n * SECOND }
const base: Query = { ...EMPTY_QUERY, local, measures: [...counters(null), ...counters('out')] }
const peak: Measure = { kind: 'overBins', name: 'p95', counter: 'octets', statistic: 'percentile', rank: 95 }
const QUERIES: readonly (readonly [string | null, Query])[] = [
  ['remote-as', { ...base, keys: [as] }],
  ['remote-as', { ...base, keys: [as], ...hour }],
  ['networks', { ...base, keys: [time, prefix], binMs: 600_000, ...hour }],
  ['networks', { ...base, keys: [direction, time], binMs: 300_000 }],
  ['local-addresses', { ...base, keys: [{ kind: 'address', name: 'local.ip', side: 'local' }, direction] }],
  ['services', { ...base, measures: counters(null), keys: [{ kind: 'service', name: 'service' }] }],
  [
    'interfaces',
    {
      ...base,
      measures: [peak],
      keys: [{ kind: 'field', name: 'in', field: F.ingressInterface }],
      binMs: 60_000,
    },
  ],
  ['services', { ...base, measures: counters(null), counters: 'raw' }],
  [null, { ...base, keys: [as], fromNs: hour.fromNs + SECOND, toNs: hour.toNs }],
  [null, { ...base, keys: [time, prefix], binMs: 90_000, ...hour }],
  [null, { ...base, keys: [{ kind: 'address', name: 'src.ip', side: 'source' }] }],
  [null, { ...base, keys: [as], allocation: 'start' }],
]

for (const seed of [1, 2]) {
  test(`rollups, and records where there are none, answer as records do (${seed})`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'weir-analyze-rollups-'))
    const write = (name: string, own: number) => {
      const path = join(directory, `s-20260101T0${own}0000Z-${name}.weir`)
      const writer = new FileWriter({
        path,
        stream: 's',
        createdNs: BigInt(own),
        blockRows: 500,
        mostAddresses: 10_000,
        calls: ARCHIVE_CALLS,
        log: SILENT,
      })
      writer.append(flowsOf(seed * 100 + own, 1500))
      writer.close()
      return openArchive(path)
    }
    try {
      const files = [write('1', 1), write('2', 2)]
      const kinds = ROLLUP_KINDS.filter(({ isDefault }) => isDefault)
      assert.is([...writeRollups(directory, { kinds, knowledge, log: SILENT })].length, 10)
      // Late data: nobody has summed them up.
      files.push(write('3', 3))
      const options = { inputs: [directory], local: 'private', asSource: 'auto', usesRollups: true }
      const run = { memoryOctets: 2 ** 26, temporaryDirectory: tmpdir() }
      const planner = new RollupPlanner(options as unknown as AnalyzeOptions, files)
      for (const [name, query] of QUERIES) {
        const answer = planner.answer(query)
        assert.is(answer?.name ?? null, name)
        if (answer === null) continue
        assert.is(answer.files.length, 2)
        assert.is(answer.records.length, 1)
        const rollups = { queries: [answer.query], files: answer.files }
        const [summed] = await runQueries([query], answer.records, { ...run, rollups })
        const [read] = await runQueries([query], files, run)
        assert.ok(read!.rows.length > 0)
        assert.equal(summed!.rows, read!.rows, name!)
        assert.equal(summed!.totals, read!.totals, name!)
      }
      planner.close()
      for (const file of files) file.close()
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
}

test.run()
