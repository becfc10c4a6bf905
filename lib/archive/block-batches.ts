import { FlowBatch } from '../flow/batch.ts'
import type { Problem, ReadColumn } from '../flow/source.ts'
import { fillBatch } from './batch-filler.ts'
import type { Block } from './block-reader.ts'
import type { Schema } from './schema.ts'

/**
 * Passes all rows of a block on in batches, one after the other in the same object; who takes them must not keep it.
 * Columns that cannot be read are problems and left out; so are rows of a kind of a later version.
 */
export function passBlock(
  block: Block,
  schema: Schema,
  problems: Problem[],
  pass: (batch: FlowBatch) => void,
): void {
  const { rows, kind, at } = block.info
  if (kind === null) {
    problems.push({ at, what: `${rows} records of a kind that a later version knows` })
    return
  }
  const columns: ReadColumn[] = []
  for (const { field, name } of block.columns) {
    const column = field === null ? null : block.read(field, problems)
    if (column !== null) columns.push(column)
    else if (field === null)
      problems.push({ at, what: `column ${name} is of a kind that a later version knows` })
  }
  const batch = new FlowBatch()
  batch.kind = kind
  for (let from = 0; from < rows; ) {
    from += fillBatch(columns, rows, from, batch, schema)
    pass(batch)
    batch.reset()
  }
}
