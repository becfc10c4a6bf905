import { isIpv4, parseAddress } from '../bytes/address.ts'

/** Joins pieces of octets. */
export function concat(...pieces: Uint8Array[]): Uint8Array {
  return join(pieces)
}

/** Joins any number of pieces, more than a call can have arguments. */
export function join(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces))
}

/** One captured packet; `originalLength` is set where the capture cut it. */
export interface CapturedPacket {
  readonly timeNs: bigint
  readonly octets: Uint8Array
  readonly originalLength?: number
}

export interface PcapOptions {
  /** Link type; 1 (Ethernet) unless told. */
  readonly link?: number
  readonly littleEndian?: boolean
  readonly nanoseconds?: boolean
  readonly snapLength?: number
}

/** A classic capture file (draft-ietf-opsawg-pcap) of the packets. */
export function pcap(packets: readonly CapturedPacket[], options: PcapOptions = {}): Uint8Array {
  const little = options.littleEndian ?? true
  const head = new DataView(new ArrayBuffer(24))
  head.setUint32(0, options.nanoseconds === true ? 0xa1b23c4d : 0xa1b2c3d4, little)
  head.setUint16(4, 2, little)
  head.setUint16(6, 4, little)
  head.setUint32(16, options.snapLength ?? 65535, little)
  head.setUint32(20, options.link ?? 1, little)
  const pieces = [octetsOf(head)]
  for (const packet of packets) {
    const record = new DataView(new ArrayBuffer(16))
    const fraction = packet.timeNs % 1_000_000_000n
    record.setUint32(0, Number(packet.timeNs / 1_000_000_000n), little)
    record.setUint32(4, Number(options.nanoseconds === true ? fraction : fraction / 1000n), little)
    record.setUint32(8, packet.octets.length, little)
    record.setUint32(12, packet.originalLength ?? packet.octets.length, little)
    pieces.push(octetsOf(record), packet.octets)
  }
  return join(pieces)
}

/** An option of a pcapng block. */
export interface PcapngOption {
  readonly code: number
  readonly value: Uint8Array
}

/** Makes the blocks of one pcapng section (draft-ietf-opsawg-pcapng) in one byte order; join them with `concat`. */
export class PcapngSection {
  readonly #little: boolean

  constructor(littleEndian = true) {
    this.#little = littleEndian
  }

