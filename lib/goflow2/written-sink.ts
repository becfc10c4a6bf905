import type { FixedColumn, FlowBatch, OctetsColumn } from '../flow/batch.ts'
import { F } from '../flow/fields.ts'
import { LineBuffer, type WriteLines } from './line-buffer.ts'
import { type LineSinkOptions, newLineSink, type RowSink } from './line-sink.ts'
import { WrittenPrinter } from './written-printer.ts'
import { parseShape, WRITTEN } from './written-shape.ts'

/** Shapes whose printers are kept. */
const MAX_PRINTERS = 64

export interface WrittenSinkOptions extends LineSinkOptions {
  readonly format: 'json' | 'text'
}

/**
 * A sink that prints rows which were read from a log as they stood there, in the same octets if the format is the log's;
 * other rows as `newLineSink` does.
 */
export function newWrittenSink(options: WrittenSinkOptions): RowSink {
  return new WrittenSink(options)
}

class WrittenSink implements RowSink {
  lines = 0
  readonly #options: WrittenSinkOptions
  readonly #buffer: LineBuffer
  readonly #plain: RowSink
  readonly #printers = new Map<string, WrittenPrinter | null>()
  /** Printers of the batch at hand, by where the shape's text begins. */
  readonly #byStart = new Map<number, WrittenPrinter | null>()
  readonly #decoder = new TextDecoder()
  #serial = 0

  constructor(options: WrittenSinkOptions) {
    this.#options = options
    this.#buffer = new LineBuffer(options.write)
    // Rows without a shape stand between others: their lines go the same way.
    this.#plain = newLineSink({ ...options, write: this.#take })
  }

  readonly #take: WriteLines = (octets, from, to) => {
    this.#buffer.flush()
    this.#options.write(octets, from, to)
  }

  write(batch: FlowBatch): void {
    this.writeRows(batch, 0, batch.rowCount)
  }

  writeRows(batch: FlowBatch, first: number, end: number): void {
    if (batch.kind !== 'flow' || first >= end) return
    const rows = batch.rowCount
    const shapes = batch.find(WRITTEN.shape) as OctetsColumn | undefined
    const lines = batch.find(WRITTEN.line) as OctetsColumn | undefined
    const isWritten =
      (shapes !== undefined && isAny(shapes, rows)) || (lines !== undefined && isAny(lines, rows))
    if (!isWritten) {
      this.#plain.writeRows(batch, first, end)
      this.lines += end - first
      return
    }
    const protocols = batch.fixed(F.exportProtocol)
    const layouts = batch.fixed(F.layout)
    this.#byStart.clear()
    this.#serial++
    for (let from = first; from < end; ) {
      if (lines !== undefined && lines.present[from] === 1) {
        this.#line(lines, from)
        from++
        continue
      }
      const to = runEnd(shapes, lines, protocols, layouts, from, end)
      const printer =
        shapes === undefined || shapes.present[from] === 0 ? null : this.#printerOf(shapes, from)
      if (printer === null) this.#plainRows(batch, from, to)
      else {
        printer.bind(batch, this.#serial)
        const layout = batch.layouts[layouts.values[from]! - 1] ?? null
        printer.print(protocols.values[from]!, layout, from, to)
      }
      from = to
    }
    this.#buffer.flush()
    this.lines += end - first
  }

  flush(): void {
    this.#buffer.flush()
  }

  close(): void {
    this.#buffer.flush()
  }

  /** A line that was kept whole. */
  #line({ data, starts, lengths }: OctetsColumn, row: number): void {
    const start = starts[row]!
    this.#buffer.flush()
    this.#options.write(data, start, start + lengths[row]!)
    const { separator } = this.#options
    this.#options.write(separator, 0, separator.length)
  }

  #plainRows(batch: FlowBatch, from: number, to: number): void {
    this.#buffer.flush()
    this.#plain.writeRows(batch, from, to)
  }

  #printerOf(shapes: OctetsColumn, row: number): WrittenPrinter | null {
    const start = shapes.starts[row]!
    let printer = this.#byStart.get(start)
    if (printer !== undefined) return printer
    const text = this.#decoder.decode(shapes.data.subarray(start, start + shapes.lengths[row]!))
    printer = this.#printers.get(text)
    if (printer === undefined) {
      const shape = parseShape(text)
      const { format, separator } = this.#options
      printer = shape === null ? null : new WrittenPrinter(shape, format, separator, this.#buffer)
      if (this.#printers.size >= MAX_PRINTERS) this.#printers.clear()
      this.#printers.set(text, printer)
    }
    if (this.#byStart.size < MAX_PRINTERS) this.#byStart.set(start, printer)
    return printer
  }
}

function isAny({ present }: OctetsColumn, rows: number): boolean {
  const first = present.indexOf(1)
  return first >= 0 && first < rows
}

/** Where the rows end that have shape, protocol and template of row `from`. */
function runEnd(
  shapes: OctetsColumn | undefined,
  lines: OctetsColumn | undefined,
  protocols: FixedColumn,
  layouts: FixedColumn,
  from: number,
  rows: number,
): number {
  const protocol = protocols.values[from]
  const layout = layouts.values[from]
  let to = from + 1
  while (to < rows && protocols.values[to] === protocol && layouts.values[to] === layout) {
    if (lines !== undefined && lines.present[to] === 1) break
    if (shapes !== undefined) {
      if (shapes.present[to] !== shapes.present[from] || shapes.starts[to] !== shapes.starts[from]) break
    }
    to++
  }
  return to
}
