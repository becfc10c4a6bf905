import { isIpv4 } from '../bytes/address.ts'

const IPV6_ICMP = 58

/**
 * The ICMP or ICMPv6 type that stands for one that nobody told: an echo request from the lower address, a reply to it from
 * the higher one, so that the two directions of a flow get one Community ID.
 */
export function echoType(
  words: Uint32Array,
  sourceAt: number,
  destinationAt: number,
  protocol: number,
): number {
  let isLower = true
  for (let i = isIpv4(words, sourceAt) ? 3 : 0; i < 4; i++) {
    const a = words[sourceAt + i]!
    const b = words[destinationAt + i]!
    if (a === b) continue
    isLower = a < b
    break
  }
  if (protocol === IPV6_ICMP) return isLower ? 128 : 129
  return isLower ? 8 : 0
}
