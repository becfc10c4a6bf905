import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ARCHIVE_CALLS } from '../lib/archive/archive-calls.ts'
import { type ArchiveReader, openArchive } from '../lib/archive/archive-reader.ts'
import { FileWriter } from '../lib/archive/file-writer.ts'
import { archiveFiles, splitReplaced } from '../lib/archive/live-files.ts'
import { ROLLUP_KINDS } from '../lib/archive/rollup-kinds.ts'
import { writeRollups } from '../lib/archive/rollups.ts'
import { SILENT } from '../lib/diagnostics/log.ts'
import { loadNetworks } from '../lib/enrich/networks-file.ts'
import { FlowBatch } from '../lib/flow/batch.ts'
import { F } from '../lib/flow/fields.ts'
import { EMPTY_QUERY, type Key, type Measure, type Query } from '../lib/report/query.ts'
import { EMPTY_QUESTION, queryOf } from '../lib/report/question.ts'
import { runQueries } from '../lib/report/run.ts'
import { newRandom } from '../lib/testing/workload.ts'
import type { AnalyzeOptions } from './analyze-flags.ts'
import { rollupStart } from './analyze-rollup-answer.ts'
import { expiredWithin, RollupPlanner, rollupsText } from './analyze-rollups.ts'
import { knowSetting } from './analyze-setting.ts'
import { helpingThreads } from './analyze-threads.ts'
import { rollupKnowledge } from './rollup-knowledge.ts'
import { ALL_TIMES } from './times.ts'

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
/** The kind that answers, or why none does. */
const QUERIES: readonly (readonly [string | RegExp, Query])[] = [
  ['remote-as-1d', { ...base, keys: [as] }],
  ['remote-as-1d', { ...base, keys: [as], binMs: 300_000 }],
  ['remote-as', { ...base, keys: [as], ...hour }],
  ['networks', { ...base, keys: [time, prefix], binMs: 600_000, ...hour }],
  ['directions', { ...base, keys: [direction, time], binMs: 300_000 }],
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
  ['services', { ...base, measures: counters(null), counters: 'raw', ...hour }],
  [/window or bins/, { ...base, keys: [as], fromNs: hour.fromNs + SECOND, toNs: hour.toNs }],
  [/window or bins/, { ...base, keys: [time, prefix], binMs: 90_000, ...hour }],
  [/key src\.ip/, { ...base, keys: [{ kind: 'address', name: 'src.ip', side: 'source' }] }],
  [/volume is not start/, { ...base, keys: [as], allocation: 'start' }],
]

const run = { memoryOctets: 2 ** 26, temporaryDirectory: tmpdir() }

/** Writes flows to a file of the folder. */
function written(directory: string, name: string, flows: FlowBatch): ArchiveReader {
  const path = join(directory, `s-20260101T0${name}0000Z-${name}.weir`)
  const writer = new FileWriter({
    path,
    stream: 's',
    createdNs: BigInt(name),
    blockRows: 500,
    mostAddresses: 10_000,
    calls: ARCHIVE_CALLS,
    log: SILENT,
  })
  writer.append(flows)
  writer.close()
  return openArchive(path)
}

function plannerOf(directory: string, files: readonly ArchiveReader[]): RollupPlanner {
  const options = { local: 'private', asSource: 'auto', usesRollups: true }
  const { live } = splitReplaced(archiveFiles([directory]))
  return new RollupPlanner(options as unknown as AnalyzeOptions, { flows: files, live })
}

for (const seed of [1, 2]) {
  test(`rollups, and records where there are none, answer as records do (${seed})`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'weir-analyze-rollups-'))
    try {
      const files = ['1', '2'].map((name) =>
        written(directory, name, flowsOf(seed * 100 + Number(name), 1500)),
      )
      const kinds = ROLLUP_KINDS.filter(({ isDefault }) => isDefault)
      assert.is([...writeRollups(directory, { kinds, knowledge, log: SILENT })].length, 2 * kinds.length)
      // Late data: nobody has summed them up.
      files.push(written(directory, '3', flowsOf(seed * 100 + 3, 1500)))
      const planner = plannerOf(directory, files)
      for (const [expected, query] of QUERIES) {
        const answer = planner.answer(query)
        if (typeof expected !== 'string') assert.match(String(answer), expected)
        if (typeof answer === 'string') {
          assert.ok(typeof expected !== 'string', answer)
          continue
        }
        assert.equal(answer.names, [expected])
        assert.is(answer.files.length, 2)
        assert.is(answer.records.length, 1)
        assert.is(rollupsText(answer), `${expected}: 2 files; records of 1 file that they do not tell`)
        const rollups = { queries: [answer.query], files: answer.files }
        const [summed] = await runQueries([query], answer.records, { ...run, rollups })
        const [read] = await runQueries([query], files, run)
        assert.ok(read!.rows.length > 0)
        assert.equal(summed!.rows, read!.rows, String(expected))
        assert.equal(summed!.totals, read!.totals, String(expected))
      }
      planner.close()
      for (const file of files) file.close()
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
}

