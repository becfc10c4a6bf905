import { appendWord, type FlowBatch } from '../flow/batch.ts'
import { defineField, F } from '../flow/fields.ts'
import { put, putIpv4, putIpv6, putMac, putWide } from './frame.ts'
import type { Issues } from './issues.ts'
import { type FrameReader, HEADER_PROTOCOL } from './packet.ts'
import { FLOW_STRUCTURES } from './sflow-extensions.ts'
import { StructureReader } from './sflow-structures.ts'
import type { Xdr } from './xdr.ts'

/** Columns of flow records that only this room fills. */
const C = {
  /** Octets that the agent took off the frame before it sampled it: the FCS, stripped tags. */
  frameStrippedOctets: defineField('frameStrippedOctets', 'u32', 'quantity'),
  ingressVlanPriority: defineField('ingressVlanPriority', 'u8', 'identifier'),
  egressVlanPriority: defineField('egressVlanPriority', 'u8', 'identifier'),
  /** AS of the router that sampled. */
  localAsNumber: defineField('localAsNumber', 'u32', 'identifier'),
  bgpPrevAdjacentAsNumber: defineField('bgpPrevAdjacentAsNumber', 'u32', 'identifier', 0, 129),
  mplsNextHopAddress: defineField('mplsNextHopAddress', 'address', 'identifier'),
  /** Label stack with which the packet leaves, as mplsLabelStack. */
  mplsOutLabelStack: defineField('mplsOutLabelStack', 'u32-list', 'list'),
  postNatSourcePort: defineField('postNAPTSourceTransportPort', 'u16', 'identifier', 0, 227),
  postNatDestinationPort: defineField('postNAPTDestinationTransportPort', 'u16', 'identifier', 0, 228),
  wlanCipherSuite: defineField('wlanCipherSuite', 'u32', 'identifier'),
} as const

/** Data formats of flow records that have a place in the common columns (sFlow Version 5, "flow_data"). */
const RECORD = {
  header: 1,
  ethernet: 2,
  ipv4: 3,
  ipv6: 4,
  switch: 1001,
  router: 1002,
  gateway: 1003,
  mpls: 1006,
  nat: 1007,
  wlanPayload: 1013,
  natPort: 1020,
} as const

/** Reads the flow records of a sample into its row. Versions 2 and 4 of the records differ a little. */
export class FlowRecordReader {
  readonly #frames: FrameReader
  readonly #structures = new StructureReader(FLOW_STRUCTURES)

  constructor(frames: FrameReader) {
    this.#frames = frames
  }

  /** Reads the record of `format` that `xdr` stands at, up to its end; an unknown one is counted and left out. */
  read(format: number, xdr: Xdr, batch: FlowBatch, row: number, issues: Issues): void {
    switch (format) {
      case RECORD.header:
        this.header(xdr, 5, batch, row, issues)
        break
      case RECORD.ethernet:
        readEthernet(xdr, batch, row)
        break
      case RECORD.ipv4:
        readPacket(xdr, 4, batch, row)
        break
      case RECORD.ipv6:
        readPacket(xdr, 6, batch, row)
        break
      case RECORD.switch:
        readSwitch(xdr, batch, row)
        break
      case RECORD.router:
        readRouter(xdr, batch, row)
        break
      case RECORD.gateway:
        readGateway(xdr, 5, batch, row)
        break
      case RECORD.mpls:
        readMpls(xdr, batch, row)
        break
      case RECORD.nat:
        xdr.address(batch.fixed(F.postNatSourceAddress), row)
        xdr.address(batch.fixed(F.postNatDestinationAddress), row)
        break
      case RECORD.natPort:
        put(batch.fixed(C.postNatSourcePort), row, xdr.u32())
        put(batch.fixed(C.postNatDestinationPort), row, xdr.u32())
        break
      case RECORD.wlanPayload:
        this.#wlanPayload(xdr, batch, row)
        break
      default:
        if (!this.#structures.read(format, xdr, batch, row)) issues.note('unknownSampleRecord')
    }
    if (xdr.isBroken) issues.note('badLength')
  }

  /** A sampled header. Before version 5 it does not say how much was stripped. */
  header(xdr: Xdr, version: number, batch: FlowBatch, row: number, issues: Issues): void {
    const protocol = xdr.u32()
    const frameLength = xdr.u32()
    const stripped = version >= 5 ? xdr.u32() : 0
    let length = xdr.u32()
    if (xdr.isBroken) return
    if (length > xdr.left) {
      issues.note('badLength')
      length = xdr.left
    }
    putWide(batch.fixed(F.octetDeltaCount), row, 0, frameLength)
    put(batch.fixed(F.frameOctets), row, frameLength)
    if (stripped > 0) put(batch.fixed(C.frameStrippedOctets), row, stripped)
    const from = xdr.skip(length)
    xdr.skip(Math.min(xdr.left, (4 - (length & 3)) & 3))
    this.#frames.read(xdr.octets, xdr.view, from, from + length, protocol, batch, row)
  }

  /** The decrypted payload of a wireless frame, from its LLC header on. */
  #wlanPayload(xdr: Xdr, batch: FlowBatch, row: number): void {
    put(batch.fixed(C.wlanCipherSuite), row, xdr.u32())
    const from = xdr.opaque()
    if (from < 0) return
    this.#frames.read(xdr.octets, xdr.view, from, from + xdr.opaqueLength, HEADER_PROTOCOL.llc, batch, row)
  }
}

