import { formatAddress } from '../bytes/address.ts'
import { BILLIONS, divideByBillion, putU32, putU64 } from '../bytes/put-number.ts'
import { F } from '../flow/fields.ts'
import { protocolName } from '../flow/protocol-names.ts'
import type { ColumnSlots } from './column-slots.ts'
import { PRINT, SKIP } from './document-program.ts'
import { dropReasonName } from './drop-reasons.ts'
import { TICKS } from './layout-values.ts'
import { putJsonText } from './put-json-text.ts'
import { putMac } from './put-words.ts'

const WORD = 4_294_967_296
/** Dictionaries of PRINT.word. */
export const WORDS = { dropReason: 0, ethernetType: 1, protocol: 2 } as const
/** 1900 to 1970 in seconds. */
const NTP_EPOCH = 2_208_988_800
const HEX = new TextEncoder().encode('0123456789abcdef')
const scratch = new DataView(new ArrayBuffer(8))

/** Prints the values that few records have: octets, text, signed integers, floats, and what is made of them. */
export class OctetValues {
  readonly #slots: ColumnSlots
  readonly #exportTime: number

  constructor(slots: ColumnSlots) {
    this.#slots = slots
    this.#exportTime = slots.slotOf(F.exportTime)
  }

  /** Prints by a PRINT with its numbers and returns the position behind. */
  put(
    out: Uint8Array,
    view: DataView,
    position: number,
    print: number,
    a: number,
    b: number,
    row: number,
  ): number {
    const { u8, u16, words, floats } = this.#slots
    const at = row * 2
    switch (print) {
      case PRINT.text:
        return this.#putText(out, position, a, row)
      case PRINT.octets:
        return this.#putOctets(out, view, position, a, b, row)
      case PRINT.i64:
        return putSigned(view, position, words[a]![at]!, words[a]![at + 1]!)
      case PRINT.f64:
        return putFloat(out, position, floats[a]![row]!)
      case PRINT.boolean:
        return putAscii(out, position, u8[a]![row] === 1 ? 'true' : 'false')
      case PRINT.octetOfU16:
        return putU32(view, position, (u16[a]![row]! >>> b) & 255)
      case PRINT.ticks:
        return putTicks(view, position, words[a]![at]!, words[a]![at + 1]!, b)
      case PRINT.beforeExport: {
        const exported = words[this.#exportTime]!
        const ns = (exported[at + 1]! - words[a]![at + 1]!) * WORD + (exported[at]! - words[a]![at]!)
        return putU32(view, position, (ns / 1e3) | 0)
      }
      case PRINT.octetsOfInteger:
        return this.#putIntegerOctets(out, view, position, a, b, row)
      case PRINT.integerOctets:
        this.#load(a, row, b === 1)
        if (b === 2) {
          const isSingle = this.#slots.octets[a]!.lengths[row] === 4
          return putFloat(out, position, isSingle ? scratch.getFloat32(4) : scratch.getFloat64(0))
        }
        return b === 1
          ? putSigned(view, position, scratch.getUint32(4), scratch.getUint32(0))
          : putU64(view, position, scratch.getInt32(4), scratch.getInt32(0))
      case PRINT.macOctets:
        this.#load(a, row, false)
        return putMac(view, position, scratch.getUint32(0), scratch.getUint32(4))
      case PRINT.aclId:
        return this.#putAclId(out, position, a, row)
      case PRINT.list:
        return this.#putList(out, view, position, a, row)
      case PRINT.macList:
        return this.#putMacs(out, view, position, a, row)
      case PRINT.hex:
        return this.#putHex(out, position, a, row)
      case PRINT.formatted:
        return putAscii(out, position, formatAddress(words[a]!, row * 4))
      case PRINT.word:
        return putAscii(out, position, wordOf(b, words[a]![row]! | u16[a]![row]! | u8[a]![row]!))
      case PRINT.label:
        return this.#putLabel(out, view, position, a, b, row)
      default:
        return position
    }
  }

  /** Whether a SKIP that looks at octets holds. */
  isSkipped(skip: number, a: number, row: number): boolean {
    const column = this.#slots.octets[a]
    if (column == null || column.present[row] === 0) return true
    const length = column.lengths[row]!
    if (skip === SKIP.ifNoAcl) return length !== 12
    if (skip === SKIP.ifNoMac) return length !== 6
    return length === 0 || length > 8
  }

  /** Text without the NULs that it is padded with. */
  #putText(out: Uint8Array, position: number, slot: number, row: number): number {
    const column = this.#slots.octets[slot]
    if (column == null) return position
    const from = column.starts[row]!
    let to = from + column.lengths[row]!
    while (to > from && column.data[to - 1] === 0) to--
    return putJsonText(out, position, column.data, from, to)
  }

