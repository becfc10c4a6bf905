import { putEscaped } from '../bytes/put-text.ts'
import type { OctetsColumn } from '../flow/batch.ts'
import type { FlowBlock, Problem } from '../flow/source.ts'
import type { BlockSink, WriteOctets } from './block-sink.ts'
import { CELL, Cells, type TimeForm } from './cells.ts'
import type { ExportColumn } from './columns.ts'
import { OctetBuffer } from './octet-buffer.ts'
import { putCell } from './put-cell.ts'

const COMMA = 0x2c
const QUOTE = 0x22
const SPACE = 0x20

/** Kinds whose cells are JSON numbers. */
const NUMBERS: readonly number[] = [CELL.u8, CELL.u16, CELL.u32, CELL.u64, CELL.i64, CELL.milliseconds]
const LISTS: readonly number[] = [CELL.u32List, CELL.addressList, CELL.octetsList]

export interface JsonColumnsOptions {
  readonly columns: readonly ExportColumn[]
  readonly times: TimeForm
  readonly write: WriteOctets
}

/**
 * A sink that writes each row as a JSON object with the chosen columns that it holds, one a line: numbers in full, times
 * and addresses as text, octets in hexadecimal, lists as arrays.
 */
export class JsonColumns implements BlockSink {
  readonly #cells: Cells
  readonly #keys: readonly Uint8Array[]
  readonly #keyOctets: number
  readonly #buffer: OctetBuffer

  constructor({ columns, times, write }: JsonColumnsOptions) {
    this.#cells = new Cells(
      columns.map(({ field }) => field),
      times,
    )
    this.#keys = columns.map(({ name }) => new TextEncoder().encode(`${JSON.stringify(name)}:`))
    this.#keyOctets = this.#keys.reduce((sum, key) => sum + key.length + 2, 16)
    this.#buffer = new OctetBuffer(write)
  }

  write(block: FlowBlock, rows: Uint32Array | null, problems: Problem[]): void {
    const cells = this.#cells
    cells.read(block, problems)
    const count = rows === null ? block.info.rows : rows.length
    const buffer = this.#buffer
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i]!
      // Escapes take three times what octets in hexadecimal do, quotes of list items less than an item has room for.
      buffer.reserve(this.#keyOctets + cells.room(row) * 3)
      buffer.used = this.#row(buffer.octets, buffer.view, buffer.used, row)
    }
    buffer.flush()
  }

  close(): void {
    this.#buffer.flush()
  }

  #row(out: Uint8Array, view: DataView, position: number, row: number): number {
    const cells = this.#cells
    const { kinds, present } = cells
    out[position++] = 0x7b
    const first = position
    for (let place = 0; place < kinds.length; place++) {
      if (kinds[place] === 0 || present[place]![row] === 0) continue
      if (position > first) out[position++] = COMMA
      const key = this.#keys[place]!
      for (let i = 0; i < key.length; i++) out[position++] = key[i]!
      position = this.#value(out, view, position, place, row)
    }
    out[position++] = 0x7d
    out[position++] = 0x0a
    return position
  }

  #value(out: Uint8Array, view: DataView, position: number, place: number, row: number): number {
    const cells = this.#cells
    const kind = cells.kinds[place]!
    if (NUMBERS.includes(kind)) return putCell(cells, out, view, position, place, row)
    if (kind === CELL.f64) {
      // JSON has no infinities.
      if (Number.isFinite(cells.floats[place]![row]!)) return putCell(cells, out, view, position, place, row)
      for (const octet of NULL) out[position++] = octet
      return position
    }
    if (LISTS.includes(kind)) return this.#list(out, view, position, place, row)
    out[position++] = QUOTE
    if (kind === CELL.text) {
      const { data, starts, lengths } = cells.columns[place] as OctetsColumn
      const start = starts[row]!
      position = putEscaped(out, position, data, start, start + lengths[row]!)
    } else {
      position = putCell(cells, out, view, position, place, row)
    }
    out[position++] = QUOTE
    return position
  }

  /** Items come with blanks between them: each becomes a comma, with quotes where they are no numbers. */
  #list(out: Uint8Array, view: DataView, position: number, place: number, row: number): number {
    const cells = this.#cells
    const isText = cells.kinds[place] !== CELL.u32List
    out[position++] = 0x5b
    const from = position
    const to = putCell(cells, out, view, position, place, row)
    const { lengths } = cells.columns[place] as OctetsColumn
    if (lengths[row] === 0) {
      out[from] = 0x5d
      return from + 1
    }
    const items = out.slice(from, to)
    if (isText) out[position++] = QUOTE
    for (const octet of items) {
      if (octet !== SPACE) {
        out[position++] = octet
        continue
      }
      if (isText) out[position++] = QUOTE
      out[position++] = COMMA
      if (isText) out[position++] = QUOTE
    }
    if (isText) out[position++] = QUOTE
    out[position++] = 0x5d
    return position
  }
}

const NULL = new TextEncoder().encode('null')
