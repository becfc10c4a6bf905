import { fitPrefixCode, newPrefixCode } from './prefix-code.ts'

/** Literals, the end of a block, and lengths (RFC 1951 §3.2.5). */
const SYMBOLS = 286
const END_OF_BLOCK = 256
const DISTANCES = 30
/** With its five extra bits a length's code fits in 16. */
const MOST_CODE_BITS = 11
const MOST_DISTANCE_BITS = 15
/** In which order the lengths of codes of lengths are written (§3.2.7). */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
const MOST_ORDER_BITS = 7
/** Octets and back-references of one block. */
const BLOCK_TOKENS = 1 << 16
/** Octets that a block may take: two codes and their extra bits for each token, and the description of the codes. */
export const BLOCK_ROOM = BLOCK_TOKENS * 6 + 512
/** Blocks that share their codes: documents change little from one to the next. */
const BLOCKS_OF_CODES = 16

/** The symbol of each length less 3, its extra bits, and their value (§3.2.5). */
const LENGTH_SYMBOLS = new Uint16Array(256)
const LENGTH_BITS = new Uint8Array(256)
const LENGTH_EXTRAS = new Uint8Array(256)
{
  let length = 0
  for (let symbol = 257; symbol < 285; symbol++) {
    const bits = symbol < 265 ? 0 : (symbol - 261) >> 2
    for (let i = 0; i < 1 << bits; i++, length++) {
      LENGTH_SYMBOLS[length] = symbol
      LENGTH_BITS[length] = bits
      LENGTH_EXTRAS[length] = i
    }
  }
  LENGTH_SYMBOLS[255] = 285
  LENGTH_BITS[255] = 0
  LENGTH_EXTRAS[255] = 0
}

/** The symbol of each distance less 1: its two highest bits say which, the others are extra (§3.2.5). */
const DISTANCE_SYMBOLS = Uint8Array.from({ length: 1 << 15 }, (_, less) => {
  if (less < 4) return less
  const high = 31 - Math.clz32(less)
  return high * 2 + ((less >>> (high - 1)) & 1)
})

const DISTANCE_BITS = Uint8Array.from({ length: DISTANCES }, (_, symbol) =>
  symbol < 4 ? 0 : (symbol >> 1) - 1,
)

/** Gathers literals and back-references, and writes them as blocks with codes of their own. */
export class DeflateBlocks {
  octets: Uint8Array
  /** Octets written. */
  used = 0
  readonly #tokens = new Int32Array(BLOCK_TOKENS)
  #count = 0
  readonly #symbols = new Uint32Array(SYMBOLS)
  readonly #distances = new Uint32Array(DISTANCES)
  readonly #symbolCode = newPrefixCode(SYMBOLS)
  readonly #distanceCode = newPrefixCode(DISTANCES)
  readonly #orderCode = newPrefixCode(ORDER.length)
  /** Of the codes of symbols, then of distances. */
  readonly #lengths = new Uint8Array(SYMBOLS + DISTANCES)
  #blocksLeft = 0
  /** For each length less 3: code and extra bits, and how many they are. */
  readonly #lengthCodes = new Uint16Array(256)
  readonly #lengthCodeBits = new Uint8Array(256)
  /** Bits that do not fill two octets yet. */
  #held = 0
  #heldBits = 0

  constructor(room: number) {
    this.octets = new Uint8Array(room)
  }

  /** Begins a stream behind the first `at` octets. */
  begin(at: number): void {
    this.used = at
    this.#count = 0
    this.#held = 0
    this.#heldBits = 0
  }

  /** Whether no token more fits in the block. */
  get isFull(): boolean {
    return this.#count === BLOCK_TOKENS
  }

  /** Octets `[from, to)` as they are, as many as the block has room for; returns where to go on. */
  literals(octets: Uint8Array, from: number, to: number): number {
    const tokens = this.#tokens
    let count = this.#count
    let at = from
    for (const end = Math.min(to, from + BLOCK_TOKENS - count); at < end; at++) tokens[count++] = octets[at]!
    this.#count = count
    return at
  }

  /** `length` octets, 3 to 258, as they stood `distance` octets before, 1 to 32,768; the block has room. */
  repeat(length: number, distance: number): void {
    this.#tokens[this.#count++] = -(((length - 3) << 15) | (distance - 1)) - 1
  }

