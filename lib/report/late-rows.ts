import { columnFacts } from '../flow/column-facts.ts'
import { F } from '../flow/fields.ts'
import type { BlockRows } from './block-rows.ts'
import { distancesOf, receptionsOf, type TimeSpans } from './time-spans.ts'

const LATE_NS = 300_000_000_000n
const LATE_DISTANCE = Number(LATE_NS)

/** How many of the chosen flows, whose rows ascend, were received more than 5 minutes after their end. */
export function lateRows(rows: BlockRows, spans: TimeSpans, selection: Uint32Array, count: number): number {
  const { block } = rows
  const ends = columnFacts(block, F.flowEnd)
  if (ends === undefined || block.info.greatestReceived - ends.least <= LATE_NS) return 0
  // What is damaged is told when the column is read.
  const runs = block.readRuns?.(F.timeReceived, []) ?? null
  if (runs !== null && runs.values instanceof BigUint64Array) {
    const received = distancesOf(runs.values, spans.baseNs)
    return countLateOfRuns(received, runs.lengths, spans.ends, selection, count)
  }
  const received = receptionsOf(rows, spans.baseNs)
  return received === null ? 0 : countLate(received, spans.ends, selection, count)
}

/** How many of the chosen flows were received more than 5 minutes after their end; times are of one base. */
export function countLate(
  received: Float64Array,
  ends: Float64Array,
  selection: Uint32Array,
  count: number,
): number {
  let late = 0
  for (let i = 0; i < count; i++) {
    const row = selection[i]!
    if (received[row]! - ends[row]! > LATE_DISTANCE) late++
  }
  return late
}

/** As `countLate` for rows that ascend, where as many rows as `lengths` says have the same time of reception. */
function countLateOfRuns(
  received: Float64Array,
  lengths: Uint32Array,
  ends: Float64Array,
  selection: Uint32Array,
  count: number,
): number {
  let late = 0
  let run = -1
  let end = 0
  let time = 0
  for (let i = 0; i < count; i++) {
    const row = selection[i]!
    while (row >= end) {
      end += lengths[++run]!
      time = received[run]!
    }
    late += time - ends[row]! > LATE_DISTANCE ? 1 : 0
  }
  return late
}
