import type { DocumentPage, LineDocumentWriter } from '../../lib/flow/documents.ts'
import type { RecordForm } from '../../lib/goflow2/reading/line-reader.ts'
import type { RejectsFile } from '../rejects-file.ts'
import type { RowFilter } from '../row-filter.ts'
import type { Dataset, Destination } from './destination.ts'
import { LineFilter } from './line-filter.ts'
import { lineKind } from './line-kind.ts'
import type { Loads } from './loads.ts'
import { lineForm, recordEnd } from './record-form.ts'
import type { ShipDocuments } from './ship-documents.ts'
import type { SourceProgress } from './source-progress.ts'

/** Whole records of one source: lines, or messages. */
export interface Lines {
  readonly isMessages: boolean
  readonly octets: Buffer
  readonly from: number
  readonly to: number
  /** Where `from` lies in the source. */
  readonly offset: number
  /** Where the source goes on behind them. */
  readonly end: number
}

export interface LineLoaderOptions {
  readonly loads: Loads
  readonly destination: Destination
  readonly documents: ShipDocuments
  /** Null for what each line says. */
  readonly dataset: string | null
  readonly rejects: RejectsFile | null
  /** Null for all lines. */
  readonly filter: RowFilter | null
}

const LINE_FEED = 0x0a
const FAILURE = Buffer.from('"kind":"pipeline_error"')

/** How documents are made of a record: sFlow's JSON lines are mapped as they stand, all others are read as rows first. */
type Way = 'sflow' | 'netflow' | 'text' | 'bin'
const FORM_OF: Readonly<Record<Way, RecordForm>> = {
  sflow: 'json',
  netflow: 'json',
  text: 'text',
  bin: 'bin',
}

/** Makes documents of goflow2's lines and messages and has them sent. */
export class LineLoader {
  /** Documents made. */
  documents = 0
  readonly #options: LineLoaderOptions
  readonly #filter: LineFilter | null

  constructor(options: LineLoaderOptions) {
    this.#options = options
    this.#filter = options.filter === null ? null : new LineFilter(options.filter)
  }

  /** Takes all lines; resolves when none of their octets is needed any more. */
  async load(lines: Lines, progress: SourceProgress): Promise<void> {
    const { octets, from, to, isMessages } = lines
    if (this.#filter === null) await this.#loadRun(lines, from, to, progress)
    else {
      for (let at = from; at < to; ) {
        for (const run of this.#filter.runs(octets, at, to, isMessages)) {
          if (run.isTaken) await this.#loadRun(lines, at, run.to, progress)
          at = run.to
        }
      }
    }
    const load = await this.#options.loads.room()
    this.#options.loads.note(load, progress, load.page.count, lines.end)
  }

  async #loadRun(lines: Lines, from: number, to: number, progress: SourceProgress): Promise<void> {
    for (let at = from; at < to; ) {
      const way = this.#wayOf(lines, at, recordEnd('json', lines.octets, at, to))
      const end = lines.isMessages ? to : this.#endOfWay(lines, at, to, way)
      while (at < end) at = await this.#loadSome(lines, at, end, way, progress)
    }
  }

  async #loadSome(
    lines: Lines,
    from: number,
    to: number,
    way: Way,
    progress: SourceProgress,
  ): Promise<number> {
    const { loads, documents, destination, rejects } = this.#options
    const load = await loads.room()
    const { page } = load
    const first = page.count
    const { failed } = documents
    const records = way === 'sflow' ? null : documents.records(FORM_OF[way])
    const writer: LineDocumentWriter = records ?? documents.lines()
    const next = writer.writeLines(lines.octets, from, to, page)
    if (rejects !== null && way !== 'bin' && documents.failed > failed) {
      keepFailed(lines.octets, to, page, first, rejects)
    }
    const shift = lines.offset - lines.from
    for (let i = first; i < page.count; i++) {
      const dataset: Dataset = records?.datasets[i - first] ?? 'goflow2.sflow'
      destination.put(page, i, dataset, progress.ids, page.sources[i]! + shift)
    }
    this.documents += page.count - first
    loads.note(load, progress, first, next + shift)
    if (next < to || page.count === page.most) loads.send()
    return next
  }

  #wayOf({ octets, isMessages }: Lines, from: number, lineEnd: number): Way {
    if (isMessages) return 'bin'
    if (lineForm(octets, from, lineEnd) === 'text') return 'text'
    const { dataset } = this.#options
    if (dataset === null) return lineKind(octets, from, lineEnd)
    return dataset === 'netflow.log' ? 'netflow' : 'sflow'
  }

  /** Where lines begin of which documents are made in another way. */
  #endOfWay(lines: Lines, from: number, to: number, way: Way): number {
    let at = from
    while (at < to) {
      const end = recordEnd('json', lines.octets, at, to)
      if (this.#wayOf(lines, at, end) !== way) return at
      at = end
    }
    return to
  }
}

/** Keeps the lines of those documents that say that they are no flows. */
function keepFailed(
  octets: Buffer,
  to: number,
  page: DocumentPage,
  first: number,
  rejects: RejectsFile,
): void {
  const made = Buffer.from(page.octets.buffer, page.octets.byteOffset, page.octets.length)
  for (let i = first; i < page.count; i++) {
    if (made.subarray(page.starts[i], page.ends[i]).indexOf(FAILURE) < 0) continue
    const from = page.sources[i]!
    const end = recordEnd('json', octets, from, to)
    rejects.add(octets, from, octets[end - 1] === LINE_FEED ? end - 1 : end, true)
  }
}
