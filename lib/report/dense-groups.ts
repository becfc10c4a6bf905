import { addLanes, type LaneOperation, type Vector } from './group-table.ts'
import { markSeen, putPiece, VECTOR_ROWS } from './kernels.ts'
import type { KeyLayout } from './key-layout.ts'
import { addAll, addThree, wordsOfWide } from './lane-kernels.ts'

/** Groups whose keys are small enough to be their numbers. */
export class DenseGroups {
  readonly sums: BigUint64Array
  readonly seen: Uint8Array
  readonly #layout: KeyLayout
  readonly #operations: readonly LaneOperation[]
  readonly #groups = new Uint32Array(VECTOR_ROWS)

  constructor(layout: KeyLayout, operations: readonly LaneOperation[]) {
    const groups = 2 ** (layout.headBits + layout.tailBits)
    this.sums = new BigUint64Array(groups * operations.length)
    this.seen = new Uint8Array(groups)
    this.#layout = layout
    this.#operations = operations
  }

  /** Octets that it takes. */
  static octets({ headBits, tailBits }: KeyLayout, lanes: number): number {
    return 2 ** (headBits + tailBits) * (lanes * 8 + 1)
  }

  /** Whether keys are of a form that it takes: a word for the head at most, and one for the tail. */
  static takes({ words, headWords }: KeyLayout): boolean {
    return headWords <= 1 && words - headWords <= 1
  }

  add(vector: Vector): void {
    const { sums, seen } = this
    const groups = vector.words[0] ?? this.#groups
    const { headWords, headBits } = this.#layout
    if (headWords === 1 && vector.words.length === 2)
      putPiece(vector.words[1]!, vector.count, 0, 0xffffffff, headBits, groups)
    const operations = this.#operations
    const [first, second, third] = vector.lanes
    const isCommon =
      operations.length === 3 &&
      first instanceof Uint32Array &&
      second instanceof Uint32Array &&
      third === null &&
      operations.every((operation) => operation === 'sum')
    if (isCommon) addThree(wordsOfWide(sums), seen, groups, first, second, vector.count)
    else {
      markSeen(seen, groups, vector.count)
      addLanes(sums, groups, operations, vector)
    }
  }

  /** Adds groups of the same layout, whose sums only add up. */
  addGroups(sums: BigUint64Array, seen: Uint8Array): void {
    addAll(wordsOfWide(this.sums), wordsOfWide(sums))
    for (let group = 0; group < seen.length; group++) this.seen[group]! |= seen[group]!
  }

  /** The groups that were seen, with their keys. */
  store(): ReturnType<typeof storeOf> {
    return storeOf(this.#layout, this, this.#operations.length)
  }
}

/** Groups that were seen, with their keys. */
export function storeOf(
  { words, headWords, headBits }: KeyLayout,
  { sums, seen }: { readonly sums: BigUint64Array; readonly seen: Uint8Array },
  lanes: number,
): { count: number; keys: Uint32Array; sums: BigUint64Array; words: number } {
  let count = 0
  for (let group = 0; group < seen.length; group++) count += seen[group]!
  const keys = new Uint32Array(count * words)
  const own = new BigUint64Array(count * lanes)
  keepSeen(seen, wordsOfWide(sums), lanes * 2, wordsOfWide(own))
  const mask = 2 ** headBits - 1
  let at = 0
  for (let group = 0; group < seen.length; group++) {
    if (seen[group] === 0) continue
    if (headWords === 1) keys[at * words] = group & mask
    if (words > headWords) keys[at * words + headWords] = group >>> headBits
    at++
  }
  return { count, keys, sums: own, words }
}

/** The sums, `stride` words each, of groups that were seen. */
function keepSeen(seen: Uint8Array, sums: Uint32Array, stride: number, out: Uint32Array): void {
  let to = 0
  for (let group = 0; group < seen.length; group++) {
    if (seen[group] === 0) continue
    const from = group * stride
    for (let word = 0; word < stride; word++) out[to++] = sums[from + word]!
  }
}
