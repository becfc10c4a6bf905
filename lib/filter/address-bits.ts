import { isIpv4 } from '../bytes/address.ts'
import type { AddressCodes } from '../flow/source.ts'
import { hasAddress } from './address-set.ts'
import type { AddressMatch } from './condition.ts'
import { hasNumber, type NumberSet } from './number-set.ts'

/** Puts into `out` from 0 on whether the addresses `from` to `to` match: 1 or 0. */
export type AddressPredicate = (words: Uint32Array, from: number, to: number, out: Uint8Array) => void

/** IPv4 addresses by their numbers, both ends among them. */
export interface Ipv4Range {
  readonly low: number
  readonly high: number
}

const CHUNK = 4096
/** Octets that the answers of one filter may take, over all dictionaries; beyond it they are not kept. */
const MOST_KEPT = 256 * 2 ** 20

/** The predicate that a match stands for. */
export function predicateOf(match: AddressMatch): AddressPredicate {
  switch (match.is) {
    case 'any':
      return (_words, from, to, out) => {
        out.fill(1, 0, to - from)
      }
    case 'fact': {
      const { fact, numbers } = match
      const wanted = new Set(numbers)
      const isWanted = (number: number) => (wanted.size === 0 ? number !== 0 : wanted.has(number))
      return byFact((words, from, to, facts) => fact.fill(words, from, to, facts), isWanted)
    }
    default: {
      const { set, isInverted } = match
      const [hit, miss] = isInverted ? [0, 1] : [1, 0]
      if (set.starts6.length === 0 && set.starts4.length === 1) {
        const start = set.starts4[0]!
        const end = set.ends4[0]!
        return (words, from, to, out) => {
          for (let i = from, at = from * 4; i < to; i++, at += 4) {
            const value = words[at + 3]!
            out[i - from] = value >= start && value <= end && isIpv4(words, at) ? hit : miss
          }
        }
      }
      return (words, from, to, out) => {
        for (let i = from; i < to; i++) out[i - from] = hasAddress(set, words, i * 4) ? hit : miss
      }
    }
  }
}

/** The IPv4 addresses that a match stands for, where these are one range and nothing else is. */
export function ipv4RangeOf(match: AddressMatch): Ipv4Range | null {
  if (match.is === 'any' || match.is === 'fact' || match.isInverted) return null
  const { starts4, ends4, starts6 } = match.set
  return starts4.length === 1 && starts6.length === 0 ? { low: starts4[0]!, high: ends4[0]! } : null
}

/** The predicate of an AS table: its number is in the set. */
export function numberPredicate(
  fill: (words: Uint32Array, from: number, to: number, out: Uint32Array) => void,
  set: NumberSet,
): AddressPredicate {
  const known = new Map<number, boolean>()
  return byFact(fill, (number) => {
    let isIn = known.get(number)
    if (isIn === undefined) {
      isIn = hasNumber(set, BigInt(number))
      if (known.size < 200_000) known.set(number, isIn)
    }
    return isIn
  })
}

function byFact(
  fill: (words: Uint32Array, from: number, to: number, out: Uint32Array) => void,
  isWanted: (number: number) => boolean,
): AddressPredicate {
  const facts = new Uint32Array(CHUNK)
  return (words, from, to, out) => {
    for (let start = from; start < to; start += CHUNK) {
      const count = Math.min(CHUNK, to - start)
      fill(words.subarray(start * 4, (start + count) * 4), 0, count, facts)
      for (let i = 0; i < count; i++) out[start - from + i] = isWanted(facts[i]!) ? 1 : 0
    }
  }
}

/** The octets that filters keep; shared by the predicates of one. */
export interface KeptBudget {
  used: number
}

/** Dictionaries whose answers are kept: files are read one after the other, a few side by side. */
const MOST_DICTIONARIES = 4

interface Kept {
  readonly addresses: WeakRef<AddressCodes>
  bits: Uint8Array
  /** Codes that have been asked. */
  done: number
  /** The only one of them that matches, -1 if there is none, or several; undefined while nobody has looked. */
  only: number | undefined
}

/** A predicate's answers by address code: asked once for each address of a dictionary. */
export class AddressBits {
  readonly #predicate: AddressPredicate
  readonly #budget: KeptBudget
  readonly #range: Ipv4Range | null
  /** The dictionaries asked for last, the latest first. */
  readonly #kept: Kept[] = []

