import { type FlowBatch, setOctets } from '../../flow/batch.ts'
import { scanDateTime } from './date-time.ts'
import {
  type EnumNames,
  ETYPE_NAMES,
  FLOW_TYPE_NAMES,
  ICMP_NAMES,
  ICMP6_NAMES,
  PROTOCOL_NAMES,
} from './enum-names.ts'
import { JSON_KIND, JsonValue, unescaped } from './json-value.ts'
import type { KeyEntry } from './key-entry.ts'
import { OctetScan } from './octet-scan.ts'
import { type NetworkState, RowEnd } from './row-end.ts'
import { putCaptured, putList } from './row-lists.ts'

/** Longest text of a value that is tried again without its escapes. */
const MAX_RETRIED = 4096

/** Reads values of one row into the columns of the open batch. */
export class RowReader {
  readonly scan = new OctetScan()
  readonly end = new RowEnd()
  readonly #json = new JsonValue()
  batch!: FlowBatch
  /** Changes with every batch that is begun. */
  serial = 0

  /** Reads the value that begins at `p`; returns where it ends, or -1 where it does not look as its op expects it. */
  known(entry: KeyEntry, octets: Uint8Array, p: number, row: number): number {
    entry.stored = 0
    const { scan } = this
    const isQuoted = octets[p] === 0x22
    switch (entry.op) {
      case 1: // u64
        p = isQuoted ? this.#quotedNumber(entry, octets, p) : scan.unsigned(octets, p)
        if (p >= 0) this.#pair(entry, row, scan.low, scan.high)
        return p
      case 2: // u32
        p = isQuoted ? this.#quotedNumber(entry, octets, p) : scan.unsigned(octets, p)
        if (p < 0 || scan.high !== 0) return -1
        if (scan.low === 0 && !entry.isZeroKept) return p
        entry.bind(this.batch, this.serial)
        entry.u32[row] = scan.low
        entry.present[row] = 1
        entry.stored = 3
        return p
      case 3: // u16
        p = isQuoted ? this.#quotedNumber(entry, octets, p) : scan.unsigned(octets, p)
        if (p < 0 || scan.high !== 0 || scan.low >>> 16 !== 0) return -1
        if (scan.low === 0 && !entry.isZeroKept) return p
        entry.bind(this.batch, this.serial)
        entry.u16[row] = scan.low
        entry.present[row] = 1
        entry.stored = 2
        return p
      case 4: // u8
        p = isQuoted ? this.#quotedNumber(entry, octets, p) : scan.unsigned(octets, p)
        if (p < 0 || scan.high !== 0 || scan.low >>> 8 !== 0) return -1
        this.#octet(entry, row, scan.low, entry.isZeroKept)
        return p
      case 5: // address
        if (!isQuoted) return -1
        if (octets[p + 1] === 0x22) {
          this.end.mapped &= ~entry.state
          return p + 2
        }
        p = scan.address(octets, p + 1)
        if (p < 0 || octets[p] !== 0x22) return -1
        this.#address(entry, row)
        return p + 1
      case 6: // mac
        return this.#mac(entry, octets, p, row, isQuoted)
      case 7: // network
        return this.#network(entry, octets, p, isQuoted)
      case 8: // type
        p = this.#enum(FLOW_TYPE_NAMES, octets, p, isQuoted)
        if (p < 0 || scan.low > 4) return -1
        this.end.type = scan.low
        return p
      case 9: // etype
        if (isQuoted && octets[p + 1] === 0x22) {
          this.end.etype = 0
          return p + 2
        }
        p = this.#enum(ETYPE_NAMES, octets, p, isQuoted)
        if (p < 0 || scan.low >>> 16 !== 0) return -1
        this.end.etype = scan.low
        return p
      case 10: // proto
        p = this.#enum(PROTOCOL_NAMES, octets, p, isQuoted)
        if (p < 0 || scan.low >>> 8 !== 0) return -1
        this.#octet(entry, row, scan.low, true)
        return p
      case 11: // u32List
      case 12: // layers
      case 13: // addressList
      case 14: // oneAddress
      case 15: // labels
        return putList(scan, this.batch, entry, this.end, octets, p, row)
      case 16: // icmpType
        p = scan.unsigned(octets, p)
        if (p < 0 || scan.high !== 0 || scan.low >>> 8 !== 0) return -1
        this.end.icmpType = scan.low
        return p
      case 17: // icmpCode
        p = scan.unsigned(octets, p)
        if (p < 0 || scan.high !== 0 || scan.low >>> 8 !== 0) return -1
        this.end.icmpCode = scan.low
        return p
      case 18: // vlanId
        p = scan.unsigned(octets, p)
        if (p < 0 || scan.high !== 0 || scan.low >>> 16 !== 0) return -1
        this.end.vlanId = scan.low
        return p
      case 19: // ipFlags
        p = scan.unsigned(octets, p)
        if (p < 0 || scan.high !== 0 || scan.low >>> 3 !== 0) return -1
        this.#octet(entry, row, scan.low << 5, false)
        return p
      case 20: // time
        if (isQuoted) {
          p = scanDateTime(scan, octets, p + 1)
          if (p < 0 || octets[p++] !== 0x22) return -1
        } else {
          p = scan.unsigned(octets, p)
        }
        if (p >= 0) this.#pair(entry, row, scan.low, scan.high)
        return p
      case 21: // seconds
        return this.#scaledTime(entry, octets, p, row, isQuoted, 1)
      case 22: // milliseconds
        return this.#scaledTime(entry, octets, p, row, isQuoted, 1000)
      case 23: // interface
        p = scan.unsigned(octets, p)
        if (p < 0 || scan.high !== 0) return -1
        if (entry.state === 256) this.end.ingress = scan.low >>> 0
        else this.end.egress = scan.low >>> 0
        return p
      case 24: // icmpName
        return isQuoted ? this.#icmpName(octets, p) : -1
      case 25: // captured
        return putCaptured(scan, this.batch, entry, octets, p, row)
      case 26: // skipped
        return this.#json.read(octets, p) === JSON_KIND.broken ? -1 : this.#json.end
      default:
        return -1
    }
  }

