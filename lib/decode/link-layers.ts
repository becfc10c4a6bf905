import { appendWord } from '../flow/batch.ts'
import { F } from '../flow/fields.ts'
import { type Frame, PARSER, put, putMac, VIA } from './frame.ts'

/** The parser for what an EtherType announces. */
export function nextByEtherType(frame: Frame, etherType: number): number {
  frame.via = VIA.etherType
  frame.viaValue = etherType
  switch (etherType) {
    case 0x0800:
      return PARSER.ipv4
    case 0x86dd:
      return PARSER.ipv6
    case 0x8100: // IEEE 802.1Q customer tag
    case 0x88a8: // IEEE 802.1ad service tag
    case 0x9100: // the service tag before 802.1ad
      return PARSER.dot1q
    case 0x8847: // RFC 5332 §3: downstream-assigned label
    case 0x8848: // upstream-assigned label
      return PARSER.mpls
    case 0x8864: // RFC 2516 §4: session stage
      return PARSER.pppoe
    case 0x6558: // RFC 1701: transparent Ethernet bridging
    case 0x199e:
      return PARSER.ethernet
    case 0x880b: // RFC 2637 §4.1
      return PARSER.ppp
    case 0x88be:
      return PARSER.erspan
  }
  return PARSER.none
}

/** Ethernet II, or IEEE 802.3 with an LLC SNAP header, which then counts as part of it. */
export function parseEthernet(frame: Frame): number {
  const { at, to, view } = frame
  if (to - at < 14) return frame.cut()
  frame.ethernets++
  const destinationHigh = view.getUint16(at)
  const destinationLow = view.getUint32(at + 2)
  const sourceHigh = view.getUint16(at + 6)
  const sourceLow = view.getUint32(at + 8)
  if (frame.ethernets === 1 && frame.packets === 0) {
    const { columns, row } = frame
    putMac(columns.destinationMac, row, destinationHigh, destinationLow)
    putMac(columns.sourceMac, row, sourceHigh, sourceLow)
  } else {
    frame.ethernets = Math.max(frame.ethernets, 2)
    frame.innerVlanId = -1
    frame.innerDestinationMacHigh = destinationHigh
    frame.innerDestinationMacLow = destinationLow
    frame.innerSourceMacHigh = sourceHigh
    frame.innerSourceMacLow = sourceLow
  }
  frame.size = 14
  return typeOrLength(frame, view.getUint16(at + 12))
}

/** Reads the 16 bits that are an EtherType from 0x600 on and a length below (IEEE 802.3 §3.2.6). */
function typeOrLength(frame: Frame, value: number): number {
  let etherType = value
  if (value <= 1500) {
    etherType = snapType(frame, frame.at + frame.size)
    if (etherType < 0) {
      storeEtherType(frame, value)
      return PARSER.none
    }
    frame.size += 8
  }
  storeEtherType(frame, etherType)
  return nextByEtherType(frame, etherType)
}

/** The EtherType in the LLC SNAP header at `at`, or -1 (RFC 1042; OUI 0000f8 is IEEE 802.1H's). */
function snapType(frame: Frame, at: number): number {
  const { view, to } = frame
  if (to - at < 8 || view.getUint16(at) !== 0xaaaa) return -1
  const oui = view.getUint32(at + 2) & 0xffffff
  return oui === 0 || oui === 0xf8 ? view.getUint16(at + 6) : -1
}

/** LLC without anything before it: the payload of a wireless frame. */
export function parseLlc(frame: Frame): number {
  const etherType = snapType(frame, frame.at)
  if (etherType < 0) return frame.cut()
  frame.size = 8
  storeEtherType(frame, etherType)
  return nextByEtherType(frame, etherType)
}

function storeEtherType(frame: Frame, etherType: number): void {
  if (frame.packets === 0) put(frame.columns.ethernetType, frame.row, etherType)
}

/** One 802.1Q tag. The innermost tag of the outer header is `dot1qTci`, as goflow2's vlan_id. */
export function parseDot1q(frame: Frame): number {
  const { at, to, view, batch, row } = frame
  if (to - at < 4) return frame.cut()
  const tci = view.getUint16(at)
  if (frame.ethernets > 1) {
    frame.innerVlanId = tci & 0xfff
  } else if (frame.packets === 0) {
    frame.tags++
    put(batch.fixed(F.dot1qTci), row, tci)
    put(batch.fixed(frame.tags === 1 ? F.dot1qVlanId : F.dot1qCustomerVlanId), row, tci & 0xfff)
  }
  frame.size = 4
  return typeOrLength(frame, view.getUint16(at + 2))
}

