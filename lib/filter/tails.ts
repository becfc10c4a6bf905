import type { AddressFact } from '../flow/address-fact.ts'
import { F, type Field } from '../flow/fields.ts'
import type { Said } from '../flow/said-texts.ts'
import { type AddressSet, AddressSetBuilder } from './address-set.ts'
import {
  type AddressMatch,
  ALWAYS,
  all,
  any,
  type Condition,
  not,
  type Quantity,
  type TextMatch,
} from './condition.ts'
import { shownAs } from './cursor.ts'
import { momentOf } from './moment.ts'
import { E, type Noun } from './nouns.ts'
import {
  type Comparator,
  comparedWith,
  complementOf,
  GREATEST,
  LEAST,
  type NumberSet,
  rangeOf,
  unionOf,
} from './number-set.ts'
import { type TakeOperand, takeQuantity } from './quantities.ts'
import { type Columns, overColumns, type Reading } from './reading.ts'
import {
  addressesOfFile,
  expected,
  type NumberKind,
  numberFile,
  takeAddresses,
  takeAddressList,
  takeComparator,
  takeMac,
  takeNetwork,
  takeNumberList,
  takeNumberSet,
  takeNumbers,
} from './values.ts'

/** A test of one number column. */
export function numberIs(field: Field, set: NumberSet, noun: Partial<Noun> = {}): Condition {
  const { shift = 0, mask = 0, missing = null } = noun
  return { is: 'number', field, shift, mask, set, missing }
}

/** Takes what follows a word about numbers: a value, a comparison, a list, a file, arithmetic. */
export function takeNumberTail(
  reading: Reading,
  columns: Columns,
  noun: Noun,
  kind: NumberKind,
  isScaled: boolean,
  operand: TakeOperand,
): Condition {
  const { cursor } = reading
  const test = (set: NumberSet) => (field: Field) => numberTest(reading, field, set, noun, isScaled)
  if (cursor.takeWord('in') !== null) {
    const token = cursor.peek()
    if (noun.places['']?.includes(F.sourceTransportPort) && takePortBlock(reading)) {
      return overColumns(reading, columns, inPortBlock)
    }
    if (cursor.takeSign('[') !== null) {
      return overColumns(reading, columns, test(takeNumberList(reading, kind)))
    }
    if (token.kind !== 'path' && token.kind !== 'text')
      throw cursor.fault(`a list should stand here, as [1 2 3], or the name of a file, not ${shownAs(token)}`)
    cursor.next()
    return overColumns(reading, columns, test(numberFile(reading, kind, token)))
  }
  if (['+', '-', '*', '/'].some((sign) => cursor.isSign(sign))) {
    return takeComparison(
      reading,
      takeQuantity(reading, operand, quantityOf(reading, columns, isScaled)),
      operand,
    )
  }
  const comparator = takeComparator(reading)
  if (comparator === null) {
    return overColumns(reading, columns, test(takeNumberSet(reading, kind, '==')))
  }
  const back = cursor.place
  const value = takeNumbers(reading, kind)
  const isArithmetic = ['+', '-', '*', '/'].some((sign) => cursor.isSign(sign))
  cursor.place = back
  if (value !== null && !isArithmetic) {
    const set = takeNumberSet(reading, kind, comparator)
    // Scaled counters have more than 64 bits, and sets of numbers end there.
    if (isScaled && 'n' in value && comparator !== '==' && comparator !== '!=') {
      const left = (field: Field): Quantity => ({ is: 'column', field, isScaled })
      const right: Quantity = { is: 'constant', ...value }
      return overColumns(reading, columns, (field) => ({
        is: 'compare',
        left: left(field),
        comparator,
        right,
      }))
    }
    return overColumns(reading, columns, test(set), comparator === '!=')
  }
  const token = cursor.peek()
  if (value === null && (token.kind === 'end' || token.kind === 'text' || cursor.isSign(')')))
    throw expected(reading, kind)
  const right = takeQuantity(reading, operand)
  if (right.is === 'constant') {
    return overColumns(reading, columns, test(comparedWith(comparator, right)), comparator === '!=')
  }
  return { is: 'compare', left: quantityOf(reading, columns, isScaled), comparator, right }
}

