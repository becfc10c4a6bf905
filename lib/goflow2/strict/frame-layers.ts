import type { FlowMessage } from './message.ts'

/** One layer's header: how goflow2 reads it, what mappings call it, and where it stands. */
export interface FrameParser {
  readonly name: string
  readonly keys: readonly string[]
  /** A layer of the same or a lower rank than the one around it makes a tunnel. */
  readonly rank: number
  /** Tags and fragment headers never make a tunnel. */
  readonly isTransparent: boolean
  /** `data` begins with the header and reaches to the frame's end. */
  parse(message: FlowMessage, data: Uint8Array, isEncapsulated: boolean, ports: PortParsers): ParsedLayer
}

/** What a header said: its size by goflow2's reckoning, what follows, and under which keys besides the parser's own. */
export interface ParsedLayer {
  readonly octets: number
  readonly next: FrameParser | null
  readonly keys: readonly string[]
}

/** Parsers by `udp-dst-4754` and the like. */
export type PortParsers = ReadonlyMap<string, FrameParser>

const TOO_SHORT: ParsedLayer = { octets: 0, next: null, keys: [] }

/** Values of the enum LayerStack. */
const STACK = {
  ethernet: 0,
  ipv4: 1,
  ipv6: 2,
  tcp: 3,
  udp: 4,
  mpls: 5,
  dot1q: 6,
  icmp: 7,
  icmp6: 8,
  gre: 9,
  ipv6Routing: 10,
  ipv6Fragment: 11,
  geneve: 12,
  teredo: 13,
}

export const ETHERNET: FrameParser = {
  name: 'ethernet',
  keys: ['ethernet', '2'],
  rank: 20,
  isTransparent: false,
  parse(message, data, isEncapsulated) {
    if (data.length < 14) return TOO_SHORT
    message.layerStack.push(STACK.ethernet)
    if (!isEncapsulated) {
      message.dstMac = mac(data, 0)
      message.srcMac = mac(data, 6)
      message.etype = u16(data, 12)
    }
    return byEtype(14, u16(data, 12))
  },
}

const DOT1Q: FrameParser = {
  name: 'dot1q',
  keys: ['dot1q'],
  rank: 25,
  isTransparent: true,
  parse(message, data, isEncapsulated) {
    if (data.length < 4) return TOO_SHORT
    message.layerStack.push(STACK.dot1q)
    if (!isEncapsulated) {
      // The whole tag, priority bits and all.
      message.vlanId = u16(data, 0)
      message.etype = u16(data, 2)
    }
    return byEtype(4, u16(data, 2))
  },
}

const MPLS: FrameParser = {
  name: 'mpls',
  keys: ['mpls'],
  rank: 25,
  isTransparent: true,
  parse(message, data, isEncapsulated) {
    if (data.length < 4) return TOO_SHORT
    message.layerStack.push(STACK.mpls)
    const labels: number[] = []
    const ttls: number[] = []
    let etype = 0
    let at = 0
    while (at + 4 <= data.length) {
      const label = u16(data, at) * 16 + (data[at + 2]! >> 4)
      const isBottom = (data[at + 2]! & 1) === 1
      labels.push(label)
      ttls.push(data[at + 3]!)
      at += 4
      // Reserved labels end the stack too.
      if (!isBottom && label > 15) continue
      const version = at < data.length ? data[at]! >> 4 : 0
      if (version === 4) etype = 0x0800
      if (version === 6) etype = 0x86dd
      break
    }
    if (!isEncapsulated) {
      if (etype !== 0) message.etype = etype
      message.mplsLabel = labels
      message.mplsTtl = ttls
    }
    return etype === 0 ? { octets: at, next: null, keys: [] } : byEtype(at, etype)
  },
}

