import { isIpv4 } from '../bytes/address.ts'
import { hashShortMessage, messageWords } from './sha1-block.ts'

// Community ID version 1, as Corelight's specification has it: `1:` and the base64 text of SHA-1 over seed, addresses,
// protocol, zero and ports, the lower end first.

const ICMP = 1
const TCP = 6
const UDP = 17
const IPV6_ICMP = 58
const SCTP = 132

/** ICMP types that ask and answer, both ways. */
const ICMP_PAIRS: readonly (readonly [number, number])[] = [
  [8, 0],
  [13, 14],
  [15, 16],
  [10, 9],
  [17, 18],
]
const IPV6_ICMP_PAIRS: readonly (readonly [number, number])[] = [
  [128, 129],
  [133, 134],
  [135, 136],
  [130, 131],
  [139, 140],
  [144, 145],
]

/** By type, the type at the other end, or -1. */
function counterparts(pairs: readonly (readonly [number, number])[], missing: number): Int16Array {
  const table = new Int16Array(256).fill(-1)
  for (const [a, b] of pairs) {
    table[a] = b
    table[b] = a
  }
  if (missing >= 0) table[missing] = -1
  return table
}

/**
 * Whose table of ICMP types: the specification's, or that of Elastic's Beats, which lacks the information reply (16) and
 * the multicast listener report (131), so that the two directions of these get different ids.
 */
export type CommunityIdForm = 'specified' | 'elastic'

/** Octets of an id: `1:`, 27 digits of base64 and `=`. */
export const COMMUNITY_ID_OCTETS = 30

const BASE64 = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1')

/** Makes Community IDs one after the other: `hash` computes, `put` and `text` give what was computed last. */
export class CommunityId {
  /** The last hash, for those who print it otherwise. */
  readonly digest = new Uint32Array(5)
  readonly #seed: number
  readonly #icmp: Int16Array
  readonly #ipv6Icmp: Int16Array
  readonly #octets = Buffer.alloc(COMMUNITY_ID_OCTETS)

  /** `seed` is 0 to 65535. */
  constructor(seed = 0, form: CommunityIdForm = 'specified') {
    this.#seed = seed & 0xffff
    this.#icmp = counterparts(ICMP_PAIRS, form === 'elastic' ? 16 : -1)
    this.#ipv6Icmp = counterparts(IPV6_ICMP_PAIRS, form === 'elastic' ? 131 : -1)
  }

  /**
   * Hashes one flow. Addresses are four words in network order, mapped ones count as IPv4. For ICMP and ICMPv6 the ports
   * are type and code as the source sent them; a flow whose type nobody told is best given that of an echo request (8, 128),
   * because then both of its directions get the same id. Protocols without ports ignore them.
   */
  hash(
    source: Uint32Array,
    sourceAt: number,
    destination: Uint32Array,
    destinationAt: number,
    protocol: number,
    sourcePort: number,
    destinationPort: number,
  ): void {
    let first = sourcePort
    let second = destinationPort
    let isOneWay = false
    if (protocol === ICMP || protocol === IPV6_ICMP) {
      const counterpart = (protocol === ICMP ? this.#icmp : this.#ipv6Icmp)[sourcePort & 255]!
      if (counterpart >= 0) second = counterpart
      else isOneWay = true
    }
    const order = isOneWay ? -1 : compareAddresses(source, sourceAt, destination, destinationAt)
    if (order < 0 || (order === 0 && first < second)) {
      this.#digest(source, sourceAt, destination, destinationAt, protocol, first, second)
    } else {
      const swapped = first
      first = second
      second = swapped
      this.#digest(destination, destinationAt, source, sourceAt, protocol, first, second)
    }
  }

  /** Writes the id of the last hash into `out` from `at` on, COMMUNITY_ID_OCTETS octets, and returns the end. */
  put(out: Uint8Array, at: number): number {
    const { digest } = this
    out[at] = 0x31
    out[at + 1] = 0x3a
    let to = at + 2
    // Twenty octets: six groups of three, and one of two.
    for (let from = 0; from < 18; from += 3) {
      const group = (octet(digest, from) << 16) | (octet(digest, from + 1) << 8) | octet(digest, from + 2)
      out[to] = BASE64[group >>> 18]!
      out[to + 1] = BASE64[(group >>> 12) & 63]!
      out[to + 2] = BASE64[(group >>> 6) & 63]!
      out[to + 3] = BASE64[group & 63]!
      to += 4
    }
    const last = (digest[4]! & 0xffff) << 2
    out[to] = BASE64[last >>> 12]!
    out[to + 1] = BASE64[(last >>> 6) & 63]!
    out[to + 2] = BASE64[last & 63]!
    out[to + 3] = 0x3d
    return to + 4
  }

  /** The id of the last hash. */
  text(): string {
    this.put(this.#octets, 0)
    return this.#octets.toString('latin1')
  }

  #digest(
    a: Uint32Array,
    aAt: number,
    b: Uint32Array,
    bAt: number,
    protocol: number,
    portA: number,
    portB: number,
  ): void {
    const w = messageWords
    // The seed's two octets come first, so every word that follows is cut in the middle.
    let carry = this.#seed
    let n = 0
    for (let i = isIpv4(a, aAt) ? 3 : 0; i < 4; i++) {
      const word = a[aAt + i]!
      w[n++] = (carry << 16) | (word >>> 16)
      carry = word & 0xffff
    }
    for (let i = isIpv4(b, bAt) ? 3 : 0; i < 4; i++) {
      const word = b[bAt + i]!
      w[n++] = (carry << 16) | (word >>> 16)
      carry = word & 0xffff
    }
    w[n++] = (carry << 16) | ((protocol & 255) << 8)
    if (hasPorts(protocol)) w[n++] = ((portA & 0xffff) << 16) | (portB & 0xffff)
    hashShortMessage(n, this.digest)
  }
}

function octet(words: Uint32Array, index: number): number {
  return (words[index >>> 2]! >>> (24 - (index & 3) * 8)) & 255
}

function hasPorts(protocol: number): boolean {
  return (
    protocol === TCP || protocol === UDP || protocol === ICMP || protocol === IPV6_ICMP || protocol === SCTP
  )
}

/** Order of two addresses as strings of 4 or 16 octets; below zero where `a` comes first. */
function compareAddresses(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number): number {
  const aIs4 = isIpv4(a, aAt)
  const bIs4 = isIpv4(b, bAt)
  if (aIs4 !== bIs4) {
    // One side lacks its address, or a record mixed both families: the shorter comes first where it begins the longer.
    const x = a[aIs4 ? aAt + 3 : aAt]!
    const y = b[bIs4 ? bAt + 3 : bAt]!
    return x === y ? (aIs4 ? -1 : 1) : x - y
  }
  for (let i = aIs4 ? 3 : 0; i < 4; i++) {
    const difference = a[aAt + i]! - b[bAt + i]!
    if (difference !== 0) return difference
  }
  return 0
}
