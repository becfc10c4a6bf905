import type { Field } from './fields.ts'
import type { BlockColumnFacts, FlowBlock } from './source.ts'

/** What the block says of a column; undefined where no row holds it. */
export function columnFacts(block: FlowBlock, field: Field): BlockColumnFacts | undefined {
  return block.facts === undefined
    ? block.columns.find((column) => column.field === field)
    : block.facts(field)
}
