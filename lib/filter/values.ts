import { parseIpv4 } from '../bytes/address.ts'
import { addressFile } from './address-file.ts'
import { type AddressSet, AddressSetBuilder } from './address-set.ts'
import { numberOf, shownAs } from './cursor.ts'
import { nearestWord } from './nearest-word.ts'
import {
  type Comparator,
  comparedWith,
  type Fraction,
  type NumberSet,
  rangeOf,
  unionOf,
} from './number-set.ts'
import type { Reading } from './reading.ts'
import type { Token } from './tokens.ts'
import type { ValueNames } from './value-names.ts'

const SIGNS = new Map<string, Comparator>([
  ['=', '=='],
  ['==', '=='],
  ['!=', '!='],
  ['<>', '!='],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
])
const WORDS = new Map<string, Comparator>([
  ['eq', '=='],
  ['ne', '!='],
  ['lt', '<'],
  ['le', '<='],
  ['gt', '>'],
  ['ge', '>='],
])

/** Takes a comparator; null where none comes next, which means `==`. */
export function takeComparator({ cursor }: Reading): Comparator | null {
  const token = cursor.peek()
  const found =
    token.kind === 'sign'
      ? SIGNS.get(token.text)
      : token.kind === 'word'
        ? WORDS.get(token.text.toLowerCase())
        : undefined
  if (found === undefined) return null
  cursor.next()
  return found
}

/** What numbers of one kind look like. */
export interface NumberKind {
  readonly what: string
  readonly names: ValueNames | null
  readonly most: bigint | null
}

/** Takes a number, a name that stands for one, or a range `80-90`; null, and nothing taken, for other pieces. */
export function takeNumbers(reading: Reading, kind: NumberKind): NumberSet | Fraction | null {
  const { cursor } = reading
  const token = cursor.peek()
  if (token.kind !== 'word' && token.kind !== 'text') return null
  const text = token.text.toLowerCase()
  const named = kind.names?.get(text)
  if (named !== undefined) {
    cursor.next()
    return { n: named, d: 1n }
  }
  const number = numberOf(kind.what === 'an AS number' ? text.replace(/^as(?=\d)/, '') : text)
  if (number !== null) {
    checkMost(reading, number, kind)
    cursor.next()
    return number
  }
  const [first, last, ...more] = text.split('-').map(numberOf)
  if (first == null || last == null || more.length > 0) return null
  if (first.d !== 1n || last.d !== 1n || first.n > last.n)
    throw cursor.fault(`a range goes from the smaller number to the greater, as in 80-90`)
  checkMost(reading, last, kind)
  cursor.next()
  return rangeOf(first.n, last.n)
}

function checkMost({ cursor }: Reading, number: Fraction, kind: NumberKind): void {
  if (kind.most !== null && number.n > kind.most * number.d)
    throw cursor.fault(`${kind.what} is at most ${kind.most}`)
}

/** Takes what follows a comparator or `in`: the set of the numbers that match. */
export function takeNumberSet(reading: Reading, kind: NumberKind, comparator: Comparator): NumberSet {
  const value = takeNumbers(reading, kind)
  if (value === null) throw expected(reading, kind)
  if ('n' in value) return comparedWith(comparator, value)
  if (comparator === '==') return value
  if (comparator === '!=') return complement(value)
  throw reading.cursor.fault('a range can only be compared with == or !=')
}

function complement(set: NumberSet): NumberSet {
  return unionOf([
    comparedWith('<', { n: set.lows[0]!, d: 1n }),
    comparedWith('>', { n: set.highs.at(-1)!, d: 1n }),
  ])
}

/** Takes `[80 443, 8000-8100]` after its bracket. */
export function takeNumberList(reading: Reading, kind: NumberKind): NumberSet {
  const { cursor } = reading
  const sets: NumberSet[] = []
  while (cursor.takeSign(']') === null) {
    if (cursor.takeSign(',') !== null) continue
    if (cursor.peek().kind === 'end') throw cursor.fault('the closing ] is missing')
    sets.push(takeNumberSet(reading, kind, '=='))
  }
  if (sets.length === 0) throw cursor.fault('the list is empty')
  return unionOf(sets)
}