  /** `range`: where the predicate asks for no other addresses than these. */
  constructor(predicate: AddressPredicate, budget: KeptBudget, range: Ipv4Range | null = null) {
    this.#predicate = predicate
    this.#budget = budget
    this.#range = range
  }

  /** One octet a code, for all codes known now; null where that is more than may be kept. */
  of(addresses: AddressCodes): Uint8Array | null {
    const { codes } = addresses
    const kept = this.#keptOf(addresses)
    if (kept.bits.length < codes && !this.#grow(kept, codes)) return null
    if (kept.done < codes) {
      this.#ask(addresses, kept)
      kept.done = codes
      kept.only = undefined
    }
    return kept.bits
  }

  /** The only code that matches; -1 where none does, several do, or answers are not kept. */
  onlyCode(addresses: AddressCodes): number {
    const bits = this.of(addresses)
    if (bits === null) return -1
    const [kept] = this.#kept
    if (kept!.only === undefined) {
      const first = bits.indexOf(1)
      const next = first < 0 ? -1 : bits.indexOf(1, first + 1)
      kept!.only = next < 0 ? first : -1
    }
    return kept!.only
  }

  /** Asks for the codes that have not been asked. */
  #ask(addresses: AddressCodes, { bits, done }: Kept): void {
    if (this.#range !== null && addresses.markIpv4 !== undefined) {
      const { low, high } = this.#range
      bits.fill(0, done, addresses.codes)
      addresses.markIpv4(done, low, high, bits)
    } else if (addresses.visit === undefined)
      this.#predicate(addresses.words(), done, addresses.codes, bits.subarray(done))
    else
      addresses.visit(done, (words, first, count) => {
        this.#predicate(words, 0, count, bits.subarray(first))
      })
  }

  #keptOf(addresses: AddressCodes): Kept {
    const [latest] = this.#kept
    if (latest !== undefined && latest.addresses.deref() === addresses) return latest
    const at = this.#kept.findIndex((kept) => kept.addresses.deref() === addresses)
    const kept =
      at < 0
        ? { addresses: new WeakRef(addresses), bits: new Uint8Array(0), done: 0, only: undefined }
        : this.#kept.splice(at, 1)[0]!
    this.#kept.unshift(kept)
    if (this.#kept.length > MOST_DICTIONARIES) this.#budget.used -= this.#kept.pop()!.bits.length
    return kept
  }

  /** Makes room for the codes; a dictionary that grows is given more. False where the budget has none. */
  #grow(kept: Kept, codes: number): boolean {
    const size = kept.done === 0 ? codes : codes + (codes >>> 1)
    const more = size - kept.bits.length
    if (this.#budget.used + more > MOST_KEPT) return false
    this.#budget.used += more
    const bits = new Uint8Array(size)
    bits.set(kept.bits)
    kept.bits = bits
    return true
  }

  /** Whether any code from `least` to `greatest` matches; true where that is not known. */
  meets(addresses: AddressCodes, least: bigint, greatest: bigint): boolean {
    if (greatest >= BigInt(addresses.codes)) return true
    const only = this.onlyCode(addresses)
    if (only >= 0) return least <= only && only <= greatest
    const bits = this.of(addresses)
    if (bits === null) return true
    const found = bits.indexOf(1, Number(least))
    return found >= 0 && found <= Number(greatest)
  }

  /** Answers for rows by their codes, `present` left aside. */
  select(addresses: AddressCodes, codes: Uint32Array, rows: number, out: Uint8Array): void {
    const bits = this.of(addresses)
    if (bits !== null) {
      for (let row = 0; row < rows; row++) out[row] = bits[codes[row]!]!
      return
    }
    const words = addresses.words()
    const gathered = new Uint32Array(CHUNK * 4)
    for (let start = 0; start < rows; start += CHUNK) {
      const count = Math.min(CHUNK, rows - start)
      for (let i = 0; i < count; i++) {
        const at = codes[start + i]! * 4
        for (let k = 0; k < 4; k++) gathered[i * 4 + k] = words[at + k]!
      }
      this.#predicate(gathered, 0, count, out.subarray(start))
    }
  }

  /** Answers for addresses that have no codes. */
  selectWords(words: Uint32Array, rows: number, out: Uint8Array): void {
    this.#predicate(words, 0, rows, out)
  }
}