/** sampled_ethernet. Its length counts only where no other record has one. */
function readEthernet(xdr: Xdr, batch: FlowBatch, row: number): void {
  const length = xdr.u32()
  const at = xdr.skip(20)
  if (at < 0) return
  const { view } = xdr
  const octets = batch.fixed(F.octetDeltaCount)
  if (octets.present[row] === 0) putWide(octets, row, 0, length)
  const frameOctets = batch.fixed(F.frameOctets)
  if (frameOctets.present[row] === 0) put(frameOctets, row, length)
  // A MAC address is opaque[6]: two octets of padding follow (RFC 4506 §4.9).
  putMac(batch.fixed(F.sourceMacAddress), row, view.getUint16(at), view.getUint32(at + 2))
  putMac(batch.fixed(F.destinationMacAddress), row, view.getUint16(at + 8), view.getUint32(at + 10))
  const etherType = batch.fixed(F.ethernetType)
  if (etherType.present[row] === 0) put(etherType, row, view.getUint32(at + 16))
}

/** sampled_ipv4 or sampled_ipv6. */
export function readPacket(xdr: Xdr, family: 4 | 6, batch: FlowBatch, row: number): void {
  const addressOctets = family === 4 ? 4 : 16
  const at = xdr.skip(24 + addressOctets * 2)
  if (at < 0) return
  const { view } = xdr
  const source = batch.fixed(F.sourceAddress)
  const destination = batch.fixed(F.destinationAddress)
  const length = view.getUint32(at)
  const protocol = view.getUint32(at + 4)
  putWide(batch.fixed(F.octetDeltaCount), row, 0, length)
  putWide(batch.fixed(F.ipTotalLength), row, 0, length)
  put(batch.fixed(F.protocolIdentifier), row, protocol)
  if (family === 4) {
    putIpv4(source, row, view.getUint32(at + 8))
    putIpv4(destination, row, view.getUint32(at + 12))
  } else {
    putIpv6(source, row, view, at + 8)
    putIpv6(destination, row, view, at + 24)
  }
  put(batch.fixed(F.ipVersion), row, family)
  put(batch.fixed(F.ethernetType), row, family === 4 ? 0x0800 : 0x86dd)
  const rest = at + 8 + addressOctets * 2
  put(batch.fixed(F.sourceTransportPort), row, view.getUint32(rest))
  put(batch.fixed(F.destinationTransportPort), row, view.getUint32(rest + 4))
  if (protocol === 6) put(batch.fixed(F.tcpControlBits), row, view.getUint32(rest + 8))
  put(batch.fixed(F.ipClassOfService), row, view.getUint32(rest + 12))
}

/** extended_switch. What is no VLAN or priority means that the switch does not know it. */
export function readSwitch(xdr: Xdr, batch: FlowBatch, row: number): void {
  const at = xdr.skip(16)
  if (at < 0) return
  const { view } = xdr
  const sourceVlan = view.getUint32(at)
  const sourcePriority = view.getUint32(at + 4)
  const destinationVlan = view.getUint32(at + 8)
  const destinationPriority = view.getUint32(at + 12)
  if (sourceVlan < 4096) put(batch.fixed(F.vlanId), row, sourceVlan)
  if (destinationVlan < 4096) put(batch.fixed(F.postVlanId), row, destinationVlan)
  if (sourcePriority < 8) put(batch.fixed(C.ingressVlanPriority), row, sourcePriority)
  if (destinationPriority < 8) put(batch.fixed(C.egressVlanPriority), row, destinationPriority)
}

