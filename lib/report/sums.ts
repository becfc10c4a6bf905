import { VECTOR_ROWS } from './kernels.ts'
import { type LaneValues, wordsOfWide } from './lane-kernels.ts'

// Loops over sums of 64 bits. Their high words stand apart from the low ones: most are never touched, so that groups take
// half of the processor's cache, and pages of memory that nobody writes are never taken.

/** Numbers of 64 bits, one per lane and group, lanes of a group together. */
export interface Sums {
  readonly low: Uint32Array
  readonly high: Uint32Array
}

/** What a lane does with the values of a group. */
export type LaneOperation = 'sum' | 'greatest'

/** What lanes without values count. */
export const ONES = new Uint32Array(VECTOR_ROWS).fill(1)

/** Zeros for so many numbers. */
export function newSums(length: number): Sums {
  return { low: new Uint32Array(length), high: new Uint32Array(length) }
}

/** The same numbers with zeros behind them. */
export function grownSums({ low, high }: Sums, length: number): Sums {
  const grown = newSums(length)
  grown.low.set(low)
  grown.high.set(high)
  return grown
}

/** Lanes of group `at` as whole numbers; where `isWide`, two each: 32 low bits summed, and what is above them. */
export function lanesAt({ low, high }: Sums, at: number, lanes: number, isWide: boolean): bigint[] {
  const valueAt = (k: number) => (BigInt(high[k]!) << 32n) + BigInt(low[k]!)
  const out = new Array<bigint>(lanes)
  for (let lane = 0; lane < lanes; lane++) {
    const k = at * lanes + lane
    out[lane] = isWide ? valueAt(k * 2) + (valueAt(k * 2 + 1) << 32n) : valueAt(k)
  }
  return out
}

/**
 * Rows whose groups are looked at before they are added to: the processor then fetches many of them at once, where
 * adding waits for each.
 */
const ROWS_AHEAD = 256
/** So many sums are near the processor anyway. */
const NEAR = 2 ** 16
/** What was looked at, so that nobody leaves out the looking. */
let lookedAt = 0

/** Adds the lanes of `count` rows to the groups of the rows; null counts 1 each. */
export function addLanes(
  { low, high }: Sums,
  groups: Uint32Array,
  operations: readonly LaneOperation[],
  values: readonly (LaneValues | null)[],
  count: number,
): void {
  const lanes = operations.length
  const isFar = low.length > NEAR
  const columns = operations.map((_, lane) => values[lane] ?? ONES)
  const words = columns.map((own) => (own instanceof Uint32Array ? own : wordsOfWide(own)))
  const isNarrow = columns.map((own) => own instanceof Uint32Array)
  const isSum = operations.map((operation) => operation === 'sum')
  const isCommon = lanes === 3 && isNarrow.every(Boolean) && isSum.every(Boolean)
  for (let from = 0; from < count; from += ROWS_AHEAD) {
    const to = Math.min(from + ROWS_AHEAD, count)
    if (isFar) lookedAt = lookAhead(low, groups, lanes, from, to)
    if (isCommon) {
      addThree(low, high, groups, words[0]!, words[1]!, words[2]!, from, to)
      continue
    }
    for (let lane = 0; lane < lanes; lane++) {
      const own = words[lane]!
      if (isNarrow[lane]) {
        if (isSum[lane]) addNarrow(low, high, groups, lanes, lane, own, from, to)
        else greatestNarrow(low, high, groups, lanes, lane, own, from, to)
      } else if (isSum[lane]) addPairs(low, high, groups, lanes, lane, own, from, to)
      else greatestPairs(low, high, groups, lanes, lane, own, from, to)
    }
  }
}

/** Looks at the first lane of rows' groups. */
function lookAhead(low: Uint32Array, groups: Uint32Array, lanes: number, from: number, to: number): number {
  let seen = lookedAt
  for (let i = from; i < to; i++) seen ^= low[Math.imul(groups[i]!, lanes)]!
  return seen
}

/** Adds to `count` groups what other sums have of the same groups, or keeps the greater ones. */
export function addGroups(
  sums: Sums,
  others: Sums,
  groups: Uint32Array,
  count: number,
  operations: readonly LaneOperation[],
): void {
  const lanes = operations.length
  for (const [lane, operation] of operations.entries()) {
    const add = operation === 'sum' ? addGroupLane : greatestGroupLane
    add(sums, others, groups, count, lanes, lane)
  }
}

