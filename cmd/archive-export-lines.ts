import { fillBatch } from '../lib/archive/batch-filler.ts'
import type { Schema } from '../lib/archive/schema.ts'
import { FlowBatch } from '../lib/flow/batch.ts'
import { F } from '../lib/flow/fields.ts'
import type { Layout } from '../lib/flow/layout.ts'
import type { FlowBlock, Problem, ReadColumn } from '../lib/flow/source.ts'
import type { FlowSink } from '../lib/flow/stages.ts'

/** Where a block comes from, as far as it tells how to print it. */
export interface BlockOrigin {
  /** Null where the block itself says it. */
  readonly schema: Pick<Schema, 'layouts'> | null
  /** JSON of how the lines looked that it was read from (lib/archive/FORMAT.md 3); empty for none. */
  readonly lineShape: string
}

/** Passes rows of blocks on in batches, for sinks that print batches. */
export class BlockBatches {
  readonly #batch = new FlowBatch()

  /** All rows of `block`, or those whose numbers `rows` gives, in order. */
  write(
    block: FlowBlock,
    origin: BlockOrigin,
    rows: Uint32Array | null,
    problems: Problem[],
    sink: FlowSink,
  ): void {
    const batch = this.#batch
    // Columns of the last block must not be printed with this one's rows.
    batch.trim()
    batch.kind = block.info.kind ?? 'flow'
    const columns: ReadColumn[] = []
    for (const { field } of block.columns) {
      const column = field === null ? null : block.read(field, problems)
      if (column !== null) columns.push(column)
    }
    const schema = origin.schema ?? { layouts: layoutsOf(block, columns) }
    const pass = () => {
      void sink.write(batch)
      batch.reset()
    }
    if (rows === null) {
      for (let from = 0; from < block.info.rows; ) {
        from += fillBatch(columns, block.info.rows, from, batch, schema)
        pass()
      }
      return
    }
    for (let i = 0; i < rows.length; ) {
      const first = rows[i]!
      let end = i + 1
      while (end < rows.length && rows[end] === first + (end - i)) end++
      const last = first + (end - i)
      for (let from = first; from < last; ) {
        from += fillBatch(columns, last, from, batch, schema)
        if (batch.room === 0) pass()
      }
      i = end
    }
    if (batch.rowCount > 0) pass()
  }
}

/** What the values of the block's `layout` column stand for. */
function layoutsOf(block: FlowBlock, columns: readonly ReadColumn[]): (Layout | undefined)[] {
  const column = columns.find((read) => read.column.field === F.layout)?.column
  if (column?.shape !== 'fixed') return []
  let greatest = 0
  for (let row = 0; row < block.info.rows; row++) greatest = Math.max(greatest, column.values[row]!)
  return Array.from({ length: greatest + 1 }, (_, number) => block.layout(number) ?? undefined)
}
