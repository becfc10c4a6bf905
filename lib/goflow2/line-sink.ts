import type { FlowBatch } from '../flow/batch.ts'
import { F } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import type { FlowSink } from '../flow/stages.ts'
import { capturedColumns } from './captured.ts'
import { LineBuffer, type WriteLines } from './line-buffer.ts'
import { LineColumns } from './line-columns.ts'
import { LineCompiler } from './line-compiler.ts'
import type { LineStyle } from './line-emitter.ts'
import { lineItems } from './line-items.ts'
import { LinePrinter } from './line-printer.ts'
import type { LineProgram } from './line-program.ts'
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

/** Templates whose programs are remembered; with more of them, they are looked up anew by what they hold. */
const MAX_PROGRAMS = 4096
/** Mixtures of columns remembered for one template. */
const MAX_MIXTURES = 256

/** A sink for batches of kind `flow` that passes goflow2's lines to `options.write`, at most about 1 MiB at a time. */
export function newLineSink(options: LineSinkOptions): LineSink {
  return new Sink(options)
}

interface Compiled {
  readonly protocol: number
  readonly mask: Uint32Array
  readonly program: LineProgram
}

class Sink implements LineSink {
  lines = 0
  readonly #compiler: LineCompiler
  readonly #columns: LineColumns
  readonly #buffer: LineBuffer
  readonly #printer: LinePrinter | MessageEncoder
  /** By what the template looked like, or null where the protocol has none. */
  readonly #programs = new Map<Layout | null, Compiled[]>()
  #programCount = 0

  constructor({ format, compat, mapping, separator, write }: LineSinkOptions) {
    const captured = mapping === null ? [] : capturedColumns(mapping)
    const style: LineStyle = { format, compat, items: lineItems(compat, mapping), captured, separator }
    this.#columns = new LineColumns(captured.map((column) => column.field))
    this.#compiler = new LineCompiler(style, this.#columns)
    this.#buffer = new LineBuffer(write)
    this.#printer =
      format === 'bin'
        ? new MessageEncoder(this.#columns, this.#buffer, separator)
        : new LinePrinter(this.#columns, this.#buffer, format === 'json', compat)
  }

  write(batch: FlowBatch): void {
    const rows = batch.rowCount
    if (batch.kind !== 'flow' || rows === 0) return
    this.#columns.bind(batch)
    const protocols = batch.fixed(F.exportProtocol).values
    const layouts = batch.fixed(F.layout).values
    // Rows of one template come in runs.
    for (let from = 0; from < rows; ) {
      const protocol = protocols[from]!
      const layout = layouts[from]!
      let to = from + 1
      while (to < rows && layouts[to] === layout && protocols[to] === protocol) to++
      this.#columns.scan(from, to, from === 0 && to === rows)
      this.#printer.print(this.#program(protocol, batch.layouts[layout - 1] ?? null), from, to)
      from = to
    }
    this.#buffer.flush()
    this.lines += rows
  }

  flush(): void {
    this.#buffer.flush()
  }

  close(): void {
    this.#buffer.flush()
  }

  #program(protocol: number, layout: Layout | null): LineProgram {
    const { mask } = this.#columns
    let known = this.#programs.get(layout)
    if (known !== undefined) {
      for (let i = 0; i < known.length; i++) {
        const compiled = known[i]!
        if (compiled.protocol !== protocol || !isEqual(compiled.mask, mask)) continue
        // What is asked for often is found soon.
        known[i] = known[0]!
        known[0] = compiled
        return compiled.program
      }
      if (known.length >= MAX_MIXTURES) {
        this.#programCount -= known.length
        known.length = 0
      }
    }
    if (this.#programCount >= MAX_PROGRAMS) {
      this.#programs.clear()
      this.#programCount = 0
      known = undefined
    }
    if (known === undefined) {
      known = []
      this.#programs.set(layout, known)
    }
    const program = this.#compiler.compile({ protocol, layout })
    known.push({ protocol, mask: mask.slice(), program })
    this.#programCount++
    return program
  }
}

function isEqual(one: Uint32Array, other: Uint32Array): boolean {
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}
