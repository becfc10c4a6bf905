import { networkInterfaces } from 'node:os'
import { formatAddress, isIpv4, parseAddress } from '../bytes/address.ts'

export const AF_INET = 2
export const AF_INET6 = 10
/** Room for either family's socket address: sockaddr_in has 16 octets, sockaddr_in6 28. */
export const SOCKET_ADDRESS_OCTETS = 32

/** An address to bind or send to: a family, and the structure that the kernel takes. */
export interface SocketAddress {
  readonly family: number
  readonly octets: Uint8Array
  /** Octets of the structure. */
  readonly length: number
}

/**
 * The structure for a literal address and port, an IPv6 zone (`fe80::1%eth0`) included, or null where the text is no
 * address or the zone is no interface.
 */
export function socketAddress(host: string, port: number): SocketAddress | null {
  const [literal, zone] = host.split('%', 2)
  const words = new Uint32Array(4)
  if (!parseAddress(literal!, words)) return null
  const octets = new Uint8Array(SOCKET_ADDRESS_OCTETS)
  const view = new DataView(octets.buffer)
  view.setUint16(2, port)
  if (isIpv4(words, 0) && !literal!.includes(':')) {
    view.setUint16(0, AF_INET, true)
    view.setUint32(4, words[3]!)
    return { family: AF_INET, octets, length: 16 }
  }
  view.setUint16(0, AF_INET6, true)
  for (let i = 0; i < 4; i++) view.setUint32(8 + i * 4, words[i]!)
  if (zone !== undefined) {
    const scope = scopeOf(zone)
    if (scope < 0) return null
    view.setUint32(24, scope, true)
  }
  return { family: AF_INET6, octets, length: 28 }
}

/** Writes the address at `at` into four words, IPv4 mapped, and returns the port. */
export function readSocketAddress(view: DataView, at: number, words: Uint32Array): number {
  if (view.getUint16(at, true) === AF_INET) {
    words[0] = 0
    words[1] = 0
    words[2] = 0xffff
    words[3] = view.getUint32(at + 4)
  } else {
    words[0] = view.getUint32(at + 8)
    words[1] = view.getUint32(at + 12)
    words[2] = view.getUint32(at + 16)
    words[3] = view.getUint32(at + 20)
  }
  return view.getUint16(at + 2)
}

/** Text of the address at `at`, without its port. */
export function formatSocketAddress(view: DataView, at: number): string {
  const words = new Uint32Array(4)
  readSocketAddress(view, at, words)
  return formatAddress(words, 0)
}

/** The number of an interface, given by itself or by name; -1 where there is none of that name. */
function scopeOf(zone: string): number {
  if (/^\d{1,9}$/.test(zone)) return Number(zone)
  for (const address of networkInterfaces()[zone] ?? []) {
    if (address.family === 'IPv6' && address.scopeid !== undefined) return address.scopeid
  }
  return -1
}
