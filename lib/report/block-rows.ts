import type { AddressFact } from '../flow/address-fact.ts'
import type { FixedColumn, NumberValues } from '../flow/batch.ts'
import { type BlockMemory, NEW_MEMORY, type ValueMemory } from '../flow/block-memory.ts'
import { F, type Field } from '../flow/fields.ts'
import { allPresent, holdAll } from '../flow/presence.ts'
import type { FlowBlock, Problem, ReadColumn, ScaledColumn } from '../flow/source.ts'
import type { AddressScope } from './address-scope.ts'
import type { CounterName } from './counters.ts'
import type { LaneValues } from './lane-kernels.ts'
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
/** By whether the source (1) and the destination (2) are local. */
export const BY_ENDS = Uint8Array.of(TRANSIT, OUT, IN, INTERNAL)

/** The columns of one block as queries see them: read once, whoever asks, and what is made of them made once. */
export class BlockRows {
  readonly block: FlowBlock
  readonly rows: number
  readonly scope: AddressScope
  readonly problems: Problem[]
  readonly #memory: ValueMemory
  readonly #columns = new Map<Field, ReadColumn | null>()
  readonly #scaled = new Map<Field, ScaledColumn | null>()
  readonly #codes = new Map<Field, CodeColumn | null>()
  readonly #made = new Map<unknown, Map<string, unknown>>()

  /** What is made of columns goes to `memory`: good until it is reset. */
  constructor(block: FlowBlock, scope: AddressScope, problems: Problem[], memory: BlockMemory | null = null) {
    this.#memory = memory ?? NEW_MEMORY
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

  /** Columns of 64 bits in half their width; null where they do not fit, or nobody gives them so. */
  scaled(field: Field): ScaledColumn | null {
    let column = this.#scaled.get(field)
    if (column === undefined) {
      column = this.block.readScaled?.(field, this.problems) ?? null
      this.#scaled.set(field, column)
    }
    return column
  }

  /** Room for numbers, with anything in it. */
  octets(count: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer(count), 0, count)
  }

  words(count: number): Uint32Array {
    return new Uint32Array(this.#memory.buffer(count * 4), 0, count)
  }

  wide(count: number): BigUint64Array {
    return new BigUint64Array(this.#memory.buffer(count * 8), 0, count)
  }

  floats(count: number): Float64Array {
    return new Float64Array(this.#memory.buffer(count * 8), 0, count)
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
      const out = this.octets(this.rows)
      if (local === null) return out.fill(TRANSIT)
      const { source, destination, isLocal } = this.#ends(local)
      tellDirections(source, destination, isLocal, out)
      return out
    })
  }

  /** Codes of both ends, 0 where rows have none, and by code whether addresses are local: 0 is not. */
  #ends(local: AddressFact): { source: Uint32Array; destination: Uint32Array; isLocal: Uint8Array } {
    return this.once(local, 'ends', () => {
      const source = this.codes(F.sourceAddress)
      const destination = this.codes(F.destinationAddress)
      const hasGaps = [source, destination].some((end) => end === null || end.present !== null)
      // Only now are all their addresses in the dictionary.
      const isLocal = this.scope.isKnown(local)
      // `::` may be local too: then rows without an address need a code that is not.
      if (!hasGaps || isLocal[0] === 0)
        return { source: this.#codesOrNone(source), destination: this.#codesOrNone(destination), isLocal }
      const marked = new Uint8Array(isLocal.length + 1)
      marked.set(isLocal)
      const none = isLocal.length
      return {
        source: this.#codesOrNone(source, none),
        destination: this.#codesOrNone(destination, none),
        isLocal: marked,
      }
    })
  }

  #codesOrNone(column: CodeColumn | null, none = 0): Uint32Array {
    if (column === null) return this.words(this.rows).fill(none)
    const { codes, present } = column
    if (present === null) return codes
    const out = this.words(this.rows)
    for (let row = 0; row < out.length; row++) out[row] = present[row] === 1 ? codes[row]! : none
    return out
  }

