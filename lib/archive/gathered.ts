import {
  BATCH_ROWS,
  type Column,
  type ListColumn,
  type OctetsColumn,
  type OctetsListColumn,
} from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'
import type { AddressDictionary } from './address-dictionary.ts'
import { OctetsDictionary } from './octets-dictionary.ts'

/** How a column's values wait for their block. */
export type Shape = 'narrow' | 'wide' | 'code' | 'octets' | 'list' | 'octets-list'

const SHAPES: Record<Field['kind'], Shape> = {
  u8: 'narrow',
  u16: 'narrow',
  u32: 'narrow',
  u64: 'wide',
  i64: 'wide',
  f64: 'wide',
  mac: 'wide',
  address: 'code',
  octets: 'octets',
  text: 'octets',
  'u32-list': 'list',
  'address-list': 'list',
  'octets-list': 'octets-list',
}

/** One column of a block that is being gathered. Rows beyond what was appended are zero. */
export interface Gathered {
  readonly field: Field
  readonly id: number
  readonly shape: Shape
  /** Numbers, address codes, string numbers, or values per row of lists; pairs of words for wide ones. */
  values: Uint32Array
  present: Uint8Array
  presentRows: number
  /** Elements of lists, or string numbers of octets lists. */
  items: Uint32Array
  itemCount: number
  /** The strings of octets columns. */
  readonly strings: OctetsDictionary | null
}

export function newGathered(field: Field, id: number, capacity: number): Gathered {
  const shape = SHAPES[field.kind]
  return {
    field,
    id,
    shape,
    values: new Uint32Array(shape === 'wide' ? capacity * 2 : capacity),
    present: new Uint8Array(capacity),
    presentRows: 0,
    items: new Uint32Array(0),
    itemCount: 0,
    strings: shape === 'octets' || shape === 'octets-list' ? new OctetsDictionary() : null,
  }
}

/** Makes room for `rows` rows. */
export function growGathered(gathered: Gathered, rows: number): void {
  if (rows <= gathered.present.length) return
  const values = new Uint32Array(gathered.shape === 'wide' ? rows * 2 : rows)
  values.set(gathered.values)
  gathered.values = values
  const present = new Uint8Array(rows)
  present.set(gathered.present)
  gathered.present = present
}

/** Forgets the first `rows` rows, which are all. */
export function resetGathered(gathered: Gathered, rows: number): void {
  if (gathered.presentRows === 0) return
  gathered.values.fill(0, 0, gathered.shape === 'wide' ? rows * 2 : rows)
  gathered.present.fill(0, 0, rows)
  gathered.presentRows = 0
  gathered.itemCount = 0
  gathered.strings?.reset()
}

const ordinals = new Uint32Array(BATCH_ROWS)

/** Appends a batch's column as rows `to` and on; returns how many octets of memory that took beside the rows. */
export function gather(
  gathered: Gathered,
  column: Column,
  rows: number,
  to: number,
  addresses: AddressDictionary,
): number {
  const { present } = column
  gathered.present.set(rows === BATCH_ROWS ? present : present.subarray(0, rows), to)
  const held = countOnes(present, rows)
  gathered.presentRows += held
  if (held === 0) return 0
  switch (column.shape) {
    case 'fixed': {
      const { stride, field } = column
      if (field.kind === 'address') {
        addresses.encode(column.words, held === rows ? null : present, 0, rows, gathered.values, to)
      } else if (field.kind === 'mac') {
        gatherMacs(column.words, rows, gathered.values, to)
      } else if (gathered.shape === 'wide') {
        gathered.values.set(column.words.subarray(0, rows * 2), to * 2)
      } else {
        gathered.values.set(column.values.subarray(0, rows * stride), to)
      }
      return 0
    }
    case 'octets':
      return gatherOctets(gathered, column, rows, to)
    case 'list':
      return gatherList(gathered, column, rows, to, addresses)
    case 'octets-list':
      return gatherOctetsList(gathered, column, rows, to)
  }
}

