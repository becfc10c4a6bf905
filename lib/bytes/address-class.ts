import { isIpv4, isUnspecified } from './address.ts'

// What kind an address is, as Go's net package and Elastic's named networks divide them. IPv4 is mapped.

const BROADCAST = 0xffffffff

/** Whether the address is in 127.0.0.0/8 or is ::1. */
export function isLoopback(words: Uint32Array, at: number): boolean {
  if (isIpv4(words, at)) return words[at + 3]! >>> 24 === 127
  return words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 1
}

/** Whether the address is 0.0.0.0 or ::. */
export function isAnyAddress(words: Uint32Array, at: number): boolean {
  return isIpv4(words, at) ? words[at + 3] === 0 : isUnspecified(words, at)
}

/** Whether the address is 255.255.255.255. */
export function isBroadcast(words: Uint32Array, at: number): boolean {
  return words[at + 3] === BROADCAST && isIpv4(words, at)
}

/** Whether the address is in 224.0.0.0/4 or ff00::/8. */
export function isMulticast(words: Uint32Array, at: number): boolean {
  return isIpv4(words, at) ? words[at + 3]! >>> 28 === 0xe : words[at]! >>> 24 === 0xff
}

/** Whether the address is in 169.254.0.0/16 or fe80::/10. */
export function isLinkLocalUnicast(words: Uint32Array, at: number): boolean {
  return isIpv4(words, at) ? words[at + 3]! >>> 16 === 0xa9fe : words[at]! >>> 22 === 0xfe80 >>> 6
}

/** Whether the address is in 224.0.0.0/24 or ffx2::/16. */
export function isLinkLocalMulticast(words: Uint32Array, at: number): boolean {
  return isIpv4(words, at)
    ? words[at + 3]! >>> 8 === 0xe00000
    : (words[at]! & 0xff0f0000) >>> 0 === 0xff020000
}

/** Whether the address is in ffx1::/16. */
export function isInterfaceLocalMulticast(words: Uint32Array, at: number): boolean {
  return (words[at]! & 0xff0f0000) >>> 0 === 0xff010000
}

/** Whether the address is in 10/8, 172.16/12, 192.168/16 (RFC 1918) or fd00::/8 (the assigned half of RFC 4193). */
export function isPrivate(words: Uint32Array, at: number): boolean {
  if (!isIpv4(words, at)) return words[at]! >>> 24 === 0xfd
  const word = words[at + 3]!
  return word >>> 24 === 10 || word >>> 20 === 0xac1 || word >>> 16 === 0xc0a8
}

/** Whether the address is unicast beyond its link: neither unspecified, loopback, broadcast, multicast nor link-local. */
export function isGlobalUnicast(words: Uint32Array, at: number): boolean {
  return !(
    isAnyAddress(words, at) ||
    isLoopback(words, at) ||
    isBroadcast(words, at) ||
    isMulticast(words, at) ||
    isLinkLocalUnicast(words, at)
  )
}

/** Whether the address means something only on this host or link: what Elastic counts as internal in any case. */
export function isHostOrLinkLocal(words: Uint32Array, at: number): boolean {
  return (
    isLoopback(words, at) ||
    isAnyAddress(words, at) ||
    isBroadcast(words, at) ||
    isLinkLocalUnicast(words, at) ||
    isLinkLocalMulticast(words, at) ||
    isInterfaceLocalMulticast(words, at)
  )
}
