import { FlowBatch } from '../../lib/flow/batch.ts'
import { blockOfBatch } from '../../lib/flow/batch-block.ts'
import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import { newLineReader, type RecordReader } from '../../lib/goflow2/reading/line-reader.ts'
import type { RowFilter } from '../row-filter.ts'

const LINE_FEED = 0x0a
const END = Uint8Array.of(LINE_FEED)
/** Lines read at a time. */
const MOST_LINES = 1024

/** Lines that stand side by side, and whether a filter takes them. */
export interface LineRun {
  readonly to: number
  readonly isTaken: boolean
}

/** Tells which of goflow2's lines a filter takes: they are read as rows for it. What is no flow is not taken. */
export class LineFilter {
  readonly #filter: RowFilter
  readonly #reader: RecordReader
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
    this.#reader = newLineReader({ writer: this.#writer })
  }

  /** Runs of lines from `from` on, up to `to` or before it. */
  runs(octets: Uint8Array, from: number, to: number): LineRun[] {
    this.#read(octets, from, to)
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

  #read(octets: Uint8Array, from: number, to: number): void {
    this.#ends.length = 0
    this.#rows.length = 0
    const reader = this.#reader
    const before = reader.rows
    for (let at = from; at < to && this.#ends.length < MOST_LINES; ) {
      const feed = octets.indexOf(LINE_FEED, at)
      const end = feed < 0 || feed >= to ? to : feed + 1
      reader.push(octets, at, end)
      if (octets[end - 1] !== LINE_FEED) reader.push(END, 0, 1)
      this.#ends.push(end)
      this.#rows.push(reader.rows - before)
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
