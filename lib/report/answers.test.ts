import { tmpdir } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { F, type Field } from '../flow/fields.ts'
import { type Cell, EMPTY_QUERY, type Key, type Measure, type Query, type ResultTable } from './query.ts'
import { runQueries } from './run.ts'
import { memoryFile } from './testing/memory-source.ts'
import type { PlainFlow } from './testing/plain-flows.ts'

const OPTIONS = { memoryOctets: 2 ** 28, temporaryDirectory: tmpdir() }
const SECOND = 1_000_000_000n
const START = 1_767_225_600n * SECOND

const bytes: Measure = { kind: 'counter', name: 'bytes', counter: 'octets' }
const flows: Measure = { kind: 'counter', name: 'flows', counter: 'flows' }
const bps: Measure = { kind: 'rate', name: 'bps', counter: 'octets' }
const port: Key = { kind: 'field', name: 'port', field: F.destinationTransportPort }
const input: Key = { kind: 'field', name: 'in.if', field: F.ingressInterface }
const time: Key = { kind: 'time', name: 'time' }

interface Told {
  readonly at?: number
  readonly seconds?: number
  readonly port?: number
  readonly input?: number
  readonly exporter?: number
  readonly packets?: number
}

/** A flow to a port: `at` seconds after the start, received when it ended. */
function flow(octets: number, told: Told = {}): PlainFlow {
  const { at = 0, seconds = 0, exporter = 1, packets = 1 } = told
  const end = START + BigInt(at + seconds) * SECOND
  return new Map<Field, bigint | readonly number[]>([
    [F.timeReceived, end],
    [F.flowStart, START + BigInt(at) * SECOND],
    [F.flowEnd, end],
    [F.exporterAddress, [0, 0, 0xffff, 0xc0000200 + exporter]],
    [F.octetDeltaCount, BigInt(octets)],
    [F.packetDeltaCount, BigInt(packets)],
    [F.destinationTransportPort, BigInt(told.port ?? 80)],
    [F.ingressInterface, BigInt(told.input ?? 1)],
  ])
}

async function ask(rows: readonly PlainFlow[], more: Partial<Query>): Promise<ResultTable> {
  const [table] = await runQueries([{ ...EMPTY_QUERY, ...more }], [memoryFile(rows, 3)], OPTIONS)
  return table!
}

test('the first groups by the first measure, equals by key, and one row for the others', async () => {
  const rows = [1, 2, 3, 4, 5, 6].map((n) => flow(n < 5 ? 100 : 300 + n, { port: 90 - n }))
  const table = await ask(rows, { keys: [port], measures: [bytes, flows], limit: 3, others: true })
  assert.equal(table.rows, [
    [84, 306n, 1n],
    [85, 305n, 1n],
    [86, 100n, 1n],
  ])
  assert.equal(table.others, [[null, 300n, 3n]])
  assert.equal(table.totals, [null, 1011n, 6n])
  assert.is(table.groups, 6)
  const last = await ask(rows, {
    keys: [port],
    measures: [bytes],
    limit: 1,
    order: { measure: 0, ascending: true },
  })
  assert.equal(last.rows, [[86, 100n]])
})

test('nested limits keep the first of each key within the groups before it', async () => {
  const rows = [
    ...[10, 20, 30].map((n) => flow(n, { input: 1, port: n })),
    ...[100, 5, 7].map((n) => flow(n, { input: 2, port: n })),
    flow(1, { input: 3, port: 1 }),
  ]
  const table = await ask(rows, { keys: [input, port], measures: [bytes], per: [2, 2] })
  assert.equal(table.rows, [
    [2, 100, 100n],
    [2, 7, 7n],
    [1, 30, 30n],
    [1, 20, 20n],
  ])
  assert.equal(table.outer[0]!.rows, [
    [2, 112n],
    [1, 60n],
  ])
})

test('rates are over the window and over the part of a bin inside it', async () => {
  const rows = [flow(3000, { at: 0, seconds: 30 }), flow(600, { at: 70 })]
  const window = { fromNs: START + 10n * SECOND, toNs: START + 90n * SECOND }
  const whole = await ask(rows, { measures: [bytes, bps], ...window })
  assert.equal(whole.rows, [[2600n, 260n]])
  assert.is(whole.quality.cutFlows, 1)
  const bins = await ask(rows, { keys: [time], measures: [bytes, bps], binMs: 60_000, ...window })
  assert.equal(bins.rows, [
    [START, 2000n, 320n],
    [START + 60n * SECOND, 600n, 160n],
  ])
})

