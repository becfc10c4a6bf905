/** Which goflow2 is copied where its versions differ. */
export type NamesOf = '2.2' | '2.1'

const IP_PROTOCOLS = (
  'HOPOPT|ICMP|IGMP|GGP|IPv4|ST|TCP|CBT|EGP|IGP|BBN-RCC-MON|NVP-II|PUP|ARGUS|EMCON|XNET|CHAOS|UDP|MUX|' +
  'DCN-MEAS|HMP|PRM|XNS-IDP|TRUNK-1|TRUNK-2|LEAF-1|LEAF-2|RDP|IRTP|ISO-TP4|NETBLT|MFE-NSP|MERIT-INP|' +
  'DCCP|3PC|IDPR|XTP|DDP|IDPR-CMTP|TP++|IL|IPv6|SDRP|IPv6-Route|IPv6-Frag|IDRP|RSVP|GRE|DSR|BNA|ESP|AH|' +
  'I-NLSP|SWIPE|NARP|Min-IPv4|TLSP|SKIP|IPv6-ICMP|IPv6-NoNxt|IPv6-Opts|any-host-internal-protocol|CFTP|' +
  'any-local-network|SAT-EXPAK|KRYPTOLAN|RVD|IPPC|any-distributed-file-system|SAT-MON|VISA|IPCV|CPNX|' +
  'CPHB|WSN|PVP|BR-SAT-MON|SUN-ND|WB-MON|WB-EXPAK|ISO-IP|VMTP|SECURE-VMTP|VINES|IPTM|NSFNET-IGP|DGP|' +
  'TCF|EIGRP|OSPFIGP|Sprite-RPC|LARP|MTP|AX.25|IPIP|MICP|SCC-SP|ETHERIP|ENCAP|' +
  'any-private-encryption-scheme|GMTP|IFMP|PNNI|PIM|ARIS|SCPS|QNX|A/N|IPComp|SNP|Compaq-Peer|IPX-in-IP|' +
  'VRRP|PGM|any-0-hop-protocol|L2TP|DDX|IATP|STP|SRP|UTI|SMP|SM|PTP|ISIS over IPv4|FIRE|CRTP|CRUDP|' +
  'SSCOPMCE|IPLT|SPS|PIPE|SCTP|FC|RSVP-E2E-IGNORE|Mobility Header|UDPLite|MPLS-in-IP|manet|HIP|Shim6|' +
  'WESP|ROHC|Ethernet|AGGFRAG|NSH'
).split('|')

/** The five names of goflow2 2.1. */
const IP_PROTOCOLS_2_1: Readonly<Record<number, string>> = {
  1: 'ICMP',
  6: 'TCP',
  17: 'UDP',
  58: 'ICMPv6',
  132: 'SCTP',
}

/** What goflow2 prints for an IP protocol number. */
export function protoName(proto: number, compat: NamesOf): string {
  if (compat === '2.1') return IP_PROTOCOLS_2_1[proto] ?? ''
  if (proto < IP_PROTOCOLS.length) return IP_PROTOCOLS[proto]!
  if (proto <= 252) return 'unassigned'
  if (proto <= 254) return 'experimental'
  return proto === 255 ? 'reserved' : 'unknown'
}

/** What goflow2 prints for an EtherType; empty for all but three. */
export function etypeName(etype: number): string {
  if (etype === 0x0800) return 'IPv4'
  if (etype === 0x86dd) return 'IPv6'
  return etype === 0x0806 ? 'ARP' : ''
}

const ICMP_TYPES: Readonly<Record<number, string>> = {
  0: 'EchoReply',
  3: 'DestinationUnreachable',
  8: 'Echo',
  9: 'RouterAdvertisement',
  10: 'RouterSolicitation',
  11: 'TimeExceeded',
}

const ICMP6_TYPES: Readonly<Record<number, string>> = {
  1: 'DestinationUnreachable',
  2: 'PacketTooBig',
  3: 'TimeExceeded',
  128: 'EchoRequest',
  129: 'EchoReply',
  133: 'RouterSolicitation',
  134: 'RouterAdvertisement',
}

/** The virtual field `icmp_name`: named by type alone, `unknown` for what is not ICMP. */
export function icmpName(proto: number, type: number): string {
  if (proto === 1) return ICMP_TYPES[type] ?? ''
  if (proto === 58) return ICMP6_TYPES[type] ?? ''
  return 'unknown'
}

const FLOW_TYPES = ['FLOWUNKNOWN', 'SFLOW_5', 'NETFLOW_V5', 'NETFLOW_V9', 'IPFIX']

/** A value of the enum FlowType of goflow2's protobuf schema, by name. */
export function flowTypeName(type: number): string {
  return FLOW_TYPES[type] ?? String(type)
}

const LAYERS = [
  'Ethernet',
  'IPv4',
  'IPv6',
  'TCP',
  'UDP',
  'MPLS',
  'Dot1Q',
  'ICMP',
  'ICMPv6',
  'GRE',
  'IPv6HeaderRouting',
  'IPv6HeaderFragment',
  'Geneve',
  'Teredo',
]

/** A value of the enum LayerStack of goflow2's protobuf schema, by name. */
export function layerName(layer: number): string {
  return layer === 99 ? 'Custom' : (LAYERS[layer] ?? String(layer))
}
