import type { BlockRun } from './block-run.ts'
import type { NumberTest } from './condition.ts'
import type { Node } from './node.ts'
import { clamped } from './number-set.ts'

// Rows as a list of their numbers, in order: once a part of a filter has left few, the others look at these alone, and
// columns are read for these alone.

/** Keeps of the first `count` of `rows` those whose values, at the same places, are in a set; returns how many. */
export type ListKernel = (values: Uint32Array, rows: Uint32Array, count: number) => number

/** Writes the numbers of all rows that match to `rows`; returns how many. */
export function listRows(node: Node, run: BlockRun, rows: Uint32Array): number {
  const listed = node.list?.(run, rows) ?? -1
  if (listed >= 0) return listed
  const mask = run.take()
  node.run(run, mask, null)
  let count = 0
  for (let row = 0; row < run.rows; row++) {
    rows[count] = row
    count += mask[row]!
  }
  run.give(mask)
  return count
}

/** Keeps of the first `count` of `rows` those that match; returns how many. */
export function keepRows(node: Node, run: BlockRun, rows: Uint32Array, count: number): number {
  const kept = node.keep?.(run, rows, count) ?? -1
  if (kept >= 0) return kept
  const within = run.take().fill(0, 0, run.rows)
  for (let i = 0; i < count; i++) within[rows[i]!] = 1
  const mask = run.take()
  node.run(run, mask, within)
  let next = 0
  for (let i = 0; i < count; i++) {
    const row = rows[i]!
    rows[next] = row
    next += mask[row]!
  }
  run.give(within)
  run.give(mask)
  return next
}

/** Writes the numbers of all rows. */
export function everyRow(rows: Uint32Array, count: number): number {
  for (let row = 0; row < count; row++) rows[row] = row
  return count
}

/** Keeps rows whose value, a place in `bits`, is marked there. */
export function keepMarked(bits: Uint8Array, values: Uint32Array, rows: Uint32Array, count: number): number {
  let next = 0
  for (let i = 0; i < count; i++) {
    rows[next] = rows[i]!
    next += bits[values[i]!]!
  }
  return next
}

/** Joins two lists of rows in order, of which `out` begins with the first, to one; returns how many it has. */
export function mergeRows(out: Uint32Array, count: number, other: Uint32Array, many: number): number {
  // From the end, so that the first list can stay where it is: rows in both are met side by side.
  let both = 0
  for (let i = 0, k = 0; i < count && k < many; ) {
    const [a, b] = [out[i]!, other[k]!]
    both += a === b ? 1 : 0
    i += a <= b ? 1 : 0
    k += b <= a ? 1 : 0
  }
  const joined = count + many - both
  let i = count - 1
  let k = many - 1
  for (let at = joined - 1; k >= 0; at--) {
    const a = i < 0 ? -1 : out[i]!
    const b = other[k]!
    out[at] = Math.max(a, b)
    if (a >= b) i--
    if (b >= a) k--
  }
  return joined
}

/** The only range of a test of plain numbers below 2^32; null where it has several, or none. */
export function onlyRange({ set: wanted, shift, mask }: NumberTest): { low: number; high: number } | null {
  const { lows, highs } = clamped(wanted, 0xffffffffn)
  if (lows.length !== 1 || shift !== 0 || mask !== 0) return null
  return { low: Number(lows[0]!), high: Number(highs[0]!) }
}

/** The kernel of a test of numbers below 2^32. */
export function listKernel(test: NumberTest): ListKernel {
  const range = onlyRange(test)
  if (range !== null) {
    const { low, high } = range
    return (values, rows, count) => {
      let next = 0
      for (let i = 0; i < count; i++) {
        const value = values[i]!
        rows[next] = rows[i]!
        next += value >= low && value <= high ? 1 : 0
      }
      return next
    }
  }
  const { shift, mask } = test
  const set = clamped(test.set, 0xffffffffn)
  const lows = Uint32Array.from(set.lows, Number)
  const highs = Uint32Array.from(set.highs, Number)
  return (values, rows, count) => {
    let next = 0
    for (let i = 0; i < count; i++) {
      let value = values[i]! >>> shift
      if (mask !== 0) value = (value & mask) >>> 0
      rows[next] = rows[i]!
      next += isIn(lows, highs, value) ? 1 : 0
    }
    return next
  }
}

/** Whether a value is in one of the ranges: by halving. */
function isIn(lows: Uint32Array, highs: Uint32Array, value: number): boolean {
  let from = 0
  let to = lows.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (highs[middle]! < value) from = middle + 1
    else to = middle
  }
  return from < lows.length && lows[from]! <= value
}
