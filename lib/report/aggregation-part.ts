import type { RecordLogPart } from './record-log.ts'

/** What one thread has of a table, as it goes to another. Groups of one input are told by its own codes. */
export interface AggregationPart {
  readonly totals: readonly bigint[]
  readonly inputTotals: readonly bigint[]
  /** What has to be the same for groups of the input to mean the same; null where it has none. */
  readonly layout: string | null
  readonly dense: { readonly sums: BigUint64Array; readonly seen: Uint8Array } | null
  readonly table: PlainGroups | null
  readonly log: RecordLogPart | null
  readonly shared: RecordLogPart | null
  readonly spilledOctets: number
}

interface PlainGroups {
  readonly count: number
  readonly keys: Uint32Array
  readonly sums: BigUint64Array
  readonly words: number
}
