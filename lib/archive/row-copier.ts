import { FlowBatch, type RecordKind } from '../flow/batch.ts'
import { BlockMemory } from '../flow/block-memory.ts'
import type { ReadColumn } from '../flow/source.ts'
import type { ArchiveReader } from './archive-reader.ts'
import { fillBatch } from './batch-filler.ts'
import type { Block } from './block-reader.ts'
import { Damage } from './damage.ts'
import type { FileWriter } from './file-writer.ts'

/**
 * Copies all rows of archive files into one, every column bit for bit, in the order in which they come. Batches are
 * filled across the ends of blocks and files, so that the blocks that are written are full.
 */
export class RowCopier {
  readonly #writer: FileWriter
  readonly #batches = new Map<RecordKind, FlowBatch>()
  readonly #memory = new BlockMemory()
  #lineShape = ''

  constructor(writer: FileWriter) {
    this.#writer = writer
  }

  /** Throws Damage where something cannot be read, or would not be the same when written again. */
  copy(reader: ArchiveReader): void {
    for (const index of reader.blocks.keys()) {
      const block = reader.block(index, this.#memory)
      const kind = block?.info.kind
      if (block === null) throw new Damage(reader.problems.at(-1)?.what ?? 'a block is damaged')
      if (kind == null) throw new Damage('it has records of a later version')
      const shape = reader.lineShape(index)
      if (shape !== this.#lineShape) {
        this.flush()
        this.#writer.lineShape = this.#lineShape = shape
      }
      this.#copyBlock(block, kind, reader)
    }
    if (reader.problems.length > 0) throw new Damage(reader.problems[0]!.what)
  }

  #copyBlock(block: Block, kind: RecordKind, reader: ArchiveReader): void {
    const columns: ReadColumn[] = []
    for (const { field, name } of block.columns) {
      // A name that this process knows with another kind would be written with that kind in it.
      if (field === null || field.name !== name) throw new Damage(`its column ${name} is of a kind not known`)
      const column = block.read(field, reader.problems)
      if (column === null) throw new Damage(reader.problems.at(-1)?.what ?? `column ${name} cannot be read`)
      columns.push(column)
    }
    const { rows } = block.info
    for (let from = 0; from < rows; ) {
      const batch = this.#batch(kind)
      from += fillBatch(columns, rows, from, batch, reader.schema)
      if (batch.room === 0) this.#pass(batch)
    }
  }

  /** Gives the writer the rows of batches that are not full. */
  flush(): void {
    for (const batch of this.#batches.values()) this.#pass(batch)
  }

  #batch(kind: RecordKind): FlowBatch {
    let batch = this.#batches.get(kind)
    if (batch === undefined) {
      batch = new FlowBatch()
      batch.kind = kind
      this.#batches.set(kind, batch)
    }
    return batch
  }

  #pass(batch: FlowBatch): void {
    this.#writer.append(batch)
    batch.reset()
  }
}
