import { isShownAsIpv4, putAddress, putIpv4, putIpv6, putMac } from '../bytes/put-address.ts'
import { DIGIT_COUNT, FOUR_DIGITS, putU32, putU64, SHORT_DIGITS } from '../bytes/put-number.ts'
import type { ListColumn, OctetsColumn, OctetsListColumn } from '../flow/batch.ts'
import type { LineBuffer } from './line-buffer.ts'
import type { LineColumns } from './line-columns.ts'
import { CAPTURE_LITTLE, type LineProgram, RENDER, STEP } from './line-program.ts'
import { NameTable } from './name-table.ts'
import { layerName, type NamesOf, protoName } from './names.ts'
import {
  CUSTOM_LAYER,
  putAscii,
  putCapture,
  putCaptures,
  putItem,
  putRendered,
  type ValueStyle,
} from './put-value.ts'
import { listLength, roomOf } from './row-room.ts'
import { RowValues } from './row-values.ts'

/** Prints rows as JSON or text by a program. One printer serves all batches of a sink. */
export class LinePrinter {
  readonly #columns: LineColumns
  readonly #buffer: LineBuffer
  readonly #values: RowValues
  readonly #style: ValueStyle

  constructor(columns: LineColumns, buffer: LineBuffer, isJson: boolean, compat: NamesOf) {
    this.#columns = columns
    this.#buffer = buffer
    this.#values = new RowValues(columns)
    this.#style = {
      isJson,
      compat,
      protocols: new NameTable(256, (proto) => protoName(proto, compat)),
      layers: new NameTable(CUSTOM_LAYER + 1, layerName),
    }
  }

  /** Appends a line for each of the rows `[from, to)` to the buffer, which passes on what is full. */
  print(program: LineProgram, from: number, to: number): void {
    const { steps, literals, lists, variable } = program
    const { u8, u16, u32, present, columns } = this.#columns
    const { protocols } = this.#style
    const values = this.#values
    const buffer = this.#buffer
    const end = steps.length
    let { octets: out, view } = buffer
    let limit = buffer.limit(program.room)
    let position = buffer.used
    for (let row = from; row < to; row++) {
      if (variable.length > 0) limit = buffer.limit(program.room + roomOf(variable, columns, row))
      if (position > limit) {
        buffer.used = position
        buffer.makeRoom(program.room + roomOf(variable, columns, row))
        out = buffer.octets
        view = buffer.view
        position = 0
      }
      const lineStart = position
      for (let at = 0; at < end; at += STEP) {
        const length = steps[at + 2]!
        if (length > 0) {
          // Sixteen octets at a time; what is written too much is overwritten by what follows.
          const literalEnd = position + length
          for (let word = steps[at + 1]!; position < literalEnd; position += 16, word += 2) {
            view.setBigUint64(position, literals[word]!, true)
            view.setBigUint64(position + 8, literals[word + 1]!, true)
          }
          position = literalEnd
        }
        const a = steps[at + 3]!
        let value = 0
        let high = 0
        // The labels are FROM's and CONTROL's numbers.
        switch (steps[at]!) {
          case 0: // nothing
            continue
          case 1: // u8
            value = u8[a]![row]!
            break
          case 2: // u16
            value = u16[a]![row]!
            break
          case 3: // u32
            value = u32[a]![row]!
            break
          case 4: // u64
            value = u32[a]![row * 2]!
            high = u32[a]![row * 2 + 1]!
            break
          case 5: // mac
            high = u32[a]![row * 2]!
            value = u32[a]![row * 2 + 1]!
            break
          case 6: {
            // u64Else
            const words = u32[present[a]![row] !== 0 ? a : steps[at + 4]!]!
            value = words[row * 2]!
            high = words[row * 2 + 1]!
            break
          }
          case 7: // u8Shifted
            value = u8[a]![row]! >>> steps[at + 4]!
            break
          case 8: // u16Octet
            value = (u16[a]![row]! >>> steps[at + 4]!) & 255
            break
          case 9: // first
            values.first(lists[a]!, steps[at + 4] === 1, row)
            value = values.low >>> 0
            high = values.high >>> 0
            break
          case 10: // etype
            value = values.etype(a, row)
            break
          case 11: // u16Vlan
            value = u16[a]![row]! & 0xfff
            break
          case 12: // constant
            value = a
            break
          case 16: {
            // address
            if (present[a]![row] === 0) continue
            const words = u32[a]!
            const word = row * 4
            if (steps[at + 6] !== RENDER.ip) {
              position = putItem(
                this.#style,
                out,
                view,
                position,
                words,
                word,
                steps[at + 4]!,
                steps[at + 6]!,
              )
            } else if (
              steps[at + 4] === 0 &&
              (words[word]! | words[word + 1]!) === 0 &&
              words[word + 2] === 0xffff
            ) {
              position = putIpv4(view, position, words[word + 3]! | 0)
            } else {
              position = putAddress(view, position, words, word, steps[at + 4]!)
            }
            continue
          }
          case 17: // network
            position = this.#network(view, position, a, steps[at + 5]!, u8[steps[at + 4]!]![row]!, row)
            continue
          case 26: // capturedNetwork
            position = this.#capturedNetwork(view, position, a, steps[at + 4]!, steps[at + 5]!, row)
            continue
          case 18: // words
          case 19: // layers
          case 20: // addresses
            position = this.#list(out, view, position, at, steps, row)
            continue
          case 21: {
            // oneAddress
            if (present[a]![row] === 0) continue
            if (this.#style.isJson) out[position++] = 0x22
            position = putItem(
              this.#style,
              out,
              view,
              position,
              u32[a]!,
              row * 4,
              steps[at + 4]!,
              steps[at + 6]!,
            )
            if (this.#style.isJson) out[position++] = 0x22
            continue
          }
          case 22: // capture
            position = putCapture(
              this.#style,
              values,
              out,
              view,
              position,
              columns[a] as OctetsColumn,
              row,
              steps[at + 4]!,
              steps[at + 6]!,
            )
            continue
          case 23: // captures
            position = putCaptures(
              this.#style,
              values,
              out,
              view,
              position,
              columns[a] as OctetsListColumn,
              row,
              steps[at + 4]!,
              steps[at + 6]!,
            )
            continue
          case 24: // icmpName
            position = putAscii(out, position, values.icmpName(row))
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
          case 35: // trim
            if (position > lineStart && out[position - 1] === a) position--
            continue
          default:
            continue
        }
        const render = steps[at + 6]!
        if (render === 0) {
          if (high !== 0) {
            position = putU64(view, position, value | 0, high | 0)
          } else if (value < 10_000) {
            view.setUint32(position, SHORT_DIGITS[value]!, true)
            position += DIGIT_COUNT[value]!
          } else {
            const upper = (value / 10_000) >>> 0
            const lower = value - upper * 10_000
            if (upper < 10_000) {
              view.setUint32(position, SHORT_DIGITS[upper]!, true)
              position += DIGIT_COUNT[upper]!
            } else {
              const top = (upper / 10_000) >>> 0
              view.setUint32(position, SHORT_DIGITS[top]!, true)
              position += DIGIT_COUNT[top]!
              view.setUint32(position, FOUR_DIGITS[upper - top * 10_000]!, true)
              position += 4
            }
            view.setUint32(position, FOUR_DIGITS[lower]!, true)
            position += 4
          }
        } else if (render === 3 && value < 256) {
          position = protocols.put(view, position, value)
        } else if (render === 1) {
          position = putMac(view, position, high | 0, value | 0)
        } else {
          position = putRendered(this.#style, out, view, position, value | 0, high | 0, render)
        }
      }
    }
    buffer.used = position
  }

  /** Go's netip prefix: the address masked, or `invalid Prefix` without address or with a length beyond it. */
  #network(
    view: DataView,
    position: number,
    addressSlot: number,
    form: number,
    bits: number,
    row: number,
  ): number {
    const words = this.#columns.u32[addressSlot]!
    const at = row * 4
    const isIpv4 = isShownAsIpv4(words, at, form)
    if (this.#columns.present[addressSlot]![row] === 0 || bits > (isIpv4 ? 32 : 128)) {
      for (let i = 0; i < INVALID_PREFIX.length; i++) view.setUint8(position + i, INVALID_PREFIX[i]!)
      return position + INVALID_PREFIX.length
    }
    if (isIpv4) position = putIpv4(view, position, words[at + 3]! & mask(bits))
    else if (bits === 0) position = putIpv6(view, position, 0, 0, 0, 0)
    else {
      const a = words[at]! & mask(bits)
      const b = words[at + 1]! & mask(bits - 32)
      const c = (form === 3 && words[at + 3] === 0 ? 0 : words[at + 2]!) & mask(bits - 64)
      position = putIpv6(view, position, a, b, c, words[at + 3]! & mask(bits - 96))
    }
    view.setUint8(position++, 0x2f)
    view.setUint32(position, SHORT_DIGITS[bits]!, true)
    return position + DIGIT_COUNT[bits]!
  }

  /** The same with a captured prefix length. */
  #capturedNetwork(
    view: DataView,
    position: number,
    addressSlot: number,
    slot: number,
    formAndFlags: number,
    row: number,
  ): number {
    const column = this.#columns.columns[slot] as OctetsColumn
    const isLittle = ((formAndFlags >> 3) & CAPTURE_LITTLE) !== 0
    const values = this.#values
    const fits = values.captured(column.data, column.starts[row]!, column.lengths[row]!, isLittle)
    const bits = fits && values.high === 0 && values.low >>> 8 === 0 ? values.low : 255
    return this.#network(view, position, addressSlot, formAndFlags & 7, bits, row)
  }

  /** The items of a list, without brackets. */
  #list(
    out: Uint8Array,
    view: DataView,
    position: number,
    at: number,
    steps: Int32Array,
    row: number,
  ): number {
    const column = this.#columns.columns[steps[at + 3]!] as ListColumn
    const { data, stride } = column
    const start = column.starts[row]! * stride
    const end = start + listLength(column, row, steps[at + 5]!) * stride
    const render = steps[at + 6]!
    if (stride === 1 && render === RENDER.decimal) {
      for (let i = start; i < end; i++) {
        position = putU32(view, position, (data[i]! >>> steps[at + 4]!) | 0)
        out[position++] = 0x2c
      }
      return end > start ? position - 1 : position
    }
    const isQuoted = this.#style.isJson && render !== RENDER.decimal
    for (let i = start; i < end; i += stride) {
      if (i > start) out[position++] = 0x2c
      if (isQuoted) out[position++] = 0x22
      if (stride === 4) {
        position = putItem(this.#style, out, view, position, data, i, 0, render)
      } else {
        position = putRendered(this.#style, out, view, position, (data[i]! >>> steps[at + 4]!) | 0, 0, render)
      }
      if (isQuoted) out[position++] = 0x22
    }
    return position
  }
}

const INVALID_PREFIX = new TextEncoder().encode('invalid Prefix')

/** The upper `bits` of a word; none for less than one, all for more than 31. */
function mask(bits: number): number {
  if (bits <= 0) return 0
  return bits >= 32 ? -1 : -1 << (32 - bits)
}