  /** Octets as an array of numbers; `zeros` of them where the row has none. */
  #putOctets(
    out: Uint8Array,
    view: DataView,
    position: number,
    slot: number,
    zeros: number,
    row: number,
  ): number {
    const column = this.#slots.octets[slot]
    const isPresent = column != null && column.present[row] === 1
    const from = isPresent ? column.starts[row]! : 0
    const length = isPresent ? column.lengths[row]! : zeros
    out[position++] = 0x5b
    for (let i = 0; i < length; i++) {
      if (i > 0) out[position++] = 0x2c
      position = putU32(view, position, isPresent ? column.data[from + i]! : 0)
    }
    out[position] = 0x5d
    return position + 1
  }

  #putIntegerOctets(
    out: Uint8Array,
    view: DataView,
    position: number,
    slot: number,
    octets: number,
    row: number,
  ): number {
    const { u8, u16, words } = this.#slots
    const isWide = octets > 4
    const low = isWide ? words[slot]![row * 2]! : words[slot]![row]! | u16[slot]![row]! | u8[slot]![row]!
    scratch.setUint32(0, isWide ? words[slot]![row * 2 + 1]! : 0)
    scratch.setUint32(4, low)
    out[position++] = 0x5b
    for (let i = 8 - octets; i < 8; i++) {
      if (i > 8 - octets) out[position++] = 0x2c
      position = putU32(view, position, scratch.getUint8(i))
    }
    out[position] = 0x5d
    return position + 1
  }

  /** Puts up to eight octets of a row into the scratch, aligned to its end. */
  #load(slot: number, row: number, isSigned: boolean): void {
    const { data, starts, lengths } = this.#slots.octets[slot]!
    const from = starts[row]!
    const length = lengths[row]!
    const fill = isSigned && data[from]! > 127 ? 255 : 0
    for (let i = 0; i < 8; i++) scratch.setUint8(i, i < 8 - length ? fill : data[from + i - (8 - length)]!)
  }

  /** Cisco ASA: three groups of four octets in hexadecimal. */
  #putAclId(out: Uint8Array, position: number, slot: number, row: number): number {
    const { data, starts } = this.#slots.octets[slot]!
    const from = starts[row]!
    for (let i = 0; i < 12; i++) {
      if (i === 4 || i === 8) out[position++] = 0x2d
      out[position++] = HEX[data[from + i]! >>> 4]!
      out[position++] = HEX[data[from + i]! & 15]!
    }
    return position
  }

  #putList(out: Uint8Array, view: DataView, position: number, slot: number, row: number): number {
    const list = this.#slots.lists[slot]
    out[position++] = 0x5b
    if (list != null) {
      const start = list.starts[row]!
      for (let i = 0; i < list.lengths[row]!; i++) {
        if (i > 0) out[position++] = 0x2c
        position = putU32(view, position, list.data[start + i]! | 0)
      }
    }
    out[position] = 0x5d
    return position + 1
  }

  #putMacs(out: Uint8Array, view: DataView, position: number, slot: number, row: number): number {
    const list = this.#slots.octetsLists[slot]
    out[position++] = 0x5b
    if (list != null) {
      const start = list.starts[row]!
      for (let i = start; i < start + list.lengths[row]!; i++) {
        if (i > start) out[position++] = 0x2c
        const { data } = list
        const at = list.itemStarts[i]!
        for (let k = 0; k < 6; k++) scratch.setUint8(2 + k, data[at + k]!)
        out[position] = 0x22
        position = putMac(view, position + 1, scratch.getUint16(2), scratch.getUint32(4))
        out[position++] = 0x22
      }
    }
    out[position] = 0x5d
    return position + 1
  }

  #putHex(out: Uint8Array, position: number, slot: number, row: number): number {
    const column = this.#slots.octets[slot]
    if (column == null) return position
    const from = column.starts[row]!
    for (let i = from; i < from + column.lengths[row]!; i++) {
      out[position++] = HEX[column.data[i]! >>> 4]!
      out[position++] = HEX[column.data[i]! & 15]!
    }
    return position
  }

  #putLabel(
    out: Uint8Array,
    view: DataView,
    position: number,
    slot: number,
    index: number,
    row: number,
  ): number {
    const list = this.#slots.lists[slot]
    const label = list == null || index >= list.lengths[row]! ? 0 : list.data[list.starts[row]! + index]!
    out[position] = 0x5b
    position = putU32(view, position + 1, label >>> 16)
    out[position] = 0x2c
    position = putU32(view, position + 1, (label >>> 8) & 255)
    out[position] = 0x2c
    position = putU32(view, position + 1, label & 255)
    out[position] = 0x5d
    return position + 1
  }
}

const ETHERNET_TYPES = new Map([
  [0x0800, 'ipv4'],
  [0x0806, 'arp'],
  [0x86dd, 'ipv6'],
])

/** The name that a dictionary has for a number. */
function wordOf(words: number, value: number): string {
  if (words === WORDS.dropReason) return dropReasonName(value)
  if (words === WORDS.protocol) return protocolName(value)
  return ETHERNET_TYPES.get(value) ?? `0x${value.toString(16).padStart(4, '0')}`
}

function putAscii(out: Uint8Array, position: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[position + i] = text.charCodeAt(i)
  return position + text.length
}

function putSigned(view: DataView, position: number, low: number, high: number): number {
  if (high >>> 31 === 0) return putU64(view, position, low | 0, high | 0)
  view.setUint8(position, 0x2d)
  return putU64(view, position + 1, -low | 0, low === 0 ? -high | 0 : ~high)
}

/** A number as JavaScript prints it, 32-bit values as what they are in 64 bits, as Elastic has them; JSON has no other. */
function putFloat(out: Uint8Array, position: number, value: number): number {
  return putAscii(out, position, Number.isFinite(value) ? String(value) : 'null')
}

/** Nanoseconds as the integer that an exporter sent. */
function putTicks(view: DataView, position: number, low: number, high: number, ticks: number): number {
  divideByBillion(low | 0, high | 0)
  const { quotient, remainder } = BILLIONS
  if (ticks === TICKS.seconds) return putWhole(view, position, quotient)
  if (ticks === TICKS.milliseconds)
    return putWhole(view, position, quotient * 1000 + Math.floor(remainder / 1e6))
  if (quotient === 0 && remainder === 0) return putU32(view, position, 0)
  return putU64(view, position, Math.ceil((remainder * WORD) / 1e9) | 0, (quotient + NTP_EPOCH) | 0)
}

function putWhole(view: DataView, position: number, value: number): number {
  return putU64(view, position, (value % WORD) | 0, Math.floor(value / WORD) | 0)
}
