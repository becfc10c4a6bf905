/** Writes a 32-bit unsigned integer as a protobuf varint, low seven bits first. */
export function putVarint(out: Uint8Array, position: number, word: number): number {
  let rest = word >>> 0
  while (rest > 127) {
    out[position++] = (rest & 127) | 128
    rest >>>= 7
  }
  out[position++] = rest
  return position
}

/** The same for 64 bits in two words. */
export function putVarint64(out: Uint8Array, position: number, low: number, high: number): number {
  let lower = low >>> 0
  let upper = high >>> 0
  while (upper > 0) {
    out[position++] = (lower & 127) | 128
    lower = ((lower >>> 7) | (upper << 25)) >>> 0
    upper >>>= 7
  }
  return putVarint(out, position, lower)
}

/** Octets that `putVarint` writes. */
export function varintLength(word: number): number {
  const value = word >>> 0
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x20_0000) return 3
  return value < 0x1000_0000 ? 4 : 5
}
