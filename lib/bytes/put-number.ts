/** Digits of 0 to 9999, left-aligned in four octets (low octet first), and how many there are. */
export const SHORT_DIGITS = new Uint32Array(10_000)
export const DIGIT_COUNT = new Uint8Array(10_000)
/** The same with leading zeros. */
export const FOUR_DIGITS = new Uint32Array(10_000)
for (let n = 0; n < 10_000; n++) {
  const text = String(n)
  DIGIT_COUNT[n] = text.length
  for (let i = 0; i < text.length; i++) SHORT_DIGITS[n]! |= text.charCodeAt(i) << (8 * i)
  const padded = text.padStart(4, '0')
  for (let i = 0; i < 4; i++) FOUR_DIGITS[n]! |= padded.charCodeAt(i) << (8 * i)
}

/** Most octets that a printer here writes beyond what it prints; every buffer has that much to spare. */
export const OVERSHOOT = 64

/** Prints a 32-bit unsigned integer (given as any 32-bit value) and returns the position after it. */
export function putU32(view: DataView, position: number, word: number): number {
  const value = word >>> 0
  if (value < 10_000) {
    view.setUint32(position, SHORT_DIGITS[value]!, true)
    return position + DIGIT_COUNT[value]!
  }
  const high = (value / 10_000) >>> 0
  const low = value - high * 10_000
  if (high < 10_000) {
    view.setUint32(position, SHORT_DIGITS[high]!, true)
    position += DIGIT_COUNT[high]!
  } else {
    const top = (high / 10_000) >>> 0
    view.setUint32(position, SHORT_DIGITS[top]!, true)
    position += DIGIT_COUNT[top]!
    view.setUint32(position, FOUR_DIGITS[high - top * 10_000]!, true)
    position += 4
  }
  view.setUint32(position, FOUR_DIGITS[low]!, true)
  return position + 4
}

/** Prints nine digits, leading zeros included. */
export function putNineDigits(view: DataView, position: number, value: number): number {
  const head = (value / 100_000_000) >>> 0
  const rest = value - head * 100_000_000
  const high = (rest / 10_000) >>> 0
  view.setUint8(position, 48 + head)
  view.setUint32(position + 1, FOUR_DIGITS[high]!, true)
  view.setUint32(position + 5, FOUR_DIGITS[rest - high * 10_000]!, true)
  return position + 9
}

/** Quotient and remainder of the last `divideByBillion`. */
export const BILLIONS = { quotient: 0, remainder: 0 }

/**
 * Divides the 64-bit unsigned integer of two words by 10^9, exactly, into BILLIONS. The quotient in doubles is at
 * most one off, because 2^64 / 10^9 has 35 bits; the remainder, which fits 32 bits, tells.
 */
export function divideByBillion(low: number, high: number): void {
  let quotient = Math.floor(((high >>> 0) * 4294967296 + (low >>> 0)) / 1e9)
  // imul takes the quotient's low 32 bits.
  let remainder = (low - Math.imul(quotient, 1_000_000_000)) | 0
  if (remainder < 0) {
    quotient--
    remainder += 1_000_000_000
  } else if (remainder >= 1_000_000_000) {
    quotient++
    remainder -= 1_000_000_000
  }
  BILLIONS.quotient = quotient
  BILLIONS.remainder = remainder
}

/** Prints a 64-bit unsigned integer given as two words. */
export function putU64(view: DataView, position: number, low: number, high: number): number {
  if (high === 0) return putU32(view, position, low)
  divideByBillion(low, high)
  const { quotient, remainder } = BILLIONS
  if (quotient < 4294967296) {
    position = putU32(view, position, quotient | 0)
  } else {
    // At most 18446744073: one or two digits before nine more.
    const top = Math.floor(quotient / 1e9)
    position = putU32(view, position, top)
    position = putNineDigits(view, position, quotient - top * 1e9)
  }
  return putNineDigits(view, position, remainder)
}
