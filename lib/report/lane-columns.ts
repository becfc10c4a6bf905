import { F } from '../flow/fields.ts'
import { type BlockRows, DIRECTIONS } from './block-rows.ts'
import { type CounterName, rawCounter, scaledCounter } from './counters.ts'
import { VECTOR_ROWS } from './kernels.ts'
import {
  gatherNarrow,
  gatherPairs,
  keepNarrow,
  keepPairs,
  type LaneValues,
  wordsOfWide,
} from './lane-kernels.ts'
import { isEmitted, type LaneSource } from './measures.ts'
import type { Direction, Query } from './query.ts'
import { ONES } from './sums.ts'
import type { Shares } from './time-bins.ts'

const MOST = 2n ** 64n - 1n

/** Rows whose lanes are wanted: `count` of them from `from` on in `selection`; `shares` where they were dealt. */
export interface LaneRows {
  readonly rows: BlockRows
  readonly selection: Uint32Array
  readonly from: number
  readonly count: number
  readonly shares: Shares | null
  /** Whether `selection` is every row in order. */
  readonly isAll: boolean
}

/** Makes the columns of lanes for vectors of rows; a column is good until the next is made for the same lane. */
export class LaneColumns {
  readonly #sources: readonly LaneSource[]
  readonly #query: Query
  readonly #wide: readonly BigUint64Array[]
  readonly #narrow: readonly Uint32Array[]
  readonly #zeros = new Uint32Array(VECTOR_ROWS)

  constructor(sources: readonly LaneSource[], query: Query) {
    this.#sources = sources
    this.#query = query
    this.#wide = sources.map(() => new BigUint64Array(VECTOR_ROWS))
    this.#narrow = sources.map(() => new Uint32Array(VECTOR_ROWS))
  }

  /** A column per lane; null where each row counts 1. */
  columns(of: LaneRows): (LaneValues | null)[] {
    return this.#sources.map((source, lane) => this.#column(source, lane, of))
  }

  #column(source: LaneSource, lane: number, of: LaneRows): LaneValues | null {
    if (isEmitted(source)) return this.#zeros
    if (source.kind === 'counter') {
      const values = this.#counter(source.counter, lane, of)
      return source.direction === null ? values : this.#ofDirection(source.direction, values, lane, of)
    }
    if (source.kind !== 'column' && source.kind !== 'present') return this.#zeros
    const { rows, selection, from, count, shares } = of
    const column = rows.fixed(source.field)
    if (column === null) return this.#zeros
    const { present, values, wide } = column
    const isWide = source.field.kind === 'u64'
    const out = this.#wide[lane]!
    for (let i = 0; i < count; i++) {
      const row = selection[from + i]!
      // A flow dealt into several bins has its columns in the first.
      if (present[row] === 0 || (shares !== null && shares.flows !== null && shares.flows[i] === 0)) {
        out[i] = 0n
      } else if (source.kind === 'present') {
        out[i] = 1n
      } else {
        const value = isWide ? wide[row]! : BigInt(values[row]!)
        out[i] = source.operation === 'min' ? MOST - value : value
      }
    }
    return out
  }

  #counter(counter: CounterName | 'flows', lane: number, of: LaneRows): LaneValues | null {
    const { rows, selection, from, count, shares, isAll } = of
    const isFlows = counter === 'flows'
    const flows = isFlows ? rows.flowCounts(this.#query.fromNs) : null
    if (isFlows && flows === null) return shares === null ? null : shares.flows
    if (!isFlows && shares !== null && !shares.isWhole) return shares[counter]
    const values = flows ?? this.#values(rows, counter as CounterName)
    if (isAll) return values.subarray(from, from + count)
    if (values instanceof Uint32Array) {
      const out = this.#narrow[lane]!
      gatherNarrow(values, selection, from, count, out)
      return out
    }
    const out = this.#wide[lane]!
    gatherPairs(wordsOfWide(values), selection, from, count, wordsOfWide(out))
    return out
  }

  #values(rows: BlockRows, counter: CounterName): LaneValues {
    return this.#query.counters === 'raw' ? rawCounter(rows, counter) : scaledCounter(rows, counter).values
  }

  #ofDirection(
    direction: Direction,
    values: LaneValues | null,
    lane: number,
    { rows, selection, from, count }: LaneRows,
  ): LaneValues {
    const directions = rows.directions(this.#query.local)
    const wanted = DIRECTIONS.indexOf(direction)
    if (values === null || values instanceof Uint32Array) {
      const out = this.#narrow[lane]!
      keepNarrow(values ?? ONES, directions, wanted, selection, from, count, out)
      return out
    }
    const out = wordsOfWide(this.#wide[lane]!)
    keepPairs(wordsOfWide(values), directions, wanted, selection, from, count, out)
    return this.#wide[lane]!
  }
}

/** Rows seen where flows leave the router: 1. Null where no row says so. */
export function egressRows(rows: BlockRows): Uint8Array | null {
  const direction = rows.numbers(F.flowDirection)
  if (direction === null) return null
  const out = new Uint8Array(rows.rows)
  for (let row = 0; row < out.length; row++) out[row] = direction.values[row] === 1 ? 1 : 0
  return out
}