test('another thread reads rollups as this one does', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-analyze-rollups-'))
  try {
    const names = Array.from({ length: 9 }, (_, i) => String(i + 1))
    const files = names.map((name) => written(directory, name, flowsOf(500 + Number(name), 400)))
    const kinds = ROLLUP_KINDS.filter(({ isDefault }) => isDefault)
    for (const _ of writeRollups(directory, { kinds, knowledge, log: SILENT }));
    // Of earlier times than the rollups: bins count from it.
    const early = flowsOf(7, 100)
    for (const field of [F.flowStart, F.flowEnd, F.timeReceived])
      for (let row = 0; row < early.rowCount; row++) early.fixed(field).wide[row]! -= 86_400n * SECOND
    files.push(written(directory, '0', early))
    const planner = plannerOf(directory, files)
    const options = {
      ...{ local: 'private', as: undefined, filter: null, timeZone: 'UTC', range: ALL_TIMES, isRaw: false },
      ...({ allocation: 'proportional', activeTimeoutMs: null, asSource: 'auto' } as const),
      ...{ deduplicate: 'none' as const, asked: { fromNs: null, toNs: null, binMs: 3_600_000 } },
    }
    const { setting } = await knowSetting(options, SILENT, 0)
    for (const by of [['remote.as'], ['time', 'remote.as', 'direction'], ['local.ip/24']]) {
      const sum = ['bytes', 'bytes.in', 'flows', ...(by[0] === 'time' ? [] : ['max(bps)'])]
      const question = { ...EMPTY_QUESTION, by, sum, binMs: 3_600_000 }
      const query = queryOf(question, setting)
      const answer = planner.answer(query)
      if (typeof answer === 'string') throw new Error(answer)
      assert.is(answer.records.length, 1)
      const threads = helpingThreads(1, true, rollupStart(answer, { options, question }, run, 0))
      // The thread has all files.
      const parts = threads.parts()
      await parts
      const rollups = {
        ...{ queries: [answer.query], files: answer.files },
        helpers: { ...threads, parts: () => parts },
      }
      const [shared] = await runQueries([query], answer.records, { ...run, rollups })
      threads.close()
      const [read] = await runQueries([query], files, run)
      assert.ok(read!.rows.length > 3)
      assert.equal(shared!.rows, read!.rows, by.join())
      assert.equal(shared!.totals, read!.totals, by.join())
      assert.is(shared!.quality.files, files.length)
    }
    planner.close()
    for (const file of files) file.close()
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('percentiles and trends by AS are those of records where rollups of five minutes are kept', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-analyze-rollups-'))
  try {
    const files = ['1', '2'].map((name) => written(directory, name, flowsOf(700 + Number(name), 800)))
    const kinds = ROLLUP_KINDS.filter(({ name }) => name === 'remote-as-5m')
    assert.is([...writeRollups(directory, { kinds, knowledge, log: SILENT })].length, 2)
    const planner = plannerOf(directory, files)
    const trend: Measure = { kind: 'overBins', name: 'trend', counter: 'octets', statistic: 'trend', rank: 0 }
    const inward: Measure = { ...(peak as Measure & { kind: 'overBins' }), name: 'p95 in', direction: 'in' }
    const measures = [...base.measures, peak, inward, trend]
    const query: Query = { ...base, ...hour, measures, keys: [as], binMs: 300_000 }
    const answer = planner.answer(query)
    if (typeof answer === 'string') throw new Error(answer)
    assert.equal(answer.names, ['remote-as-5m'])
    const rollups = { queries: [answer.query], files: answer.files }
    const [summed] = await runQueries([query], answer.records, { ...run, rollups })
    const [read] = await runQueries([query], files, run)
    assert.ok(read!.rows.length > 3)
    assert.equal(summed!.rows, read!.rows)
    planner.close()
    for (const file of files) file.close()
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('files of records that are gone while rollups tell of them are counted within the window', () => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-analyze-rollups-'))
  try {
    const files = ['1', '2', '3'].map((name) => written(directory, name, flowsOf(600 + Number(name), 200)))
    const kinds = ROLLUP_KINDS.filter(({ isDefault }) => isDefault)
    for (const _ of writeRollups(directory, { kinds, knowledge, log: SILENT }));
    const liveNow = () => splitReplaced(archiveFiles([directory])).live
    const always = { fromNs: null, toNs: null }
    assert.is(expiredWithin(liveNow(), always), 0)
    for (const file of files) file.close()
    for (const { path } of files.slice(1)) rmSync(path)
    assert.is(expiredWithin(liveNow(), always), 2)
    assert.is(expiredWithin(liveNow(), { fromNs: T0 + 600n * SECOND, toNs: T0 + 1200n * SECOND }), 2)
    assert.is(expiredWithin(liveNow(), { fromNs: T0 + 90_000n * SECOND, toNs: null }), 0)
    assert.is(expiredWithin(liveNow(), { fromNs: null, toNs: T0 - 90_000n * SECOND }), 0)
    assert.is(expiredWithin(null, always), 0)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

const KEYS = [
  ...['time', 'exporter', 'in.if', 'out.if', 'proto', 'direction', 'service', 'local.ip', 'local.ip/24'],
  ...['local.ip/16', 'remote.ip', 'remote.as', 'remote.country', 'src.ip'],
]
const MEASURES = [
  ...['bytes', 'packets', 'flows', 'bytes.in', 'bps', 'bpp', 'share(bytes)', 'ratio(bytes.out,bytes.in)'],
  ...['uniq(local.ip)', 'uniq(remote.as)', 'uniq(proto)', 'uniq(remote.ip)', 'max(bytes)'],
]
const FILTERS = [
  ...[null, null, 'proto tcp', 'in if 1 or out if 2', 'exporter ip 0.0.0.2', 'not proto udp and in if 0'],
  ...['in or out or internal', 'local', 'src local', 'not in', 'transit or proto 6', 'out and port 80'],
]

test('random questions get the same answers with rollups and without', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-analyze-rollups-'))
  const random = newRandom(41)
  const pick = <T>(items: readonly T[]): T => items[random(items.length)]!
  const some = (items: readonly string[], most: number) =>
    [...new Set(Array.from({ length: random(most + 1) }, () => pick(items)))].slice(0, most)
  try {
    const odd = flowsOf(402, 800)
    for (let row = 0; row < odd.rowCount; row += 7) {
      const { words, present } = odd.fixed(row % 2 === 0 ? F.sourceAddress : F.destinationAddress)
      words.fill(0, row * 4, row * 4 + 4)
      present[row] = 0
    }
    const files = [written(directory, '1', flowsOf(401, 1500)), written(directory, '2', odd)]
    const log = SILENT
    const none = ROLLUP_KINDS.filter(({ name }) => name === 'services' || name === 'networks')
    assert.is([...writeRollups(directory, { kinds: none, knowledge, log })].length, 4)
    files.push(written(directory, '3', flowsOf(403, 700)))
    // The first files have some kinds from another day.
    assert.ok([...writeRollups(directory, { kinds: ROLLUP_KINDS, knowledge, log })].length > 20)
    files.push(written(directory, '4', flowsOf(404, 300)))
    const planner = plannerOf(directory, files)
    let answered = 0
    let filtered = 0
    let distinct = 0
    for (let round = 0; round < 100; round++) {
      const from = T0 + BigInt(random(3)) * 3600n * SECOND
      const isOpen = random(3) === 0
      const binMs = pick([60_000, 300_000, 3_600_000, 90_000])
      const filter = pick(FILTERS)
      const options = {
        ...{ local: 'private', as: undefined, filter, timeZone: 'UTC', range: ALL_TIMES },
        ...({ isRaw: random(4) === 0, allocation: 'proportional', activeTimeoutMs: null } as const),
        ...({ asSource: random(4) === 0 ? 'built-in' : 'auto', deduplicate: 'none' } as const),
        asked: { fromNs: isOpen ? null : from, toNs: isOpen ? null : from + 3600n * SECOND, binMs },
      }
      const { setting } = await knowSetting(options, SILENT, 0)
      const by = some(KEYS, 3)
      const sum = [pick(MEASURES), ...some(MEASURES, 2)]
      const question = { ...EMPTY_QUESTION, by, sum: [...new Set(sum)], filter: null, binMs }
      const query = queryOf(question, setting)
      const answer = planner.answer(query)
      if (typeof answer === 'string') continue
      answered++
      if (filter !== null) filtered++
      if (sum.some((word) => word.startsWith('uniq'))) distinct++
      const rollups = { queries: [answer.query], files: answer.files }
      const [summed] = await runQueries([query], answer.records, { ...run, rollups })
      const [read] = await runQueries([query], files, run)
      const what = `${by} | ${sum} | ${filter} | ${options.asked.fromNs} ${binMs} | ${rollupsText(answer)}`
      assert.equal(summed!.rows, read!.rows, what)
      assert.equal(summed!.totals, read!.totals, what)
    }
    assert.ok(answered > 15 && filtered > 4 && distinct > 4, `${answered} ${filtered} ${distinct}`)
    planner.close()
    for (const file of files) file.close()
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test.run()
