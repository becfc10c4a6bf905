import { F, type Field, findField } from '../flow/fields.ts'
import { ATTRIBUTE_AS, ATTRIBUTE_PREFIX } from './encoding.ts'

/** How a column may follow from others; the writer checks every row before it believes it. */
export type Derivation =
  | { readonly by: 'sub'; readonly from: Field }
  | { readonly by: 'attribute'; readonly of: Field; readonly attribute: number }
  | { readonly by: 'map'; readonly first: Field; readonly second: Field }
  | { readonly by: 'select'; readonly like: Field }
  | { readonly by: 'family'; readonly of: Field; readonly ipv4: number; readonly ipv6: number }

const BY_FIELD = new Map<Field, Derivation>([
  // Flows end some seconds before they are exported, and last some seconds: both are smaller than a time of day.
  [F.flowEnd, { by: 'sub', from: F.exportTime }],
  [F.flowStart, { by: 'sub', from: F.flowEnd }],
  [F.bgpSourceAsNumber, { by: 'attribute', of: F.sourceAddress, attribute: ATTRIBUTE_AS }],
  [F.bgpDestinationAsNumber, { by: 'attribute', of: F.destinationAddress, attribute: ATTRIBUTE_AS }],
  [F.sourcePrefixLength, { by: 'attribute', of: F.sourceAddress, attribute: ATTRIBUTE_PREFIX }],
  [F.destinationPrefixLength, { by: 'attribute', of: F.destinationAddress, attribute: ATTRIBUTE_PREFIX }],
  [F.nextHopAddress, { by: 'map', first: F.egressInterface, second: F.layout }],
  [F.bgpNextHopAddress, { by: 'map', first: F.egressInterface, second: F.layout }],
  [F.vlanId, { by: 'map', first: F.ingressInterface, second: F.exporterAddress }],
  [F.dot1qVlanId, { by: 'map', first: F.ingressInterface, second: F.exporterAddress }],
  [F.postVlanId, { by: 'map', first: F.egressInterface, second: F.exporterAddress }],
  [F.postDot1qVlanId, { by: 'map', first: F.egressInterface, second: F.exporterAddress }],
  [F.sourceMacAddress, { by: 'map', first: F.ingressInterface, second: F.exporterAddress }],
  [F.postSourceMacAddress, { by: 'map', first: F.egressInterface, second: F.exporterAddress }],
  [F.destinationMacAddress, { by: 'map', first: F.egressInterface, second: F.exporterAddress }],
  [F.postDestinationMacAddress, { by: 'map', first: F.egressInterface, second: F.exporterAddress }],
  [F.postNatSourceAddress, { by: 'select', like: F.sourceAddress }],
  [F.postNatDestinationAddress, { by: 'select', like: F.destinationAddress }],
  [F.ipVersion, { by: 'family', of: F.sourceAddress, ipv4: 4, ipv6: 6 }],
  [F.ethernetType, { by: 'family', of: F.sourceAddress, ipv4: 0x0800, ipv6: 0x86dd }],
])

/** Elements that become columns on first touch, by name. */
const BY_NAME: Record<string, Derivation> = {
  postNAPTSourceTransportPort: { by: 'select', like: F.sourceTransportPort },
  postNAPTDestinationTransportPort: { by: 'select', like: F.destinationTransportPort },
}

/** From what the column may follow, if from anything. */
export function derivationOf(field: Field): Derivation | undefined {
  const known = BY_FIELD.get(field)
  if (known !== undefined) return known
  return findField(field.name) === field && Object.hasOwn(BY_NAME, field.name)
    ? BY_NAME[field.name]
    : undefined
}

/** 0 where the column follows from none, 1 where from such columns, 2 where from columns that follow from others. */
export function derivationDepth(field: Field): number {
  const derivation = derivationOf(field)
  if (derivation === undefined) return 0
  return derivation.by === 'sub' ? 1 + derivationDepth(derivation.from) : 1
}
