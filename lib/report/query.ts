import type { AddressFact } from '../flow/address-fact.ts'
import type { Field } from '../flow/fields.ts'
import type { ApplicationName } from '../flow/said-texts.ts'
import type { AddressCodes, FlowBlock, Problem } from '../flow/source.ts'
import type { BlockDealer } from './block-dealer.ts'
import type { PassPart } from './pass.ts'
import type { RollupFile } from './rollup-rows.ts'

/** Which rows of a block are meant: a compiled filter. */
export interface Selector {
  /** Columns that `select` reads. */
  readonly fields: readonly Field[]
  /** False where no row of the block can match, by what is known before columns are read. */
  mayMatch(block: FlowBlock): boolean
  /** By address code, 1 for those of which a matching row holds at least one; null: rows may match without any. */
  codes?(addresses: AddressCodes): Uint8Array | null
  /** The same as rows of a rollup that has these keys are asked; null where those do not tell. */
  overRollups?(keys: readonly Field[]): RollupSelector | null
  /** Sets `selection[row]` to 1 or 0 for all rows; returns how many are 1. */
  select(block: FlowBlock, selection: Uint8Array, problems: Problem[]): number
  /** Writes the numbers of the rows that match to `rows`, in order; returns how many. */
  list?(block: FlowBlock, rows: Uint32Array, problems: Problem[]): number
}

/** A filter over rows of rollups. */
export interface RollupSelector {
  readonly filter: Selector
  /** Whether it is right only where all flows have both addresses. */
  readonly needsAddresses: boolean
}

/**
 * An end of a flow. Of a flow between a local and another network, `local` is the local end; of one between two local
 * networks the source; a flow in transit has none. `remote` is the end that `local` is not, in transit the destination.
 */
export type Side = 'source' | 'destination' | 'local' | 'remote'

/** Values of the `direction` key: towards, from, inside, past the local networks. */
export type Direction = 'in' | 'out' | 'internal' | 'transit'

/**
 * What groups rows. `name` is the column in results. Keys with `eitherEnd` are told for sources; each flow counts once
 * more for its destination.
 */
export type Key = KeyKind & { readonly eitherEnd?: true }

type KeyKind =
  /** Any column of numbers, addresses, octets or text; `text` names its numbers (protocols, application names). */
  | {
      readonly kind: 'field'
      readonly name: string
      readonly field: Field
      readonly text?: ((value: number) => string) | null
    }
  | { readonly kind: 'address'; readonly name: string; readonly side: Side }
  /** A prefix of each family: an IPv6 address never falls into an IPv4 prefix. */
  | {
      readonly kind: 'prefix'
      readonly name: string
      readonly side: Side
      readonly ipv4Bits: number
      readonly ipv6Bits: number
    }
  /** Local network, customer, country, any label. */
  | { readonly kind: 'fact'; readonly name: string; readonly side: Side; readonly fact: AddressFact }
  /** AS number: `before` where it knows, else the exporter's if `exporter`, else `after`; or which of them it was. */
  | {
      readonly kind: 'as'
      readonly name: string
      readonly side: Side
      readonly before: AddressFact | null
      readonly exporter: boolean
      readonly after: AddressFact | null
      readonly shows: 'number' | 'origin'
    }
  | { readonly kind: 'port'; readonly name: string; readonly side: Side }
  | { readonly kind: 'direction'; readonly name: string }
  /** Protocol and the lower of both ports: `443/tcp`, or `text`'s name for it. */
  | {
      readonly kind: 'service'
      readonly name: string
      readonly text?: ((protocol: number, port: number) => string) | null
    }
  /** A number that only its exporter can name: `text` gets the exporter's address and the number. */
  | {
      readonly kind: 'exporterNumber'
      readonly name: string
      readonly field: Field
      readonly text: (exporter: string, value: number) => string
    }
  /** What exporters call the applications of flows; asked while flows are read. */
  | { readonly kind: 'application'; readonly name: string; readonly text: ApplicationName }
  /** Both addresses whatever their order: the smaller first. */
  | { readonly kind: 'pair'; readonly name: string }
  /** The time bin; needs `binMs`, stands anywhere among the keys, at most once. */
  | { readonly kind: 'time'; readonly name: string }

export type Counter = 'octets' | 'packets' | 'flows'

