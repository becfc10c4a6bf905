import { parseNetwork } from '../bytes/address.ts'
import { allFields, type Field, findField } from '../flow/fields.ts'
import { shownAs } from './cursor.ts'
import { nearestWord } from './nearest-word.ts'
import { ECS, NOT_HELD, NOUNS, QUALIFIERS, SAID, SPELLINGS } from './nouns.ts'
import type { Head, Reading } from './reading.ts'

/** Words that join primitives and never begin one. */
const JOINING = new Set(['and', 'or', 'not', 'eq', 'ne', 'lt', 'le', 'gt', 'ge'])

/** Words that primitives.ts reads by itself. */
export const SPECIAL: readonly string[] = [
  'any',
  'ipv4',
  'ipv6',
  'net',
  'flags',
  'icmp',
  'engine',
  'mpls',
  'asa',
  'event',
  'pblock',
  'observation',
  'acl',
  'ace',
  'xace',
  'duration',
  'bps',
  'pps',
  'bpp',
  'first',
  'last',
  'country',
  'internal',
  'transit',
  'between',
  'pair',
  'sampled',
  ...Object.keys(SAID),
  'network.direction',
  'network.type',
  'source.locality',
  'destination.locality',
  'event.duration',
]
const special = new Set(SPECIAL)

/**
 * Takes the words of a primitive up to the one that says what it is about. The noun is empty where qualifiers stand
 * alone: `in`, `src local`.
 */
export function takeHead(reading: Reading): Head {
  const { cursor } = reading
  const from = cursor.place
  const qualifiers: string[] = []
  let isBoth = false
  for (;;) {
    const token = cursor.peek()
    if (token.kind !== 'word' || JOINING.has(cursor.word())) break
    const words = expanded(reading, token.text)
    const noun = words.findIndex((word) => !QUALIFIERS.includes(word))
    qualifiers.push(...(noun < 0 ? words : words.slice(0, noun)))
    const at = cursor.place
    cursor.next()
    if (noun >= 0) {
      const ordered = QUALIFIERS.filter((word) => qualifiers.includes(word))
      return { qualifiers: ordered, noun: words[noun]!, isBoth, from, at, extra: words.slice(noun + 1) }
    }
    // nfdump: `src or dst port 80`, `src and dst port 80`.
    const last = qualifiers.at(-1)
    const other = last === 'src' ? 'dst' : last === 'dst' ? 'src' : ''
    if (other !== '' && (cursor.word() === 'or' || cursor.word() === 'and') && cursor.word(1) === other) {
      if (!isNoun(reading, cursor.peek(2).text)) break
      isBoth = cursor.word() === 'and'
      qualifiers.pop()
      cursor.next()
      cursor.next()
    }
  }
  const ordered = QUALIFIERS.filter((word) => qualifiers.includes(word))
  return { qualifiers: ordered, noun: '', isBoth, from, at: cursor.place, extra: [] }
}

/** What a word stands for: other spellings, names of ECS, and `src.port` for `src port`. */
function expanded(reading: Reading, text: string): string[] {
  // Elastic's users write `source.ip: 10.0.0.1`.
  const word = text.toLowerCase().replace(/(?<=\w):$/, '')
  const other = own(ECS, word) ?? own(SPELLINGS, word)
  if (other !== undefined) return other.split(' ')
  if (QUALIFIERS.includes(word) || special.has(word) || own(NOUNS, word) !== undefined) return [word]
  if (isNoun(reading, text)) return [text]
  const parts = word.split('.')
  if (parts.length > 1 && parts.length < 5) {
    const words = parts.flatMap((part) => own(SPELLINGS, part)?.split(' ') ?? [part])
    const last = words.pop()!
    if (words.every((part) => QUALIFIERS.includes(part)) && isNoun(reading, last)) return [...words, last]
  }
  return [text]
}

function own<T>(table: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined
}

/** Whether a primitive can be about the word. */
function isNoun(reading: Reading, text: string): boolean {
  const word = text.toLowerCase()
  return (
    own(NOUNS, word) !== undefined ||
    special.has(word) ||
    own(SPELLINGS, word) !== undefined ||
    reading.names.facts?.has(word) === true ||
    fieldNamed(reading, text) !== undefined
  )
}

/** The column of that name, whether a file has defined it or the registry knows it. */
export function fieldNamed(reading: Reading, name: string): Field | undefined {
  return findField(name) ?? reading.names.field?.(name)
}

/** The error for a word that begins no primitive. */
export function unknownWord(reading: Reading, head: Head) {
  const { cursor, names } = reading
  const back = cursor.place
  cursor.place = head.at
  const token = cursor.peek()
  cursor.place = back
  const word = token.text.toLowerCase()
  const reason = own(NOT_HELD, word) ?? own(NOT_HELD, head.noun.toLowerCase())
  if (reason !== undefined) return cursor.fault(`${word} cannot be asked for: ${reason}`, token)
  if (word === 'customer' || word === 'site' || word === 'country' || word === 'geo')
    return cursor.fault(
      `no table says the ${word === 'geo' ? 'country' : word} of an address; give one`,
      token,
    )
  if (parseNetwork(word) !== null)
    return cursor.fault(`${shownAs(token)} stands alone; write what it is, as in ip ${word}`, token)
  if (/^\d[\d.]*[a-z]+$/.test(word))
    return cursor.fault(
      `${shownAs(token)} is no number; K, M, G and T may follow one, times are in milliseconds`,
      token,
    )
  if (/^\d/.test(word))
    return cursor.fault(`${shownAs(token)} stands alone; write what it is, as in port 80`, token)
  if (word.includes('-') && word.split('-').every((part) => isNoun(reading, part)))
    return cursor.fault(`put blanks around minus: ${word.replaceAll('-', ' - ')}`, token)
  const near = nearestWord(token.text, [
    ...Object.keys(NOUNS),
    ...SPECIAL,
    ...Object.keys(SPELLINGS),
    ...QUALIFIERS,
    ...Object.keys(ECS),
    ...(names.facts?.keys() ?? []),
    ...allFields().map((field) => field.name),
  ])
  const protocol = /^(?:tcp|udp|icmp6?|gre|esp|sctp)$/.test(word) ? `proto ${word}` : near
  const proposal = protocol === undefined ? '' : `; did you mean ${protocol}?`
  return cursor.fault(
    `${JSON.stringify(token.text.slice(0, 60))} is no word of the filter language${proposal}`,
    token,
  )
}
