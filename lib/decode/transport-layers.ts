import { F } from '../flow/fields.ts'
import { type Frame, PARSER, put, VIA } from './frame.ts'
import type { FramePorts } from './frame-captures.ts'
import { nextByEtherType } from './link-layers.ts'

/** Ports lie in the first four octets of TCP, UDP and SCTP; a header cut behind them still gives them. */
function storePorts(frame: Frame, source: number, destination: number): void {
  if (frame.packets < 2) {
    put(frame.columns.sourcePort, frame.row, source)
    put(frame.columns.destinationPort, frame.row, destination)
  } else {
    frame.innerSourcePort = source
    frame.innerDestinationPort = destination
  }
}

/** TCP with its options. */
export function parseTcp(frame: Frame, ports: FramePorts): number {
  const { at, to, view } = frame
  if (to - at < 4) return frame.cut()
  const words = view.getUint32(at)
  storePorts(frame, words >>> 16, words & 0xffff)
  if (to - at < 14) return frame.cut()
  const bits = view.getUint16(at + 12)
  // RFC 9565 §3: the data offset is no part of the flags.
  if (frame.packets < 2) put(frame.columns.tcpControlBits, frame.row, bits & 0xfff)
  else frame.innerTcpControlBits = bits & 0xfff
  if (to - at < 20) return frame.cut()
  const headerLength = (bits >>> 12) * 4
  frame.size = Math.max(headerLength, 20)
  return ports.isEmpty ? PARSER.none : ports.next(frame, VIA.tcpPort, words >>> 16, words & 0xffff)
}

/** UDP, and the tunnels that are known by its ports. */
export function parseUdp(frame: Frame, ports: FramePorts): number {
  const { at, to, view } = frame
  if (to - at < 4) return frame.cut()
  const words = view.getUint32(at)
  const source = words >>> 16
  const destination = words & 0xffff
  storePorts(frame, source, destination)
  if (to - at < 8) return frame.cut()
  frame.size = 8
  if (!ports.isEmpty) {
    const next = ports.next(frame, VIA.udpPort, source, destination)
    if (next !== PARSER.none) return next
  }
  frame.via = VIA.nothing
  if (destination === 4789) return isVxlan(frame) ? PARSER.vxlan : PARSER.none
  if (destination === 6081) return isGeneve(frame) ? PARSER.geneve : PARSER.none
  if (destination === 3544 || source === 3544) return isTeredo(frame) ? PARSER.teredo : PARSER.none
  return PARSER.none
}

// The payload must look right too: a port of a tunnel can be a client's port by chance.

/** RFC 7348 §5: the I flag must be set. */
function isVxlan(frame: Frame): boolean {
  const { at, to, octets } = frame
  return to - at >= 16 && (octets[at + 8]! & 0x08) !== 0
}

/** RFC 8926 §3.4: version 0; the options do not fill the payload. */
function isGeneve(frame: Frame): boolean {
  const { at, to, octets } = frame
  return to - at >= 16 && octets[at + 8]! >> 6 === 0
}

/** RFC 4380 §5.1.1: an IPv6 packet, perhaps with authentication or origin indication before it. */
function isTeredo(frame: Frame): boolean {
  const at = frame.at + 8 + teredoSize(frame, frame.at + 8)
  return at < frame.to && frame.octets[at]! >> 4 === 6
}

function teredoSize(frame: Frame, start: number): number {
  const { octets, view, to } = frame
  let at = start
  if (to - at >= 13 && view.getUint16(at) === 1) at += 13 + octets[at + 2]! + octets[at + 3]!
  if (to - at >= 8 && view.getUint16(at) === 0) at += 8
  return at - start
}

export function parseTeredo(frame: Frame): number {
  frame.size = teredoSize(frame, frame.at)
  return PARSER.ipv6
}

/** SCTP's common header (RFC 9260 §3.1). */
export function parseSctp(frame: Frame): number {
  const { at, to, view } = frame
  if (to - at < 4) return frame.cut()
  const words = view.getUint32(at)
  storePorts(frame, words >>> 16, words & 0xffff)
  if (to - at < 12) return frame.cut()
  frame.size = 12
  return PARSER.none
}

/** ICMP of either family: type and code; the rest is not looked at. */
export function parseIcmp(frame: Frame): number {
  const { at, to, view } = frame
  if (to - at < 2) return frame.cut()
  const typeCode = view.getUint16(at)
  if (frame.packets < 2) put(frame.batch.fixed(F.icmpTypeCode), frame.row, typeCode)
  else frame.innerIcmpTypeCode = typeCode
  frame.size = 8
  return PARSER.none
}

/** GRE: checksum, key and sequence number by its flags (RFC 2784 §2, RFC 2890 §2, RFC 2637 §4.1). */
export function parseGre(frame: Frame): number {
  const { at, to, view, batch, row } = frame
  if (to - at < 4) return frame.cut()
  const flags = view.getUint16(at)
  const etherType = view.getUint16(at + 2)
  let size = (flags & 0x8000) !== 0 ? 8 : 4
  if ((flags & 0x2000) !== 0) {
    if (to - at >= size + 4) put(batch.fixed(F.tunnelId), row, view.getUint32(at + size))
    size += 4
  }
  if ((flags & 0x1000) !== 0) size += 4
  if ((flags & 7) === 1 && (flags & 0x80) !== 0) size += 4
  frame.size = size
  // RFC 1701's source routes have no length that we could skip.
  if ((flags & 0x4000) !== 0) return PARSER.none
  const next = nextByEtherType(frame, etherType)
  // ERSPAN's type II header is there if the sequence number is.
  if (next === PARSER.erspan && (flags & 0x1000) === 0) return PARSER.ethernet
  return next
}

export function parseErspan(frame: Frame): number {
  if (frame.to - frame.at < 8) return frame.cut()
  frame.size = 8
  return PARSER.ethernet
}

/** VXLAN (RFC 7348 §5). */
export function parseVxlan(frame: Frame): number {
  const { at, to, view, batch, row } = frame
  if (to - at < 8) return frame.cut()
  put(batch.fixed(F.tunnelId), row, view.getUint32(at + 4) >>> 8)
  frame.size = 8
  return PARSER.ethernet
}

/** Geneve with its options (RFC 8926 §3.4). */
export function parseGeneve(frame: Frame): number {
  const { at, to, octets, view, batch, row } = frame
  if (to - at < 8) return frame.cut()
  put(batch.fixed(F.tunnelId), row, view.getUint32(at + 4) >>> 8)
  frame.size = (octets[at]! & 0x3f) * 4 + 8
  return nextByEtherType(frame, view.getUint16(at + 2))
}