const IPV4: FrameParser = {
  name: 'ipv4',
  keys: ['ipv4', 'ip', '3'],
  rank: 30,
  isTransparent: false,
  parse(message, data, isEncapsulated) {
    if (data.length < 20) return TOO_SHORT
    message.layerStack.push(STACK.ipv4)
    if (!isEncapsulated) {
      message.srcAddr = data.subarray(12, 16)
      message.dstAddr = data.subarray(16, 20)
      message.ipTos = data[1]!
      message.ipTtl = data[8]!
      message.fragmentId = u16(data, 4)
      message.fragmentOffset = u16(data, 6) & 8191
      message.ipFlags = data[6]! >> 5
      message.proto = data[9]!
    }
    // 20 octets, whatever the header says of options.
    return byProtocol(20, data[9]!)
  },
}

const IPV6: FrameParser = {
  name: 'ipv6',
  keys: ['ipv6', 'ip', '3'],
  rank: 30,
  isTransparent: false,
  parse(message, data, isEncapsulated) {
    if (data.length < 40) return TOO_SHORT
    message.layerStack.push(STACK.ipv6)
    if (!isEncapsulated) {
      message.srcAddr = data.subarray(8, 24)
      message.dstAddr = data.subarray(24, 40)
      message.ipTos = (u16(data, 0) & 0x0ff0) >> 4
      message.ipTtl = data[7]!
      message.ipv6FlowLabel = u32(data, 0) & 0xfffff
      message.proto = data[6]!
    }
    return byProtocol(40, data[6]!)
  },
}

const IPV6_ROUTING: FrameParser = {
  name: 'ipv6-route',
  keys: ['ipv6eh_routing', 'ipv6-route', 'ipv6eh'],
  rank: 35,
  isTransparent: false,
  parse(message, data, isEncapsulated) {
    if (data.length < 8) return TOO_SHORT
    const octets = 8 + 8 * data[1]!
    message.layerStack.push(STACK.ipv6Routing)
    if (!isEncapsulated) {
      message.ipv6RoutingHeaderSegLeft = data[3]!
      if (data[2] === 4) {
        // RFC 8754 §2: segments up to Last Entry.
        for (let entry = 0, at = 8; entry <= data[4]!; entry++, at += 16) {
          if (at >= octets || at + 16 > data.length) break
          message.ipv6RoutingHeaderAddresses.push(data.subarray(at, at + 16))
        }
      }
    }
    return byProtocol(octets, data[0]!)
  },
}

const IPV6_FRAGMENT: FrameParser = {
  name: 'ipv6-frag',
  keys: ['ipv6eh_fragment', 'ipv6-frag', 'ipv6eh'],
  rank: 35,
  isTransparent: true,
  parse(message, data, isEncapsulated) {
    if (data.length < 8) return TOO_SHORT
    message.layerStack.push(STACK.ipv6Fragment)
    if (!isEncapsulated) {
      message.fragmentId = u32(data, 4)
      message.fragmentOffset = u16(data, 2) >> 3
      message.ipFlags = data[3]! & 7
    }
    return byProtocol(8, data[0]!)
  },
}

const TCP: FrameParser = {
  name: 'tcp',
  keys: ['tcp', '4'],
  rank: 40,
  isTransparent: false,
  parse(message, data, isEncapsulated, ports) {
    if (data.length < 20) return TOO_SHORT
    message.layerStack.push(STACK.tcp)
    if (!isEncapsulated) {
      message.srcPort = u16(data, 0)
      message.dstPort = u16(data, 2)
      message.tcpFlags = data[13]!
    }
    // The size comes from the flags, where the data offset is in the octet before.
    return byPort(20 + (data[13]! >> 4) * 4, 'tcp', data, ports)
  },
}

const UDP: FrameParser = {
  name: 'udp',
  keys: ['udp', '4'],
  rank: 40,
  isTransparent: false,
  parse(message, data, isEncapsulated, ports) {
    if (data.length < 8) return TOO_SHORT
    message.layerStack.push(STACK.udp)
    if (!isEncapsulated) {
      message.srcPort = u16(data, 0)
      message.dstPort = u16(data, 2)
    }
    return byPort(8, 'udp', data, ports)
  },
}

