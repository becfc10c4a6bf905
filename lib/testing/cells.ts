import { formatAddress } from '../bytes/address.ts'
import type { FlowBatch } from '../flow/batch.ts'
import { findField } from '../flow/fields.ts'

/** The value of a column in one row, as tests like to write it; undefined where the row has none. */
export function cell(batch: FlowBatch, name: string, row: number): unknown {
  const field = findField(name)
  if (field === undefined) throw new Error(`no field is called ${name}`)
  const column = batch.find(field)
  if (column === undefined || column.present[row] === 0) return undefined
  const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex')
  switch (column.shape) {
    case 'octets': {
      const from = column.starts[row]!
      const octets = column.data.subarray(from, from + column.lengths[row]!)
      return field.kind === 'text' ? Buffer.from(octets).toString() : hex(octets)
    }
    case 'list': {
      const items: unknown[] = []
      for (let i = 0, at = column.starts[row]!; i < column.lengths[row]!; i++, at++) {
        items.push(column.stride === 4 ? formatAddress(column.data, at * 4) : column.data[at])
      }
      return items
    }
    case 'octets-list': {
      const items: string[] = []
      for (let i = 0, at = column.starts[row]!; i < column.lengths[row]!; i++, at++) {
        const from = column.itemStarts[at]!
        items.push(hex(column.data.subarray(from, from + column.itemLengths[at]!)))
      }
      return items
    }
  }
  if (field.kind === 'address') return formatAddress(column.words, row * 4)
  if (field.kind === 'u64') return column.wide[row]
  if (field.kind === 'i64') return column.signed[row]
  if (field.kind === 'mac') {
    const [high, low] = [column.words[row * 2]!, column.words[row * 2 + 1]!]
    return (high * 2 ** 32 + low)
      .toString(16)
      .padStart(12, '0')
      .replace(/..(?=.)/g, '$&:')
  }
  return column.values[row]
}

/** All values of one row that are there, by column name. */
export function cells(batch: FlowBatch, row: number): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const { field } of batch.columns()) {
    const value = cell(batch, field.name, row)
    if (value !== undefined) found[field.name] = value
  }
  return found
}
