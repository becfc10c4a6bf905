import type { DocumentProgram } from './document-program.ts'
import type { AddressSource, MergedInteger } from './layout-values.ts'

/** What a document's rows need before they are printed. */
export interface RowPlan {
  /** Address 0 is the exporter's. */
  readonly addresses: readonly AddressSource[]
  /** Addresses listed as related: numbers into `addresses`, and whether they are sorted as text (else by octets). */
  readonly related: readonly number[]
  readonly isSortedAsText: boolean
  /** Addresses whose locality, geography and AS are asked for. */
  readonly located: readonly number[]
  readonly placed: readonly number[]
  /** Of the flow's id: addresses or -1, and slots or -1. */
  readonly source: number
  readonly destination: number
  readonly sourcePort: number
  readonly destinationPort: number
  readonly protocol: number
  readonly icmpTypeCode: number
  readonly isFlow: boolean
  readonly isLine: boolean
  /** Slots of times that become ECS', or -1. `isStartTime` and `isEndTime`: the column has times made of uptimes. */
  readonly systemUptime: number
  readonly startUptime: number
  readonly endUptime: number
  readonly isStartTime: boolean
  readonly isEndTime: boolean
  readonly durationMs: number
  /** Columns of absolute times that become ECS', or -1. */
  readonly flowStart: number
  readonly flowEnd: number
  /** Facts from FIRST_MERGED on. */
  readonly merged: readonly MergedInteger[]
}

/** First fact of merged integers. */
export const FIRST_MERGED = 8

export interface CompiledDocument {
  readonly program: DocumentProgram
  readonly rows: RowPlan
}
