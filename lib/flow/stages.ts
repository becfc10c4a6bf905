import type { FlowBatch } from './batch.ts'

/** Works in place over a sealed batch. */
export type Enricher = (batch: FlowBatch) => void

/** Where batches end: a line file, an archive, Elasticsearch. */
export interface FlowSink {
  /** Takes all rows of a batch, and must not keep it after the call, or after the promise, if it returns one. */
  write(batch: FlowBatch): void | Promise<void>
  /** Makes what was written reach its destination as far as a sink can (file written, lines out). */
  flush(): void | Promise<void>
  close(): void | Promise<void>
}
