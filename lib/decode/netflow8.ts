import type { BatchWriter } from '../flow/batch-writer.ts'
import type { Datagram } from '../flow/datagram.ts'
import { PROTOCOL } from '../flow/fields.ts'
import { type FixedField, fixedTemplate, readFixedHeader, readFixedRecords } from './fixed.ts'
import type { Issues } from './issues.ts'
import type { Origin } from './origin.ts'
import type { RowFinisher } from './records.ts'
import type { Template } from './template.ts'

// Cisco, "NetFlow Export Datagram Format", table B-9: v5's header, then aggregation scheme, its version, reserved.
const HEADER_OCTETS = 28
const SCHEME_AT = 22

const COUNTERS: readonly FixedField[] = [
  ['packetDeltaCount', 4],
  ['octetDeltaCount', 4],
  ['flowStartSysUpTime', 4],
  ['flowEndSysUpTime', 4],
]
/** Aggregates count the flows in them. */
const AGGREGATE: readonly FixedField[] = [['deltaFlowCount', 4], ...COUNTERS]
const AS_AND_INTERFACES: readonly FixedField[] = [
  ['bgpSourceAsNumber', 2],
  ['bgpDestinationAsNumber', 2],
  ['ingressInterface', 2],
  ['egressInterface', 2],
]
const PORTS: readonly FixedField[] = [
  ['sourceTransportPort', 2],
  ['destinationTransportPort', 2],
]
const INTERFACES: readonly FixedField[] = [
  ['ingressInterface', 2],
  ['egressInterface', 2],
]
/** Source prefix, destination prefix, destination mask, source mask. */
const PREFIXES: readonly FixedField[] = [
  ['sourceIPv4Prefix', 4],
  ['destinationIPv4Prefix', 4],
  ['destinationIPv4PrefixLength', 1],
  ['sourceIPv4PrefixLength', 1],
]
/** Catalyst 5000 and 6000 write these three at the end: packets beyond the cache, the bypassed router. */
const SWITCHED_TAIL: readonly FixedField[] = [
  ['droppedPacketDeltaCount', 4],
  ['ipv4RouterSc', 4],
]

/** By aggregation scheme (same document, tables B-10 to B-15, and flow-tools' ftlib.h for 6 to 14). */
const SCHEMES: Readonly<Record<number, readonly [octets: number, fields: readonly FixedField[]]>> = {
  // RouterAS
  1: [28, [...AGGREGATE, ...AS_AND_INTERFACES]],
  // RouterProtoPort
  2: [28, [...AGGREGATE, ['protocolIdentifier', 1], ['skip', 3], ...PORTS]],
  // RouterSrcPrefix
  3: [
    32,
    [
      ...AGGREGATE,
      ['sourceIPv4Prefix', 4],
      ['sourceIPv4PrefixLength', 1],
      ['skip', 1],
      ['bgpSourceAsNumber', 2],
      ['ingressInterface', 2],
      ['skip', 2],
    ],
  ],
  // RouterDstPrefix
  4: [
    32,
    [
      ...AGGREGATE,
      ['destinationIPv4Prefix', 4],
      ['destinationIPv4PrefixLength', 1],
      ['skip', 1],
      ['bgpDestinationAsNumber', 2],
      ['egressInterface', 2],
      ['skip', 2],
    ],
  ],
  // RouterPrefix
  5: [40, [...AGGREGATE, ...PREFIXES, ['skip', 2], ...AS_AND_INTERFACES]],
  // DestOnly
  6: [
    32,
    [
      ['destinationIPv4Address', 4],
      ...COUNTERS,
      ['egressInterface', 2],
      ['ipClassOfService', 1],
      ['postIpClassOfService', 1],
      ...SWITCHED_TAIL,
    ],
  ],
  // SrcDst
  7: [
    40,
    [
      ['destinationIPv4Address', 4],
      ['sourceIPv4Address', 4],
      ...COUNTERS,
      ['egressInterface', 2],
      ['ingressInterface', 2],
      ['ipClassOfService', 1],
      ['postIpClassOfService', 1],
      ['skip', 2],
      ...SWITCHED_TAIL,
    ],
  ],
  // FullFlow
  8: [
    44,
    [
      ['destinationIPv4Address', 4],
      ['sourceIPv4Address', 4],
      ['destinationTransportPort', 2],
      ['sourceTransportPort', 2],
      ...COUNTERS,
      ['egressInterface', 2],
      ['ingressInterface', 2],
      ['ipClassOfService', 1],
      ['protocolIdentifier', 1],
      ['postIpClassOfService', 1],
      ['skip', 1],
      ...SWITCHED_TAIL,
    ],
  ],
  // TosAS
  9: [32, [...AGGREGATE, ...AS_AND_INTERFACES, ['ipClassOfService', 1], ['skip', 3]]],
  // TosProtoPort
  10: [
    32,
    [...AGGREGATE, ['protocolIdentifier', 1], ['ipClassOfService', 1], ['skip', 2], ...PORTS, ...INTERFACES],
  ],
  // TosSrcPrefix
  11: [
    32,
    [
      ...AGGREGATE,
      ['sourceIPv4Prefix', 4],
      ['sourceIPv4PrefixLength', 1],
      ['ipClassOfService', 1],
      ['bgpSourceAsNumber', 2],
      ['ingressInterface', 2],
      ['skip', 2],
    ],
  ],
  // TosDstPrefix
  12: [
    32,
    [
      ...AGGREGATE,
      ['destinationIPv4Prefix', 4],
      ['destinationIPv4PrefixLength', 1],
      ['ipClassOfService', 1],
      ['bgpDestinationAsNumber', 2],
      ['egressInterface', 2],
      ['skip', 2],
    ],
  ],
  // TosPrefix
  13: [40, [...AGGREGATE, ...PREFIXES, ['ipClassOfService', 1], ['skip', 1], ...AS_AND_INTERFACES]],
  // PrefixPort
  14: [
    40,
    [...AGGREGATE, ...PREFIXES, ['ipClassOfService', 1], ['protocolIdentifier', 1], ...PORTS, ...INTERFACES],
  ],
}

const templates = new Map<number, Template>()

/** Decodes one NetFlow v8 datagram, of any of the 14 aggregation schemes, into rows and returns their number. */
export function decodeNetflow8(
  datagram: Datagram,
  origin: Origin,
  writer: BatchWriter,
  finisher: RowFinisher,
  issues: Issues,
): number {
  const { view, from, to } = datagram
  if (to - from < HEADER_OCTETS) return issues.note('datagramTooShort')
  const scheme = view.getUint8(from + SCHEME_AT)
  const table = SCHEMES[scheme]
  if (table === undefined) return issues.note('unknownVersion')
  origin.datagram = datagram
  readFixedHeader(origin, PROTOCOL.netflow8)
  origin.sequenceNumber = view.getUint32(from + 16)
  origin.engineType = view.getUint8(from + 20)
  origin.engineId = view.getUint8(from + 21)
  origin.aggregation = scheme
  origin.aggregationVersion = view.getUint8(from + SCHEME_AT + 1)
  let template = templates.get(scheme)
  if (template === undefined) {
    template = fixedTemplate(PROTOCOL.netflow8, table[0], table[1])
    templates.set(scheme, template)
  }
  return readFixedRecords(template, HEADER_OCTETS, origin, writer, finisher, issues)
}
