import type { Column, FixedColumn, NumberValues } from '../flow/batch.ts'
import type { ValueMemory } from '../flow/block-memory.ts'
import type { Field } from '../flow/fields.ts'
import { allPresent } from '../flow/presence.ts'
import type { ReadColumn, RunsColumn, ScaledColumn } from '../flow/source.ts'
import type { BlockColumn } from './block-reader.ts'
import { Damage } from './damage.ts'
import { MOST_VALUES } from './encoding.ts'
import { newWide, newWords, wordsOf } from './scaled.ts'
import {
  greatestOf,
  lookUpAddresses,
  maskNarrow,
  maskOctets,
  maskPairs,
  maskWide,
  swapWords,
  toPresence,
} from './stream-kernels.ts'
import type { AddressFacts, StreamReader } from './stream-reader.ts'

const NO_WORDS = new Uint32Array(0)
const NO_WIDE = new BigUint64Array(0)
const NO_SIGNED = new BigInt64Array(0)
const NUMBER_KINDS: ReadonlySet<Field['kind']> = new Set(['u8', 'u16', 'u32', 'u64', 'address'])

/** Decodes one column of a block; throws Damage. */
export function readColumn(
  entry: BlockColumn,
  field: Field,
  rows: number,
  reader: StreamReader,
  addresses: AddressFacts,
  memory: ValueMemory,
): ReadColumn {
  const present = presenceOf(entry, rows, reader, memory)
  const isPartial = entry.presence !== 0
  const [s1, s2, s3, s4] = entry.streams
  switch (field.kind) {
    case 'u8': {
      const values = reader.small(s1, rows)
      if (!isPartial) return { column: fixed(field, values, present), codes: null }
      const out = new Uint8Array(memory.buffer(rows), 0, rows)
      maskOctets(values, present, out)
      return { column: fixed(field, out, present), codes: null }
    }
    case 'u16': {
      const values = reader.pairs(s1, rows)
      if (!isPartial) return { column: fixed(field, values, present), codes: null }
      const out = new Uint16Array(memory.buffer(rows * 2), 0, rows)
      maskPairs(values, present, out)
      return { column: fixed(field, out, present), codes: null }
    }
    case 'u32':
      return { column: fixed(field, numbersOf(entry, rows, reader, present, memory), present), codes: null }
    case 'address': {
      const codes = numbersOf(entry, rows, reader, present, memory)
      return { column: fixed(field, resolve(codes, addresses, memory), present), codes }
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
        data: isAddresses ? resolve(items, addresses, memory) : items,
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
    default:
      return { column: wideColumn(field, reader.wide(s1, rows), present, isPartial, memory), codes: null }
  }
}

/** Address codes of an address column, one a row, without looking them up; throws Damage. */
export function readCodes(
  entry: BlockColumn,
  rows: number,
  reader: StreamReader,
  memory: ValueMemory,
): { codes: Uint32Array; present: Uint8Array } {
  const present = presenceOf(entry, rows, reader, memory)
  return { codes: numbersOf(entry, rows, reader, present, memory), present }
}

/** A column of numbers or codes that all rows hold, run by run; null where it is not stored so. Throws Damage. */
export function readRuns(
  entry: BlockColumn,
  field: Field,
  rows: number,
  reader: StreamReader,
): RunsColumn | null {
  if (entry.presence !== 0 || !NUMBER_KINDS.has(field.kind)) return null
  const [stream] = entry.streams
  const isWide = field.kind === 'u64'
  const constant = reader.constant(stream)
  if (constant === null) return isWide ? reader.wideRuns(stream, rows) : reader.runs(stream, rows)
  const values = isWide ? BigUint64Array.of(constant) : Uint32Array.of(Number(BigInt.asUintN(32, constant)))
  return { values, lengths: Uint32Array.of(rows) }
}

/** Numbers or codes of some rows of a column that all rows hold; false where they do not fit 32 bits. Throws Damage. */
export function gatherNumbers(
  entry: BlockColumn,
  field: Field,
  rows: number,
  reader: StreamReader,
  wanted: Uint32Array,
  count: number,
  out: Uint32Array,
): boolean {
  if (entry.presence !== 0 || !NUMBER_KINDS.has(field.kind)) return false
  return reader.gather(entry.streams[0], rows, wanted, count, out)
}

/** Rows whose number or code is one from `low` to `high`, as `gatherNumbers`; -1 where they do not fit. Throws Damage. */
export function findNumbers(
  entry: BlockColumn,
  field: Field,
  rows: number,
  reader: StreamReader,
  low: number,
  high: number,
  found: Uint32Array,
): number {
  if (entry.presence !== 0 || !NUMBER_KINDS.has(field.kind)) return -1
  // Bounds that stand for all there is have been cut to 32 bits.
  if (entry.greatest > 0xffff_ffffn) return -1
  if (BigInt(high) < entry.least || BigInt(low) > entry.greatest) return 0
  return reader.find(entry.streams[0], rows, low, high, found)
}

/** Codes below this are counted in an array. */
const MOST_TALLIED = 65_536

/** How many rows have each code of an address column that is most often the same for many rows; throws Damage. */
export function countCodes(
  entry: BlockColumn,
  rows: number,
  reader: StreamReader,
  memory: ValueMemory,
): Map<number, number> {
  const runs = entry.presence === 0 ? reader.runs(entry.streams[0], rows) : null
  const counts = new Map<number, number>()
  if (runs !== null) {
    const { values, lengths } = runs
    const most = greatestOf(values)
    if (most < MOST_TALLIED) {
      const tally = new Uint32Array(most + 1)
      for (let run = 0; run < values.length; run++) tally[values[run]!]! += lengths[run]!
      for (let code = 0; code <= most; code++) if (tally[code] !== 0) counts.set(code, tally[code]!)
      return counts
    }
  }
  const { codes, present } = readCodes(entry, rows, reader, memory)
  for (let row = 0, from = 0; row <= rows; row++) {
    if (row < rows && codes[row] === codes[from] && present[row] === present[from]) continue
    if (present[from] === 1) counts.set(codes[from]!, (counts.get(codes[from]!) ?? 0) + row - from)
    from = row
  }
  return counts
}

/** A column of 64-bit integers in half their width, null where that does not hold them; throws Damage. */
export function readScaled(
  entry: BlockColumn,
  rows: number,
  reader: StreamReader,
  memory: ValueMemory,
): ScaledColumn | null {
  const scaled = reader.scaled(entry.streams[0], rows)
  if (scaled === null) return null
  const { values, base, unit } = scaled
  return { values, base, unit, present: presenceOf(entry, rows, reader, memory) }
}

function presenceOf(entry: BlockColumn, rows: number, reader: StreamReader, memory: ValueMemory): Uint8Array {
  if (entry.presence === 0) return allPresent(rows)
  const present = new Uint8Array(memory.buffer(rows), 0, rows)
  toPresence(reader.narrow(entry.presence, rows), present)
  return present
}

/** 32-bit numbers, 0 in rows without; where all rows hold them they are the stream's own. */
function numbersOf(
  entry: BlockColumn,
  rows: number,
  reader: StreamReader,
  present: Uint8Array,
  memory: ValueMemory,
): Uint32Array {
  const values = reader.narrow(entry.streams[0], rows)
  if (entry.presence === 0) return values
  const out = newWords(memory, rows)
  maskNarrow(values, present, out)
  return out
}

/** Four words per code. */
function resolve(codes: Uint32Array, addresses: AddressFacts, memory: ValueMemory): Uint32Array {
  const { buffer, length } = addresses.words()
  if (codes.length > 0 && greatestOf(codes) * 4 >= length)
    throw new Damage('an address is not in the dictionary')
  const out = newWide(memory, codes.length * 2)
  lookUpAddresses(new BigUint64Array(buffer, 0, length >> 1), codes, out)
  return wordsOf(out)
}

function fixed(field: Field, values: NumberValues, present: Uint8Array): FixedColumn {
  const words = values instanceof Uint32Array ? values : NO_WORDS
  const stride = field.kind === 'address' ? 4 : 1
  return { field, shape: 'fixed', values, wide: NO_WIDE, signed: NO_SIGNED, words, stride, present }
}

/** u64, i64, f64 and MACs. */
function wideColumn(
  field: Field,
  values: BigUint64Array,
  present: Uint8Array,
  isPartial: boolean,
  memory: ValueMemory,
): FixedColumn {
  let own = values
  if (isPartial) {
    own = newWide(memory, present.length)
    maskWide(wordsOf(values), present, wordsOf(own))
  }
  if (field.kind === 'mac') {
    const swapped = isPartial ? own : newWide(memory, present.length)
    swapWords(wordsOf(own), wordsOf(swapped))
    own = swapped
  }
  const { buffer, byteOffset, length } = own
  const words = wordsOf(own)
  const isInteger = field.kind === 'u64' || field.kind === 'i64'
  return {
    field,
    shape: 'fixed',
    values: field.kind === 'f64' ? new Float64Array(buffer, byteOffset, length) : words,
    wide: isInteger ? own : NO_WIDE,
    signed: isInteger ? new BigInt64Array(buffer, byteOffset, length) : NO_SIGNED,
    words,
    stride: field.kind === 'f64' ? 1 : 2,
    present,
  }
}

function stringsOf(
  lengthStream: number,
  octetStream: number,
  reader: StreamReader,
): { starts: Uint32Array; lengths: Uint32Array; data: Uint8Array } {
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
  const lengths = reader.narrow(lengthStream, rows)
  const starts = new Uint32Array(rows)
  let at = 0
  for (let row = 0; row < rows; row++) {
    if (lengths[row] !== 0) starts[row] = at
    at += lengths[row]!
    if (at > MOST_VALUES) throw new Damage('a list is too long')
  }
  return { starts, lengths, items: reader.narrow(itemStream, at) }
}
