import type { GroupStore } from './aggregation.ts'
import { GroupTable, type LaneOperation, newVector } from './group-table.ts'
import { VECTOR_ROWS } from './kernels.ts'

/** The heads of a store's groups: what is left of keys without their tails. */
export interface Heads {
  readonly count: number
  /** Lanes of each head, as the store has them for groups. */
  readonly sums: BigUint64Array
  /** A group of each head, and the groups of all heads, head by head. */
  readonly first: Uint32Array
  readonly starts: Uint32Array
  readonly members: Uint32Array
}

/** Brings together what has the same head. */
export function headsOf(store: GroupStore, operations: readonly LaneOperation[]): Heads {
  const { count, words, headWords, keys } = store
  const lanes = store.isWide ? operations.flatMap((operation) => [operation, operation]) : operations
  const table = new GroupTable(headWords, lanes, Math.min(count, VECTOR_ROWS))
  const headOf = new Uint32Array(count)
  const vector = newVector(headWords, lanes.length)
  const columns = lanes.map(() => new BigUint64Array(VECTOR_ROWS))
  for (const [lane, column] of columns.entries()) vector.lanes[lane] = column
  for (let at = 0; at < count; at += VECTOR_ROWS) {
    const rows = Math.min(VECTOR_ROWS, count - at)
    vector.count = rows
    for (let word = 0; word < headWords; word++) {
      const out = vector.words[word]!
      for (let i = 0, k = at * words + word; i < rows; i++, k += words) out[i] = keys[k]!
    }
    for (let lane = 0; lane < lanes.length; lane++) {
      const out = columns[lane]!
      for (let i = 0, k = at * lanes.length + lane; i < rows; i++, k += lanes.length) out[i] = store.sums[k]!
    }
    table.add(vector)
    headOf.set(table.groups.subarray(0, rows), at)
  }
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

/** Lanes of group or head `at` as whole numbers. */
export function lanesAt(sums: BigUint64Array, at: number, lanes: number, isWide: boolean): bigint[] {
  const out = new Array<bigint>(lanes)
  for (let lane = 0; lane < lanes; lane++) {
    const k = at * lanes + lane
    out[lane] = isWide ? sums[k * 2]! + (sums[k * 2 + 1]! << 32n) : sums[k]!
  }
  return out
}
