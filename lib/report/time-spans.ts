import { F } from '../flow/fields.ts'
import { type BlockRows, partial } from './block-rows.ts'

/** When flows of a block were, in nanoseconds after `baseNs`. A row without any time has NaN. */
export interface TimeSpans {
  readonly baseNs: bigint
  readonly starts: Float64Array
  readonly ends: Float64Array
}

/** As far from the base as times are told apart: 52 days. Farther ones count as that far. */
export const MOST_DISTANCE = 2 ** 52

/**
 * Starts and ends of a block's flows. A flow with one of both times lasted no time; one with none was when it was
 * received. An end before the start counts as the start.
 */
export function spansOf(rows: BlockRows, baseNs: bigint): TimeSpans {
  return rows.once(null, `spans ${baseNs}`, () => {
    const starts = distances(rows, F.flowStart, baseNs)
    const ends = distances(rows, F.flowEnd, baseNs)
    if (starts === null || ends === null || starts.hasGap || ends.hasGap) {
      const none = new Float64Array(rows.rows).fill(Number.NaN)
      const received = distances(rows, F.timeReceived, baseNs)
      return filled(
        baseNs,
        starts?.values ?? none.slice(),
        ends?.values ?? none.slice(),
        received?.values ?? none,
      )
    }
    orderSpans(starts.values, ends.values)
    return { baseNs, starts: starts.values, ends: ends.values }
  })
}

/** When rows were received, nanoseconds after `baseNs`; NaN where nobody says. Null: of no row. */
export function receptionsOf(rows: BlockRows, baseNs: bigint): Float64Array | null {
  return rows.once(null, `received ${baseNs}`, () => distances(rows, F.timeReceived, baseNs)?.values ?? null)
}

/** Moments as distances, in nanoseconds after `baseNs`. */
export function distancesOf(moments: BigUint64Array, baseNs: bigint): Float64Array {
  const { buffer, byteOffset, length } = moments
  const out = new Float64Array(length)
  subtract(
    new Uint32Array(buffer, byteOffset, length * 2),
    Number(baseNs >> 32n),
    Number(baseNs & 0xffffffffn),
    out,
  )
  return out
}

function orderSpans(starts: Float64Array, ends: Float64Array): void {
  for (let row = 0; row < starts.length; row++) if (ends[row]! < starts[row]!) ends[row] = starts[row]!
}

function filled(baseNs: bigint, starts: Float64Array, ends: Float64Array, received: Float64Array): TimeSpans {
  for (let row = 0; row < starts.length; row++) {
    let start = starts[row]!
    let end = ends[row]!
    if (Number.isNaN(end)) end = Number.isNaN(start) ? received[row]! : start
    if (Number.isNaN(start)) start = end
    starts[row] = start
    ends[row] = Math.max(end, start)
  }
  return { baseNs, starts, ends }
}

function distances(
  rows: BlockRows,
  field: typeof F.flowStart,
  baseNs: bigint,
): { values: Float64Array; hasGap: boolean } | null {
  const scaled = rows.scaled(field)
  const values = rows.floats(rows.rows)
  const column = scaled ?? rows.fixed(field)
  if (column === null) return null
  const from = scaled === null ? 0 : Number(BigInt.asIntN(64, scaled.base - baseNs))
  if (scaled !== null && scaled.unit < 2n ** 21n && Math.abs(from) < MOST_DISTANCE) {
    distancesOfScaled(scaled.values, from, Number(scaled.unit), values)
  } else {
    const { words } = rows.fixed(field)!
    subtract(words, Number(baseNs >> 32n), Number(baseNs & 0xffffffffn), values)
  }
  const present = partial(column.present, rows.rows)
  if (present !== null)
    for (let row = 0; row < values.length; row++) if (present[row] === 0) values[row] = Number.NaN
  return { values, hasGap: present !== null }
}

function subtract(words: Uint32Array, high: number, low: number, out: Float64Array): void {
  for (let row = 0; row < out.length; row++) {
    const distance = (words[row * 2 + 1]! - high) * 4294967296 + (words[row * 2]! - low)
    out[row] = distance > MOST_DISTANCE ? MOST_DISTANCE : Math.max(distance, -MOST_DISTANCE)
  }
}

/** Products are below 2^53, and so are sums near the block's base; far ones count as far. */
function distancesOfScaled(values: Uint32Array, base: number, unit: number, out: Float64Array): void {
  for (let row = 0; row < out.length; row++) {
    const distance = values[row]! * unit + base
    out[row] = distance > MOST_DISTANCE ? MOST_DISTANCE : Math.max(distance, -MOST_DISTANCE)
  }
}
