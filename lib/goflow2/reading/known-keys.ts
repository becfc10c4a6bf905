import { defineField, F, type Field, type Kind } from '../../flow/fields.ts'
import { LINE_FIELD_BY_NAME, LINE_FIELDS } from '../line-fields.ts'

/** How a value is read and where it goes; the reader's `case` labels repeat these numbers. */
export const OP = {
  /** A key that nothing is known of: kept as a column of its own. */
  extra: 0,
  u64: 1,
  u32: 2,
  u16: 3,
  u8: 4,
  address: 5,
  mac: 6,
  /** Source or destination network: the prefix length beside the address. */
  network: 7,
  type: 8,
  etype: 9,
  proto: 10,
  u32List: 11,
  layers: 12,
  addressList: 13,
  /** A list whose only address goes to a column. */
  oneAddress: 14,
  labels: 15,
  icmpType: 16,
  icmpCode: 17,
  /** The VLAN that goflow2 takes from a frame's tag, or from the record. */
  vlanId: 18,
  ipFlags: 19,
  /** Nanoseconds, or RFC 3339. */
  time: 20,
  seconds: 21,
  milliseconds: 22,
  interface: 23,
  icmpName: 24,
  /** Octets in hexadecimal or a number, as a column that a mapping captures. */
  captured: 25,
  /** A key that nobody asked for. */
  skipped: 26,
} as const

/** Where the value of a key goes. */
export interface KeyTarget {
  readonly op: number
  readonly field: Field | null
  /** Whether zero is a value; else it means that the exporter did not say. */
  readonly isZeroKept: boolean
  /** How a captured column's octets are written where they are no number. */
  readonly octetsAs?: 'hex' | 'text' | 'address'
  /** Whether a number in quotes is its octets in hexadecimal, as goflow2 prints what it takes for octets. */
  readonly isHexadecimal?: boolean
  /** Of a skipped key: whether it was one of a flow. */
  readonly isOfFlow?: boolean
}

const OF_OTHERS: readonly number[] = [OP.extra, OP.type, OP.time, OP.seconds, OP.milliseconds, OP.skipped]

/** Whether the key makes a line a flow: a type and a time stand in other programs' lines as well. */
export function isOfFlow(target: KeyTarget): boolean {
  return target.isOfFlow ?? !OF_OTHERS.includes(target.op)
}

const to = (op: number, field: Field | null, isZeroKept = false): KeyTarget => ({ op, field, isZeroKept })

const NAT_SOURCE_PORT = defineField('postNAPTSourceTransportPort', 'u16', 'identifier', 0, 227)
const NAT_DESTINATION_PORT = defineField('postNAPTDestinationTransportPort', 'u16', 'identifier', 0, 228)

/** goflow2's fields, by the names it prints, and the keys that weir adds. */
const TARGETS: Readonly<Record<string, KeyTarget>> = {
  type: to(OP.type, F.exportProtocol),
  time_received_ns: to(OP.time, F.timeReceived, true),
  sequence_num: to(OP.u32, F.sequenceNumber, true),
  sampling_rate: to(OP.u32, F.samplingRate),
  sampler_address: to(OP.address, F.exporterAddress),
  time_flow_start_ns: to(OP.time, F.flowStart, true),
  time_flow_end_ns: to(OP.time, F.flowEnd, true),
  bytes: to(OP.u64, F.octetDeltaCount, true),
  packets: to(OP.u64, F.packetDeltaCount, true),
  src_addr: to(OP.address, F.sourceAddress),
  dst_addr: to(OP.address, F.destinationAddress),
  etype: to(OP.etype, F.ethernetType),
  proto: to(OP.proto, F.protocolIdentifier, true),
  src_port: to(OP.u16, F.sourceTransportPort, true),
  dst_port: to(OP.u16, F.destinationTransportPort, true),
  in_if: to(OP.interface, F.ingressInterface, true),
  out_if: to(OP.interface, F.egressInterface, true),
  src_mac: to(OP.mac, F.sourceMacAddress),
  dst_mac: to(OP.mac, F.destinationMacAddress),
  src_vlan: to(OP.u16, F.vlanId),
  dst_vlan: to(OP.u16, F.postVlanId),
  vlan_id: to(OP.vlanId, F.dot1qTci),
  ip_tos: to(OP.u8, F.ipClassOfService),
  forwarding_status: to(OP.u32, F.forwardingStatus),
  ip_ttl: to(OP.u8, F.ipTTL),
  ip_flags: to(OP.ipFlags, F.fragmentFlags),
  tcp_flags: to(OP.u16, F.tcpControlBits),
  icmp_type: to(OP.icmpType, F.icmpTypeCode),
  icmp_code: to(OP.icmpCode, F.icmpTypeCode),
  ipv6_flow_label: to(OP.u32, F.flowLabelIPv6),
  fragment_id: to(OP.u32, F.fragmentIdentification),
  fragment_offset: to(OP.u16, F.fragmentOffset),
  src_as: to(OP.u32, F.bgpSourceAsNumber),
  dst_as: to(OP.u32, F.bgpDestinationAsNumber),
  next_hop: to(OP.address, F.nextHopAddress),
  next_hop_as: to(OP.u32, F.bgpNextHopAsNumber),
  src_net: to(OP.network, F.sourcePrefixLength),
  dst_net: to(OP.network, F.destinationPrefixLength),
  bgp_next_hop: to(OP.address, F.bgpNextHopAddress),
  bgp_communities: to(OP.u32List, F.bgpCommunities),
  as_path: to(OP.u32List, F.asPath),
  mpls_ttl: to(OP.u32List, F.mplsLabelTtl),
  mpls_label: to(OP.labels, F.mplsLabelStack),
  mpls_ip: to(OP.oneAddress, F.mplsTopLabelAddress),
  observation_domain_id: to(OP.u32, F.observationDomainId),
  observation_point_id: to(OP.u64, F.observationPointId),
  layer_stack: to(OP.layers, F.layerStack),
  layer_size: to(OP.u32List, F.layerSize),
  ipv6_routing_header_addresses: to(OP.addressList, F.ipv6RoutingAddresses),
  ipv6_routing_header_seg_left: to(OP.u8, F.ipv6RoutingSegmentsLeft),
  icmp_name: to(OP.icmpName, F.icmpTypeCode),
  src_addr_nat: to(OP.address, F.postNatSourceAddress),
  dst_addr_nat: to(OP.address, F.postNatDestinationAddress),
  src_port_nat: to(OP.u16, NAT_SOURCE_PORT),
  dst_port_nat: to(OP.u16, NAT_DESTINATION_PORT),
  flow_direction: to(OP.u8, F.flowDirection, true),
  // goflow2 1.x, by its structure's names.
  TimeReceived: to(OP.seconds, F.timeReceived),
  TimeFlowStart: to(OP.seconds, F.flowStart),
  TimeFlowEnd: to(OP.seconds, F.flowEnd),
  TimeFlowStartMs: to(OP.milliseconds, F.flowStart),
  TimeFlowEndMs: to(OP.milliseconds, F.flowEnd),
  // … and 2.0's printed names of the same.
  time_received: to(OP.seconds, F.timeReceived),
  time_flow_start: to(OP.seconds, F.flowStart),
  time_flow_end: to(OP.seconds, F.flowEnd),
  time_flow_start_ms: to(OP.milliseconds, F.flowStart),
  time_flow_end_ms: to(OP.milliseconds, F.flowEnd),
}

