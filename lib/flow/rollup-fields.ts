import { defineField } from './fields.ts'

/** Columns that only rollups have (ROLLUPS.md of the archive). */
export const ROLLUP = {
  localAddress: defineField('localAddress', 'address', 'identifier'),
  /** The first address of the /24 or /64 that the local address lies in. */
  localPrefix: defineField('localPrefix', 'address', 'identifier'),
  remoteAddress: defineField('remoteAddress', 'address', 'identifier'),
  remoteAsNumber: defineField('remoteAsNumber', 'u32', 'identifier'),
  /** A place in DIRECTIONS. */
  localDirection: defineField('localDirection', 'u8', 'identifier'),
  /** The lower port of protocols that have ports, else 0. */
  servicePort: defineField('servicePort', 'u16', 'identifier'),
  scaledOctetCount: defineField('scaledOctetCount', 'u64', 'deltaCounter'),
  scaledPacketCount: defineField('scaledPacketCount', 'u64', 'deltaCounter'),
  /** Flows that begin in the bin. */
  flowCount: defineField('flowCount', 'u64', 'deltaCounter'),
  /** Flows that have a part in the bin and began in an earlier one. */
  continuedFlowCount: defineField('continuedFlowCount', 'u64', 'deltaCounter'),
  /** Of those that begin in the bin: sampled ones, and those of which nobody told the rate. */
  sampledFlowCount: defineField('sampledFlowCount', 'u64', 'deltaCounter'),
  unknownRateFlowCount: defineField('unknownRateFlowCount', 'u64', 'deltaCounter'),
} as const
