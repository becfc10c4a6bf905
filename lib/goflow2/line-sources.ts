import type { Field } from '../flow/fields.ts'
import { F, PROTOCOL } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import { type LineColumns, SLOT, type SlotName } from './line-columns.ts'

/**
 * Where a value comes from, as a step of a program understands it. Numbers below 16 give a 64-bit integer in two
 * words; the interpreters' `case` labels repeat these numbers, because V8 makes a jump table of literals only.
 */
export const FROM = {
  nothing: 0,
  u8: 1,
  u16: 2,
  u32: 3,
  u64: 4,
  mac: 5,
  /** u64 of slot `a` where present, else of slot `b`. */
  u64Else: 6,
  /** u8 of slot `a`, shifted right by `b`. */
  u8Shifted: 7,
  /** u16 of slot `a`, shifted right by `b`, low octet. */
  u16Octet: 8,
  /** The first of a list of slots that is present (`b` 0) or not zero (`b` 1); `a` is the list's number. */
  first: 9,
  /** EtherType; `a` is an ETYPE order. */
  etype: 10,
  /** Low 12 bits of the u16 of slot `a`: the VLAN of a tag. */
  u16Vlan: 11,
  /** The number `a`. */
  constant: 12,
  /** Address of slot `a` in the ADDRESS_FORM `b`. */
  address: 16,
  /** Network of the address of slot `a` and the prefix length of slot `b`; `c` is an ADDRESS_FORM. */
  network: 17,
  /** u32-list of slot `a`, each shifted right by `b`; after the first `c`, if any, zeros at the end are left out. */
  words: 18,
  layers: 19,
  addresses: 20,
  /** Address of slot `a`, in form `b`, as a list of one. */
  oneAddress: 21,
  /** Octets captured for a mapping, in slot `a`; `b` is the number of a Capture. */
  capture: 22,
  /** The same, a list. */
  captures: 23,
  icmpName: 24,
  /** The flow type `a`. */
  type: 25,
  /** Network of the address of slot `a` and a prefix length captured in slot `b`; `c` is form + 8 * capture flags. */
  capturedNetwork: 26,
} as const

/**
 * What the column does not say of an address, but the template: a mapped IPv4 address may have been sent as 16 octets,
 * and a record with elements of both families may hold nothing but zeros.
 */
export const ADDRESS_FORM = { plain: 0, onlyIpv6: 1, zeroIsIpv4: 2, zeroIsIpv6: 3 } as const

/** In which order an EtherType is looked for. */
export const ETYPE = { addressFirst: 0, versionFirst: 1, frameFirst: 2 } as const

export interface Source {
  readonly from: number
  readonly a: number
  readonly b: number
  readonly c: number
  /** Slots of `FROM.first`. */
  readonly slots?: readonly number[]
}

/** What decides how rows are printed, apart from the columns: their protocol and what their template looked like. */
export interface Shape {
  readonly protocol: number
  readonly layout: Layout | null
}

const source = (from: number, a = 0, b = 0, c = 0): Source => ({ from, a, b, c })
const NOTHING = source(FROM.nothing)

export function isSflow(protocol: number): boolean {
  return protocol >= PROTOCOL.sflow2 && protocol <= PROTOCOL.sflow5
}

/**
 * goflow2's FlowType number; the NetFlow versions that it cannot read share v5's, whose shape they have. Flows tracked
 * from packets have none.
 */
export function flowTypeOf(protocol: number): number {
  if (isSflow(protocol)) return 1
  if (protocol === PROTOCOL.netflow9) return 3
  if (protocol === PROTOCOL.ipfix) return 4
  return protocol >= 1 && protocol <= 8 ? 2 : 0
}

