import type { Column, FixedColumn } from '../flow/batch.ts'
import type { Field } from '../flow/fields.ts'
import type { FlowBlock, Problem } from '../flow/source.ts'

/** Address codes, one a row, and which rows hold them. */
export interface AddressColumn {
  readonly codes: Uint32Array
  readonly present: Uint8Array
}

let gathered = new Uint32Array(0)

/** One block under one filter: each column is read once, masks are used again. */
export class BlockRun {
  readonly block: FlowBlock
  readonly rows: number
  readonly #problems: Problem[]
  readonly #columns = new Map<Field, Column | null>()
  readonly #codes = new Map<Field, AddressColumn | null>()
  readonly #masks: Uint8Array[]

  constructor(block: FlowBlock, problems: Problem[], masks: Uint8Array[]) {
    this.block = block
    this.rows = block.info.rows
    this.#problems = problems
    this.#masks = masks
  }

  /** The column; null where no row holds it or it cannot be read. */
  column(field: Field): Column | null {
    let column = this.#columns.get(field)
    if (column === undefined) {
      column = this.block.read(field, this.#problems)?.column ?? null
      this.#columns.set(field, column)
    }
    return column
  }

  /** As `column` for fields of fixed width. */
  fixed(field: Field): FixedColumn | null {
    const column = this.column(field)
    return column?.shape === 'fixed' ? column : null
  }

  /** Codes of an address column; null where no row holds it, or it has none. */
  codes(field: Field): AddressColumn | null {
    let codes = this.#codes.get(field)
    if (codes === undefined) {
      codes = this.block.readCodes(field, this.#problems)
      this.#codes.set(field, codes)
    }
    return codes
  }

  /**
   * What the first `count` of `rows` have of a field, good until the next call; null where some row lacks the field, or
   * the block does not give its rows one by one.
   */
  gather(field: Field, rows: Uint32Array, count: number): Uint32Array | null {
    if (this.block.gather === undefined || this.#columns.has(field)) return null
    if (gathered.length < count) gathered = new Uint32Array(this.rows)
    return this.block.gather(field, rows, count, gathered) ? gathered : null
  }

  /** As the block's `find`: -1 also where the column was read, which is quicker then. */
  find(field: Field, low: number, high: number, rows: Uint32Array): number {
    return this.#columns.has(field) ? -1 : (this.block.find?.(field, low, high, rows) ?? -1)
  }

  /** A mask for all rows with anything in it; to be given back. */
  take(): Uint8Array {
    const mask = this.#masks.pop()
    // Whole words, so that masks can be joined four rows at a time.
    return mask !== undefined && mask.length >= this.rows
      ? mask
      : new Uint8Array(((this.rows + 4095) >> 12) << 12)
  }

  give(mask: Uint8Array): void {
    this.#masks.push(mask)
  }
}

/** `out` and `other`, row by row. */
export function andRows(out: Uint8Array, other: Uint8Array, rows: number): void {
  if (out.byteOffset % 4 !== 0 || other.byteOffset % 4 !== 0) {
    for (let row = 0; row < rows; row++) out[row]! &= other[row]!
    return
  }
  const words = rows >>> 2
  const a = new Uint32Array(out.buffer, out.byteOffset, words)
  const b = new Uint32Array(other.buffer, other.byteOffset, words)
  for (let i = 0; i < words; i++) a[i] = a[i]! & b[i]!
  for (let row = words * 4; row < rows; row++) out[row]! &= other[row]!
}

/** `out` or `other`, row by row. */
export function orRows(out: Uint8Array, other: Uint8Array, rows: number): void {
  const words = rows >>> 2
  const a = new Uint32Array(out.buffer, out.byteOffset, words)
  const b = new Uint32Array(other.buffer, other.byteOffset, words)
  for (let i = 0; i < words; i++) a[i] = a[i]! | b[i]!
  for (let row = words * 4; row < rows; row++) out[row]! |= other[row]!
}

/** `out` becomes what it is not; its octets are 0 or 1. */
export function invertRows(out: Uint8Array, rows: number): void {
  const words = (rows + 3) >>> 2
  const a = new Uint32Array(out.buffer, out.byteOffset, words)
  for (let i = 0; i < words; i++) a[i] = a[i]! ^ 0x01010101
}

/** How many rows are 1. */
export function countRows(mask: Uint8Array, rows: number): number {
  const words = new Uint32Array(mask.buffer, mask.byteOffset, rows >>> 2)
  let count = 0
  // Up to 255 octets of 1 fit the octets of a word before they are added up.
  for (let from = 0; from < words.length; from += 255) {
    const to = Math.min(from + 255, words.length)
    let sums = 0
    for (let i = from; i < to; i++) sums = (sums + words[i]!) >>> 0
    count += (sums & 255) + ((sums >>> 8) & 255) + ((sums >>> 16) & 255) + (sums >>> 24)
  }
  for (let row = words.length * 4; row < rows; row++) count += mask[row]!
  return count
}
