import { F, type Field } from '../flow/fields.ts'
import { ROLLUP } from '../flow/rollup-fields.ts'

// What rollups there are; ROLLUPS.md says which question each answers.

/** In the order of their sums. */
export const MEASURES: readonly Field[] = [
  F.octetDeltaCount,
  F.packetDeltaCount,
  ROLLUP.scaledOctetCount,
  ROLLUP.scaledPacketCount,
  ROLLUP.flowCount,
  ROLLUP.continuedFlowCount,
  ROLLUP.sampledFlowCount,
  ROLLUP.unknownRateFlowCount,
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

const { localAddress, localPrefix, remoteAddress, remoteAsNumber, localDirection, servicePort } = ROLLUP
const { exporterAddress, ingressInterface, egressInterface, protocolIdentifier } = F

/** Bins of all kinds are whole parts of a day. */
export const ROLLUP_KINDS: readonly RollupKind[] = [
  kind('interfaces', MINUTE, [exporterAddress, ingressInterface, egressInterface, protocolIdentifier], true),
  kind('directions', 5 * MINUTE, [localDirection], true),
  kind('networks', 5 * MINUTE, [localPrefix, localDirection], true),
  kind('services', HOUR, [protocolIdentifier, servicePort], true),
  kind('local-addresses', HOUR, [localAddress, localDirection], true),
  kind('remote-as', HOUR, [remoteAsNumber, localDirection], true),
  kind('remote-as-1d', DAY, [remoteAsNumber, localDirection], true),
  kind('networks-1m', MINUTE, [localPrefix, localDirection]),
  kind('remote-as-5m', 5 * MINUTE, [remoteAsNumber, localDirection]),
  kind('remote-addresses', DAY, [remoteAddress, localDirection]),
  kind('network-as', HOUR, [localPrefix, remoteAsNumber, localDirection]),
  kind('address-as', DAY, [localAddress, remoteAsNumber, localDirection]),
]

/** Whether keys of the kind depend on which networks are local, and on a table of AS numbers. */
export function needsOf({ keys }: RollupKind): { readonly local: boolean; readonly as: boolean } {
  return { local: keys.includes(localDirection), as: keys.includes(remoteAsNumber) }
}
