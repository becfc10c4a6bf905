import { F, type Field, findField } from '../flow/fields.ts'

/** One column of an output: what it is called there, and the column that it shows. */
export interface ExportColumn {
  readonly name: string
  readonly field: Field
}

/** What is exported where no columns are named, in order. Later versions add at the end only (COLUMNS.md). */
const DEFAULT_NAMES = [
  'timeReceived',
  'exporterAddress',
  'observationDomainId',
  'exportProtocol',
  'samplingRate',
  'flowStart',
  'flowEnd',
  'sourceAddress',
  'destinationAddress',
  'sourceTransportPort',
  'destinationTransportPort',
  'protocolIdentifier',
  'tcpControlBits',
  'ipClassOfService',
  'icmpTypeCode',
  'packetDeltaCount',
  'octetDeltaCount',
  'ingressInterface',
  'egressInterface',
  'flowDirection',
  'flowEndReason',
  'forwardingStatus',
  'bgpSourceAsNumber',
  'bgpDestinationAsNumber',
  'nextHopAddress',
  'bgpNextHopAddress',
  'sourcePrefixLength',
  'destinationPrefixLength',
  'vlanId',
  'postVlanId',
  'sourceMacAddress',
  'destinationMacAddress',
  'postNatSourceAddress',
  'postNatDestinationAddress',
  'postNAPTSourceTransportPort',
  'postNAPTDestinationTransportPort',
] as const

/** The columns of outputs that name none. */
export function defaultColumns(elementOf: (name: string) => Field | undefined): ExportColumn[] {
  return DEFAULT_NAMES.flatMap((name) => columnOf(name, elementOf) ?? [])
}

/**
 * The column that `name` stands for: one of ours, an IANA element, or one that an input brought; undefined for none.
 * `elementOf` gives the columns of registered elements.
 */
export function columnOf(
  name: string,
  elementOf: (name: string) => Field | undefined,
): ExportColumn | undefined {
  const known = OWN.get(name) ?? elementOf(name) ?? findField(name)
  return known === undefined || known === F.layout ? undefined : { name, field: known }
}

const OWN: ReadonlyMap<string, Field> = new Map(Object.values(F).map((field) => [field.name, field]))

/** Names to propose for a misspelt one. */
export function knownNames(): string[] {
  return [...DEFAULT_NAMES, ...OWN.keys()]
}
