const schedule = new Int32Array(80)

/** Where the next message's first sixteen words go. */
export const messageWords: Int32Array = schedule.subarray(0, 16)

/**
 * SHA-1 (RFC 3174 §6.1) of a message of at most 55 octets: `messageWords` holds its `words` whole words, and is padded
 * here. The digest's five words go to `digest`; nothing is allocated.
 */
export function hashShortMessage(words: number, digest: Uint32Array): void {
  const w = schedule
  // RFC 3174 §4: one bit, zeros, and the length in bits.
  w[words] = 0x80000000 | 0
  for (let i = words + 1; i < 15; i++) w[i] = 0
  w[15] = words * 32
  for (let i = 16; i < 80; i++) {
    const x = w[i - 3]! ^ w[i - 8]! ^ w[i - 14]! ^ w[i - 16]!
    w[i] = (x << 1) | (x >>> 31)
  }
  let a = 0x67452301
  let b = 0xefcdab89 | 0
  let c = 0x98badcfe | 0
  let d = 0x10325476
  let e = 0xc3d2e1f0 | 0
  let i = 0
  for (; i < 20; i++) {
    const next = (((a << 5) | (a >>> 27)) + (d ^ (b & (c ^ d))) + e + 0x5a827999 + w[i]!) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  for (; i < 40; i++) {
    const next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + 0x6ed9eba1 + w[i]!) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  for (; i < 60; i++) {
    const next = (((a << 5) | (a >>> 27)) + ((b & c) | (d & (b | c))) + e + (0x8f1bbcdc | 0) + w[i]!) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  for (; i < 80; i++) {
    const next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + (0xca62c1d6 | 0) + w[i]!) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  digest[0] = a + 0x67452301
  digest[1] = b + 0xefcdab89
  digest[2] = c + 0x98badcfe
  digest[3] = d + 0x10325476
  digest[4] = e + 0xc3d2e1f0
}
