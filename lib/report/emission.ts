import type { Aggregation, GroupStore } from './aggregation.ts'
import { GroupTable, newVector } from './group-table.ts'
import { headsOf } from './heads.ts'
import { VECTOR_ROWS } from './kernels.ts'
import type { LaneValues } from './lane-kernels.ts'
import { rateOf, trendLane } from './measures.ts'
import type { BinStatistic } from './query.ts'
import type { RunningTable } from './query-run.ts'
import { lanesAt, type Sums } from './sums.ts'
import { binsOf, packMeanings, unpackMeanings } from './table-shape.ts'
import { vectorsOf } from './vectors.ts'

/** Groups on their way to a main table: their keys' meanings by column, a value per lane. */
class Emitter {
  readonly #main: Aggregation
  readonly columns: Uint32Array[]
  readonly lanes: BigUint64Array[]
  count = 0

  constructor(main: Aggregation) {
    this.#main = main
    this.columns = main.shape.columnBits.map(() => new Uint32Array(VECTOR_ROWS))
    this.lanes = main.shape.operations.map(() => new BigUint64Array(VECTOR_ROWS))
  }

  /** Ends a row that the caller wrote at `count`. */
  next(): void {
    if (++this.count === VECTOR_ROWS) this.flush()
  }

  flush(): void {
    if (this.count === 0) return
    this.#main.addMeanings(this.columns, this.count, this.lanes)
    for (const lane of this.lanes) lane.fill(0n)
    this.count = 0
  }
}

/** Groups that are counted before they go to the main table. */
const MOST_COUNTED = 2 ** 16

/** Adds to the main table how many groups each of its own has in a table whose last key is what is counted. */
export function emitDistinct(from: RunningTable, main: Aggregation): void {
  const { shape } = from.aggregation
  const { words } = main.shape.meaningLayout
  const absent = shape.columnsAt.at(-1)! - 1
  const columns = shape.columnBits.map(() => new Uint32Array(VECTOR_ROWS))
  const own = columns.slice(0, shape.columnsAt[shape.keys.length - 1])
  if (shape.hasTime) own.push(columns.at(-1)!)
  const present = new Uint32Array(VECTOR_ROWS)
  const vector = newVector(words, 1)
  vector.lanes[0] = present
  const counts = new GroupTable(words, ['sum'])
  const lanes: LaneValues[] = main.shape.operations.map(() => new Uint32Array(VECTOR_ROWS))
  const flush = () => {
    const { count, keys, sums } = counts
    vectorsOf({ count, keys, sums, words }, 1, (counted, at) => {
      unpackMeanings(main.shape, null, keys, at * words, counted.count, own)
      lanes[from.plan.fills] = counted.lanes[0]!
      main.addMeanings(own, counted.count, lanes)
    })
    counts.clear()
  }
  for (const store of from.aggregation.stores()) {
    forEachVector(store, (at, count) => {
      const keys = store.keys.subarray(at * store.words)
      unpackMeanings(shape, store.input, keys, 0, count, columns, shape.keys.length - 1)
      // Rows without the key count as none of its values.
      for (let i = 0; i < count; i++) present[i] = columns[absent]![i]! ^ 1
      packMeanings(main.shape, own, count, vector)
      counts.add(vector)
      if (counts.count > MOST_COUNTED) flush()
    })
  }
  flush()
}

/** What is asked of rates over bins, and what bins there are. */
export interface OverBins {
  readonly counter: 'octets' | 'packets' | 'flows'
  readonly statistic: BinStatistic
  readonly rank: number
  /** Numbers of the window's bins: from `first` to `last`. */
  readonly first: number
  readonly last: number
  durationOf(bin: number): bigint
}

/** Adds to the main table, for each of its groups, a statistic of the group's rates over all bins. */
export function emitOverBins(from: RunningTable, main: Aggregation, rules: OverBins): void {
  const { shape } = from.aggregation
  const emitter = new Emitter(main)
  const lane = emitter.lanes[from.plan.fills]!
  const width = shape.columnBits.length - 1
  const columns = shape.columnBits.map(() => new Uint32Array(1))
  const rates: bigint[] = []
  const half = Math.floor((rules.last - rules.first + 1) / 2)
  const durations = new Map<number, bigint>()
  const durationOf = (bin: number) => {
    const duration = durations.get(bin) ?? rules.durationOf(bin)
    durations.set(bin, duration)
    return duration
  }
  const emit = (store: GroupStore, group: number, value: bigint) => {
    unpackMeanings(shape, store.input, store.keys, group * store.words, 1, columns)
    for (let column = 0; column < width; column++)
      emitter.columns[column]![emitter.count] = columns[column]![0]!
    lane[emitter.count] = value
    emitter.next()
  }
  const even = evenDuration(rules)
  const volumes = new Float64Array(MOST_EVEN)
  for (const store of from.aggregation.stores()) {
    const bins = binsOf(shape, store)
    const heads = headsOf(store, shape.operations)
    for (let head = 0; head < heads.count; head++) {
      if (even !== null && !store.isWide && rules.statistic !== 'trend') {
        const members = heads.members.subarray(heads.starts[head], heads.starts[head + 1])
        if (takeVolumes(store.sums, members, volumes)) {
          const volume = statisticOf(volumes.subarray(0, members.length).sort(), even.bins, rules) ?? 0
          emit(store, heads.first[head]!, rateOf(rules.counter, BigInt(volume), even.ns) ?? 0n)
          continue
        }
      }
      rates.length = 0
      let [earlier, later] = [0n, 0n]
      for (const group of heads.members.subarray(heads.starts[head], heads.starts[head + 1])) {
        const [volume] = lanesAt(store.sums, group, 1, store.isWide) as [bigint]
        const bin = bins[group]! | 0
        if (bin < rules.first + half) earlier += volume
        else if (bin > rules.last - half) later += volume
        if (rules.statistic !== 'trend') rates.push(rateOf(rules.counter, volume, durationOf(bin)) ?? 0n)
      }
      rates.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
      const value =
        rules.statistic === 'trend'
          ? trendLane(earlier, later)
          : (statisticOf(rates, rules.last - rules.first + 1, rules) ?? 0n)
      emit(store, heads.first[head]!, value)
    }
  }
  emitter.flush()
}

