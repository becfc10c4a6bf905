import type { GroupStore } from './aggregation.ts'
import { GroupTable } from './group-table.ts'
import { VECTOR_ROWS } from './kernels.ts'
import type { LaneOperation, Sums } from './sums.ts'
import { vectorsOf } from './vectors.ts'

/** The heads of a store's groups: what is left of keys without their tails. */
export interface Heads {
  readonly count: number
  /** Lanes of each head, as the store has them for groups. */
  readonly sums: Sums
  /** A group of each head, and the groups of all heads, head by head. */
  readonly first: Uint32Array
  readonly starts: Uint32Array
  readonly members: Uint32Array
}

/** Brings together what has the same head. */
export function headsOf(store: GroupStore, operations: readonly LaneOperation[]): Heads {
  const { count, words, headWords } = store
  const lanes = store.isWide ? operations.flatMap((operation) => [operation, operation]) : operations
  const table = new GroupTable(headWords, lanes, Math.min(count, VECTOR_ROWS))
  const headOf = new Uint32Array(count)
  vectorsOf(store, lanes.length, (vector, at) => {
    table.add(headWords === words ? vector : { ...vector, words: vector.words.slice(0, headWords) })
    headOf.set(table.groups.subarray(0, vector.count), at)
  })
  const starts = new Uint32Array(table.count + 1)
  for (let group = 0; group < count; group++) starts[headOf[group]! + 1]!++
  for (let head = 0; head < table.count; head++) starts[head + 1]! += starts[head]!
  const next = starts.slice()
  const members = new Uint32Array(count)
  const first = new Uint32Array(table.count)
  for (let group = count - 1; group >= 0; group--) first[headOf[group]!] = group
  for (let group = 0; group < count; group++) members[next[headOf[group]!]!++] = group
  return { count: table.count, sums: table.sums, first, starts, members }
}
