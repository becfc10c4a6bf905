import type { FixedColumn } from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'
import type { FlowBlock, Problem } from '../flow/source.ts'

/** Nanoseconds since the epoch: `from` belongs to it, `to` no more. */
export interface Span {
  readonly from: bigint
  readonly to: bigint
}

export const ALWAYS: Span = { from: 0n, to: 2n ** 64n }

const TIMES: readonly Field[] = [F.flowStart, F.flowEnd, F.timeReceived]

/**
 * The rows of `block` whose time, from flowStart to flowEnd, touches the span: all of them (null), or their numbers. A
 * flow that tells one of both has it for both, and one that tells none was when it was received.
 */
export function rowsWithin(block: FlowBlock, span: Span, problems: Problem[]): Uint32Array | null {
  const { rows } = block.info
  if (span.from <= 0n && span.to >= ALWAYS.to) return null
  const range = rangeOf(block)
  if (range.least >= span.to || range.greatest < span.from) return new Uint32Array(0)
  if (range.least >= span.from && range.greatest < span.to && range.isKnown) return null
  const [start, end, received] = TIMES.map(
    (field) => block.read(field, problems)?.column as FixedColumn | undefined,
  )
  const selected = new Uint32Array(rows)
  let count = 0
  const from = wordsOf(span.from)
  const to = wordsOf(span.to > ALWAYS.to - 1n ? ALWAYS.to - 1n : span.to)
  const isOpen = span.to >= ALWAYS.to
  for (let row = 0; row < rows; row++) {
    const first = held(row, start, end, received)
    if (first === undefined) continue
    const last = held(row, end, start, received)!
    const isBefore = isOpen || isLess(first.words[row * 2 + 1]!, first.words[row * 2]!, to.high, to.low)
    if (isBefore && !isLess(last.words[row * 2 + 1]!, last.words[row * 2]!, from.high, from.low)) {
      selected[count++] = row
    }
  }
  return count === rows ? null : selected.subarray(0, count)
}

/** The first of three columns that holds a time in `row`. */
function held(
  row: number,
  first: FixedColumn | undefined,
  second: FixedColumn | undefined,
  third: FixedColumn | undefined,
): FixedColumn | undefined {
  if (first !== undefined && first.present[row] === 1) return first
  if (second !== undefined && second.present[row] === 1) return second
  return third !== undefined && third.present[row] === 1 ? third : undefined
}

/** The least and greatest time that the block's head tells. */
function rangeOf(block: FlowBlock): { least: bigint; greatest: bigint; isKnown: boolean } {
  let least = ALWAYS.to
  let greatest = -1n
  for (const { field, least: low, greatest: high } of block.columns) {
    if (field === null || !TIMES.includes(field)) continue
    if (low < least) least = low
    if (high > greatest) greatest = high
  }
  return { least, greatest, isKnown: greatest >= 0n }
}

function wordsOf(ns: bigint): { high: number; low: number } {
  return { high: Number(ns >> 32n), low: Number(ns & 0xffff_ffffn) }
}

function isLess(high: number, low: number, otherHigh: number, otherLow: number): boolean {
  return high < otherHigh || (high === otherHigh && low < otherLow)
}
