import type { DocumentIds } from '../../lib/elastic/document-id.ts'
import type { FlowBatch } from '../../lib/flow/batch.ts'
import { rowDataset } from '../row-documents.ts'
import type { Destination } from './destination.ts'
import type { Load, Loads } from './loads.ts'
import type { ShipDocuments } from './ship-documents.ts'
import type { SourceProgress } from './source-progress.ts'

export interface RowLoaderOptions {
  readonly loads: Loads
  readonly destination: Destination
  readonly documents: ShipDocuments
}

/** Where the row 0 of a batch stands. */
export interface RowPlace {
  /** In its source. */
  readonly position: number
  readonly progress: SourceProgress
  /** What ids are made of, and where it stands there. */
  readonly ids: DocumentIds
  readonly idPosition: number
}

/** Makes documents of rows and has them sent. */
export class RowLoader {
  /** Documents made. */
  documents = 0
  readonly #options: RowLoaderOptions

  constructor(options: RowLoaderOptions) {
    this.#options = options
  }

  /** Takes rows `[from, to)` of a batch; resolves when the batch is needed no more. */
  async load(batch: FlowBatch, from: number, to: number, place: RowPlace): Promise<void> {
    const { position, progress } = place
    const { loads } = this.#options
    for (let at = from; at < to; ) {
      const load = await loads.room()
      const first = load.page.count
      at = this.#write(load, batch, at, to, place)
      loads.note(load, progress, first, position + at)
      if (at < to || load.page.count === load.page.most) loads.send()
    }
  }

  /** Moves the source's position over rows that make no documents, once all before them are done. */
  async pass(position: number, progress: SourceProgress): Promise<void> {
    const { loads } = this.#options
    const load = await loads.room()
    loads.note(load, progress, load.page.count, position)
  }

  #write({ page }: Load, batch: FlowBatch, from: number, to: number, place: RowPlace): number {
    const { documents, destination } = this.#options
    const first = page.count
    const next = documents.rows().write(batch, from, to, page)
    if (page.count === first) return next
    for (let i = first; i < page.count; i++) {
      const row = page.sources[i]!
      destination.put(page, i, rowDataset(batch, row), place.ids, place.idPosition + row)
    }
    this.documents += page.count - first
    return next
  }
}
