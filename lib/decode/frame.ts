import type { FixedColumn, FlowBatch, ListColumn } from '../flow/batch.ts'
import { defineField, F, LAYER } from '../flow/fields.ts'

/** Parsers of layers. A parser reads one header at `frame.at`, sets `frame.size` and returns the next parser. */
export const PARSER = {
  none: 0,
  ethernet: 1,
  dot1q: 2,
  mpls: 3,
  ipv4: 4,
  ipv6: 5,
  ipv6Routing: 6,
  ipv6Fragment: 7,
  tcp: 8,
  udp: 9,
  icmp: 10,
  icmpv6: 11,
  gre: 12,
  teredo: 13,
  geneve: 14,
  // Those that follow are ours; goflow2 does not know them.
  pppoe: 15,
  ppp: 16,
  hopByHop: 17,
  destinationOptions: 18,
  authentication: 19,
  sctp: 20,
  vxlan: 21,
  llc: 22,
  erspan: 23,
} as const

/** The LAYER value of each parser; -1 for headers that make no layer of their own. */
export const LAYER_OF = Int32Array.of(
  -1,
  LAYER.ethernet,
  LAYER.dot1q,
  LAYER.mpls,
  LAYER.ipv4,
  LAYER.ipv6,
  LAYER.ipv6Routing,
  LAYER.ipv6Fragment,
  LAYER.tcp,
  LAYER.udp,
  LAYER.icmp,
  LAYER.icmpv6,
  LAYER.gre,
  LAYER.teredo,
  LAYER.geneve,
  LAYER.pppoe,
  -1,
  LAYER.ipv6HopByHop,
  LAYER.ipv6Destination,
  LAYER.authentication,
  LAYER.sctp,
  LAYER.vxlan,
  -1,
  -1,
)

/** How the next parser was chosen: by EtherType, by IP protocol, by a configured port, or by nothing of these. */
export const VIA = { nothing: 0, etherType: 1, protocol: 2, tcpPort: 3, udpPort: 4 } as const

/** Columns of sampled frames that only this room fills. */
export const FRAME = {
  /** Next Header of the outer IPv6 header where extension headers follow it. */
  nextHeaderIPv6: defineField('nextHeaderIPv6', 'u8', 'identifier', 0, 193),
  innerIpTTL: defineField('innerIpTTL', 'u8', 'quantity'),
  innerFlowLabelIPv6: defineField('innerFlowLabelIPv6', 'u32', 'identifier'),
  innerFragmentIdentification: defineField('innerFragmentIdentification', 'u32', 'identifier'),
  innerIcmpTypeCode: defineField('innerIcmpTypeCode', 'u16', 'identifier'),
  innerSourceMacAddress: defineField('innerSourceMacAddress', 'mac', 'identifier'),
  innerDestinationMacAddress: defineField('innerDestinationMacAddress', 'mac', 'identifier'),
} as const

/** The columns that nearly every frame fills, looked up once per batch. */
export class FrameColumns {
  readonly sourceMac: FixedColumn
  readonly destinationMac: FixedColumn
  readonly ethernetType: FixedColumn
  readonly ipVersion: FixedColumn
  readonly sourceAddress: FixedColumn
  readonly destinationAddress: FixedColumn
  readonly protocol: FixedColumn
  readonly classOfService: FixedColumn
  readonly ttl: FixedColumn
  readonly totalLength: FixedColumn
  readonly fragmentIdentification: FixedColumn
  readonly fragmentOffset: FixedColumn
  readonly fragmentFlags: FixedColumn
  readonly sourcePort: FixedColumn
  readonly destinationPort: FixedColumn
  readonly tcpControlBits: FixedColumn
  readonly layerStack: ListColumn
  readonly layerSize: ListColumn

