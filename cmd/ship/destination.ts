import { BulkAction } from '../../lib/elastic/bulk-action.ts'
import type { DocumentIds } from '../../lib/elastic/document-id.ts'
import type { DocumentPage } from '../../lib/flow/documents.ts'
import type { DestinationOptions } from '../ship-flags.ts'
import { DATASETS } from '../ship-table.ts'

export type Dataset = (typeof DATASETS)[number]

/** The action lines of every data set, all of one length: so that documents of several can share a page. */
export class Destination {
  /** Octets to leave free before each document. */
  readonly gap: number
  readonly #actions: ReadonlyMap<Dataset, BulkAction>

  /** `isBare`: documents stand alone, without actions. */
  constructor(options: DestinationOptions, isBare: boolean) {
    const { pipeline } = options
    const indices = DATASETS.map((dataset) => indexOf(options, dataset))
    const length = Math.max(...indices.map((index) => new BulkAction(index, pipeline).length))
    this.gap = isBare ? 0 : length
    this.#actions = new Map(
      isBare ? [] : DATASETS.map((name, i) => [name, new BulkAction(indices[i]!, pipeline, length)]),
    )
  }

  /** Writes the action of document `item` of the page, which stands at `position` of its source. */
  put(page: DocumentPage, item: number, dataset: Dataset, ids: DocumentIds, position: number): void {
    this.#actions.get(dataset)?.put(page.octets, page.starts[item]!, ids, position)
  }
}

/** The index or data stream that documents of a data set go to. */
export function indexOf(options: DestinationOptions, own: Dataset): string {
  const { dataset, namespace, flowIndex = null } = options
  const index = (own === 'network_traffic.flow' ? flowIndex : null) ?? options.index
  return index ?? `logs-${dataset ?? own}-${namespace}`
}
