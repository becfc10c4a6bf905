import type { Column, FixedColumn, NumberValues } from '../flow/batch.ts'
import type { Field } from '../flow/fields.ts'
import type { ReadColumn } from '../flow/source.ts'
import type { BlockColumn } from './block-reader.ts'
import { Damage } from './damage.ts'
import { MOST_VALUES } from './encoding.ts'
import { widen } from './stream-kernels.ts'
import type { AddressFacts, StreamReader } from './stream-reader.ts'

const NO_WORDS = new Uint32Array(0)
const NO_WIDE = new BigUint64Array(0)
const NO_SIGNED = new BigInt64Array(0)

/** Decodes one column of a block; throws Damage. */
export function readColumn(
  entry: BlockColumn,
  field: Field,
  rows: number,
  reader: StreamReader,
  addresses: AddressFacts,
): ReadColumn {
  const present = presenceOf(entry, rows, reader)
  const isPartial = entry.presence !== 0
  const [s1, s2, s3, s4] = entry.streams
  switch (field.kind) {
    case 'u8':
    case 'u16':
    case 'u32': {
      const numbers = reader.narrow(s1, rows)
      const values = narrowed(field.kind, numbers)
      if (isPartial) clear(values, present)
      return { column: fixed(field, values, present), codes: null }
    }
    case 'address': {
      const codes = reader.narrow(s1, rows).slice()
      if (isPartial) clear(codes, present)
      return { column: fixed(field, resolve(codes, addresses), present), codes }
    }
    case 'octets':
    case 'text': {
      const numbers = reader.narrow(s1, rows)
      const strings = stringsOf(s2, s3, reader)
      const starts = new Uint32Array(rows)
      const lengths = new Uint32Array(rows)
      for (let row = 0; row < rows; row++) {
        if (present[row] !== 1) continue
        const number = numbers[row]!
        if (number >= strings.lengths.length) throw new Damage('a row has a string that is not there')
        starts[row] = strings.starts[number]!
        lengths[row] = strings.lengths[number]!
      }
      const { data } = strings
      const column: Column = { field, shape: 'octets', starts, lengths, data, used: data.length, present }
      return { column, codes: null }
    }
    case 'u32-list':
    case 'address-list': {
      const { starts, lengths, items } = listOf(s1, s2, rows, reader)
      const isAddresses = field.kind === 'address-list'
      const column: Column = {
        field,
        shape: 'list',
        starts,
        lengths,
        data: isAddresses ? resolve(items, addresses) : items,
        used: items.length,
        stride: isAddresses ? 4 : 1,
        present,
      }
      return { column, codes: isAddresses ? items : null }
    }
    case 'octets-list': {
      const { starts, lengths, items } = listOf(s1, s2, rows, reader)
      const strings = stringsOf(s3, s4, reader)
      const itemStarts = new Uint32Array(items.length)
      const itemLengths = new Uint32Array(items.length)
      for (let i = 0; i < items.length; i++) {
        if (items[i]! >= strings.lengths.length) throw new Damage('a list has a string that is not there')
        itemStarts[i] = strings.starts[items[i]!]!
        itemLengths[i] = strings.lengths[items[i]!]!
      }
      const { data } = strings
      const column: Column = {
        field,
        shape: 'octets-list',
        starts,
        lengths,
        itemStarts,
        itemLengths,
        items: items.length,
        data,
        used: data.length,
        present,
      }
      return { column, codes: null }
    }
    default: {
      // Decoded values may be shared with other columns, so they are copied; 32-bit ones are by being widened.
      const numbers = reader.numbers(s1, rows)
      const values = numbers instanceof Uint32Array ? widen(numbers) : numbers.slice()
      return { column: wideColumn(field, values, present, isPartial), codes: null }
    }
  }
}

/** Address codes of an address column, one a row, without looking them up; throws Damage. */
export function readCodes(
  entry: BlockColumn,
  rows: number,
  reader: StreamReader,
): { codes: Uint32Array; present: Uint8Array } {
  const present = presenceOf(entry, rows, reader)
  const codes = reader.narrow(entry.streams[0], rows).slice()
  if (entry.presence !== 0) clear(codes, present)
  return { codes, present }
}

