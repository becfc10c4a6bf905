import type { AddressFact } from '../flow/address-fact.ts'
import { F, type Field } from '../flow/fields.ts'
import type { Said } from '../flow/said-texts.ts'
import type { AddressSet } from './address-set.ts'
import type { ClockWindow } from './clock-window.ts'
import type { Comparator, NumberSet } from './number-set.ts'

/** What must hold of a row. Two-valued: a test of a field that the row does not hold is false, its `not` is true. */
export type Condition =
  | { readonly is: 'constant'; readonly value: boolean }
  | { readonly is: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly is: 'not'; readonly part: Condition }
  /** A primitive, and what it looks like in canonical text. */
  | { readonly is: 'written'; readonly text: string; readonly part: Condition }
  /** TCP flows with all of the flags; below an odd number of `not`, with any of them: so the manual's `flags S and not
   * flags AFRPU` is a SYN alone, as nfdump up to 1.7.2 has it. */
  | { readonly is: 'flags'; readonly bits: number }
  | Test

export type Test = NumberTest | ListTest | AddressTest | AsTest | TextTest | ClockTest | CompareTest

/** `(value >> shift) & mask` is in the set; a mask of 0 is none. */
export interface NumberTest {
  readonly is: 'number'
  readonly field: Field
  readonly shift: number
  readonly mask: number
  readonly set: NumberSet
  /** What rows without the field count as, where they count. */
  readonly missing: bigint | null
}

/** An element of a list is in the set: the one at a place, any, or the one with the lowest bit set. */
export interface ListTest {
  readonly is: 'list'
  /** Of u32-list; of octets that are taken four by four; or an address list. */
  readonly field: Field
  readonly at: number | 'any' | 'bottom'
  readonly shift: number
  readonly mask: number
  readonly set: NumberSet
  readonly addresses: AddressSet | null
}

/** What an address must be. */
export type AddressMatch =
  | { readonly is: 'any' }
  | { readonly is: 'set'; readonly set: AddressSet; readonly isInverted: boolean }
  /** The fact is one of the numbers, or with none of them: known. */
  | { readonly is: 'fact'; readonly fact: AddressFact; readonly numbers: readonly number[] }

export interface AddressTest {
  readonly is: 'address'
  readonly field: Field
  readonly match: AddressMatch
}

/** The AS number: the record's, or where that is 0 or absent what the table says of the address. */
export interface AsTest {
  readonly is: 'as'
  readonly field: Field
  readonly address: Field
  readonly fact: AddressFact
  readonly set: NumberSet
}

export type TextMatch =
  | { readonly is: 'texts'; readonly texts: readonly string[] }
  | { readonly is: 'pattern'; readonly pattern: (text: string) => boolean }

export interface TextTest {
  readonly is: 'text'
  readonly field: Field
  readonly match: TextMatch
  /** Of numbers that exporters have names for: these stand in the text's place. */
  readonly said?: Said
}

/** The flow began in the window. */
export interface ClockTest {
  readonly is: 'clock'
  readonly window: ClockWindow
}

export interface CompareTest {
  readonly is: 'compare'
  readonly left: Quantity
  readonly comparator: Comparator
  readonly right: Quantity
}

/** A number that a row has, exact: whole numbers and fractions of them. Division by 0 gives none. */
export type Quantity =
  | { readonly is: 'constant'; readonly n: bigint; readonly d: bigint }
  /** Times the sampling rate where `isScaled`. */
  | { readonly is: 'column'; readonly field: Field; readonly isScaled: boolean }
  /** Milliseconds from the first to the last packet, as nfdump counts them. */
  | { readonly is: 'duration' }
  /** The greatest whole number that is not above left / right; 0 where right is 0. */
  | { readonly is: 'rate'; readonly left: Quantity; readonly right: Quantity }
  | {
      readonly is: 'sum' | 'difference' | 'product' | 'quotient'
      readonly left: Quantity
      readonly right: Quantity
    }

export const ALWAYS: Condition = { is: 'constant', value: true }
export const NEVER: Condition = { is: 'constant', value: false }

/** All of the parts; parts that are constant are folded. */
export function all(parts: readonly Condition[]): Condition {
  return folded('and', parts)
}

/** Any of the parts. */
export function any(parts: readonly Condition[]): Condition {
  return folded('or', parts)
}

function folded(is: 'and' | 'or', parts: readonly Condition[]): Condition {
  const rest: Condition[] = []
  for (const part of parts) {
    if (part.is === 'constant') {
      if (part.value === (is === 'or')) return part
    } else if (part.is === is) for (const inner of part.parts) rest.push(inner)
    else rest.push(part)
  }
  if (rest.length === 0) return is === 'and' ? ALWAYS : NEVER
  return rest.length === 1 ? rest[0]! : { is, parts: rest }
}

/** Not the part. */
export function not(part: Condition): Condition {
  if (part.is === 'constant') return part.value ? NEVER : ALWAYS
  return part.is === 'not' ? part.part : { is: 'not', part }
}

/** Every column that the condition looks at. */
export function fieldsOf(
  condition: Condition,
  into: Set<Field>,
  always: Readonly<Record<'start' | 'end' | 'rate', Field>>,
): void {
  const quantity = (value: Quantity) => {
    if (value.is === 'column') {
      into.add(value.field)
      if (value.isScaled) into.add(always.rate)
    } else if (value.is === 'duration') {
      into.add(always.start)
      into.add(always.end)
    } else if (value.is !== 'constant') {
      quantity(value.left)
      quantity(value.right)
    }
  }
  switch (condition.is) {
    case 'constant':
    case 'flags':
      return
    case 'and':
    case 'or':
      for (const part of condition.parts) fieldsOf(part, into, always)
      return
    case 'not':
    case 'written':
      fieldsOf(condition.part, into, always)
      return
    case 'clock':
      into.add(always.start)
      return
    case 'compare':
      quantity(condition.left)
      quantity(condition.right)
      return
    case 'as':
      into.add(condition.address)
      into.add(condition.field)
      return
    case 'text':
      if (condition.said !== undefined) into.add(F.exporterAddress)
      into.add(condition.field)
      return
    default:
      into.add(condition.field)
  }
}
