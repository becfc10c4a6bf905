import type { AddressCodes, BlockColumnFacts } from '../../flow/source.ts'
import type { NatQuestion } from './nat-question.ts'

/** What blocks say of columns whose range they do not know. */
const UNKNOWN = 2n ** 64n - 1n

/** What is asked of one address. */
export interface AskedAddress {
  readonly words: Uint32Array
  /** 1 at ports asked about; null: all of them. */
  ports: Uint8Array | null
  /** The ports in order, once all questions are known. */
  sortedPorts: Uint16Array
}

/** The addresses that questions are about, and where blocks have them. */
export class AskedAddresses {
  readonly list: AskedAddress[] = []
  readonly #byText = new Map<string, number>()
  /** By a hash of an address, whether any asked one has it: most addresses of a dictionary end here. */
  readonly #mayBeAsked = new Uint8Array(65_536)
  readonly #byLastWord = new Map<number, number[]>()
  #addresses: AddressCodes | null = null
  #marks = new Uint32Array(0)
  #marked = 0
  #leastCode = 0
  #greatestCode = -1

  constructor(questions: readonly NatQuestion[]) {
    for (const { address, words, port } of questions) {
      let place = this.#byText.get(address)
      if (place === undefined) {
        place = this.list.length
        this.#byText.set(address, place)
        this.list.push({ words, ports: new Uint8Array(65_536), sortedPorts: new Uint16Array(0) })
        const last = words[3]!
        this.#mayBeAsked[hash(words, 0)] = 1
        this.#byLastWord.set(last, [...(this.#byLastWord.get(last) ?? []), place])
      }
      const asked = this.list[place]!
      if (port === null) asked.ports = null
      else if (asked.ports !== null) asked.ports[port] = 1
    }
    for (const asked of this.list) {
      const { ports } = asked
      if (ports === null) continue
      const sorted: number[] = []
      for (let port = 0; port < 65_536; port++) if (ports[port] === 1) sorted.push(port)
      asked.sortedPorts = Uint16Array.from(sorted)
    }
  }

  /** The place of an address in `list`, or -1. */
  find(address: string): number {
    return this.#byText.get(address) ?? -1
  }

  /** By code, 1 + the place in `list` of the address that the code stands for, else 0. */
  marks(addresses: AddressCodes): Uint32Array {
    const { codes } = addresses
    if (this.#addresses !== addresses) {
      this.#addresses = addresses
      this.#marks = new Uint32Array(codes)
      this.#marked = 0
      this.#leastCode = 0
      this.#greatestCode = -1
    } else if (this.#marks.length < codes) {
      const marks = new Uint32Array(Math.max(codes, this.#marks.length * 2))
      marks.set(this.#marks)
      this.#marks = marks
    }
    const words = addresses.words()
    const may = this.#mayBeAsked
    for (let code = this.#marked; code < codes; code++) {
      if (may[hash(words, code * 4)] === 0) continue
      const place = this.#placeOf(words, code * 4)
      if (place < 0) continue
      this.#marks[code] = place + 1
      if (this.#greatestCode < 0) this.#leastCode = code
      this.#greatestCode = code
    }
    this.#marked = codes
    return this.#marks
  }

  /** Whether a column may hold one of the addresses; after `marks`. */
  mayHold(facts: BlockColumnFacts | undefined): boolean {
    if (facts === undefined) return false
    if (facts.greatest === UNKNOWN) return true
    if (this.#greatestCode < 0) return false
    return facts.least <= BigInt(this.#greatestCode) && facts.greatest >= BigInt(this.#leastCode)
  }

  #placeOf(words: Uint32Array, at: number): number {
    for (const place of this.#byLastWord.get(words[at + 3]!) ?? []) {
      const own = this.list[place]!.words
      if (own[0] === words[at] && own[1] === words[at + 1] && own[2] === words[at + 2]) return place
    }
    return -1
  }
}

function hash(words: Uint32Array, at: number): number {
  return Math.imul(words[at + 3]! ^ Math.imul(words[at + 1]!, 0x85ebca6b), 0x9e3779b1) >>> 16
}

/** The first place whose port is not below `port`. */
export function lowerBound(sorted: Uint16Array, port: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < port) low = middle + 1
    else high = middle
  }
  return low
}