/** The high word comes first in a batch's MACs. */
function gatherMacs(words: Uint32Array, rows: number, out: Uint32Array, to: number): void {
  for (let row = 0; row < rows; row++) {
    out[(to + row) * 2] = words[row * 2 + 1]!
    out[(to + row) * 2 + 1] = words[row * 2]!
  }
}

function gatherOctets(gathered: Gathered, column: OctetsColumn, rows: number, to: number): number {
  const { strings, values } = gathered
  const before = strings!.used
  let lastStart = -1
  let lastLength = 0
  let number = 0
  for (let row = 0; row < rows; row++) {
    if (column.present[row] !== 1) continue
    const start = column.starts[row]!
    const length = column.lengths[row]!
    // Rows may share octets.
    if (start !== lastStart || length !== lastLength) {
      number = strings!.numberOf(column.data, start, start + length)
      lastStart = start
      lastLength = length
    }
    values[to + row] = number
  }
  return strings!.used - before
}

function gatherList(
  gathered: Gathered,
  column: ListColumn,
  rows: number,
  to: number,
  addresses: AddressDictionary,
): number {
  const before = gathered.itemCount
  for (let row = 0; row < rows; row++) {
    if (column.present[row] !== 1) continue
    const length = column.lengths[row]!
    const start = column.starts[row]!
    gathered.values[to + row] = length
    roomForItems(gathered, length)
    const { items, itemCount } = gathered
    if (column.stride === 4) addresses.encode(column.data, null, start, length, items, itemCount)
    else for (let i = 0; i < length; i++) items[itemCount + i] = column.data[start + i]!
    gathered.itemCount += length
  }
  return (gathered.itemCount - before) * 4
}

function gatherOctetsList(gathered: Gathered, column: OctetsListColumn, rows: number, to: number): number {
  const strings = gathered.strings!
  const before = strings.used + gathered.itemCount * 4
  for (let row = 0; row < rows; row++) {
    if (column.present[row] !== 1) continue
    const length = column.lengths[row]!
    const first = column.starts[row]!
    gathered.values[to + row] = length
    roomForItems(gathered, length)
    for (let item = first; item < first + length; item++) {
      const start = column.itemStarts[item]!
      const end = start + column.itemLengths[item]!
      gathered.items[gathered.itemCount++] = strings.numberOf(column.data, start, end)
    }
  }
  return strings.used + gathered.itemCount * 4 - before
}

function roomForItems(gathered: Gathered, more: number): void {
  const needed = gathered.itemCount + more
  if (needed <= gathered.items.length) return
  const items = new Uint32Array(Math.max(needed, gathered.items.length * 2, 1024))
  items.set(gathered.items)
  gathered.items = items
}

/** How many of the first `rows` octets are 1; they are all 0 or 1. */
function countOnes(present: Uint8Array, rows: number): number {
  const whole = rows >> 2
  const words = new Uint32Array(present.buffer, present.byteOffset, whole)
  let ones = 0
  // The product's top octet is the sum of the word's four.
  for (let i = 0; i < whole; i++) ones += Math.imul(words[i]!, 0x01010101) >>> 24
  for (let row = whole * 4; row < rows; row++) ones += present[row]!
  return ones
}

/** Appends the `layout` column: the batch's numbers become the file's. */
export function gatherLayouts(
  gathered: Gathered,
  column: Column,
  rows: number,
  to: number,
  numbers: Uint32Array,
): void {
  if (column.shape !== 'fixed' || column.field !== F.layout) return
  for (let row = 0; row < rows; row++) ordinals[row] = numbers[column.values[row]!] ?? 0
  gathered.values.set(ordinals.subarray(0, rows), to)
  gathered.present.set(column.present.subarray(0, rows), to)
  gathered.presentRows += countOnes(column.present, rows)
}
