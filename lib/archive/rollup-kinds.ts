import { defineField, F, type Field } from '../flow/fields.ts'

// What rollups there are; ROLLUPS.md says which question each answers.

/** Columns that only rollups have. */
export const R = {
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

/** In the order of their sums. */
export const MEASURES: readonly Field[] = [
  F.octetDeltaCount,
  F.packetDeltaCount,
  R.scaledOctetCount,
  R.scaledPacketCount,
  R.flowCount,
  R.continuedFlowCount,
  R.sampledFlowCount,
  R.unknownRateFlowCount,
]

export interface RollupKind {
  readonly name: string
  readonly binNs: number
  readonly keys: readonly Field[]
  /** Written when nobody says which. */
  readonly isDefault: boolean
}

const MINUTE = 60_000_000_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const kind = (name: string, binNs: number, keys: readonly Field[], isDefault = false): RollupKind => ({
  name,
  binNs,
  keys,
  isDefault,
})

const { localAddress, localPrefix, remoteAddress, remoteAsNumber, localDirection, servicePort } = R
const { exporterAddress, ingressInterface, egressInterface, protocolIdentifier } = F

/** Bins of all kinds are whole parts of a day. */
export const ROLLUP_KINDS: readonly RollupKind[] = [
  kind('interfaces', MINUTE, [exporterAddress, ingressInterface, egressInterface, protocolIdentifier], true),
  kind('networks', 5 * MINUTE, [localPrefix, localDirection], true),
  kind('services', HOUR, [protocolIdentifier, servicePort], true),
  kind('local-addresses', HOUR, [localAddress, localDirection], true),
  kind('remote-as', HOUR, [remoteAsNumber, localDirection], true),
  kind('networks-1m', MINUTE, [localPrefix, localDirection]),
  kind('remote-addresses', DAY, [remoteAddress, localDirection]),
  kind('network-as', HOUR, [localPrefix, remoteAsNumber, localDirection]),
  kind('address-as', DAY, [localAddress, remoteAsNumber, localDirection]),
]

/** Whether keys of the kind depend on which networks are local, and on a table of AS numbers. */
export function needsOf({ keys }: RollupKind): { readonly local: boolean; readonly as: boolean } {
  return { local: keys.includes(localDirection), as: keys.includes(remoteAsNumber) }
}
