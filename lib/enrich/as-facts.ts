import type { AddressFact } from '../flow/address-fact.ts'
import { type AsTable, parseAsNumber } from './as-table.ts'
import type { BuiltInNetworks } from './built-in-networks.ts'

/** Names of autonomous systems and what they are found by: the user's first, then the built-in table's. */
export class AsDirectory {
  readonly #user: AsTable | null
  readonly #builtIn: BuiltInNetworks | null

  constructor(user: AsTable | null, builtIn: BuiltInNetworks | null) {
    this.#user = user
    this.#builtIn = builtIn
  }

  /** The name of an AS, or the empty text. */
  name(number: number): string {
    return this.#user?.names.get(number) ?? this.#builtIn?.asName(number) ?? ''
  }

  /**
   * The systems that `text` means: a number (`64500`, `AS64500`), else a list of the user's (`cdn`, `@cdn`), else all whose
   * name is `text`, else all whose name holds it; case does not matter. Ascending but for lists.
   */
  find(text: string): readonly number[] {
    const word = text.startsWith('@') ? text.slice(1) : text
    if (word === '') return []
    const number = parseAsNumber(word)
    if (number >= 0) return [number]
    const wanted = word.toLowerCase()
    const list = this.#user?.lists.get(wanted)
    if (list !== undefined) return list
    const found = new Set(this.#builtIn?.findAs(wanted) ?? [])
    for (const [asNumber, name] of this.#user?.names ?? []) {
      // The user's name replaces the other one.
      if (name.toLowerCase().includes(wanted)) found.add(asNumber)
      else found.delete(asNumber)
    }
    const all = [...found].sort((a, b) => a - b)
    const exact = all.filter((one) => this.name(one).toLowerCase() === wanted)
    return exact.length > 0 ? exact : all
  }
}

/** The AS of addresses after one table, as numbers that are AS numbers. */
export function asFact(table: Pick<AsTable, 'find'>, directory: AsDirectory): AddressFact {
  return {
    name: 'as',
    fill(words, from, to, out) {
      for (let i = from; i < to; i++) out[i] = table.find(words, i * 4)
    },
    text: (value) => (value === 0 ? '' : String(value)),
    find: (text) => directory.find(text)[0] ?? -1,
    findAll: (text) => directory.find(text),
  }
}

/** Names of the AS of addresses; systems of one name are one. The text of a system without a name is `AS64500`. */
export function asNameFact(table: Pick<AsTable, 'find'>, directory: AsDirectory): AddressFact {
  const firstOfName = new Map<string, number>()
  const canonical = new Map<number, number>([[0, 0]])
  const sameName = (number: number): number => {
    let first = canonical.get(number)
    if (first === undefined) {
      const name = directory.name(number)
      first = name === '' ? number : (firstOfName.get(name) ?? number)
      if (name !== '' && first === number) firstOfName.set(name, number)
      canonical.set(number, first)
    }
    return first
  }
  return {
    name: 'as.name',
    fill(words, from, to, out) {
      let before = 0
      let value = 0
      for (let i = from; i < to; i++) {
        const number = table.find(words, i * 4)
        if (number !== before) {
          before = number
          value = sameName(number)
        }
        out[i] = value
      }
    },
    text: (value) => (value === 0 ? '' : directory.name(value) || `AS${value}`),
    find: (text) => sameName(directory.find(text)[0] ?? -1),
    findAll: (text) => [...new Set(directory.find(text).map(sameName))],
  }
}
