import { tmpdir } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { F, type Field } from '../flow/fields.ts'
import { newRandom } from '../testing/workload.ts'
import { ClockBins } from './clock-bins.ts'
import { type Allocation, EMPTY_QUERY, type Measure, type ResultTable } from './query.ts'
import { runQueries } from './run.ts'
import { memoryFile } from './testing/memory-source.ts'
import type { PlainFlow } from './testing/plain-flows.ts'

const OPTIONS = { memoryOctets: 2 ** 28, temporaryDirectory: tmpdir() }
const SECOND = 1_000_000_000n
const MINUTE = 60n * SECOND
const HOUR = 3600n * SECOND
const DAY = 24n * HOUR

const ns = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n

const MEASURES: readonly Measure[] = [
  { kind: 'counter', name: 'bytes', counter: 'octets' },
  { kind: 'counter', name: 'packets', counter: 'packets' },
  { kind: 'counter', name: 'flows', counter: 'flows' },
  { kind: 'rate', name: 'bps', counter: 'octets' },
]

/** What clocks show, without any of the engine's code: `2026-03-29 02`, the hour first. */
function shownDay(zone: string, at: bigint): string {
  return new Date(Number(at / 1_000_000n)).toLocaleDateString('en-CA', { timeZone: zone })
}

/** Midnights of a zone between two moments, found by looking at its calendar every half hour. */
function midnights(zone: string, from: bigint, to: bigint): bigint[] {
  const found: bigint[] = []
  for (let at = from; at < to; at += HOUR / 2n)
    if (shownDay(zone, at) !== shownDay(zone, at - SECOND)) found.push(at)
  return found
}

/** Flows of days around `at`, some of them long. */
function flowsAround(at: bigint, seed: number): PlainFlow[] {
  const random = newRandom(seed)
  return Array.from({ length: 300 }, (_, i) => {
    const end = at - 3n * DAY + (BigInt(i) * 6n * DAY) / 300n
    const length = random(3) === 0 ? 0n : BigInt(random(40 * 3600)) * SECOND
    return new Map<Field, bigint>([
      [F.timeReceived, end + BigInt(random(30)) * SECOND],
      [F.flowStart, end - length],
      [F.flowEnd, end],
      [F.octetDeltaCount, BigInt(1 + random(1_000_000))],
      [F.packetDeltaCount, BigInt(1 + random(1000))],
    ])
  })
}

/** Sums by bin, row by row; `borders` are ascending and around all flows. */
function naiveDays(
  flows: readonly PlainFlow[],
  borders: readonly bigint[],
  allocation: Allocation,
): Map<bigint, [bytes: bigint, packets: bigint, flows: bigint]> {
  const sums = new Map<bigint, [bigint, bigint, bigint]>()
  for (const flow of flows) {
    const value = (field: Field) => flow.get(field) as bigint
    const [start, end] = [value(F.flowStart), value(F.flowEnd)]
    const touched = borders.filter((border, i) => {
      const next = borders[i + 1]
      if (next === undefined) return false
      if (start === end) return border <= start && start < next
      if (allocation === 'start') return border <= start && start < next
      if (allocation === 'end') return border <= end && end < next
      return border < end && next > start
    })
    if (allocation === 'min' && touched.length > 1) continue
    for (const [i, border] of touched.entries()) {
      const next = borders[borders.indexOf(border) + 1]!
      const upTo = (total: bigint, at: bigint) => (total * (at - start)) / (end - start)
      const part = (total: bigint): bigint => {
        if (touched.length === 1 || allocation === 'max') return total
        if (allocation === 'uniform') {
          const n = BigInt(touched.length)
          return (total * BigInt(i + 1)) / n - (total * BigInt(i)) / n
        }
        const [low, high] = [start, border, end, next].toSorted((a, b) => (a < b ? -1 : 1)).slice(1, 3)
        return upTo(total, high!) - upTo(total, low!)
      }
      const sum = sums.get(border) ?? [0n, 0n, 0n]
      sums.set(border, [
        sum[0] + part(value(F.octetDeltaCount)),
        sum[1] + part(value(F.packetDeltaCount)),
        sum[2] + (i === 0 ? 1n : 0n),
      ])
    }
  }
  return sums
}

async function days(
  flows: readonly PlainFlow[],
  binZone: string,
  more: { allocation?: Allocation; fromNs?: bigint; toNs?: bigint; binMs?: number } = {},
): Promise<ResultTable> {
  const query = { ...EMPTY_QUERY, keys: [{ kind: 'time' as const, name: 'time' }], measures: MEASURES }
  const asked = { ...query, binMs: 86_400_000, binZone, ...more }
  const [table] = await runQueries([asked], [memoryFile(flows, 40)], OPTIONS)
  return table!
}

