import { appendAddress } from '../flow/batch.ts'
import { F } from '../flow/fields.ts'
import { FRAME, type Frame, PARSER, put, putIpv4, putIpv6, putWide, VIA } from './frame.ts'

/** The parser for what an IP protocol number announces. */
export function nextByProtocol(frame: Frame, protocol: number): number {
  frame.via = VIA.protocol
  frame.viaValue = protocol
  switch (protocol) {
    case 6:
      return PARSER.tcp
    case 17:
      return PARSER.udp
    case 1:
      return PARSER.icmp
    case 58:
      return PARSER.icmpv6
    case 4:
      return PARSER.ipv4
    case 41:
      return PARSER.ipv6
    case 43:
      return PARSER.ipv6Routing
    case 44:
      return PARSER.ipv6Fragment
    case 47:
      return PARSER.gre
    case 0:
      return PARSER.hopByHop
    case 60:
      return PARSER.destinationOptions
    case 51:
      return PARSER.authentication
    case 132:
      return PARSER.sctp
    case 137: // RFC 4023 §3: MPLS in IP
      return PARSER.mpls
    case 143: // RFC 8986 §10.1: Ethernet behind SRv6
      return PARSER.ethernet
  }
  return PARSER.none
}

function isExtension(protocol: number): boolean {
  return protocol === 43 || protocol === 44 || protocol === 0 || protocol === 60 || protocol === 51
}

/** IPv4 with its options; the rest of the frame ends where the packet does. */
export function parseIpv4(frame: Frame): number {
  const { at, to, view, row } = frame
  if (to - at < 20) return frame.cut()
  const words = view.getUint32(at)
  if (words >>> 28 !== 4) return frame.cut()
  const headerLength = ((words >>> 24) & 15) * 4
  frame.size = Math.max(headerLength, 20)
  const totalLength = words & 0xffff
  const fragment = view.getUint32(at + 4)
  const next = view.getUint32(at + 8)
  const protocol = (next >>> 16) & 255
  frame.packets++
  if (frame.packets === 1) {
    const { columns } = frame
    put(columns.ipVersion, row, 4)
    putIpv4(columns.sourceAddress, row, view.getUint32(at + 12))
    putIpv4(columns.destinationAddress, row, view.getUint32(at + 16))
    put(columns.protocol, row, protocol)
    put(columns.classOfService, row, (words >>> 16) & 255)
    put(columns.ttl, row, next >>> 24)
    putWide(columns.totalLength, row, 0, totalLength)
    put(columns.fragmentIdentification, row, fragment >>> 16)
    put(columns.fragmentOffset, row, fragment & 0x1fff)
    // IANA element 197 has the three flags in the top bits of an octet.
    put(columns.fragmentFlags, row, (fragment >>> 8) & 0xe0)
  } else {
    startInner(frame, 4, protocol)
    frame.innerFragmentIdentification = fragment >>> 16
  }
  // A length of 0 is that of segments not yet cut by the card that sends them.
  if (totalLength >= frame.size && at + totalLength < to) frame.to = at + totalLength
  // RFC 791 §3.1: five words at least; and only the first fragment has the next header.
  if (headerLength < 20 || (fragment & 0x1fff) !== 0) return PARSER.none
  return isExtension(protocol) && protocol !== 51 ? PARSER.none : nextByProtocol(frame, protocol)
}

