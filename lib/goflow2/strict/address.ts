import { formatIpv4, formatIpv6 } from '../../bytes/address.ts'

/** Octets that print as an address in goflow2's JSON. */
export class Address {
  readonly octets: Uint8Array

  constructor(octets: Uint8Array) {
    this.octets = octets
  }
}

const words = new Uint32Array(4)

/** Text of 4 or 16 octets; mapped addresses stay as they are; empty for any other length. */
export function addressText(octets: Uint8Array): string {
  if (octets.length === 4) return formatIpv4(word(octets, 0))
  if (octets.length !== 16) return ''
  for (let i = 0; i < 4; i++) words[i] = word(octets, i * 4)
  return formatIpv6(words, 0)
}

/** Text of the network of `bits` leading bits of an address, in the words of Go's netip. */
export function networkText(octets: Uint8Array, bits: number): string {
  if ((octets.length !== 4 && octets.length !== 16) || bits > octets.length * 8) return 'invalid Prefix'
  if (octets.length === 4) {
    const mask = bits === 0 ? 0 : -1 << (32 - bits)
    return `${formatIpv4((word(octets, 0) & mask) >>> 0)}/${bits}`
  }
  const masked = octets.map((octet, i) => octet & (0xff00 >> Math.min(8, Math.max(0, bits - i * 8))))
  return `${addressText(masked)}/${bits}`
}

function word(octets: Uint8Array, at: number): number {
  return octets[at]! * 16777216 + ((octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!)
}
