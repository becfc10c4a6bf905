import { F, type Field } from '../../flow/fields.ts'
import { EXTRA, isOfFlow, type KeyTarget, OP } from './known-keys.ts'

const ENDS: readonly Field[] = [F.sourceAddress, F.destinationAddress]

/** Fields of whose value the keys of other fields decide as well. */
const NEEDS: readonly (readonly [Field, readonly Field[]])[] = [
  [F.vlanId, [F.dot1qTci]],
  [F.dot1qTci, [F.vlanId]],
  [F.ingressInterfaceRaw, [F.ingressInterface]],
  [F.egressInterfaceRaw, [F.egressInterface]],
  [F.agentAddress, [F.exporterAddress]],
  [F.icmpTypeCode, [F.protocolIdentifier]],
  [F.ethernetType, ENDS],
  [F.ipVersion, [F.ethernetType, ...ENDS]],
  [F.sourcePrefixLength, [F.sourceAddress]],
  [F.destinationPrefixLength, [F.destinationAddress]],
]
/** What only the whole line tells. */
const WHOLE: readonly Field[] = [F.layout]

/** Returns whether the values of a key are needed to fill the columns of `only`; the other keys may be skipped. */
export function newIsWanted(only: readonly Field[]): (target: KeyTarget) => boolean {
  const wanted = new Set(only)
  for (const [field, others] of NEEDS) if (only.includes(field)) for (const other of others) wanted.add(other)
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
