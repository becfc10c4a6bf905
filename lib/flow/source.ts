import type { Column, RecordKind } from './batch.ts'
import type { BlockMemory } from './block-memory.ts'
import type { Field } from './fields.ts'
import type { Layout } from './layout.ts'

/** Something in an input that could not be read, and where. */
export interface Problem {
  /** Octet of the file. */
  readonly at: number
  readonly what: string
}

/** What is known of a block before its columns are read. */
export interface BlockFacts {
  readonly rows: number
  /** Null for a kind of a later version. */
  readonly kind: RecordKind | null
  /** Nanoseconds; where no row holds the field the least is 2^64-1 and the greatest 0. */
  readonly leastReceived: bigint
  readonly greatestReceived: bigint
  readonly leastStart: bigint
  readonly greatestEnd: bigint
  /** Sums as the exporters counted: not scaled. */
  readonly octets: bigint
  readonly packets: bigint
}

/** Addresses by code. Code 0 is `::`; a code's address never changes, and codes may be added while blocks are read. */
export interface AddressCodes {
  readonly codes: number
  /** Four words per code, as address columns have them. */
  words(): Uint32Array
  /** Those of one code, for those who ask for few: `words` may have to be made first. */
  wordsOf?(code: number): Uint32Array
  /**
   * Shows the words of all codes from `from` on, piece by piece: four each of `count` codes from `first` on, good until
   * the next piece. For those who look at each address once, where `words` would have to be made first.
   */
  visit?(from: number, take: (words: Uint32Array, first: number, count: number) => void): void
  /**
   * Sets `marks[code]` to 1 for all codes from `from` on of IPv4 addresses whose numbers are from `low` to `high`: quicker
   * than to look at the words of all.
   */
  markIpv4?(from: number, low: number, high: number, marks: Uint8Array): void
}

/** A column of a block, in the shape that batches have but as long as the block; `codes` stands beside addresses. */
export interface ReadColumn {
  readonly column: Column
  /** Address codes, one a row; null for other kinds. */
  readonly codes: Uint32Array | null
}

/**
 * 64-bit integers in half their width: base + unit * values[row], modulo 2^64. Rows that do not hold the field have any
 * value. Comparing and grouping times needs no more.
 */
export interface ScaledColumn {
  readonly values: Uint32Array
  readonly base: bigint
  readonly unit: bigint
  readonly present: Uint8Array
}

/** Numbers or address codes that many rows have one after the other: each value once, and how many rows have it. */
export interface RunsColumn {
  /** Wide for fields of 64 bits. */
  readonly values: Uint32Array | BigUint64Array
  readonly lengths: Uint32Array
}

/** What a block says of one column. */
export interface BlockColumnFacts {
  /** Null where the kind is unknown. */
  readonly field: Field | null
  readonly name: string
  /** Of rows that hold it: numbers, or address codes; 0 and 2^64-1 where not known. */
  readonly least: bigint
  readonly greatest: bigint
}

/**
 * Rows that are read together. A column is read when asked for, and only then; rows without a field hold zeros. Arrays
 * may be shared between columns and calls: nobody writes to them.
 */
export interface FlowBlock {
  readonly info: BlockFacts
  readonly columns: readonly BlockColumnFacts[]
  /** The one of `columns` that is of the field, where that is quicker found than by looking: `columnFacts` asks. */
  facts?(field: Field): BlockColumnFacts | undefined
  /** What the codes of this block's address columns mean. Blocks that share the object share the codes. */
  readonly addresses: AddressCodes
  /** What a value of the `layout` column stands for. */
  layout(number: number): Layout | null
  /** The column, null where no row holds it; what cannot be read is null too, and added to `problems`. */
  read(field: Field, problems: Problem[]): ReadColumn | null
  /** As `read` for an address column, but its codes only: for those who look at each address once. */
  readCodes(field: Field, problems: Problem[]): { codes: Uint32Array; present: Uint8Array } | null
  /** As `read` for a u64 column, at half the cost; null also where its values do not fit: `read` gives them then. */
  readScaled?(field: Field, problems: Problem[]): ScaledColumn | null
  /**
   * Writes to `out` what `count` rows have, `rows` being their numbers in order: of fields up to 32 bits and counters that
   * fit them the numbers, of addresses the codes. False, and anything in `out`, where some row lacks the field or has more,
   * and where it cannot be read: `read` gives it then, or tells why not. Quicker than that where rows are few.
   */
  gather?(field: Field, rows: Uint32Array, count: number, out: Uint32Array): boolean
  /**
   * Writes to `rows` the numbers of all rows whose number, or address code, is one from `low` to `high`; returns how many.
   * -1 where some row lacks the field or has more than 32 bits, and where it cannot be read, as for `gather`.
   */
  find?(field: Field, low: number, high: number, rows: Uint32Array): number
  /** A column run by run, at the cost of its runs; null also where it is not stored so, or rows lack it: `read` gives it. */
  readRuns?(field: Field, problems: Problem[]): RunsColumn | null
}

/** An input whose blocks are known before they are read: an archive file. */
export interface FlowFile {
  readonly path: string
  /** Another one whenever the file's octets may be others; null while it may grow. */
  readonly stamp: string | null
  readonly blocks: readonly BlockFacts[]
  readonly addresses: AddressCodes
  /** What could not be read so far. */
  readonly problems: Problem[]
  /**
   * Null where the block is damaged, which is then a problem. With `memory`, what was read of the block before with it
   * is gone: for those who are done with one block before they open the next.
   */
  block(index: number, memory?: BlockMemory): FlowBlock | null
  /** The first and the last block that may hold each of some address codes, which ascend; null where that is not known. */
  addressDirectory(codes: Uint32Array): { first: Uint32Array; last: Uint32Array } | null
  close(): void
}

/** An input that is read once from front to back: a log, a pipe. */
export interface FlowStream {
  readonly path: string
  readonly problems: Problem[]
  /** Pieces of the input that were no flows. */
  readonly rejected: number
  /** The next block, good until the next call; null at the end. */
  next(): Promise<FlowBlock | null>
  close(): void
}
