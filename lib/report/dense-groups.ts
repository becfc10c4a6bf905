import { BestScores } from './best-scores.ts'
import type { Vector } from './group-table.ts'
import { markSeen, putPiece, VECTOR_ROWS } from './kernels.ts'
import type { KeyLayout } from './key-layout.ts'
import { addGroups, addLanes, type LaneOperation, newSums, type Sums } from './sums.ts'
import type { PlainGroups } from './vectors.ts'

/** Keys are groups by themselves up to so many bits. */
export const MOST_DENSE_BITS = 24
/** Groups that are handed on at a time: they fit the processor's cache. */
const STORE_GROUPS = 2 ** 16

/** Sums by group number, and 1 for the numbers that any row had. */
export interface SeenGroups {
  readonly sums: Sums
  readonly seen: Uint8Array
}

/**
 * Groups whose keys are small enough to be their numbers. There may be far more numbers than groups: memory is the system's
 * until it is written, so numbers that no row had are passed over by `seen` alone.
 */
export class DenseGroups implements SeenGroups {
  readonly sums: Sums
  readonly seen: Uint8Array
  readonly #layout: KeyLayout
  readonly #operations: readonly LaneOperation[]
  readonly #groups = new Uint32Array(VECTOR_ROWS)

  constructor(layout: KeyLayout, operations: readonly LaneOperation[]) {
    const groups = 2 ** (layout.headBits + layout.tailBits)
    this.sums = newSums(groups * operations.length)
    this.seen = new Uint8Array(groups)
    this.#layout = layout
    this.#operations = operations
  }

  /** Whether keys can be numbers of groups, and these are not too many for what is known of rows and memory. */
  static suit(
    { words, headWords, headBits, tailBits }: KeyLayout,
    lanes: number,
    { expectedRows, memoryOctets }: { readonly expectedRows: number; readonly memoryOctets: number },
  ): boolean {
    const bits = headBits + tailBits
    // A word for the head at most, and one for the tail.
    if (bits > MOST_DENSE_BITS || headWords > 1 || words - headWords > 1) return false
    const isSmall = bits <= 12 || 2 ** bits <= expectedRows * 4
    const octets = 2 ** bits * (lanes * 8 + 1)
    return isSmall && octets * 2 <= memoryOctets
  }

  add(vector: Vector): void {
    const groups = vector.words[0] ?? this.#groups
    const { headWords, headBits } = this.#layout
    if (headWords === 1 && vector.words.length === 2)
      putPiece(vector.words[1]!, vector.count, 0, 0xffffffff, headBits, groups)
    markSeen(this.seen, groups, vector.count)
    addLanes(this.sums, groups, this.#operations, vector.lanes, vector.count)
  }

  /** Adds groups of the same layout. */
  addGroups({ sums, seen }: SeenGroups): void {
    const groups = this.#groups
    const fours = foursOf(seen)
    for (let from = 0; from < seen.length; from += VECTOR_ROWS) {
      const count = takeSeen(seen, fours, from, Math.min(VECTOR_ROWS, seen.length - from), groups, 0)
      markSeen(this.seen, groups, count)
      addGroups(this.sums, sums, groups, count, this.#operations)
    }
  }

  /** As `storesOf`. */
  stores(best: BestOf | null = null): Generator<DenseStore> {
    return storesOf(this.#layout, this, this.#operations.length, best)
  }
}

/** The `limit` groups that have the most in a lane, or the least, and those that have as much as the last of them. */
export interface BestOf {
  readonly lane: number
  readonly limit: number
  readonly ascending: boolean
}

/** Some of the groups that were seen, out of `among`. */
export interface DenseStore extends PlainGroups {
  readonly among: number
}

/**
 * Groups that were seen, with their keys; those of one head together, and only the best of keys without tails, where that
 * is asked for. A store is good until the next is asked for.
 */
export function* storesOf(
  { words, headWords, headBits, tailBits }: KeyLayout,
  { sums, seen }: SeenGroups,
  lanes: number,
  best: BestOf | null,
): Generator<DenseStore> {
  const heads = 2 ** headBits
  const tails = 2 ** tailBits
  const step = Math.min(heads, Math.max(1, Math.floor(STORE_GROUPS / tails)))
  const groups = new Uint32Array(step * tails)
  const keys = new Uint32Array(step * tails * words)
  const own = newSums(step * tails * lanes)
  const scores = best === null || tails > 1 || best.limit > STORE_GROUPS ? null : new BestScores(best.limit)
  const fours = foursOf(seen)
  for (let from = 0; from < heads; from += step) {
    let among = 0
    for (let tail = 0; tail < tails; tail++)
      among = takeSeen(seen, fours, tail * heads + from, Math.min(step, heads - from), groups, among)
    if (among === 0) continue
    const count = scores === null ? among : keepBest(sums, groups, among, lanes, best!, scores)
    for (let i = 0; i < count; i++) {
      const group = groups[i]!
      if (headWords === 1) keys[i * words] = group & (heads - 1)
      if (words > headWords) keys[i * words + headWords] = group >>> headBits
    }
    takeGroups(sums.low, groups, count, lanes, own.low)
    takeGroups(sums.high, groups, count, lanes, own.high)
    yield { count, among, keys, sums: own, words }
  }
}

/** Marks, four at a time, as far as there are four. */
function foursOf({ buffer, byteOffset, length }: Uint8Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length >> 2)
}

/**
 * Puts the numbers of `length` groups from `from` on that were seen behind `count` others; returns how many it are now.
 * Most may be unseen, so four are looked at together where they lie so.
 */
function takeSeen(
  seen: Uint8Array,
  fours: Uint32Array,
  from: number,
  length: number,
  groups: Uint32Array,
  count: number,
): number {
  const end = from + length
  let taken = count
  if (length % 4 !== 0 || from % 4 !== 0) {
    for (let group = from; group < end; group++) if (seen[group] === 1) groups[taken++] = group
    return taken
  }
  for (let four = from / 4; four < end / 4; four++) {
    if (fours[four] === 0) continue
    for (let group = four * 4, last = group + 4; group < last; group++) {
      groups[taken] = group
      taken += seen[group]!
    }
  }
  return taken
}

/** Leaves the groups that may be among the best of all, as far as seen; returns how many these are. */
function keepBest(
  { low, high }: Sums,
  groups: Uint32Array,
  count: number,
  lanes: number,
  { lane, ascending }: BestOf,
  best: BestScores,
): number {
  const sign = ascending ? -1 : 1
  let kept = 0
  for (let i = 0; i < count; i++) {
    const group = groups[i]!
    const at = group * lanes + lane
    const score = sign * (high[at]! * 2 ** 32 + low[at]!)
    if (score < best.least) continue
    best.add(score)
    groups[kept++] = group
  }
  return kept
}

function takeGroups(
  words: Uint32Array,
  groups: Uint32Array,
  count: number,
  lanes: number,
  out: Uint32Array,
): void {
  for (let i = 0, to = 0; i < count; i++)
    for (let k = groups[i]! * lanes, end = k + lanes; k < end; k++) out[to++] = words[k]!
}
