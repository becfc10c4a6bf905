import type { FlowBatch } from '../flow/batch.ts'
import type { Field } from '../flow/fields.ts'
import type { AddressCodes, BlockColumnFacts, BlockFacts, FlowBlock, ReadColumn } from '../flow/source.ts'

const NO_ADDRESSES: AddressCodes = { codes: 0, words: () => new Uint32Array(0) }
const MOST = 2n ** 64n - 1n

/** A batch seen as a block, with facts that exclude nothing; good until the batch changes. */
export function batchBlock(batch: FlowBatch): FlowBlock {
  const info: BlockFacts = {
    rows: batch.rowCount,
    kind: batch.kind,
    leastReceived: 0n,
    greatestReceived: MOST,
    leastStart: 0n,
    greatestEnd: MOST,
    octets: 0n,
    packets: 0n,
  }
  const columns: BlockColumnFacts[] = batch
    .columns()
    .map(({ field }) => ({ field, name: field.name, least: 0n, greatest: MOST }))
  return {
    info,
    columns,
    addresses: NO_ADDRESSES,
    layout: (number) => batch.layouts[number - 1] ?? null,
    read: (field: Field): ReadColumn | null => {
      const column = batch.find(field)
      return column === undefined ? null : { column, codes: null }
    },
    readCodes: () => null,
  }
}
