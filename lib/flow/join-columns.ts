import type { Column, FixedColumn, FlowBatch, NumberValues } from './batch.ts'
import { NEW_MEMORY, type ValueMemory } from './block-memory.ts'
import type { Field } from './fields.ts'

type ValuesOf = new (buffer: ArrayBuffer, at: number, length: number) => NumberValues

const NO_WORDS = new Uint32Array(0)

/**
 * One column of `rows` rows from those of several batches, all rows of one behind those of the other; null if none has
 * it. Columns of fixed width lie in `memory`.
 */
export function joinColumns(
  field: Field,
  batches: readonly FlowBatch[],
  rows: number,
  memory: ValueMemory = NEW_MEMORY,
): Column | null {
  const first = batches.find((batch) => batch.find(field) !== undefined)?.find(field)
  if (first === undefined) return null
  const present = new Uint8Array(memory.buffer(rows), 0, rows)
  let at = 0
  for (const batch of batches) {
    const column = batch.find(field)
    if (column !== undefined) present.set(column.present.subarray(0, batch.rowCount), at)
    else present.fill(0, at, at + batch.rowCount)
    at += batch.rowCount
  }
  if (!present.includes(1)) return null
  if (first.shape === 'fixed') return joinFixed(field, first, batches, present, memory)
  return joinVariable(field, first, batches, rows, present)
}

function joinFixed(
  field: Field,
  { stride, values: like }: FixedColumn,
  batches: readonly FlowBatch[],
  present: Uint8Array,
  memory: ValueMemory,
): FixedColumn {
  const count = present.length * stride
  const buffer = memory.buffer(count * like.BYTES_PER_ELEMENT)
  const values = new (like.constructor as ValuesOf)(buffer, 0, count)
  let at = 0
  for (const batch of batches) {
    const column = batch.find(field)
    const end = at + batch.rowCount * stride
    if (column?.shape === 'fixed') values.set(column.values.subarray(0, end - at), at)
    else values.fill(0, at, end)
    at = end
  }
  const isWide = field.kind === 'u64' || field.kind === 'i64'
  const is32 = like.BYTES_PER_ELEMENT >= 4
  return {
    field,
    shape: 'fixed',
    values,
    wide: isWide ? new BigUint64Array(buffer, 0, present.length) : new BigUint64Array(0),
    signed: isWide ? new BigInt64Array(buffer, 0, present.length) : new BigInt64Array(0),
    words: is32 ? new Uint32Array(buffer, 0, (count * like.BYTES_PER_ELEMENT) / 4) : NO_WORDS,
    stride,
    present,
  }
}

function joinVariable(
  field: Field,
  first: Exclude<Column, FixedColumn>,
  batches: readonly FlowBatch[],
  rows: number,
  present: Uint8Array,
): Column {
  const starts = new Uint32Array(rows)
  const lengths = new Uint32Array(rows)
  const bases: number[] = []
  let used = 0
  let items = 0
  let at = 0
  for (const batch of batches) {
    const column = batch.find(field)
    if (column !== undefined && column.shape !== 'fixed') {
      const base = column.shape === 'octets-list' ? items : used
      for (let row = 0; row < batch.rowCount; row++) {
        if (column.lengths[row] === 0) continue
        starts[at + row] = column.starts[row]! + base
        lengths[at + row] = column.lengths[row]!
      }
      bases.push(used)
      used += column.used
      if (column.shape === 'octets-list') items += column.items
    }
    at += batch.rowCount
  }
  const columns = batches.map((batch) => batch.find(field)).filter((column) => column !== undefined)
  switch (first.shape) {
    case 'octets':
      return { field, shape: 'octets', starts, lengths, data: joinOctets(columns, used), used, present }
    case 'list': {
      const { stride } = first
      const data = new Uint32Array(used * stride)
      columns.forEach((column, i) => {
        if (column.shape === 'list')
          data.set(column.data.subarray(0, column.used * stride), bases[i]! * stride)
      })
      return { field, shape: 'list', starts, lengths, data, used, stride, present }
    }
    case 'octets-list': {
      const itemStarts = new Uint32Array(items)
      const itemLengths = new Uint32Array(items)
      let to = 0
      columns.forEach((column, i) => {
        if (column.shape !== 'octets-list') return
        for (let item = 0; item < column.items; item++, to++) {
          itemStarts[to] = column.itemStarts[item]! + bases[i]!
          itemLengths[to] = column.itemLengths[item]!
        }
      })
      const data = joinOctets(columns, used)
      return {
        field,
        shape: 'octets-list',
        starts,
        lengths,
        itemStarts,
        itemLengths,
        items,
        data,
        used,
        present,
      }
    }
  }
}

function joinOctets(columns: readonly Column[], octets: number): Uint8Array {
  const data = new Uint8Array(octets)
  let at = 0
  for (const column of columns) {
    if (column.shape !== 'octets' && column.shape !== 'octets-list') continue
    data.set(column.data.subarray(0, column.used), at)
    at += column.used
  }
  return data
}
