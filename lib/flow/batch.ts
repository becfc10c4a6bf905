import type { Field, Kind } from './fields.ts'
import type { Layout } from './layout.ts'

/** Rows a batch can hold. A power of two; an archive block gathers several batches. */
export const BATCH_ROWS = 4096

/** Unsigned and signed integers, floats: one value a row. */
export type NumberValues = Uint8Array | Uint16Array | Uint32Array | Float64Array

/** A column of one typed array. `address` has four 32-bit words a row in network order, IPv4 mapped (RFC 4291
 * §2.5.5.2); `mac` has two: the upper 16 bits, the lower 32. 64-bit kinds hold machine integers in BigUint64Array
 * or BigInt64Array; `words` is the same memory as 32-bit words, low word first. */
export interface FixedColumn {
  readonly field: Field
  readonly shape: 'fixed'
  readonly values: NumberValues
  readonly wide: BigUint64Array
  readonly signed: BigInt64Array
  readonly words: Uint32Array
  /** Values per row of `words` or `values`: 4 for addresses, 2 for MACs and 64 bits, else 1. */
  readonly stride: number
  /** 1 where the record holds the field, else 0; one octet a row. */
  readonly present: Uint8Array
}

/** Octets or text: where each row's octets lie in one growing buffer. Text is kept as the octets that came. */
export interface OctetsColumn {
  readonly field: Field
  readonly shape: 'octets'
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
  data: Uint8Array
  used: number
  readonly present: Uint8Array
}

/** A list per row: `starts` and `lengths` count elements. u32 lists use one word per element, address lists four. */
export interface ListColumn {
  readonly field: Field
  readonly shape: 'list'
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
  data: Uint32Array
  /** Elements in `data`. */
  used: number
  readonly stride: number
  readonly present: Uint8Array
}

/** A list of octet strings per row: `starts` and `lengths` count items, whose octets lie in `data`. */
export interface OctetsListColumn {
  readonly field: Field
  readonly shape: 'octets-list'
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
  itemStarts: Uint32Array
  itemLengths: Uint32Array
  items: number
  data: Uint8Array
  used: number
  readonly present: Uint8Array
}

export type Column = FixedColumn | OctetsColumn | ListColumn | OctetsListColumn

/** What a batch's rows are. */
export type RecordKind = 'flow' | 'options' | 'counters' | 'discard' | 'rollup'

/** Rows of records of one kind, stored by column: the only thing that travels between rooms. */
export class FlowBatch {
  rowCount = 0
  kind: RecordKind = 'flow'
  /** What templates looked like, for the rows' `layout` column. Grows while the batch fills, emptied by reset. */
  readonly layouts: Layout[] = []
  readonly #columns: (Column | undefined)[] = []
  readonly #touched: Column[] = []
  /** Layouts' places in `layouts`, so that a layout stands there once. */
  readonly #layoutNumbers = new Map<Layout, number>()

  /** Rows still free. */
  get room(): number {
    return BATCH_ROWS - this.rowCount
  }

