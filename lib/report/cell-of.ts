import { formatAddress } from '../bytes/address.ts'
import type { Column, FixedColumn } from '../flow/batch.ts'
import type { Cell, ResultColumn } from './query.ts'

/** What one row holds of a column of a block: null where it does not hold it. For listings of some rows, not for sums. */
export function cellOf(column: Column, row: number): Cell {
  if (column.present[row] === 0) return null
  switch (column.shape) {
    case 'fixed':
      return fixedCell(column, row)
    case 'octets': {
      const start = column.starts[row]!
      const octets = Buffer.from(column.data.buffer, column.data.byteOffset + start, column.lengths[row]!)
      return octets.toString(column.field.kind === 'text' ? 'utf8' : 'hex')
    }
    case 'list': {
      const items: string[] = []
      const start = column.starts[row]!
      for (let item = start; item < start + column.lengths[row]!; item++)
        items.push(column.stride === 4 ? formatAddress(column.data, item * 4) : String(column.data[item]!))
      return items.join(' ')
    }
    default: {
      const items: string[] = []
      const start = column.starts[row]!
      for (let item = start; item < start + column.lengths[row]!; item++) {
        const at = column.data.byteOffset + column.itemStarts[item]!
        items.push(Buffer.from(column.data.buffer, at, column.itemLengths[item]!).toString('hex'))
      }
      return items.join(' ')
    }
  }
}

function fixedCell({ field, values, wide, signed, words }: FixedColumn, row: number): Cell {
  switch (field.kind) {
    case 'address':
      return formatAddress(words, row * 4)
    case 'mac':
      return macText(words[row * 2]!, words[row * 2 + 1]!)
    case 'u64':
      return wide[row]!
    case 'i64':
      return signed[row]!
    default:
      return values[row]!
  }
}

function macText(high: number, low: number): string {
  const digits = high.toString(16).padStart(4, '0') + low.toString(16).padStart(8, '0')
  return digits.match(/../g)!.join(':')
}

/** What the cells of a column are. */
export function unitOfField({ kind, semantics, name }: FixedColumn['field']): ResultColumn['unit'] {
  if (kind === 'address' || kind === 'mac') return 'address'
  if (semantics === 'timestamp') return 'time'
  if (name === 'octetDeltaCount') return 'octets'
  if (name === 'packetDeltaCount') return 'packets'
  return kind === 'u8' ||
    kind === 'u16' ||
    kind === 'u32' ||
    kind === 'u64' ||
    kind === 'i64' ||
    kind === 'f64'
    ? 'number'
    : 'text'
}
