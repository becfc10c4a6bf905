import { fitPrefixCode, newPrefixCode } from './prefix-code.ts'

/** Literals, the end of a block, and lengths (RFC 1951 §3.2.5). */
const SYMBOLS = 286
const END_OF_BLOCK = 256
const FIRST_LENGTH = 257
const DISTANCES = 30
const SHORTEST = 3
const LONGEST = 258
/** With its extra bits, at most 5 for a length and 13 for a distance (§3.2.5), a code has at most 24 bits. */
const MOST_CODE_BITS = 11
/** In which order the lengths of codes of lengths are written (§3.2.7). */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
const MOST_ORDER_BITS = 7
/** Octets that one octet may become: a repeat of three takes 16 and 24 bits. */
export const MOST_TOKEN_OCTETS = 5 / 3

/** The symbol of each length, how many extra bits it has, and their value (§3.2.5). */
const LENGTH_SYMBOLS = new Uint16Array(LONGEST + 1)
const LENGTH_BITS = new Uint8Array(LONGEST + 1)
const LENGTH_EXTRAS = new Uint8Array(LONGEST + 1)
{
  let length = SHORTEST
  for (let symbol = FIRST_LENGTH; symbol < 285; symbol++) {
    const bits = symbol < 265 ? 0 : (symbol - 261) >> 2
    for (let i = 0; i < 1 << bits; i++, length++) {
      LENGTH_SYMBOLS[length] = symbol
      LENGTH_BITS[length] = bits
      LENGTH_EXTRAS[length] = i
    }
  }
  LENGTH_SYMBOLS[LONGEST] = 285
  LENGTH_BITS[LONGEST] = 0
  LENGTH_EXTRAS[LONGEST] = 0
}

/** The symbol of a distance: the two highest bits of what it is less 1 say which, the others are extra (§3.2.5). */
export function distanceSymbol(distance: number): number {
  const less = distance - 1
  if (less < 4) return less
  const high = 31 - Math.clz32(less)
  return high * 2 + ((less >>> (high - 1)) & 1)
}

/**
 * Prefix codes of literals, lengths and the symbols of distances. Codes stand in the low 24 bits, those of lengths with the
 * extra bits behind, and how many bits that are in the upper eight. Every symbol has a code, so that any stream can be
 * written. The tables are small: what documents differ in would look all over large ones.
 */
export class DeflateCodes {
  readonly literals = new Uint32Array(256)
  readonly lengths = new Uint32Array(LONGEST + 1)
  /** By symbol, without extra bits. */
  readonly distances = new Uint32Array(DISTANCES)
  end = 0
  /** The codes' description, as it stands behind a block's first three bits (§3.2.7): values, and bits of each. */
  description = new Uint8Array(0)
  descriptionBits = new Uint8Array(0)
  readonly #symbolCounts = new Uint32Array(SYMBOLS)
  readonly #distanceCounts = new Uint32Array(DISTANCES)
  readonly #symbolCode = newPrefixCode(SYMBOLS)
  readonly #distanceCode = newPrefixCode(DISTANCES)

  /** Begins with codes for digits, letters and repeats from the document before. */
  constructor() {
    this.count()
    const counts = this.#symbolCounts
    for (let octet = 0x20; octet < 0x7f; octet++) counts[octet] = 8
    for (let digit = 0x30; digit <= 0x39; digit++) counts[digit] = 64
    counts.fill(24, FIRST_LENGTH)
    this.#distanceCounts.fill(8).fill(64, 14, 24)
    this.fit()
  }

  /** Begins to count what is written. */
  count(): void {
    this.#symbolCounts.fill(1)
    this.#distanceCounts.fill(1)
  }

  countLiterals(octets: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; at++) this.#symbolCounts[octets[at]!]!++
  }

  countRepeat(length: number, distance: number): void {
    this.#symbolCounts[LENGTH_SYMBOLS[length]!]!++
    this.#distanceCounts[distanceSymbol(distance)]!++
  }

  /** Makes codes for what was counted. */
  fit(): void {
    fitPrefixCode(this.#symbolCode, this.#symbolCounts, MOST_CODE_BITS)
    fitPrefixCode(this.#distanceCode, this.#distanceCounts, MOST_CODE_BITS)
    const { codes, lengths: bits } = this.#symbolCode
    for (let octet = 0; octet < 256; octet++) this.literals[octet] = codes[octet]! | (bits[octet]! << 24)
    this.end = codes[END_OF_BLOCK]! | (bits[END_OF_BLOCK]! << 24)
    for (let length = SHORTEST; length <= LONGEST; length++) {
      const symbol = LENGTH_SYMBOLS[length]!
      const code = codes[symbol]! | (LENGTH_EXTRAS[length]! << bits[symbol]!)
      this.lengths[length] = code | ((bits[symbol]! + LENGTH_BITS[length]!) << 24)
    }
    for (let symbol = 0; symbol < DISTANCES; symbol++) {
      const code = this.#distanceCode.codes[symbol]!
      this.distances[symbol] = code | (this.#distanceCode.lengths[symbol]! << 24)
    }
    this.#describe()
  }

  /** How long the codes are (§3.2.7); equal lengths in a row are not put together. */
  #describe(): void {
    const all = [...this.#symbolCode.lengths, ...this.#distanceCode.lengths]
    const counts = new Uint32Array(ORDER.length)
    for (const length of all) counts[length]!++
    const order = newPrefixCode(ORDER.length)
    fitPrefixCode(order, counts, MOST_ORDER_BITS)
    const values = [SYMBOLS - FIRST_LENGTH, DISTANCES - 1, ORDER.length - 4]
    const bits = [5, 5, 4]
    for (const length of ORDER) {
      values.push(order.lengths[length]!)
      bits.push(3)
    }
    for (const length of all) {
      values.push(order.codes[length]!)
      bits.push(order.lengths[length]!)
    }
    this.description = Uint8Array.from(values)
    this.descriptionBits = Uint8Array.from(bits)
  }
}
