import { isShownAsIpv4 } from '../bytes/put-address.ts'
import { putVarint, putVarint64, varintLength } from '../bytes/put-varint.ts'
import type { ListColumn, OctetsColumn, OctetsListColumn } from '../flow/batch.ts'
import type { LineBuffer } from './line-buffer.ts'
import type { LineColumns } from './line-columns.ts'
import { CAPTURE_CUSTOM, CAPTURE_LITTLE, CAPTURE_NUMBER, type LineProgram, STEP } from './line-program.ts'
import { goflow2Layer } from './put-value.ts'
import { listLength, roomOf } from './row-room.ts'
import { RowValues } from './row-values.ts'

/** Octets of the longest length prefix. */
const PREFIX_ROOM = 5

/** Writes rows as length-delimited protobuf messages, each followed by the separator. */
export class MessageEncoder {
  readonly #columns: LineColumns
  readonly #buffer: LineBuffer
  readonly #values: RowValues
  readonly #separator: Uint8Array
  /** Where a message begins is guessed by the length of the one before. */
  #prefix = 2

  constructor(columns: LineColumns, buffer: LineBuffer, separator: Uint8Array) {
    this.#columns = columns
    this.#buffer = buffer
    this.#values = new RowValues(columns)
    this.#separator = separator
  }

  /** Appends a message for each of the rows `[from, to)` to the buffer. */
  print(program: LineProgram, from: number, to: number): void {
    const buffer = this.#buffer
    const separator = this.#separator
    for (let row = from; row < to; row++) {
      const variable = roomOf(program.variable, this.#columns.columns, row)
      const room = program.room + variable + PREFIX_ROOM + separator.length
      if (buffer.used > buffer.limit(room)) buffer.makeRoom(room)
      const { octets, view } = buffer
      const start = buffer.used
      const message = start + this.#prefix
      const length = this.#message(program, octets, view, message, row) - message
      const prefix = varintLength(length)
      if (prefix !== this.#prefix) {
        octets.copyWithin(start + prefix, message, message + length)
        this.#prefix = prefix
      }
      putVarint(octets, start, length)
      let position = start + prefix + length
      for (let i = 0; i < separator.length; i++) octets[position++] = separator[i]!
      buffer.used = position
    }
  }

  #message(program: LineProgram, out: Uint8Array, view: DataView, position: number, row: number): number {
    const { steps, lists } = program
    const { u32, present, columns } = this.#columns
    const values = this.#values
    for (let at = 0; at < steps.length; at += STEP) {
      const from = steps[at]!
      const a = steps[at + 3]!
      const b = steps[at + 4]!
      const tag = steps[at + 6]!
      if (from < 16) {
        values.number(from, a, b, lists, row)
        // Zero is what a missing field means.
        if ((values.low | values.high) === 0) continue
        position = putVarint(out, position, tag)
        position = putVarint64(out, position, values.low, values.high)
        continue
      }
      switch (from) {
        case 16: // address
        case 21: // oneAddress
          if (present[a]![row] !== 0)
            position = putAddressOctets(out, view, position, tag, u32[a]!, row * 4, b)
          continue
        case 18: // words
        case 19: // layers
          position = packed(out, position, tag, columns[a] as ListColumn, row, b, steps[at + 5]!, from === 19)
          continue
        case 20: {
          // addresses
          const list = columns[a] as ListColumn
          const start = list.starts[row]!
          for (let item = start; item < start + list.lengths[row]!; item++) {
            position = putAddressOctets(out, view, position, tag, list.data, item * 4, 0)
          }
          continue
        }
        case 22: {
          // capture
          const column = columns[a] as OctetsColumn
          if (present[a]![row] === 0) continue
          position = this.#captured(
            out,
            position,
            tag,
            b,
            column.data,
            column.starts[row]!,
            column.lengths[row]!,
          )
          continue
        }
        case 23: // captures
          position = this.#capturedList(out, position, tag, b, columns[a] as OctetsListColumn, row)
          continue
        case 25: // type
          if (a === 0) continue
          position = putVarint(out, position, tag)
          position = putVarint(out, position, a)
          continue
        case 32: // jumpIfAbsent
          if (present[a]![row] === 0) at = steps[at + 7]! - STEP
          continue
        case 33: // jump
          at = steps[at + 7]! - STEP
          continue
        case 34: // jumpIfRateIsSure
          if (values.isRateSure(row)) at = steps[at + 7]! - STEP
          continue
        default:
          continue
      }
    }
    return position
  }

  /** One captured value; an integer that 64 bits cannot hold goes as octets, for declared fields only. */
  #captured(
    out: Uint8Array,
    position: number,
    tag: number,
    flags: number,
    data: Uint8Array,
    start: number,
    length: number,
  ): number {
    const isCustom = (flags & CAPTURE_CUSTOM) !== 0
    if ((flags & CAPTURE_NUMBER) !== 0) {
      const values = this.#values
      if (values.captured(data, start, length, (flags & CAPTURE_LITTLE) !== 0)) {
        if (!isCustom && (values.low | values.high) === 0) return position
        position = putVarint(out, position, tag)
        return putVarint64(out, position, values.low, values.high)
      }
      if (!isCustom) return position
      tag |= 2
    }
    if (!isCustom && length === 0) return position
    position = putVarint(out, position, tag)
    position = putVarint(out, position, length)
    for (let i = 0; i < length; i++) out[position++] = data[start + i]!
    return position
  }

  #capturedList(
    out: Uint8Array,
    position: number,
    tag: number,
    flags: number,
    column: OctetsListColumn,
    row: number,
  ): number {
    // Integers of a built-in list are of the packed type, which readers must take one by one as well.
    const isUnpacked = (flags & CAPTURE_CUSTOM) === 0 && (flags & CAPTURE_NUMBER) !== 0
    const itemTag = isUnpacked ? tag & ~7 : tag
    const start = column.starts[row]!
    for (let item = start; item < start + column.lengths[row]!; item++) {
      const from = column.itemStarts[item]!
      const length = column.itemLengths[item]!
      position = this.#captured(out, position, itemTag, flags, column.data, from, length)
    }
    return position
  }
}

function putAddressOctets(
  out: Uint8Array,
  view: DataView,
  position: number,
  tag: number,
  words: Uint32Array,
  at: number,
  form: number,
): number {
  const isIpv4 = isShownAsIpv4(words, at, form)
  position = putVarint(out, position, tag)
  out[position++] = isIpv4 ? 4 : 16
  for (let i = isIpv4 ? 3 : 0; i < 4; i++, position += 4) view.setUint32(position, words[at + i]!)
  // The zero that an IPv4 element sent, where IPv6's counts.
  if (form === 3 && words[at + 3] === 0 && !isIpv4) view.setUint32(position - 8, 0)
  return position
}

/** A packed list of integers; nothing for an empty one. */
function packed(
  out: Uint8Array,
  position: number,
  tag: number,
  column: ListColumn,
  row: number,
  shift: number,
  keep: number,
  isLayers: boolean,
): number {
  const { data } = column
  const start = column.starts[row]!
  const end = start + listLength(column, row, keep)
  if (start === end) return position
  let length = 0
  for (let i = start; i < end; i++) {
    length += varintLength(isLayers ? goflow2Layer(data[i]!) : data[i]! >>> shift)
  }
  position = putVarint(out, position, tag)
  position = putVarint(out, position, length)
  for (let i = start; i < end; i++) {
    position = putVarint(out, position, isLayers ? goflow2Layer(data[i]!) : data[i]! >>> shift)
  }
  return position
}
