import type { FixedColumn } from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'
import type { Quantity } from './condition.ts'
import type { Comparator, Fraction } from './number-set.ts'
import { compares, reckoned } from './quantities.ts'

/** Gives the column of a field; null where no row holds it. */
export type ColumnSource = (field: Field) => FixedColumn | null

/** Rows that are reckoned together. */
const CHUNK = 2048
const EPSILON = 2 ** -51
const EXACT = 2 ** 53

/** Numbers of some rows: a double, and how far from it the exact number can be; -1 where the row has none. */
interface Register {
  readonly values: Float64Array
  readonly errors: Float64Array
}

const registers: Register[] = []

function register(depth: number): Register {
  registers[depth] ??= { values: new Float64Array(CHUNK), errors: new Float64Array(CHUNK) }
  return registers[depth]
}

/**
 * Sets `out[row]` where left and right compare so. Doubles decide where they can; where the two are closer than
 * rounding may have moved them, the row is reckoned again with whole numbers. Rows that `within` has not are left out.
 */
export function compareRows(
  left: Quantity,
  comparator: Comparator,
  right: Quantity,
  columns: ColumnSource,
  rows: number,
  out: Uint8Array,
  within: Uint8Array | null,
): void {
  for (let from = 0; from < rows; from += CHUNK) {
    const count = Math.min(CHUNK, rows - from)
    if (within !== null) {
      const first = within.indexOf(1, from)
      if (first < 0 || first >= from + count) {
        out.fill(0, from, from + count)
        continue
      }
    }
    reckon(left, 0, columns, from, count)
    reckon(right, 1, columns, from, count)
    const a = register(0)
    const b = register(1)
    for (let i = 0; i < count; i++) {
      const e = a.errors[i]!
      const f = b.errors[i]!
      if (e < 0 || f < 0 || (within !== null && within[from + i] === 0)) {
        out[from + i] = 0
        continue
      }
      const x = a.values[i]!
      const y = b.values[i]!
      const isSure = (e === 0 && f === 0) || Math.abs(x - y) > e + f + (Math.abs(x) + Math.abs(y)) * EPSILON
      if (isSure) out[from + i] = compareDoubles(x, comparator, y)
      else {
        const exactLeft = exactly(left, columns, from + i)
        const exactRight = exactly(right, columns, from + i)
        out[from + i] =
          exactLeft !== null && exactRight !== null && compares(exactLeft, comparator, exactRight) ? 1 : 0
      }
    }
  }
}

function compareDoubles(x: number, comparator: Comparator, y: number): 0 | 1 {
  switch (comparator) {
    case '==':
      return x === y ? 1 : 0
    case '!=':
      return x !== y ? 1 : 0
    case '<':
      return x < y ? 1 : 0
    case '<=':
      return x <= y ? 1 : 0
    case '>':
      return x > y ? 1 : 0
    default:
      return x >= y ? 1 : 0
  }
}

/** Puts the quantity of rows into the register at `depth`; uses those above it. */
function reckon(quantity: Quantity, depth: number, columns: ColumnSource, from: number, count: number): void {
  const { values, errors } = register(depth)
  switch (quantity.is) {
    case 'constant': {
      const value = Number(quantity.n) / Number(quantity.d)
      const isExact = quantity.d === 1n && Math.abs(value) < EXACT
      values.fill(value, 0, count)
      errors.fill(isExact ? 0 : errorOf(value), 0, count)
      return
    }
    case 'column':
      loadColumn(quantity.field, quantity.isScaled, columns, from, count, values, errors)
      return
    case 'duration':
      loadDuration(columns, from, count, values, errors)
      return
    default: {
      reckon(quantity.left, depth, columns, from, count)
      reckon(quantity.right, depth + 1, columns, from, count)
      const right = register(depth + 1)
      for (let i = 0; i < count; i++) {
        if (errors[i]! < 0 || right.errors[i]! < 0) errors[i] = -1
        else apply(quantity.is, values, errors, right, i)
      }
    }
  }
}

/** The error of a number that one rounding has made; any number may be meant by one that is none. */
function errorOf(value: number): number {
  const error = Math.abs(value) * EPSILON
  return Number.isFinite(error) ? error + Number.MIN_VALUE : Infinity
}

/** Puts left and right of row `i` together in the place of left. */
function apply(
  is: 'sum' | 'difference' | 'product' | 'quotient' | 'rate',
  values: Float64Array,
  errors: Float64Array,
  right: Register,
  i: number,
): void {
  const a = values[i]!
  const b = right.values[i]!
  const e = errors[i]!
  const f = right.errors[i]!
  const areWhole = e === 0 && f === 0 && Number.isInteger(a) && Number.isInteger(b)
  if (is === 'quotient' || is === 'rate') {
    if (f === 0 && b === 0) {
      values[i] = 0
      errors[i] = is === 'rate' ? 0 : -1
      return
    }
    const quotient = a / b
    if (areWhole && Math.abs(a) < EXACT && Math.abs(b) < EXACT) {
      let whole = Math.floor(quotient)
      if (whole * b > a) whole--
      if (is === 'rate' || whole * b === a) {
        values[i] = b < 0 && is === 'rate' ? 0 : whole
        errors[i] = 0
        return
      }
    }
    values[i] = quotient
    const room = Math.abs(b) - f
    const error = room > 0 ? (e + Math.abs(quotient) * f) / room : Infinity
    errors[i] = is === 'rate' ? error + errorOf(quotient) + 1 : error + errorOf(quotient)
    return
  }
  const result = is === 'sum' ? a + b : is === 'difference' ? a - b : a * b
  values[i] = result
  if (areWhole && Math.abs(result) < EXACT) errors[i] = 0
  else if (is === 'product') errors[i] = Math.abs(a) * f + Math.abs(b) * e + e * f + errorOf(result)
  else errors[i] = e + f + errorOf(result)
}

