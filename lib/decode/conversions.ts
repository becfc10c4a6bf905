import type { Kind } from '../flow/fields.ts'
import type { ElementType } from './elements/registry.ts'

/**
 * How a value gets from the wire into its column. The kernels of `kernels.ts` are chosen by these numbers; the
 * name says what is read and where it goes.
 */
export const OP = {
  /** Nothing is kept. */
  gap: 0,
  u8ToU8: 1,
  u8ToU16: 2,
  u16ToU16: 3,
  u8ToU32: 4,
  u16ToU32: 5,
  u24ToU32: 6,
  u32ToU32: 7,
  u32ToU64: 8,
  u64ToU64: 9,
  /** 1 to 8 octets. */
  unsignedToU64: 10,
  signedToI64: 11,
  float32: 12,
  float64: 13,
  ipv4: 14,
  ipv6: 15,
  mac: 16,
  octets: 17,
  /** Milliseconds of the exporter's uptime, in 32 bits. */
  uptime: 18,
  /** The same in any other width. */
  uptimeAny: 19,
  seconds: 20,
  milliseconds: 21,
  ntp: 22,
  /** Microseconds before the export time. */
  deltaMicroseconds: 23,
  icmpType: 24,
  icmpCode: 25,
  /** Structured data (RFC 6313): octets that hold a sound list. */
  list: 26,
  /** Juniper's forwarding exception code. */
  juniperException: 27,
  /** Octets that are kept where they are not all zero. */
  padding: 28,
} as const

export type Op = (typeof OP)[keyof typeof OP]

/** Octets that an op reads; 0 where it takes the whole value. Of longer values the last octets count. */
const READS: Readonly<Record<Op, number>> = {
  [OP.gap]: 0,
  [OP.u8ToU8]: 1,
  [OP.u8ToU16]: 1,
  [OP.u16ToU16]: 2,
  [OP.u8ToU32]: 1,
  [OP.u16ToU32]: 2,
  [OP.u24ToU32]: 3,
  [OP.u32ToU32]: 4,
  [OP.u32ToU64]: 4,
  [OP.u64ToU64]: 8,
  [OP.unsignedToU64]: 0,
  [OP.signedToI64]: 0,
  [OP.float32]: 4,
  [OP.float64]: 8,
  [OP.ipv4]: 4,
  [OP.ipv6]: 16,
  [OP.mac]: 6,
  [OP.octets]: 0,
  [OP.uptime]: 4,
  [OP.uptimeAny]: 0,
  [OP.seconds]: 0,
  [OP.milliseconds]: 0,
  [OP.ntp]: 8,
  [OP.deltaMicroseconds]: 0,
  [OP.icmpType]: 1,
  [OP.icmpCode]: 1,
  [OP.list]: 0,
  [OP.juniperException]: 2,
  [OP.padding]: 0,
}

/** How far into a value of `octets` octets the op starts to read. */
export function skipOf(op: Op, octets: number): number {
  const reads = READS[op]
  return reads === 0 ? 0 : octets - reads
}

/** What stands behind a value: a type of the registry, or one of the few elements that mean more than their type. */
export type Source =
  | ElementType
  | 'uptime'
  | 'deltaMicroseconds'
  | 'icmpType'
  | 'icmpCode'
  | 'juniperException'
  | 'padding'

/**
 * The op for a value of `octets` octets, or OP.gap where that many cannot be read. RFC 7011 §6.2: integers may come
 * in fewer octets than their type has; of more, the low-order ones count.
 */
export function chooseOp(source: Source, kind: Kind, octets: number): Op {
  if (source === 'padding') return OP.padding
  if (kind === 'octets' || kind === 'text') return isList(source) ? OP.list : OP.octets
  if (octets === 0) return OP.gap
  switch (source) {
    case 'uptime':
      return octets === 4 ? OP.uptime : OP.uptimeAny
    case 'deltaMicroseconds':
      return OP.deltaMicroseconds
    case 'icmpType':
      return OP.icmpType
    case 'icmpCode':
      return OP.icmpCode
    case 'juniperException':
      return octets === 2 ? OP.juniperException : OP.gap
    case 'dateTimeSeconds':
      return OP.seconds
    case 'dateTimeMilliseconds':
      return OP.milliseconds
    case 'dateTimeMicroseconds':
    case 'dateTimeNanoseconds':
      return octets === 8 ? OP.ntp : OP.gap
    case 'float32':
    case 'float64':
      // RFC 7011 §6.2: float64 may be sent as float32.
      return octets === 4 ? OP.float32 : octets === 8 ? OP.float64 : OP.gap
    case 'macAddress':
      return octets === 6 ? OP.mac : OP.gap
    case 'ipv4Address':
    case 'ipv6Address':
      return octets === 4 ? OP.ipv4 : octets === 16 ? OP.ipv6 : OP.gap
    default:
      return chooseInteger(kind, octets)
  }
}

function isList(source: Source): boolean {
  return source === 'basicList' || source === 'subTemplateList' || source === 'subTemplateMultiList'
}

function chooseInteger(kind: Kind, octets: number): Op {
  switch (kind) {
    case 'u8':
      return OP.u8ToU8
    case 'u16':
      return octets === 1 ? OP.u8ToU16 : OP.u16ToU16
    case 'u32':
      if (octets === 1) return OP.u8ToU32
      if (octets === 2) return OP.u16ToU32
      return octets === 3 ? OP.u24ToU32 : OP.u32ToU32
    case 'u64':
      if (octets === 4) return OP.u32ToU64
      return octets < 8 ? OP.unsignedToU64 : OP.u64ToU64
    case 'i64':
      return OP.signedToI64
    default:
      return OP.gap
  }
}