function addGroupLane(
  { low, high }: Sums,
  { low: otherLow, high: otherHigh }: Sums,
  groups: Uint32Array,
  count: number,
  lanes: number,
  lane: number,
): void {
  for (let i = 0; i < count; i++) {
    const at = (Math.imul(groups[i]!, lanes) + lane) | 0
    const value = otherLow[at]!
    const above = otherHigh[at]!
    const word = (low[at]! + value) | 0
    low[at] = word
    const carry = word >>> 0 < value ? 1 : 0
    if ((above | carry) !== 0) high[at] = (high[at]! + above + carry) | 0
  }
}

function greatestGroupLane(
  { low, high }: Sums,
  { low: otherLow, high: otherHigh }: Sums,
  groups: Uint32Array,
  count: number,
  lanes: number,
  lane: number,
): void {
  for (let i = 0; i < count; i++) {
    const at = groups[i]! * lanes + lane
    if (otherHigh[at]! < high[at]! || (otherHigh[at] === high[at] && otherLow[at]! <= low[at]!)) continue
    low[at] = otherLow[at]!
    high[at] = otherHigh[at]!
  }
}

/** Values below 2^32 to lane `lane` of `lanes` per group. */
function addNarrow(
  low: Uint32Array,
  high: Uint32Array,
  groups: Uint32Array,
  lanes: number,
  lane: number,
  values: Uint32Array,
  from: number,
  to: number,
): void {
  const stride = lanes | 0
  const offset = lane | 0
  for (let i = from; i < to; i++) {
    const at = (Math.imul(groups[i]!, stride) + offset) | 0
    const value = values[i]!
    const word = (low[at]! + value) | 0
    low[at] = word
    if (word >>> 0 < value) high[at] = (high[at]! + 1) | 0
  }
}

/** As `addNarrow` for pairs of words. */
function addPairs(
  low: Uint32Array,
  high: Uint32Array,
  groups: Uint32Array,
  lanes: number,
  lane: number,
  words: Uint32Array,
  from: number,
  to: number,
): void {
  const stride = lanes | 0
  const offset = lane | 0
  for (let i = from; i < to; i++) {
    const at = (Math.imul(groups[i]!, stride) + offset) | 0
    const value = words[i * 2]!
    const above = words[i * 2 + 1]!
    const word = (low[at]! + value) | 0
    low[at] = word
    const carry = word >>> 0 < value ? 1 : 0
    if ((above | carry) !== 0) high[at] = (high[at]! + above + carry) | 0
  }
}

/** Three lanes of small values at once: groups that fill more than the processor's cache are met once. */
function addThree(
  low: Uint32Array,
  high: Uint32Array,
  groups: Uint32Array,
  first: Uint32Array,
  second: Uint32Array,
  third: Uint32Array,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) {
    const at = Math.imul(groups[i]!, 3)
    const a = first[i]!
    const wordA = (low[at]! + a) | 0
    low[at] = wordA
    if (wordA >>> 0 < a) high[at] = (high[at]! + 1) | 0
    const b = second[i]!
    const wordB = (low[at + 1]! + b) | 0
    low[at + 1] = wordB
    if (wordB >>> 0 < b) high[at + 1] = (high[at + 1]! + 1) | 0
    const c = third[i]!
    const wordC = (low[at + 2]! + c) | 0
    low[at + 2] = wordC
    if (wordC >>> 0 < c) high[at + 2] = (high[at + 2]! + 1) | 0
  }
}

/** Keeps the greatest small value of each group. */
function greatestNarrow(
  low: Uint32Array,
  high: Uint32Array,
  groups: Uint32Array,
  lanes: number,
  lane: number,
  values: Uint32Array,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) {
    const at = groups[i]! * lanes + lane
    if (values[i]! > low[at]! && high[at] === 0) low[at] = values[i]!
  }
}

/** As `greatestNarrow` for pairs of words. */
function greatestPairs(
  low: Uint32Array,
  high: Uint32Array,
  groups: Uint32Array,
  lanes: number,
  lane: number,
  words: Uint32Array,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) {
    const at = groups[i]! * lanes + lane
    const [word, above] = [words[i * 2]!, words[i * 2 + 1]!]
    if (above < high[at]! || (above === high[at]! && word <= low[at]!)) continue
    low[at] = word
    high[at] = above
  }
}
