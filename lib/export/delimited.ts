import { putAddress, putIpv4 } from '../bytes/put-address.ts'
import { putU32, putU64 } from '../bytes/put-number.ts'
import type { OctetsColumn } from '../flow/batch.ts'
import type { FlowBlock, Problem } from '../flow/source.ts'
import type { BlockSink, WriteOctets } from './block-sink.ts'
import { Cells, type TimeForm } from './cells.ts'
import type { ExportColumn } from './columns.ts'
import { OctetBuffer } from './octet-buffer.ts'
import { putCell } from './put-cell.ts'

const QUOTE = 0x22
const LINE_FEED = 0x0a
const RETURN = 0x0d

export interface DelimitedOptions {
  readonly columns: readonly ExportColumn[]
  /** One ASCII character: a comma, a tab. */
  readonly delimiter: string
  readonly times: TimeForm
  /** Whether a line of names comes first. */
  readonly header: boolean
  readonly write: WriteOctets
}

/**
 * A sink that writes CSV (RFC 4180) as csv-stringify would: a line feed ends each row, and a cell is quoted where it
 * holds a quote, the delimiter or a line break. Absent values are empty, text keeps its octets.
 */
export class Delimited implements BlockSink {
  readonly #cells: Cells
  readonly #delimiter: number
  readonly #buffer: OctetBuffer

  constructor({ columns, delimiter, times, header, write }: DelimitedOptions) {
    this.#cells = new Cells(
      columns.map(({ field }) => field),
      times,
    )
    this.#delimiter = delimiter.charCodeAt(0)
    this.#buffer = new OctetBuffer(write)
    if (header) this.#header(columns)
  }

  write(block: FlowBlock, rows: Uint32Array | null, problems: Problem[]): void {
    this.#cells.read(block, problems)
    const count = rows === null ? block.info.rows : rows.length
    this.#rows(rows, count)
    this.#buffer.flush()
  }

  close(): void {
    this.#buffer.flush()
  }

  #header(columns: readonly ExportColumn[]): void {
    const buffer = this.#buffer
    columns.forEach(({ name }, i) => {
      const octets = new TextEncoder().encode(name)
      buffer.reserve(octets.length * 2 + 3)
      if (i > 0) buffer.octets[buffer.used++] = this.#delimiter
      buffer.used = this.#text(buffer.octets, buffer.used, octets, 0, octets.length)
    })
    buffer.octets[buffer.used++] = LINE_FEED
  }

  #rows(rows: Uint32Array | null, count: number): void {
    const cells = this.#cells
    const { kinds, present, variable, columns, u8, u16, words } = cells
    const buffer = this.#buffer
    const delimiter = this.#delimiter
    const places = kinds.length
    const fixedRoom = variable.length === 0 ? cells.room(0) : 0
    let { octets: out, view, used: position } = buffer
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i]!
      const room = fixedRoom || cells.room(row)
      if (position + room + 64 > out.length) {
        buffer.used = position
        buffer.flush()
        buffer.reserve(room + 64)
        out = buffer.octets
        view = buffer.view
        position = 0
      }
      for (let place = 0; place < places; place++) {
        if (place > 0) out[position++] = delimiter
        const kind = kinds[place]!
        if (kind === 0 || present[place]![row] === 0) continue
        // The labels are CELL's numbers; the kinds that rows have many of stand here, the others in putCell.
        switch (kind) {
          case 1: // u8
            position = putU32(view, position, u8[place]![row]!)
            break
          case 2: // u16
            position = putU32(view, position, u16[place]![row]!)
            break
          case 3: // u32
            position = putU32(view, position, words[place]![row]! | 0)
            break
          case 4: {
            // u64
            const numbers = words[place]!
            position = putU64(view, position, numbers[row * 2]! | 0, numbers[row * 2 + 1]! | 0)
            break
          }
          case 9: {
            // address
            const address = words[place]!
            const at = row * 4
            if ((address[at]! | address[at + 1]!) === 0 && address[at + 2] === 0xffff) {
              position = putIpv4(view, position, address[at + 3]! | 0)
            } else {
              position = putAddress(view, position, address, at, 0)
            }
            break
          }
          case 12: {
            // text
            const { data, starts, lengths } = columns[place] as OctetsColumn
            const start = starts[row]!
            position = this.#text(out, position, data, start, start + lengths[row]!)
            break
          }
          default:
            position = putCell(cells, out, view, position, place, row)
        }
      }
      out[position++] = LINE_FEED
    }
    buffer.used = position
  }

  /** A cell whose octets may need quotes. */
  #text(out: Uint8Array, position: number, data: Uint8Array, from: number, to: number): number {
    const delimiter = this.#delimiter
    let isQuoted = false
    for (let i = from; i < to && !isQuoted; i++) {
      const octet = data[i]!
      isQuoted = octet === QUOTE || octet === delimiter || octet === LINE_FEED || octet === RETURN
    }
    if (!isQuoted) {
      for (let i = from; i < to; i++) out[position++] = data[i]!
      return position
    }
    out[position++] = QUOTE
    for (let i = from; i < to; i++) {
      const octet = data[i]!
      if (octet === QUOTE) out[position++] = QUOTE
      out[position++] = octet
    }
    out[position++] = QUOTE
    return position
  }
}
