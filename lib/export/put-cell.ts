import { putAddress, putHex, putMac } from '../bytes/put-address.ts'
import { BILLIONS, divideByBillion, putU32, putU64 } from '../bytes/put-number.ts'
import type { ListColumn, OctetsColumn, OctetsListColumn } from '../flow/batch.ts'
import type { Cells } from './cells.ts'
import { putTime } from './put-time.ts'

const TWO_32 = 4_294_967_296
const SPACE = 0x20

/**
 * Prints the cell of `row` in `place`, which must be there, without quotes; returns the position after it. Text is left
 * to the caller, who knows its quoting.
 */
export function putCell(
  cells: Cells,
  out: Uint8Array,
  view: DataView,
  position: number,
  place: number,
  row: number,
): number {
  // The labels are CELL's numbers.
  switch (cells.kinds[place]) {
    case 1: // u8
      return putU32(view, position, cells.u8[place]![row]!)
    case 2: // u16
      return putU32(view, position, cells.u16[place]![row]!)
    case 3: // u32
      return putU32(view, position, cells.words[place]![row]! | 0)
    case 4: {
      // u64
      const words = cells.words[place]!
      return putU64(view, position, words[row * 2]! | 0, words[row * 2 + 1]! | 0)
    }
    case 5: {
      // i64
      const words = cells.words[place]!
      return putSigned(view, position, words[row * 2]! | 0, words[row * 2 + 1]! | 0)
    }
    case 6: // f64
      return putFloat(out, position, cells.floats[place]![row]!)
    case 7: {
      // time
      const words = cells.words[place]!
      return putTime(view, position, words[row * 2]! | 0, words[row * 2 + 1]! | 0)
    }
    case 8: {
      // milliseconds
      const words = cells.words[place]!
      divideByBillion(words[row * 2]! | 0, words[row * 2 + 1]! | 0)
      const ms = BILLIONS.quotient * 1000 + Math.floor(BILLIONS.remainder / 1e6)
      return putU64(view, position, (ms % TWO_32) | 0, Math.floor(ms / TWO_32) | 0)
    }
    case 9: // address
      return putAddress(view, position, cells.words[place]!, row * 4, 0)
    case 10: {
      // mac
      const words = cells.words[place]!
      return putMac(view, position, words[row * 2]! | 0, words[row * 2 + 1]! | 0)
    }
    case 11: {
      // octets
      const { data, starts, lengths } = cells.columns[place] as OctetsColumn
      const start = starts[row]!
      return putHex(view, position, data, start, start + lengths[row]!)
    }
    case 13: // u32List
    case 14: // addressList
      return putList(out, view, position, cells.columns[place] as ListColumn, row)
    case 15: // octetsList
      return putOctetsList(out, view, position, cells.columns[place] as OctetsListColumn, row)
    default:
      return position
  }
}

/** A 64-bit two's complement integer in two words. */
function putSigned(view: DataView, position: number, low: number, high: number): number {
  if (high >= 0) return putU64(view, position, low, high)
  view.setUint8(position, 0x2d)
  return putU64(view, position + 1, -low | 0, low === 0 ? -high | 0 : ~high)
}

/** As JavaScript prints it, which gives the same number back. */
export function putFloat(out: Uint8Array, position: number, value: number): number {
  const text = String(value)
  for (let i = 0; i < text.length; i++) out[position++] = text.charCodeAt(i)
  return position
}

/** Numbers or addresses, with blanks between. */
function putList(out: Uint8Array, view: DataView, position: number, column: ListColumn, row: number): number {
  const { data, stride, starts, lengths } = column
  const start = starts[row]! * stride
  const end = start + lengths[row]! * stride
  for (let i = start; i < end; i += stride) {
    if (i > start) out[position++] = SPACE
    position = stride === 4 ? putAddress(view, position, data, i, 0) : putU32(view, position, data[i]! | 0)
  }
  return position
}

function putOctetsList(
  out: Uint8Array,
  view: DataView,
  position: number,
  column: OctetsListColumn,
  row: number,
): number {
  const { data, starts, lengths, itemStarts, itemLengths } = column
  const start = starts[row]!
  for (let item = start; item < start + lengths[row]!; item++) {
    if (item > start) out[position++] = SPACE
    const from = itemStarts[item]!
    position = putHex(view, position, data, from, from + itemLengths[item]!)
  }
  return position
}
