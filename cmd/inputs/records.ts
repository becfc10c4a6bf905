import type { RecordWriters } from '../../lib/decode/settings.ts'
import type { Field } from '../../lib/flow/fields.ts'
import type { Problem } from '../../lib/flow/source.ts'

/** Takes a piece of an input that is no flow, with the reason and its place; `isLine`: it came with a line feed. */
export type OnReject = (
  octets: Uint8Array,
  from: number,
  to: number,
  reason: string,
  offset: number,
  isLine: boolean,
) => void

/** An input whose records are pushed into batches as they are read: a log of goflow2, a capture. */
export interface RecordInput {
  readonly kind: 'records'
  readonly path: string
  readonly format: 'json' | 'text' | 'bin' | 'pcap'
  /** Octets read from the file or pipe so far, before anything was inflated. */
  readonly octets: number
  /** Pieces that were no flows. */
  readonly rejected: number
  /** What could not be read. */
  readonly problems: Problem[]
  /** The columns that are wanted, null for all: what else lines say is skipped. To be set before `run`. */
  only: readonly Field[] | null
  /** JSON of how the lines look (lib/archive/FORMAT.md 3); empty where there are none. */
  lineShape(): string
  /**
   * Reads to the end, or until it is closed. Records are pushed as soon as they are whole; between pieces of the input
   * `between` is called and, if it gives a promise, waited for. The caller flushes the writers.
   */
  run(writers: RecordWriters, between: () => void | Promise<void>): Promise<void>
  close(): void
}