  /** The column of a fixed-width field, made or revived on first touch. */
  fixed(field: Field): FixedColumn {
    return (this.#columns[field.index] ?? this.#touch(field)) as FixedColumn
  }

  /** The column of an octets or text field. */
  octets(field: Field): OctetsColumn {
    return (this.#columns[field.index] ?? this.#touch(field)) as OctetsColumn
  }

  /** The column of a u32-list or address-list field. */
  list(field: Field): ListColumn {
    return (this.#columns[field.index] ?? this.#touch(field)) as ListColumn
  }

  /** The column of an octets-list field. */
  octetsList(field: Field): OctetsListColumn {
    return (this.#columns[field.index] ?? this.#touch(field)) as OctetsListColumn
  }

  /** The column of `field` of whatever shape, made on first touch. */
  column(field: Field): Column {
    return this.#columns[field.index] ?? this.#touch(field)
  }

  /** The column of `field` if any row since the last reset may hold it. */
  find(field: Field): Column | undefined {
    return this.#columns[field.index]
  }

  /** Puts a column that was filled elsewhere in the place of its own; its arrays are as long as that one's rows. */
  adopt(column: Column): void {
    const { index } = column.field
    while (this.#columns.length < index) this.#columns.push(undefined)
    this.#columns[index] = column
    this.#touched.push(column)
  }

  /** The columns touched since the batch was made or last trimmed, in order of first touch. */
  columns(): readonly Column[] {
    return this.#touched
  }

  /** The value of the `layout` column that stands for `layout`. */
  layoutNumber(layout: Layout): number {
    let number = this.#layoutNumbers.get(layout)
    if (number === undefined) {
      this.layouts.push(layout)
      number = this.layouts.length
      this.#layoutNumbers.set(layout, number)
    }
    return number
  }

  /** Empties the batch for reuse: zeroes the rows that were used and keeps the buffers. */
  reset(): void {
    const rows = this.rowCount
    for (const column of this.#touched) {
      column.present.fill(0, 0, rows)
      if (column.shape === 'fixed') {
        column.values.fill(0, 0, rows * column.stride)
      } else {
        column.starts.fill(0, 0, rows)
        column.lengths.fill(0, 0, rows)
        column.used = 0
        if (column.shape === 'octets-list') column.items = 0
      }
    }
    this.layouts.length = 0
    this.#layoutNumbers.clear()
    this.rowCount = 0
  }

  /** Also forgets the columns, so that a batch that once met many elements does not carry them for ever. */
  trim(): void {
    this.reset()
    this.#columns.length = 0
    this.#touched.length = 0
  }

  #touch(field: Field): Column {
    const column = newColumn(field)
    // Fill holes so that the table stays a packed array.
    while (this.#columns.length < field.index) this.#columns.push(undefined)
    this.#columns[field.index] = column
    this.#touched.push(column)
    return column
  }
}

/** Writes `source[from, to)` as the octets of `row`; copies. */
export function setOctets(
  column: OctetsColumn,
  row: number,
  source: Uint8Array,
  from: number,
  to: number,
): void {
  const length = to - from
  const end = column.used + length
  if (end > column.data.length) column.data = grown(column.data, end)
  // Short copies are the rule, and a loop beats the call of `set` there.
  const { data, used } = column
  if (length <= 32) for (let i = 0; i < length; i++) data[used + i] = source[from + i]!
  else data.set(source.subarray(from, to), used)
  column.starts[row] = used
  column.lengths[row] = length
  column.present[row] = 1
  column.used = end
}

/** Appends one word to the list of `row`; a row's elements must be appended one after the other. */
export function appendWord(column: ListColumn, row: number, word: number): void {
  if (column.used === column.data.length) column.data = grownWords(column.data, column.used + 1)
  if (column.lengths[row] === 0) column.starts[row] = column.used
  column.data[column.used++] = word
  column.lengths[row]!++
  column.present[row] = 1
}

/** Appends one address of four words to the list of `row`, as `appendWord`. */
export function appendAddress(
  column: ListColumn,
  row: number,
  a: number,
  b: number,
  c: number,
  d: number,
): void {
  const at = column.used * 4
  if (at + 4 > column.data.length) column.data = grownWords(column.data, at + 4)
  if (column.lengths[row] === 0) column.starts[row] = column.used
  column.data[at] = a
  column.data[at + 1] = b
  column.data[at + 2] = c
  column.data[at + 3] = d
  column.used++
  column.lengths[row]!++
  column.present[row] = 1
}

/** Appends `source[from, to)` as one item of the list of `row`, as `appendWord`. */
export function appendOctets(
  column: OctetsListColumn,
  row: number,
  source: Uint8Array,
  from: number,
  to: number,
): void {
  const end = column.used + (to - from)
  if (end > column.data.length) column.data = grown(column.data, end)
  if (column.items === column.itemStarts.length) {
    column.itemStarts = grownWords(column.itemStarts, column.items + 1)
    column.itemLengths = grownWords(column.itemLengths, column.items + 1)
  }
  column.data.set(source.subarray(from, to), column.used)
  if (column.lengths[row] === 0) column.starts[row] = column.items
  column.itemStarts[column.items] = column.used
  column.itemLengths[column.items] = to - from
  column.items++
  column.used = end
  column.lengths[row]!++
  column.present[row] = 1
}

function grown(data: Uint8Array, atLeast: number): Uint8Array<ArrayBuffer> {
  const bigger = new Uint8Array(Math.max(atLeast, data.length * 2, 1024))
  bigger.set(data)
  return bigger
}

function grownWords(data: Uint32Array, atLeast: number): Uint32Array<ArrayBuffer> {
  const bigger = new Uint32Array(Math.max(atLeast, data.length * 2, 256))
  bigger.set(data)
  return bigger
}

const NO_WORDS = new Uint32Array(0)
const NO_OCTETS = new Uint8Array(0)

function newColumn(field: Field): Column {
  const present = new Uint8Array(BATCH_ROWS)
  switch (field.kind) {
    case 'octets':
    case 'text':
      return {
        field,
        shape: 'octets',
        starts: new Uint32Array(BATCH_ROWS),
        lengths: new Uint32Array(BATCH_ROWS),
        data: NO_OCTETS,
        used: 0,
        present,
      }
    case 'u32-list':
    case 'address-list':
      return {
        field,
        shape: 'list',
        starts: new Uint32Array(BATCH_ROWS),
        lengths: new Uint32Array(BATCH_ROWS),
        data: NO_WORDS,
        used: 0,
        stride: field.kind === 'address-list' ? 4 : 1,
        present,
      }
    case 'octets-list':
      return {
        field,
        shape: 'octets-list',
        starts: new Uint32Array(BATCH_ROWS),
        lengths: new Uint32Array(BATCH_ROWS),
        itemStarts: NO_WORDS,
        itemLengths: NO_WORDS,
        items: 0,
        data: NO_OCTETS,
        used: 0,
        present,
      }
    default:
      return newFixedColumn(field, field.kind, present)
  }
}

const WIDTH: Record<string, number> = { u8: 1, u16: 2, u32: 4, u64: 8, i64: 8, f64: 8, address: 16, mac: 8 }

function newFixedColumn(field: Field, kind: Kind, present: Uint8Array): FixedColumn {
  const buffer = new ArrayBuffer(BATCH_ROWS * WIDTH[kind]!)
  let values: NumberValues
  let stride = 1
  switch (kind) {
    case 'u8':
      values = new Uint8Array(buffer)
      break
    case 'u16':
      values = new Uint16Array(buffer)
      break
    case 'f64':
      values = new Float64Array(buffer)
      break
    case 'address':
      values = new Uint32Array(buffer)
      stride = 4
      break
    case 'u64':
    case 'i64':
    case 'mac':
      values = new Uint32Array(buffer)
      stride = 2
      break
    default:
      values = new Uint32Array(buffer)
  }
  const isWide = kind === 'u64' || kind === 'i64'
  return {
    field,
    shape: 'fixed',
    values,
    wide: new BigUint64Array(isWide ? buffer : new ArrayBuffer(0)),
    signed: new BigInt64Array(isWide ? buffer : new ArrayBuffer(0)),
    words: kind === 'u8' || kind === 'u16' ? NO_WORDS : new Uint32Array(buffer),
    stride,
    present,
  }
}
