import { fillBatch } from '../lib/archive/batch-filler.ts'
import type { Schema } from '../lib/archive/schema.ts'
import { FlowBatch } from '../lib/flow/batch.ts'
import type { FlowBlock, Problem, ReadColumn } from '../lib/flow/source.ts'
import type { FlowSink } from '../lib/flow/stages.ts'

/** Where a block comes from, as far as it tells how to print it. */
export interface BlockOrigin {
  readonly schema: Pick<Schema, 'layouts'>
  /** JSON of how the lines looked that it was read from (lib/archive/FORMAT.md 3); empty for none. */
  readonly lineShape: string
}

/** Passes rows of blocks on in batches, for sinks that print batches. */
export class BlockBatches {
  readonly #batch = new FlowBatch()

  /** All rows of `block`, or those whose numbers `rows` gives, in order. */
  write(
    block: FlowBlock,
    { schema }: BlockOrigin,
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
