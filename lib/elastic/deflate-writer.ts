import { DeflateCodes, distanceSymbol, MOST_TOKEN_OCTETS } from './deflate-codes.ts'

const LONGEST = 258
/** Streams after which codes are made anew: documents change little from one request to the next. */
const STREAMS_OF_CODES = 64
/** Beside tokens: the codes' description and the end. */
const FRAME_OCTETS = 512

/**
 * Writes literals and back-references as a deflate stream of one block (RFC 1951), with codes that were made for an earlier
 * stream: so that each token is written at once.
 */
export class DeflateWriter {
  octets: Uint8Array
  /** Whole octets written. */
  used = 0
  #view: DataView
  readonly #codes = new DeflateCodes()
  #streamsLeft = 1
  #isCounting = false
  /** Up to seven bits that do not fill an octet yet; the mask where they are stored says that it is so few. */
  #held = 0
  #heldBits = 0

  constructor(room: number) {
    this.octets = new Uint8Array(room)
    this.#view = new DataView(this.octets.buffer)
  }

  /** Begins a stream behind the first `at` octets. */
  begin(at: number): void {
    this.used = at
    this.#held = 0
    this.#heldBits = 0
    this.#isCounting = --this.#streamsLeft === 0
    if (this.#isCounting) this.#codes.count()
    this.makeRoom(0)
    // BFINAL, and BTYPE of dynamic codes (§3.2.3).
    this.#put(1 | (2 << 1), 3)
    const { description, descriptionBits } = this.#codes
    for (let i = 0; i < description.length; i++) this.#put(description[i]!, descriptionBits[i]!)
  }

  /** Makes room for `length` octets, however they are written. */
  makeRoom(length: number): void {
    const room = this.used + Math.ceil(length * MOST_TOKEN_OCTETS) + FRAME_OCTETS
    if (room <= this.octets.length) return
    const larger = new Uint8Array(room * 2)
    larger.set(this.octets.subarray(0, this.used))
    this.octets = larger
    this.#view = new DataView(larger.buffer)
  }

  /** Ends the stream. */
  end(): void {
    const { end } = this.#codes
    this.#put(end & 0xffffff, end >>> 24)
    if (this.#heldBits > 0) this.used++
    if (!this.#isCounting) return
    this.#codes.fit()
    this.#streamsLeft = STREAMS_OF_CODES
  }

  /** Octets `[from, to)` as they are, for which there is room. */
  literals(octets: Uint8Array, from: number, to: number): void {
    const { literals } = this.#codes
    if (this.#isCounting) this.#codes.countLiterals(octets, from, to)
    const view = this.#view
    let { used } = this
    let held = this.#held
    let bits = this.#heldBits
    for (let at = from; at < to; at++) {
      const code = literals[octets[at]!]!
      held |= (code & 0xffffff) << bits
      bits += code >>> 24
      // Two codes of at most 11 bits have room behind those that are held.
      if (++at < to) {
        const second = literals[octets[at]!]!
        held |= (second & 0xffffff) << bits
        bits += second >>> 24
      }
      view.setInt32(used, held, true)
      used += bits >>> 3
      held >>>= bits & 24
      bits &= 7
    }
    this.used = used
    this.#held = held & 127
    this.#heldBits = bits
  }

  /** `length` octets, at least 3, as they stood `distance` octets before, 1 to 32,768; there is room. */
  repeat(length: number, distance: number): void {
    const { lengths, distances } = this.#codes
    const view = this.#view
    const symbol = distanceSymbol(distance)
    const extraBits = symbol < 4 ? 0 : (symbol >>> 1) - 1
    const extra = (distance - 1) & ((1 << extraBits) - 1)
    const away = distances[symbol]!
    const awayCode = (away & 0xffffff) | (extra << (away >>> 24))
    const awayBits = (away >>> 24) + extraBits
    let { used } = this
    let held = this.#held
    let bits = this.#heldBits
    for (let left = length; left > 0; ) {
      // What is left over must not be too short to be repeated.
      const piece = left <= LONGEST ? left : left < LONGEST + 3 ? left - 3 : LONGEST
      if (this.#isCounting) this.#codes.countRepeat(piece, distance)
      const code = lengths[piece]!
      held |= (code & 0xffffff) << bits
      bits += code >>> 24
      view.setInt32(used, held, true)
      used += bits >>> 3
      held >>>= bits & 24
      bits &= 7
      held |= awayCode << bits
      bits += awayBits
      view.setInt32(used, held, true)
      used += bits >>> 3
      held >>>= bits & 24
      bits &= 7
      left -= piece
    }
    this.used = used
    this.#held = held & 127
    this.#heldBits = bits
  }

  /** Up to 24 bits: with the seven that may be held they fill four octets. */
  #put(value: number, count: number): void {
    this.#held |= value << this.#heldBits
    this.#heldBits += count
    this.#view.setInt32(this.used, this.#held, true)
    this.used += this.#heldBits >>> 3
    this.#held >>>= this.#heldBits & 24
    this.#heldBits &= 7
  }
}
