import { F, type Field } from '../flow/fields.ts'
import { AddressSetBuilder } from './address-set.ts'
import {
  type AddressTest,
  type AsTest,
  all,
  any,
  type Condition,
  type NumberTest,
  not,
  type TextTest,
} from './condition.ts'
import { type NumberSet, rangeOf, unionOf } from './number-set.ts'

/**
 * The same condition without what was written, its chains of `or` over one column joined to sets. `isNegated`: it
 * stands below an odd number of `not`.
 */
export function simplified(condition: Condition, isNegated = false): Condition {
  switch (condition.is) {
    case 'written':
      return simplified(condition.part, isNegated)
    case 'not':
      return not(simplified(condition.part, !isNegated))
    case 'and':
      return all(condition.parts.map((part) => simplified(part, isNegated)))
    case 'or': {
      const flat = any(condition.parts.map((part) => simplified(part, isNegated)))
      return flat.is === 'or' ? any(joined(flat.parts)) : flat
    }
    case 'flags':
      return flagsSet(condition.bits, isNegated)
    default:
      return condition
  }
}

function flagsSet(bits: number, isAny: boolean): Condition {
  const set = rangeOf(isAny ? 1n : BigInt(bits), BigInt(bits))
  const missing = null
  return all([
    { is: 'number', field: F.protocolIdentifier, shift: 0, mask: 0, set: rangeOf(6n, 6n), missing },
    { is: 'number', field: F.tcpControlBits, shift: 0, mask: bits, set, missing },
  ])
}

/** Tests of one column and view become one test; the others stay. */
function joined(parts: readonly Condition[]): Condition[] {
  const rest: Condition[] = []
  const groups = new Map<Field, Condition[][]>()
  for (const part of parts) {
    if (!('field' in part) || part.is === 'list') {
      rest.push(part)
      continue
    }
    const known = groups.get(part.field) ?? []
    groups.set(part.field, known)
    const group = known.find(([first]) => canJoin(first!, part))
    if (group === undefined) known.push([part])
    else group.push(part)
  }
  for (const lists of groups.values())
    for (const group of lists) rest.push(group.length === 1 ? group[0]! : union(group))
  return rest
}

function canJoin(a: Condition, b: Condition): boolean {
  if (a.is === 'number' && b.is === 'number')
    return a.shift === b.shift && a.mask === b.mask && a.missing === b.missing
  if (a.is === 'as' && b.is === 'as') return a.fact === b.fact
  if (a.is === 'text' && b.is === 'text')
    return a.said?.name === b.said?.name && a.match.is === 'texts' && b.match.is === 'texts'
  if (a.is !== 'address' || b.is !== 'address') return false
  if (a.match.is === 'set' && b.match.is === 'set') return !a.match.isInverted && !b.match.isInverted
  if (a.match.is !== 'fact' || b.match.is !== 'fact') return false
  return a.match.fact === b.match.fact && a.match.numbers.length > 0 && b.match.numbers.length > 0
}

function union(group: readonly Condition[]): Condition {
  const [first] = group
  if (first?.is === 'number') return { ...first, set: setsOf(group as readonly NumberTest[]) }
  if (first?.is === 'as') return { ...first, set: setsOf(group as readonly AsTest[]) }
  if (first?.is === 'text') {
    const texts = (group as readonly TextTest[]).flatMap(({ match }) =>
      match.is === 'texts' ? match.texts : [],
    )
    return { ...first, match: { is: 'texts', texts } }
  }
  const tests = group as readonly AddressTest[]
  const { field, match } = tests[0]!
  if (match.is === 'fact') {
    const numbers = tests.flatMap((test) => (test.match.is === 'fact' ? test.match.numbers : []))
    return { is: 'address', field, match: { ...match, numbers } }
  }
  const builder = new AddressSetBuilder()
  for (const test of tests) if (test.match.is === 'set') builder.addSet(test.match.set)
  return { is: 'address', field, match: { is: 'set', set: builder.build(), isInverted: false } }
}

function setsOf(tests: readonly { readonly set: NumberSet }[]): NumberSet {
  return unionOf(tests.map((test) => test.set))
}
