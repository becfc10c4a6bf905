import {
  isShownAsIpv4,
  putAddress,
  putHex,
  putHexWord,
  putIpv4,
  putIpv6,
  putMac,
} from '../bytes/put-address.ts'
import { BILLIONS, divideByBillion, putU32, putU64 } from '../bytes/put-number.ts'
import { putDateTime, putDateTimeNano, putEscaped, putOctets } from '../bytes/put-text.ts'
import type { OctetsColumn, OctetsListColumn } from '../flow/batch.ts'
import { LAYER } from '../flow/fields.ts'
import { CAPTURE_LITTLE, CAPTURE_NUMBER, CAPTURE_VERBATIM, RENDER } from './line-program.ts'
import type { NameTable } from './name-table.ts'
import { etypeName, flowTypeName, type NamesOf, protoName } from './names.ts'
import type { RowValues } from './row-values.ts'

export interface ValueStyle {
  readonly isJson: boolean
  readonly compat: NamesOf
  readonly protocols: NameTable
  /** By goflow2's numbers. */
  readonly layers: NameTable
}

/** Prints an integer by one of the numeric renderers, without quotes. */
export function putRendered(
  style: ValueStyle,
  out: Uint8Array,
  view: DataView,
  position: number,
  low: number,
  high: number,
  render: number,
): number {
  switch (render) {
    case RENDER.decimal:
      return high === 0 ? putU32(view, position, low) : putU64(view, position, low, high)
    case RENDER.mac:
      return putMac(view, position, high, low)
    case RENDER.etype:
      return putAscii(out, position, etypeName(low >>> 0))
    case RENDER.proto:
      return low >>> 8 === 0
        ? style.protocols.put(view, position, low)
        : putAscii(out, position, protoName(low >>> 0, style.compat))
    case RENDER.datetime:
      return putDateTime(view, position, low, high)
    case RENDER.nano:
      return putDateTimeNano(view, position, low, high)
    case RENDER.layer:
      return style.layers.put(view, position, goflow2Layer(low))
    case RENDER.flowType:
      return putAscii(out, position, flowTypeName(low >>> 0))
    case RENDER.seconds:
      divideByBillion(low, high)
      return putWhole(view, position, BILLIONS.quotient)
    case RENDER.milliseconds:
      divideByBillion(low, high)
      return putWhole(view, position, BILLIONS.quotient * 1000 + Math.floor(BILLIONS.remainder / 1e6))
    default:
      if (render > RENDER.hexNumber) return putHexNumber(view, position, low, high, render - RENDER.hexNumber)
      return putAscii(out, position, 'unknown')
  }
}

/** Prints a whole number below 2^53. */
function putWhole(view: DataView, position: number, value: number): number {
  return putU64(view, position, (value % TWO_32) | 0, Math.floor(value / TWO_32) | 0)
}

const TWO_32 = 4_294_967_296

/** Prints the low `octets` octets of an integer in hexadecimal. */
function putHexNumber(view: DataView, position: number, low: number, high: number, octets: number): number {
  scratchView.setUint32(0, high)
  scratchView.setUint32(4, low)
  return putHex(view, position, scratch, 8 - octets, 8)
}

/** goflow2's number for layers that it has no name for. */
export const CUSTOM_LAYER = LAYER.custom

/** goflow2's number for a layer: those that it does not know are its `Custom`. */
export function goflow2Layer(layer: number): number {
  return layer >= 0 && layer <= LAYER.teredo ? layer : CUSTOM_LAYER
}

/** Prints the address of four words at `at`, in an ADDRESS_FORM, by one of the renderers of octets; no quotes. */
export function putItem(
  style: ValueStyle,
  out: Uint8Array,
  view: DataView,
  position: number,
  words: Uint32Array,
  at: number,
  form: number,
  render: number,
): number {
  if (render === RENDER.ip) return putAddress(view, position, words, at, form)
  if (render === RENDER.unknown) return putAscii(out, position, 'unknown')
  const first = isShownAsIpv4(words, at, form) ? 3 : 0
  if (render === RENDER.text) {
    for (let i = first; i < 4; i++) scratchView.setUint32(i * 4, words[at + i]!)
    return putString(style, out, position, scratch, first * 4, 16)
  }
  for (let i = first; i < 4; i++) position = putHexWord(view, position, words[at + i]!)
  return position
}