/** Names under which mappings and older versions print what stands above. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  IPTos: 'ip_tos',
  IPTTL: 'ip_ttl',
  TCPFlags: 'tcp_flags',
  IPv6FlowLabel: 'ipv6_flow_label',
  SrcAS: 'src_as',
  DstAS: 'dst_as',
  NextHopAS: 'next_hop_as',
  FlowDirection: 'flow_direction',
  SrcVlan: 'src_vlan',
  BgpNextHop: 'bgp_next_hop',
  AsPath: 'as_path',
  post_nat_src_ipv4_address: 'src_addr_nat',
  post_nat_dst_ipv4_address: 'dst_addr_nat',
  post_nat_src_ipv6_address: 'src_addr_nat',
  post_nat_dst_ipv6_address: 'dst_addr_nat',
  post_nat_source_ipv4_address: 'src_addr_nat',
  post_nat_destination_ipv4_address: 'dst_addr_nat',
  post_nat_source_ipv6_address: 'src_addr_nat',
  post_nat_destination_ipv6_address: 'dst_addr_nat',
  post_napt_src_transport_port: 'src_port_nat',
  post_napt_dst_transport_port: 'dst_port_nat',
  post_napt_source_transport_port: 'src_port_nat',
  post_napt_destination_transport_port: 'dst_port_nat',
}

const BY_NAME = new Map(Object.entries(TARGETS))
for (const { name, goName } of LINE_FIELDS) {
  if (!BY_NAME.has(goName)) BY_NAME.set(goName, BY_NAME.get(name)!)
}
for (const [other, name] of Object.entries(OTHER_NAMES)) {
  if (!BY_NAME.has(other)) BY_NAME.set(other, BY_NAME.get(name)!)
}

/** Where goflow2's field `name` goes, of whatever version; undefined where it is none. */
export function keyTarget(name: string): KeyTarget | undefined {
  return BY_NAME.get(name)
}

const NAMES = new Map(
  Object.entries(TARGETS)
    .filter(([name]) => LINE_FIELD_BY_NAME.has(name) || name === 'icmp_name')
    .map(([name, target]) => [target, name]),
)

/** goflow2's name of what is known by one of its names; null for all else. */
export function keyName(target: KeyTarget): string | null {
  return NAMES.get(target) ?? null
}

const ALL_NAMES = new Map(Object.entries(TARGETS).map(([name, target]) => [target, name]))

/** A name by which `keyTarget` finds the target again; null for what is none of goflow2's fields nor of ours. */
export function targetName(target: KeyTarget): string | null {
  return ALL_NAMES.get(target) ?? null
}

const OP_OF_KIND: Partial<Record<Kind, number>> = {
  u64: OP.u64,
  u32: OP.u32,
  u16: OP.u16,
  u8: OP.u8,
  address: OP.address,
  mac: OP.mac,
}

/** Where values of an element's column go; undefined where its kind cannot be read from a line. */
export function elementTarget(field: Field): KeyTarget | undefined {
  if (field.kind === 'octets' || field.kind === 'text') {
    return capturedTarget(field, field.kind === 'text' ? 'text' : 'hex')
  }
  const op = OP_OF_KIND[field.kind]
  return op === undefined ? undefined : { ...to(op, field, true), isHexadecimal: true }
}

export const EXTRA: KeyTarget = to(OP.extra, null)

/** A column that a mapping captures. */
export function capturedTarget(field: Field, octetsAs: 'hex' | 'text' | 'address'): KeyTarget {
  return { ...to(OP.captured, field, true), octetsAs }
}