function presenceOf(entry: BlockColumn, rows: number, reader: StreamReader): Uint8Array {
  const present = new Uint8Array(rows)
  if (entry.presence === 0) return present.fill(1)
  const values = reader.narrow(entry.presence, rows)
  for (let row = 0; row < rows; row++) present[row] = values[row] === 0 ? 0 : 1
  return present
}

function narrowed(kind: 'u8' | 'u16' | 'u32', numbers: Uint32Array): NumberValues {
  if (kind === 'u8') return new Uint8Array(numbers)
  return kind === 'u16' ? new Uint16Array(numbers) : numbers.slice()
}

function clear(values: NumberValues, present: Uint8Array): void {
  for (let row = 0; row < present.length; row++) if (present[row] === 0) values[row] = 0
}

/** Four words per code. */
function resolve(codes: Uint32Array, addresses: AddressFacts): Uint32Array {
  const words = addresses.words()
  const out = new Uint32Array(codes.length * 4)
  for (let i = 0; i < codes.length; i++) {
    const from = codes[i]! * 4
    if (from >= words.length) throw new Damage('an address is not in the dictionary')
    out[i * 4] = words[from]!
    out[i * 4 + 1] = words[from + 1]!
    out[i * 4 + 2] = words[from + 2]!
    out[i * 4 + 3] = words[from + 3]!
  }
  return out
}

function fixed(field: Field, values: NumberValues, present: Uint8Array): FixedColumn {
  const words = values instanceof Uint32Array ? values : NO_WORDS
  const stride = field.kind === 'address' ? 4 : 1
  return { field, shape: 'fixed', values, wide: NO_WIDE, signed: NO_SIGNED, words, stride, present }
}

/** u64, i64, f64 and MACs; takes the values over. */
function wideColumn(field: Field, own: BigUint64Array, present: Uint8Array, isPartial: boolean): FixedColumn {
  const words = new Uint32Array(own.buffer)
  if (isPartial) {
    for (let row = 0; row < present.length; row++) if (present[row] === 0) own[row] = 0n
  }
  const isInteger = field.kind === 'u64' || field.kind === 'i64'
  if (field.kind === 'mac') {
    for (let at = 0; at < words.length; at += 2) {
      const low = words[at]!
      words[at] = words[at + 1]!
      words[at + 1] = low
    }
  }
  return {
    field,
    shape: 'fixed',
    values: field.kind === 'f64' ? new Float64Array(own.buffer) : words,
    wide: isInteger ? own : NO_WIDE,
    signed: isInteger ? new BigInt64Array(own.buffer) : NO_SIGNED,
    words,
    stride: field.kind === 'f64' ? 1 : 2,
    present,
  }
}

function stringsOf(
  lengthStream: number,
  octetStream: number,
  reader: StreamReader,
): { starts: Uint32Array; lengths: Uint32Array; data: Buffer } {
  const lengths = reader.narrow(lengthStream, reader.count(lengthStream))
  const data = reader.octets(octetStream)
  const starts = new Uint32Array(lengths.length)
  let at = 0
  for (let i = 0; i < lengths.length; i++) {
    starts[i] = at
    at += lengths[i]!
  }
  if (at !== data.length) throw new Damage('strings and their lengths differ')
  return { starts, lengths, data }
}

function listOf(
  lengthStream: number,
  itemStream: number,
  rows: number,
  reader: StreamReader,
): { starts: Uint32Array; lengths: Uint32Array; items: Uint32Array } {
  const lengths = reader.narrow(lengthStream, rows).slice()
  const starts = new Uint32Array(rows)
  let at = 0
  for (let row = 0; row < rows; row++) {
    if (lengths[row] !== 0) starts[row] = at
    at += lengths[row]!
    if (at > MOST_VALUES) throw new Damage('a list is too long')
  }
  return { starts, lengths, items: reader.narrow(itemStream, at) }
}
