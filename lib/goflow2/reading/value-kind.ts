// The kind of a value that is written as goflow2's printers write it, told from its text, octets[from, to), and what was
// read from it. 0: it may be written otherwise, or nobody has looked.
import { putIpv6 } from '../../bytes/put-address.ts'
import { etypeName, flowTypeName, protoName } from '../names.ts'
import type { KeyEntry } from './key-entry.ts'
import { OP } from './known-keys.ts'
import type { NetworkState, RowEnd } from './row-end.ts'

const NONE = 0
/** Zero, or nothing at all. */
export const ZERO = 1
const OTHER = 2
const IPV4 = 3
const IPV6 = 4
/** Networks of prefix length 0 are apart: it is not stored. */
const ALL = 2
const INVALID = 7

const printed = new Uint8Array(64)
const printedView = new DataView(printed.buffer)

/** An integer in decimal. */
export function numberKind(octets: Uint8Array, from: number, to: number): number {
  const first = octets[from]! - 48
  if (first === 0) return to - from === 1 ? ZERO : NONE
  return first > 0 && first <= 9 ? OTHER : NONE
}

/** Decimal digits of an octet. */
const DIGITS = Uint8Array.from({ length: 256 }, (_, octet) => String(octet).length)

/** The address at `octets[from, to)`, whose words stand at `at`. */
export function addressKind(
  octets: Uint8Array,
  from: number,
  to: number,
  words: Uint32Array,
  at: number,
): number {
  const [first, second, third] = [words[at]!, words[at + 1]!, words[at + 2]!]
  const last = words[at + 3]! | 0
  if ((first | second) === 0 && third === 0xffff) {
    const digits = DIGITS[last & 255]!
    const others = DIGITS[last >>> 24]! + DIGITS[(last >>> 16) & 255]! + DIGITS[(last >>> 8) & 255]!
    // As long as it has to be, and with a dot, so that it is not in hexadecimal.
    return others + digits + 3 === to - from && octets[to - digits - 1] === 0x2e ? IPV4 : NONE
  }
  const end = putIpv6(printedView, 0, first | 0, second | 0, third | 0, last)
  if (end !== to - from) return NONE
  for (let i = 0; i < end; i++) if (octets[from + i] !== printed[i]) return NONE
  return IPV6
}

/** A network in quotes, that was read into `network`. */
function networkKind(
  octets: Uint8Array,
  from: number,
  to: number,
  { bits, isLength, words }: NetworkState,
): number {
  if (octets[from] !== 0x22 || isLength || bits === -2) return NONE
  if (bits === -1) return INVALID
  const slash = octets.indexOf(0x2f, from)
  const digits = bits < 10 ? 1 : bits < 100 ? 2 : 3
  if (slash < 0 || slash + digits + 2 !== to) return NONE
  const kind = addressKind(octets, from + 1, slash, words, 0)
  return kind === NONE || bits > 0 ? kind : kind + ALL
}

/** 1 for hexadecimal digits in lower case. */
const LOWER = Uint8Array.from({ length: 256 }, (_, c) => Number((c > 47 && c < 58) || (c > 96 && c < 103)))
const MAC_OCTETS = 19

/** A MAC address in quotes, in lower case. */
function macKind(octets: Uint8Array, from: number, to: number): number {
  if (to - from !== MAC_OCTETS) return NONE
  let isHex = 1
  let sum = 0
  for (let p = from + 1; p < to; p += 3) {
    const upper = octets[p]!
    const lower = octets[p + 1]!
    isHex &= LOWER[upper]! & LOWER[lower]!
    sum |= (upper ^ 0x30) | (lower ^ 0x30)
    if (octets[p + 2] !== (p + 3 < to ? 0x3a : 0x22)) return NONE
  }
  if (isHex === 0) return NONE
  return sum === 0 ? ZERO : OTHER
}

/** The three bits of the IP header. */
function ipFlagsKind(octets: Uint8Array, from: number, to: number): number {
  return to - from === 1 && octets[from]! < 0x38 ? numberKind(octets, from, to) : NONE
}

/** A list without elements; others are not looked at. */
function listKind(octets: Uint8Array, from: number, to: number): number {
  return to - from === 2 && octets[from] === 0x5b && octets[from + 1] === 0x5d ? ZERO : NONE
}

/** A value of another key, that was read into the row's columns and `end`. */
export function otherKind(
  { op, state }: KeyEntry,
  octets: Uint8Array,
  from: number,
  to: number,
  end: RowEnd,
): number {
  switch (op) {
    case OP.ipFlags:
      return ipFlagsKind(octets, from, to)
    case OP.mac:
      return macKind(octets, from, to)
    case OP.network:
      return networkKind(octets, from, to, state === 64 ? end.sourceNetwork : end.destinationNetwork)
    case OP.u32List:
    case OP.layers:
    case OP.addressList:
    case OP.oneAddress:
    case OP.labels:
      return listKind(octets, from, to)
    default:
      return NONE
  }
}

const ETHER_TYPES = [0, 0x0800, 0x86dd, 0x0806]
const FIRST_NAME = 8

/** The name of `value` in quotes, as one of goflow2's versions prints it. */
export function nameKind(op: number, octets: Uint8Array, from: number, to: number, value: number): number {
  if (value < 0 || octets[from] !== 0x22) return NONE
  const text = Buffer.from(octets.buffer, octets.byteOffset + from + 1, to - from - 2).toString('latin1')
  switch (op) {
    case OP.type:
      return text === flowTypeName(value) ? FIRST_NAME + value : NONE
    case OP.etype: {
      const place = ETHER_TYPES.indexOf(value)
      return place >= 0 && text === etypeName(value) ? FIRST_NAME + place : NONE
    }
    case OP.proto:
      if (text === protoName(value, '2.2')) return FIRST_NAME + value * 2
      return text === protoName(value, '2.1') ? FIRST_NAME + value * 2 + 1 : NONE
    default:
      return NONE
  }
}
