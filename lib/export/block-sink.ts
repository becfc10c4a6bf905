import type { FlowBlock, Problem } from '../flow/source.ts'

/** Takes octets; must have written or copied them when it returns. */
export type WriteOctets = (octets: Uint8Array, from: number, to: number) => void

/** Where exported blocks end. */
export interface BlockSink {
  /** Takes rows of a block: those whose numbers `rows` gives in order, or all; what cannot be read is a problem. */
  write(block: FlowBlock, rows: Uint32Array | null, problems: Problem[]): void | Promise<void>
  /** Writes what is left, the end of a file included. */
  close(): void | Promise<void>
}
