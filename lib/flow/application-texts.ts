import { formatAddress } from '../bytes/address.ts'
import type { FixedColumn, OctetsColumn } from './batch.ts'
import { defineField } from './fields.ts'
import type { AddressCodes } from './source.ts'

/** The exporter's number of what the flow carries: a classification engine's octet and a selector (RFC 6759 §4). */
export const APPLICATION_ID = defineField('applicationId', 'octets', 'default', 0, 95)

/** What an exporter (its address as text) calls an application id in lower-case hex; the empty text for what is none. */
export type ApplicationName = (exporter: string, id: string) => string

/** Where a block has the exporters of its rows: codes with their addresses, else words; neither where no row has one. */
export interface RowExporters {
  readonly codes: Uint32Array | null
  readonly addresses: AddressCodes
  readonly column: FixedColumn | null
}

/** Ids are longer only where somebody plays tricks: what follows does not count. */
const MOST_ID_OCTETS = 32

/** The names of the applications of a block's rows: each exporter's id is named once. */
export class ApplicationTexts {
  /** Names met so far, by their numbers; several numbers may have the same name. */
  readonly texts: string[] = []
  readonly #ids: OctetsColumn
  readonly #exporters: RowExporters
  readonly #name: ApplicationName
  /** By exporter's code or address, then by where the id lies. */
  readonly #known = new Map<number | string, Map<number, number>>()
  #lastExporter: number | string = -1
  #lastPlace = -1
  #last = -1

  constructor(ids: OctetsColumn, exporters: RowExporters, name: ApplicationName) {
    this.#ids = ids
    this.#exporters = exporters
    this.#name = name
  }

  /** The number in `texts` of the name of a row's application; -1 where the row has no id, or one that says nothing. */
  at(row: number): number {
    const { starts, lengths, present } = this.#ids
    if (present[row] === 0) return -1
    const { codes, column } = this.#exporters
    const exporter =
      codes !== null ? codes[row]! : column === null ? '' : formatAddress(column.words, row * 4)
    const octets = Math.min(lengths[row]!, MOST_ID_OCTETS)
    const place = starts[row]! * 64 + octets
    if (place === this.#lastPlace && exporter === this.#lastExporter) return this.#last
    let own = this.#known.get(exporter)
    if (own === undefined) {
      own = new Map()
      this.#known.set(exporter, own)
    }
    let number = own.get(place)
    if (number === undefined) {
      number = this.#add(exporter, starts[row]!, octets)
      own.set(place, number)
    }
    this.#lastExporter = exporter
    this.#lastPlace = place
    this.#last = number
    return number
  }

  #add(exporter: number | string, from: number, octets: number): number {
    const { data } = this.#ids
    const id = Buffer.from(data.buffer, data.byteOffset + from, octets).toString('hex')
    const address = typeof exporter === 'string' ? exporter : this.#addressOf(exporter)
    const text = this.#name(address, id)
    if (text === '') return -1
    this.texts.push(text)
    return this.texts.length - 1
  }

  #addressOf(code: number): string {
    const { addresses } = this.#exporters
    return formatAddress(addresses.wordsOf?.(code) ?? addresses.words().subarray(code * 4, code * 4 + 4), 0)
  }
}