  constructor(batch: FlowBatch) {
    this.sourceMac = batch.fixed(F.sourceMacAddress)
    this.destinationMac = batch.fixed(F.destinationMacAddress)
    this.ethernetType = batch.fixed(F.ethernetType)
    this.ipVersion = batch.fixed(F.ipVersion)
    this.sourceAddress = batch.fixed(F.sourceAddress)
    this.destinationAddress = batch.fixed(F.destinationAddress)
    this.protocol = batch.fixed(F.protocolIdentifier)
    this.classOfService = batch.fixed(F.ipClassOfService)
    this.ttl = batch.fixed(F.ipTTL)
    this.totalLength = batch.fixed(F.ipTotalLength)
    this.fragmentIdentification = batch.fixed(F.fragmentIdentification)
    this.fragmentOffset = batch.fixed(F.fragmentOffset)
    this.fragmentFlags = batch.fixed(F.fragmentFlags)
    this.sourcePort = batch.fixed(F.sourceTransportPort)
    this.destinationPort = batch.fixed(F.destinationTransportPort)
    this.tcpControlBits = batch.fixed(F.tcpControlBits)
    this.layerStack = batch.list(F.layerStack)
    this.layerSize = batch.list(F.layerSize)
  }
}

const NO_OCTETS = new Uint8Array(0)
const NO_VIEW = new DataView(NO_OCTETS.buffer)

/**
 * The frame being parsed and where its facts go. Facts of the outer packet are stored as they are met; those of the
 * inner packets are kept here, each replacing the last, and stored once at the end.
 */
export class Frame {
  octets = NO_OCTETS
  view = NO_VIEW
  /** The frame's first octet, the octet to read next, and the end: of the frame, later of the IP packet. */
  from = 0
  at = 0
  to = 0
  batch!: FlowBatch
  columns!: FrameColumns
  row = 0
  /** Octets of the header just parsed, and whether its fixed part was cut. */
  size = 0
  isCut = false
  via: number = VIA.nothing
  viaValue = 0
  /** Ethernet and IP headers met so far; above 1 the facts are the inner packet's. */
  ethernets = 0
  packets = 0
  /** VLAN tags of the outer Ethernet header met so far. */
  tags = 0

  innerVlanId = -1
  innerSourceMacHigh = 0
  innerSourceMacLow = 0
  innerDestinationMacHigh = 0
  innerDestinationMacLow = 0
  /** Where the inner IP header lies, and its version. */
  innerAt = 0
  innerVersion = 0
  innerProtocol = 0
  innerSourcePort = -1
  innerDestinationPort = -1
  innerTcpControlBits = -1
  innerIcmpTypeCode = -1
  innerFragmentIdentification = -1

  /** Points at a new frame; nothing of the last one is left. */
  reset(octets: Uint8Array, view: DataView, from: number, to: number, batch: FlowBatch, row: number): void {
    this.octets = octets as Uint8Array<ArrayBuffer>
    this.view = view as DataView<ArrayBuffer>
    this.from = from
    this.at = from
    this.to = to
    this.batch = batch
    this.row = row
    this.via = VIA.nothing
    this.viaValue = 0
    this.ethernets = 0
    this.packets = 0
    this.tags = 0
    this.innerVlanId = -1
  }

  /** A fixed header that does not end before `to`: nothing follows. */
  cut(): number {
    this.isCut = true
    this.size = 0
    return PARSER.none
  }
}

/** Sets one value of a column of one word or less a row. */
export function put(column: FixedColumn, row: number, value: number): void {
  column.values[row] = value
  column.present[row] = 1
}

/** Sets an address column to an IPv4 address in mapped form (RFC 4291 §2.5.5.2). */
export function putIpv4(column: FixedColumn, row: number, word: number): void {
  const { words } = column
  const at = row * 4
  words[at] = 0
  words[at + 1] = 0
  words[at + 2] = 0xffff
  words[at + 3] = word
  column.present[row] = 1
}

/** Sets an address column to the 16 octets at `from`. */
export function putIpv6(column: FixedColumn, row: number, view: DataView, from: number): void {
  const { words } = column
  const at = row * 4
  words[at] = view.getUint32(from)
  words[at + 1] = view.getUint32(from + 4)
  words[at + 2] = view.getUint32(from + 8)
  words[at + 3] = view.getUint32(from + 12)
  column.present[row] = 1
}

/** Sets a MAC column from its upper 16 and lower 32 bits. */
export function putMac(column: FixedColumn, row: number, high: number, low: number): void {
  const { words } = column
  words[row * 2] = high
  words[row * 2 + 1] = low
  column.present[row] = 1
}

/** Sets a 64-bit column to two words. */
export function putWide(column: FixedColumn, row: number, high: number, low: number): void {
  const { words } = column
  words[row * 2] = low
  words[row * 2 + 1] = high
  column.present[row] = 1
}
