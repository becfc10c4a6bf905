import { networkText } from '../bytes/prefix.ts'
import type { AddressFact } from '../flow/address-fact.ts'
import { PrefixSet } from './prefix-set.ts'
import type { RangeTable } from './range-table.ts'

/** The label whose values are words, each of which finds it. */
const TAGS = 'tags'

/** Texts by number, from 1 on. */
class Texts {
  readonly texts: string[] = ['']
  readonly #numbers = new Map<string, number>([['', 0]])
  readonly #folded = new Map<string, number>()

  add(text: string): number {
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = this.texts.length
      this.texts.push(text)
      this.#numbers.set(text, number)
      const folded = text.toLowerCase()
      if (!this.#folded.has(folded)) this.#folded.set(folded, number)
    }
    return number
  }

  /** As written, else in any case; empty where unknown. */
  findOne(text: string): readonly number[] {
    if (text === '') return []
    const number = this.#numbers.get(text) ?? this.#folded.get(text.toLowerCase())
    return number === undefined ? [] : [number]
  }

  /** All texts that are `text` or have it as a word, in any case. */
  findWord(text: string): readonly number[] {
    const wanted = text.toLowerCase()
    const found: number[] = []
    this.texts.forEach((one, number) => {
      const folded = one.toLowerCase()
      if (number > 0 && (folded === wanted || folded.split(' ').includes(wanted))) found.push(number)
    })
    return found
  }
}

/** Gathers networks by column, because there may be a million; row 0 stands for no network. */
export class NetworkRows {
  readonly prefixes = new PrefixSet()
  readonly names = new Texts()
  /** By label in lower case, in order of appearance; numbers by row. */
  readonly labels = new Map<string, { readonly texts: Texts; readonly numbers: number[] }>()
  words = new Uint32Array(4 * 64)
  bits = new Uint8Array(64)
  /** 0 for a network that is taken out of a wider one. */
  readonly isLocal: number[] = [0]
  readonly nameNumbers: number[] = [0]

  /** Rows with the one for no network. */
  get count(): number {
    return this.isLocal.length
  }

  /** Adds the first `bits` of four words (a Network's) and returns its row; `name` may be empty. */
  add(words: Uint32Array, bits: number, isLocal: boolean, name: string): number {
    const row = this.isLocal.length
    if (row === this.bits.length) this.#grow()
    for (let i = 0; i < 4; i++) this.words[row * 4 + i] = words[i]!
    this.bits[row] = bits
    this.isLocal.push(isLocal ? 1 : 0)
    this.nameNumbers.push(this.names.add(name))
    this.prefixes.add(words, bits, row)
    return row
  }

  label(row: number, label: string, value: string): void {
    let column = this.labels.get(label)
    if (column === undefined) {
      column = { texts: new Texts(), numbers: [] }
      this.labels.set(label, column)
    }
    const { numbers } = column
    while (numbers.length < row) numbers.push(0)
    numbers[row] = column.texts.add(value)
  }

  /** The prefix of a row as text. */
  text(row: number): string {
    return networkText({ words: this.words.subarray(row * 4, row * 4 + 4), bits: this.bits[row]! })
  }

  #grow(): void {
    const words = new Uint32Array(this.words.length * 2)
    words.set(this.words)
    this.words = words
    const bits = new Uint8Array(this.bits.length * 2)
    bits.set(this.bits)
    this.bits = bits
  }
}

/** The local networks: which addresses are ours, in which network, and what else the user's file says of it. */
export class Networks {
  /** `local`, `local.net`, `local.name` and one for each label, in this order. */
  readonly facts: ReadonlyMap<string, AddressFact>
  /** Labels in order of appearance. */
  readonly labels: readonly string[]
  readonly size: number
  readonly #table: RangeTable
  readonly #isLocal: Uint32Array

  constructor(rows: NetworkRows) {
    const { count } = rows
    this.size = count - 1
    this.#table = rows.prefixes.toTable()
    this.#isLocal = Uint32Array.from(rows.isLocal)
    this.labels = [...rows.labels.keys()]
    const facts = new Map<string, AddressFact>()
    facts.set('local', {
      name: 'local',
      fill: (words, from, to, out) => this.#fill(words, from, to, out, this.#isLocal),
      text: (value) => (value === 1 ? 'local' : ''),
      find: (text) => (text === 'local' ? 1 : -1),
    })
    facts.set('local.net', this.#netFact(rows))
    facts.set('local.name', this.#textFact('local.name', rows.names, rows.nameNumbers))
    for (const [label, { texts, numbers }] of rows.labels)
      facts.set(label, this.#textFact(label, texts, numbers))
    this.facts = facts
  }

  /** Whether the address at `at` is in a local network. */
  isLocal(words: Uint32Array, at: number): boolean {
    return this.#isLocal[this.#table.find(words, at)] === 1
  }

  #fill(words: Uint32Array, from: number, to: number, out: Uint32Array, numbers: Uint32Array): void {
    const table = this.#table
    for (let i = from; i < to; i++) out[i] = numbers[table.find(words, i * 4)]!
  }

  /** Texts of prefixes are made when asked for. */
  #netFact(rows: NetworkRows): AddressFact {
    const numbers = this.#isLocal.map((isLocal, row) => isLocal * row)
    let found: Map<string, number> | null = null
    return {
      name: 'local.net',
      fill: (words, from, to, out) => this.#fill(words, from, to, out, numbers),
      text: (value) => (value > 0 && value < rows.count ? rows.text(value) : ''),
      find: (text) => {
        if (found === null) {
          found = new Map()
          for (let row = 1; row < rows.count; row++) if (numbers[row] !== 0) found.set(rows.text(row), row)
        }
        return found.get(text.toLowerCase()) ?? -1
      },
    }
  }

  #textFact(name: string, texts: Texts, numbers: readonly number[]): AddressFact {
    const byRow = new Uint32Array(this.size + 1)
    byRow.set(numbers)
    const findAll = (text: string): readonly number[] =>
      name === TAGS ? texts.findWord(text) : texts.findOne(text)
    return {
      name,
      fill: (words, from, to, out) => this.#fill(words, from, to, out, byRow),
      text: (value) => texts.texts[value] ?? '',
      find: (text) => texts.findOne(text)[0] ?? findAll(text)[0] ?? -1,
      findAll,
    }
  }
}
