import { BlockMemory } from '../flow/block-memory.ts'
import { Damage } from './damage.ts'
import { DICTIONARY_FIXED_OCTETS, MOST_CODES } from './encoding.ts'
import { padded } from './frame.ts'
import type { BodyReader } from './frame-scan.ts'
import { type AddressFacts, StreamReader } from './stream-reader.ts'

/** A D frame's head, and how to read its body. */
interface Delta {
  readonly first: number
  readonly count: number
  readonly numbers: readonly number[]
  /** Streams are opened anew each time, so that what was decoded is not kept twice. */
  open(memory?: BlockMemory): StreamReader
  /** Whether the whole body has the checksum it should. */
  isWhole(): boolean
}

/** Codes of a piece that `visit` shows: its words fit the processor's cache. */
const PIECE = 4096

/** A file's addresses by code; each part is read when first asked for. */
export class AddressTable implements AddressFacts {
  /** Codes known, code 0 among them. */
  codes = 1
  readonly #deltas: Delta[] = []
  #words = new Uint32Array(4)
  #wordsDone = 0
  /** For `wordsOf`, whose callers ask for neighbours. */
  #lastOpened: { readonly delta: Delta; readonly reader: StreamReader } | null = null
  readonly #attributes: { values: Uint32Array; done: number }[] = []
  /** Frames whose bodies were proven right. */
  #checked = 0

  /**
   * Adds a D frame; false if it does not follow on the codes known or its head is wrong. `isWhole` is asked when its
   * addresses are needed.
   */
  add(head: Buffer, body: BodyReader, isWhole: () => boolean = () => true): boolean {
    if (head.length < DICTIONARY_FIXED_OCTETS) return false
    const [first, count, streams, planes, attributes] = [0, 4, 8, 12, 16].map((at) =>
      head.readUInt32LE(at),
    ) as [number, number, number, number, number]
    const tablesAt = padded(DICTIONARY_FIXED_OCTETS + (6 + attributes) * 4)
    if (first !== this.codes || first + count > MOST_CODES + 1 || tablesAt > head.length) return false
    const numbers: number[] = []
    for (let i = 0; i < 6 + attributes; i++) numbers.push(head.readUInt32LE(DICTIONARY_FIXED_OCTETS + i * 4))
    try {
      const tables = Buffer.from(head.subarray(tablesAt))
      const open = (memory?: BlockMemory) => new StreamReader(tables, { streams, planes }, body, null, memory)
      open()
      this.#deltas.push({ first, count, numbers, open, isWhole })
    } catch (error) {
      if (error instanceof Damage) return false
      throw error
    }
    this.codes += count
    return true
  }

  /**
   * Proves frames right before they are read: from one that is damaged on, codes are no longer known. To be called before
   * blocks are opened, which may use these.
   */
  check(): void {
    for (; this.#checked < this.#deltas.length; this.#checked++) {
      const delta = this.#deltas[this.#checked]!
      if (delta.isWhole()) continue
      this.codes = delta.first
      this.#deltas.length = this.#checked
    }
  }

