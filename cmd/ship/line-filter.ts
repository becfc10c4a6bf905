import { FlowBatch } from '../../lib/flow/batch.ts'
import { blockOfBatch } from '../../lib/flow/batch-block.ts'
import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import { newRecordReader, type RecordForm, type RecordReader } from '../../lib/goflow2/reading/line-reader.ts'
import type { RowFilter } from '../row-filter.ts'
import { lineForm, pushRecord, recordEnd } from './record-form.ts'

/** Lines read at a time. */
const MOST_LINES = 1024

/** Lines that stand side by side, and whether a filter takes them. */
export interface LineRun {
  readonly to: number
  readonly isTaken: boolean
}

/** Tells which of goflow2's lines, or messages, a filter takes: they are read as rows for it. What is no flow is not taken. */
export class LineFilter {
  readonly #filter: RowFilter
  readonly #readers: Readonly<Record<RecordForm, RecordReader>>
  readonly #writer: BatchWriter
  readonly #batches: FlowBatch[] = []
  readonly #ends: number[] = []
  /** Rows that were read up to the end of each line. */
  readonly #rows: number[] = []

  constructor(filter: RowFilter) {
    this.#filter = filter
    this.#writer = new BatchWriter('flow', (full) => {
      this.#batches.push(full)
      return new FlowBatch()
    })
    const options = { writer: this.#writer }
    this.#readers = {
      json: newRecordReader('json', options),
      text: newRecordReader('text', options),
      bin: newRecordReader('bin', options),
    }
  }

  /** Runs of lines from `from` on, up to `to` or before it. */
  runs(octets: Uint8Array, from: number, to: number, isMessages: boolean): LineRun[] {
    this.#read(octets, from, to, isMessages)
    const taken = this.#taken()
    const runs: LineRun[] = []
    let next = 0
    for (const [line, end] of this.#ends.entries()) {
      let isTaken = false
      for (; next < taken.length && taken[next]! < this.#rows[line]!; next++) isTaken = true
      if (runs.at(-1)?.isTaken === isTaken) runs.pop()
      runs.push({ to: end, isTaken })
    }
    return runs
  }

  #read(octets: Uint8Array, from: number, to: number, isMessages: boolean): void {
    this.#ends.length = 0
    this.#rows.length = 0
    let rows = 0
    for (let at = from; at < to && this.#ends.length < MOST_LINES; ) {
      const form = isMessages ? 'bin' : lineForm(octets, at, to)
      const reader = this.#readers[form]
      const before = reader.rows
      const end = recordEnd(form, octets, at, to)
      pushRecord(form, reader, octets, at, end)
      // What is cut here is not to be taken for the start of what another call brings.
      if (isMessages) reader.end()
      rows += reader.rows - before
      this.#ends.push(end)
      this.#rows.push(rows)
      at = end
    }
    this.#writer.flush()
  }

  /** Numbers of the rows that the filter takes. */
  #taken(): number[] {
    const taken: number[] = []
    let first = 0
    for (const batch of this.#batches) {
      const rows = this.#filter.rows(blockOfBatch(batch), null, [])
      if (rows === null) for (let row = 0; row < batch.rowCount; row++) taken.push(first + row)
      else for (const row of rows) taken.push(first + row)
      first += batch.rowCount
    }
    this.#batches.length = 0
    return taken
  }
}
