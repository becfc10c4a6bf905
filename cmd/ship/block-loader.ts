import { fillBatch } from '../../lib/archive/batch-filler.ts'
import type { Block } from '../../lib/archive/block-reader.ts'
import type { Schema } from '../../lib/archive/schema.ts'
import { FlowBatch } from '../../lib/flow/batch.ts'
import type { Problem, ReadColumn } from '../../lib/flow/source.ts'
import type { RowFilter } from '../row-filter.ts'
import type { RowLoader } from './row-loader.ts'
import type { SourceProgress } from './source-progress.ts'

/** Columns that a batch may carry on. */
const MOST_COLUMNS = 256

/** A block, and where its rows stand in its source. */
export interface PlacedBlock {
  readonly block: Block
  readonly schema: Pick<Schema, 'layouts'>
  readonly problems: Problem[]
  readonly firstRow: number
  /** Rows that are done already. */
  readonly from: number
  readonly progress: SourceProgress
}

/** Has the documents of blocks sent, all rows or those that a filter takes. */
export class BlockLoader {
  readonly #rows: RowLoader
  readonly #filter: RowFilter | null
  readonly #batch = new FlowBatch()

  constructor(rows: RowLoader, filter: RowFilter | null) {
    this.#rows = rows
    this.#filter = filter
  }

  /** Resolves when the block is needed no more, or when the signal ends the work between two batches. */
  async load(placed: PlacedBlock, signal: AbortSignal): Promise<void> {
    const { block, schema, problems, firstRow, progress } = placed
    const { rows, kind, at } = block.info
    if (kind === null) {
      problems.push({ at, what: `${rows} records of a kind that a later version knows` })
      return
    }
    if (kind === 'rollup') return
    const taken = this.#filter?.rows(block, null, problems) ?? null
    const columns: ReadColumn[] = []
    for (const { field } of block.columns) {
      const column = field === null ? null : block.read(field, problems)
      if (column !== null) columns.push(column)
    }
    const batch = this.#batch
    for (let from = placed.from; from < rows && !signal.aborted; ) {
      if (batch.columns().length > MOST_COLUMNS) batch.trim()
      else batch.reset()
      batch.kind = kind
      const count = fillBatch(columns, rows, from, batch, schema)
      if (taken === null) await this.#rows.load(batch, 0, count, firstRow + from, progress)
      else await this.#some(batch, taken, from, count, firstRow, progress)
      from += count
    }
  }

  /** Loads those rows of a batch that were taken, and moves the position past the others. */
  async #some(
    batch: FlowBatch,
    taken: Uint32Array,
    from: number,
    count: number,
    firstRow: number,
    progress: SourceProgress,
  ): Promise<void> {
    let i = lowerBound(taken, from)
    while (i < taken.length && taken[i]! < from + count) {
      const begin = taken[i]!
      let end = begin + 1
      for (i++; i < taken.length && taken[i] === end && end < from + count; i++) end++
      await this.#rows.load(batch, begin - from, end - from, firstRow + from, progress)
    }
    await this.#rows.pass(firstRow + from + count, progress)
  }
}

/** The first place whose value is `least` or more. */
function lowerBound(sorted: Uint32Array, least: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < least) low = middle + 1
    else high = middle
  }
  return low
}