const CHANGES: readonly (readonly [zone: string, at: string])[] = [
  ['Europe/Berlin', '2026-03-29T01:00:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  // Midnight does not exist, and midnight is there twice.
  ['Asia/Beirut', '2026-03-28T22:00:00Z'],
  ['America/Havana', '2026-11-01T05:00:00Z'],
]

test('days begin at midnight of the zone on both sides of a change of clocks, and hold what counting row by row gives', async () => {
  for (const [i, [zone, at]] of CHANGES.entries()) {
    const flows = flowsAround(ns(at), 40 + i)
    const from = ns(at) - 8n * DAY
    const borders = midnights(zone, from - (from % HOUR), ns(at) + 8n * DAY)
    const lengths = new Set(borders.slice(1).map((border, k) => border - borders[k]!))
    assert.is(lengths.size, 2, zone)
    const window = { fromNs: borders[0]!, toNs: borders.at(-1)! }
    for (const allocation of ['proportional', 'start', 'end', 'uniform', 'max', 'min'] as const) {
      const table = await days(flows, zone, { allocation, ...window })
      const wanted = naiveDays(flows, borders, allocation)
      assert.equal(
        table.rows.map(([time]) => time),
        borders.slice(0, -1),
        zone,
      )
      for (const [time, bytes, packets, count, bps] of table.rows) {
        const own = wanted.get(time as bigint)
        if (bytes === null) {
          assert.is(own, undefined)
          continue
        }
        const [octets, ...rest] = own ?? [0n, 0n, 0n]
        assert.equal([bytes, packets, count], [octets, ...rest], `${zone} ${allocation} ${time}`)
        const seconds = Number(borders[borders.indexOf(time as bigint) + 1]! - (time as bigint)) / 1e9
        assert.is(Number(bps), Math.round((Number(octets) * 8) / seconds))
      }
    }
  }
})

test('without a window the first and the last day are whole, and changes between blocks do not matter', async () => {
  const flows = flowsAround(ns('2026-10-25T01:00:00Z'), 7).map((flow) => new Map(flow))
  // Flows longer than a day are cut where no window is.
  for (const flow of flows) {
    const [start, end] = [flow.get(F.flowStart) as bigint, flow.get(F.flowEnd) as bigint]
    if (end - start > DAY) flow.set(F.flowStart, end - DAY)
  }
  const table = await days(flows, 'Europe/Berlin')
  const borders = midnights('Europe/Berlin', ns('2026-10-10T22:00:00Z'), ns('2026-11-05T23:00:00Z'))
  const wanted = naiveDays(flows, borders, 'proportional')
  assert.equal(new Map(table.rows.map(([time, ...cells]) => [time, cells.slice(0, 3)])), wanted)
  assert.ok(borders.includes(table.quality.fromNs))
  assert.ok(borders.includes(table.quality.toNs))
})

test('bins of hours begin when clocks show multiples of them, weeks on Monday, hours themselves go on evenly', async () => {
  const flows = flowsAround(ns('2026-03-29T01:00:00Z'), 9)
  const ask = async (binMs: number, zone = 'Europe/Berlin') =>
    (
      await days(flows, zone, { binMs, fromNs: ns('2026-03-28T22:00:00Z'), toNs: ns('2026-03-29T05:00:00Z') })
    ).rows.map(([time]) => new Date(Number((time as bigint) / 1_000_000n)).toISOString().slice(5, 16))
  assert.equal(await ask(6 * 3_600_000), ['03-28T17:00', '03-28T23:00', '03-29T04:00'])
  assert.equal(
    await ask(3_600_000),
    ['22', '23', '00', '01', '02', '03', '04'].map((hour) => `03-2${Number(hour) < 20 ? 9 : 8}T${hour}:00`),
  )
  assert.equal(await ask(7 * 86_400_000), ['03-22T23:00'])
  assert.equal(await ask(7 * 86_400_000, 'UTC'), ['03-23T00:00'])
})

test('every moment lies in the bin that began last', () => {
  for (const [zone, at] of CHANGES) {
    for (const length of [2n * HOUR, 90n * MINUTE, 5n * HOUR, DAY]) {
      const bins = new ClockBins(zone, length, 0n)
      let last = bins.numberOf(ns(at) - 2n * DAY)
      for (let moment = ns(at) - 2n * DAY; moment < ns(at) + 2n * DAY; moment += 10n * MINUTE) {
        const bin = bins.numberOf(moment)
        assert.ok(bin === last || bin > last)
        assert.ok(bins.startOf(bin) <= moment && bins.startOf(bin + 1n) > moment, `${zone} ${moment}`)
        last = bin
      }
    }
  }
})

test.run()
