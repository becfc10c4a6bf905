import { formatAddress } from '../bytes/address.ts'
import { type Column, FlowBatch, type RecordKind } from '../flow/batch.ts'
import { BatchWriter } from '../flow/batch-writer.ts'

/** A row as a test reads it: addresses and MACs as text, 64 bits as bigint, octets as hexadecimal, lists as arrays. */
export type Row = Record<string, string | number | bigint | (string | number)[]>

/** The fields that the row holds, by name. */
export function rowOf(batch: FlowBatch, row: number): Row {
  const out: Row = {}
  for (const column of batch.columns()) {
    if (column.present[row] === 1) out[column.field.name] = valueAt(column, row)
  }
  return out
}

function valueAt(column: Column, row: number): Row[string] {
  const { kind } = column.field
  switch (column.shape) {
    case 'fixed':
      if (kind === 'address') return formatAddress(column.values as Uint32Array, row * 4)
      if (kind === 'mac') {
        const digits = [column.values[row * 2]!, column.values[row * 2 + 1]!]
        return `${hex(digits[0]!, 4)}${hex(digits[1]!, 8)}`.replace(/..(?=.)/g, '$&:')
      }
      if (kind === 'u64') return column.wide[row]!
      if (kind === 'i64') return column.signed[row]!
      return column.values[row]!
    case 'octets': {
      const octets = column.data.subarray(column.starts[row]!, column.starts[row]! + column.lengths[row]!)
      return kind === 'text' ? Buffer.from(octets).toString() : Buffer.from(octets).toString('hex')
    }
    case 'list': {
      const items = Array.from({ length: column.lengths[row]! }, (_, i) => column.starts[row]! + i)
      return items.map((at) => (column.stride === 4 ? formatAddress(column.data, at * 4) : column.data[at]!))
    }
    case 'octets-list': {
      const items = Array.from({ length: column.lengths[row]! }, (_, i) => column.starts[row]! + i)
      return items.map((item) => {
        const start = column.itemStarts[item]!
        return Buffer.from(column.data.subarray(start, start + column.itemLengths[item]!)).toString('hex')
      })
    }
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

/** A writer whose rows can be read back; `rows` passes on what waits and returns all rows since the last call. */
export class RowCollector {
  readonly writer: BatchWriter
  /** Row counts of the batches passed on. */
  readonly batches: number[] = []
  #rows: Row[] = []

  constructor(kind: RecordKind = 'flow') {
    this.writer = new BatchWriter(kind, (full) => {
      this.batches.push(full.rowCount)
      for (let row = 0; row < full.rowCount; row++) this.#rows.push(rowOf(full, row))
      full.reset()
      return full
    })
  }

  rows(): Row[] {
    this.writer.flush()
    const rows = this.#rows
    this.#rows = []
    return rows
  }
}

/** Counts rows and forgets them: for benches. */
export function discardingWriter(): BatchWriter {
  let spare = new FlowBatch()
  return new BatchWriter('flow', (full) => {
    const next = spare
    full.reset()
    spare = full
    return next
  })
}