/** The numbers of a file, one or more a line; comments start with #. */
export function numberFile(reading: Reading, kind: NumberKind, token: Token): NumberSet {
  if (/^\d+(?:-\d+)?$/.test(token.text))
    throw reading.cursor.fault(`a list stands in brackets: [${token.text}]`, token)
  const sets: NumberSet[] = []
  let line = 0
  for (const text of readNamed(reading, token).split('\n')) {
    line++
    for (const word of text.replace(/[#;].*/, '').split(/[\s,]+/)) {
      if (word === '') continue
      const [first, last = first] = word
        .toLowerCase()
        .replace(/^as(?=\d)/, '')
        .split('-')
        .map(numberOf)
      if (first == null || last == null || first.d !== 1n || last.d !== 1n)
        throw reading.cursor.fault(
          `line ${line} of ${token.text}: ${JSON.stringify(word.slice(0, 60))} is not ${kind.what}`,
          token,
        )
      sets.push(rangeOf(first.n, last.n))
    }
  }
  return unionOf(sets)
}

function readNamed({ cursor, names }: Reading, token: Token): string {
  if (names.readFile === undefined) throw cursor.fault('files cannot be read here', token)
  return names.readFile(token.text)
}

/** The error where a value of the kind should stand. */
export function expected({ cursor }: Reading, kind: NumberKind) {
  const token = cursor.peek()
  const near = kind.names === null ? undefined : nearestWord(token.text, kind.names.keys())
  const proposal = near === undefined ? '' : `; did you mean ${near}?`
  return cursor.fault(`${kind.what} should stand here, not ${shownAs(token)}${proposal}`)
}

/** Takes an address, a network `10.0.0.0/8`, `10.0/16`, `10.0.0.0 255.0.0.0` or a range of addresses. */
export function takeAddresses(reading: Reading, builder: AddressSetBuilder, withMask: boolean): void {
  const { cursor } = reading
  const token = cursor.peek()
  if (token.kind !== 'word' && token.kind !== 'text') throw noAddress(reading, token)
  cursor.next()
  const text = completed(token.text, cursor.isSign('/'))
  if (cursor.takeSign('/') !== null) {
    const length = cursor.next()
    if (!/^\d{1,3}$/.test(length.text) || !builder.addText(`${text}/${length.text}`)) {
      if (!new AddressSetBuilder().addText(text)) throw noAddress(reading, token)
      throw cursor.fault(`the prefix length is a number up to ${text.includes(':') ? 128 : 32}`, length)
    }
    return
  }
  if (builder.addText(text)) {
    if (withMask && cursor.peek().kind === 'word' && parseIpv4(cursor.peek().text) >= 0)
      throw cursor.fault('a mask belongs to a network; write net 10.0.0.0 255.0.0.0')
    return
  }
  const [first, last, ...more] = token.text.split('-')
  if (first !== undefined && last !== undefined && more.length === 0 && builder.addRange(first, last)) return
  throw noAddress(reading, token)
}

/** Takes the network of `net`: also with a mask, and short. */
export function takeNetwork(reading: Reading, builder: AddressSetBuilder): void {
  const { cursor } = reading
  const mask = parseIpv4(cursor.peek(1).text)
  if (cursor.peek(1).kind === 'word' && mask >= 0 && parseIpv4(cursor.peek().text) >= 0) {
    const address = cursor.next()
    const length = Math.clz32(~mask)
    if (length < 32 && (mask << length) >>> 0 !== 0)
      throw cursor.fault('the mask has holes; its ones come first, as in 255.255.0.0')
    builder.addText(`${address.text}/${length}`)
    cursor.next()
    return
  }
  takeAddresses(reading, builder, false)
}

/** `10/8` and `10.0/16` as nfdump takes them: the octets left out are 0. */
function completed(text: string, isNetwork: boolean): string {
  if (!isNetwork || !/^\d{1,3}(?:\.\d{1,3}){0,2}$/.test(text)) return text
  return `${text}${'.0'.repeat(4 - text.split('.').length)}`
}

function noAddress({ cursor }: Reading, token: Token) {
  if (token.text.toLowerCase() === 'tor')
    return cursor.fault(
      'tor cannot be asked for: no list of Tor nodes is held; give one: ip in tor.txt',
      token,
    )
  const isName = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}$/i.test(token.text)
  if (isName)
    return cursor.fault(`${shownAs(token)} is a name; names are not looked up, give the address`, token)
  return cursor.fault(
    `an address or network should stand here, as 10.0.0.1 or 2001:db8::/32, not ${shownAs(token)}`,
    token,
  )
}

/** Takes `[10.0.0.1 10.2.0.0/16, …]` after its bracket. */
export function takeAddressList(reading: Reading): AddressSet {
  const { cursor } = reading
  const builder = new AddressSetBuilder()
  let count = 0
  while (cursor.takeSign(']') === null) {
    if (cursor.takeSign(',') !== null) continue
    if (cursor.peek().kind === 'end') throw cursor.fault('the closing ] is missing')
    takeAddresses(reading, builder, false)
    count++
  }
  if (count === 0) throw cursor.fault('the list is empty')
  return builder.build()
}

/** The addresses of the file that a piece names; a network without brackets is taken as it is. */
export function addressesOfFile(reading: Reading, token: Token): AddressSet {
  const builder = new AddressSetBuilder()
  if (token.kind === 'path' && builder.addText(token.text)) return builder.build()
  return addressFile(token.text, readNamed(reading, token))
}

/** Takes a MAC address as one number of 48 bits. */
export function takeMac({ cursor }: Reading): bigint {
  const token = cursor.peek()
  const parts = token.text.split(/[:-]/)
  const dotted = /^([0-9a-f]{4})\.([0-9a-f]{4})\.([0-9a-f]{4})$/i.exec(token.text)
  const digits =
    dotted !== null
      ? dotted.slice(1).join('')
      : parts.length === 6 && parts.every((part) => /^[0-9a-f]{1,2}$/i.test(part))
        ? parts.map((part) => part.padStart(2, '0')).join('')
        : ''
  if (digits === '')
    throw cursor.fault(`a MAC address should stand here, as 00:11:22:aa:bb:cc, not ${shownAs(token)}`)
  cursor.next()
  return BigInt(`0x${digits}`)
}
