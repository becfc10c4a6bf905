/** How a column stores its values. Lists hold any number of values per row, octets and text any number of octets. */
export type Kind =
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'i64'
  | 'f64'
  | 'address'
  | 'mac'
  | 'octets'
  | 'text'
  | 'u32-list'
  | 'address-list'
  | 'octets-list'

/** RFC 7012 §3.2 data type semantics, plus `timestamp` (nanoseconds since the epoch) and `count` for gauges. */
export type Semantics =
  | 'identifier'
  | 'quantity'
  | 'deltaCounter'
  | 'totalCounter'
  | 'flags'
  | 'list'
  | 'timestamp'
  | 'default'

/** One kind of column. Made once per process by `defineField` and compared by identity. */
export interface Field {
  /** Position in every batch's column table; differs between processes, never stored. */
  readonly index: number
  /** Unique name; the only identity that leaves the process. */
  readonly name: string
  readonly kind: Kind
  readonly semantics: Semantics
  /** Private enterprise number of the element behind it; 0 for IANA's, -1 where no element stands behind it. */
  readonly enterprise: number
  /** Element number, or -1. */
  readonly element: number
}

const byName = new Map<string, Field>()
const all: Field[] = []

/** The field called `name`, made on first call; throws if it exists with another kind. */
export function defineField(
  name: string,
  kind: Kind,
  semantics: Semantics = 'default',
  enterprise = -1,
  element = -1,
): Field {
  const known = byName.get(name)
  if (known !== undefined) {
    if (known.kind !== kind) throw new Error(`field ${name} is ${known.kind}, not ${kind}`)
    return known
  }
  const field: Field = { index: all.length, name, kind, semantics, enterprise, element }
  all.push(field)
  byName.set(name, field)
  return field
}

/** The field called `name`, if any code or template has defined it. */
export function findField(name: string): Field | undefined {
  return byName.get(name)
}

/** All fields defined so far, in order of definition. */
export function allFields(): readonly Field[] {
  return all
}

/**
 * The columns that rooms know by name. Names are IANA element names; where several elements carry the same fact
 * the varying part is dropped (sourceIPv4Address and sourceIPv6Address are both `sourceAddress`; all start times
 * are `flowStart`, in nanoseconds since the epoch). Every other registered element becomes a column of its own
 * name on first touch (decode/elements).
 */
