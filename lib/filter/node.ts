import type { AddressCodes, FlowBlock } from '../flow/source.ts'
import type { AddressBits, KeptBudget } from './address-bits.ts'
import type { BlockRun } from './block-run.ts'
import type { AddressMatch } from './condition.ts'
import type { TableBudget } from './number-kernels.ts'

/** What a block's facts say before its columns are read: no row matches, some may, all do. */
export type Outlook = 'none' | 'some' | 'all'

/** A part of a filter that can be run. `prepare` is called with a block before `run` is called with it. */
export interface Node {
  /** Rough time per row, to put cheap parts first. */
  readonly cost: number
  prepare(block: FlowBlock): Outlook
  /** By address code, 1 for those of which a row needs at least one to match; null or absent: rows need none. */
  codes?(addresses: AddressCodes): Uint8Array | null
  /** Sets `out[row]` to 1 or 0 for all rows; rows that `within` has not may get either. */
  run(run: BlockRun, out: Uint8Array, within: Uint8Array | null): void
  /** Writes the numbers of all rows that match to `rows`, in order; -1 where only `run` can say: `listRows` asks. */
  list?(run: BlockRun, rows: Uint32Array): number
  /** Keeps of the first `count` of `rows` those that match; -1 where only `run` can say: `keepRows` asks. */
  keep?(run: BlockRun, rows: Uint32Array, count: number): number
}

/** What the parts of one filter share. */
export interface Budgets {
  readonly tables: TableBudget
  readonly kept: KeptBudget
  /** Tests of several columns for the same ask each address once. */
  readonly bits: Map<AddressMatch, AddressBits>
}

export function newBudgets(): Budgets {
  return { tables: { left: 256 }, kept: { used: 0 }, bits: new Map() }
}
