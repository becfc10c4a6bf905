// Loops over decoded values. Each sees one kind of array only, so that it stays one piece of machine code; `| 0` keeps its
// sums in 32-bit registers, where a number that came as a double would make them several times slower. 64-bit values are
// pairs of 32-bit words, low word first: BigInt values are slow until a loop has run for a while.

const INVERSE_LIMIT = 2 ** -32

export function greatestOf(values: Uint32Array): number {
  let greatest = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (value > greatest) greatest = value
  }
  return greatest
}

/** from + plane */
export function fromOctets(plane: Uint8Array, from: number, out: Uint32Array): void {
  const base = from | 0
  for (let i = 0; i < out.length; i++) out[i] = (plane[i]! + base) | 0
}

export function fromPairs(plane: Uint16Array, from: number, out: Uint32Array): void {
  const base = from | 0
  for (let i = 0; i < out.length; i++) out[i] = (plane[i]! + base) | 0
}

/** from + low + high * 2^16 */
export function joinPairOctet(low: Uint16Array, high: Uint8Array, from: number, out: Uint32Array): void {
  const base = from | 0
  for (let i = 0; i < out.length; i++) out[i] = ((low[i]! | (high[i]! << 16)) + base) | 0
}

export function joinPairs(low: Uint16Array, high: Uint16Array, from: number, out: Uint32Array): void {
  const base = from | 0
  for (let i = 0; i < out.length; i++) out[i] = ((low[i]! | (high[i]! << 16)) + base) | 0
}

/** One word of each 64-bit value, `offset` 0 for the low one. */
export function joinWord(low: Uint16Array, high: Uint16Array | null, offset: 0 | 1, out: Uint32Array): void {
  if (high === null) for (let i = 0, at: number = offset; i < low.length; i++, at += 2) out[at] = low[i]!
  else for (let i = 0, at: number = offset; i < low.length; i++, at += 2) out[at] = low[i]! | (high[i]! << 16)
}

export function orOctets(plane: Uint8Array, shift: number, out: Uint32Array): void {
  for (let i = 0; i < out.length; i++) out[i]! |= plane[i]! << shift
}

export function orPairs(plane: Uint16Array, shift: number, out: Uint32Array): void {
  for (let i = 0; i < out.length; i++) out[i]! |= plane[i]! << shift
}

export function interleave(low: Uint32Array, high: Uint32Array, words: Uint32Array): void {
  for (let i = 0; i < low.length; i++) {
    words[i * 2] = low[i]!
    words[i * 2 + 1] = high[i]!
  }
}

/** from + values, plane by plane, where they stay in their width. */
export function addToOctets(plane: Uint8Array, from: number, out: Uint8Array): void {
  const base = from | 0
  for (let i = 0; i < out.length; i++) out[i] = (plane[i]! + base) | 0
}

export function addToPairs(plane: Uint16Array, from: number, out: Uint16Array): void {
  const base = from | 0
  for (let i = 0; i < out.length; i++) out[i] = (plane[i]! + base) | 0
}

/** base + unit * value, modulo 2^32. */
export function scaleNarrow(values: Uint32Array, base: number, unit: number, out: Uint32Array): void {
  const from = base | 0
  const step = unit | 0
  for (let i = 0; i < out.length; i++) out[i] = (Math.imul(values[i]!, step) + from) | 0
}

/** base + unit * value in words; products are below 2^53. */
export function scaleWide(
  values: Uint32Array,
  baseLow: number,
  baseHigh: number,
  unit: number,
  words: Uint32Array,
): void {
  const from = baseLow | 0
  const limit = baseLow >>> 0
  const top = baseHigh | 0
  const step = unit | 0
  // A power of two away from the product, so as exact as that is.
  const factor = unit * INVERSE_LIMIT
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    const low = (Math.imul(value, step) + from) >>> 0
    words[i * 2] = low
    words[i * 2 + 1] = (((value * factor) | 0) + top + (low < limit ? 1 : 0)) | 0
  }
}

/** base + value in words. */
export function addWide(values: Uint32Array, baseLow: number, baseHigh: number, words: Uint32Array): void {
  const from = baseLow | 0
  const limit = baseLow >>> 0
  const top = baseHigh | 0
  const above = (top + 1) | 0
  for (let i = 0; i < values.length; i++) {
    const low = (values[i]! + from) >>> 0
    words[i * 2] = low
    words[i * 2 + 1] = low < limit ? above : top
  }
}

/** Adds to each 64-bit value. */
export function addToWords(words: Uint32Array, baseLow: number, baseHigh: number): void {
  const from = baseLow | 0
  const limit = baseLow >>> 0
  const top = baseHigh | 0
  for (let i = 0; i < words.length; i += 2) {
    const low = (words[i]! + from) >>> 0
    words[i] = low
    words[i + 1] = words[i + 1]! + top + (low < limit ? 1 : 0)
  }
}

/** base + unit * value in words, where products of 32-bit numbers may take 64 bits: by 16-bit halves. */
export function scaleFar(
  values: Uint32Array,
  baseLow: number,
  baseHigh: number,
  unit: number,
  words: Uint32Array,
): void {
  const unitLow = unit & 0xffff
  const unitHigh = unit >>> 16
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    const low = value & 0xffff
    const high = value >>> 16
    // Each product is below 2^32 and the sums below 2^53, so doubles hold them exactly.
    const middle = low * unitHigh + high * unitLow
    const bottom = low * unitLow + (middle & 0xffff) * 65536 + baseLow
    words[i * 2] = bottom
    words[i * 2 + 1] =
      high * unitHigh + Math.floor(middle / 65536) + Math.floor(bottom * INVERSE_LIMIT) + baseHigh
  }
}