/** `trend`: the later half of the window's bins against the earlier one, less 1; the middle bin of an odd number counts in neither. */
export type BinStatistic = 'percentile' | 'min' | 'max' | 'trend'

/**
 * What is told of a group. `direction` counts only flows of that direction.
 * Counters are integers; rates are over the window (or the bin) rounded to integers, octets as bits per second.
 */
export type Measure =
  | {
      readonly kind: 'counter'
      readonly name: string
      readonly counter: Counter
      readonly direction?: Direction | null
    }
  | {
      readonly kind: 'rate'
      readonly name: string
      readonly counter: Counter
      readonly direction?: Direction | null
    }
  /** Octets per packet. */
  | { readonly kind: 'perPacket'; readonly name: string }
  | { readonly kind: 'distinct'; readonly name: string; readonly key: Key }
  /** Over rows of the group that hold the column; columns of numbers only. */
  | {
      readonly kind: 'column'
      readonly name: string
      readonly field: Field
      readonly operation: 'sum' | 'min' | 'max' | 'average'
    }
  /** Of the group's rate in each bin of the window, bins without traffic included; needs `binMs`. */
  | {
      readonly kind: 'overBins'
      readonly name: string
      readonly counter: Counter
      readonly direction?: Direction | null
      readonly statistic: BinStatistic
      /** Of percentiles: 95 is the value at rank ceil(0.95 n) of n sorted bins. */
      readonly rank: number
    }
  /** The part of the whole in 0..1; `cumulative` adds up the rows from the first on. */
  | { readonly kind: 'share'; readonly name: string; readonly of: Measure; readonly cumulative: boolean }
  | { readonly kind: 'ratio'; readonly name: string; readonly left: Measure; readonly right: Measure }

/**
 * How a flow's counters fall into bins: in proportion to time, all into the bin of its start or end, evenly over the
 * bins it touches, fully into each of them (`max`: an upper bound), only where one bin holds all of it (`min`).
 */
export type Allocation = 'proportional' | 'start' | 'end' | 'uniform' | 'max' | 'min'

/** Which groups are kept, told by their measures. */
export interface Having {
  readonly text: string
  test(measures: readonly Cell[]): boolean
}

export interface Query {
  /** Name of the result. */
  readonly name: string
  readonly keys: readonly Key[]
  readonly measures: readonly Measure[]
  /** Length of bins; null without. Those of an hour and more begin as the clocks of `binZone` (an IANA name) have it. */
  readonly binMs: number | null
  readonly binZone: string
  readonly allocation: Allocation
  /** A longer flow is taken to have begun this long before its end. Null: flows are as long as they say. */
  readonly activeTimeoutMs: number | null
  /** The window, without `toNs`. Flows that cross its borders are cut. */
  readonly fromNs: bigint | null
  readonly toNs: bigint | null
  readonly filter: Selector | null
  readonly having: Having | null
  /** Number of the measure that sorts, and which way; ties and no measure: by key. */
  readonly order: { readonly measure: number; readonly ascending: boolean }
  /** Of a nested query: what sorts the groups within others, where that is not `order`. */
  readonly innerOrder?: { readonly measure: number; readonly ascending: boolean } | null
  /** Groups kept, by all keys but time; null keeps all. */
  readonly limit: number | null
  /** Nested: `per[i]` groups of key i are kept in each group of the keys before it; longer than one, excludes `limit`. */
  readonly per: readonly number[]
  /** One more row with what the kept groups leave. */
  readonly others: boolean
  readonly counters: 'scaled' | 'raw'
  /** `exporter`: of flows that several exporters saw, one's view counts. `edge`: rows seen on egress do not count. */
  readonly deduplicate: 'none' | 'exporter' | 'edge'
  /** Which addresses are local: a fact that is not 0. Null: none is. */
  readonly local: AddressFact | null
}

/** What holds for all queries of one pass. */
export interface RunOptions {
  /** Octets of memory for groups; beyond it they go to `temporaryDirectory`. */
  readonly memoryOctets: number
  readonly temporaryDirectory: string
  /** Called between blocks with rows read so far. */
  readonly onProgress?: (rows: number) => void
  /** Other threads that answer the same questions from the same archive files. */
  readonly helpers?: Helpers | null
  readonly rollups?: Rollups | null
}

