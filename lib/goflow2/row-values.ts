import { SAMPLING_SOURCE } from '../flow/fields.ts'
import { type LineColumns, SLOT } from './line-columns.ts'
import { ETYPE } from './line-sources.ts'
import { icmpName } from './names.ts'

/** Reads one row's values as goflow2 means them; results of more than 32 bits are left in `low` and `high`. */
export class RowValues {
  low = 0
  high = 0
  readonly #columns: LineColumns

  constructor(columns: LineColumns) {
    this.#columns = columns
  }

  /** Reads a FROM below 16 into `low` and `high`. */
  number(from: number, a: number, b: number, lists: readonly (readonly number[])[], row: number): void {
    const columns = this.#columns
    this.high = 0
    switch (from) {
      case 1: // u8
        this.low = columns.u8[a]![row]!
        return
      case 2: // u16
        this.low = columns.u16[a]![row]!
        return
      case 3: // u32
        this.low = columns.u32[a]![row]! | 0
        return
      case 4: // u64
        this.wide(a, row)
        return
      case 5: // mac
        this.low = columns.u32[a]![row * 2 + 1]! | 0
        this.high = columns.u32[a]![row * 2]! | 0
        return
      case 6: // u64Else
        this.wide(columns.present[a]![row] !== 0 ? a : b, row)
        return
      case 7: // u8Shifted
        this.low = columns.u8[a]![row]! >>> b
        return
      case 8: // u16Octet
        this.low = (columns.u16[a]![row]! >>> b) & 255
        return
      case 9: // first
        this.first(lists[a]!, b === 1, row)
        return
      case 10: // etype
        this.low = this.etype(a, row)
        return
      case 11: // u16Vlan
        this.low = columns.u16[a]![row]! & 0xfff
        return
      case 12: // constant
        this.low = a
        return
      default:
        this.low = 0
    }
  }

  /** The first of `slots` that is present, or not zero; 0 if none is. */
  first(slots: readonly number[], isZeroSkipped: boolean, row: number): void {
    const { fields, present } = this.#columns
    this.low = 0
    this.high = 0
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!
      if (present[slot]![row] === 0) continue
      this.#any(slot, fields[slot]!.kind, row)
      if (!isZeroSkipped || (this.low | this.high) !== 0) return
    }
  }

  #any(slot: number, kind: string, row: number): void {
    const columns = this.#columns
    this.high = 0
    switch (kind) {
      case 'u8':
        this.low = columns.u8[slot]![row]!
        return
      case 'u16':
        this.low = columns.u16[slot]![row]!
        return
      case 'u32':
        this.low = columns.u32[slot]![row]! | 0
        return
      case 'mac':
        this.low = columns.u32[slot]![row * 2 + 1]! | 0
        this.high = columns.u32[slot]![row * 2]! | 0
        return
      default:
        this.wide(slot, row)
    }
  }

  wide(slot: number, row: number): void {
    const words = this.#columns.u32[slot]!
    this.low = words[row * 2]! | 0
    this.high = words[row * 2 + 1]! | 0
  }

  /** EtherType of the row; 0 where nothing tells. */
  etype(order: number, row: number): number {
    const { u8, u16 } = this.#columns
    const frame = u16[SLOT.ethernetType]![row]!
    if (order === ETYPE.frameFirst && frame !== 0) return frame
    const version = u8[SLOT.ipVersion]![row]!
    const byVersion = version === 4 ? 0x0800 : version === 6 ? 0x86dd : 0
    if (order === ETYPE.versionFirst && byVersion !== 0) return byVersion
    return (
      this.#family(SLOT.sourceAddress, row) ||
      this.#family(SLOT.destinationAddress, row) ||
      byVersion ||
      frame
    )
  }

  #family(slot: number, row: number): number {
    if (this.#columns.present[slot]![row] === 0) return 0
    const words = this.#columns.u32[slot]!
    const at = row * 4
    return (words[at]! | words[at + 1]!) === 0 && words[at + 2] === 0xffff ? 0x0800 : 0x86dd
  }

  /** goflow2's name of the row's ICMP type. */
  icmpName(row: number): string {
    const { u8, u16 } = this.#columns
    return icmpName(u8[SLOT.protocolIdentifier]![row]!, u16[SLOT.icmpTypeCode]![row]! >>> 8)
  }

  /** Whether the row's sampling rate is surer than what a mapping captured. */
  isRateSure(row: number): boolean {
    return this.#columns.u8[SLOT.samplingSource]![row]! >= SAMPLING_SOURCE.record
  }

  /**
   * Reads captured octets as an unsigned integer; false, with nothing read, where more than 8 octets of it are not
   * zero.
   */
  captured(data: Uint8Array, start: number, length: number, isLittle: boolean): boolean {
    let low = 0
    let high = 0
    for (let i = 0; i < length; i++) {
      const octet = data[isLittle ? start + length - 1 - i : start + i]!
      if (high >>> 24 !== 0) return false
      high = (high << 8) | (low >>> 24)
      low = (low << 8) | octet
    }
    this.low = low
    this.high = high
    return true
  }
}
