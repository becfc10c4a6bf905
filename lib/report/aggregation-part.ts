import type { SeenGroups } from './dense-groups.ts'
import type { RecordLogPart } from './record-log.ts'
import type { PlainGroups } from './vectors.ts'

/** What one thread has of a table, as it goes to another. Groups of one input are told by its own codes. */
export interface AggregationPart {
  readonly totals: readonly bigint[]
  readonly inputTotals: readonly bigint[]
  /** What has to be the same for groups of the input to mean the same; null where it has none. */
  readonly layout: string | null
  readonly dense: SeenGroups | null
  readonly table: PlainGroups | null
  readonly log: RecordLogPart | null
  readonly shared: RecordLogPart | null
  readonly spilledOctets: number
}
