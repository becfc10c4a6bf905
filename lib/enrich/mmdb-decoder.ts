/** A value of a MaxMind DB's data section; integers of 64 and 128 bits are BigInts. */
export type MmdbValue =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | readonly MmdbValue[]
  | ReadonlyMap<string, MmdbValue>

/** How deep maps, arrays and pointers may nest; real databases need five levels. */
const MOST_LEVELS = 32
/** How many values one record may have, so that pointers which fan out end. A city with all its names has about 150. */
const MOST_VALUES = 8192

// Types by number, MaxMind DB File Format Specification 2.0, "Data Field Format".
const POINTER = 1
const TEXT = 2
const DOUBLE = 3
const OCTETS = 4
const UINT16 = 5
const UINT32 = 6
const MAP = 7
const INT32 = 8
const UINT64 = 9
const UINT128 = 10
const ARRAY = 11
const BOOLEAN = 14
const FLOAT = 15

/** Reads values of the data section; whatever the octets are, it ends soon and throws nothing. */
export class MmdbDecoder {
  readonly #octets: Buffer
  /** Where pointers count from. */
  readonly #base: number
  readonly #end: number
  #at = 0
  #values = 0
  #isSound = true

  constructor(octets: Buffer, base: number, end: number) {
    this.#octets = octets
    this.#base = base
    this.#end = end
  }

  /** The value that begins at octet `at` of the file, or null where it is damaged or boundless. */
  decode(at: number): MmdbValue | null {
    this.#at = at
    this.#values = 0
    this.#isSound = true
    const value = this.#value(0)
    return this.#isSound ? value : null
  }

  /** Octets from `#at` on that are left. */
  #has(octets: number): boolean {
    return this.#at >= this.#base && this.#at + octets <= this.#end
  }

  #bad(): '' {
    this.#isSound = false
    return ''
  }

  #value(level: number): MmdbValue {
    if (level > MOST_LEVELS || ++this.#values > MOST_VALUES || !this.#has(1)) return this.#bad()
    const control = this.#octets[this.#at++]!
    let type = control >>> 5
    if (type === POINTER) return this.#pointer(control, level)
    if (type === 0) {
      if (!this.#has(1)) return this.#bad()
      type = 7 + this.#octets[this.#at++]!
    }
    const size = this.#size(control & 31)
    if (size < 0) return this.#bad()
    if (type === MAP) return this.#map(size, level)
    if (type === ARRAY) return this.#array(size, level)
    if (type === BOOLEAN) return size < 2 ? size === 1 : this.#bad()
    return this.#has(size) ? this.#scalar(type, size) : this.#bad()
  }

  #size(bits: number): number {
    if (bits < 29) return bits
    const octets = bits - 28
    if (!this.#has(octets)) return -1
    const value = this.#octets.readUIntBE(this.#at, octets)
    this.#at += octets
    return value + (octets === 1 ? 29 : octets === 2 ? 285 : 65_821)
  }

  #pointer(control: number, level: number): MmdbValue {
    const octets = ((control >>> 3) & 3) + 1
    if (!this.#has(octets)) return this.#bad()
    const value = this.#octets.readUIntBE(this.#at, octets)
    const upper = control & 7
    const target =
      octets === 1
        ? upper * 0x100 + value
        : octets === 2
          ? upper * 0x10000 + value + 2048
          : octets === 3
            ? upper * 0x1000000 + value + 526_336
            : value
    const back = this.#at + octets
    this.#at = this.#base + target
    const pointed = this.#value(level + 1)
    this.#at = back
    return pointed
  }

  #map(size: number, level: number): MmdbValue {
    const map = new Map<string, MmdbValue>()
    for (let i = 0; i < size && this.#isSound; i++) {
      const key = this.#value(level + 1)
      if (typeof key !== 'string') return this.#bad()
      map.set(key, this.#value(level + 1))
    }
    return map
  }

  #array(size: number, level: number): MmdbValue {
    const items: MmdbValue[] = []
    for (let i = 0; i < size && this.#isSound; i++) items.push(this.#value(level + 1))
    return items
  }

  #scalar(type: number, size: number): MmdbValue {
    const octets = this.#octets
    const at = this.#at
    this.#at += size
    switch (type) {
      case TEXT:
        return octets.toString('utf8', at, at + size)
      case OCTETS:
        return octets.subarray(at, at + size)
      case DOUBLE:
        return size === 8 ? octets.readDoubleBE(at) : this.#bad()
      case FLOAT:
        return size === 4 ? octets.readFloatBE(at) : this.#bad()
      case UINT16:
      case UINT32:
        if (size > (type === UINT16 ? 2 : 4)) return this.#bad()
        return size === 0 ? 0 : octets.readUIntBE(at, size)
      case INT32:
        if (size > 4) return this.#bad()
        // Shorter ones are not negative.
        return size === 4 ? octets.readInt32BE(at) : size === 0 ? 0 : octets.readUIntBE(at, size)
      case UINT64:
      case UINT128:
        if (size > (type === UINT64 ? 8 : 16)) return this.#bad()
        return size === 0 ? 0n : BigInt(`0x${octets.toString('hex', at, at + size)}`)
      default:
        return this.#bad()
    }
  }
}