/** Bins that are asked how long they last. */
const MOST_EVEN = 4096

/** How many bins there are and how long each lasts; null where some last longer than others, or they are many. */
function evenDuration({ first, last, durationOf }: OverBins): { bins: number; ns: bigint } | null {
  const bins = last - first + 1
  if (bins < 1 || bins > MOST_EVEN) return null
  const ns = durationOf(first)
  for (let bin = first + 1; bin <= last; bin++) if (durationOf(bin) !== ns) return null
  return { bins, ns }
}

/** Puts the volumes of groups of one lane in `out`; false where numbers do not hold them, or there are too many. */
function takeVolumes({ low, high }: Sums, groups: Uint32Array, out: Float64Array): boolean {
  if (groups.length > out.length) return false
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i]!
    if (high[group]! >= MOST_HIGH) return false
    out[i] = high[group]! * 2 ** 32 + low[group]!
  }
  return true
}

/** The upper words of volumes below 2^53 are below. */
const MOST_HIGH = 2 ** 21

/** Of `values`, ascending, and as many zeros as make them `count`; undefined is one of these. */
function statisticOf<T>(values: ArrayLike<T>, count: number, { statistic, rank }: OverBins): T | undefined {
  const zeros = count - values.length
  const place = statistic === 'min' ? 1 : statistic === 'max' ? count : Math.ceil((rank * count) / 100)
  return values[Math.min(count, Math.max(1, place)) - 1 - zeros]
}

/**
 * Adds to the main table what one exporter told of each flow: the one that counted most in its first lane, the smallest
 * address of equals. `flowKeys` keys of the table tell flows apart, the next one is the exporter.
 */
export function emitOneExporter(from: RunningTable, main: Aggregation, flowKeys: number): void {
  const { shape } = from.aggregation
  const emitter = new Emitter(main)
  const lanes = shape.operations.length
  const exporterAt = shape.columnsAt[flowKeys]!
  const keysAt = shape.columnsAt[flowKeys + 1]!
  const columns = shape.columnBits.map(() => new Uint32Array(1))
  for (const store of from.aggregation.stores()) {
    const heads = headsOf(store, shape.operations)
    for (let head = 0; head < heads.count; head++) {
      const members = heads.members.subarray(heads.starts[head], heads.starts[head + 1])
      const volumes = new Map<string, bigint>()
      const exporters: string[] = []
      for (const group of members) {
        unpackMeanings(shape, store.input, store.keys, group * store.words, 1, columns)
        let exporter = ''
        for (let column = exporterAt; column < keysAt; column++)
          exporter += String.fromCharCode(columns[column]![0]! >>> 16, columns[column]![0]! & 0xffff)
        exporters.push(exporter)
        const volume = lanesAt(store.sums, group, lanes, store.isWide)[0] ?? 0n
        volumes.set(exporter, (volumes.get(exporter) ?? 0n) + volume)
      }
      let best = exporters[0]!
      for (const [exporter, volume] of volumes) {
        const most = volumes.get(best)!
        if (volume > most || (volume === most && exporter < best)) best = exporter
      }
      for (const [i, group] of members.entries()) {
        if (exporters[i] !== best) continue
        unpackMeanings(shape, store.input, store.keys, group * store.words, 1, columns)
        for (let column = keysAt; column < shape.columnBits.length; column++)
          emitter.columns[column - keysAt]![emitter.count] = columns[column]![0]!
        for (const [lane, value] of lanesAt(store.sums, group, lanes, store.isWide).entries()) {
          emitter.lanes[lane]![emitter.count] = value
          if (shape.operations[lane] === 'sum') main.totals[lane]! += value
        }
        emitter.next()
      }
    }
  }
  emitter.flush()
}

function forEachVector(store: GroupStore, take: (at: number, count: number) => void): void {
  for (let at = 0; at < store.count; at += VECTOR_ROWS) take(at, Math.min(VECTOR_ROWS, store.count - at))
}
