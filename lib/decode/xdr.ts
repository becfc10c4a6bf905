import { type FixedColumn, type OctetsColumn, setOctets } from '../flow/batch.ts'

/**
 * Reads XDR (RFC 4506) within bounds: past the end it gives zeros, and `isBroken` says so. One object is reused.
 */
export class Xdr {
  octets = new Uint8Array(0)
  view = new DataView(this.octets.buffer)
  at = 0
  to = 0
  isBroken = false

  reset(octets: Uint8Array, view: DataView, from: number, to: number): void {
    this.octets = octets as Uint8Array<ArrayBuffer>
    this.view = view as DataView<ArrayBuffer>
    this.at = from
    this.to = to
    this.isBroken = false
  }

  /** Octets not read yet. */
  get left(): number {
    return this.to - this.at
  }

  u32(): number {
    const { at } = this
    if (this.to - at < 4) return this.#broken()
    this.at = at + 4
    return this.view.getUint32(at)
  }

  /** Steps over `count` octets and returns where they lie, or -1. */
  skip(count: number): number {
    const { at } = this
    if (count > this.to - at) {
      this.#broken()
      return -1
    }
    this.at = at + count
    return at
  }

  /** A count of items of at least `octets` octets each, no more than there is room for. */
  count(octets: number): number {
    const count = this.u32()
    if (count * octets <= this.to - this.at) return count
    this.isBroken = true
    return Math.floor((this.to - this.at) / octets)
  }

  /** Steps over opaque<> or string<> with its padding (RFC 4506 §4.10) and returns where its octets lie, or -1. */
  opaque(): number {
    this.opaqueLength = this.u32()
    if (this.isBroken) return -1
    const from = this.skip(this.opaqueLength)
    if (from >= 0) this.at = Math.min(this.to, this.at + ((4 - (this.opaqueLength & 3)) & 3))
    return from
  }

  /** Octets of the last opaque(). */
  opaqueLength = 0

  /** Stores a string<> or opaque<> in `row`. */
  text(column: OctetsColumn, row: number): void {
    const from = this.opaque()
    if (from >= 0) setOctets(column, row, this.octets, from, from + this.opaqueLength)
  }

  /** Stores sFlow's address union in `row`; type 0 (unknown) has no octets and stores nothing. */
  address(column: FixedColumn, row: number): void {
    if (this.addressWords(column.words, row * 4)) column.present[row] = 1
  }

  /** Reads an address union into four words; false where it is unknown or cut. */
  addressWords(words: Uint32Array, to: number): boolean {
    const type = this.u32()
    if (type === 1) {
      const from = this.skip(4)
      if (from < 0) return false
      words[to] = 0
      words[to + 1] = 0
      words[to + 2] = 0xffff
      words[to + 3] = this.view.getUint32(from)
      return true
    }
    if (type === 2) {
      const from = this.skip(16)
      if (from < 0) return false
      for (let i = 0; i < 4; i++) words[to + i] = this.view.getUint32(from + i * 4)
      return true
    }
    if (type !== 0) this.isBroken = true
    return false
  }

  #broken(): 0 {
    this.isBroken = true
    this.at = this.to
    return 0
  }
}
