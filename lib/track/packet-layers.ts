import { Fragments, type Whole } from './fragments.ts'
import { MOST_STEPS, PacketKey } from './packet-key.ts'

// Link types of captures (draft-ietf-opsawg-pcaplinktype) and how raw IP is called by BSDs.
const LINK = {
  null: 0,
  ethernet: 1,
  rawBsd: 12,
  rawOpenBsd: 14,
  raw: 101,
  loop: 108,
  linuxSll: 113,
  ipv4: 228,
  ipv6: 229,
  linuxSll2: 276,
}
const ETHER_TYPE = { ipv4: 0x0800, ipv6: 0x86dd, vlan: 0x8100, serviceVlan: 0x88a8, oldServiceVlan: 0x9100 }
const PROTOCOL = {
  hopByHop: 0,
  icmp: 1,
  ipip: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  routing: 43,
  fragment: 44,
  icmpv6: 58,
  none: 59,
  options: 60,
}

/** What the headers of one packet say beside its key. One object is reused for all packets. */
export class PacketLayers {
  readonly key = new PacketKey()
  /** 1, or the fragments that were held back, once the last of them has come; and that packet's octets on the wire. */
  packets = 0
  wireOctets = 0
  /** Octets of the outermost IP packet, and of the fragments that it came in; of other frames those on the wire. */
  ipOctets = 0
  /** Of the innermost header that was read; -1 where there is none. */
  protocol = -1
  /** type * 256 + code, -1 where it is no ICMP. */
  icmpTypeCode = -1
  tcpFlags = 0
  /** Of the outermost IP header; -1 where there is none. */
  classOfService = -1
  timeToLive = -1
  etherType = -1
  readonly fragments = new Fragments()
  readonly #isMacKey: boolean
  #octets: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(this.#octets.buffer)

  /** `isMacKey` is false where MACs shall not tell flows apart (Packetbeat's allow_mismatched_eth). */
  constructor(isMacKey: boolean) {
    this.#isMacKey = isMacKey
  }

  /**
   * Reads the headers of the packet `[from, to)`, which had `wireOctets` on the wire; false where it belongs to no flow:
   * its link type is unknown, nothing could be read, or it waits for the rest of its fragments. Reads no octet beyond.
   */
  read(
    octets: Uint8Array,
    view: DataView,
    link: number,
    from: number,
    to: number,
    wireOctets: number,
    nowMs: number,
  ): boolean {
    this.#octets = octets
    this.#view = view
    this.key.reset()
    this.packets = 1
    this.wireOctets = wireOctets
    this.ipOctets = wireOctets
    this.protocol = -1
    this.icmpTypeCode = -1
    this.tcpFlags = 0
    this.classOfService = -1
    this.timeToLive = -1
    this.etherType = -1
    const isWhole = this.#readLink(link, from, to, nowMs)
    return isWhole && this.key.length > 0
  }

  #readLink(link: number, from: number, to: number, nowMs: number): boolean {
    const view = this.#view
    switch (link) {
      case LINK.ethernet:
        if (to - from < 14) return false
        if (this.#isMacKey) this.key.addEthernet(view, from)
        return this.#readEtherType(view.getUint16(from + 12), from + 14, to, nowMs)
      case LINK.linuxSll:
        return to - from < 16 ? false : this.#readEtherType(view.getUint16(from + 14), from + 16, to, nowMs)
      case LINK.linuxSll2:
        return to - from < 20 ? false : this.#readEtherType(view.getUint16(from), from + 20, to, nowMs)
      case LINK.null:
      case LINK.loop: {
        if (to - from < 5) return false
        return this.#readIp(from + 4, to, nowMs)
      }
      case LINK.raw:
      case LINK.rawBsd:
      case LINK.rawOpenBsd:
      case LINK.ipv4:
      case LINK.ipv6:
        return this.#readIp(from, to, nowMs)
      default:
        return false
    }
  }

