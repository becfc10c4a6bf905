import type { FlowBatch } from '../flow/batch.ts'
import type { Layout } from '../flow/layout.ts'
import type { LineBuffer } from './line-buffer.ts'
import { LineColumns } from './line-columns.ts'
import { LinePrinter } from './line-printer.ts'
import { LinePrograms } from './line-programs.ts'
import { emitWritten, writtenColumns } from './written-emitter.ts'
import type { WrittenShape } from './written-shape.ts'

/** Prints rows of one shape into a buffer that printers of other shapes may share. */
export class WrittenPrinter {
  readonly #columns: LineColumns
  readonly #programs: LinePrograms
  readonly #printer: LinePrinter
  #serial = -1

  constructor(shape: WrittenShape, format: 'json' | 'text', separator: Uint8Array, buffer: LineBuffer) {
    const columnNames = writtenColumns(shape)
    const columns = new LineColumns(columnNames)
    const style = { format, shape, columnNames, separator }
    this.#columns = columns
    this.#programs = new LinePrograms(columns.mask, (rows) => emitWritten(style, rows, columns))
    this.#printer = new LinePrinter(columns, buffer, format === 'json', shape.compat)
  }

  /** Finds the columns of `batch`, once for each `serial`, which the caller changes with each batch. */
  bind(batch: FlowBatch, serial: number): void {
    if (serial === this.#serial) return
    this.#serial = serial
    this.#columns.bind(batch)
    // No value of a written line depends on what rows beside it hold: the batch's mask does for all of its runs.
    this.#columns.scan(0, 0, true)
  }

  /** Prints rows `[from, to)`, which share protocol and template. */
  print(protocol: number, layout: Layout | null, from: number, to: number): void {
    this.#printer.print(this.#programs.find(protocol, layout), from, to)
  }
}