  /** A key stands twice in a line: the last one counts. */
  again(entry: KeyEntry, row: number): void {
    const { column } = entry
    if (entry.stored === 0 || column === null || column.present[row] === 0) return
    column.present[row] = 0
    if (column.shape === 'fixed') column.values.fill(0, row * column.stride, (row + 1) * column.stride)
    else column.lengths[row] = 0
    entry.stored = 0
  }

  #octet(entry: KeyEntry, row: number, value: number, isZeroKept: boolean): void {
    // Zero: the exporter did not say.
    if (value === 0 && !isZeroKept) return
    entry.bind(this.batch, this.serial)
    entry.u8[row] = value
    entry.present[row] = 1
    entry.stored = 1
  }

  #pair(entry: KeyEntry, row: number, low: number, high: number): void {
    // Zero: the exporter did not say.
    if ((low | high) === 0 && !entry.isZeroKept) return
    entry.bind(this.batch, this.serial)
    entry.u32[row * 2] = low
    entry.u32[row * 2 + 1] = high
    entry.present[row] = 1
    entry.stored = 4
  }

  #address(entry: KeyEntry, row: number): void {
    const { words, isMapped } = this.scan
    entry.bind(this.batch, this.serial)
    const column = entry.u32
    column[row * 4] = words[0]!
    column[row * 4 + 1] = words[1]!
    column[row * 4 + 2] = words[2]!
    column[row * 4 + 3] = words[3]!
    entry.present[row] = 1
    entry.stored = 5
    if (isMapped) this.end.mapped |= entry.state
    else this.end.mapped &= ~entry.state
  }

  #quotedNumber(entry: KeyEntry, octets: Uint8Array, p: number): number {
    const { scan } = this
    const end = entry.isHexadecimal ? scan.hexadecimal(octets, p + 1) : scan.unsigned(octets, p + 1)
    return end >= 0 && octets[end] === 0x22 ? end + 1 : -1
  }

  /** A name, or its number, quoted or not, into `scan.low`. */
  #enum(names: EnumNames, octets: Uint8Array, p: number, isQuoted: boolean): number {
    const { scan } = this
    if (!isQuoted) {
      const end = scan.unsigned(octets, p)
      return scan.high === 0 && scan.low >= 0 ? end : -1
    }
    let end = p + 1
    while (octets[end] !== 0x22) if (octets[end++]! < 0x20) return -1
    const value = names.find(octets, p + 1, end)
    if (value < 0) return this.#quotedEnum(octets, p)
    scan.low = value
    return end + 1
  }

  #quotedEnum(octets: Uint8Array, p: number): number {
    const end = this.scan.unsigned(octets, p + 1)
    return end >= 0 && octets[end] === 0x22 && this.scan.high === 0 && this.scan.low >= 0 ? end + 1 : -1
  }

  #mac(entry: KeyEntry, octets: Uint8Array, p: number, row: number, isQuoted: boolean): number {
    const { scan } = this
    p = isQuoted ? scan.mac(octets, p + 1) : scan.unsigned(octets, p)
    if (p < 0 || scan.high >>> 16 !== 0 || (isQuoted && octets[p++] !== 0x22)) return -1
    this.#pair(entry, row, scan.high, scan.low)
    return p
  }

  #network(entry: KeyEntry, octets: Uint8Array, p: number, isQuoted: boolean): number {
    const { scan } = this
    const state: NetworkState = entry.state === 64 ? this.end.sourceNetwork : this.end.destinationNetwork
    if (!isQuoted) {
      p = scan.unsigned(octets, p)
      if (p < 0 || scan.high !== 0 || scan.low >>> 8 !== 0) return -1
      state.isLength = true
      state.bits = scan.low
      return p
    }
    p = scan.network(octets, p + 1)
    if (p < 0 || octets[p] !== 0x22) return -1
    state.isLength = false
    state.bits = scan.bits
    state.isMapped = scan.isMapped
    for (let i = 0; i < 4; i++) state.words[i] = scan.words[i]!
    return p + 1
  }

  /** goflow2 1.x has times in seconds and in milliseconds side by side: the finer one counts if it is not zero. */
  #scaledTime(
    entry: KeyEntry,
    octets: Uint8Array,
    p: number,
    row: number,
    isQuoted: boolean,
    perSecond: number,
  ): number {
    const { scan } = this
    if (isQuoted) {
      p = scanDateTime(scan, octets, p + 1)
      if (p < 0 || octets[p++] !== 0x22) return -1
    } else {
      p = scan.unsigned(octets, p)
      if (p < 0) return -1
      const scale = perSecond === 1 ? 1_000_000_000 : 1_000_000
      // value * scale in two words, by 32 bits each.
      const low = scan.low >>> 0
      const upper = (low >>> 16) * scale
      const sum = (upper % 65_536) * 65_536 + (low & 0xffff) * scale
      const high = (scan.high >>> 0) * scale + Math.floor(upper / 65_536) + Math.floor(sum / 4_294_967_296)
      if (high >= 4_294_967_296) return -1
      scan.low = (sum % 4_294_967_296) | 0
      scan.high = high | 0
    }
    entry.bind(this.batch, this.serial)
    const isZero = (scan.low | scan.high) === 0
    if (entry.present[row] === 0 || (perSecond !== 1 && !isZero)) {
      entry.u32[row * 2] = scan.low
      entry.u32[row * 2 + 1] = scan.high
      entry.present[row] = 1
    }
    entry.stored = 4
    return p
  }

  #icmpName(octets: Uint8Array, p: number): number {
    const from = p + 1
    let to = from
    // No name has an escape.
    while (octets[to] !== 0x22) if (octets[to]! < 0x20 || octets[to++] === 0x5c) return -1
    const { end } = this
    end.icmpNameType = ICMP_NAMES.find(octets, from, to)
    end.icmp6NameType = ICMP6_NAMES.find(octets, from, to)
    if (from === to) end.icmpNameKind = 2
    else if (end.icmpNameType >= 0 || end.icmp6NameType >= 0) end.icmpNameKind = 3
    else if (to - from === 7 && octets[from] === 0x75) end.icmpNameKind = 1
    else return -1
    return to + 1
  }

  /**
   * Keeps a value that no known column can hold in columns of its key; returns where it ends, or -1 where the line is
   * broken there.
   */
  other(entry: KeyEntry, octets: Uint8Array, p: number, row: number): number {
    entry.stored = 0
    // What the key said in the line before does not hold here.
    if (entry.state !== 0) this.end.forget(~entry.state)
    const json = this.#json
    const kind = json.read(octets, p)
    if (kind === JSON_KIND.broken) return -1
    const { end } = json
    const isKnown = entry.op !== 0
    if (isKnown && octets[p] === 0x6e) return end
    if (isKnown && kind === JSON_KIND.escaped && end - p <= MAX_RETRIED) {
      const plain = unescaped(octets, p + 1, end - 1)
      const again = new Uint8Array(plain.length + 3)
      again[0] = 0x22
      again.set(plain, 1)
      again[plain.length + 1] = 0x22
      again[plain.length + 2] = 0x0a
      if (plain.indexOf(0x22) < 0 && this.known(entry, again, 0, row) >= 0) return end
    }
    this.keep(entry, octets, p, end, kind, row)
    return end
  }

  /** Keeps the value at `p` as it is written, in columns of its key; returns where it ends. */
  keepWritten(entry: KeyEntry, octets: Uint8Array, p: number, row: number): void {
    const kind = this.#json.read(octets, p)
    if (kind !== JSON_KIND.broken) this.keep(entry, octets, p, this.#json.end, kind, row)
  }

  keep(entry: KeyEntry, octets: Uint8Array, p: number, end: number, kind: number, row: number): void {
    const { batch, scan } = this
    const extras = entry.extras()
    if (kind === JSON_KIND.string || kind === JSON_KIND.escaped) {
      const column = batch.octets(extras.text)
      if (kind === JSON_KIND.string) {
        setOctets(column, row, octets, p + 1, end - 1)
      } else {
        const plain = unescaped(octets, p + 1, end - 1)
        setOctets(column, row, plain, 0, plain.length)
      }
      entry.column = column
      entry.stored = 6
    } else if (kind === JSON_KIND.number && this.#isPlainNumber(octets, p, end)) {
      const column = batch.fixed(extras.number)
      column.words[row * 2] = scan.low
      column.words[row * 2 + 1] = scan.high
      column.present[row] = 1
      entry.column = column
      entry.stored = 8
    } else {
      const column = batch.octets(extras.json)
      setOctets(column, row, octets, p, end)
      entry.column = column
      entry.stored = 6
    }
  }

  #isPlainNumber(octets: Uint8Array, p: number, end: number): boolean {
    return (octets[p] !== 0x30 || end === p + 1) && this.scan.unsigned(octets, p) === end
  }
}