/** The fixed IPv6 header. */
export function parseIpv6(frame: Frame): number {
  const { at, to, view, row } = frame
  if (to - at < 40) return frame.cut()
  const first = view.getUint32(at)
  if (first >>> 28 !== 6) return frame.cut()
  frame.size = 40
  const second = view.getUint32(at + 4)
  const payloadLength = second >>> 16
  const protocol = (second >>> 8) & 255
  frame.packets++
  if (frame.packets === 1) {
    const { columns, batch } = frame
    put(columns.ipVersion, row, 6)
    putIpv6(columns.sourceAddress, row, view, at + 8)
    putIpv6(columns.destinationAddress, row, view, at + 24)
    put(columns.protocol, row, protocol)
    put(columns.classOfService, row, (first >>> 20) & 255)
    put(columns.ttl, row, second & 255)
    putWide(columns.totalLength, row, 0, payloadLength + 40)
    put(batch.fixed(F.flowLabelIPv6), row, first & 0xfffff)
    if (isExtension(protocol)) put(batch.fixed(FRAME.nextHeaderIPv6), row, protocol)
  } else {
    startInner(frame, 6, protocol)
  }
  // RFC 8200 §3 with RFC 2675: 0 means a jumbogram.
  if (payloadLength > 0 && at + 40 + payloadLength < to) frame.to = at + 40 + payloadLength
  return nextByProtocol(frame, protocol)
}

function startInner(frame: Frame, version: number, protocol: number): void {
  frame.innerAt = frame.at
  frame.innerVersion = version
  frame.innerProtocol = protocol
  frame.innerSourcePort = -1
  frame.innerDestinationPort = -1
  frame.innerTcpControlBits = -1
  frame.innerIcmpTypeCode = -1
  frame.innerFragmentIdentification = -1
}

/**
 * The protocol behind an extension header becomes that of the packet: IANA element 4 is the Next Header field of the
 * last one.
 */
function nextAfterExtension(frame: Frame, protocol: number): number {
  if (frame.packets === 1) put(frame.columns.protocol, frame.row, protocol)
  else frame.innerProtocol = protocol
  return nextByProtocol(frame, protocol)
}

/** Hop-by-Hop and Destination Options (RFC 8200 §4.3, §4.6). */
export function parseOptionsHeader(frame: Frame): number {
  const { at, to, octets } = frame
  if (to - at < 8) return frame.cut()
  frame.size = octets[at + 1]! * 8 + 8
  return nextAfterExtension(frame, octets[at]!)
}

/** Authentication Header (RFC 4302 §2): its length counts words of 32 bits, two less. */
export function parseAuthentication(frame: Frame): number {
  const { at, to, octets } = frame
  if (to - at < 12) return frame.cut()
  frame.size = octets[at + 1]! * 4 + 8
  return nextAfterExtension(frame, octets[at]!)
}

/** Fragment header (RFC 8200 §4.5): offset and M bit are those of the packet. */
export function parseIpv6Fragment(frame: Frame): number {
  const { at, to, octets, view, row, columns } = frame
  if (to - at < 8) return frame.cut()
  frame.size = 8
  const bits = view.getUint16(at + 2)
  const offset = bits >>> 3
  const identification = view.getUint32(at + 4)
  if (frame.packets === 1) {
    put(columns.fragmentIdentification, row, identification)
    put(columns.fragmentOffset, row, offset)
    // IANA element 197: more fragments is the third bit from the top.
    put(columns.fragmentFlags, row, (bits & 1) << 5)
  } else {
    frame.innerFragmentIdentification = identification
  }
  const next = nextAfterExtension(frame, octets[at]!)
  return offset === 0 ? next : PARSER.none
}

/** Routing header; the addresses of a Segment Routing Header (RFC 8754 §2) are kept. */
export function parseIpv6Routing(frame: Frame): number {
  const { at, to, octets, view, row, batch } = frame
  if (to - at < 8) return frame.cut()
  frame.size = octets[at + 1]! * 8 + 8
  if (frame.packets === 1) {
    put(batch.fixed(F.ipv6RoutingSegmentsLeft), row, octets[at + 3]!)
    if (octets[at + 2] === 4) {
      const addresses = batch.list(F.ipv6RoutingAddresses)
      addresses.lengths[row] = 0
      const end = Math.min(to, at + frame.size)
      let left = octets[at + 4]! + 1
      for (let i = at + 8; i + 16 <= end && left > 0; i += 16, left--) {
        const high = view.getUint32(i)
        const middle = view.getUint32(i + 4)
        appendAddress(addresses, row, high, middle, view.getUint32(i + 8), view.getUint32(i + 12))
      }
    }
  }
  return nextAfterExtension(frame, octets[at]!)
}