const scratch = new Uint8Array(16)
const scratchView = new DataView(scratch.buffer)

/** Prints captured octets of one row, with quotes where JSON needs them. */
export function putCapture(
  style: ValueStyle,
  values: RowValues,
  out: Uint8Array,
  view: DataView,
  position: number,
  column: OctetsColumn,
  row: number,
  flags: number,
  render: number,
): number {
  return putCaptured(
    style,
    values,
    out,
    view,
    position,
    column.data,
    column.starts[row]!,
    column.lengths[row]!,
    flags,
    render,
  )
}

/** Prints a list of captured octets, after whatever stands in the list already. */
export function putCaptures(
  style: ValueStyle,
  values: RowValues,
  out: Uint8Array,
  view: DataView,
  position: number,
  column: OctetsListColumn,
  row: number,
  flags: number,
  render: number,
): number {
  const start = column.starts[row]!
  const end = start + column.lengths[row]!
  for (let item = start; item < end; item++) {
    if (item > start || out[position - 1] !== 0x5b) out[position++] = 0x2c
    const from = column.itemStarts[item]!
    const length = column.itemLengths[item]!
    position = putCaptured(style, values, out, view, position, column.data, from, length, flags, render)
  }
  return position
}

function putCaptured(
  style: ValueStyle,
  values: RowValues,
  out: Uint8Array,
  view: DataView,
  position: number,
  data: Uint8Array,
  start: number,
  length: number,
  flags: number,
  render: number,
): number {
  if ((flags & CAPTURE_VERBATIM) !== 0) return putOctets(out, position, data, start, start + length)
  const isNumber = (flags & CAPTURE_NUMBER) !== 0
  // An integer of more than 64 bits is printed as its octets: goflow2 loses the record.
  const fits = isNumber && values.captured(data, start, length, (flags & CAPTURE_LITTLE) !== 0)
  const isQuoted = style.isJson && !(fits && render === RENDER.decimal)
  if (isQuoted) out[position++] = 0x22
  if (fits) {
    position = putRendered(style, out, view, position, values.low, values.high, render)
  } else if (isNumber) {
    position = putHex(view, position, data, start, start + length)
  } else {
    position = putBytes(style, out, view, position, data, start, length, render)
  }
  if (isQuoted) out[position++] = 0x22
  return position
}

function putBytes(
  style: ValueStyle,
  out: Uint8Array,
  view: DataView,
  position: number,
  data: Uint8Array,
  start: number,
  length: number,
  render: number,
): number {
  switch (render) {
    case RENDER.text:
      return putString(style, out, position, data, start, start + length)
    case RENDER.unknown:
      return putAscii(out, position, 'unknown')
    case RENDER.ip:
      // Octets of another length are no address; goflow2 prints nothing for them.
      if (length === 4) return putIpv4(view, position, wordAt(data, start))
      if (length !== 16) return position
      return putIpv6(
        view,
        position,
        wordAt(data, start),
        wordAt(data, start + 4),
        wordAt(data, start + 8),
        wordAt(data, start + 12),
      )
    default:
      return putHex(view, position, data, start, start + length)
  }
}

function wordAt(data: Uint8Array, at: number): number {
  return (data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!
}

function putString(
  style: ValueStyle,
  out: Uint8Array,
  position: number,
  data: Uint8Array,
  from: number,
  to: number,
): number {
  return style.isJson ? putEscaped(out, position, data, from, to) : putOctets(out, position, data, from, to)
}

/** Prints one of our own names. */
export function putAscii(out: Uint8Array, position: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[position++] = text.charCodeAt(i)
  return position
}