export const F = {
  // Where the record comes from: the same for all records of a datagram or set.
  exportProtocol: defineField('exportProtocol', 'u8', 'identifier'),
  timeReceived: defineField('timeReceived', 'u64', 'timestamp'),
  exporterAddress: defineField('exporterAddress', 'address', 'identifier'),
  exporterPort: defineField('exporterPort', 'u16', 'identifier'),
  exportTime: defineField('exportTime', 'u64', 'timestamp'),
  /** Exporter's uptime in milliseconds when it sent the datagram (NetFlow v1 to v9, sFlow). */
  systemUptime: defineField('systemUptime', 'u32', 'quantity'),
  sequenceNumber: defineField('sequenceNumber', 'u32', 'identifier'),
  /** IPFIX observation domain, NetFlow v9 source id. */
  observationDomainId: defineField('observationDomainId', 'u32', 'identifier', 0, 149),
  engineType: defineField('engineType', 'u8', 'identifier', 0, 38),
  engineId: defineField('engineId', 'u8', 'identifier', 0, 39),
  /** NetFlow v5 and v6: the header's sampling word, mode bits included, whatever samplingRate says. */
  headerSampling: defineField('headerSampling', 'u16', 'identifier'),
  /** NetFlow v8: the header's aggregation scheme and its version. */
  aggregation: defineField('aggregation', 'u8', 'identifier'),
  aggregationVersion: defineField('aggregationVersion', 'u8', 'identifier'),
  templateId: defineField('templateId', 'u16', 'identifier', 0, 145),
  /** 1 + index into the batch's `layouts`; 0 where no template stands behind the row. */
  layout: defineField('layout', 'u16', 'identifier'),
  /** sFlow agent. */
  agentAddress: defineField('agentAddress', 'address', 'identifier'),
  subAgentId: defineField('subAgentId', 'u32', 'identifier'),
  /** Flows the exporter saw for each it reports; 0 unknown. Counters are never multiplied with it before a report. */
  samplingRate: defineField('samplingRate', 'u32', 'quantity'),
  /** A SAMPLING_SOURCE value: where samplingRate came from. */
  samplingSource: defineField('samplingSource', 'u8', 'identifier'),
  observationPointId: defineField('observationPointId', 'u64', 'identifier', 0, 138),
  /** 1 in the reverse half of a biflow (RFC 5103), 2 in the forward half of one. */
  biflowHalf: defineField('biflowHalf', 'u8', 'identifier'),

  flowStart: defineField('flowStart', 'u64', 'timestamp'),
  flowEnd: defineField('flowEnd', 'u64', 'timestamp'),
  octetDeltaCount: defineField('octetDeltaCount', 'u64', 'deltaCounter', 0, 1),
  packetDeltaCount: defineField('packetDeltaCount', 'u64', 'deltaCounter', 0, 2),
  sourceAddress: defineField('sourceAddress', 'address', 'identifier'),
  destinationAddress: defineField('destinationAddress', 'address', 'identifier'),
  nextHopAddress: defineField('nextHopAddress', 'address', 'identifier'),
  bgpNextHopAddress: defineField('bgpNextHopAddress', 'address', 'identifier'),
  postNatSourceAddress: defineField('postNatSourceAddress', 'address', 'identifier'),
  postNatDestinationAddress: defineField('postNatDestinationAddress', 'address', 'identifier'),
  mplsTopLabelAddress: defineField('mplsTopLabelAddress', 'address', 'identifier'),
  sourcePrefixLength: defineField('sourcePrefixLength', 'u8', 'identifier'),
  destinationPrefixLength: defineField('destinationPrefixLength', 'u8', 'identifier'),
  sourceTransportPort: defineField('sourceTransportPort', 'u16', 'identifier', 0, 7),
  destinationTransportPort: defineField('destinationTransportPort', 'u16', 'identifier', 0, 11),
  protocolIdentifier: defineField('protocolIdentifier', 'u8', 'identifier', 0, 4),
  ipClassOfService: defineField('ipClassOfService', 'u8', 'identifier', 0, 5),
  tcpControlBits: defineField('tcpControlBits', 'u16', 'flags', 0, 6),
  ingressInterface: defineField('ingressInterface', 'u32', 'identifier', 0, 10),
  egressInterface: defineField('egressInterface', 'u32', 'identifier', 0, 14),
  /** 1: ingressInterface was 0 or absent in the record and holds the physical interface; 2: egressInterface likewise. */
  physicalInterfaces: defineField('physicalInterfaces', 'u8', 'flags'),
  bgpSourceAsNumber: defineField('bgpSourceAsNumber', 'u32', 'identifier', 0, 16),
  bgpDestinationAsNumber: defineField('bgpDestinationAsNumber', 'u32', 'identifier', 0, 17),
  bgpNextHopAsNumber: defineField('bgpNextHopAsNumber', 'u32', 'identifier'),
  ipVersion: defineField('ipVersion', 'u8', 'identifier', 0, 60),
  ethernetType: defineField('ethernetType', 'u16', 'identifier', 0, 256),
  ipTTL: defineField('ipTTL', 'u8', 'quantity', 0, 192),
  flowLabelIPv6: defineField('flowLabelIPv6', 'u32', 'identifier', 0, 31),
  fragmentIdentification: defineField('fragmentIdentification', 'u32', 'identifier', 0, 54),
  fragmentOffset: defineField('fragmentOffset', 'u16', 'quantity', 0, 88),
  /** The three IP flag bits in the top of an octet (IANA 197). */
  fragmentFlags: defineField('fragmentFlags', 'u8', 'flags', 0, 197),
  /** type * 256 + code, of either family. */
  icmpTypeCode: defineField('icmpTypeCode', 'u16', 'identifier'),
  forwardingStatus: defineField('forwardingStatus', 'u32', 'identifier', 0, 89),
  flowDirection: defineField('flowDirection', 'u8', 'identifier', 0, 61),
  /** Only where they are not all zero, or of variable length. */
  paddingOctets: defineField('paddingOctets', 'octets', 'default', 0, 210),
  flowEndReason: defineField('flowEndReason', 'u8', 'identifier', 0, 136),
  sourceMacAddress: defineField('sourceMacAddress', 'mac', 'identifier', 0, 56),
  destinationMacAddress: defineField('destinationMacAddress', 'mac', 'identifier', 0, 80),
  postSourceMacAddress: defineField('postSourceMacAddress', 'mac', 'identifier', 0, 81),
  postDestinationMacAddress: defineField('postDestinationMacAddress', 'mac', 'identifier', 0, 57),
  vlanId: defineField('vlanId', 'u16', 'identifier', 0, 58),
  postVlanId: defineField('postVlanId', 'u16', 'identifier', 0, 59),
  dot1qVlanId: defineField('dot1qVlanId', 'u16', 'identifier', 0, 243),
  postDot1qVlanId: defineField('postDot1qVlanId', 'u16', 'identifier', 0, 254),
  dot1qCustomerVlanId: defineField('dot1qCustomerVlanId', 'u16', 'identifier', 0, 245),
  /** Tag Control Information of the innermost 802.1Q tag of a sampled frame's outer Ethernet header, all 16 bits. */
  dot1qTci: defineField('dot1qTci', 'u16', 'identifier'),
  /** Label stack entries as on the wire of elements 70 to 79: label, 3 bits traffic class, bottom bit (24 bits). */
  mplsLabelStack: defineField('mplsLabelStack', 'u32-list', 'list'),
  /** TTL of each entry of mplsLabelStack; only sampled frames know it. */
  mplsLabelTtl: defineField('mplsLabelTtl', 'u32-list', 'list'),
  bgpCommunities: defineField('bgpCommunities', 'u32-list', 'list'),
  /** All segments of the AS path, joined. */
  asPath: defineField('asPath', 'u32-list', 'list'),
  /** Length of each segment of asPath in the low 24 bits, its type (1 set, 2 sequence) in the high 8. */
  asPathSegments: defineField('asPathSegments', 'u32-list', 'list'),
  bgpLocalPreference: defineField('bgpLocalPreference', 'u32', 'identifier'),

  // Sampled frames (sFlow raw headers, IPFIX element 315).
  /** LAYER values of the headers met, outermost first, and the octets of each. */
  layerStack: defineField('layerStack', 'u32-list', 'list'),
  layerSize: defineField('layerSize', 'u32-list', 'list'),
  ipv6RoutingAddresses: defineField('ipv6RoutingAddresses', 'address-list', 'list'),
  ipv6RoutingSegmentsLeft: defineField('ipv6RoutingSegmentsLeft', 'u8', 'quantity'),
  /** Octets of the sampled frame at layer 2 as the exporter counted them, and of its outermost IP packet. */
  frameOctets: defineField('frameOctets', 'u32', 'quantity'),
  ipTotalLength: defineField('ipTotalLength', 'u64', 'quantity', 0, 224),
  /** The innermost IP packet of a tunnel (GRE, IPIP, VXLAN, Geneve, Teredo, SRv6); absent where there is no tunnel. */
  innerSourceAddress: defineField('innerSourceAddress', 'address', 'identifier'),
  innerDestinationAddress: defineField('innerDestinationAddress', 'address', 'identifier'),
  innerProtocolIdentifier: defineField('innerProtocolIdentifier', 'u8', 'identifier'),
  innerSourceTransportPort: defineField('innerSourceTransportPort', 'u16', 'identifier'),
  innerDestinationTransportPort: defineField('innerDestinationTransportPort', 'u16', 'identifier'),
  innerTcpControlBits: defineField('innerTcpControlBits', 'u16', 'flags'),
  innerIpClassOfService: defineField('innerIpClassOfService', 'u8', 'identifier'),
  innerIpTotalLength: defineField('innerIpTotalLength', 'u32', 'quantity'),
  innerVlanId: defineField('innerVlanId', 'u16', 'identifier'),
  tunnelId: defineField('tunnelId', 'u32', 'identifier'),
  /** sFlow data source: class in the high octet, index below. */
  sourceId: defineField('sourceId', 'u32', 'identifier'),
  sampleSequenceNumber: defineField('sampleSequenceNumber', 'u32', 'identifier'),
  samplePool: defineField('samplePool', 'u32', 'totalCounter'),
  sampleDrops: defineField('sampleDrops', 'u32', 'totalCounter'),
  /** Interfaces exactly as in the sFlow sample, format bits included (sFlow v5, "interface"). */
  ingressInterfaceRaw: defineField('ingressInterfaceRaw', 'u32', 'identifier'),
  egressInterfaceRaw: defineField('egressInterfaceRaw', 'u32', 'identifier'),
  /** sFlow discard notifications: the reason. */
  dropReason: defineField('dropReason', 'u32', 'identifier'),

  // Rows that were read from a log of goflow2: how their line was written (goflow2/written-shape.ts), or, where
  // columns do not give its octets back, the line itself.
  lineShape: defineField('lineShape', 'text'),
  lineText: defineField('lineText', 'text'),

  // Flows tracked from packets: the whole flow so far, both ways, link headers counted.
  initiatorOctets: defineField('initiatorOctets', 'u64', 'deltaCounter', 0, 231),
  responderOctets: defineField('responderOctets', 'u64', 'deltaCounter', 0, 232),
  initiatorPackets: defineField('initiatorPackets', 'u64', 'deltaCounter', 0, 298),
  responderPackets: defineField('responderPackets', 'u64', 'deltaCounter', 0, 299),
  /** What Packetbeat's flow.id is the base64 text of: which layers, where each lies, and the key that they make. */
  trackedFlowId: defineField('trackedFlowId', 'octets', 'identifier'),
  /** Time of the flow's first packet, whatever was reported before. */
  trackedStart: defineField('trackedStart', 'u64', 'timestamp'),
} as const