  words(): Uint32Array {
    this.check()
    if (this.#wordsDone === this.#deltas.length) return this.#words
    const words = new Uint32Array(this.codes * 4)
    words.set(this.#words)
    const memory = new BlockMemory()
    for (const delta of this.#deltas.slice(this.#wordsDone)) {
      const { first, count } = delta
      new DeltaWords(delta, memory).fill(count, words.subarray(first * 4))
    }
    this.#words = words
    this.#lastOpened = null
    this.#wordsDone = this.#deltas.length
    return words
  }

  visit(from: number, take: (words: Uint32Array, first: number, count: number) => void): void {
    this.check()
    const known = this.#words.length / 4
    if (from < known) take(this.#words.subarray(from * 4), from, known - from)
    const memory = new BlockMemory()
    const piece = new Uint32Array(PIECE * 4)
    for (const delta of this.#deltas.slice(this.#wordsDone)) {
      const end = delta.first + delta.count
      if (end <= from) continue
      const words = new DeltaWords(delta, memory)
      for (let first = delta.first; first < end; first += PIECE) {
        const count = Math.min(PIECE, end - first)
        words.fill(count, piece)
        const seen = Math.max(0, Math.min(count, from - first))
        if (seen < count) take(piece.subarray(seen * 4), first + seen, count - seen)
      }
    }
  }

  markIpv4(from: number, low: number, high: number, marks: Uint8Array): void {
    this.check()
    const memory = new BlockMemory()
    for (const { first, count, numbers, open } of this.#deltas) {
      if (first + count <= from) continue
      memory.reset()
      const reader = open(memory)
      const count4 = reader.count(numbers[1]!)
      if (count4 > count) throw new Damage('there are more IPv4 addresses than addresses')
      const found = new Uint32Array(memory.buffer((count4 + 1) * 4), 0, count4 + 1)
      const many = reader.find(numbers[1]!, count4, low, high, found)
      if (many > 0 && count4 < count) toPlaces(reader.small(numbers[0]!, count), found, many)
      for (let i = 0; i < many; i++) {
        const code = first + found[i]!
        if (code >= from) marks[code] = 1
      }
    }
  }

  /** The words of one code, reading no more than its frame; throws Damage. */
  wordsOf(code: number): Uint32Array {
    this.check()
    if (code * 4 < this.#words.length) return this.#words.slice(code * 4, code * 4 + 4)
    const delta = this.#deltas.find(({ first, count }) => code >= first && code < first + count)
    if (delta === undefined) throw new Damage(`there is no address ${code}`)
    if (this.#lastOpened?.delta !== delta) this.#lastOpened = { delta, reader: delta.open() }
    const { reader } = this.#lastOpened
    const place = code - delta.first
    const families = reader.narrow(delta.numbers[0]!, delta.count)
    let before6 = 0
    for (let i = 0; i < place; i++) before6 += families[i] === 0 ? 0 : 1
    const word = (k: number, at: number) => {
      const values = reader.narrow(delta.numbers[k]!, reader.count(delta.numbers[k]!))
      const value = values[at]
      if (value === undefined) throw new Damage(`there is no address ${code}`)
      return value
    }
    if (families[place] === 0) return Uint32Array.of(0, 0, 0xffff, word(1, place - before6))
    return Uint32Array.of(...[2, 3, 4, 5].map((k) => word(k, before6)))
  }

  attribute(number: number): Uint32Array {
    this.check()
    if (number > 255) throw new Damage(`there is no attribute ${number}`)
    while (this.#attributes.length <= number) this.#attributes.push({ values: new Uint32Array(1), done: 0 })
    const known = this.#attributes[number]!
    if (known.done === this.#deltas.length) return known.values
    const values = new Uint32Array(this.codes)
    values.set(known.values)
    for (const { first, count, numbers, open } of this.#deltas.slice(known.done)) {
      const stream = numbers[6 + number]
      if (stream !== undefined) values.set(open().narrow(stream, count), first)
    }
    known.values = values
    known.done = this.#deltas.length
    return values
  }

  /** The code of an address, or -1; looks at all of them. */
  find(a: number, b: number, c: number, d: number): number {
    const words = this.words()
    for (let at = 0; at < words.length; at += 4) {
      if (words[at + 3] === d && words[at + 2] === c && words[at + 1] === b && words[at] === a) return at / 4
    }
    return -1
  }
}

/** The addresses of one frame, from its first code to its last. */
class DeltaWords {
  /** 0 for IPv4. */
  readonly #families: Uint8Array
  readonly #ipv4: Uint32Array
  readonly #ipv6: readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array]
  #next = 0
  #next4 = 0
  #next6 = 0

  /** What was read with the same memory before is gone. Throws Damage. */
  constructor({ count, numbers, open }: Delta, memory: BlockMemory) {
    memory.reset()
    const reader = open(memory)
    const count4 = reader.count(numbers[1]!)
    const count6 = count - count4
    if (count6 < 0) throw new Damage('there are more IPv4 addresses than addresses')
    this.#families = reader.small(numbers[0]!, count)
    this.#ipv4 = reader.narrow(numbers[1]!, count4)
    const [a, b, c, d] = numbers.slice(2, 6).map((number) => reader.narrow(number, count6))
    this.#ipv6 = [a!, b!, c!, d!]
  }

  /** Writes the words of the next `count` codes. */
  fill(count: number, out: Uint32Array): void {
    const families = this.#families
    const ipv4 = this.#ipv4
    const [a, b, c, d] = this.#ipv6
    const from = this.#next
    let at4 = this.#next4
    let at6 = this.#next6
    for (let i = 0, at = 0; i < count; i++, at += 4) {
      if (families[from + i] === 0) {
        out[at] = 0
        out[at + 1] = 0
        out[at + 2] = 0xffff
        out[at + 3] = ipv4[at4++]!
      } else {
        out[at] = a[at6]!
        out[at + 1] = b[at6]!
        out[at + 2] = c[at6]!
        out[at + 3] = d[at6++]!
      }
    }
    this.#next += count
    this.#next4 = at4
    this.#next6 = at6
    if (at4 > ipv4.length || at6 > a.length)
      throw new Damage('families of addresses and their numbers differ')
  }
}

/** Of places among the IPv4 addresses of a frame, in order, makes those among all of its addresses. */
function toPlaces(families: Uint8Array, places: Uint32Array, many: number): void {
  let next4 = 0
  for (let place = 0, i = 0; place < families.length && i < many; place++) {
    if (families[place] !== 0) continue
    if (places[i] === next4++) places[i++] = place
  }
}
