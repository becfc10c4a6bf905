// Loops over lanes: values that are added up. Sums have 64 bits and stand as pairs of words, low word first, so that each
// step is one of 32 bits in every tier of the engine: BigInt values are objects until a loop has run for long. A lane's
// values are words where all are below 2^32, else pairs of words.

/** Values of a lane by row: numbers below 2^32, or of 64 bits. */
export type LaneValues = Uint32Array | BigUint64Array

/** The pairs of words of 64-bit numbers. */
export function wordsOfWide({ buffer, byteOffset, length }: BigUint64Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length * 2)
}

/** Adds small values to lane `lane` of `lanes` per group. */
export function addNarrow(
  sums: Uint32Array,
  groups: Uint32Array,
  lanes: number,
  lane: number,
  values: Uint32Array,
  count: number,
): void {
  const stride = (lanes * 2) | 0
  const offset = (lane * 2) | 0
  for (let i = 0; i < count; i++) {
    const at = (Math.imul(groups[i]!, stride) + offset) | 0
    const value = values[i]!
    const low = (sums[at]! + value) | 0
    sums[at] = low
    if (low >>> 0 < value) sums[at + 1] = (sums[at + 1]! + 1) | 0
  }
}

/** As `addNarrow` for pairs of words. */
export function addPairs(
  sums: Uint32Array,
  groups: Uint32Array,
  lanes: number,
  lane: number,
  words: Uint32Array,
  count: number,
): void {
  const stride = (lanes * 2) | 0
  const offset = (lane * 2) | 0
  for (let i = 0; i < count; i++) {
    const at = (Math.imul(groups[i]!, stride) + offset) | 0
    const value = words[i * 2]!
    const low = (sums[at]! + value) | 0
    sums[at] = low
    sums[at + 1] = (sums[at + 1]! + words[i * 2 + 1]! + (low >>> 0 < value ? 1 : 0)) | 0
  }
}

/** Adds 1 for each row. */
export function addOnes(
  sums: Uint32Array,
  groups: Uint32Array,
  lanes: number,
  lane: number,
  count: number,
): void {
  const stride = (lanes * 2) | 0
  const offset = (lane * 2) | 0
  for (let i = 0; i < count; i++) {
    const at = (Math.imul(groups[i]!, stride) + offset) | 0
    const low = (sums[at]! + 1) | 0
    sums[at] = low
    if (low === 0) sums[at + 1] = (sums[at + 1]! + 1) | 0
  }
}

/** Keeps the greatest small value of each group. */
export function greatestNarrow(
  sums: Uint32Array,
  groups: Uint32Array,
  lanes: number,
  lane: number,
  values: Uint32Array,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const at = (groups[i]! * lanes + lane) * 2
    if (sums[at + 1] === 0 && values[i]! > sums[at]!) sums[at] = values[i]!
  }
}

/** As `greatestNarrow` for pairs of words. */
export function greatestPairs(
  sums: Uint32Array,
  groups: Uint32Array,
  lanes: number,
  lane: number,
  words: Uint32Array,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const at = (groups[i]! * lanes + lane) * 2
    const [low, high] = [words[i * 2]!, words[i * 2 + 1]!]
    if (high < sums[at + 1]! || (high === sums[at + 1]! && low <= sums[at]!)) continue
    sums[at] = low
    sums[at + 1] = high
  }
}

/** Adds the sums of other groups to those at the same places. */
export function addAll(sums: Uint32Array, others: Uint32Array): void {
  for (let at = 0; at < sums.length; at += 2) {
    const value = others[at]!
    const low = (sums[at]! + value) | 0
    sums[at] = low
    sums[at + 1] = (sums[at + 1]! + others[at + 1]! + (low >>> 0 < value ? 1 : 0)) | 0
  }
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

/** Of groups that fill more than the processor's cache: two small lanes and a count at once, and who was seen. */
export function addThree(
  sums: Uint32Array,
  seen: Uint8Array,
  groups: Uint32Array,
  first: Uint32Array,
  second: Uint32Array,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const group = groups[i]!
    const at = Math.imul(group, 6)
    seen[group] = 1
    const a = first[i]!
    const lowA = (sums[at]! + a) | 0
    sums[at] = lowA
    if (lowA >>> 0 < a) sums[at + 1] = (sums[at + 1]! + 1) | 0
    const b = second[i]!
    const lowB = (sums[at + 2]! + b) | 0
    sums[at + 2] = lowB
    if (lowB >>> 0 < b) sums[at + 3] = (sums[at + 3]! + 1) | 0
    const lowC = (sums[at + 4]! + 1) | 0
    sums[at + 4] = lowC
    if (lowC === 0) sums[at + 5] = (sums[at + 5]! + 1) | 0
  }
}
