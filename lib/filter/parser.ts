import { FlowError } from '../diagnostics/flow-error.ts'
import { isTimeZone } from './clock-window.ts'
import { ALWAYS, all, any, type Condition, not } from './condition.ts'
import { Cursor, shownAs } from './cursor.ts'
import type { FilterNames } from './filter.ts'
import { takeOperand } from './operands.ts'
import { takePrimitive } from './primitives.ts'
import { takeQuantity } from './quantities.ts'
import type { Reading } from './reading.ts'
import { takeComparison } from './tails.ts'
import { type Token, tokensOf } from './tokens.ts'

/** Brackets within brackets; far beyond what people write, and safe for the stack. */
const DEEPEST = 500

/** Reads a filter; an empty one matches everything. Throws FlowError FILTER_INVALID. */
export function conditionOf(text: string, names: FilterNames, pattern: Reading['pattern']): Condition {
  const { timeZone = 'UTC' } = names
  // Asking the zones takes many milliseconds the first time.
  if (timeZone !== 'UTC' && !isTimeZone(timeZone))
    throw new FlowError(
      'FILTER_INVALID',
      `there is no time zone ${JSON.stringify(timeZone)}; write it as Europe/Zurich`,
    )
  const tokens = tokensOf(text, names.readFile ?? null)
  const cursor = new Cursor(tokens)
  if (cursor.peek().kind === 'end') return ALWAYS
  const closings = closingsOf(tokens)
  const condition = takeAny({ cursor, names, pattern }, closings, 0)
  const rest = cursor.peek()
  if (rest.kind === 'end') return condition
  if (rest.text === ')') throw cursor.fault('this ) has no ( before it')
  throw cursor.fault(`and, or, or the end should stand here, not ${shownAs(rest)}`)
}

/** By number of an opening bracket, the number of the one that closes it; 0 where none does. */
function closingsOf(tokens: readonly Token[]): Uint32Array {
  const closings = new Uint32Array(tokens.length)
  const open: number[] = []
  for (let i = 0; i < tokens.length; i++) {
    const { kind, text } = tokens[i]!
    if (kind !== 'sign') continue
    if (text === '(') open.push(i)
    else if (text === ')') {
      const start = open.pop()
      if (start !== undefined) closings[start] = i
    }
  }
  return closings
}

/** nfdump's precedence: not binds closest, then and, then or. */
function takeAny(reading: Reading, closings: Uint32Array, depth: number): Condition {
  const { cursor } = reading
  const parts = [takeAll(reading, closings, depth)]
  while (cursor.takeWord('or') !== null || cursor.takeSign('||') !== null) {
    parts.push(takeAll(reading, closings, depth))
  }
  return parts.length === 1 ? parts[0]! : any(parts)
}

function takeAll(reading: Reading, closings: Uint32Array, depth: number): Condition {
  const { cursor } = reading
  const parts = [takeOne(reading, closings, depth)]
  while (cursor.takeWord('and') !== null || cursor.takeSign('&&') !== null) {
    parts.push(takeOne(reading, closings, depth))
  }
  return parts.length === 1 ? parts[0]! : all(parts)
}

function takeOne(reading: Reading, closings: Uint32Array, depth: number): Condition {
  const { cursor } = reading
  let isNegated = false
  while (cursor.takeWord('not') !== null || cursor.takeSign('!') !== null) isNegated = !isNegated
  const condition = takeGroup(reading, closings, depth)
  return isNegated ? not(condition) : condition
}

function takeGroup(reading: Reading, closings: Uint32Array, depth: number): Condition {
  const { cursor } = reading
  const from = cursor.place
  if (!cursor.isSign('(')) return written(reading, from, takePrimitive(reading))
  const closing = closings[from]!
  if (closing === 0) throw cursor.fault('the closing ) is missing')
  if (isArithmetic(cursor, closing + 1 - from)) {
    return written(reading, from, takeComparison(reading, takeQuantity(reading, takeOperand), takeOperand))
  }
  if (depth >= DEEPEST) throw cursor.fault(`brackets are more than ${DEEPEST} deep`)
  cursor.next()
  const condition = takeAny(reading, closings, depth + 1)
  if (cursor.takeSign(')') === null)
    throw cursor.fault(`and, or, or ) should stand here, not ${shownAs(cursor.peek())}`)
  return condition
}

/** Whether what stands `ahead`, behind a closing bracket, says that the bracket is about numbers. */
function isArithmetic(cursor: Cursor, ahead: number): boolean {
  const { kind, text } = cursor.peek(ahead)
  if (kind === 'sign') return ['+', '-', '*', '/', '=', '==', '!=', '<>', '<', '<=', '>', '>='].includes(text)
  return kind === 'word' && /^(?:eq|ne|lt|le|gt|ge)$/i.test(text)
}

function written({ cursor }: Reading, from: number, part: Condition): Condition {
  if (part.is === 'constant') return part
  return { is: 'written', text: cursor.textFrom(from), part }
}
