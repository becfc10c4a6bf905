import { F, type Field } from '../flow/fields.ts'
import { ALWAYS, type Condition, type Quantity } from './condition.ts'
import { numberOf, shownAs } from './cursor.ts'
import { fieldNamed, takeHead, unknownWord } from './heads.ts'
import { NOUNS, type Noun } from './nouns.ts'
import type { NumberSet } from './number-set.ts'
import { rateOf } from './quantities.ts'
import type { Columns, Head, Reading } from './reading.ts'
import { quantityOf, takeNumberTail } from './tails.ts'
import type { ValueNames } from './value-names.ts'
import { takeComparator, takeNumberList, takeNumberSet } from './values.ts'

/** Reads an operand of arithmetic: a number, a column, a rate. */
export function takeOperand(reading: Reading): Quantity {
  const { cursor } = reading
  const number = cursor.peek().kind === 'word' ? numberOf(cursor.word()) : null
  if (number !== null) {
    cursor.next()
    return { is: 'constant', ...number }
  }
  if (cursor.peek().kind !== 'word')
    throw cursor.fault(`a number or a column should stand here, not ${shownAs(cursor.peek())}`)
  const head = takeHead(reading)
  const rate = rateOf(head.noun, isScaled(reading, head))
  if (rate !== null) return rate
  const noun = Object.hasOwn(NOUNS, head.noun) ? NOUNS[head.noun]! : null
  if (noun !== null) {
    const columns = columnsOf(reading, head, noun)
    const [field] = columns.fields
    if (field?.kind === 'address' || field?.kind === 'mac')
      throw cursor.fault(`${head.noun} is no number; arithmetic needs numbers`)
    return quantityOf(reading, columns, noun.isCounter === true && isScaled(reading, head))
  }
  const field = head.noun === '' ? undefined : fieldNamed(reading, head.noun)
  if (field === undefined) throw unknownWord(reading, head)
  if (!NUMERIC.has(field.kind)) throw cursor.fault(`${field.name} is no number; arithmetic needs numbers`)
  return { is: 'column', field, isScaled: isAsked(head, 'scaled') }
}

const NUMERIC = new Set(['u8', 'u16', 'u32', 'u64', 'i64', 'f64'])

/** Whether the word stands before the noun. */
export function isAsked(head: Head, word: string): boolean {
  return head.qualifiers.includes(word)
}

/** Whether counters are to be multiplied with the sampling rate. */
export function isScaled({ names }: Reading, head: Head): boolean {
  if (isAsked(head, 'raw')) return false
  return isAsked(head, 'scaled') || names.counters !== 'raw'
}

/** What the word chooses; an error with the choices otherwise. */
export function choose<T>({ cursor }: Reading, word: string, choices: Readonly<Record<string, T>>): T {
  if (Object.hasOwn(choices, word)) return choices[word]!
  if (word !== '') cursor.place--
  throw cursor.fault(`${Object.keys(choices).join(' or ')} should stand here, not ${shownAs(cursor.peek())}`)
}

/** The noun's columns under the words before it. */
export function columnsOf(reading: Reading, head: Head, noun: Noun): Columns {
  const { cursor } = reading
  const end = isAsked(head, 'local') ? 'local' : isAsked(head, 'remote') ? 'remote' : null
  const key = head.qualifiers.filter((word) => !['local', 'remote', 'raw', 'scaled'].includes(word)).join(' ')
  const fields = Object.hasOwn(noun.places, key) ? noun.places[key] : undefined
  if (fields === undefined) {
    const known = Object.keys(noun.places).filter((place) => place !== '')
    const hint = known.length === 0 ? 'takes no word before it' : `may follow ${known.join(', ')}`
    cursor.place = head.at
    throw cursor.fault(`"${key} ${head.noun}" means nothing; ${head.noun} ${hint}`)
  }
  const only: Condition = key.includes('tun')
    ? { is: 'address', field: F.innerSourceAddress, match: { is: 'any' } }
    : ALWAYS
  return { fields, isBoth: head.isBoth, end, only }
}

/** Takes what follows a word about one number column. */
export function number(
  reading: Reading,
  field: Field,
  what: string,
  most: bigint | null,
  names: ValueNames | null = null,
): Condition {
  const columns: Columns = { fields: [field], isBoth: false, end: null, only: ALWAYS }
  return takeNumberTail(
    reading,
    columns,
    { places: { '': [field] } },
    { what, names, most },
    false,
    takeOperand,
  )
}

/** Takes what follows a word about an element of a list, which is looked at as `(element >> shift) & mask`. */
export function list(
  reading: Reading,
  field: Field,
  at: number | 'any' | 'bottom',
  shift: number,
  mask: number,
  most: bigint | null,
): Condition {
  const set = takeSet(reading, { what: 'a number', names: null, most })
  return { is: 'list', field, at, shift, mask, set, addresses: null }
}

function takeSet(reading: Reading, kind: { what: string; names: null; most: bigint | null }): NumberSet {
  const { cursor } = reading
  if (cursor.word() === 'in' && cursor.isSign('[', 1)) {
    cursor.place += 2
    return takeNumberList(reading, kind)
  }
  return takeNumberSet(reading, kind, takeComparator(reading) ?? '==')
}
