// Loops over lanes: values that are added up. Each step is one of 32 bits in every tier of the engine: BigInt values are
// objects until a loop has run for long. A lane's values are words where all are below 2^32, else pairs of words, low
// word first.

/** Values of a lane by row: numbers below 2^32, or of 64 bits. */
export type LaneValues = Uint32Array | BigUint64Array

/** The pairs of words of 64-bit numbers. */
export function wordsOfWide({ buffer, byteOffset, length }: BigUint64Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length * 2)
}

/** The sum of `count` values; null counts 1 each. Exact for up to 2^21 of them. */
export function sumOf(values: LaneValues | null, count: number): bigint {
  if (values === null) return BigInt(count)
  return values instanceof Uint32Array
    ? BigInt(sumNarrow(values, count))
    : sumPairs(wordsOfWide(values), count)
}

function sumNarrow(values: Uint32Array, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += values[i]!
  return sum
}

function sumPairs(words: Uint32Array, count: number): bigint {
  let low = 0
  let high = 0
  for (let i = 0; i < count * 2; i += 2) {
    low += words[i]!
    high += words[i + 1]!
  }
  return (BigInt(high) << 32n) + BigInt(low)
}

export function gatherNarrow(
  values: Uint32Array,
  rows: Uint32Array,
  from: number,
  count: number,
  out: Uint32Array,
): void {
  for (let i = 0; i < count; i++) out[i] = values[rows[from + i]!]!
}

export function gatherPairs(
  words: Uint32Array,
  rows: Uint32Array,
  from: number,
  count: number,
  out: Uint32Array,
): void {
  for (let i = 0; i < count; i++) {
    const at = rows[from + i]! * 2
    out[i * 2] = words[at]!
    out[i * 2 + 1] = words[at + 1]!
  }
}

const INVERSE_LIMIT = 2 ** -32

/** Products below 2^32. */
export function multiplyNarrow(values: Uint32Array, factors: Uint32Array, out: Uint32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = Math.imul(values[i]!, factors[i]!)
}

/** Products below 2^53, as pairs of words. */
export function multiplyPairs(values: Uint32Array, factors: Uint32Array, words: Uint32Array): void {
  for (let i = 0; i < factors.length; i++) {
    const value = values[i]!
    const factor = factors[i]!
    words[i * 2] = Math.imul(value, factor)
    // A power of two away from the product, so as exact as that is.
    words[i * 2 + 1] = (value * factor * INVERSE_LIMIT) | 0
  }
}

/** Words of rows to their places in records of `stride` words. */
export function scatterWords(
  values: Uint32Array,
  places: Uint32Array,
  count: number,
  out: Uint32Array,
  stride: number,
  offset: number,
): void {
  for (let i = 0; i < count; i++) out[(Math.imul(places[i]!, stride) + offset) | 0] = values[i]!
}

export function scatterPairs(
  words: Uint32Array,
  places: Uint32Array,
  count: number,
  out: Uint32Array,
  stride: number,
  offset: number,
): void {
  for (let i = 0; i < count; i++) {
    const at = (Math.imul(places[i]!, stride) + offset) | 0
    out[at] = words[i * 2]!
    out[at + 1] = words[i * 2 + 1]!
  }
}

/** Every `stride`th word of records that lie together, from `at` on. */
export function takeWords(
  records: Uint32Array,
  at: number,
  stride: number,
  count: number,
  out: Uint32Array,
  outAt: number,
): void {
  for (let i = 0, k = at; i < count; i++, k += stride) out[outAt + i] = records[k]!
}

export function takePairs(
  records: Uint32Array,
  at: number,
  stride: number,
  count: number,
  out: Uint32Array,
  outAt: number,
): void {
  for (let i = 0, k = at, o = outAt * 2; i < count; i++, k += stride, o += 2) {
    out[o] = records[k]!
    out[o + 1] = records[k + 1]!
  }
}

/** Values of rows whose direction is the one wanted; of others 0. Masks, for no processor foretells where flows go. */
export function keepNarrow(
  values: Uint32Array,
  directions: Uint8Array,
  wanted: number,
  rows: Uint32Array,
  from: number,
  count: number,
  out: Uint32Array,
): void {
  for (let i = 0; i < count; i++) {
    // All ones where the two are the same.
    const mask = ((directions[rows[from + i]!]! ^ wanted) - 1) >> 31
    out[i] = values[i]! & mask
  }
}

/** As `keepNarrow` for pairs of words. */
export function keepPairs(
  words: Uint32Array,
  directions: Uint8Array,
  wanted: number,
  rows: Uint32Array,
  from: number,
  count: number,
  out: Uint32Array,
): void {
  for (let i = 0; i < count; i++) {
    const mask = ((directions[rows[from + i]!]! ^ wanted) - 1) >> 31
    out[i * 2] = words[i * 2]! & mask
    out[i * 2 + 1] = words[i * 2 + 1]! & mask
  }
}
