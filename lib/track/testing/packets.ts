import { ipv4, ipv6, join, mac, type Octets, u8, u16, u32, zeros } from '../../testing/datagrams.ts'

export interface PacketFacts {
  readonly from?: string
  readonly to?: string
  readonly ports?: readonly [number, number]
  readonly protocol?: number
  readonly payload?: Octets
  readonly vlans?: readonly number[]
  readonly flags?: number
  readonly fromMac?: string
  readonly toMac?: string
}

/** An Ethernet frame around `body`. */
export function frame(etherType: number, body: Octets, facts: PacketFacts = {}): Uint8Array {
  const tags = (facts.vlans ?? []).map((vlan) => join(u16(0x8100), u16(vlan)))
  const { fromMac = '02:00:00:00:00:01', toMac = '02:00:00:00:00:02' } = facts
  return join(mac(toMac), mac(fromMac), ...tags, u16(etherType), body)
}

/** An IP packet of either family around `body`. */
export function packet(
  protocol: number,
  body: Octets,
  facts: PacketFacts = {},
  fragment = 0,
  id = 1,
): Uint8Array {
  const { from = '10.0.0.1', to = '10.0.0.2' } = facts
  const octets = join(body)
  if (from.includes(':')) {
    return join(u32(0x6000_0000), u16(octets.length), u8(protocol), u8(64), ipv6(from), ipv6(to), octets)
  }
  return join(
    [0x45, 0],
    u16(20 + octets.length),
    u16(id),
    u16(fragment),
    u8(64),
    u8(protocol),
    u16(0),
    ipv4(from),
    ipv4(to),
    octets,
  )
}

/** A TCP segment or a UDP datagram in an IP packet in a frame. */
export function transport(facts: PacketFacts): Uint8Array {
  const { protocol = 17, ports = [1000, 53], payload = zeros(10), flags = 0x10 } = facts
  const body = protocol === 6 ? tcp(ports, payload, flags) : udp(ports, payload)
  const isIpv6 = facts.from?.includes(':') === true
  return frame(isIpv6 ? 0x86dd : 0x0800, packet(protocol, body, facts), facts)
}

export function udp(ports: readonly [number, number], payload: Octets): Uint8Array {
  const octets = join(payload)
  return join(u16(ports[0]), u16(ports[1]), u16(8 + octets.length), u16(0), octets)
}

function tcp(ports: readonly [number, number], payload: Octets, flags: number): Uint8Array {
  return join(u16(ports[0]), u16(ports[1]), zeros(8), [0x50, flags], zeros(6), payload)
}
