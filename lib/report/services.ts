import type { NumberValues } from '../flow/batch.ts'
import { F } from '../flow/fields.ts'
import type { BlockRows, NumberColumn } from './block-rows.ts'

// Services: a protocol with the port that its server listens on, taken to be the lower one.

/** Ports of the source and of the destination. */
export const PORTS = [F.sourceTransportPort, F.destinationTransportPort] as const
/** Protocols with ports: TCP, UDP, DCCP, SCTP, UDP-Lite. */
const WITH_PORTS = [6, 17, 33, 132, 136]
const PROTOCOL_NAMES = new Map([
  [1, 'icmp'],
  [2, 'igmp'],
  [4, 'ipip'],
  [6, 'tcp'],
  [17, 'udp'],
  [33, 'dccp'],
  [41, 'ipv6'],
  [47, 'gre'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'icmp6'],
  [89, 'ospf'],
  [103, 'pim'],
  [112, 'vrrp'],
  [132, 'sctp'],
  [136, 'udplite'],
])

/** The lower port of each row, 0 where its protocol has none or the row lacks both. */
export function servicePorts(rows: BlockRows, protocols: NumberValues): Uint16Array {
  const out = new Uint16Array(rows.rows)
  const hasPorts = new Uint8Array(256)
  for (const protocol of WITH_PORTS) hasPorts[protocol] = 1
  const [a, b] = PORTS.map((field) => rows.numbers(field)) as [NumberColumn | null, NumberColumn | null]
  for (let row = 0; row < out.length; row++) {
    if (hasPorts[protocols[row]!] === 0) continue
    const hasA = a !== null && (a.present === null || a.present[row] === 1)
    const hasB = b !== null && (b.present === null || b.present[row] === 1)
    const from = hasA ? a.values[row]! : 0xffff
    const to = hasB ? b.values[row]! : 0xffff
    out[row] = hasA || hasB ? Math.min(from, to) : 0
  }
  return out
}

/** How a service is printed: `443/tcp`, or the protocol alone where it has no ports. */
export function serviceText(protocol: number, port: number): string {
  const name = PROTOCOL_NAMES.get(protocol) ?? String(protocol)
  return WITH_PORTS.includes(protocol) ? `${port}/${name}` : name
}
