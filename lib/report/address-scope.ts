import { isIpv4 } from '../bytes/address.ts'
import type { AddressFact } from '../flow/address-fact.ts'
import type { AddressCodes } from '../flow/source.ts'
import { bitsFor } from './key-layout.ts'
import { type NumberCoding, SPARE_BITS } from './number-coding.ts'

/** What a key takes of an address: the address, a prefix of it, a fact about it. */
export type Taking =
  | { readonly kind: 'address' }
  /** `only`: of addresses without this fact nobody will ask. */
  | {
      readonly kind: 'prefix'
      readonly ipv4Bits: number
      readonly ipv6Bits: number
      readonly only: AddressFact | null
    }
  | { readonly kind: 'fact'; readonly fact: AddressFact }

/** Small numbers, by address code, for what a key takes of addresses: they mean something only for these codes. */
export interface Coding {
  /** Null where the number is the code. */
  readonly map: Uint32Array | null
  /** Numbers are below. */
  readonly count: number
  /** Words that say what a number means: four for addresses and prefixes, else one. */
  readonly meaning: Uint32Array
  readonly meaningWords: number
  /** The words of one number, null where `meaning` is as quick. */
  meaningOf?(number: number): Uint32Array | null
}

/** Bits that addresses of streams may need. */
const STREAM_BITS = 22

/** What is known of the addresses of a scope. */
export interface ScopeTraits {
  /** Whether addresses come with the rows: what they need is not known before all are read. */
  readonly isGrowing: boolean
  /** Numbers of 32 bits by first appearance, whatever the input; null where other threads have to tell them alike. */
  readonly numbers: NumberCoding | null
}

/** Facts about the addresses of one dictionary, each asked for once per address; follows a dictionary that grows. */
export class AddressScope {
  readonly addresses: AddressCodes
  readonly numbers: NumberCoding | null
  readonly #isGrowing: boolean
  readonly #facts = new Map<AddressFact, { values: Uint32Array; done: number }>()
  readonly #known = new Map<AddressFact, { values: Uint8Array; done: number }>()
  readonly #prefixes = new Map<AddressFact | null, Map<string, PrefixCoding>>()
  readonly #factCodings = new Map<AddressFact, FactCoding>()

  constructor(addresses: AddressCodes, { isGrowing, numbers }: ScopeTraits) {
    this.addresses = addresses
    this.#isGrowing = isGrowing
    this.numbers = numbers
  }

  /** Bits for the numbers of a coding, with some for those that are still to come: a wider table is a new one. */
  bitsOf(taking: Taking): number {
    const needed = bitsFor(this.coding(taking).count)
    if (!this.#isGrowing) return needed
    return Math.max(needed, Math.min(STREAM_BITS, needed + SPARE_BITS))
  }

  /** The fact of each code. */
  factByCode(fact: AddressFact): Uint32Array {
    let known = this.#facts.get(fact)
    if (known === undefined) {
      known = { values: new Uint32Array(0), done: 0 }
      this.#facts.set(fact, known)
    }
    const codes = this.addresses.codes
    if (known.done < codes) {
      known.values = grown(known.values, codes)
      fact.fill(this.addresses.words(), known.done, codes, known.values)
      known.done = codes
    }
    return known.values
  }

  /** 1 for codes of which the fact is not 0. */
  isKnown(fact: AddressFact): Uint8Array {
    const facts = this.factByCode(fact)
    let known = this.#known.get(fact)
    if (known === undefined) {
      known = { values: new Uint8Array(0), done: 0 }
      this.#known.set(fact, known)
    }
    const { codes } = this.addresses
    if (known.done < codes) {
      const values = new Uint8Array(codes)
      for (let code = 0; code < codes; code++) values[code] = facts[code] === 0 ? 0 : 1
      this.#known.set(fact, { values, done: codes })
      return values
    }
    return known.values
  }

  coding(taking: Taking): Coding {
    const { addresses } = this
    if (taking.kind === 'address') return new AddressCoding(addresses)
    if (taking.kind === 'fact') {
      let coding = this.#factCodings.get(taking.fact)
      if (coding === undefined) {
        coding = new FactCoding()
        this.#factCodings.set(taking.fact, coding)
      }
      coding.follow(this.factByCode(taking.fact), addresses.codes)
      return coding
    }
    const { only } = taking
    const known = this.#prefixes.get(only) ?? new Map<string, PrefixCoding>()
    this.#prefixes.set(only, known)
    const name = `${taking.ipv4Bits}/${taking.ipv6Bits}`
    let coding = known.get(name)
    if (coding === undefined) {
      coding = new PrefixCoding(taking.ipv4Bits, taking.ipv6Bits)
      known.set(name, coding)
    }
    coding.follow(addresses.words(), addresses.codes, only === null ? null : this.factByCode(only))
    return coding
  }
}

/** Of keys that are of no address. */
export const NO_ADDRESSES = new AddressScope(
  { codes: 0, words: () => new Uint32Array(0) },
  { isGrowing: false, numbers: null },
)

/** Addresses by their codes. All of them are read only when somebody asks for many. */
class AddressCoding implements Coding {
  readonly map = null
  readonly count: number
  readonly meaningWords = 4
  readonly #addresses: AddressCodes