  /** Section Header Block, of unknown section length. */
  header(): Uint8Array {
    const body = new DataView(new ArrayBuffer(16))
    body.setUint32(0, 0x1a2b3c4d, this.#little)
    body.setUint16(4, 1, this.#little)
    body.setBigInt64(8, -1n, this.#little)
    return this.block(0x0a0d0d0a, octetsOf(body))
  }

  /** Interface Description Block; `resolution` is if_tsresol's octet, `offsetS` if_tsoffset. */
  interface(link: number, facts: { resolution?: number; offsetS?: bigint; snapLength?: number } = {}) {
    const body = new DataView(new ArrayBuffer(8))
    body.setUint16(0, link, this.#little)
    body.setUint32(4, facts.snapLength ?? 0, this.#little)
    const options: PcapngOption[] = []
    if (facts.resolution !== undefined) options.push({ code: 9, value: Uint8Array.of(facts.resolution) })
    if (facts.offsetS !== undefined) {
      const value = new DataView(new ArrayBuffer(8))
      value.setBigInt64(0, facts.offsetS, this.#little)
      options.push({ code: 14, value: octetsOf(value) })
    }
    return this.block(1, concat(octetsOf(body), this.options(options)))
  }

  /** Enhanced Packet Block; `ticks` are in the interface's resolution. */
  enhanced(number: number, ticks: bigint, octets: Uint8Array, originalLength = octets.length): Uint8Array {
    const body = new DataView(new ArrayBuffer(20))
    body.setUint32(0, number, this.#little)
    body.setUint32(4, Number(ticks >> 32n), this.#little)
    body.setUint32(8, Number(ticks & 0xffffffffn), this.#little)
    body.setUint32(12, octets.length, this.#little)
    body.setUint32(16, originalLength, this.#little)
    return this.block(6, concat(octetsOf(body), padded(octets)))
  }

  /** Simple Packet Block: no time, of the first interface. */
  simple(octets: Uint8Array, originalLength = octets.length): Uint8Array {
    const body = new DataView(new ArrayBuffer(4))
    body.setUint32(0, originalLength, this.#little)
    return this.block(3, concat(octetsOf(body), padded(octets)))
  }

  /** Packet Block, obsolete. */
  old(number: number, ticks: bigint, octets: Uint8Array): Uint8Array {
    const body = new DataView(new ArrayBuffer(20))
    body.setUint16(0, number, this.#little)
    body.setUint16(2, 0xffff, this.#little)
    body.setUint32(4, Number(ticks >> 32n), this.#little)
    body.setUint32(8, Number(ticks & 0xffffffffn), this.#little)
    body.setUint32(12, octets.length, this.#little)
    body.setUint32(16, octets.length, this.#little)
    return this.block(2, concat(octetsOf(body), padded(octets)))
  }

  /** A block of any type; `length` overrides the true total length in both places. */
  block(type: number, body: Uint8Array, length = 12 + padded(body).length): Uint8Array {
    const head = new DataView(new ArrayBuffer(8))
    head.setUint32(0, type, this.#little)
    head.setUint32(4, length, this.#little)
    const tail = new DataView(new ArrayBuffer(4))
    tail.setUint32(0, length, this.#little)
    return concat(octetsOf(head), padded(body), octetsOf(tail))
  }

  /** Options with their end mark; nothing where there are none. */
  options(options: readonly PcapngOption[]): Uint8Array {
    if (options.length === 0) return new Uint8Array(0)
    const pieces = options.map(({ code, value }) => {
      const head = new DataView(new ArrayBuffer(4))
      head.setUint16(0, code, this.#little)
      head.setUint16(2, value.length, this.#little)
      return concat(octetsOf(head), padded(value))
    })
    return concat(...pieces, new Uint8Array(4))
  }
}

/** One UDP datagram to be wrapped in headers. */
export interface UdpPacket {
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
  readonly payload: Uint8Array
}

/** The UDP header and payload, with no checksum. */
export function udp(packet: UdpPacket): Uint8Array {
  const head = new DataView(new ArrayBuffer(8))
  head.setUint16(0, packet.sourcePort)
  head.setUint16(2, packet.destinationPort)
  head.setUint16(4, 8 + packet.payload.length)
  return concat(octetsOf(head), packet.payload)
}

/** What an IP packet needs beside its addresses. `offset` counts octets, `more` says that fragments follow. */
export interface IpFacts {
  readonly protocol?: number
  readonly identification?: number
  readonly offset?: number
  readonly more?: boolean
  /** IPv4 options, a multiple of 4 octets; IPv6 extension headers are part of the body. */
  readonly options?: Uint8Array
}

/** An IP packet of the addresses' family around `body`; an IPv6 fragment gets its fragment header. */
export function ip(source: string, destination: string, body: Uint8Array, facts: IpFacts = {}): Uint8Array {
  const words = new Uint32Array(8)
  if (!parseAddress(source, words, 0) || !parseAddress(destination, words, 4)) throw new Error('bad address')
  const protocol = facts.protocol ?? 17
  const offset = facts.offset ?? 0
  const isFragment = offset > 0 || facts.more === true
  if (isIpv4(words, 0)) {
    const options = facts.options ?? new Uint8Array(0)
    const head = new DataView(new ArrayBuffer(20))
    head.setUint8(0, 0x45 + options.length / 4)
    head.setUint16(2, 20 + options.length + body.length)
    head.setUint16(4, facts.identification ?? 0)
    head.setUint16(6, offset / 8 + (facts.more === true ? 0x2000 : 0))
    head.setUint8(8, 64)
    head.setUint8(9, protocol)
    head.setUint32(12, words[3]!)
    head.setUint32(16, words[7]!)
    return concat(octetsOf(head), options, body)
  }
  let payload = body
  if (isFragment) {
    const fragment = new DataView(new ArrayBuffer(8))
    fragment.setUint8(0, protocol)
    fragment.setUint16(2, offset + (facts.more === true ? 1 : 0))
    fragment.setUint32(4, facts.identification ?? 0)
    payload = concat(octetsOf(fragment), body)
  }
  const head = new DataView(new ArrayBuffer(40))
  head.setUint8(0, 0x60)
  head.setUint16(4, payload.length)
  head.setUint8(6, isFragment ? 44 : protocol)
  head.setUint8(7, 64)
  for (let i = 0; i < 8; i++) head.setUint32(8 + i * 4, words[i]!)
  return concat(octetsOf(head), payload)
}

/** A UDP datagram in its IP packet. */
export function ipUdp(packet: UdpPacket): Uint8Array {
  return ip(packet.source, packet.destination, udp(packet))
}

/** An Ethernet frame around an IP packet, or of `type`; `tags` are the EtherTypes of VLAN tags, outermost first. */
export function ethernet(
  body: Uint8Array,
  facts: { type?: number; tags?: readonly number[] } = {},
): Uint8Array {
  const type = facts.type ?? (body[0]! >> 4 === 6 ? 0x86dd : 0x0800)
  const chain = [...(facts.tags ?? []), type]
  const head = new DataView(new ArrayBuffer(12 + 2 + 4 * (chain.length - 1)))
  let at = 12
  for (const [i, etherType] of chain.entries()) {
    head.setUint16(at, etherType)
    at += 2
    if (i === chain.length - 1) break
    head.setUint16(at, 100 + i)
    at += 2
  }
  return concat(octetsOf(head), body)
}

/** The IP packet cut into fragments of at most `octets` of payload each, a multiple of 8. */
export function fragments(packet: UdpPacket, octets: number, identification: number): Uint8Array[] {
  const whole = udp(packet)
  const pieces: Uint8Array[] = []
  for (let offset = 0; offset < whole.length; offset += octets) {
    const more = offset + octets < whole.length
    const body = whole.subarray(offset, offset + octets)
    pieces.push(ip(packet.source, packet.destination, body, { identification, offset, more }))
  }
  return pieces
}

function octetsOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer)
}

/** pcapng pads block bodies and option values to 32 bits. */
function padded(octets: Uint8Array): Uint8Array {
  return octets.length % 4 === 0 ? octets : concat(octets, new Uint8Array(4 - (octets.length % 4)))
}
