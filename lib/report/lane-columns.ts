import { F } from '../flow/fields.ts'
import { type BlockRows, DIRECTIONS } from './block-rows.ts'
import type { CounterColumns } from './counters.ts'
import { gatherWide, VECTOR_ROWS } from './kernels.ts'
import { isEmitted, type LaneSource } from './measures.ts'
import type { Direction, Query } from './query.ts'
import type { Shares } from './time-bins.ts'

const MOST = 2n ** 64n - 1n

/** Rows whose lanes are wanted: `count` of them from `from` on in `selection`; `shares` where they were dealt. */
export interface LaneRows {
  readonly rows: BlockRows
  readonly counters: CounterColumns
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
  readonly #memory: readonly BigUint64Array[]
  readonly #zeros = new BigUint64Array(VECTOR_ROWS)

  constructor(sources: readonly LaneSource[], query: Query) {
    this.#sources = sources
    this.#query = query
    this.#memory = sources.map(() => new BigUint64Array(VECTOR_ROWS))
  }

  /** A column per lane; null where each row counts 1. */
  columns(of: LaneRows): (BigUint64Array | null)[] {
    return this.#sources.map((source, lane) => this.#column(source, this.#memory[lane]!, of))
  }

  #column(source: LaneSource, out: BigUint64Array, of: LaneRows): BigUint64Array | null {
    if (isEmitted(source)) return this.#zeros
    if (source.kind === 'counter') {
      const values = this.#counter(source.counter, out, of)
      return source.direction === null ? values : this.#ofDirection(source.direction, values, out, of)
    }
    if (source.kind !== 'column' && source.kind !== 'present') return this.#zeros
    const { rows, selection, from, count, shares } = of
    const column = rows.fixed(source.field)
    if (column === null) return this.#zeros
    const { present, values, wide } = column
    const isWide = source.field.kind === 'u64'
    for (let i = 0; i < count; i++) {
      const row = selection[from + i]!
      // A flow dealt into several bins has its columns in the first.
      if (present[row] === 0 || (shares !== null && shares.flows[i] === 0n)) {
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

  #counter(
    counter: 'octets' | 'packets' | 'flows',
    out: BigUint64Array,
    of: LaneRows,
  ): BigUint64Array | null {
    const { counters, selection, from, count, shares, isAll } = of
    if (shares !== null) return shares[counter]
    if (counter === 'flows') return null
    if (isAll) return counters[counter].subarray(from, from + count)
    gatherWide(counters[counter], selection, from, count, out)
    return out
  }

  #ofDirection(
    direction: Direction,
    values: BigUint64Array | null,
    out: BigUint64Array,
    { rows, selection, from, count }: LaneRows,
  ): BigUint64Array {
    const directions = rows.directions(this.#query.local)
    const wanted = DIRECTIONS.indexOf(direction)
    for (let i = 0; i < count; i++) {
      const isWanted = directions[selection[from + i]!] === wanted
      out[i] = isWanted ? (values === null ? 1n : values[i]!) : 0n
    }
    return out
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
