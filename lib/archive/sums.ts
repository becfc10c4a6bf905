/** Sum of 64-bit values given as words, low word first; exact for up to 2^20 rows. */
export function sumWide(words: Uint32Array, present: Uint8Array | null, count: number): bigint {
  let low = 0
  let high = 0
  if (present === null) {
    for (let i = 0; i < count * 2; i += 2) {
      low += words[i]!
      high += words[i + 1]!
    }
  } else {
    for (let i = 0; i < count; i++) {
      if (present[i] !== 1) continue
      low += words[i * 2]!
      high += words[i * 2 + 1]!
    }
  }
  return (BigInt(high) << 32n) + BigInt(low)
}