/** extended_router. */
export function readRouter(xdr: Xdr, batch: FlowBatch, row: number): void {
  xdr.address(batch.fixed(F.nextHopAddress), row)
  const at = xdr.skip(8)
  if (at < 0) return
  put(batch.fixed(F.sourcePrefixLength), row, Math.min(xdr.view.getUint32(at), 255))
  put(batch.fixed(F.destinationPrefixLength), row, Math.min(xdr.view.getUint32(at + 4), 255))
}

/**
 * extended_gateway. The destination's AS is the last of the path, else the router's own, and so is a source AS of 0.
 * Before version 5 there is no next hop; version 2 has a plain list for a path, and nothing behind it.
 */
export function readGateway(xdr: Xdr, version: number, batch: FlowBatch, row: number): void {
  if (version >= 5) xdr.address(batch.fixed(F.bgpNextHopAddress), row)
  const local = xdr.u32()
  const source = xdr.u32()
  const peer = xdr.u32()
  if (xdr.isBroken) return
  put(batch.fixed(C.localAsNumber), row, local)
  put(batch.fixed(F.bgpSourceAsNumber), row, source > 0 ? source : local)
  if (peer > 0) put(batch.fixed(C.bgpPrevAdjacentAsNumber), row, peer)
  const path = batch.list(F.asPath)
  path.lengths[row] = 0
  if (version === 2) {
    readPathSegment(xdr, 2, batch, row)
  } else {
    batch.list(F.asPathSegments).lengths[row] = 0
    const segments = xdr.count(8)
    for (let i = 0; i < segments && !xdr.isBroken; i++) readPathSegment(xdr, xdr.u32(), batch, row)
  }
  const count = path.lengths[row]!
  if (count > 0) {
    const start = path.starts[row]!
    put(batch.fixed(F.bgpNextHopAsNumber), row, path.data[start]!)
    put(batch.fixed(F.bgpDestinationAsNumber), row, path.data[start + count - 1]!)
  } else {
    put(batch.fixed(F.bgpDestinationAsNumber), row, local)
  }
  if (version === 2 || xdr.isBroken) return
  const communities = batch.list(F.bgpCommunities)
  communities.lengths[row] = 0
  const communityCount = xdr.count(4)
  for (let i = 0; i < communityCount; i++) appendWord(communities, row, xdr.u32())
  const preference = xdr.u32()
  if (!xdr.isBroken) put(batch.fixed(F.bgpLocalPreference), row, preference)
}

function readPathSegment(xdr: Xdr, type: number, batch: FlowBatch, row: number): void {
  const count = xdr.count(4)
  const path = batch.list(F.asPath)
  for (let i = 0; i < count; i++) appendWord(path, row, xdr.u32())
  appendWord(batch.list(F.asPathSegments), row, ((type & 255) << 24) | count)
}

/** extended_mpls. The stack with which the packet came is that of the sampled header, if that had one. */
function readMpls(xdr: Xdr, batch: FlowBatch, row: number): void {
  xdr.address(batch.fixed(C.mplsNextHopAddress), row)
  const labels = batch.list(F.mplsLabelStack)
  const isKnown = labels.lengths[row]! > 0
  const inDepth = xdr.count(4)
  for (let i = 0; i < inDepth; i++) {
    const entry = xdr.u32()
    if (isKnown) continue
    // RFC 3032 §2.1: label, class and bottom bit, then the TTL.
    appendWord(labels, row, entry >>> 8)
    appendWord(batch.list(F.mplsLabelTtl), row, entry & 255)
  }
  if (xdr.isBroken) return
  const outLabels = batch.list(C.mplsOutLabelStack)
  outLabels.lengths[row] = 0
  const outDepth = xdr.count(4)
  for (let i = 0; i < outDepth; i++) appendWord(outLabels, row, xdr.u32() >>> 8)
}
