import { F, type Field } from '../../flow/fields.ts'
import { EXTRA, isOfFlow, type KeyTarget, OP } from './known-keys.ts'

/** Fields whose keys are needed as well, because what a line says of a field takes all of them together. */
const TOGETHER: readonly (readonly Field[])[] = [
  [F.vlanId, F.dot1qTci],
  [F.ingressInterface, F.ingressInterfaceRaw],
  [F.egressInterface, F.egressInterfaceRaw],
  [F.exporterAddress, F.agentAddress],
  [F.icmpTypeCode, F.protocolIdentifier],
  [F.ethernetType, F.ipVersion, F.sourceAddress, F.destinationAddress],
  [F.sourcePrefixLength, F.sourceAddress],
  [F.destinationPrefixLength, F.destinationAddress],
]
/** What only the whole line tells. */
const WHOLE: readonly Field[] = [F.layout]

/** Returns whether the values of a key are needed to fill the columns of `only`; the other keys may be skipped. */
export function newIsWanted(only: readonly Field[]): (target: KeyTarget) => boolean {
  const wanted = new Set(only)
  for (const fields of TOGETHER)
    if (fields.some((field) => only.includes(field))) for (const field of fields) wanted.add(field)
  const isAll = WHOLE.some((field) => wanted.has(field))
  // An sFlow line means some of its keys otherwise.
  return ({ op, field }) => isAll || op === OP.type || (field !== null && wanted.has(field))
}

const SKIPPED: KeyTarget = { ...EXTRA, op: OP.skipped }
const SKIPPED_OF_FLOW: KeyTarget = { ...SKIPPED, isOfFlow: true }

/** What stands for the target of a key that is not wanted: its lines count as flows all the same. */
export function skipped(target: KeyTarget): KeyTarget {
  return isOfFlow(target) ? SKIPPED_OF_FLOW : SKIPPED
}
