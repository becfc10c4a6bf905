import type { Log } from '../../lib/diagnostics/log.ts'
import type { LineDocuments } from '../../lib/ecs/line-documents.ts'
import type { GeoSource } from '../../lib/flow/geo.ts'
import type { DocumentOptions } from '../document-flags.ts'
import { geoSource, newLineDocuments, type RowDocumentSettings, RowDocuments } from '../row-documents.ts'
import type { DestinationOptions } from '../ship-flags.ts'
import { NetflowLines } from './netflow-lines.ts'

/** Writers of documents, made when the first record of their kind comes. */
export class ShipDocuments {
  readonly #settings: RowDocumentSettings
  #geo: GeoSource | null | undefined
  #lines: LineDocuments | null = null
  #netflowLines: NetflowLines | null = null
  #rows: RowDocuments | null = null
  #minutes = Number.NaN
  /** Of writers that are used no more. */
  #failedBefore = 0

  constructor(options: DocumentOptions, { form, namespace }: DestinationOptions, log: Log) {
    this.#settings = { form, options, namespace, log }
  }

  /** Lines so far that were no flows: their documents say why. */
  get failed(): number {
    return this.#failedBefore + (this.#lines?.failed ?? 0)
  }

  /** For lines of sFlow, and those that are no flows. */
  lines(): LineDocuments {
    const minutes = new Date().getTimezoneOffset()
    if (this.#lines === null || this.#minutes !== minutes) {
      this.#failedBefore = this.failed
      if (this.#geo === undefined) {
        this.#geo = this.#settings.form === 'final' ? geoSource(this.#settings) : null
      }
      this.#lines = newLineDocuments(this.#settings, this.#geo)
      this.#minutes = minutes
    }
    return this.#lines
  }

  /** For lines of NetFlow and IPFIX. */
  netflowLines(): NetflowLines {
    // What is no flow goes where such lines go today.
    this.#netflowLines ??= new NetflowLines(this.rows(), {
      writeLines: (octets, from, to, page) => this.lines().writeLines(octets, from, to, page),
    })
    return this.#netflowLines
  }

  rows(): RowDocuments {
    this.#rows ??= new RowDocuments(this.#settings)
    return this.#rows
  }
}
