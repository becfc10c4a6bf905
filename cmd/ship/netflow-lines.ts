import { FlowBatch } from '../../lib/flow/batch.ts'
import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import type { DocumentPage, DocumentWriter, LineDocumentWriter } from '../../lib/flow/documents.ts'
import { newLineReader, type RecordReader } from '../../lib/goflow2/reading/line-reader.ts'

const LINE_FEED = 0x0a
const END = Uint8Array.of(LINE_FEED)
/** Lines read at a time. */
const MOST_LINES = 256

/** Makes documents of goflow2's NetFlow and IPFIX lines: they are read as rows, and the rows are written. */
export class NetflowLines implements LineDocumentWriter {
  readonly #documents: DocumentWriter
  readonly #failed: LineDocumentWriter
  readonly #reader: RecordReader
  readonly #writer: BatchWriter
  /** What was read, and where the line of each row begins. */
  readonly #batches: FlowBatch[] = []
  readonly #starts: number[] = []
  readonly #spare: FlowBatch[] = []

  /** `failed` makes documents of lines that are no flows. */
  constructor(documents: DocumentWriter, failed: LineDocumentWriter) {
    this.#documents = documents
    this.#failed = failed
    this.#writer = new BatchWriter('flow', (full) => {
      this.#batches.push(full)
      return this.#spare.pop() ?? new FlowBatch()
    })
    this.#reader = newLineReader({ writer: this.#writer })
  }

  writeLines(octets: Uint8Array, from: number, to: number, page: DocumentPage): number {
    for (let at = from; at < to; ) {
      const most = Math.min(MOST_LINES, page.most - page.count)
      if (most === 0) return at
      let lines = 0
      let end = at
      while (end < to && lines < most) {
        const next = lineEnd(octets, end, to)
        const isRead = this.#readLine(octets, end, next)
        if (!isRead) {
          // Documents keep the order of the lines.
          const stopped = this.#write(page)
          if (stopped >= 0) return stopped
          if (this.#failed.writeLines(octets, end, next, page) < next) return end
        }
        end = next
        lines++
      }
      const stopped = this.#write(page)
      if (stopped >= 0) return stopped
      at = end
    }
    return to
  }

  /** Reads a line; false where it is no flow. */
  #readLine(octets: Uint8Array, from: number, to: number): boolean {
    const reader = this.#reader
    const { rows, rejected } = reader
    reader.push(octets, from, to)
    if (octets[to - 1] !== LINE_FEED) reader.push(END, 0, 1)
    // Objects that share a line have places of their own in it.
    for (let i = 0; i < reader.rows - rows; i++) this.#starts.push(from + i)
    return reader.rows > rows || reader.rejected === rejected
  }

  /** Adds the documents of what was read; returns the line to go on from, -1 where all had room. */
  #write(page: DocumentPage): number {
    this.#writer.flush()
    const starts = this.#starts
    let row = 0
    let stopped = -1
    for (const batch of this.#batches) {
      if (stopped < 0) {
        const first = page.count
        const done = this.#documents.write(batch, 0, batch.rowCount, page)
        for (let i = first; i < page.count; i++) page.sources[i] = starts[row + page.sources[i]!]!
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

function lineEnd(octets: Uint8Array, from: number, to: number): number {
  const feed = octets.indexOf(LINE_FEED, from)
  return feed < 0 || feed >= to ? to : feed + 1
}
