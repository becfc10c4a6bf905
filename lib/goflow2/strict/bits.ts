const NONE = new Uint8Array(0)

/**
 * Takes `length` bits at bit `offset` as goflow2 does: most significant first, zeros beyond the end, and of a length
 * that is no multiple of 8 only the last octet is shifted to the right. null where goflow2 would panic.
 */
export function takeBits(octets: Uint8Array, offset: number, length: number): Uint8Array | null {
  if (octets.length * 8 < offset || length === 0) return NONE
  if (offset < 0 || length < 0) return null
  const shift = offset % 8
  const rest = length % 8
  const start = Math.floor(offset / 8)
  const end = Math.ceil((offset + length) / 8)
  const used = octets.subarray(start, Math.min(end, octets.length))
  const count = Math.ceil(length / 8)
  if (shift === 0 && rest === 0 && end <= octets.length) return used
  // A mapping may ask for any number of bits; a datagram never has more than these.
  if (count > 65_536) return null
  const taken = new Uint8Array(count)
  for (let i = 0; i < count && i < used.length; i++) {
    taken[i] = (used[i]! << shift) | ((used[i + 1] ?? 0) >> (8 - shift))
  }
  if (rest > 0) taken[count - 1] = taken[count - 1]! >> (8 - rest)
  return taken
}