/** Where the goflow2 field `name` comes from in rows of `shape` whose columns are `columns.mask`. */
export function sourceOf(name: string, shape: Shape, columns: LineColumns): Source {
  const sflow = isSflow(shape.protocol)
  const has = (slot: SlotName): boolean => columns.has(SLOT[slot])
  /** The number of one slot, by the width of its column. */
  const number = (slot: SlotName): Source => (has(slot) ? numberOf(SLOT[slot], columns) : NOTHING)
  const first = (isZeroSkipped: boolean, slots: readonly SlotName[]): Source => {
    const held = slots.filter(has).map((slot) => SLOT[slot])
    if (held.length === 0) return NOTHING
    if (held.length === 1) return numberOf(held[0]!, columns)
    return { from: FROM.first, a: 0, b: isZeroSkipped ? 1 : 0, c: 0, slots: held }
  }
  /** Of elements that goflow2 writes to one field the last in the record counts. */
  const last = (...slots: readonly SlotName[]): Source => {
    const order = (slot: SlotName): number => lastIndex(shape.layout, columns.fields[SLOT[slot]])
    return first(
      false,
      [...slots].sort((x, y) => order(y) - order(x)),
    )
  }
  /** goflow2 takes the first of two addresses that are both zero; of next hops always the last. */
  const address = (slot: SlotName, takesLast = false): Source =>
    has(slot)
      ? source(FROM.address, SLOT[slot], addressForm(shape, columns.fields[SLOT[slot]], takesLast))
      : NOTHING
  const time = (slot: SlotName): Source => {
    const fallback = SLOT[sflow ? 'timeReceived' : 'exportTime']
    return has(slot) ? source(FROM.u64Else, SLOT[slot], fallback) : source(FROM.u64, fallback)
  }
  const network = (addressSlot: SlotName, lengthSlot: SlotName): Source => {
    if (!has(addressSlot)) return NOTHING
    const form = addressForm(shape, columns.fields[SLOT[addressSlot]], false)
    return source(FROM.network, SLOT[addressSlot], SLOT[lengthSlot], form)
  }
  const words = (slot: SlotName): Source => (has(slot) ? source(FROM.words, SLOT[slot]) : NOTHING)

  switch (name) {
    case 'type':
      return source(FROM.type, flowTypeOf(shape.protocol))
    case 'time_received_ns':
      return number('timeReceived')
    case 'sequence_num':
      return number('sequenceNumber')
    case 'sampling_rate':
      return number('samplingRate')
    case 'sampler_address':
      return address(sflow && has('agentAddress') ? 'agentAddress' : 'exporterAddress')
    case 'time_flow_start_ns':
      return time('flowStart')
    case 'time_flow_end_ns':
      return time('flowEnd')
    case 'bytes':
      return last('octetDeltaCount', 'postOctetDeltaCount', 'dataLinkFrameSize')
    case 'packets':
      if (sflow && !has('packetDeltaCount')) return source(FROM.constant, 1)
      return last('packetDeltaCount', 'postPacketDeltaCount')
    case 'src_addr':
      return address('sourceAddress')
    case 'dst_addr':
      return address('destinationAddress')
    case 'etype':
      return etypeSource(shape, sflow, has)
    case 'proto':
      return number('protocolIdentifier')
    case 'src_port':
      return number('sourceTransportPort')
    case 'dst_port':
      return number('destinationTransportPort')
    case 'in_if':
      return number(sflow && has('ingressInterfaceRaw') ? 'ingressInterfaceRaw' : 'ingressInterface')
    case 'out_if':
      return number(sflow && has('egressInterfaceRaw') ? 'egressInterfaceRaw' : 'egressInterface')
    case 'src_mac':
      return last('sourceMacAddress', 'postSourceMacAddress')
    case 'dst_mac':
      return last('destinationMacAddress', 'postDestinationMacAddress')
    case 'src_vlan':
      return first(true, ['vlanId', 'dot1qVlanId'])
    case 'dst_vlan':
      return first(true, ['postVlanId', 'postDot1qVlanId'])
    case 'vlan_id':
      // Of a sampled frame the inner tag, as goflow2 2.2 prints it; else the VLAN of the record.
      if (has('dot1qTci')) return source(FROM.u16Vlan, SLOT.dot1qTci)
      return sflow ? NOTHING : number('vlanId')
    case 'ip_tos':
      return number('ipClassOfService')
    case 'forwarding_status':
      return number('forwardingStatus')
    case 'ip_ttl':
      return first(true, ['minimumTTL', 'ipTTL'])
    case 'ip_flags':
      return has('fragmentFlags') ? source(FROM.u8Shifted, SLOT.fragmentFlags, 5) : NOTHING
    case 'tcp_flags':
      return number('tcpControlBits')
    case 'icmp_type':
      return has('icmpTypeCode') ? source(FROM.u16Octet, SLOT.icmpTypeCode, 8) : NOTHING
    case 'icmp_code':
      return has('icmpTypeCode') ? source(FROM.u16Octet, SLOT.icmpTypeCode, 0) : NOTHING
    case 'ipv6_flow_label':
      return number('flowLabelIPv6')
    case 'fragment_id':
      return number('fragmentIdentification')
    case 'fragment_offset':
      return number('fragmentOffset')
    case 'src_as':
      return number('bgpSourceAsNumber')
    case 'dst_as':
      return number('bgpDestinationAsNumber')
    case 'next_hop':
      return address('nextHopAddress', true)
    case 'next_hop_as':
      return number('bgpNextHopAsNumber')
    case 'src_net':
      return network('sourceAddress', 'sourcePrefixLength')
    case 'dst_net':
      return network('destinationAddress', 'destinationPrefixLength')
    case 'src_net_bits':
      return number('sourcePrefixLength')
    case 'dst_net_bits':
      return number('destinationPrefixLength')
    case 'bgp_next_hop':
      return address('bgpNextHopAddress', true)
    case 'bgp_communities':
      return words('bgpCommunities')
    case 'as_path':
      return words('asPath')
    case 'mpls_ttl':
      return words('mplsLabelTtl')
    case 'mpls_label':
      // goflow2 reads three places, filled or not; more labels than these are printed if there are any.
      return has('mplsLabelStack') ? source(FROM.words, SLOT.mplsLabelStack, 4, sflow ? 0 : 3) : NOTHING
    case 'mpls_ip':
      return has('mplsTopLabelAddress')
        ? source(FROM.oneAddress, SLOT.mplsTopLabelAddress, addressForm(shape, F.mplsTopLabelAddress, true))
        : NOTHING
    case 'observation_domain_id':
      return number('observationDomainId')
    case 'observation_point_id':
      return number('observationPointId')
    case 'layer_stack':
      return has('layerStack') ? source(FROM.layers, SLOT.layerStack) : NOTHING
    case 'layer_size':
      return words('layerSize')
    case 'ipv6_routing_header_addresses':
      return has('ipv6RoutingAddresses') ? source(FROM.addresses, SLOT.ipv6RoutingAddresses) : NOTHING
    case 'ipv6_routing_header_seg_left':
      return number('ipv6RoutingSegmentsLeft')
    case 'icmp_name':
      return source(FROM.icmpName)
    case 'src_addr_nat':
      return address('postNatSourceAddress')
    case 'dst_addr_nat':
      return address('postNatDestinationAddress')
    case 'src_port_nat':
      return number('postNAPTSourceTransportPort')
    case 'dst_port_nat':
      return number('postNAPTDestinationTransportPort')
    default:
      return NOTHING
  }
}

