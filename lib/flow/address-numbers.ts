import type { AddressCodes } from './source.ts'

const FIRST_CAPACITY = 1 << 12
/** A v4-mapped address's third word (RFC 4291 §2.5.5.2). */
const MAPPED = 0xffff
// Differs per process, so that nobody can choose addresses that collide.
const SEED = (Math.random() * 0x100000000) | 0

/** Of a slot's code: that its address is of IPv4, whose hash no other such address has. */
const IS_IPV4 = 0x80000000

/** Gives addresses codes in order of first appearance; 0 is `::`. Memory grows with the entries: 48 octets each. */
export class AddressNumbers implements AddressCodes {
  codes = 1
  #words = new Uint32Array(FIRST_CAPACITY * 4)
  /** By hash: a code, 0 where it is free, and the hash. A power of two of pairs, at least twice the codes. */
  #slots = new Uint32Array(FIRST_CAPACITY * 4)

  words(): Uint32Array {
    return this.#words.subarray(0, this.codes * 4)
  }

  /** Writes the codes of `count` addresses at the start of `words` to `out[to…]`; rows not present get 0. */
  encode(words: Uint32Array, present: Uint8Array, count: number, out: Uint32Array, to: number): void {
    for (let row = 0; row < count; row++) {
      const at = row * 4
      out[to + row] =
        present[row] === 1 ? this.#code(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!) : 0
    }
  }

  #code(a: number, b: number, c: number, d: number): number {
    if (a === 0 && b === 0 && c === MAPPED) return this.#ipv4Code(d)
    if ((a | b | c | d) === 0) return 0
    const hash = ipv6Hash(a, b, c, d) >>> 0
    const slots = this.#slots
    const mask = slots.length - 1
    const words = this.#words
    let slot = (hash * 2) & mask
    for (let code = slots[slot]!; code !== 0; code = slots[slot]!) {
      if (slots[slot + 1] === hash && code < IS_IPV4) {
        const at = code * 4
        if (words[at + 3] === d && words[at + 2] === c && words[at + 1] === b && words[at] === a) return code
      }
      slot = (slot + 2) & mask
    }
    return this.#add(slot, hash, 0, a, b, c, d)
  }

  /** The hash alone tells these apart, so that the address itself need not be fetched from far away. */
  #ipv4Code(d: number): number {
    const hash = mix(d) >>> 0
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = (hash * 2) & mask
    for (let code = slots[slot]!; code !== 0; code = slots[slot]!) {
      if (slots[slot + 1] === hash && code >= IS_IPV4) return code - IS_IPV4
      slot = (slot + 2) & mask
    }
    return this.#add(slot, hash, IS_IPV4, 0, 0, MAPPED, d)
  }

  #add(slot: number, hash: number, flag: number, a: number, b: number, c: number, d: number): number {
    const code = this.codes++
    this.#slots[slot] = code + flag
    this.#slots[slot + 1] = hash
    if (code * 4 === this.#words.length) this.#words = doubled(this.#words)
    const words = this.#words
    const at = code * 4
    words[at] = a
    words[at + 1] = b
    words[at + 2] = c
    words[at + 3] = d
    if (this.codes * 4 > this.#slots.length) this.#grow()
    return code
  }

  #grow(): void {
    const known = this.#slots
    const slots = new Uint32Array(known.length * 2)
    const mask = slots.length - 1
    for (let from = 0; from < known.length; from += 2) {
      if (known[from] === 0) continue
      let slot = (known[from + 1]! * 2) & mask
      while (slots[slot] !== 0) slot = (slot + 2) & mask
      slots[slot] = known[from]!
      slots[slot + 1] = known[from + 1]!
    }
    this.#slots = slots
  }
}

function doubled(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const bigger = new Uint32Array(words.length * 2)
  bigger.set(words)
  return bigger
}

/** One to one. */
function mix(value: number): number {
  let h = Math.imul(value ^ SEED, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

function ipv6Hash(a: number, b: number, c: number, d: number): number {
  return mix(d ^ Math.imul(mix(c ^ Math.imul(mix(b ^ Math.imul(mix(a), 31)), 31)), 31))
}