/** Each value as often as its length says; a datagram's rows say, so a loop beats a call of `fill` for each. */
export function expandRuns(values: Uint32Array, lengths: Uint32Array, out: Uint32Array): void {
  for (let run = 0, at = 0; run < lengths.length; run++) {
    const value = values[run]!
    for (const end = at + lengths[run]!; at < end; at++) out[at] = value
  }
}

export function expandWideRuns(values: Uint32Array, lengths: Uint32Array, out: Uint32Array): void {
  for (let run = 0, at = 0; run < lengths.length; run++) {
    const low = values[run * 2]!
    const high = values[run * 2 + 1]!
    for (const end = at + lengths[run]! * 2; at < end; at += 2) {
      out[at] = low
      out[at + 1] = high
    }
  }
}

/** table[code], codes being proven to be in the table. */
export function lookUp(table: Uint32Array, codes: Uint32Array, out: Uint32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = table[codes[i]!]!
}

export function lookUpWide(table: Uint32Array, codes: Uint32Array, out: Uint32Array): void {
  for (let i = 0, at = 0; i < codes.length; i++, at += 2) {
    const from = codes[i]! * 2
    out[at] = table[from]!
    out[at + 1] = table[from + 1]!
  }
}

/** As `lookUp` for addresses, which are two elements of 64 bits each. */
export function lookUpAddresses(table: BigUint64Array, codes: Uint32Array, out: BigUint64Array): void {
  for (let i = 0, at = 0; i < codes.length; i++, at += 2) {
    const from = codes[i]! << 1
    out[at] = table[from]!
    out[at + 1] = table[from + 1]!
  }
}

/** Least and greatest of what `sumDeltas` gave before it was cut to 32 bits. */
export const span = { least: 0, greatest: 0 }

/** Running sums of zigzag differences from 0 on, modulo 2^32. */
export function sumDeltas(deltas: Uint32Array, out: Uint32Array): void {
  let sum = 0
  let least = 0
  let greatest = 0
  for (let i = 0; i < out.length; i++) {
    const zigzag = deltas[i]!
    sum += (zigzag & 1) === 0 ? zigzag >>> 1 : -(zigzag >>> 1) - 1
    if (sum < least) least = sum
    if (sum > greatest) greatest = sum
    out[i] = sum
  }
  span.least = least
  span.greatest = greatest
}

/** base + running sums, which are far below 2^53, in words. */
export function sumDeltasWide(
  deltas: Uint32Array,
  baseLow: number,
  baseHigh: number,
  words: Uint32Array,
): void {
  let sum = baseLow
  for (let i = 0; i < deltas.length; i++) {
    const zigzag = deltas[i]!
    sum += (zigzag & 1) === 0 ? zigzag >>> 1 : -(zigzag >>> 1) - 1
    words[i * 2] = sum
    words[i * 2 + 1] = Math.floor(sum * INVERSE_LIMIT) + baseHigh
  }
}

/** top + leftUnit * left - rightUnit * right, modulo 2^32. */
export function subtractScaled(
  left: Uint32Array,
  leftUnit: number,
  right: Uint32Array,
  rightUnit: number,
  top: number,
  out: Uint32Array,
): void {
  const from = top | 0
  const plus = leftUnit | 0
  const minus = rightUnit | 0
  for (let i = 0; i < out.length; i++)
    out[i] = (((Math.imul(left[i]!, plus) + from) | 0) - Math.imul(right[i]!, minus)) | 0
}

/** left - right modulo 2^64, in words. */
export function subtractWords(left: Uint32Array, right: Uint32Array, out: Uint32Array): void {
  for (let i = 0; i < out.length; i += 2) {
    const low = left[i]! - right[i]!
    out[i] = low
    out[i + 1] = left[i + 1]! - right[i + 1]! - (low < 0 ? 1 : 0)
  }
}

/** Nothing, the other column's value, or the next own value; false where own values are not as many as needed. */
export function select(choices: Uint32Array, like: Uint32Array, own: Uint32Array, out: Uint32Array): boolean {
  let next = 0
  for (let row = 0; row < out.length; row++) {
    const choice = choices[row]
    let value = 0
    if (choice === 1) {
      value = like[row]!
    } else if (choice === 2) {
      if (next === own.length) return false
      value = own[next++]!
    } else if (choice !== 0) {
      return false
    }
    out[row] = value
  }
  return next === own.length
}

/** The values of rows that are present, 0 for others; `present` is 0 or 1. */
export function maskOctets(values: Uint8Array, present: Uint8Array, out: Uint8Array): void {
  for (let row = 0; row < out.length; row++) out[row] = values[row]! & -present[row]!
}

export function maskPairs(values: Uint16Array, present: Uint8Array, out: Uint16Array): void {
  for (let row = 0; row < out.length; row++) out[row] = values[row]! & -present[row]!
}

export function maskNarrow(values: Uint32Array, present: Uint8Array, out: Uint32Array): void {
  for (let row = 0; row < out.length; row++) out[row] = values[row]! & -present[row]!
}

export function maskWide(values: Uint32Array, present: Uint8Array, out: Uint32Array): void {
  for (let row = 0; row < present.length; row++) {
    const mask = -present[row]!
    out[row * 2] = values[row * 2]! & mask
    out[row * 2 + 1] = values[row * 2 + 1]! & mask
  }
}

/** A MAC's upper word comes first in columns. */
export function swapWords(values: Uint32Array, out: Uint32Array): void {
  for (let i = 0; i < out.length; i += 2) {
    const low = values[i]!
    out[i] = values[i + 1]!
    out[i + 1] = low
  }
}

export function toPresence(values: Uint32Array, out: Uint8Array): void {
  for (let row = 0; row < out.length; row++) out[row] = values[row] === 0 ? 0 : 1
}