  /** Writes the block; there must be BLOCK_ROOM. */
  endBlock(isLast: boolean): void {
    if (this.#blocksLeft-- === 0) this.#fitCodes()
    this.#put(isLast ? 1 : 0, 1)
    this.#put(2, 2)
    this.#putCodes()
    this.#putTokens()
    this.#put(this.#symbolCode.codes[END_OF_BLOCK]!, this.#symbolCode.lengths[END_OF_BLOCK]!)
    this.#count = 0
    if (isLast) {
      this.#put(0, 16)
      this.used -= 2 - Math.ceil(this.#heldAtEnd / 8)
    }
  }

  /** Bits of the last two octets that belong to the stream. */
  #heldAtEnd = 0

  /** Makes codes for what stands in this block; every symbol gets one, because the next blocks use them too. */
  #fitCodes(): void {
    this.#blocksLeft = BLOCKS_OF_CODES - 1
    const symbols = this.#symbols.fill(1)
    const distances = this.#distances.fill(1)
    const tokens = this.#tokens
    for (let i = 0; i < this.#count; i++) {
      const token = tokens[i]!
      if (token >= 0) symbols[token]!++
      else {
        symbols[LENGTH_SYMBOLS[~token >> 15]!]!++
        distances[DISTANCE_SYMBOLS[~token & 0x7fff]!]!++
      }
    }
    fitPrefixCode(this.#symbolCode, symbols, MOST_CODE_BITS)
    fitPrefixCode(this.#distanceCode, distances, MOST_DISTANCE_BITS)
    this.#lengths.set(this.#symbolCode.lengths)
    this.#lengths.set(this.#distanceCode.lengths, SYMBOLS)
    const frequencies = new Uint32Array(ORDER.length)
    for (const length of this.#lengths) frequencies[length]!++
    fitPrefixCode(this.#orderCode, frequencies, MOST_ORDER_BITS)
  }

  /** How long the codes of the block are (§3.2.7); equal lengths in a row are not put together. */
  #putCodes(): void {
    const { codes, lengths } = this.#orderCode
    this.#put(SYMBOLS - 257, 5)
    this.#put(DISTANCES - 1, 5)
    this.#put(ORDER.length - 4, 4)
    for (const symbol of ORDER) this.#put(lengths[symbol]!, 3)
    for (const length of this.#lengths) this.#put(codes[length]!, lengths[length]!)
  }

  #putTokens(): void {
    const tokens = this.#tokens
    const count = this.#count
    const { codes, lengths } = this.#symbolCode
    const { codes: distanceCodes, lengths: distanceLengths } = this.#distanceCode
    const lengthCodes = this.#lengthCodes
    const lengthCodeBits = this.#lengthCodeBits
    for (let i = 0; i < 256; i++) {
      const symbol = LENGTH_SYMBOLS[i]!
      lengthCodes[i] = codes[symbol]! | (LENGTH_EXTRAS[i]! << lengths[symbol]!)
      lengthCodeBits[i] = lengths[symbol]! + LENGTH_BITS[i]!
    }
    const out = this.octets
    let { used } = this
    let held = this.#held
    let bits = this.#heldBits
    for (let i = 0; i < count; i++) {
      const token = tokens[i]!
      if (token >= 0) {
        held |= codes[token]! << bits
        bits += lengths[token]!
      } else {
        const length = ~token >> 15
        held |= lengthCodes[length]! << bits
        bits += lengthCodeBits[length]!
        if (bits >= 16) {
          out[used++] = held
          out[used++] = held >>> 8
          held >>>= 16
          bits -= 16
        }
        const less = ~token & 0x7fff
        const symbol = DISTANCE_SYMBOLS[less]!
        held |= distanceCodes[symbol]! << bits
        bits += distanceLengths[symbol]!
        if (bits >= 16) {
          out[used++] = held
          out[used++] = held >>> 8
          held >>>= 16
          bits -= 16
        }
        const extra = DISTANCE_BITS[symbol]!
        held |= (less & ((1 << extra) - 1)) << bits
        bits += extra
      }
      if (bits >= 16) {
        out[used++] = held
        out[used++] = held >>> 8
        held >>>= 16
        bits -= 16
      }
    }
    this.used = used
    this.#held = held
    this.#heldBits = bits
  }

  /** Up to 16 bits. */
  #put(value: number, bits: number): void {
    this.#heldAtEnd = this.#heldBits
    this.#held |= value << this.#heldBits
    this.#heldBits += bits
    if (this.#heldBits < 16) return
    this.octets[this.used++] = this.#held
    this.octets[this.used++] = this.#held >>> 8
    this.#held >>>= 16
    this.#heldBits -= 16
  }
}
