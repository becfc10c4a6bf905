import { formatAddress } from '../bytes/address.ts'
import type { Column, FixedColumn, OctetsColumn } from './batch.ts'
import { defineField, F, type Field } from './fields.ts'
import type { AddressCodes } from './source.ts'

/** The exporter's number of what the flow carries: a classification engine's octet and a selector (RFC 6759 §4). */
export const APPLICATION_ID = defineField('applicationId', 'octets', 'default', 0, 95)

/** What an exporter (its address as text) calls an application id in lower-case hex; the empty text for what is none. */
export type ApplicationName = (exporter: string, id: string) => string

/** What an exporter calls one of its interfaces; the empty text where nobody says. */
export type InterfaceName = (exporter: string, index: number) => string

/** Which column names are wanted for, and who knows them. */
export type Said =
  | { readonly of: 'application'; readonly field: Field; readonly name: ApplicationName }
  | { readonly of: 'interface'; readonly field: Field; readonly name: InterfaceName }

/** Where the columns of a block come from. */
export interface SaidColumns {
  readonly addresses: AddressCodes
  column(field: Field): Column | null
  codes(field: Field): Uint32Array | null
}

/** Ids are longer only where somebody plays tricks: what follows does not count. */
const MOST_ID_OCTETS = 32

/** What exporters call something of a block's rows: each exporter's number is named once. */
export class SaidTexts {
  /** Names met so far, by their numbers; several numbers may have the same name. */
  readonly texts: string[] = []
  readonly #said: Said
  readonly #values: OctetsColumn | FixedColumn
  readonly #addresses: AddressCodes
  readonly #codes: Uint32Array | null
  readonly #exporters: FixedColumn | null
  /** By exporter's code or address, then by the number or where the id lies. */
  readonly #known = new Map<number | string, Map<number, number>>()
  #lastExporter: number | string = -1
  #lastPlace = -1
  #last = -1

  private constructor(said: Said, values: OctetsColumn | FixedColumn, columns: SaidColumns) {
    this.#said = said
    this.#values = values
    this.#addresses = columns.addresses
    this.#codes = columns.codes(F.exporterAddress)
    const exporters = this.#codes === null ? columns.column(F.exporterAddress) : null
    this.#exporters = exporters?.shape === 'fixed' ? exporters : null
  }

  /** Null where no row of the block has what is named. */
  static of(said: Said, columns: SaidColumns): SaidTexts | null {
    const values = columns.column(said.field)
    const fits = said.of === 'application' ? values?.shape === 'octets' : values?.shape === 'fixed'
    return fits ? new SaidTexts(said, values as OctetsColumn | FixedColumn, columns) : null
  }

  /** The number in `texts` of what a row's is called; -1 where the row has none, or one that says nothing. */
  at(row: number): number {
    const values = this.#values
    if (values.present[row] === 0) return -1
    const exporter = this.#exporterAt(row)
    const place =
      values.shape === 'fixed'
        ? values.values[row]!
        : values.starts[row]! * 64 + Math.min(values.lengths[row]!, MOST_ID_OCTETS)
    if (place === this.#lastPlace && exporter === this.#lastExporter) return this.#last
    let own = this.#known.get(exporter)
    if (own === undefined) {
      own = new Map()
      this.#known.set(exporter, own)
    }
    let number = own.get(place)
    if (number === undefined) {
      number = this.#add(exporter, row)
      own.set(place, number)
    }
    this.#lastExporter = exporter
    this.#lastPlace = place
    this.#last = number
    return number
  }

  #exporterAt(row: number): number | string {
    if (this.#codes !== null) return this.#codes[row]!
    return this.#exporters === null ? '' : formatAddress(this.#exporters.words, row * 4)
  }

  #add(exporter: number | string, row: number): number {
    const address = typeof exporter === 'string' ? exporter : this.#addressOf(exporter)
    const text = this.#textOf(address, row)
    if (text === '') return -1
    this.texts.push(text)
    return this.texts.length - 1
  }

  #textOf(address: string, row: number): string {
    const values = this.#values
    const said = this.#said
    if (said.of === 'interface')
      return values.shape === 'fixed' ? said.name(address, values.values[row]!) : ''
    if (values.shape === 'fixed') return ''
    const { data, starts, lengths } = values
    const octets = Math.min(lengths[row]!, MOST_ID_OCTETS)
    const id = Buffer.from(data.buffer, data.byteOffset + starts[row]!, octets).toString('hex')
    return said.name(address, id)
  }

  #addressOf(code: number): string {
    const addresses = this.#addresses
    return formatAddress(addresses.wordsOf?.(code) ?? addresses.words().subarray(code * 4, code * 4 + 4), 0)
  }
}
