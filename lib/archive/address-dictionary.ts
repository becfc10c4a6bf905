import { ATTRIBUTES } from './encoding.ts'

const FIRST_CAPACITY = 1 << 12
/** A v4-mapped address's third word (RFC 4291 §2.5.5.2). */
const MAPPED = 0xffff

/** Codes for addresses by order of first appearance; 0 is `::`. Memory grows with the entries. */
export class AddressDictionary {
  /** Codes given, code 0 among them. */
  size = 1
  /** Four words per code. */
  words = new Uint32Array(FIRST_CAPACITY * 4)
  /** One array per attribute, one value per code; -1 where none is known. */
  readonly attributes: Float64Array[] = []
  /** Blocks that use each code: first and last. */
  firstBlock = new Uint32Array(FIRST_CAPACITY).fill(0xffffffff)
  lastBlock = new Uint32Array(FIRST_CAPACITY)
  #capacity = FIRST_CAPACITY
  /** IPv4: pairs of address and code, so that a look-up touches one line of the cache. Code 0: free. */
  #slots4 = new Uint32Array(FIRST_CAPACITY * 4)
  #count4 = 0
  /** IPv6: codes; 0: free. */
  #slots6 = new Uint32Array(FIRST_CAPACITY * 2)
  #count6 = 0

  constructor() {
    for (let i = 0; i < ATTRIBUTES; i++) this.attributes.push(new Float64Array(FIRST_CAPACITY).fill(-1))
  }

  isIpv4(code: number): boolean {
    const at = code * 4
    return this.words[at] === 0 && this.words[at + 1] === 0 && this.words[at + 2] === MAPPED
  }

  /** Writes codes of `count` addresses at `words[from * 4…]` to `out[to…]`; rows whose `present` is 0 get code 0. */
  encode(
    words: Uint32Array,
    present: Uint8Array | null,
    from: number,
    count: number,
    out: Uint32Array,
    to: number,
  ): void {
    let lastA = 0
    let lastB = 0
    let lastC = 0
    let lastD = 0
    let lastCode = 0
    for (let i = 0; i < count; i++) {
      if (present !== null && present[from + i] !== 1) {
        out[to + i] = 0
        continue
      }
      const at = (from + i) * 4
      const a = words[at]!
      const b = words[at + 1]!
      const c = words[at + 2]!
      const d = words[at + 3]!
      if (d !== lastD || c !== lastC || b !== lastB || a !== lastA) {
        lastCode = a === 0 && b === 0 && c === MAPPED ? this.#code4(d) : this.#code6(a, b, c, d)
        lastA = a
        lastB = b
        lastC = c
        lastD = d
      }
      out[to + i] = lastCode
    }
  }

  /** Notes that block number `block` uses these codes. */
  markUsed(lists: readonly { readonly codes: Uint32Array; readonly count: number }[], block: number): void {
    const { firstBlock, lastBlock } = this
    for (const { codes, count } of lists) {
      for (let i = 0; i < count; i++) {
        const code = codes[i]!
        lastBlock[code] = block
        if (firstBlock[code]! > block) firstBlock[code] = block
      }
    }
  }

  #code4(address: number): number {
    const slots = this.#slots4
    const mask = slots.length - 2
    let slot = (mix(address) << 1) & mask
    for (;;) {
      const code = slots[slot + 1]!
      if (code === 0) break
      if (slots[slot] === address) return code
      slot = (slot + 2) & mask
    }
    const code = this.#append(0, 0, MAPPED, address)
    slots[slot] = address
    slots[slot + 1] = code
    if (++this.#count4 * 4 > slots.length) this.#grow4()
    return code
  }

  #code6(a: number, b: number, c: number, d: number): number {
    if ((a | b | c | d) === 0) return 0
    const slots = this.#slots6
    const mask = slots.length - 1
    let slot = hash4(a, b, c, d) & mask
    for (;;) {
      const code = slots[slot]!
      if (code === 0) break
      const at = code * 4
      const { words } = this
      if (words[at + 3] === d && words[at + 2] === c && words[at + 1] === b && words[at] === a) return code
      slot = (slot + 1) & mask
    }
    const code = this.#append(a, b, c, d)
    slots[slot] = code
    if (++this.#count6 * 2 > slots.length) this.#grow6()
    return code
  }

  #append(a: number, b: number, c: number, d: number): number {
    if (this.size === this.#capacity) this.#grow()
    const at = this.size * 4
    this.words[at] = a
    this.words[at + 1] = b
    this.words[at + 2] = c
    this.words[at + 3] = d
    return this.size++
  }

  #grow(): void {
    const capacity = this.#capacity * 2
    const words = new Uint32Array(capacity * 4)
    words.set(this.words)
    this.words = words
    for (const [i, old] of this.attributes.entries()) {
      const values = new Float64Array(capacity).fill(-1)
      values.set(old)
      this.attributes[i] = values
    }
    const first = new Uint32Array(capacity).fill(0xffffffff)
    first.set(this.firstBlock)
    this.firstBlock = first
    const last = new Uint32Array(capacity)
    last.set(this.lastBlock)
    this.lastBlock = last
    this.#capacity = capacity
  }

  #grow4(): void {
    const old = this.#slots4
    const slots = new Uint32Array(old.length * 2)
    const mask = slots.length - 2
    for (let from = 0; from < old.length; from += 2) {
      if (old[from + 1] === 0) continue
      let slot = (mix(old[from]!) << 1) & mask
      while (slots[slot + 1] !== 0) slot = (slot + 2) & mask
      slots[slot] = old[from]!
      slots[slot + 1] = old[from + 1]!
    }
    this.#slots4 = slots
  }

  #grow6(): void {
    const old = this.#slots6
    const slots = new Uint32Array(old.length * 2)
    const mask = slots.length - 1
    const { words } = this
    for (let from = 0; from < old.length; from++) {
      const code = old[from]!
      if (code === 0) continue
      const at = code * 4
      let slot = hash4(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = code
    }
    this.#slots6 = slots
  }
}

// Differs per process, so that nobody can choose addresses that collide.
const SEED = (Math.random() * 0x100000000) | 0

function mix(value: number): number {
  let h = Math.imul(value ^ SEED, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function hash4(a: number, b: number, c: number, d: number): number {
  return mix(d ^ Math.imul(mix(c ^ Math.imul(mix(b ^ Math.imul(mix(a), 31)), 31)), 31))
}