test('bins without traffic are 0, bins that no input covers are null', async () => {
  const own = { keys: [time], measures: [bytes], binMs: 10_000 }
  const window = { fromNs: START, toNs: START + 70n * SECOND }
  const [table] = await runQueries(
    [{ ...EMPTY_QUERY, ...own, ...window }],
    [
      memoryFile([flow(1), flow(2, { at: 21 })], 9),
      memoryFile([flow(3, { at: 50 }), flow(4, { at: 55 })], 9),
    ],
    OPTIONS,
  )
  assert.equal(
    table!.rows.map(([, cell]) => cell),
    [1n, 0n, 2n, null, null, 7n, null],
  )
  assert.is(table!.quality.missingBins, 3)
})

test('flows outside of what the facts of blocks tell are in their bins', async () => {
  const lone = new Map(
    [...flow(5, { at: 100_000 })].filter(([field]) => field === F.flowStart || field === F.octetDeltaCount),
  )
  const early = new Map(
    [...flow(7, { at: -900 })].filter(([field]) => field === F.flowEnd || field === F.octetDeltaCount),
  )
  const rows = [flow(1), flow(2, { at: 15 }), lone, early]
  const table = await ask(rows, { keys: [time], measures: [bytes], binMs: 10_000 })
  const told = table.rows.filter(([, cell]) => cell !== null && cell !== 0n)
  const at = (second: number) => START + BigInt(second) * SECOND
  assert.equal(told, [
    [at(-900), 7n],
    [at(0), 1n],
    [at(10), 2n],
    [at(100_000), 5n],
  ])
  assert.is(table.rows.length, 10_091)
})

test('percentiles count every bin of the window, empty ones too', async () => {
  const rows = Array.from({ length: 18 }, (_, i) => flow(1000 * (i + 1), { at: i * 10 }))
  const measure = (name: string, statistic: 'percentile' | 'min' | 'max', rank = 0): Measure => {
    return { kind: 'overBins', name, counter: 'octets', statistic, rank }
  }
  const measures = [
    measure('p95', 'percentile', 95),
    measure('p50', 'percentile', 50),
    measure('min', 'min'),
    measure('max', 'max'),
  ]
  const window = { fromNs: START, toNs: START + 200n * SECOND }
  const table = await ask(rows, { keys: [port], measures, binMs: 10_000, ...window })
  // 20 bins of 0, 0, 800, 1600 … 14400 bit/s: ranks 19, 10, 1 and 20.
  assert.equal(table.rows, [[80, 13_600n, 6400n, 0n, 14_400n]])
})

test('a trend is the later half of the bins against the earlier half, whatever lies in the middle', async () => {
  // Five bins of 10 seconds: two are earlier, two later.
  const rows = [
    ...[0, 10].map((at) => flow(100, { at, port: 1 })),
    flow(5000, { at: 20, port: 1 }),
    ...[30, 40, 41].map((at) => flow(100, { at, port: 1 })),
    flow(8, { at: 5, port: 2 }),
    flow(2, { at: 45, port: 2 }),
    flow(7, { at: 40, port: 3 }),
  ]
  const trend: Measure = { kind: 'overBins', name: 'trend', counter: 'octets', statistic: 'trend', rank: 0 }
  const window = { fromNs: START, toNs: START + 50n * SECOND, binMs: 10_000 }
  const table = await ask(rows, { keys: [port], measures: [bytes, trend], ...window })
  assert.equal(table.rows, [
    [1, 5500n, 0.5],
    [2, 10n, -0.75],
    [3, 7n, null],
  ])
  assert.is(table.columns[2]!.unit, 'share')
})

test('shares, cumulative shares, ratios, averages, least and greatest', async () => {
  const rows = [
    flow(600, { port: 1, packets: 2 }),
    flow(300, { port: 2, packets: 3 }),
    flow(100, { port: 3, packets: 5 }),
  ]
  const measures: Measure[] = [
    bytes,
    { kind: 'share', name: 'share', of: bytes, cumulative: false },
    { kind: 'share', name: 'cumulative', of: bytes, cumulative: true },
    { kind: 'perPacket', name: 'bpp' },
    { kind: 'ratio', name: 'ratio', left: bytes, right: flows },
  ]
  const table = await ask(rows, { keys: [port], measures, limit: 2, others: true })
  assert.equal(table.rows, [
    [1, 600n, 0.6, 0.6, 300, 600],
    [2, 300n, 0.3, 0.9, 100, 300],
  ])
  assert.equal(table.others, [[null, 100n, 0.1, 1, 20, 100]])
  const column = (operation: 'min' | 'max' | 'average' | 'sum'): Measure => {
    return { kind: 'column', name: operation, field: F.packetDeltaCount, operation }
  }
  const columns = await ask([...rows, new Map([[F.octetDeltaCount, 5n]])], {
    measures: [column('min'), column('max'), column('average'), column('sum')],
  })
  assert.equal(columns.rows, [[2n, 5n, 10 / 3, 10n]])
})

