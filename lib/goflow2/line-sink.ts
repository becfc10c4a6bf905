import type { FlowBatch } from '../flow/batch.ts'
import { F } from '../flow/fields.ts'
import type { FlowSink } from '../flow/stages.ts'
import { capturedColumns } from './captured.ts'
import { LineBuffer, type WriteLines } from './line-buffer.ts'
import { LineColumns } from './line-columns.ts'
import { LineCompiler } from './line-compiler.ts'
import type { LineStyle } from './line-emitter.ts'
import { lineItems } from './line-items.ts'
import { LinePrinter } from './line-printer.ts'
import { LinePrograms } from './line-programs.ts'
import type { Mapping } from './mapping-types.ts'
import { MessageEncoder } from './message-encoder.ts'

export interface LineSinkOptions {
  readonly format: 'json' | 'text' | 'bin'
  /** Whose shape the lines have. */
  readonly compat: '2.2' | '2.1'
  readonly mapping: Mapping | null
  /** Written after each line. */
  readonly separator: Uint8Array
  /** Takes whole lines; must have written or copied them when it returns. */
  readonly write: WriteLines
}

/** A sink that prints goflow2's lines; `lines` counts those printed. */
export interface LineSink extends FlowSink {
  readonly lines: number
  /** Passes on all lines of the batch before it returns. */
  write(batch: FlowBatch): void
}

/** A line sink that can print part of a batch. */
export interface RowSink extends LineSink {
  /** As `write` for rows `[from, to)` of the batch. */
  writeRows(batch: FlowBatch, from: number, to: number): void
}

/** A sink for batches of kind `flow` that passes goflow2's lines to `options.write`, at most about 1 MiB at a time. */
export function newLineSink(options: LineSinkOptions): RowSink {
  return new Sink(options)
}

class Sink implements RowSink {
  lines = 0
  readonly #programs: LinePrograms
  readonly #columns: LineColumns
  readonly #buffer: LineBuffer
  readonly #printer: LinePrinter | MessageEncoder

  constructor({ format, compat, mapping, separator, write }: LineSinkOptions) {
    const captured = mapping === null ? [] : capturedColumns(mapping)
    const style: LineStyle = { format, compat, items: lineItems(compat, mapping), captured, separator }
    this.#columns = new LineColumns(captured.map((column) => column.field))
    const compiler = new LineCompiler(style, this.#columns)
    this.#programs = new LinePrograms(this.#columns.mask, (shape) => compiler.compile(shape))
    this.#buffer = new LineBuffer(write)
    this.#printer =
      format === 'bin'
        ? new MessageEncoder(this.#columns, this.#buffer, separator)
        : new LinePrinter(this.#columns, this.#buffer, format === 'json', compat)
  }

  write(batch: FlowBatch): void {
    this.writeRows(batch, 0, batch.rowCount)
  }

  writeRows(batch: FlowBatch, first: number, end: number): void {
    const rows = batch.rowCount
    if (batch.kind !== 'flow' || first >= end) return
    this.#columns.bind(batch)
    const protocols = batch.fixed(F.exportProtocol).values
    const layouts = batch.fixed(F.layout).values
    // Rows of one template come in runs.
    for (let from = first; from < end; ) {
      const protocol = protocols[from]!
      const layout = layouts[from]!
      let to = from + 1
      while (to < end && layouts[to] === layout && protocols[to] === protocol) to++
      this.#columns.scan(from, to, from === 0 && to === rows)
      this.#printer.print(this.#programs.find(protocol, batch.layouts[layout - 1] ?? null), from, to)
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
}
