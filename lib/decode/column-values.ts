import type { Column, FlowBatch } from '../flow/batch.ts'
import type { Field } from '../flow/fields.ts'

/** The number a row holds in a column of any shape, or -1 where it holds none. Exact to 2^53. */
export function numberAt(column: Column | undefined, row: number): number {
  if (column === undefined || column.present[row] === 0) return -1
  if (column.shape === 'fixed') {
    if (column.stride === 1) return column.values[row]!
    if (column.stride === 4) return column.words[row * 4 + 3]!
    // MAC columns keep the upper word first, 64-bit ones the lower.
    const at = row * 2
    return column.field.kind === 'mac'
      ? column.words[at]! * 2 ** 32 + column.words[at + 1]!
      : column.words[at + 1]! * 2 ** 32 + column.words[at]!
  }
  if (column.shape !== 'octets') return -1
  const from = column.starts[row]!
  const to = from + column.lengths[row]!
  let value = 0
  for (let at = Math.max(from, to - 8); at < to; at++) value = value * 256 + column.data[at]!
  return value
}

/** The text a row holds, without the NULs it is padded with; '' where it holds none. */
export function textAt(batch: FlowBatch, field: Field | null, row: number): string {
  const column = field === null ? undefined : batch.find(field)
  if (column === undefined || column.shape !== 'octets' || column.present[row] === 0) return ''
  const from = column.starts[row]!
  let to = from + Math.min(column.lengths[row]!, MOST_TEXT)
  const end = column.data.subarray(from, to).indexOf(0)
  if (end >= 0) to = from + end
  return TEXT.decode(column.data.subarray(from, to)).trim()
}

/** The octets a row holds as lower-case hex; '' where it holds none. */
export function hexAt(batch: FlowBatch, field: Field | null, row: number): string {
  const column = field === null ? undefined : batch.find(field)
  if (column === undefined || column.present[row] === 0) return ''
  if (column.shape !== 'octets') return numberAt(column, row).toString(16).padStart(8, '0')
  const from = column.starts[row]!
  let hex = ''
  for (let i = 0; i < Math.min(column.lengths[row]!, 32); i++)
    hex += column.data[from + i]!.toString(16).padStart(2, '0')
  return hex
}

/** Names longer than this are cut. */
const MOST_TEXT = 256
const TEXT = new TextDecoder()
