import { isIpv4, parseNetwork } from '../bytes/address.ts'

/** Addresses as disjoint ascending ranges, each family by itself. */
export interface AddressSet {
  readonly starts4: Uint32Array
  readonly ends4: Uint32Array
  /** Four words per end. */
  readonly starts6: Uint32Array
  readonly ends6: Uint32Array
}

const NONE = new Uint32Array(0)
const EMPTY: AddressSet = { starts4: NONE, ends4: NONE, starts6: NONE, ends6: NONE }

/** Gathers ranges in any order and makes a set of them. */
export class AddressSetBuilder {
  /** Pairs of end and start: little-endian machines see one 64-bit number with the start on top. */
  #ranges4 = new Uint32Array(2)
  #count4 = 0
  readonly #ranges6: Uint32Array[] = []

  add4(start: number, end: number): void {
    if (this.#count4 * 2 === this.#ranges4.length) {
      const grown = new Uint32Array(this.#ranges4.length * 2)
      grown.set(this.#ranges4)
      this.#ranges4 = grown
    }
    this.#ranges4[this.#count4 * 2] = end
    this.#ranges4[this.#count4 * 2 + 1] = start
    this.#count4++
  }

  /** Adds a network or an address; false where the text is neither. Bits below the prefix length do not count. */
  addText(text: string): boolean {
    const network = parseNetwork(text)
    if (network === null) return false
    const range = new Uint32Array(8)
    for (let i = 0; i < 4; i++) {
      const bits = Math.max(0, Math.min(32, network.bits - i * 32))
      const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0
      range[i] = network.words[i]! & mask
      range[4 + i] = network.words[i]! | ~mask
    }
    if (network.bits >= 96 && isIpv4(network.words, 0)) this.add4(range[3]!, range[7]!)
    else this.#ranges6.push(range)
    return true
  }

  /** Adds all addresses of a family. */
  addFamily(family: 4 | 6): void {
    if (family === 4) this.add4(0, 0xffffffff)
    else this.addText('::/0')
  }

  /** Adds `first` to `last`; false where they are no addresses of one family in that order. */
  addRange(first: string, last: string): boolean {
    const [a, b] = [parseNetwork(first), parseNetwork(last)]
    if (a === null || b === null || a.bits !== 128 || b.bits !== 128) return false
    if (isIpv4(a.words, 0) !== isIpv4(b.words, 0) || compare(a.words, 0, b.words, 0) > 0) return false
    if (isIpv4(a.words, 0)) this.add4(a.words[3]!, b.words[3]!)
    else this.#ranges6.push(Uint32Array.from([...a.words, ...b.words]))
    return true
  }

  addSet(set: AddressSet): void {
    for (let i = 0; i < set.starts4.length; i++) this.add4(set.starts4[i]!, set.ends4[i]!)
    for (let i = 0; i < set.starts6.length; i += 4) {
      this.#ranges6.push(
        Uint32Array.from([...set.starts6.subarray(i, i + 4), ...set.ends6.subarray(i, i + 4)]),
      )
    }
  }

  build(): AddressSet {
    const [range, ...more] = this.#ranges6
    // Most sets are one address or network.
    if (this.#count4 === 1 && range === undefined) {
      const [end, start] = this.#ranges4
      return { ...EMPTY, starts4: Uint32Array.of(start!), ends4: Uint32Array.of(end!) }
    }
    if (this.#count4 === 0 && range !== undefined && more.length === 0)
      return { ...EMPTY, starts6: range.slice(0, 4), ends6: range.slice(4) }
    const packed = this.#ranges4.slice(0, this.#count4 * 2)
    new BigUint64Array(packed.buffer).sort()
    const starts4 = new Uint32Array(this.#count4)
    const ends4 = new Uint32Array(this.#count4)
    let used = 0
    for (let i = 0; i < this.#count4; i++) {
      const [end, start] = [packed[i * 2]!, packed[i * 2 + 1]!]
      if (used > 0 && start <= ends4[used - 1]! + 1) {
        if (end > ends4[used - 1]!) ends4[used - 1] = end
      } else {
        starts4[used] = start
        ends4[used] = end
        used++
      }
    }
    const ranges = this.#ranges6.sort((a, b) => compare(a, 0, b, 0))
    const joined: Uint32Array[] = []
    for (const range of ranges) {
      const last = joined.at(-1)
      if (last === undefined || compare(range, 0, last, 4) > 0) joined.push(range.slice())
      else if (compare(range, 4, last, 4) > 0) last.set(range.subarray(4), 4)
    }
    return {
      starts4: starts4.slice(0, used),
      ends4: ends4.slice(0, used),
      starts6: Uint32Array.from(joined.flatMap((range) => [...range.subarray(0, 4)])),
      ends6: Uint32Array.from(joined.flatMap((range) => [...range.subarray(4)])),
    }
  }
}

/** Whether the address at `at` is in the set. IPv6 ranges hold no IPv4 address, however wide they are. */
export function hasAddress(set: AddressSet, words: Uint32Array, at: number): boolean {
  if (isIpv4(words, at)) {
    const value = words[at + 3]!
    const { starts4, ends4 } = set
    let from = 0
    let to = starts4.length
    while (from < to) {
      const middle = (from + to) >>> 1
      if (ends4[middle]! < value) from = middle + 1
      else to = middle
    }
    return from < starts4.length && starts4[from]! <= value
  }
  let from = 0
  let to = set.starts6.length >>> 2
  while (from < to) {
    const middle = (from + to) >>> 1
    if (compare(set.ends6, middle * 4, words, at) < 0) from = middle + 1
    else to = middle
  }
  return from * 4 < set.starts6.length && compare(set.starts6, from * 4, words, at) <= 0
}

function compare(a: Uint32Array, at: number, b: Uint32Array, bt: number): number {
  for (let i = 0; i < 4; i++) {
    const [x, y] = [a[at + i]!, b[bt + i]!]
    if (x !== y) return x < y ? -1 : 1
  }
  return 0
}