function numberTest(
  reading: Reading,
  field: Field,
  set: NumberSet,
  noun: Noun,
  isScaled: boolean,
): Condition {
  if (noun.isAs === true) return asIs(reading, field, set)
  if (!isScaled) return numberIs(field, set, noun)
  const left: Quantity = { is: 'column', field, isScaled }
  const bound = (comparator: Comparator, n: bigint): Condition => ({
    is: 'compare',
    left,
    comparator,
    right: { is: 'constant', n, d: 1n },
  })
  return any(
    set.lows.map((low, i) => {
      const high = set.highs[i]!
      if (low === high) return bound('==', low)
      // Scaled counters have more than 64 bits: the ends of the range are then no bounds.
      const parts = [
        ...(low === LEAST ? [] : [bound('>=', low)]),
        ...(high === GREATEST ? [] : [bound('<=', high)]),
      ]
      return parts.length === 0 ? bound('>=', 0n) : all(parts)
    }),
  )
}

/** A test of an AS number: the record's, else the table's. */
export function asIs({ names }: Reading, field: Field, set: NumberSet): Condition {
  const isSource = field === F.bgpSourceAsNumber
  if (names.as === undefined || (!isSource && field !== F.bgpDestinationAsNumber)) return numberIs(field, set)
  const fact = 'fill' in names.as ? names.as : isSource ? names.as.source : names.as.destination
  return { is: 'as', field, address: isSource ? F.sourceAddress : F.destinationAddress, fact, set }
}

/** The comparison that follows an arithmetic term. */
export function takeComparison(reading: Reading, left: Quantity, operand: TakeOperand): Condition {
  const comparator = takeComparator(reading)
  if (comparator === null)
    throw reading.cursor.fault(`a comparator should stand here, as <, not ${shownAs(reading.cursor.peek())}`)
  return { is: 'compare', left, comparator, right: takeQuantity(reading, operand) }
}

/** The columns as one number. */
export function quantityOf({ cursor }: Reading, columns: Columns, isScaled: boolean): Quantity {
  const [field, ...more] = columns.fields
  if (field === undefined || more.length > 0 || columns.end !== null)
    throw cursor.fault('arithmetic needs one number of each flow; write src or dst before it')
  return { is: 'column', field, isScaled }
}

function takePortBlock({ cursor }: Reading): boolean {
  const ahead = cursor.word() === 'nat' ? 1 : 0
  if (cursor.word(ahead) !== 'pblock') return false
  cursor.place += ahead + 1
  return true
}

function inPortBlock(field: Field): Condition {
  const left: Quantity = { is: 'column', field, isScaled: false }
  const bound = (comparator: Comparator, edge: Field): Condition => ({
    is: 'compare',
    left,
    comparator,
    right: { is: 'column', field: edge, isScaled: false },
  })
  return all([bound('>=', E.portRangeStart), bound('<=', E.portRangeEnd)])
}

