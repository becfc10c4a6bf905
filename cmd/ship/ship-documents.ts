import type { Log } from '../../lib/diagnostics/log.ts'
import type { LineDocuments } from '../../lib/ecs/line-documents.ts'
import type { GeoSource } from '../../lib/flow/geo.ts'
import type { RecordForm } from '../../lib/goflow2/reading/line-reader.ts'
import type { DocumentOptions } from '../document-flags.ts'
import type { RejectsFile } from '../rejects-file.ts'
import { geoSource, newLineDocuments, type RowDocumentSettings, RowDocuments } from '../row-documents.ts'
import type { DestinationOptions } from '../ship-flags.ts'
import { RecordDocuments } from './record-documents.ts'

/** Writers of documents, made when the first record of their kind comes. */
export class ShipDocuments {
  readonly #settings: RowDocumentSettings
  readonly #rejects: RejectsFile | null
  #geo: GeoSource | null | undefined
  #lines: LineDocuments | null = null
  readonly #records = new Map<RecordForm, RecordDocuments>()
  #rows: RowDocuments | null = null
  #minutes = Number.NaN
  /** Of writers that are used no more. */
  #failedBefore = 0

  constructor(
    options: DocumentOptions,
    { form, namespace }: DestinationOptions,
    rejects: RejectsFile | null,
    log: Log,
  ) {
    this.#settings = { form, options, namespace, log }
    this.#rejects = rejects
  }

  /** Lines so far that were no flows, whose documents say why, and pieces of messages that were none. */
  get failed(): number {
    return this.#failedBefore + (this.#lines?.failed ?? 0) + (this.#records.get('bin')?.rejected ?? 0)
  }

  /** For lines of sFlow, and those that are no flows. */
  lines(): LineDocuments {
    const minutes = new Date().getTimezoneOffset()
    if (this.#lines === null || this.#minutes !== minutes) {
      this.#failedBefore += this.#lines?.failed ?? 0
      if (this.#geo === undefined) {
        this.#geo = this.#settings.form === 'final' ? geoSource(this.#settings) : null
      }
      this.#lines = newLineDocuments(this.#settings, this.#geo)
      this.#minutes = minutes
    }
    return this.#lines
  }

  /** For JSON lines of NetFlow and IPFIX, and for records of all protocols in goflow2's other formats. */
  records(form: RecordForm): RecordDocuments {
    let records = this.#records.get(form)
    if (records === undefined) {
      records = new RecordDocuments({
        form,
        documents: this.rows(),
        // What is no flow goes where such lines go today.
        failed:
          form === 'bin'
            ? null
            : { writeLines: (octets, from, to, page) => this.lines().writeLines(octets, from, to, page) },
        rejects: this.#rejects,
      })
      this.#records.set(form, records)
    }
    return records
  }

  rows(): RowDocuments {
    this.#rows ??= new RowDocuments(this.#settings)
    return this.#rows
  }
}
