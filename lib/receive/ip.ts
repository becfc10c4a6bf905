/** One IP packet's headers; one object is reused for all packets. */
export interface IpPacket {
  version: 4 | 6
  /** Where the addresses lie: four octets each in IPv4, sixteen in IPv6. */
  sourceAt: number
  destinationAt: number
  /** What the payload `[at, end)` is; the last header of the chain in IPv6. */
  protocol: number
  at: number
  end: number
  /** Whether the capture holds less than the packet had. */
  isCut: boolean
  /** Whether the payload is one fragment of several; the three below are its place. */
  isFragment: boolean
  identification: number
  /** Octets before this fragment. */
  fragmentOffset: number
  hasMoreFragments: boolean
}

/** An empty packet to be filled by `readIp`. */
export function newIpPacket(): IpPacket {
  return {
    version: 4,
    sourceAt: 0,
    destinationAt: 0,
    protocol: 0,
    at: 0,
    end: 0,
    isCut: false,
    isFragment: false,
    identification: 0,
    fragmentOffset: 0,
    hasMoreFragments: false,
  }
}

/** Extension headers that one packet may have; more is an attack. */
const MOST_EXTENSIONS = 16

/** Reads the IP headers at `from`; false where they are none or do not fit. Reads no octet beyond `to`. */
export function readIp(view: DataView, from: number, to: number, packet: IpPacket): boolean {
  if (from + 20 > to) return false
  const version = view.getUint8(from) >> 4
  packet.isFragment = false
  packet.identification = 0
  packet.fragmentOffset = 0
  packet.hasMoreFragments = false
  if (version === 4) return readIpv4(view, from, to, packet)
  return version === 6 && readIpv6(view, from, to, packet)
}

/** RFC 791 §3.1. */
function readIpv4(view: DataView, from: number, to: number, packet: IpPacket): boolean {
  const header = (view.getUint8(from) & 15) * 4
  const total = view.getUint16(from + 2)
  if (header < 20 || from + header > to) return false
  // A card that cuts segments itself lets the kernel capture a length of 0.
  const end = total === 0 ? to : from + total
  if (total !== 0 && total < header) return false
  packet.version = 4
  packet.sourceAt = from + 12
  packet.destinationAt = from + 16
  packet.protocol = view.getUint8(from + 9)
  packet.at = from + header
  // What lies behind the packet is padding of the link layer.
  packet.end = Math.min(end, to)
  packet.isCut = end > to
  const fragment = view.getUint16(from + 6)
  packet.identification = view.getUint16(from + 4)
  packet.fragmentOffset = (fragment & 0x1fff) * 8
  packet.hasMoreFragments = (fragment & 0x2000) !== 0
  packet.isFragment = (fragment & 0x3fff) !== 0
  return true
}

/** RFC 8200 §3 and §4. */
function readIpv6(view: DataView, from: number, to: number, packet: IpPacket): boolean {
  if (from + 40 > to) return false
  const payload = view.getUint16(from + 4)
  // RFC 2675 §3: jumbograms have a length of 0, as have packets that a card cuts itself.
  const end = payload === 0 ? to : from + 40 + payload
  packet.version = 6
  packet.sourceAt = from + 8
  packet.destinationAt = from + 24
  packet.end = Math.min(end, to)
  packet.isCut = end > to
  return readExtensions(view, view.getUint8(from + 6), from + 40, packet)
}

/**
 * Walks the extension headers of IPv6 from `from` on, the first of which `first` names, to the payload; the end must
 * be set. Also of use for a packet that was put together, whose fragments hid them.
 */
export function readExtensions(view: DataView, first: number, from: number, packet: IpPacket): boolean {
  let next = first
  let at = from
  for (let extensions = 0; extensions < MOST_EXTENSIONS; extensions++) {
    switch (next) {
      case 0: // hop-by-hop options
      case 43: // routing
      case 60: // destination options
      case 135: // mobility
      case 139: // HIP
      case 140: // shim6
        if (at + 8 > packet.end) return false
        next = view.getUint8(at)
        at += (view.getUint8(at + 1) + 1) * 8
        break
      case 51: // authentication header, RFC 4302 §2.2: in words, less two
        if (at + 8 > packet.end) return false
        next = view.getUint8(at)
        at += (view.getUint8(at + 1) + 2) * 4
        break
      case 44: {
        if (at + 8 > packet.end) return false
        const place = view.getUint16(at + 2)
        packet.identification = view.getUint32(at + 4)
        packet.fragmentOffset = place & 0xfff8
        packet.hasMoreFragments = (place & 1) !== 0
        // RFC 6946 §2: a fragment header on a whole packet changes nothing.
        packet.isFragment = packet.fragmentOffset > 0 || packet.hasMoreFragments
        next = view.getUint8(at)
        at += 8
        // The headers behind it are part of what was cut into fragments.
        if (packet.isFragment) return finish(packet, next, at)
        break
      }
      default:
        return finish(packet, next, at)
    }
  }
  return false
}

function finish(packet: IpPacket, protocol: number, at: number): boolean {
  packet.protocol = protocol
  packet.at = at
  return at <= packet.end
}