/** goflow2 takes type and code only of a frame that begins with ICMP, which none does. */
function icmp(name: string, keys: readonly string[], stack: number): FrameParser {
  return {
    name,
    keys,
    rank: 70,
    isTransparent: false,
    parse(message, data) {
      if (data.length < 2) return TOO_SHORT
      message.layerStack.push(stack)
      return { octets: 8, next: null, keys: [] }
    },
  }
}

const ICMP = icmp('icmp', ['icmp'], STACK.icmp)
const ICMP6 = icmp('ipv6-icmp', ['icmpv6', 'ipv6-icmp'], STACK.icmp6)

const GRE: FrameParser = {
  name: 'gre',
  keys: ['gre'],
  rank: 40,
  isTransparent: false,
  parse(message, data) {
    if (data.length < 4) return TOO_SHORT
    message.layerStack.push(STACK.gre)
    return byEtype(4, u16(data, 2))
  },
}

const TEREDO: FrameParser = {
  name: 'teredo-dst',
  keys: ['teredo-dst', 'teredo'],
  rank: 40,
  isTransparent: false,
  parse(message) {
    message.layerStack.push(STACK.teredo)
    return { octets: 0, next: IPV6, keys: [] }
  },
}

const GENEVE: FrameParser = {
  name: 'geneve',
  keys: ['geneve'],
  rank: 40,
  isTransparent: false,
  parse(message, data) {
    if (data.length < 8) return TOO_SHORT
    message.layerStack.push(STACK.geneve)
    return byEtype((data[0]! & 0x3f) * 4 + 8, u16(data, 2))
  },
}

/** Every parser that `sflow.ports` can name. */
export const PARSERS: ReadonlyMap<string, FrameParser> = new Map(
  [
    ETHERNET,
    DOT1Q,
    MPLS,
    IPV4,
    IPV6,
    IPV6_ROUTING,
    IPV6_FRAGMENT,
    TCP,
    UDP,
    ICMP,
    ICMP6,
    GRE,
    TEREDO,
    GENEVE,
  ].map((parser) => [parser.name, parser]),
)

const BY_ETYPE: ReadonlyMap<number, FrameParser> = new Map([
  [0x199e, ETHERNET],
  [0x6558, ETHERNET],
  [0x8847, MPLS],
  [0x8100, DOT1Q],
  [0x0800, IPV4],
  [0x86dd, IPV6],
])

function byEtype(octets: number, etype: number): ParsedLayer {
  const keys = [`etype${etype}`, `etype0x${etype.toString(16).padStart(4, '0')}`]
  return { octets, next: BY_ETYPE.get(etype) ?? null, keys }
}

const BY_PROTOCOL: ReadonlyMap<number, FrameParser> = new Map([
  [1, ICMP],
  [4, IPV4],
  [6, TCP],
  [17, UDP],
  [41, IPV6],
  [43, IPV6_ROUTING],
  [44, IPV6_FRAGMENT],
  [47, GRE],
  [58, ICMP6],
])

function byProtocol(octets: number, protocol: number): ParsedLayer {
  return { octets, next: BY_PROTOCOL.get(protocol) ?? null, keys: [`proto${protocol}`] }
}

/** The destination port goes first. */
function byPort(octets: number, transport: string, data: Uint8Array, ports: PortParsers): ParsedLayer {
  if (ports.size === 0) return { octets, next: null, keys: [] }
  const source = u16(data, 0)
  const destination = u16(data, 2)
  const byDestination = ports.get(`${transport}-dst-${destination}`)
  if (byDestination !== undefined)
    return { octets, next: byDestination, keys: [`${transport}${destination}`] }
  const bySource = ports.get(`${transport}-src-${source}`)
  return { octets, next: bySource ?? null, keys: bySource === undefined ? [] : [`${transport}${source}`] }
}

function u16(data: Uint8Array, at: number): number {
  return data[at]! * 256 + data[at + 1]!
}

function u32(data: Uint8Array, at: number): number {
  return u16(data, at) * 65536 + u16(data, at + 2)
}

function mac(data: Uint8Array, at: number): bigint {
  return BigInt(u16(data, at) * 2 ** 32 + u32(data, at + 2))
}
