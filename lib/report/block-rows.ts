import type { AddressFact } from '../flow/address-fact.ts'
import type { FixedColumn, NumberValues } from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'
import type { FlowBlock, Problem, ReadColumn } from '../flow/source.ts'
import type { AddressScope } from './address-scope.ts'
import type { Direction, Side } from './query.ts'

/** Addresses of one side by row: codes, and which rows have one (null: all). */
export interface CodeColumn {
  readonly codes: Uint32Array
  readonly present: Uint8Array | null
}

/** Numbers by row; `present` is null where all rows have one. */
export interface NumberColumn {
  readonly values: NumberValues
  readonly present: Uint8Array | null
}

/** Values of the direction column, in order. */
export const DIRECTIONS: readonly Direction[] = ['in', 'out', 'internal', 'transit']
const IN = 0
const OUT = 1
const INTERNAL = 2
const TRANSIT = 3

/** The columns of one block as queries see them: read once, whoever asks, and what is made of them made once. */
export class BlockRows {
  readonly block: FlowBlock
  readonly rows: number
  readonly scope: AddressScope
  readonly problems: Problem[]
  readonly #columns = new Map<Field, ReadColumn | null>()
  readonly #codes = new Map<Field, CodeColumn | null>()
  readonly #made = new Map<unknown, Map<string, unknown>>()

  constructor(block: FlowBlock, scope: AddressScope, problems: Problem[]) {
    this.block = block
    this.rows = block.info.rows
    this.scope = scope
    this.problems = problems
  }

  column(field: Field): ReadColumn | null {
    let column = this.#columns.get(field)
    if (column === undefined) {
      column = this.block.read(field, this.problems)
      this.#columns.set(field, column)
    }
    return column
  }

  fixed(field: Field): FixedColumn | null {
    const column = this.column(field)?.column ?? null
    return column?.shape === 'fixed' ? column : null
  }

  /** Columns of 8, 16 or 32 bits. */
  numbers(field: Field): NumberColumn | null {
    const column = this.fixed(field)
    return column === null ? null : { values: column.values, present: partial(column.present, this.rows) }
  }

  codes(field: Field): CodeColumn | null {
    let known = this.#codes.get(field)
    if (known === undefined) {
      const read = this.block.readCodes(field, this.problems)
      known = read === null ? null : { codes: read.codes, present: partial(read.present, this.rows) }
      this.#codes.set(field, known)
    }
    return known
  }

  /** Something made of this block's columns, made once; `owner` tells queries' settings apart. */
  once<T>(owner: unknown, name: string, make: () => T): T {
    let made = this.#made.get(owner)
    if (made === undefined) {
      made = new Map()
      this.#made.set(owner, made)
    }
    if (!made.has(name)) made.set(name, make())
    return made.get(name) as T
  }

  /** By row, where the flow goes as the local networks see it: places of DIRECTIONS. */
  directions(local: AddressFact | null): Uint8Array {
    return this.once(local, 'direction', () => {
      const out = new Uint8Array(this.rows).fill(TRANSIT)
      if (local === null) return out
      const source = this.codes(F.sourceAddress)
      const destination = this.codes(F.destinationAddress)
      // Only now are all their addresses in the dictionary.
      const facts = this.scope.factByCode(local)
      tellDirections(this.#localRows(source, facts), this.#localRows(destination, facts), out)
      return out
    })
  }

  /** 1 for rows whose address is there and local. */
  #localRows(column: CodeColumn | null, facts: Uint32Array): Uint8Array {
    const out = new Uint8Array(this.rows)
    if (column === null) return out
    markLocal(column.codes, facts, out)
    const { present } = column
    if (present !== null) for (let row = 0; row < out.length; row++) out[row]! &= present[row]!
    return out
  }

