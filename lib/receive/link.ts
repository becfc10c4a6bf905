/** EtherTypes of what a link layer may carry, as far as anyone here asks. */
export const ETHER_TYPE = { ipv4: 0x0800, ipv6: 0x86dd } as const

/** What was found under a packet's link-layer headers; one object is reused for all packets. */
export interface Frame {
  /** EtherType of what begins at `at`. */
  etherType: number
  at: number
  end: number
  /** Where the destination MAC lies, the source MAC six octets behind it; -1 where the link has none. */
  macAt: number
  /** Tag control of the outermost and of the innermost VLAN tag; -1 where there is none. */
  vlan: number
  innerVlan: number
}

/** An empty frame to be filled by `readLink`. */
export function newFrame(): Frame {
  return { etherType: 0, at: 0, end: 0, macAt: -1, vlan: -1, innerVlan: -1 }
}

// Link types of captures (draft-ietf-opsawg-pcaplinktype), and what BSDs wrote into files for raw IP.
const NULL = 0
const ETHERNET = 1
const PPP = 9
const RAW_OF_BSD = 12
const RAW_OF_OPENBSD = 14
const RAW = 101
const LOOP = 108
const LINUX_SLL = 113
const IPV4 = 228
const IPV6 = 229
const LINUX_SLL2 = 276

/** VLAN tags and other headers that one frame may stack. */
const MOST_TAGS = 8

/**
 * Walks the link-layer headers of the packet `[from, to)`; false where the link type is not known or the headers do
 * not fit. Reads no octet beyond `to`.
 */
export function readLink(link: number, view: DataView, from: number, to: number, frame: Frame): boolean {
  frame.at = from
  frame.end = to
  frame.macAt = -1
  frame.vlan = -1
  frame.innerVlan = -1
  switch (link) {
    case ETHERNET:
      if (from + 14 > to) return false
      frame.macAt = from
      return readEtherType(view, from + 12, frame)
    case RAW:
    case RAW_OF_BSD:
    case RAW_OF_OPENBSD:
    case IPV4:
    case IPV6:
      return readRaw(view, from, frame)
    case NULL:
    case LOOP:
      // Four octets of address family, whose numbers differ by system; the IP version tells as well.
      return readRaw(view, from + 4, frame)
    case LINUX_SLL:
      if (from + 16 > to) return false
      return readEtherType(view, from + 14, frame)
    case LINUX_SLL2:
      if (from + 20 > to) return false
      frame.etherType = view.getUint16(from)
      frame.at = from + 20
      return readTags(view, frame)
    case PPP:
      return readPpp(view, from, frame)
    default:
      return false
  }
}

/** Reads the EtherType at `at` and what follows it. */
function readEtherType(view: DataView, at: number, frame: Frame): boolean {
  if (at + 2 > frame.end) return false
  frame.etherType = view.getUint16(at)
  frame.at = at + 2
  // IEEE 802.3: up to 1500 it is a length, and LLC follows; SNAP (RFC 1042) brings an EtherType again.
  if (frame.etherType <= 1500) {
    const llc = frame.at
    if (llc + 8 > frame.end || view.getUint32(llc) !== 0xaaaa_0300 || view.getUint16(llc + 4) !== 0)
      return false
    frame.etherType = view.getUint16(llc + 6)
    frame.at = llc + 8
  }
  return readTags(view, frame)
}

/** Steps over VLAN tags (IEEE 802.1Q, 802.1ad, and 0x9100 of before it) and PPPoE (RFC 2516 §4). */
function readTags(view: DataView, frame: Frame): boolean {
  for (let tags = 0; tags < MOST_TAGS; tags++) {
    const { at, end } = frame
    switch (frame.etherType) {
      case 0x8100:
      case 0x88a8:
      case 0x9100:
        if (at + 4 > end) return false
        if (frame.vlan < 0) frame.vlan = view.getUint16(at)
        else frame.innerVlan = view.getUint16(at)
        frame.etherType = view.getUint16(at + 2)
        frame.at = at + 4
        break
      case 0x8864:
        if (at + 6 > end) return false
        return readPpp(view, at + 6, frame)
      default:
        return true
    }
  }
  return false
}

/** PPP with or without address and control octets, its protocol of one or two octets (RFC 1661 §2, §6.5). */
function readPpp(view: DataView, from: number, frame: Frame): boolean {
  const { end } = frame
  let at = from
  if (at + 2 > end) return false
  if (view.getUint16(at) === 0xff03) at += 2
  if (at + 2 > end) return false
  let protocol = view.getUint8(at)
  if ((protocol & 1) === 1) at += 1
  else {
    protocol = view.getUint16(at)
    at += 2
  }
  frame.at = at
  frame.etherType = protocol === 0x21 ? ETHER_TYPE.ipv4 : protocol === 0x57 ? ETHER_TYPE.ipv6 : 0
  return frame.etherType !== 0
}

function readRaw(view: DataView, at: number, frame: Frame): boolean {
  if (at >= frame.end) return false
  const version = view.getUint8(at) >> 4
  frame.at = at
  frame.etherType = version === 4 ? ETHER_TYPE.ipv4 : ETHER_TYPE.ipv6
  return version === 4 || version === 6
}
