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
  if (node.list !== undefined) return node.list(run, rows)
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

/** The kernel of a test of numbers below 2^32. */
export function listKernel({ set: wanted, shift, mask }: NumberTest): ListKernel {
  const set = clamped(wanted, 0xffffffffn)
  const lows = Uint32Array.from(set.lows, Number)
  const highs = Uint32Array.from(set.highs, Number)
  if (lows.length === 1 && shift === 0 && mask === 0) {
    const low = lows[0]!
    const high = highs[0]!
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
