import type { Network } from '../bytes/address.ts'
import { networkText } from '../bytes/prefix.ts'
import type { AddressFact } from '../flow/address-fact.ts'
import type { RangeTable } from './range-table.ts'

/** A network of the user's. */
export interface NamedNetwork {
  readonly network: Network
  /** False for one that is taken out of a wider one. */
  readonly isLocal: boolean
  /** Empty without a name. */
  readonly name: string
  /** By label in lower case. */
  readonly labels: ReadonlyMap<string, string>
}

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

  /** As written, else in any case; -1 unknown. */
  find(text: string): number {
    if (text === '') return -1
    return this.#numbers.get(text) ?? this.#folded.get(text.toLowerCase()) ?? -1
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

  /** `table` gives for an address the place in `entries` of its network plus one. */
  constructor(entries: readonly NamedNetwork[], table: RangeTable) {
    this.#table = table
    this.size = entries.length
    const names = new Texts()
    const columns = new Map<string, { texts: Texts; numbers: Uint32Array }>()
    const isLocal = new Uint32Array(entries.length + 1)
    const nameNumbers = new Uint32Array(entries.length + 1)
    entries.forEach((entry, i) => {
      isLocal[i + 1] = entry.isLocal ? 1 : 0
      nameNumbers[i + 1] = names.add(entry.name)
      for (const [label, value] of entry.labels) {
        let column = columns.get(label)
        if (column === undefined) {
          column = { texts: new Texts(), numbers: new Uint32Array(entries.length + 1) }
          columns.set(label, column)
        }
        column.numbers[i + 1] = column.texts.add(value)
      }
    })
    this.labels = [...columns.keys()]
    const facts = new Map<string, AddressFact>()
    facts.set('local', {
      name: 'local',
      fill: (words, from, to, out) => this.#fill(words, from, to, out, isLocal),
      text: (value) => (value === 1 ? 'local' : ''),
      find: (text) => (text === 'local' ? 1 : -1),
    })
    facts.set('local.net', this.#netFact(entries))
    facts.set('local.name', this.#textFact('local.name', names, nameNumbers))
    for (const [label, { texts, numbers }] of columns) facts.set(label, this.#textFact(label, texts, numbers))
    this.facts = facts
  }

  /** Whether the address at `at` is in a local network. */
  isLocal(words: Uint32Array, at: number): boolean {
    const out = this.#one
    this.facts.get('local')!.fill(words.subarray(at, at + 4), 0, 1, out)
    return out[0] === 1
  }

  readonly #one = new Uint32Array(1)

  #fill(words: Uint32Array, from: number, to: number, out: Uint32Array, numbers: Uint32Array): void {
    const table = this.#table
    for (let i = from; i < to; i++) out[i] = numbers[table.find(words, i * 4)]!
  }

  /** Texts of prefixes are made when asked for: there may be a million. */
  #netFact(entries: readonly NamedNetwork[]): AddressFact {
    let places: Map<string, number> | null = null
    const places1 = new Uint32Array(entries.length + 1)
    entries.forEach((entry, i) => {
      places1[i + 1] = entry.isLocal ? i + 1 : 0
    })
    return {
      name: 'local.net',
      fill: (words, from, to, out) => this.#fill(words, from, to, out, places1),
      text: (value) => (value === 0 ? '' : networkText(entries[value - 1]!.network)),
      find: (text) => {
        places ??= new Map(entries.map(({ network }, i) => [networkText(network), i + 1]))
        return places.get(text.toLowerCase()) ?? -1
      },
    }
  }

  #textFact(name: string, texts: Texts, numbers: Uint32Array): AddressFact {
    return {
      name,
      fill: (words, from, to, out) => this.#fill(words, from, to, out, numbers),
      text: (value) => texts.texts[value] ?? '',
      find: (text) => texts.find(text),
    }
  }
}