/** Takes what follows a word about addresses. */
export function takeAddressTail(reading: Reading, columns: Columns, isNetwork: boolean): Condition {
  const { cursor } = reading
  const isIn = cursor.takeWord('in') !== null
  const comparator = isIn ? null : takeComparator(reading)
  const token = cursor.peek()
  if (comparator !== null && comparator !== '==' && comparator !== '!=')
    throw cursor.fault(
      'addresses can only be compared with == or !=; for a range write ip in [10.0.0.1-10.0.0.9]',
    )
  const isInverted = comparator === '!='
  if (token.kind === 'word' && token.text.startsWith('@')) {
    cursor.next()
    const match = namedNetwork(reading, token.text.slice(1))
    if (match === null) throw cursor.fault(`no local network or label is called ${shownAs(token)}`, token)
    const test = (field: Field): Condition => ({ is: 'address', field, match })
    return isInverted
      ? all([anyAddress(reading, columns), not(overColumns(reading, columns, test))])
      : overColumns(reading, columns, test)
  }
  let set: AddressSet
  if (cursor.takeSign('[') !== null) set = takeAddressList(reading)
  else if (isIn && (token.kind === 'path' || token.kind === 'text')) {
    cursor.next()
    set = addressesOfFile(reading, token)
  } else {
    const builder = new AddressSetBuilder()
    if (isNetwork) takeNetwork(reading, builder)
    else takeAddresses(reading, builder, true)
    set = builder.build()
  }
  const match: AddressMatch = { is: 'set', set, isInverted }
  return overColumns(reading, columns, (field) => addressIs(field, match), isInverted)
}

function anyAddress(reading: Reading, columns: Columns): Condition {
  return overColumns(reading, columns, (field) => ({ is: 'address', field, match: { is: 'any' } }), true)
}

function addressIs(field: Field, match: AddressMatch): Condition {
  if (field.kind === 'address') return { is: 'address', field, match }
  const addresses = match.is === 'set' ? match.set : null
  return { is: 'list', field, at: 'any', shift: 0, mask: 0, set: rangeOf(LEAST, GREATEST), addresses }
}

/** What `@name` stands for: a local network, else a label. */
function namedNetwork({ names }: Reading, name: string): AddressMatch | null {
  const labels = [...(names.facts ?? [])].filter(([key]) => !/^(?:country|as)(?:\.|$)/.test(key))
  // Names of networks go before labels of the same name.
  labels.sort(([a], [b]) => Number(b.startsWith('local')) - Number(a.startsWith('local')))
  for (const fact of [...(names.local ? [names.local] : []), ...labels.map(([, label]) => label)]) {
    const numbers = numbersOf(fact, name)
    if (numbers.length > 0) return { is: 'fact', fact, numbers }
  }
  return null
}

/** The numbers that a text may stand for; empty where it stands for none. */
export function numbersOf(fact: AddressFact, text: string): readonly number[] {
  const found = fact.findAll?.(text) ?? [fact.find(text)]
  return found.filter((number) => number > 0)
}

/** Takes what follows a word about MAC addresses. */
export function takeMacTail(reading: Reading, columns: Columns): Condition {
  const { cursor } = reading
  const macs: bigint[] = []
  let comparator: Comparator | null = null
  if (cursor.takeWord('in') !== null) {
    if (cursor.takeSign('[') === null) throw cursor.fault('a list should stand here, as [00:11:22:aa:bb:cc]')
    while (cursor.takeSign(']') === null) if (cursor.takeSign(',') === null) macs.push(takeMac(reading))
  } else {
    comparator = takeComparator(reading)
    if (comparator !== null && comparator !== '==' && comparator !== '!=')
      throw cursor.fault('MAC addresses can only be compared with == or !=')
    macs.push(takeMac(reading))
  }
  const sorted = unionOf(macs.map((mac) => rangeOf(mac, mac)))
  const wanted = comparator === '!=' ? complementOf(sorted) : sorted
  return overColumns(reading, columns, (field) => numberIs(field, wanted), comparator === '!=')
}

/** Takes what follows a word about points in time. */
export function takeTimeTail(reading: Reading, field: Field): Condition {
  const { cursor, names } = reading
  const comparator = takeComparator(reading) ?? '=='
  const token = cursor.peek()
  const sign = cursor.takeSign('-') ?? ''
  const word = cursor.next()
  const moment =
    word.kind === 'word' || word.kind === 'text'
      ? momentOf(sign + word.text, names.timeZone ?? 'UTC', names.nowMs ?? Date.now())
      : null
  if (moment === null)
    throw cursor.fault(
      `a time should stand here, as 2026-11-21T10:00, now or -1d, not ${shownAs(word)}`,
      token,
    )
  const first = moment.ns
  const last = moment.ns + moment.grain - 1n
  const isUp = comparator === '<' || comparator === '>='
  const set =
    comparator === '=='
      ? rangeOf(first, last)
      : comparator === '!='
        ? complementOf(rangeOf(first, last))
        : comparedWith(comparator, { n: isUp ? first : last, d: 1n })
  return numberIs(field, set)
}

