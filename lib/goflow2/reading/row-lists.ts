import {
  appendAddress,
  appendOctets,
  appendWord,
  type FixedColumn,
  type FlowBatch,
  type ListColumn,
  setOctets,
} from '../../flow/batch.ts'
import { LAYER_NAMES } from './enum-names.ts'
import type { KeyEntry } from './key-entry.ts'
import { HEX_DIGIT, type OctetScan } from './octet-scan.ts'
import type { RowEnd } from './row-end.ts'

/** Reads a list into the column of its key; returns where it ends, or -1, with nothing kept, where it is another thing. */
export function putList(
  scan: OctetScan,
  batch: FlowBatch,
  entry: KeyEntry,
  end: RowEnd,
  octets: Uint8Array,
  p: number,
  row: number,
): number {
  if (octets[p] !== 0x5b) return -1
  const isOneAddress = entry.op === 14
  if (octets[p + 1] === 0x5d) {
    entry.stored = 0
    if (isOneAddress) end.mapped &= ~entry.state
    return p + 2
  }
  if (isOneAddress) return oneAddress(scan, batch, entry, end, octets, p + 1, row)
  const column = batch.list(entry.field!)
  const used = column.used
  column.lengths[row] = 0
  p = items(scan, column, entry.op, octets, p + 1, row)
  if (p < 0) {
    column.used = used
    column.lengths[row] = 0
    column.present[row] = 0
    return -1
  }
  entry.column = column
  entry.stored = 7
  return p
}

function items(
  scan: OctetScan,
  column: ListColumn,
  op: number,
  octets: Uint8Array,
  p: number,
  row: number,
): number {
  for (;;) {
    while (octets[p] === 0x20) p++
    if (op === 13) {
      if (octets[p] !== 0x22) return -1
      p = scan.address(octets, p + 1)
      if (p < 0 || octets[p++] !== 0x22) return -1
      const { words } = scan
      appendAddress(column, row, words[0]!, words[1]!, words[2]!, words[3]!)
    } else if (op === 12 && octets[p] === 0x22) {
      const from = p + 1
      p = from
      while (octets[p] !== 0x22) if (octets[p++]! < 0x20) return -1
      const layer = LAYER_NAMES.find(octets, from, p++)
      if (layer < 0) return -1
      appendWord(column, row, layer)
    } else {
      p = scan.unsigned(octets, p)
      if (p < 0 || scan.high !== 0) return -1
      // A label is stored as on the wire, with its traffic class and bottom bit.
      if (op === 15 && scan.low >>> 28 !== 0) return -1
      appendWord(column, row, op === 15 ? scan.low << 4 : scan.low)
    }
    while (octets[p] === 0x20) p++
    const octet = octets[p++]
    if (octet === 0x5d) return p
    if (octet !== 0x2c) return -1
  }
}

function oneAddress(
  scan: OctetScan,
  batch: FlowBatch,
  entry: KeyEntry,
  end: RowEnd,
  octets: Uint8Array,
  p: number,
  row: number,
): number {
  if (octets[p] !== 0x22) return -1
  p = scan.address(octets, p + 1)
  if (p < 0 || octets[p] !== 0x22 || octets[p + 1] !== 0x5d) return -1
  const column: FixedColumn = batch.fixed(entry.field!)
  column.words.set(scan.words, row * 4)
  column.present[row] = 1
  if (scan.isMapped) end.mapped |= entry.state
  else end.mapped &= ~entry.state
  entry.column = column
  entry.u32 = column.words
  entry.present = column.present
  entry.stored = 5
  return p + 2
}

const scratch = new Uint8Array(1024)

/** Reads a field that a mapping declares into the column it captures: a number, or octets; lists of either too. */
export function putCaptured(
  scan: OctetScan,
  batch: FlowBatch,
  entry: KeyEntry,
  octets: Uint8Array,
  p: number,
  row: number,
): number {
  const isList = entry.field!.kind === 'octets-list'
  if (isList !== (octets[p] === 0x5b)) return -1
  if (!isList) {
    p = oneCaptured(scan, entry, octets, p)
    if (p < 0) return -1
    const column = batch.octets(entry.field!)
    setOctets(column, row, scratch, 0, scan.bits)
    entry.column = column
    entry.stored = 6
    return p
  }
  const column = batch.octetsList(entry.field!)
  const { used, items: before } = column
  column.lengths[row] = 0
  p++
  for (;;) {
    p = oneCaptured(scan, entry, octets, p)
    if (p > 0) appendOctets(column, row, scratch, 0, scan.bits)
    const octet = p > 0 ? octets[p++] : 0
    if (octet === 0x2c) continue
    if (octet === 0x5d) break
    column.used = used
    column.items = before
    column.lengths[row] = 0
    column.present[row] = 0
    return -1
  }
  entry.column = column
  entry.stored = 7
  return p
}

/** Leaves one value's octets in `scratch` and their number in `scan.bits`. */
function oneCaptured(scan: OctetScan, entry: KeyEntry, octets: Uint8Array, p: number): number {
  if (octets[p] !== 0x22) {
    p = scan.unsigned(octets, p)
    if (p < 0) return -1
    let length = 0
    for (let shift = 56; shift >= 0; shift -= 8) {
      const octet = shift > 31 ? (scan.high >>> (shift - 32)) & 255 : (scan.low >>> shift) & 255
      if (octet !== 0 || length > 0 || shift === 0) scratch[length++] = octet
    }
    scan.bits = length
    return p
  }
  p++
  let length = 0
  if (entry.octetsAs === 'address') {
    if (octets[p] !== 0x22) {
      p = scan.address(octets, p)
      if (p < 0) return -1
      const isIpv4 = scan.words[0] === 0 && scan.words[1] === 0 && scan.words[2] === 0xffff && !scan.isMapped
      for (let i = isIpv4 ? 12 : 0; i < 16; i++) {
        scratch[length++] = scan.words[i >>> 2]! >>> (24 - 8 * (i & 3))
      }
    }
  } else if (entry.octetsAs === 'text') {
    while (octets[p] !== 0x22) {
      if (octets[p]! < 0x20 || octets[p] === 0x5c || length === scratch.length) return -1
      scratch[length++] = octets[p++]!
    }
  } else {
    while (octets[p] !== 0x22) {
      const upper = HEX_DIGIT[octets[p]!]!
      const lower = HEX_DIGIT[octets[p + 1]!]!
      if ((upper | lower) > 15 || length === scratch.length) return -1
      scratch[length++] = (upper << 4) | lower
      p += 2
    }
  }
  scan.bits = length
  return octets[p] === 0x22 ? p + 1 : -1
}