/** Values of `exportProtocol`: NetFlow's version, 10 for IPFIX, 200 + version for sFlow, 250 for flows tracked from packets. */
export const PROTOCOL = {
  netflow1: 1,
  netflow5: 5,
  netflow6: 6,
  netflow7: 7,
  netflow8: 8,
  netflow9: 9,
  ipfix: 10,
  sflow2: 202,
  sflow4: 204,
  sflow5: 205,
  packets: 250,
} as const

/** Values of `samplingSource`, weakest first. */
export const SAMPLING_SOURCE = {
  unknown: 0,
  /** The user's default where the exporter says nothing. */
  default: 1,
  /** An options record of another observation domain of the same exporter. */
  otherDomain: 2,
  /** An options record of the domain, without a sampler id. */
  options: 3,
  /** An options record for the sampler id that the record names. */
  sampler: 4,
  /** The datagram's or sample's header. */
  header: 5,
  /** The record itself. */
  record: 6,
  /** The user's override for the exporter. */
  override: 7,
} as const

/** Values of `layerStack`. The numbers are those that goflow2's protobuf gives the layers it knows. */
export const LAYER = {
  ethernet: 0,
  ipv4: 1,
  ipv6: 2,
  tcp: 3,
  udp: 4,
  mpls: 5,
  dot1q: 6,
  icmp: 7,
  icmpv6: 8,
  gre: 9,
  ipv6Routing: 10,
  ipv6Fragment: 11,
  geneve: 12,
  teredo: 13,
  pppoe: 40,
  vxlan: 41,
  ipv6HopByHop: 42,
  ipv6Destination: 43,
  sctp: 44,
  authentication: 45,
  custom: 99,
} as const
