import type { LineColumns } from './line-columns.ts'
import { itemName, LineEmitter, type LineStyle, messageName } from './line-emitter.ts'
import { LINE_FIELDS } from './line-fields.ts'
import type { LineProgram } from './line-program.ts'
import { type Shape, type Source, sourceOf } from './line-sources.ts'

/** Compiles the steps that print rows, and keeps what it compiled: many templates give the same program. */
export class LineCompiler {
  readonly #style: LineStyle
  readonly #columns: LineColumns
  readonly #names: readonly string[]
  readonly #programs = new Map<string, LineProgram>()

  constructor(style: LineStyle, columns: LineColumns) {
    this.#style = style
    this.#columns = columns
    const names = style.format === 'bin' ? LINE_FIELDS.map(messageName) : style.items.map(itemName)
    this.#names = [...new Set([...names, ...style.captured.map((c) => c.destination.builtin?.name ?? '')])]
  }

  /** The program for rows of `shape` whose columns are `columns.mask`. */
  compile(shape: Shape): LineProgram {
    const sources = new Map<string, Source>()
    for (const name of this.#names) sources.set(name, sourceOf(name, shape, this.#columns))
    const emitter = new LineEmitter(this.#style, shape, this.#columns, sources)
    const key = emitter.key()
    let program = this.#programs.get(key)
    if (program === undefined) {
      if (this.#programs.size >= MOST_PROGRAMS) this.#programs.clear()
      program = emitter.emit()
      this.#programs.set(key, program)
    }
    return program
  }
}

/** Programs kept; their number is that of the mixtures of columns met, not of templates. */
const MOST_PROGRAMS = 1024