/** Takes what follows a word about texts; `said`: they are what exporters call the field's numbers. */
export function takeTextTail(reading: Reading, field: Field, said?: Said): Condition {
  const { cursor } = reading
  const matching = (match: TextMatch): Condition =>
    said === undefined ? { is: 'text', field, match } : { is: 'text', field, match, said }
  const pattern = cursor.takeSign('~', '!~')
  if (pattern !== null) {
    const token = cursor.next()
    if (token.kind !== 'pattern' && token.kind !== 'text')
      throw cursor.fault(`a pattern should stand here, as /^web/, not ${shownAs(token)}`, token)
    let matches: (text: string) => boolean
    try {
      matches = reading.pattern(token.text)
    } catch (error) {
      const why = error instanceof Error ? error.message.split('\n')[0]! : String(error)
      throw cursor.fault(`the pattern cannot be used: ${why}`, token)
    }
    const test = matching({ is: 'pattern', pattern: matches })
    return pattern === '~' ? test : not(test)
  }
  if (cursor.takeWord('in') !== null) {
    if (cursor.takeSign('[') === null) throw cursor.fault('a list should stand here, as ["a" "b"]')
    const texts: string[] = []
    while (cursor.takeSign(']') === null) if (cursor.takeSign(',') === null) texts.push(takeText(reading))
    return matching({ is: 'texts', texts })
  }
  const comparator = takeComparator(reading) ?? '=='
  if (comparator !== '==' && comparator !== '!=')
    throw cursor.fault('texts can only be compared with ==, != or ~ /pattern/')
  const test = matching({ is: 'texts', texts: [takeText(reading)] })
  // Rows without the text have none that differs.
  const present = matching({ is: 'pattern', pattern: () => true })
  return comparator === '==' ? test : all([present, not(test)])
}

/** Takes a text, in quotes or a single word. */
export function takeText({ cursor }: Reading): string {
  const token = cursor.next()
  if (token.kind === 'word' || token.kind === 'text' || token.kind === 'path') return token.text
  throw cursor.fault(`a text should stand here, as "web", not ${shownAs(token)}`, token)
}

/** Takes what follows the name of a fact about addresses: country, customer, site. */
export function takeFactTail(reading: Reading, columns: Columns, fact: AddressFact): Condition {
  const { cursor } = reading
  const names: string[] = []
  let comparator: Comparator = '=='
  const start = cursor.place
  if (cursor.takeWord('in') !== null) {
    // Two letters may be a country: `country IN` is India.
    if (cursor.takeSign('[') === null) cursor.place = start
    else
      while (cursor.takeSign(']') === null) if (cursor.takeSign(',') === null) names.push(takeText(reading))
  } else comparator = takeComparator(reading) ?? '=='
  if (comparator !== '==' && comparator !== '!=')
    throw cursor.fault(`${fact.name} can only be compared with == or !=`)
  if (names.length === 0) names.push(takeText(reading))
  const numbers = names.flatMap((name) => {
    const own = numbersOf(fact, name)
    const found = own.length > 0 ? own : numbersOf(fact, name.toUpperCase())
    if (found.length > 0) return found
    cursor.place--
    throw cursor.fault(`the table knows no ${fact.name} ${JSON.stringify(name)}`)
  })
  const match: AddressMatch = { is: 'fact', fact, numbers }
  const condition = overColumns(reading, columns, (field) => ({ is: 'address', field, match }))
  return comparator === '=='
    ? condition
    : all([anyAddress(reading, { ...columns, only: ALWAYS }), not(condition)])
}
