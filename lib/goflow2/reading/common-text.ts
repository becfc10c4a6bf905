/** Where a piece begins and how long it is. */
export interface Piece {
  readonly from: number
  readonly octets: number
}

/** Pieces of text that many lines have in common; they are compared by eight octets at a time. */
export class CommonText {
  used = 0
  #octets = new Uint8Array(512)
  #words = new BigUint64Array(this.#octets.buffer)

  /**
   * Adds a piece; returns where it begins, which is a multiple of eight. Where its length is none, its last eight octets
   * stand behind it once more.
   */
  append(octets: Uint8Array, from: number, to: number): number {
    const length = to - from
    const at = this.used
    this.used += ((length + 7) & ~7) + 8
    if (this.used > this.#octets.length) {
      const bigger = new Uint8Array((this.used * 2 + 7) & ~7)
      bigger.set(this.#octets)
      this.#octets = bigger
      this.#words = new BigUint64Array(bigger.buffer)
    }
    this.#octets.set(octets.subarray(from, to), at)
    if (length > 8 && length % 8 !== 0) this.#octets.set(octets.subarray(to - 8, to), at + (length & ~7))
    return at
  }

  /** Whether the piece at `from` stands in `octets` at `p`. */
  isAt(octets: Uint8Array, view: DataView, p: number, from: number, length: number): boolean {
    if (length < 8) return this.countSame(octets, p, from, length) === length
    const words = this.#words
    let word = from >>> 3
    const last = p + length - 8
    for (let q = p; q <= last; q += 8) if (view.getBigUint64(q, true) !== words[word++]) return false
    return (length & 7) === 0 || view.getBigUint64(last, true) === words[word]
  }

  /** How many octets of the piece at `from` stand in `octets` at `p`. */
  countSame(octets: Uint8Array, p: number, from: number, length: number): number {
    const words = length > 8 ? length & ~7 : length
    let same = 0
    while (same < words && octets[p + same] === this.#octets[from + same]) same++
    if (same < words) return same
    // Behind the whole words stand the piece's last eight octets.
    const shift = from + words + 8 - length
    while (same < length && octets[p + same] === this.#octets[shift + same]) same++
    return same
  }

  /** Whether two pieces of the same length are the same. */
  isEqual(piece: Piece, other: CommonText, otherPiece: Piece): boolean {
    const length = (piece.octets + 7) & ~7
    for (let i = 0; i < length; i++) {
      if (this.#octets[piece.from + i] !== other.#octets[otherPiece.from + i]) return false
    }
    return true
  }
}

/** Where the text without escapes or the number without sign or point ends that begins at `p`; -1 where it is neither. */
export function plainEnd(octets: Uint8Array, p: number): number {
  if (octets[p] !== 0x22) {
    const from = p
    while (octets[p]! >= 48 && octets[p]! <= 57) p++
    return p > from && (octets[p] === 0x2c || octets[p] === 0x7d) ? p : -1
  }
  for (p++; octets[p] !== 0x22; p++) if (octets[p]! < 0x20 || octets[p] === 0x5c) return -1
  return p + 1
}
