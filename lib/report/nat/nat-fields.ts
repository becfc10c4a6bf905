import { defineField } from '../../flow/fields.ts'

// Columns that translators fill. Kinds are those that the registry gives the elements.

export const NAT = {
  /** RFC 8158 §5; Cisco's NEL has 1 and 2 alone. */
  natEvent: defineField('natEvent', 'u8', 'identifier', 0, 230),
  /** Cisco's NSEL: 1 created, 2 deleted, 3 denied, 5 updated. */
  firewallEvent: defineField('firewallEvent', 'u8', 'default', 0, 233),
  postSourcePort: defineField('postNAPTSourceTransportPort', 'u16', 'identifier', 0, 227),
  postDestinationPort: defineField('postNAPTDestinationTransportPort', 'u16', 'identifier', 0, 228),
  rangeStart: defineField('portRangeStart', 'u16', 'identifier', 0, 361),
  rangeEnd: defineField('portRangeEnd', 'u16', 'identifier', 0, 362),
  rangeStep: defineField('portRangeStepSize', 'u16', 'identifier', 0, 363),
  rangePorts: defineField('portRangeNumPorts', 'u16', 'identifier', 0, 364),
  ingressVrf: defineField('ingressVRFID', 'u32', 'default', 0, 234),
  observedSeconds: defineField('observationTimeSeconds', 'u64', 'timestamp', 0, 322),
  observedMilliseconds: defineField('observationTimeMilliseconds', 'u64', 'timestamp', 0, 323),
  observedMicroseconds: defineField('observationTimeMicroseconds', 'u64', 'timestamp', 0, 324),
  observedNanoseconds: defineField('observationTimeNanoseconds', 'u64', 'timestamp', 0, 325),
  /** Nokia's name of the subscriber. */
  nokiaSubscriber: defineField('e637.natSubString', 'text', 'default', 637, 93),
} as const

/** Columns of which a row of an event has at least one. */
export const EVENT_FIELDS = [NAT.natEvent, NAT.firewallEvent, NAT.rangeStart] as const

/** Nearest first: all of them say when an event happened. */
export const OBSERVED = [
  NAT.observedMilliseconds,
  NAT.observedNanoseconds,
  NAT.observedMicroseconds,
  NAT.observedSeconds,
] as const

/** What an event says of a translation. */
export type Change = 'begin' | 'end' | 'span' | 'none'

/** natEvent, RFC 8158 §5 table 4: by value. 3, 12, 13 and 18 tell of limits, not of translations. */
export const NAT_CHANGES: Readonly<Record<number, Change>> = {
  1: 'begin',
  2: 'end',
  4: 'begin',
  5: 'end',
  6: 'begin',
  7: 'end',
  8: 'begin',
  9: 'end',
  10: 'begin',
  11: 'end',
  14: 'begin',
  15: 'end',
  16: 'begin',
  17: 'end',
}

/** firewallEvent of NSEL: what was denied has no translation, alerts say nothing of time. */
export const FIREWALL_CHANGES: Readonly<Record<number, Change>> = { 1: 'begin', 2: 'end', 5: 'span' }

/** natEvent values of bindings of whole addresses. */
export const BINDING_EVENTS: readonly number[] = [14, 15]

/** natEvent values of blocks of ports. */
export const BLOCK_EVENTS: readonly number[] = [16, 17]
