import type { Column, FixedColumn, FlowBatch, OctetsColumn } from '../../flow/batch.ts'
import type { Field } from '../../flow/fields.ts'
import { type ExtraFields, extraFields } from '../line-extras.ts'
import { isOfFlow, type KeyTarget } from './known-keys.ts'
import type { ShapeKey } from './line-shape.ts'
import { stateBit } from './row-end.ts'

/** What a key's value of the row before left behind, so that an equal one can be copied. */
export const STORED = {
  nothing: 0,
  u8: 1,
  u16: 2,
  u32: 3,
  pair: 4,
  address: 5,
  octets: 6,
  list: 7,
  extraNumber: 8,
} as const

const NO_OCTETS = new Uint8Array(0)
const NO_SHORTS = new Uint16Array(0)
const NO_WORDS = new Uint32Array(0)

/** One key that lines have: where its values go, and its column in the open batch. */
export class KeyEntry {
  readonly key: string
  /** Differs for each key of a reader. */
  readonly number: number
  readonly shape: ShapeKey
  /** `"key":` as the line that brought it had it. */
  readonly literal: Uint8Array
  /** The last eight of its octets, for keys of one beginning differ there, and the ones before by eight. */
  readonly words: BigUint64Array
  readonly length: number
  readonly op: number
  readonly field: Field | null
  readonly isZeroKept: boolean
  /** Whether the key makes a line a flow: a type and a time stand in other programs' lines as well. */
  readonly isOfFlow: boolean
  readonly isHexadecimal: boolean
  readonly octetsAs: 'hex' | 'text' | 'address'
  readonly target: KeyTarget
  /** Bit of what the row's end must know of it (`row-end.ts`). */
  readonly state: number
  /** Its place among the keys of the line before. */
  place = 0
  /** The line that held it last. */
  line = 0
  /** The key that came behind it when it was not the expected one. */
  alternative: KeyEntry | null = null
  /** Whether its value is expected to be that of the line before. */
  isSteady = true
  /** Whether equal text does not mean equal columns. */
  isNeverSteady = false
  /** A STORED. */
  stored = 0
  /** The column that `stored` speaks of. */
  column: Column | null = null
  u8: Uint8Array = NO_OCTETS
  u16: Uint16Array = NO_SHORTS
  u32: Uint32Array = NO_WORDS
  present: Uint8Array = NO_OCTETS
  #own: FixedColumn | null = null
  #serial = -1
  #extras: ExtraFields | null = null

  constructor(key: string, number: number, literal: Uint8Array, target: KeyTarget, shape: ShapeKey) {
    this.key = key
    this.number = number
    this.shape = shape
    this.literal = literal
    const view = new DataView(literal.buffer, literal.byteOffset, literal.length)
    this.words = new BigUint64Array(Math.ceil(literal.length / 8))
    if (literal.length >= 8) {
      this.words[0] = view.getBigUint64(literal.length - 8, true)
      for (let i = 1; i < this.words.length; i++) this.words[i] = view.getBigUint64(i * 8 - 8, true)
    }
    this.length = literal.length
    this.target = target
    this.op = target.op
    this.field = target.field
    this.isZeroKept = target.isZeroKept
    this.isOfFlow = isOfFlow(target)
    this.isHexadecimal = target.isHexadecimal === true
    this.octetsAs = target.octetsAs ?? 'hex'
    this.state = stateBit(target)
  }

  /** Finds the column of a fixed-width key in the batch that has this serial number. */
  bind(batch: FlowBatch, serial: number): void {
    if (serial !== this.#serial) {
      this.#serial = serial
      this.#own = batch.fixed(this.field!)
      const { values, present } = this.#own
      this.present = present
      if (values instanceof Uint8Array) this.u8 = values
      else if (values instanceof Uint16Array) this.u16 = values
      else if (values instanceof Uint32Array) this.u32 = values
    }
    this.column = this.#own
  }

  /** Whether both keys write to one place, as the names of one field in two versions do. */
  isRival({ field, state }: KeyEntry): boolean {
    if (this.state !== 0 || state !== 0) return this.state === state
    return this.field !== null && this.field === field
  }

  /** Where values go that its own column cannot hold. */
  extras(): ExtraFields {
    this.#extras ??= extraFields(this.key)
    return this.#extras
  }
}

/** Whether the octets at `p` are the key as its entry has it, with its colon. */
export function isLiteral(
  entry: KeyEntry,
  octets: Uint8Array,
  view: DataView,
  p: number,
  limit: number,
): boolean {
  const { length, words } = entry
  if (p + length > limit) return false
  if (length < 8) {
    const { literal } = entry
    for (let i = 0; i < length; i++) if (literal[i] !== octets[p + i]) return false
    return true
  }
  if (view.getBigUint64(p + length - 8, true) !== words[0]) return false
  for (let i = 1; i < words.length; i++) {
    if (view.getBigUint64(p + i * 8 - 8, true) !== words[i]) return false
  }
  return true
}

/** Copies what the key left in the row before. */
export function copyRow(entry: KeyEntry, row: number): void {
  const before = row - 1
  switch (entry.stored) {
    case 1: // u8
      entry.u8[row] = entry.u8[before]!
      break
    case 2: // u16
      entry.u16[row] = entry.u16[before]!
      break
    case 3: // u32
      entry.u32[row] = entry.u32[before]!
      break
    case 4: // pair
      entry.u32[row * 2] = entry.u32[before * 2]!
      entry.u32[row * 2 + 1] = entry.u32[before * 2 + 1]!
      break
    case 8: {
      // extraNumber
      const { words, present } = entry.column as FixedColumn
      words[row * 2] = words[before * 2]!
      words[row * 2 + 1] = words[before * 2 + 1]!
      present[row] = 1
      return
    }
    case 5: {
      // address
      const { u32 } = entry
      u32[row * 4] = u32[before * 4]!
      u32[row * 4 + 1] = u32[before * 4 + 1]!
      u32[row * 4 + 2] = u32[before * 4 + 2]!
      u32[row * 4 + 3] = u32[before * 4 + 3]!
      break
    }
    default:
      copyVariable(entry.column!, row)
      return
  }
  entry.present[row] = 1
}

/** A row may share the octets and elements of the row before. */
function copyVariable(column: Column, row: number): void {
  if (column.shape === 'fixed') return
  const { starts, lengths, present } = column as OctetsColumn
  starts[row] = starts[row - 1]!
  lengths[row] = lengths[row - 1]!
  present[row] = 1
}

/** Takes back what a row that turned out to be none left in the batch. */
export function clearRow(batch: FlowBatch, row: number): void {
  for (const column of batch.columns()) {
    if (column.present[row] === 0) continue
    column.present[row] = 0
    if (column.shape === 'fixed') {
      column.values.fill(0, row * column.stride, (row + 1) * column.stride)
    } else {
      column.starts[row] = 0
      column.lengths[row] = 0
    }
  }
}
