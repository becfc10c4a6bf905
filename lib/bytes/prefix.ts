import { formatIpv4, formatIpv6, isIpv4, type Network } from './address.ts'

/** The upper `bits` bits of a word; none for less than 1, all for 32 and more. */
export function wordMask(bits: number): number {
  if (bits <= 0) return 0
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0
}

const masked = new Uint32Array(4)

/**
 * The prefix that holds the address at `at`, as text: `ipv4Bits` of IPv4 (mapped), `ipv6Bits` of IPv6. An address of one
 * family never falls into a prefix of the other.
 */
export function prefixText(words: Uint32Array, at: number, ipv4Bits: number, ipv6Bits: number): string {
  if (isIpv4(words, at)) return `${formatIpv4((words[at + 3]! & wordMask(ipv4Bits)) >>> 0)}/${ipv4Bits}`
  for (let i = 0; i < 4; i++) masked[i] = words[at + i]! & wordMask(ipv6Bits - i * 32)
  return `${formatIpv6(masked, 0)}/${ipv6Bits}`
}

/** Text of a network with its host bits cleared: `10.0.0.0/8`, `2001:db8::/32`. */
export function networkText(network: Network): string {
  const { words, bits } = network
  const isV4 = bits >= 96 && isIpv4(words, 0)
  return prefixText(words, 0, isV4 ? bits - 96 : 32, bits)
}
