/**
 * Writes `count * factor + more` as a 64-bit number into `words[at]` (low) and `words[at + 1]` (high), where `count`
 * is given by its two 32-bit words. Exact without BigInt for factors up to 2^36 and `more` up to 2^52; what exceeds
 * 64 bits is cut off.
 */
export function writeScaled(
  words: Uint32Array,
  at: number,
  countHigh: number,
  countLow: number,
  factor: number,
  more: number,
): void {
  // Four limbs of 16 bits: each product and its carry stay below 2^53.
  const first = (countLow & 0xffff) * factor + more
  const second = (countLow >>> 16) * factor + Math.floor(first / 0x10000)
  const third = (countHigh & 0xffff) * factor + Math.floor(second / 0x10000)
  const fourth = (countHigh >>> 16) * factor + Math.floor(third / 0x10000)
  words[at] = (second % 0x10000) * 0x10000 + (first % 0x10000)
  words[at + 1] = (fourth % 0x10000) * 0x10000 + (third % 0x10000)
}

/**
 * Writes `seconds` and `nanoseconds` since the epoch as nanoseconds into the two words at `at`: as `writeScaled`, for what
 * is done for each packet. Exact for all seconds of 32 bits and nanoseconds up to 2^43.
 */
export function writeTime(words: Uint32Array, at: number, seconds: number, nanoseconds: number): void {
  const upper = (seconds >>> 16) * 1_000_000_000
  const high = Math.floor(upper / 0x10000)
  const rest = (upper - high * 0x10000) * 0x10000 + (seconds & 0xffff) * 1_000_000_000 + nanoseconds
  const carry = Math.floor(rest / 0x1_0000_0000)
  words[at] = rest - carry * 0x1_0000_0000
  words[at + 1] = high + carry
}