/** Reads the column of `slot` as a number, whatever width the registry gave it. */
export function numberOf(slot: number, columns: LineColumns): Source {
  switch (columns.fields[slot]?.kind) {
    case 'u8':
      return source(FROM.u8, slot)
    case 'u16':
      return source(FROM.u16, slot)
    case 'u32':
      return source(FROM.u32, slot)
    case 'u64':
    case 'i64':
      return source(FROM.u64, slot)
    case 'mac':
      return source(FROM.mac, slot)
    default:
      return NOTHING
  }
}

/** Place of the last specifier whose values went to `field`; -1 where there is none. */
export function lastIndex(layout: Layout | null, field: Field | undefined): number {
  if (layout === null || field === undefined) return -1
  for (let i = layout.fields.length - 1; i >= 0; i--) if (layout.fields[i]!.field === field) return i
  return -1
}

/** IANA's IPv6 elements among those that share an address column with an IPv4 one. */
const IPV6_ELEMENTS = new Set([27, 28, 62, 63, 131, 140, 281, 282])

/** How an address column of rows with this layout is to be read: an ADDRESS_FORM. */
function addressForm({ layout }: Shape, field: Field | undefined, takesLast: boolean): number {
  let first: boolean | undefined
  let last = false
  let isMixed = false
  for (const entry of layout?.fields ?? []) {
    // Two of one family would not share the column.
    if (entry.field !== field) continue
    const isIpv6 = entry.enterprise === 0 && IPV6_ELEMENTS.has(entry.element)
    first ??= isIpv6
    if (isIpv6 !== first) isMixed = true
    last = isIpv6
  }
  if (!isMixed) return first === true ? ADDRESS_FORM.onlyIpv6 : ADDRESS_FORM.plain
  return (takesLast ? last : first) ? ADDRESS_FORM.zeroIsIpv6 : ADDRESS_FORM.zeroIsIpv4
}

function etypeSource(shape: Shape, sflow: boolean, has: (slot: SlotName) => boolean): Source {
  if (sflow) return source(FROM.etype, ETYPE.frameFirst)
  if (!has('ipVersion') && !has('ethernetType')) {
    // The usual template: one family, always there.
    const isIn = (...elements: number[]): boolean =>
      shape.layout?.fields.some((f) => f.enterprise === 0 && elements.includes(f.element)) === true
    if (isIn(8, 12) && !isIn(27, 28)) return source(FROM.constant, 0x0800)
    if (isIn(27, 28) && !isIn(8, 12)) return source(FROM.constant, 0x86dd)
  }
  const version = lastIndex(shape.layout, F.ipVersion)
  const addresses = Math.max(
    lastIndex(shape.layout, F.sourceAddress),
    lastIndex(shape.layout, F.destinationAddress),
  )
  return source(FROM.etype, version > addresses ? ETYPE.versionFirst : ETYPE.addressFirst)
}
