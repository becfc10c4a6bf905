/**
 * Reads big-endian values off a stretch of octets. A read past the end yields zero and sets `isShort` for good, so
 * that a caller can read a whole structure and look once.
 */
export class OctetReader {
  isShort = false
  readonly #octets: Uint8Array
  #at: number
  readonly #end: number

  constructor(octets: Uint8Array, from = 0, to = octets.length) {
    this.#octets = octets
    this.#at = from
    this.#end = to
  }

  /** Octets not yet read. */
  get left(): number {
    return this.#end - this.#at
  }

  u8(): number {
    return this.#has(1) ? this.#octets[this.#at++]! : 0
  }

  u16(): number {
    if (!this.#has(2)) return 0
    const at = this.#at
    this.#at += 2
    return this.#octets[at]! * 256 + this.#octets[at + 1]!
  }

  u32(): number {
    return this.#has(4) ? this.u16() * 65536 + this.u16() : 0
  }

  u64(): bigint {
    return this.#has(8) ? BigInt(this.u32()) * 4294967296n + BigInt(this.u32()) : 0n
  }

  /** Exactly `count` octets; the memory is the datagram's. */
  exactly(count: number): Uint8Array {
    return this.#has(count) ? this.upTo(count) : this.upTo(0)
  }

  /** The next `count` octets, or what is left of them. */
  upTo(count: number): Uint8Array {
    const from = this.#at
    this.#at = Math.min(from + count, this.#end)
    return this.#octets.subarray(from, this.#at)
  }

  #has(count: number): boolean {
    if (this.isShort || count > this.left) {
      this.isShort = true
      return false
    }
    return true
  }
}
