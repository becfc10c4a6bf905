import type { BatchWriter } from '../../flow/batch-writer.ts'
import { BlockGathering } from '../../flow/gathered-block.ts'
import type { FlowStream } from '../../flow/source.ts'

/** A stream of what `write` writes, in one block. */
export function blockStream(write: (writer: BatchWriter) => void): FlowStream {
  const gathering = new BlockGathering()
  write(gathering.writer)
  return {
    path: 'memory',
    problems: [],
    rejected: 0,
    next: async () => gathering.take(),
    close() {},
  }
}
