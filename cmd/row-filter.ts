import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { type CompiledFilter, compileFilter, loadPatterns, parseFilter } from '../lib/filter/filter.ts'
import type { FlowBlock, Problem } from '../lib/flow/source.ts'
import { elementField } from './element-fields.ts'
import { readText } from './read-text.ts'
import { UsageError } from './usage-error.ts'

/** Reads and compiles a filter; throws UsageError where it is none, and FILE_UNREADABLE for a file that it names. */
export async function newRowFilter(text: string, timeZone: string, nowMs: number): Promise<RowFilter> {
  try {
    await loadPatterns()
    const names = { timeZone, nowMs, readFile: readText, field: elementField }
    return new RowFilter(compileFilter(parseFilter(text, names)))
  } catch (error) {
    if (error instanceof FlowError && error.code === 'FILTER_INVALID') throw new UsageError(error.message)
    throw error
  }
}

/** Chooses rows of blocks by a filter. */
export class RowFilter {
  readonly #filter: CompiledFilter
  #selection = new Uint8Array(0)

  constructor(filter: CompiledFilter) {
    this.#filter = filter
  }

  /** Those of `rows` (null: all) that the filter takes; null where that is all of the block. */
  rows(block: FlowBlock, rows: Uint32Array | null, problems: Problem[]): Uint32Array | null {
    const count = block.info.rows
    if (!this.#filter.mayMatch(block)) return new Uint32Array(0)
    if (this.#selection.length < count) this.#selection = new Uint8Array(count)
    const selection = this.#selection
    const taken = this.#filter.select(block, selection, problems)
    if (rows === null && taken === count) return null
    const chosen = new Uint32Array(rows === null ? taken : Math.min(taken, rows.length))
    let used = 0
    const candidates = rows === null ? count : rows.length
    for (let i = 0; i < candidates; i++) {
      const row = rows === null ? i : rows[i]!
      if (selection[row] === 1) chosen[used++] = row
    }
    return chosen.subarray(0, used)
  }
}