  #readIp(from: number, to: number, nowMs: number): boolean {
    if (from >= to) return false
    const version = this.#octets[from]! >>> 4
    if (version === 4) return this.#readIpv4(from, to, nowMs)
    return version === 6 ? this.#readIpv6(from, to, nowMs) : false
  }

  /** Returns false only for fragments: what is malformed ends the key, and the packet counts for what was read. */
  #readEtherType(type: number, from: number, to: number, nowMs: number): boolean {
    let etherType = type
    let at = from
    while (
      etherType === ETHER_TYPE.vlan ||
      etherType === ETHER_TYPE.serviceVlan ||
      etherType === ETHER_TYPE.oldServiceVlan
    ) {
      if (to - at < 4 || this.key.steps >= MOST_STEPS) return true
      this.key.addVlan(this.#view.getUint16(at) & 0x0fff)
      etherType = this.#view.getUint16(at + 2)
      at += 4
    }
    this.etherType = etherType
    if (etherType === ETHER_TYPE.ipv4) return this.#readIpv4(at, to, nowMs)
    return etherType === ETHER_TYPE.ipv6 ? this.#readIpv6(at, to, nowMs) : true
  }

  #readIpv4(from: number, to: number, nowMs: number): boolean {
    const octets = this.#octets
    const view = this.#view
    const { key } = this
    if (to - from < 20 || octets[from]! >>> 4 !== 4 || key.steps >= MOST_STEPS) return true
    const headerOctets = (octets[from]! & 15) * 4
    // RFC 791 §3.1; a length of 0 is left by segmentation offload.
    const totalOctets = view.getUint16(from + 2)
    if (headerOctets < 20 || (totalOctets !== 0 && totalOctets < headerOctets) || from + headerOctets > to)
      return true
    const end = totalOctets === 0 ? to : Math.min(to, from + totalOctets)
    key.addIpv4(view, from + 12)
    this.#noteIp(octets[from + 1]!, octets[from + 8]!, ETHER_TYPE.ipv4, totalOctets || to - from)
    const protocol = octets[from + 9]!
    this.protocol = protocol
    const fragment = view.getUint16(from + 6)
    const at = from + headerOctets
    if ((fragment & 0x3fff) === 0) return this.#readPayload(protocol, at, end, nowMs)
    const isCut = totalOctets !== 0 && from + totalOctets > to
    const whole = this.fragments.add(
      octets,
      { from: from + 12, addressOctets: 8, id: view.getUint16(from + 4), protocol },
      { from: at, to: end, offset: (fragment & 0x1fff) * 8, hasMore: (fragment & 0x2000) !== 0, isCut },
      this,
      nowMs,
    )
    return this.#readWhole(protocol, whole, nowMs)
  }

  #readIpv6(from: number, to: number, nowMs: number): boolean {
    const octets = this.#octets
    const view = this.#view
    const { key } = this
    if (to - from < 40 || octets[from]! >>> 4 !== 6 || key.steps >= MOST_STEPS) return true
    const payloadOctets = view.getUint16(from + 4)
    let protocol = octets[from + 6]!
    // RFC 8200 §3; 0 stands for a jumbogram (RFC 2675), which a hop-by-hop option describes.
    if (payloadOctets === 0 && protocol !== PROTOCOL.hopByHop) return true
    const end = payloadOctets === 0 ? to : Math.min(to, from + 40 + payloadOctets)
    key.addIpv6(view, from + 8)
    this.#noteIp(
      ((octets[from]! & 15) << 4) | (octets[from + 1]! >>> 4),
      octets[from + 7]!,
      ETHER_TYPE.ipv6,
      payloadOctets === 0 ? to - from : payloadOctets + 40,
    )
    let at = from + 40
    while (protocol === PROTOCOL.hopByHop || protocol === PROTOCOL.routing || protocol === PROTOCOL.options) {
      if (end - at < 8) {
        this.protocol = protocol
        return true
      }
      protocol = octets[at]!
      at += octets[at + 1]! * 8 + 8
    }
    this.protocol = protocol
    if (protocol !== PROTOCOL.fragment) return this.#readPayload(protocol, at, end, nowMs)
    if (end - at < 8) return true
    // RFC 8200 §4.5.
    const next = octets[at]!
    const fragment = view.getUint16(at + 2)
    this.protocol = next
    if ((fragment & 0xfff9) === 0) return this.#readPayload(next, at + 8, end, nowMs)
    const isCut = payloadOctets !== 0 && from + 40 + payloadOctets > to
    const whole = this.fragments.add(
      octets,
      { from: from + 8, addressOctets: 32, id: view.getUint32(at + 4), protocol: next },
      { from: at + 8, to: end, offset: fragment & 0xfff8, hasMore: (fragment & 1) === 1, isCut },
      this,
      nowMs,
    )
    return this.#readWhole(next, whole, nowMs)
  }

  /** Goes on with what fragments were put together to; none of them counts before all are there. */
  #readWhole(protocol: number, whole: Whole | null, nowMs: number): boolean {
    if (whole === null) return false
    this.packets = whole.packets
    this.ipOctets = whole.ipOctets
    this.#octets = whole.octets
    this.#view = new DataView(whole.octets.buffer, whole.octets.byteOffset, whole.octets.byteLength)
    return this.#readPayload(protocol, 0, whole.octets.length, nowMs)
  }

  #noteIp(classOfService: number, timeToLive: number, etherType: number, ipOctets: number): void {
    if (this.classOfService >= 0) return
    this.ipOctets = ipOctets
    this.classOfService = classOfService
    this.timeToLive = timeToLive
    this.etherType = etherType
  }

  #readPayload(protocol: number, from: number, to: number, nowMs: number): boolean {
    const octets = this.#octets
    switch (protocol) {
      case PROTOCOL.tcp: {
        // RFC 9293 §3.1: a header of at least five words.
        const headerOctets = to - from >= 20 ? (octets[from + 12]! >>> 4) * 4 : 0
        if (headerOctets < 20 || this.key.steps >= MOST_STEPS) return true
        this.key.addPorts(true, this.#view, from)
        this.tcpFlags = ((octets[from + 12]! & 1) << 8) | octets[from + 13]!
        return true
      }
      case PROTOCOL.udp: {
        if (to - from < 8 || this.key.steps >= MOST_STEPS) return true
        const length = this.#view.getUint16(from + 4)
        // RFC 768: the length covers the header; 0 stands for a jumbogram (RFC 2675 §4).
        if (length === 0 || length >= 8) this.key.addPorts(false, this.#view, from)
        return true
      }
      case PROTOCOL.icmp:
        if (to - from >= 8) this.icmpTypeCode = this.#view.getUint16(from)
        return true
      case PROTOCOL.icmpv6:
        if (to - from >= 4) this.icmpTypeCode = this.#view.getUint16(from)
        return true
      case PROTOCOL.ipip:
        return this.#readIpv4(from, to, nowMs)
      case PROTOCOL.ipv6:
        return this.#readIpv6(from, to, nowMs)
      default:
        return true
    }
  }
}
