import type { AddressCodes } from './source.ts'

const FIRST_CAPACITY = 1 << 12
/** A v4-mapped address's third word (RFC 4291 §2.5.5.2). */
const MAPPED = 0xffff
// Differs per process, so that nobody can choose addresses that collide.
const SEED = (Math.random() * 0x100000000) | 0

/** Gives addresses codes in order of first appearance; 0 is `::`. Memory grows with the entries: 40 octets each. */
export class AddressNumbers implements AddressCodes {
  codes = 1
  #words = new Uint32Array(FIRST_CAPACITY * 4)
  /** Codes by hash; 0: free. A power of two, at least twice the codes. */
  #slots = new Uint32Array(FIRST_CAPACITY * 2)

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
    if ((a | b | c | d) === 0) return 0
    const slots = this.#slots
    const mask = slots.length - 1
    const words = this.#words
    let slot = hash(a, b, c, d) & mask
    for (;;) {
      const code = slots[slot]!
      if (code === 0) break
      const at = code * 4
      if (words[at + 3] === d && words[at + 2] === c && words[at + 1] === b && words[at] === a) return code
      slot = (slot + 1) & mask
    }
    const code = this.codes++
    slots[slot] = code
    if (code * 4 === words.length) this.#words = doubled(words)
    const known = this.#words
    const at = code * 4
    known[at] = a
    known[at + 1] = b
    known[at + 2] = c
    known[at + 3] = d
    if (this.codes * 2 > slots.length) this.#grow()
    return code
  }

  #grow(): void {
    const slots = new Uint32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    const words = this.#words
    for (let code = 1; code < this.codes; code++) {
      const at = code * 4
      let slot = hash(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = code
    }
    this.#slots = slots
  }
}

function doubled(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const bigger = new Uint32Array(words.length * 2)
  bigger.set(words)
  return bigger
}

function mix(value: number): number {
  let h = Math.imul(value ^ SEED, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

function hash(a: number, b: number, c: number, d: number): number {
  if (a === 0 && b === 0 && c === MAPPED) return mix(d)
  return mix(d ^ Math.imul(mix(c ^ Math.imul(mix(b ^ Math.imul(mix(a), 31)), 31)), 31))
}
