import { F } from '../flow/fields.ts'
import type { BlockRows } from './block-rows.ts'
import type { CompiledQuery } from './compiled-query.ts'
import { COUNTER_FIELDS, type CounterName, rawCounter, scaledCounter } from './counters.ts'
import { type LaneValues, sumOf, wordsOfWide } from './lane-kernels.ts'
import type { RowChoice } from './row-choice.ts'

const MOST_EXACT = 2 ** 53
let gathered = new Uint32Array(0)

/** Whether a query asks for nothing but sums of counters over all rows that it is about. */
export function asksForSums({ levels, hasBins }: CompiledQuery): boolean {
  const [level, more] = levels
  if (level === undefined || more !== undefined || hasBins || level.keys.length > 0) return false
  const [table, other] = level.tables
  return (
    other === undefined &&
    table!.sources.every((source) => source.kind === 'counter' && source.direction === null)
  )
}

/**
 * The sum of a counter over some rows of a block: exact, also where it was scaled. Where the rows are few nothing is read
 * of the others.
 */
export function counterSum(rows: BlockRows, name: CounterName, choice: RowChoice, isRaw: boolean): bigint {
  const few = fewValues(rows, name, choice)
  if (few !== null) {
    if (isRaw) return sumOf(few, choice.count)
    const sum = scaledSum(few, rows, choice)
    if (sum >= 0) return BigInt(sum)
  }
  const values = isRaw ? rawCounter(rows, name) : scaledCounter(rows, name).values
  if (choice.isAll) return sumOf(values, rows.rows)
  return sumOfRows(values, choice.list, choice.count)
}

/** The counter of the rows, where these are few and it is below 2^32. */
function fewValues(rows: BlockRows, name: CounterName, { list, count }: RowChoice): Uint32Array | null {
  const { block } = rows
  if (block.gather === undefined || count * 2 > rows.rows) return null
  if (gathered.length < count) gathered = new Uint32Array(rows.rows)
  return block.gather(COUNTER_FIELDS[name], list, count, gathered) ? gathered.subarray(0, count) : null
}

/** The sum of values times their rows' sampling rates; -1 where doubles do not hold it exactly. */
function scaledSum(values: Uint32Array, rows: BlockRows, { list, count }: RowChoice): number {
  const rates = rows.numbers(F.samplingRate)
  if (rates === null) return Number(sumOf(values, count))
  const sum = timesRates(values, rates.values as Uint32Array, list)
  // Nothing was rounded on the way to a sum that is below.
  return sum < MOST_EXACT ? sum : -1
}

/** A rate of 0 is not known, and counts as 1. */
function timesRates(values: Uint32Array, rates: Uint32Array, rows: Uint32Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    const rate = rates[rows[i]!]!
    sum += rate > 1 ? values[i]! * rate : values[i]!
  }
  return sum
}

function sumOfRows(values: LaneValues, rows: Uint32Array, count: number): bigint {
  if (values instanceof Uint32Array) return BigInt(sumNarrow(values, rows, count))
  return sumPairs(wordsOfWide(values), rows, count)
}

// Blocks have at most 2^20 rows: doubles hold sums of so many words exactly.

function sumNarrow(values: Uint32Array, rows: Uint32Array, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += values[rows[i]!]!
  return sum
}

function sumPairs(words: Uint32Array, rows: Uint32Array, count: number): bigint {
  let low = 0
  let high = 0
  for (let i = 0; i < count; i++) {
    const at = rows[i]! * 2
    low += words[at]!
    high += words[at + 1]!
  }
  return (BigInt(high) << 32n) + BigInt(low)
}
