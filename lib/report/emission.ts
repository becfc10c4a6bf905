import type { Aggregation, GroupStore } from './aggregation.ts'
import { headsOf } from './heads.ts'
import { VECTOR_ROWS } from './kernels.ts'
import { rateOf, trendLane } from './measures.ts'
import type { BinStatistic } from './query.ts'
import type { RunningTable } from './query-run.ts'
import { lanesAt } from './sums.ts'
import { unpackMeanings } from './table-shape.ts'

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

/** Adds to the main table a 1 for each group of a table whose last key is what is counted. */
export function emitDistinct(from: RunningTable, main: Aggregation): void {
  const { shape } = from.aggregation
  const emitter = new Emitter(main)
  const lane = emitter.lanes[from.plan.fills]!
  const width = shape.columnsAt[shape.keys.length - 1]!
  const absent = shape.columnsAt[shape.keys.length]! - 1
  const columns = shape.columnBits.map(() => new Uint32Array(VECTOR_ROWS))
  for (const store of from.aggregation.stores()) {
    forEachVector(store, (at, count) => {
      unpackMeanings(shape, store.input, store.keys.subarray(at * store.words), 0, count, columns)
      for (let i = 0; i < count; i++) {
        for (let column = 0; column < width; column++)
          emitter.columns[column]![emitter.count] = columns[column]![i]!
        if (shape.hasTime) emitter.columns.at(-1)![emitter.count] = columns.at(-1)![i]!
        // Rows without the key count as none of its values.
        lane[emitter.count] = columns[absent]![i] === 1 ? 0n : 1n
        emitter.next()
      }
    })
  }
  emitter.flush()
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
  for (const store of from.aggregation.stores()) {
    const heads = headsOf(store, shape.operations)
    for (let head = 0; head < heads.count; head++) {
      rates.length = 0
      let [earlier, later] = [0n, 0n]
      for (const group of heads.members.subarray(heads.starts[head], heads.starts[head + 1])) {
        unpackMeanings(shape, store.input, store.keys, group * store.words, 1, columns)
        const [volume] = lanesAt(store.sums, group, 1, store.isWide) as [bigint]
        const bin = columns[width]![0]! | 0
        if (bin < rules.first + half) earlier += volume
        else if (bin > rules.last - half) later += volume
        if (rules.statistic !== 'trend')
          rates.push(rateOf(rules.counter, volume, rules.durationOf(bin)) ?? 0n)
      }
      for (let column = 0; column < width; column++)
        emitter.columns[column]![emitter.count] = columns[column]![0]!
      lane[emitter.count] =
        rules.statistic === 'trend'
          ? trendLane(earlier, later)
          : statisticOf(rates, rules.last - rules.first + 1, rules)
      emitter.next()
    }
  }
  emitter.flush()
}

/** Of `rates` and as many zeros as make them `count`. */
function statisticOf(rates: bigint[], count: number, { statistic, rank }: OverBins): bigint {
  rates.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const zeros = count - rates.length
  const place = statistic === 'min' ? 1 : statistic === 'max' ? count : Math.ceil((rank * count) / 100)
  return rates[Math.min(count, Math.max(1, place)) - 1 - zeros] ?? 0n
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