test('others of a series stand in every bin', async () => {
  const rows = [
    flow(100, { port: 1 }),
    flow(50, { port: 2 }),
    flow(20, { port: 3, at: 10 }),
    flow(100, { port: 1, at: 10 }),
  ]
  const table = await ask(rows, {
    keys: [time, port],
    measures: [bytes],
    binMs: 10_000,
    limit: 1,
    others: true,
  })
  const at = (bin: number) => START + BigInt(bin * 10) * SECOND
  assert.equal(table.rows, [
    [at(0), 1, 100n],
    [at(1), 1, 100n],
  ])
  assert.equal(table.others, [
    [at(0), null, 50n],
    [at(1), null, 20n],
  ])
})

test('of a flow that several exporters saw the one that counted most stands for it', async () => {
  const rows = [
    flow(100, { exporter: 1, port: 1 }),
    flow(120, { exporter: 2, port: 1 }),
    flow(7, { exporter: 2, port: 2 }),
    flow(7, { exporter: 1, port: 2 }),
  ]
  const exporter: Key = { kind: 'field', name: 'exporter', field: F.exporterAddress }
  const own = { keys: [port, exporter], measures: [bytes, flows], deduplicate: 'exporter' as const }
  const table = await ask(rows, own)
  assert.equal(table.rows, [
    [1, '192.0.2.2', 120n, 1n],
    [2, '192.0.2.1', 7n, 1n],
  ])
  assert.equal(table.totals, [null, null, 127n, 2n])
})

test('what is seen on egress does not count where only the edge is asked for', async () => {
  const rows = [0, 1, 1].map((direction) => new Map([...flow(10), [F.flowDirection, BigInt(direction)]]))
  const table = await ask(rows as PlainFlow[], { measures: [bytes], deduplicate: 'edge' })
  assert.equal(table.rows, [[10n]])
  assert.is(table.quality.egressRows, 2)
  assert.is(table.quality.doubledBlocks, 1)
})

test('groups can be refused by their measures', async () => {
  const rows = [1, 2, 3].map((n) => flow(n, { port: n }))
  const having = { text: 'bytes < 3', test: ([cell]: readonly Cell[]) => (cell as bigint) < 3n }
  const table = await ask(rows, { keys: [port], measures: [bytes], having })
  assert.equal(table.rows, [
    [2, 2n],
    [1, 1n],
  ])
  assert.is(table.groups, 3)
})

test('how sampling is known is told', async () => {
  const rows = [
    [512, 4],
    [1, 4],
    [0, 0],
  ].map(([rate, source]) => {
    return new Map([...flow(10), [F.samplingRate, BigInt(rate!)], [F.samplingSource, BigInt(source!)]])
  })
  const { quality, rows: cells } = await ask(rows as PlainFlow[], { measures: [bytes] })
  assert.equal(cells, [[5140n]])
  assert.equal([quality.scaledRows[4], quality.sourceRows[4], quality.unknownSampling], [1, 2, 1])
})

test('questions without sense are refused', async () => {
  for (const more of [
    { keys: [time], measures: [bytes] },
    { keys: [time, time], measures: [bytes], binMs: 1000 },
    { keys: [port], measures: [bytes], per: [1, 2] },
    { measures: [bytes], fromNs: 2n, toNs: 1n },
    { keys: [{ kind: 'field', name: 'mpls', field: F.mplsLabelStack } as const], measures: [bytes] },
  ] satisfies Partial<Query>[]) {
    try {
      await ask([flow(1)], more)
      assert.unreachable()
    } catch (error) {
      assert.is((error as { code?: string }).code, 'QUERY_INVALID')
    }
  }
})

test('no rows at all are one row of zeros', async () => {
  const table = await ask([], { measures: [bytes, flows] })
  assert.equal(table.rows, [[0n, 0n]])
})

test.run()
