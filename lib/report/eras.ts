import { F } from '../flow/fields.ts'
import type { BlockRows } from './block-rows.ts'
import { MOST_DISTANCE, type TimeSpans } from './time-spans.ts'
import { greater } from './window.ts'

// A block may hold flows of years: their times are no distances from one base. Those far from the block's base are taken
// by eras, each with a base of its own.

/** Flows that end in an era are told apart by nanoseconds from anywhere in it, if they last no longer than one. */
const ERA_NS = 2n ** 51n
const LONGEST_NS = 2n ** 52n

/** Rows that ended in the same era. */
export interface Era {
  readonly rows: Uint32Array
  /** A moment from which on all of them are near. */
  readonly moment: bigint
  /** Their times after a base near `moment`; of other rows anything. The memory is that of the era before. */
  spansFrom(baseNs: bigint): EraSpans
}

/** Times of the rows of an era, and when these were received. */
export interface EraSpans extends TimeSpans {
  readonly received: Float64Array
}

/** Rows whose times are as far from the base as spans tell them. */
function isFar({ starts, ends }: TimeSpans, row: number): boolean {
  return ends[row]! >= MOST_DISTANCE || starts[row]! <= -MOST_DISTANCE
}

/** Whether times of the block may be far from the base, by the facts of its columns. */
function mayBeFar(rows: BlockRows, baseNs: bigint): boolean {
  return rows.block.columns.some(
    ({ field, least, greatest }) =>
      (field === F.flowStart || field === F.flowEnd || field === F.timeReceived) &&
      (least <= baseNs - LONGEST_NS || greatest >= baseNs + LONGEST_NS),
  )
}

/** The chosen rows parted into those near the base of their spans and those that are not; null where all are near. */
export function partFar(
  rows: BlockRows,
  spans: TimeSpans,
  selection: Uint32Array,
  count: number,
): { near: Uint32Array; far: Uint32Array } | null {
  if (!mayBeFar(rows, spans.baseNs)) return null
  let first = 0
  while (first < count && !isFar(spans, selection[first]!)) first++
  if (first === count) return null
  const chosen = selection.subarray(0, count)
  return {
    near: chosen.filter((row) => !isFar(spans, row)),
    far: chosen.filter((row) => isFar(spans, row)),
  }
}

/** Rows by when they ended, the earliest era first. Flows of more than 52 days count as having begun that long before. */
export function* erasOf(rows: BlockRows, far: Uint32Array): Generator<Era> {
  const starts = new BigUint64Array(far.length)
  const ends = new BigUint64Array(far.length)
  const byEra = new Map<bigint, number[]>()
  const columns = [F.flowStart, F.flowEnd, F.timeReceived].map((field) => rows.fixed(field))
  for (const [place, row] of far.entries()) {
    const [start, end, received] = columns.map((column) =>
      column === null || column.present[row] === 0 ? null : column.wide[row]!,
    )
    const last = end ?? start ?? received ?? 0n
    starts[place] = start ?? last
    ends[place] = greater(last, starts[place])
    starts[place] = greater(starts[place], ends[place] - LONGEST_NS)
    const era = ends[place] / ERA_NS
    const places = byEra.get(era)
    if (places === undefined) byEra.set(era, [place])
    else places.push(place)
  }
  const spans = [0, 1, 2].map(() => new Float64Array(rows.rows))
  for (const [era, places] of [...byEra].sort(([a], [b]) => Number(a - b))) {
    yield {
      rows: Uint32Array.from(places, (place) => far[place]!),
      moment: era * ERA_NS,
      spansFrom(baseNs) {
        const receptions = columns[2]
        for (const place of places) {
          const row = far[place]!
          spans[0]![row] = Number(starts[place]! - baseNs)
          spans[1]![row] = Number(ends[place]! - baseNs)
          const isKnown = receptions !== null && receptions!.present[row] === 1
          spans[2]![row] = isKnown ? Number(receptions!.wide[row]! - baseNs) : Number.NaN
        }
        return { baseNs, starts: spans[0]!, ends: spans[1]!, received: spans[2]! }
      },
    }
  }
}