  /** Addresses of a side; null where no row has one. */
  sideCodes(side: Side, local: AddressFact | null): CodeColumn | null {
    if (side === 'source') return this.codes(F.sourceAddress)
    if (side === 'destination') return this.codes(F.destinationAddress)
    return this.once(local, `codes ${side}`, () => {
      const source = this.codes(F.sourceAddress)
      const destination = this.codes(F.destinationAddress)
      const choice = this.#choice(side, local)
      const none = new Uint32Array(this.rows)
      const codes = new Uint32Array(this.rows)
      chooseCodes(choice, source?.codes ?? none, destination?.codes ?? none, codes)
      const present = new Uint8Array(this.rows)
      const [hasA, hasB] = [presence(source, this.rows), presence(destination, this.rows)]
      choosePresence(choice, hasA, hasB, present)
      return { codes, present: partial(present, this.rows) }
    })
  }

  /** Which end of each row a side is: 1 source, 2 destination, 0 neither. */
  #choice(side: Side, local: AddressFact | null): Uint8Array {
    return this.once(local, `choice ${side}`, () => {
      const table = CHOICES[side]
      const directions = this.directions(local)
      const out = new Uint8Array(this.rows)
      for (let row = 0; row < out.length; row++) out[row] = table[directions[row]!]!
      return out
    })
  }

  /** Numbers of either end, as `sideCodes`: `fields` are the source's and the destination's. */
  sideNumbers(side: Side, fields: readonly [Field, Field], local: AddressFact | null): NumberColumn | null {
    if (side === 'source') return this.numbers(fields[0])
    if (side === 'destination') return this.numbers(fields[1])
    return this.once(local, `${fields[0].name} ${side}`, () => {
      const choice = this.#choice(side, local)
      const values = new Uint32Array(this.rows)
      const present = new Uint8Array(this.rows)
      for (const [i, field] of fields.entries()) {
        const column = this.numbers(field)
        if (column === null) continue
        const has = column.present ?? ones(this.rows)
        for (let row = 0; row < values.length; row++) {
          if (choice[row] !== i + 1) continue
          values[row] = column.values[row]!
          present[row] = has[row]!
        }
      }
      return { values, present: partial(present, this.rows) }
    })
  }
}

/** By direction, the end that a side is: 1 source, 2 destination, 0 neither. */
const CHOICES: Readonly<Record<Side, Uint8Array>> = {
  source: Uint8Array.of(1, 1, 1, 1),
  destination: Uint8Array.of(2, 2, 2, 2),
  local: Uint8Array.of(2, 1, 1, 0),
  remote: Uint8Array.of(1, 2, 2, 2),
}

function markLocal(codes: Uint32Array, facts: Uint32Array, out: Uint8Array): void {
  for (let row = 0; row < out.length; row++) out[row] = facts[codes[row]!] === 0 ? 0 : 1
}

function tellDirections(source: Uint8Array, destination: Uint8Array, out: Uint8Array): void {
  for (let row = 0; row < out.length; row++) {
    out[row] =
      source[row] === 1 ? (destination[row] === 1 ? INTERNAL : OUT) : destination[row] === 1 ? IN : TRANSIT
  }
}

function chooseCodes(choice: Uint8Array, a: Uint32Array, b: Uint32Array, out: Uint32Array): void {
  for (let row = 0; row < out.length; row++) {
    const chosen = choice[row]!
    out[row] = chosen === 1 ? a[row]! : chosen === 2 ? b[row]! : 0
  }
}

function choosePresence(choice: Uint8Array, a: Uint8Array, b: Uint8Array, out: Uint8Array): void {
  for (let row = 0; row < out.length; row++) {
    const chosen = choice[row]!
    out[row] = chosen === 1 ? a[row]! : chosen === 2 ? b[row]! : 0
  }
}

function ones(rows: number): Uint8Array {
  return new Uint8Array(rows).fill(1)
}

function presence(column: CodeColumn | null, rows: number): Uint8Array {
  if (column === null) return new Uint8Array(rows)
  return column.present ?? ones(rows)
}

/** Null if all rows hold the column. */
export function partial(present: Uint8Array, rows: number): Uint8Array | null {
  const own = present.length === rows ? present : present.subarray(0, rows)
  return own.indexOf(0) < 0 ? null : own
}