  constructor(addresses: AddressCodes) {
    this.#addresses = addresses
    this.count = addresses.codes
  }

  get meaning(): Uint32Array {
    return this.#addresses.words()
  }

  meaningOf(number: number): Uint32Array | null {
    return this.#addresses.wordsOf?.(number) ?? null
  }
}

/** Numbers values of facts by first appearance. */
class FactCoding implements Coding {
  map = new Uint32Array(0)
  count = 0
  meaning = new Uint32Array(64)
  readonly meaningWords = 1
  #done = 0
  readonly #numbers = new Map<number, number>()

  follow(values: Uint32Array, codes: number): void {
    if (this.#done === codes) return
    this.map = grown(this.map, codes)
    for (let code = this.#done; code < codes; code++) {
      const value = values[code]!
      let number = this.#numbers.get(value)
      if (number === undefined) {
        number = this.count++
        this.#numbers.set(value, number)
        if (number === this.meaning.length) this.meaning = grown(this.meaning, number * 2)
        this.meaning[number] = value
      }
      this.map[code] = number
    }
    this.#done = codes
  }
}

/** Numbers prefixes by first appearance; the meaning is the address with its host bits cleared. */
class PrefixCoding implements Coding {
  map = new Uint32Array(0)
  count = 0
  meaning = new Uint32Array(256)
  readonly meaningWords = 4
  readonly #masks: { readonly ipv4: Uint32Array; readonly ipv6: Uint32Array }
  #done = 0
  #slots = new Uint32Array(1024)

  constructor(ipv4Bits: number, ipv6Bits: number) {
    this.#masks = { ipv4: maskOf(96 + ipv4Bits), ipv6: maskOf(ipv6Bits) }
  }

  follow(words: Uint32Array, codes: number, facts: Uint32Array | null): void {
    if (this.#done === codes) return
    this.map = grown(this.map, codes)
    for (let code = this.#done; code < codes; code++) {
      if (facts === null || code === 0 || facts[code] !== 0) this.map[code] = this.#numberOf(words, code * 4)
    }
    this.#done = codes
  }

  #numberOf(words: Uint32Array, at: number): number {
    const mask = isIpv4(words, at) ? this.#masks.ipv4 : this.#masks.ipv6
    const a = (words[at]! & mask[0]!) >>> 0
    const b = (words[at + 1]! & mask[1]!) >>> 0
    const c = (words[at + 2]! & mask[2]!) >>> 0
    const d = (words[at + 3]! & mask[3]!) >>> 0
    const { meaning } = this
    let slot = hashOf(a, b, c, d) & (this.#slots.length - 1)
    for (;;) {
      const number = this.#slots[slot]! - 1
      if (number < 0) break
      const k = number * 4
      if (meaning[k] === a && meaning[k + 1] === b && meaning[k + 2] === c && meaning[k + 3] === d)
        return number
      slot = (slot + 1) & (this.#slots.length - 1)
    }
    const number = this.count++
    this.#slots[slot] = number + 1
    if (number * 4 === meaning.length) this.meaning = grown(meaning, number * 8)
    const at4 = number * 4
    this.meaning[at4] = a
    this.meaning[at4 + 1] = b
    this.meaning[at4 + 2] = c
    this.meaning[at4 + 3] = d
    if (this.count * 2 > this.#slots.length) this.#rehash()
    return number
  }

  #rehash(): void {
    const { meaning } = this
    const slots = new Uint32Array(this.#slots.length * 4)
    for (let number = 0; number < this.count; number++) {
      const k = number * 4
      let slot = hashOf(meaning[k]!, meaning[k + 1]!, meaning[k + 2]!, meaning[k + 3]!) & (slots.length - 1)
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1)
      slots[slot] = number + 1
    }
    this.#slots = slots
  }
}

function hashOf(a: number, b: number, c: number, d: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ d
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return h ^ (h >>> 16)
}

function maskOf(bits: number): Uint32Array {
  return Uint32Array.from([0, 32, 64, 96], (from) => {
    const own = Math.min(32, Math.max(0, bits - from))
    return own === 0 ? 0 : -(2 ** (32 - own)) >>> 0
  })
}

function grown(values: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const bigger = new Uint32Array(length)
  bigger.set(values)
  return bigger
}
