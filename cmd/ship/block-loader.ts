import { fillBatch } from '../../lib/archive/batch-filler.ts'
import type { Block } from '../../lib/archive/block-reader.ts'
import type { Schema } from '../../lib/archive/schema.ts'
import { FlowBatch } from '../../lib/flow/batch.ts'
import type { Problem, ReadColumn } from '../../lib/flow/source.ts'
import type { RowFilter } from '../row-filter.ts'
import type { RowLoader } from './row-loader.ts'
import type { RowRange } from './row-origins.ts'
import type { SourceProgress } from './source-progress.ts'
import { loadTaken } from './taken-rows.ts'

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
  /** What the rows' ids are made of; the progress' own and the rows' positions where there are none. */
  readonly ranges?: readonly RowRange[]
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
    const ranges = placed.ranges ?? [{ to: rows, ids: progress.ids, shift: firstRow, isDone: false }]
    const batch = this.#batch
    for (let from = placed.from; from < rows && !signal.aborted; ) {
      if (batch.columns().length > MOST_COLUMNS) batch.trim()
      else batch.reset()
      batch.kind = kind
      const end = from + fillBatch(columns, rows, from, batch, schema)
      let begin = from
      for (const range of ranges) {
        const to = Math.min(range.to, end)
        if (to <= begin) continue
        if (!range.isDone) await this.#loadRange(batch, taken, { range, from, begin, to, firstRow, progress })
        begin = to
      }
      await this.#rows.pass(firstRow + end, progress)
      from = end
    }
  }

  /** Loads the rows of a range that are in the batch, all or those that were taken. */
  async #loadRange(batch: FlowBatch, taken: Uint32Array | null, place: RangePlace): Promise<void> {
    const { range, from, begin, to, firstRow, progress } = place
    const position = firstRow + from
    const load = (first: number, last: number) =>
      this.#rows.load(batch, first - from, last - from, {
        position,
        progress,
        ids: range.ids,
        idPosition: range.shift + from,
      })
    await loadTaken(taken, begin, to, load)
  }
}

/** Rows `[begin, to)` of a block that a batch holds from `from` on. */
interface RangePlace {
  readonly range: RowRange
  readonly from: number
  readonly begin: number
  readonly to: number
  /** Rows of the file before the block. */
  readonly firstRow: number
  readonly progress: SourceProgress
}
