import { columnFacts } from '../flow/column-facts.ts'
import { F, type Field } from '../flow/fields.ts'
import { holdAll } from '../flow/presence.ts'
import type { BlockRows } from './block-rows.ts'
import { type LaneValues, multiplyNarrow, multiplyPairs, wordsOfWide } from './lane-kernels.ts'

/** Counters by row as a query counts them, and which rows could not be counted exactly. */
export interface CounterColumns {
  readonly octets: LaneValues
  readonly packets: LaneValues
  /** Of rows whose product exceeds 64 bits: 1. Null: there is none. */
  readonly saturated: Uint8Array | null
}

const MOST = 2n ** 64n - 1n
const LIMIT = 2 ** 32
const MOST_EXACT = 2 ** 53

export type CounterName = 'octets' | 'packets'

/** The columns that counters stand in. */
export const COUNTER_FIELDS: Readonly<Record<CounterName, Field>> = {
  octets: F.octetDeltaCount,
  packets: F.packetDeltaCount,
}

/** A counter of a block as the exporters sent it. */
export function rawCounter(rows: BlockRows, name: CounterName): LaneValues {
  return rows.once(null, `raw ${name}`, () => {
    const field = COUNTER_FIELDS[name]
    return narrowCounter(rows, field) ?? rows.fixed(field)?.wide ?? new Uint32Array(rows.rows)
  })
}

/** A column of 64 bits in 32, read at half the cost, 0 where rows lack it; null where it needs more. */
export function narrowCounter(rows: BlockRows, field: Field): Uint32Array | null {
  const scaled = rows.scaled(field)
  if (scaled === null) return null
  const { values, base, unit, present } = scaled
  const isPlain = base === 0n && unit === 1n
  // Rows without the field have any value: those must be zeros.
  const isWhole = holdAll(present, rows.rows)
  if (isPlain && isWhole) return values
  const facts = columnFacts(rows.block, field)
  if (facts === undefined || facts.greatest >= BigInt(LIMIT)) return null
  const out = rows.words(rows.rows)
  scaleTo(values, Number(BigInt.asUintN(32, base)), Number(BigInt.asUintN(32, unit)), out)
  if (!isWhole) for (let row = 0; row < out.length; row++) if (present[row] === 0) out[row] = 0
  return out
}

function scaleTo(values: Uint32Array, base: number, unit: number, out: Uint32Array): void {
  const from = base | 0
  const step = unit | 0
  for (let row = 0; row < out.length; row++) out[row] = (Math.imul(values[row]!, step) + from) | 0
}

/** A counter of a block times the sampling rate, where 0 and none count as 1; beyond 64 bits it is 2^64 - 1. */
export function scaledCounter(
  rows: BlockRows,
  name: CounterName,
): { readonly values: LaneValues; readonly saturated: Uint8Array | null } {
  return rows.once(null, `scaled ${name}`, () => {
    const before = rows.scaledBefore(name)
    if (before !== null) return { values: before, saturated: null }
    const values = rawCounter(rows, name)
    const factors = rows.once(null, 'factors', () => factorsOf(rows))
    if (factors === null) return { values, saturated: null }
    return scaled(values, factors, rows, name)
  })
}

/** As `saturated` of `scaledCounter`, without multiplying where no product of the block can exceed 64 bits. */
export function saturatedRows(rows: BlockRows, name: CounterName): Uint8Array | null {
  const greatest = (field: Field) => columnFacts(rows.block, field)?.greatest ?? 0n
  if (greatest(COUNTER_FIELDS[name]) * greatest(F.samplingRate) <= MOST) return null
  return scaledCounter(rows, name).saturated
}

interface Factors {
  readonly values: Uint32Array
  readonly most: number
}

/** By row, the rate or 1; null where no rate is above 1. */
function factorsOf(rows: BlockRows): Factors | null {
  const rates = rows.numbers(F.samplingRate)
  if (rates === null) return null
  const most = greatestOf(rows, F.samplingRate, rates.values as Uint32Array)
  if (most <= 1) return null
  // A zero means that nobody knows.
  const values = rates.values as Uint32Array
  if (values.indexOf(0) < 0) return { values, most }
  const factors = rows.words(rows.rows)
  for (let row = 0; row < factors.length; row++) factors[row] = values[row] === 0 ? 1 : values[row]!
  return { values: factors, most }
}

/** The greatest value of a column in 32 bits, as its block tells. */
function greatestOf(rows: BlockRows, field: Field, values: Uint32Array): number {
  const facts = columnFacts(rows.block, field)
  return facts === undefined || facts.greatest >= BigInt(LIMIT)
    ? greatestWord(values)
    : Number(facts.greatest)
}

function greatestWord(values: Uint32Array): number {
  let greatest = 0
  for (let row = 0; row < values.length; row++) if (values[row]! > greatest) greatest = values[row]!
  return greatest
}

function scaled(
  values: LaneValues,
  factors: Factors,
  rows: BlockRows,
  name: CounterName,
): { values: LaneValues; saturated: Uint8Array | null } {
  const count = rows.rows
  if (values instanceof Uint32Array) {
    const most = greatestOf(rows, COUNTER_FIELDS[name], values) * factors.most
    if (most < LIMIT) {
      const out = rows.words(count)
      multiplyNarrow(values, factors.values, out)
      return { values: out, saturated: null }
    }
    const out = rows.wide(count)
    if (most < MOST_EXACT) {
      multiplyPairs(values, factors.values, wordsOfWide(out))
      return { values: out, saturated: null }
    }
  }
  return scaledSlowly(values, factors.values, rows.wide(count))
}

/** Counters beyond what flows have. */
function scaledSlowly(
  values: LaneValues,
  factors: Uint32Array,
  out: BigUint64Array,
): { values: LaneValues; saturated: Uint8Array | null } {
  const saturated = new Uint8Array(out.length)
  for (let row = 0; row < out.length; row++) {
    const product = BigInt(values[row]!) * BigInt(factors[row]!)
    out[row] = product <= MOST ? product : MOST
    if (product > MOST) saturated[row] = 1
  }
  return { values: out, saturated: saturated.includes(1) ? saturated : null }
}
