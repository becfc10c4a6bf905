import { F, type Field } from '../flow/fields.ts'
import { ALWAYS, all, any, type Condition, not } from './condition.ts'
import type { Cursor } from './cursor.ts'
import type { FilterNames } from './filter.ts'
import { sideOf } from './nouns.ts'

/** A filter that is being read. */
export interface Reading {
  readonly cursor: Cursor
  readonly names: FilterNames
  /** Compiles a regular expression; throws on a bad one. */
  readonly pattern: (text: string) => (value: string) => boolean
}

/** The words of a primitive up to the one that says what it is about. */
export interface Head {
  /** In the order of QUALIFIERS. */
  readonly qualifiers: readonly string[]
  readonly noun: string
  /** `src and dst`: both must match. */
  readonly isBoth: boolean
  /** Number of the head's first piece. */
  readonly from: number
  /** Number of the piece that has the noun. */
  readonly at: number
  /** Words that a spelling stands for and that follow the noun. */
  readonly extra: readonly string[]
}

/** The columns of a primitive and how they are put together. */
export interface Columns {
  readonly fields: readonly Field[]
  readonly isBoth: boolean
  /** The end of the flow that is asked for, where `local` or `remote` stands before the noun. */
  readonly end: 'local' | 'remote' | null
  /** What must hold besides: the row has a tunnel, a protocol. */
  readonly only: Condition
}

/** Tests the columns one by one. `isNegated` (as with `!=`): every one must pass, and none may. */
export function overColumns(
  reading: Reading,
  columns: Columns,
  test: (field: Field) => Condition,
  isNegated = false,
): Condition {
  const parts = columns.fields.map((field) => {
    const part = test(field)
    if (columns.end === null) return part
    const side = sideOf(field)
    if (side === null) return part
    return all([endIs(reading, side, columns.end), part])
  })
  const joined = columns.isBoth || (isNegated && columns.end === null) ? all(parts) : any(parts)
  return all([columns.only, joined])
}

/** Whether the flow's source or destination is local, or remote. */
export function endIs(reading: Reading, side: 'source' | 'destination', end: 'local' | 'remote'): Condition {
  const fact = reading.names.local
  if (fact === undefined)
    throw reading.cursor.fault('no local networks are known; name them with --local', reading.cursor.peek(-1))
  const field = side === 'source' ? F.sourceAddress : F.destinationAddress
  const local: Condition = { is: 'address', field, match: { is: 'fact', fact, numbers: [] } }
  return end === 'local' ? local : all([{ is: 'address', field, match: { is: 'any' } }, not(local)])
}

/** `in`, `out`, `internal`, `transit`, and `local` or `remote` for either end. */
export function directionIs(reading: Reading, word: string): Condition {
  const source = endIs(reading, 'source', 'local')
  const destination = endIs(reading, 'destination', 'local')
  const fromOutside = endIs(reading, 'source', 'remote')
  const toOutside = endIs(reading, 'destination', 'remote')
  switch (word) {
    case 'in':
      return all([fromOutside, destination])
    case 'out':
      return all([source, toOutside])
    case 'internal':
      return all([source, destination])
    case 'transit':
      return all([fromOutside, toOutside])
    case 'local':
      return any([source, destination])
    case 'remote':
      return any([fromOutside, toOutside])
    default:
      return ALWAYS
  }
}