/** Rollups that stand for records, and the queries as those are asked: one for each query of the pass. */
export interface Rollups {
  readonly queries: readonly Query[]
  readonly files: readonly RollupFile[]
  /** Other threads that answer the same questions from the same rollups. */
  readonly helpers?: Helpers | null
}

/** Threads that take blocks beside the one that asks. */
export interface Helpers {
  /** Who takes what: shared by all threads. */
  readonly dealer: BlockDealer
  /** Told by who asks when it is done with a piece, and how many are left: threads may start when they are needed. */
  onPiece?(left: number): void
  /** What they have, when all blocks are taken; what they throw. */
  parts(): Promise<readonly PassPart[]>
}

/** Null: the group has no such value, or there were no data. */
export type Cell = string | number | bigint | null

export interface ResultColumn {
  readonly name: string
  readonly role: 'key' | 'measure'
  /** What the cells mean, for formats: how numbers are shortened, how columns align. */
  readonly unit:
    | 'text'
    | 'address'
    | 'time'
    | 'number'
    | 'octets'
    | 'packets'
    | 'flows'
    | 'bitsPerSecond'
    | 'perSecond'
    | 'share'
    | 'ratio'
}

/** Records that an exporter sent and that are in no input, by its sequence numbers. */
export interface Loss {
  readonly exporter: string
  /** When what came next was received. */
  readonly atNs: bigint
  /** Estimated where datagrams are numbered: not always whole. */
  readonly records: number
}

/** How good the answer is. */
export interface Quality {
  files: number
  streams: number
  rowsRead: number
  /** Rows that the filter and the window let pass. */
  rowsCounted: number
  /** Rows of rollups that were read among `rowsRead`: each stands for many flows. */
  rollupRows: number
  blocksRead: number
  blocksSkipped: number
  /** Rows counted by SAMPLING_SOURCE, of those whose rate was above 1 and of all. */
  readonly scaledRows: number[]
  readonly sourceRows: number[]
  /** Rows counted whose rate nobody knows: 0 or absent. */
  unknownSampling: number
  /** Flows that the window's borders cut. */
  cutFlows: number
  /** Rows without any time, left out where times matter. */
  untimedRows: number
  /** Rows whose scaled counters exceed 64 bits; they count as 2^64 - 1. */
  saturated: number
  /** Flows that were received more than 5 minutes after their end; counted where times matter. */
  lateRows: number
  /** What was lost within the window; null where no sequence numbers are known of the inputs. */
  losses: readonly Loss[] | null
  /** Rows on egress left out by `edge`, and blocks whose exporters told of ingress and egress alike. */
  egressRows: number
  doubledBlocks: number
  /** Octets written to disk because memory was bounded. */
  spilledOctets: number
  readonly problems: Problem[]
  /** Pieces of the inputs that were no flows. */
  rejected: number
  /** Window of the answer, nanoseconds, and its bins. */
  fromNs: bigint
  toNs: bigint
  bins: number
  /** Bins that no input covers: their cells are null. */
  missingBins: number
}

export interface ResultTable {
  readonly name: string
  readonly columns: readonly ResultColumn[]
  /** Cells by column. */
  readonly rows: readonly (readonly Cell[])[]
  /** Over all groups, kept or not, keys null; measures that do not add up are null. */
  readonly totals: readonly Cell[]
  /** What `rows` leave of `totals`, if the query asked: one row, or one per bin, keys null; empty if nothing is left. */
  readonly others: readonly (readonly Cell[])[]
  /** Groups there were before `having` and `limit`. */
  readonly groups: number
  /** Of a nested query: the tables of the outer keys, outermost first. */
  readonly outer: readonly ResultTable[]
  readonly quality: Quality
}

/** A query that asks for nothing: to be spread and overridden. */
export const EMPTY_QUERY: Query = {
  name: 'query',
  keys: [],
  measures: [],
  binMs: null,
  binZone: 'UTC',
  allocation: 'proportional',
  activeTimeoutMs: null,
  fromNs: null,
  toNs: null,
  filter: null,
  having: null,
  order: { measure: 0, ascending: false },
  limit: null,
  per: [],
  others: false,
  counters: 'scaled',
  deduplicate: 'none',
  local: null,
}
