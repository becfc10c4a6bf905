/** What kind of value goflow2's message holds; it decides what a renderer makes of it. */
export type LineKind =
  | 'type'
  | 'u32'
  | 'u64'
  | 'bytes'
  /** A prefix length; printed as the network of the address beside it. */
  | 'network'
  | 'u32-list'
  | 'bytes-list'
  | 'layer-list'

/** One field of goflow2's flow message. */
export interface LineField {
  /** Printed name. */
  readonly name: string
  /** Name in goflow2's Go structure, by which mappings address it. */
  readonly goName: string
  readonly kind: LineKind
  /** Number in goflow2's protobuf schema. */
  readonly number: number
  /** Renderer where the user names none. */
  readonly renderer: Renderer
}

/** How a value becomes text; `network` cannot be chosen by a user. */
export type Renderer =
  | 'none'
  | 'ip'
  | 'mac'
  | 'etype'
  | 'proto'
  | 'network'
  | 'datetime'
  | 'datetimenano'
  | 'string'

/** Renderers that a mapping may name. */
export const RENDERERS: readonly string[] = [
  'none',
  'ip',
  'mac',
  'etype',
  'proto',
  'datetime',
  'datetimenano',
  'string',
]

const row = (
  name: string,
  goName: string,
  kind: LineKind,
  number: number,
  renderer: Renderer = 'none',
): LineField => ({ name, goName, kind, number, renderer })

/** goflow2's fields in the order of its default line; 2.1 ends before `layer_stack`. */
export const LINE_FIELDS: readonly LineField[] = [
  row('type', 'Type', 'type', 1),
  row('time_received_ns', 'TimeReceivedNs', 'u64', 110),
  row('sequence_num', 'SequenceNum', 'u32', 4),
  row('sampling_rate', 'SamplingRate', 'u64', 3),
  row('sampler_address', 'SamplerAddress', 'bytes', 11, 'ip'),
  row('time_flow_start_ns', 'TimeFlowStartNs', 'u64', 111),
  row('time_flow_end_ns', 'TimeFlowEndNs', 'u64', 112),
  row('bytes', 'Bytes', 'u64', 9),
  row('packets', 'Packets', 'u64', 10),
  row('src_addr', 'SrcAddr', 'bytes', 6, 'ip'),
  row('dst_addr', 'DstAddr', 'bytes', 7, 'ip'),
  row('etype', 'Etype', 'u32', 30, 'etype'),
  row('proto', 'Proto', 'u32', 20, 'proto'),
  row('src_port', 'SrcPort', 'u32', 21),
  row('dst_port', 'DstPort', 'u32', 22),
  row('in_if', 'InIf', 'u32', 18),
  row('out_if', 'OutIf', 'u32', 19),
  row('src_mac', 'SrcMac', 'u64', 27, 'mac'),
  row('dst_mac', 'DstMac', 'u64', 28, 'mac'),
  row('src_vlan', 'SrcVlan', 'u32', 33),
  row('dst_vlan', 'DstVlan', 'u32', 34),
  row('vlan_id', 'VlanId', 'u32', 29),
  row('ip_tos', 'IpTos', 'u32', 23),
  row('forwarding_status', 'ForwardingStatus', 'u32', 24),
  row('ip_ttl', 'IpTtl', 'u32', 25),
  row('ip_flags', 'IpFlags', 'u32', 38),
  row('tcp_flags', 'TcpFlags', 'u32', 26),
  row('icmp_type', 'IcmpType', 'u32', 31),
  row('icmp_code', 'IcmpCode', 'u32', 32),
  row('ipv6_flow_label', 'Ipv6FlowLabel', 'u32', 37),
  row('fragment_id', 'FragmentId', 'u32', 35),
  row('fragment_offset', 'FragmentOffset', 'u32', 36),
  row('src_as', 'SrcAs', 'u32', 14),
  row('dst_as', 'DstAs', 'u32', 15),
  row('next_hop', 'NextHop', 'bytes', 12, 'ip'),
  row('next_hop_as', 'NextHopAs', 'u32', 13),
  row('src_net', 'SrcNet', 'network', 16, 'network'),
  row('dst_net', 'DstNet', 'network', 17, 'network'),
  row('bgp_next_hop', 'BgpNextHop', 'bytes', 100, 'ip'),
  row('bgp_communities', 'BgpCommunities', 'u32-list', 101),
  row('as_path', 'AsPath', 'u32-list', 102),
  row('mpls_ttl', 'MplsTtl', 'u32-list', 80),
  row('mpls_label', 'MplsLabel', 'u32-list', 81),
  row('mpls_ip', 'MplsIp', 'bytes-list', 82, 'ip'),
  row('observation_domain_id', 'ObservationDomainId', 'u32', 70),
  row('observation_point_id', 'ObservationPointId', 'u32', 71),
  row('layer_stack', 'LayerStack', 'layer-list', 103),
  row('layer_size', 'LayerSize', 'u32-list', 104),
  row('ipv6_routing_header_addresses', 'Ipv6RoutingHeaderAddresses', 'bytes-list', 105, 'ip'),
  row('ipv6_routing_header_seg_left', 'Ipv6RoutingHeaderSegLeft', 'u32', 106),
]

/** Fields that goflow2 2.1 prints. */
export const LINE_FIELDS_2_1 = 46

/** By printed name. */
export const LINE_FIELD_BY_NAME: ReadonlyMap<string, LineField> = new Map(LINE_FIELDS.map((f) => [f.name, f]))

/** By Go name. */
export const LINE_FIELD_BY_GO_NAME: ReadonlyMap<string, LineField> = new Map(
  LINE_FIELDS.map((f) => [f.goName, f]),
)
