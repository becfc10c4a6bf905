import {
  appendAddress,
  appendOctets,
  appendWord,
  BATCH_ROWS,
  type Column,
  type FlowBatch,
  type OctetsColumn,
  setOctets,
} from '../flow/batch.ts'
import { F } from '../flow/fields.ts'
import type { ReadColumn } from '../flow/source.ts'
import type { Schema } from './schema.ts'

/**
 * Appends rows `from` and on of a block's columns to `batch`, as many as fit; returns how many. The batch's columns
 * hold copies, and the values of `layout` become the batch's own numbers.
 */
export function fillBatch(
  columns: readonly ReadColumn[],
  rows: number,
  from: number,
  batch: FlowBatch,
  schema: Pick<Schema, 'layouts'>,
): number {
  const count = Math.min(BATCH_ROWS - batch.rowCount, rows - from)
  for (const { column } of columns) {
    const target = batch.column(column.field)
    target.present.set(column.present.subarray(from, from + count), batch.rowCount)
    if (column.field === F.layout) fillLayouts(column, from, count, batch, schema)
    else copyRows(column, from, count, target, batch.rowCount)
  }
  batch.rowCount += count
  return count
}

function fillLayouts(
  column: Column,
  from: number,
  count: number,
  batch: FlowBatch,
  schema: Pick<Schema, 'layouts'>,
): void {
  if (column.shape !== 'fixed') return
  const target = batch.fixed(F.layout)
  for (let i = 0; i < count; i++) {
    const layout = schema.layouts[column.values[from + i]!]
    target.values[batch.rowCount + i] = layout === undefined ? 0 : batch.layoutNumber(layout)
  }
}

function copyRows(column: Column, from: number, count: number, target: Column, to: number): void {
  if (column.shape === 'fixed' && target.shape === 'fixed') {
    const { stride } = column
    target.values.set(column.values.subarray(from * stride, (from + count) * stride), to * stride)
    return
  }
  if (column.shape === 'octets' && target.shape === 'octets') {
    copyOctets(column, from, count, target, to)
    return
  }
  for (let i = 0; i < count; i++) {
    const row = from + i
    if (column.present[row] !== 1 || column.shape === 'fixed') continue
    const start = column.starts[row]!
    const end = start + column.lengths[row]!
    if (column.shape === 'list' && target.shape === 'list') {
      const { data, stride } = column
      for (let item = start; item < end; item++) {
        if (stride === 1) appendWord(target, to + i, data[item]!)
        else {
          const at = item * 4
          appendAddress(target, to + i, data[at]!, data[at + 1]!, data[at + 2]!, data[at + 3]!)
        }
      }
    } else if (column.shape === 'octets-list' && target.shape === 'octets-list') {
      for (let item = start; item < end; item++) {
        const at = column.itemStarts[item]!
        appendOctets(target, to + i, column.data, at, at + column.itemLengths[item]!)
      }
    }
  }
}

/** Octets that stand once in the block stand once in the batch too, while the batch has no others. */
function copyOctets(
  column: OctetsColumn,
  from: number,
  count: number,
  target: OctetsColumn,
  to: number,
): void {
  const { starts, lengths, present, data } = column
  // A few long texts are the rule of how lines were written: they are told apart by where they begin.
  const known = to === 0 ? new Map<number, number>() : null
  let before = -1
  for (let i = 0; i < count; i++) {
    const row = from + i
    if (present[row] !== 1) continue
    const start = starts[row]!
    const length = lengths[row]!
    if (length > SHARED_FROM) {
      if (before < 0 || starts[before] !== start) before = known?.get(start) ?? -1
      if (before >= 0 && starts[before] === start) {
        const own = to + before - from
        target.starts[to + i] = target.starts[own]!
        target.lengths[to + i] = length
        target.present[to + i] = 1
        continue
      }
      if (known !== null && known.size < MOST_SHARED) known.set(start, row)
      before = row
    }
    setOctets(target, to + i, data, start, start + length)
  }
}

/** Octets that are longer are not copied for every row that has them. */
const SHARED_FROM = 64
const MOST_SHARED = 256