function loadColumn(
  field: Field,
  isScaled: boolean,
  columns: ColumnSource,
  from: number,
  count: number,
  values: Float64Array,
  errors: Float64Array,
): void {
  const column = columns(field)
  if (column === null) {
    errors.fill(-1, 0, count)
    return
  }
  const { present } = column
  if (field.kind === 'u64' || field.kind === 'i64') {
    const { words } = column
    const isSigned = field.kind === 'i64'
    for (let i = 0; i < count; i++) {
      const at = (from + i) * 2
      const upper = isSigned ? words[at + 1]! | 0 : words[at + 1]!
      const value = upper * 0x100000000 + words[at]!
      values[i] = value
      errors[i] = present[from + i] === 0 ? -1 : Math.abs(value) < EXACT ? 0 : errorOf(value)
    }
  } else {
    const numbers = column.values
    for (let i = 0; i < count; i++) {
      const value = numbers[from + i]!
      values[i] = value
      errors[i] = present[from + i] === 0 || !Number.isFinite(value) ? -1 : 0
    }
  }
  const rates = isScaled ? (columns(F.samplingRate)?.values ?? null) : null
  if (rates === null) return
  for (let i = 0; i < count; i++) {
    const rate = rates[from + i]!
    if (rate <= 1) continue
    const value = values[i]! * rate
    values[i] = value
    if (errors[i]! > 0 || (errors[i] === 0 && value >= EXACT)) errors[i] = errors[i]! * rate + errorOf(value)
  }
}

/** Milliseconds from flowStart to flowEnd, each rounded down as nfdump holds them; 0 where the end is before the start. */
function loadDuration(
  columns: ColumnSource,
  from: number,
  count: number,
  values: Float64Array,
  errors: Float64Array,
): void {
  const start = columns(F.flowStart)
  const end = columns(F.flowEnd)
  if (start === null || end === null) {
    errors.fill(-1, 0, count)
    return
  }
  for (let i = 0; i < count; i++) {
    const row = from + i
    values[i] = Math.max(0, millisecondsAt(end.words, row) - millisecondsAt(start.words, row))
    errors[i] = start.present[row] === 0 || end.present[row] === 0 ? -1 : 0
  }
}

/** Nanoseconds at `row` as whole milliseconds, exact: 2^32 is 4294 times a million and 967296. */
export function millisecondsAt(words: Uint32Array, row: number): number {
  const upper = words[row * 2 + 1]!
  return upper * 4294 + Math.floor((upper * 967_296 + words[row * 2]!) / 1_000_000)
}

/** The exact quantity of one row; null where it has none. */
function exactly(quantity: Quantity, columns: ColumnSource, row: number): Fraction | null {
  switch (quantity.is) {
    case 'constant':
      return quantity
    case 'duration': {
      const start = columns(F.flowStart)
      const end = columns(F.flowEnd)
      if (start?.present[row] !== 1 || end?.present[row] !== 1) return null
      return {
        n: BigInt(Math.max(0, millisecondsAt(end.words, row) - millisecondsAt(start.words, row))),
        d: 1n,
      }
    }
    case 'column': {
      const column = columns(quantity.field)
      if (column?.present[row] !== 1) return null
      const value = valueAt(column, row)
      const rate = quantity.isScaled ? (columns(F.samplingRate)?.values[row] ?? 0) : 0
      return value === null || rate <= 1 ? value : { n: value.n * BigInt(rate), d: value.d }
    }
    default: {
      const left = exactly(quantity.left, columns, row)
      const right = exactly(quantity.right, columns, row)
      return left === null || right === null ? null : reckoned(quantity.is, left, right)
    }
  }
}

function valueAt(column: FixedColumn, row: number): Fraction | null {
  const { kind } = column.field
  if (kind === 'u64') return { n: column.wide[row]!, d: 1n }
  if (kind === 'i64') return { n: column.signed[row]!, d: 1n }
  const value = column.values[row]!
  if (Number.isInteger(value)) return { n: BigInt(value), d: 1n }
  if (!Number.isFinite(value)) return null
  // A double is a whole number of 2^-1074.
  let scaled = value
  let d = 1n
  while (!Number.isInteger(scaled)) {
    scaled *= 2
    d *= 2n
  }
  return { n: BigInt(scaled), d }
}
