import type { FlowBatch } from '../flow/batch.ts'
import { defineField, F } from '../flow/fields.ts'
import { put } from './frame.ts'

/** Columns for what expanded samples say beside the interface's number. */
const FORMAT = {
  ingress: defineField('ingressInterfaceFormat', 'u8', 'identifier'),
  egress: defineField('egressInterfaceFormat', 'u8', 'identifier'),
} as const

// sFlow Version 5, "interface": the two top bits say what the rest is.
const INDEX = 0
const DISCARDED = 1

/** Traffic from or to the device itself. */
const INTERNAL = 0x3fffffff

/**
 * IANA forwardingStatus (RFC 7270 §4.12) of sFlow's reasons for a discard ("sFlow Dropped Packet Notification
 * Structures"); the first ones are ICMP's codes of unreachable.
 */
const STATUS: ReadonlyMap<number, number> = new Map([
  ...[0, 1, 2, 3, 5, 6, 7, 11, 12].map((reason): [number, number] => [reason, 131]), // unroutable
  [4, 133], // fragmentation needed and DF set
  [8, 132], // adjacency
  ...[9, 10, 13, 14, 15].map((reason): [number, number] => [reason, 129]), // ACL deny
  [257, 137], // bad TTL
  [258, 130], // ACL drop
  [259, 143], // hardware
  [260, 139], // WRED
  [261, 138], // policer
  [262, 135], // bad total length
  [263, 131],
  [269, 130], // blackhole route
  [302, 140], // reverse path
  [335, 140],
])

const DROPPED_UNKNOWN = 128

/** The forwardingStatus that stands for an sFlow discard reason. */
export function forwardingStatusOf(reason: number): number {
  return STATUS.get(reason) ?? DROPPED_UNKNOWN
}

/** Stores the input interface: as sent, and its index; 0 where it is unknown or the device itself. */
export function storeIngress(
  batch: FlowBatch,
  row: number,
  raw: number,
  format: number,
  value: number,
): void {
  put(batch.fixed(F.ingressInterfaceRaw), row, raw)
  put(batch.fixed(F.ingressInterface), row, format === INDEX && value !== INTERNAL ? value : 0)
  if (format !== INDEX) put(batch.fixed(FORMAT.ingress), row, format)
}

/**
 * Stores the output interface as `storeIngress` does. A discard has a forwarding status in its place; format 2 is a
 * packet sent to several interfaces, whose number stays in the raw column.
 */
export function storeEgress(batch: FlowBatch, row: number, raw: number, format: number, value: number): void {
  put(batch.fixed(F.egressInterfaceRaw), row, raw)
  put(batch.fixed(F.egressInterface), row, format === INDEX && value !== INTERNAL ? value : 0)
  if (format === INDEX) return
  put(batch.fixed(FORMAT.egress), row, format)
  if (format === DISCARDED) put(batch.fixed(F.forwardingStatus), row, forwardingStatusOf(value))
}
