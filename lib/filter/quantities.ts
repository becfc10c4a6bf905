import { F, type Field } from '../flow/fields.ts'
import type { Quantity } from './condition.ts'
import { shownAs } from './cursor.ts'
import type { Comparator, Fraction } from './number-set.ts'
import type { Reading } from './reading.ts'

/** Brackets within brackets that arithmetic may have. */
const DEEPEST = 200

const OPERATORS = { '+': 'sum', '-': 'difference', '*': 'product', '/': 'quotient' } as const

/** Reads a column or rate by its words; given by the parser, which knows them. */
export type TakeOperand = (reading: Reading) => Quantity

/** Takes a sum of products; `first` is its first operand where that has been taken already. */
export function takeQuantity(
  reading: Reading,
  operand: TakeOperand,
  first: Quantity | null = null,
  depth = 0,
): Quantity {
  const { cursor } = reading
  if (depth > DEEPEST) throw cursor.fault('arithmetic has too many brackets within brackets')
  let left = takeProduct(reading, operand, first, depth)
  for (let count = 0; ; count++) {
    const sign = cursor.takeSign('+', '-') as '+' | '-' | null
    if (sign === null) return left
    if (count > DEEPEST) throw cursor.fault('the sum has too many terms')
    left = applied(OPERATORS[sign], left, takeProduct(reading, operand, null, depth))
  }
}

function takeProduct(
  reading: Reading,
  operand: TakeOperand,
  first: Quantity | null,
  depth: number,
): Quantity {
  const { cursor } = reading
  let left = first ?? takeFactor(reading, operand, depth)
  for (let count = 0; ; count++) {
    const sign = cursor.takeSign('*', '/') as '*' | '/' | null
    if (sign === null) return left
    if (count > DEEPEST) throw cursor.fault('the product has too many factors')
    left = applied(OPERATORS[sign], left, takeFactor(reading, operand, depth))
  }
}

function takeFactor(reading: Reading, operand: TakeOperand, depth: number): Quantity {
  const { cursor } = reading
  if (cursor.takeSign('(') !== null) {
    const inner = takeQuantity(reading, operand, null, depth + 1)
    if (cursor.takeSign(')') === null)
      throw cursor.fault(`a closing ) should stand here, not ${shownAs(cursor.peek())}`)
    return inner
  }
  return operand(reading)
}

/** Left and right put together; constants are reckoned out. */
export function applied(
  is: 'sum' | 'difference' | 'product' | 'quotient',
  left: Quantity,
  right: Quantity,
): Quantity {
  if (left.is !== 'constant' || right.is !== 'constant') return { is, left, right }
  const value = reckoned(is, left, right)
  // Division by 0 stays, and matches nothing; numbers that grow without bound are left to the rows' fallback.
  if (value === null || bitsOf(value) > 4096) return { is, left, right }
  return { is: 'constant', ...value }
}

function bitsOf({ n, d }: Fraction): number {
  return n.toString(16).length * 4 + d.toString(16).length * 4
}

/** The exact result; null for division by 0. */
export function reckoned(is: Quantity['is'], left: Fraction, right: Fraction): Fraction | null {
  switch (is) {
    case 'sum':
      return { n: left.n * right.d + right.n * left.d, d: left.d * right.d }
    case 'difference':
      return { n: left.n * right.d - right.n * left.d, d: left.d * right.d }
    case 'product':
      return { n: left.n * right.n, d: left.d * right.d }
    case 'quotient': {
      if (right.n === 0n) return null
      const n = left.n * right.d
      const d = left.d * right.n
      return d < 0n ? { n: -n, d: -d } : { n, d }
    }
    default: {
      // A rate: both are whole numbers.
      if (right.n <= 0n) return { n: 0n, d: 1n }
      const n = left.n * right.d
      const d = left.d * right.n
      return { n: n / d, d: 1n }
    }
  }
}

/** Whether two numbers compare so. */
export function compares(left: Fraction, comparator: Comparator, right: Fraction): boolean {
  const difference = left.n * right.d - right.n * left.d
  switch (comparator) {
    case '==':
      return difference === 0n
    case '!=':
      return difference !== 0n
    case '<':
      return difference < 0n
    case '<=':
      return difference <= 0n
    case '>':
      return difference > 0n
    default:
      return difference >= 0n
  }
}

const constant = (n: bigint): Quantity => ({ is: 'constant', n, d: 1n })
const column = (field: Field, isScaled: boolean): Quantity => ({ is: 'column', field, isScaled })

/** The rates as nfdump defines them: whole numbers, rounded down; 0 for flows without duration. */
export function rateOf(word: string, isScaled: boolean): Quantity | null {
  const bytes = column(F.octetDeltaCount, isScaled)
  const packets = column(F.packetDeltaCount, isScaled)
  switch (word) {
    case 'duration':
      return { is: 'duration' }
    case 'bps':
      return {
        is: 'rate',
        left: { is: 'product', left: constant(8000n), right: bytes },
        right: { is: 'duration' },
      }
    case 'pps':
      return {
        is: 'rate',
        left: { is: 'product', left: constant(1000n), right: packets },
        right: { is: 'duration' },
      }
    case 'bpp':
      return {
        is: 'rate',
        left: column(F.octetDeltaCount, false),
        right: column(F.packetDeltaCount, false),
      }
    default:
      return null
  }
}