/**
 * An MPLS label stack, to the bottom. What follows has no type of its own: IP by its version, else a pseudo-wire's
 * Ethernet, with or without control word.
 */
export function parseMpls(frame: Frame): number {
  const { at, to, view, octets, row } = frame
  if (to - at < 4) return frame.cut()
  const isOuter = frame.packets === 0 && frame.ethernets < 2
  const labels = frame.batch.list(F.mplsLabelStack)
  const ttls = frame.batch.list(F.mplsLabelTtl)
  if (isOuter) {
    labels.lengths[row] = 0
    ttls.lengths[row] = 0
  }
  let next = at
  let isBottom = false
  while (!isBottom && to - next >= 4) {
    const entry = view.getUint32(next)
    next += 4
    isBottom = (entry & 0x100) !== 0
    if (isOuter) {
      appendWord(labels, row, entry >>> 8)
      appendWord(ttls, row, entry & 0xff)
    }
  }
  frame.size = next - at
  if (!isBottom || next === to) return PARSER.none
  const nibble = octets[next]! >> 4
  if (nibble === 4 && isIpv4(frame, next)) return afterMpls(frame, 0x0800)
  if (nibble === 6) return afterMpls(frame, 0x86dd)
  // RFC 4385 §3: a control word begins with a zero nibble, an associated channel header with 1.
  if (nibble === 0 && isEthernet(frame, next + 4)) {
    frame.size += 4
    return PARSER.ethernet
  }
  if (nibble !== 1 && isEthernet(frame, next)) return PARSER.ethernet
  return nibble === 4 ? afterMpls(frame, 0x0800) : PARSER.none
}

function afterMpls(frame: Frame, etherType: number): number {
  storeEtherType(frame, etherType)
  return nextByEtherType(frame, etherType)
}

/** Whether a MAC address that begins with a 4 is not the better reading of the octets. */
function isIpv4(frame: Frame, at: number): boolean {
  const { octets, view, to } = frame
  const headerLength = (octets[at]! & 15) * 4
  return headerLength >= 20 && (to - at < 4 || view.getUint16(at + 2) >= headerLength)
}

/** Whether the octets at `at` look like an Ethernet header: a type that we know stands where it should. */
function isEthernet(frame: Frame, at: number): boolean {
  const { view, to } = frame
  if (to - at < 14) return false
  switch (view.getUint16(at + 12)) {
    case 0x0800:
    case 0x0806:
    case 0x86dd:
    case 0x8100:
    case 0x88a8:
    case 0x9100:
    case 0x8847:
    case 0x8863:
    case 0x8864:
    case 0x88cc:
      return true
  }
  return snapType(frame, at + 14) >= 0
}

/** PPPoE session header and the PPP protocol behind it (RFC 2516 §4, §5.4). */
export function parsePppoe(frame: Frame): number {
  const { at, to } = frame
  if (to - at < 7) return frame.cut()
  const next = pppProtocol(frame, at + 6)
  frame.size = frame.size - at
  return next
}

/** PPP with or without address and control octets (RFC 1662 §3.1). */
export function parsePpp(frame: Frame): number {
  const { at, to, view } = frame
  if (to - at < 2) return frame.cut()
  const start = view.getUint16(at) === 0xff03 ? at + 2 : at
  if (start >= to) return frame.cut()
  const next = pppProtocol(frame, start)
  frame.size = frame.size - at
  return next
}

/** The parser for a PPP protocol field of one or two octets at `at`; leaves the offset behind it in `size`. */
function pppProtocol(frame: Frame, at: number): number {
  const { octets, view, to } = frame
  let protocol = octets[at]!
  frame.size = at + 1
  // RFC 1661 §2: an odd first octet is the compressed form.
  if ((protocol & 1) === 0 && to - at >= 2) {
    protocol = view.getUint16(at)
    frame.size = at + 2
  }
  switch (protocol) {
    case 0x21:
      return afterMpls(frame, 0x0800)
    case 0x57:
      return afterMpls(frame, 0x86dd)
    case 0x281:
    case 0x283:
      return afterMpls(frame, 0x8847)
  }
  return PARSER.none
}
