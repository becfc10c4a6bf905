import type { Column, ListColumn } from '../flow/batch.ts'
import type { LineProgram } from './line-program.ts'

/** What one captured item takes besides its octets: a number of 20 digits, quotes, a comma. */
const ITEM_ROOM = 64

/** Octets that the columns of variable size of `row` can take at most. */
export function roomOf(
  variable: LineProgram['variable'],
  columns: readonly (Column | undefined)[],
  row: number,
): number {
  let room = 0
  for (let i = 0; i < variable.length; i++) {
    const { slot, factor } = variable[i]!
    const column = columns[slot]
    if (column === undefined || column.shape === 'fixed') continue
    const length = column.lengths[row]!
    if (column.shape === 'octets-list') {
      const start = column.starts[row]!
      for (let item = start; item < start + length; item++)
        room += column.itemLengths[item]! * factor + ITEM_ROOM
    } else {
      room += length * factor + ITEM_ROOM
    }
  }
  return room
}

/** Elements of the row's list; those after the first `keep`, if that is not 0, without zeros at the end. */
export function listLength(column: ListColumn, row: number, keep: number): number {
  let length = column.lengths[row]!
  if (keep === 0) return length
  const start = column.starts[row]!
  while (length > keep && column.data[start + length - 1] === 0) length--
  return length
}
