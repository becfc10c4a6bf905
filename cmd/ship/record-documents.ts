import { FlowBatch } from '../../lib/flow/batch.ts'
import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import type { DocumentPage, DocumentWriter, LineDocumentWriter } from '../../lib/flow/documents.ts'
import { newRecordReader, type RecordForm, type RecordReader } from '../../lib/goflow2/reading/line-reader.ts'
import type { RejectsFile } from '../rejects-file.ts'
import { rowDataset } from '../row-documents.ts'
import type { Dataset } from './destination.ts'
import { pushRecord, recordEnd } from './record-form.ts'

/** Records read at a time. */
const MOST_RECORDS = 256

export interface RecordDocumentsOptions {
  readonly form: RecordForm
  readonly documents: DocumentWriter
  /** Makes documents of lines that are no flows; null for messages, which are only counted then. */
  readonly failed: LineDocumentWriter | null
  readonly rejects: RejectsFile | null
}

/** Makes documents of goflow2's records that are not mapped as they stand: they are read as rows, and the rows are written. */
export class RecordDocuments implements LineDocumentWriter {
  /** Data sets of the documents that the last call has made. */
  readonly datasets: Dataset[] = []
  readonly #options: RecordDocumentsOptions
  readonly #reader: RecordReader
  readonly #writer: BatchWriter
  /** What was read, and where the record of each row begins. */
  readonly #batches: FlowBatch[] = []
  readonly #starts: number[] = []
  readonly #spare: FlowBatch[] = []

  constructor(options: RecordDocumentsOptions) {
    this.#options = options
    this.#writer = new BatchWriter('flow', (full) => {
      this.#batches.push(full)
      return this.#spare.pop() ?? new FlowBatch()
    })
    const { form, rejects } = options
    this.#reader = newRecordReader(form, {
      writer: this.#writer,
      // Lines that are no flows are kept where their documents are made.
      onReject: (octets, from, to) => {
        if (form === 'bin') rejects?.add(octets, from, to, false)
      },
    })
  }

  /** Pieces of messages that were none. */
  get rejected(): number {
    return this.#reader.rejected
  }

  writeLines(octets: Uint8Array, from: number, to: number, page: DocumentPage): number {
    const { form, failed } = this.#options
    this.datasets.length = 0
    for (let at = from; at < to; ) {
      const most = Math.min(MOST_RECORDS, page.most - page.count)
      if (most === 0) return at
      let records = 0
      let end = at
      while (end < to && records < most) {
        const next = recordEnd(form, octets, end, to)
        const isRead = this.#readRecord(octets, end, next)
        if (!isRead && failed !== null) {
          // Documents keep the order of the lines.
          const stopped = this.#write(page)
          if (stopped >= 0) return stopped
          if (failed.writeLines(octets, end, next, page) < next) return end
          this.datasets.push('goflow2.sflow')
        }
        end = next
        records++
      }
      this.#endReading(end)
      const stopped = this.#write(page)
      if (stopped >= 0) return stopped
      at = end
    }
    return to
  }

  /** Reads a record; false where it is no flow. */
  #readRecord(octets: Uint8Array, from: number, to: number): boolean {
    const reader = this.#reader
    const { rows, rejected } = reader
    pushRecord(this.#options.form, reader, octets, from, to)
    this.#noteStarts(rows, from)
    return reader.rows > rows || reader.rejected === rejected
  }

  /** Keeps nothing of a message that is cut: what comes next may be of another source, or be read again. */
  #endReading(at: number): void {
    if (this.#options.form !== 'bin') return
    const { rows } = this.#reader
    this.#reader.end()
    this.#noteStarts(rows, at)
  }

  /** Objects that share a line have places of their own in it. */
  #noteStarts(rowsBefore: number, from: number): void {
    for (let i = 0; i < this.#reader.rows - rowsBefore; i++) this.#starts.push(from + i)
  }

  /** Adds the documents of what was read; returns the record to go on from, -1 where all had room. */
  #write(page: DocumentPage): number {
    this.#writer.flush()
    const starts = this.#starts
    let row = 0
    let stopped = -1
    for (const batch of this.#batches) {
      if (stopped < 0) {
        const first = page.count
        const done = this.#options.documents.write(batch, 0, batch.rowCount, page)
        for (let i = first; i < page.count; i++) {
          this.datasets.push(rowDataset(batch, page.sources[i]!))
          page.sources[i] = starts[row + page.sources[i]!]!
        }
        if (done < batch.rowCount) stopped = starts[row + done]!
        row += batch.rowCount
      }
      batch.reset()
      this.#spare.push(batch)
    }
    this.#batches.length = 0
    starts.length = 0
    return stopped
  }
}
