import type { Vector } from './group-table.ts'
import { markSeen, putPiece, VECTOR_ROWS } from './kernels.ts'
import type { KeyLayout } from './key-layout.ts'
import { addGroup, addLanes, type LaneOperation, newSums, type Sums } from './sums.ts'
import type { PlainGroups } from './vectors.ts'

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

  /** Octets that it takes at most. */
  static octets({ headBits, tailBits }: KeyLayout, lanes: number): number {
    return 2 ** (headBits + tailBits) * (lanes * 8 + 1)
  }

  /** Whether keys are of a form that it takes: a word for the head at most, and one for the tail. */
  static takes({ words, headWords }: KeyLayout): boolean {
    return headWords <= 1 && words - headWords <= 1
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
    for (let group = 0; group < seen.length; group++) {
      if (seen[group] === 0) continue
      this.seen[group] = 1
      addGroup(this.sums, group, sums, group, this.#operations)
    }
  }

  stores(): Generator<PlainGroups> {
    return storesOf(this.#layout, this, this.#operations.length)
  }
}

/** Groups that were seen, with their keys; those of one head together. A store is good until the next is asked for. */
export function* storesOf(
  { words, headWords, headBits, tailBits }: KeyLayout,
  { sums, seen }: SeenGroups,
  lanes: number,
): Generator<PlainGroups> {
  const heads = 2 ** headBits
  const tails = 2 ** tailBits
  const step = Math.min(heads, Math.max(1, Math.floor(STORE_GROUPS / tails)))
  const groups = new Uint32Array(step * tails)
  const keys = new Uint32Array(step * tails * words)
  const own = newSums(step * tails * lanes)
  for (let from = 0; from < heads; from += step) {
    let count = 0
    for (let tail = 0; tail < tails; tail++)
      count = keepSeen(seen, tail * heads + from, Math.min(step, heads - from), groups, count)
    if (count === 0) continue
    for (let i = 0; i < count; i++) {
      const group = groups[i]!
      if (headWords === 1) keys[i * words] = group & (heads - 1)
      if (words > headWords) keys[i * words + headWords] = group >>> headBits
    }
    takeGroups(sums.low, groups, count, lanes, own.low)
    takeGroups(sums.high, groups, count, lanes, own.high)
    yield { count, keys, sums: own, words }
  }
}

/** Puts the numbers of `length` groups from `from` on that were seen behind `count` others; returns how many it are now. */
function keepSeen(
  seen: Uint8Array,
  from: number,
  length: number,
  groups: Uint32Array,
  count: number,
): number {
  let kept = count
  for (let group = from; group < from + length; group++) {
    groups[kept] = group
    kept += seen[group]!
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