  /** Addresses of a side; null where no row has one. */
  sideCodes(side: Side, local: AddressFact | null): CodeColumn | null {
    if (side === 'source') return this.codes(F.sourceAddress)
    if (side === 'destination') return this.codes(F.destinationAddress)
    return this.once(local, `codes ${side}`, () => {
      const a = this.codes(F.sourceAddress)
      const b = this.codes(F.destinationAddress)
      const isWhole = a !== null && b !== null && a.present === null && b.present === null
      if (local !== null && isWhole) {
        const { isLocal } = this.#ends(local)
        const codes = this.words(this.rows)
        if (side === 'remote') {
          remoteCodes(a.codes, b.codes, isLocal, codes)
          return { codes, present: null }
        }
        const present = this.octets(this.rows)
        const locals = localCodes(a.codes, b.codes, isLocal, codes, present)
        return { codes, present: locals === this.rows ? null : present }
      }
      const choice = this.#choice(side, local)
      const none = new Uint32Array(this.rows)
      const codes = this.words(this.rows)
      chooseCodes(choice, a?.codes ?? none, b?.codes ?? none, codes)
      const present = this.octets(this.rows)
      const [hasA, hasB] = [presence(a, this.rows), presence(b, this.rows)]
      choosePresence(choice, hasA, hasB, present)
      return { codes, present: partial(present, this.rows) }
    })
  }

  /** Which end of each row a side is: 1 source, 2 destination, 0 neither. */
  #choice(side: Side, local: AddressFact | null): Uint8Array {
    return this.once(local, `choice ${side}`, () => {
      const out = this.octets(this.rows)
      chooseEnds(this.directions(local), CHOICES[side], out)
      return out
    })
  }

  /** The lower port of protocols that have ports, else 0. */
  servicePorts(make: () => Uint16Array): Uint16Array {
    return this.once(null, 'service', make)
  }

  /** A counter that was multiplied by sampling rates when the rows were made; null for flows. */
  scaledBefore(_name: CounterName): LaneValues | null {
    return null
  }

  /** How many flows each row counts for in a window from `fromNs` on; null: one each. */
  flowCounts(_fromNs: bigint | null): LaneValues | null {
    return null
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
        const has = column.present ?? allPresent(this.rows)
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

function tellDirections(
  source: Uint32Array,
  destination: Uint32Array,
  isLocal: Uint8Array,
  out: Uint8Array,
): void {
  for (let row = 0; row < out.length; row++) {
    // 0 transit, 1 out, 2 in, 3 internal.
    const ends = isLocal[source[row]!]! | (isLocal[destination[row]!]! << 1)
    out[row] = BY_ENDS[ends]!
  }
}

/** Of rows whose ends both have addresses: the local one, and whether there is one; returns how many have. */
function localCodes(
  a: Uint32Array,
  b: Uint32Array,
  isLocal: Uint8Array,
  codes: Uint32Array,
  present: Uint8Array,
): number {
  let count = 0
  for (let row = 0; row < codes.length; row++) {
    const source = a[row]!
    const destination = b[row]!
    const isOut = isLocal[source]!
    const isIn = isLocal[destination]! & (isOut ^ 1)
    // Masks, for no processor foretells who is local.
    codes[row] = (source & -isOut) | (destination & -isIn)
    present[row] = isOut | isIn
    count += isOut | isIn
  }
  return count
}

function remoteCodes(a: Uint32Array, b: Uint32Array, isLocal: Uint8Array, codes: Uint32Array): void {
  for (let row = 0; row < codes.length; row++) {
    const source = a[row]!
    const destination = b[row]!
    const isIn = -(isLocal[destination]! & (isLocal[source]! ^ 1))
    codes[row] = (source & isIn) | (destination & ~isIn)
  }
}

function chooseEnds(directions: Uint8Array, table: Uint8Array, out: Uint8Array): void {
  for (let row = 0; row < out.length; row++) out[row] = table[directions[row]!]!
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

function presence(column: CodeColumn | null, rows: number): Uint8Array {
  if (column === null) return new Uint8Array(rows)
  return column.present ?? allPresent(rows)
}

/** Null if all rows hold the column. */
export function partial(present: Uint8Array, rows: number): Uint8Array | null {
  const own = present.length === rows ? present : present.subarray(0, rows)
  return holdAll(own, rows) ? null : own
}
