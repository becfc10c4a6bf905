import type { DocumentPage, LineDocumentWriter } from '../../lib/flow/documents.ts'
import type { RejectsFile } from '../rejects-file.ts'
import type { RowFilter } from '../row-filter.ts'
import type { Dataset, Destination } from './destination.ts'
import { LineFilter } from './line-filter.ts'
import { type LineKind, lineKind } from './line-kind.ts'
import type { Loads } from './loads.ts'
import type { ShipDocuments } from './ship-documents.ts'
import type { SourceProgress } from './source-progress.ts'

/** Whole lines of one source. */
export interface Lines {
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
const DATASET_OF: Readonly<Record<LineKind, Dataset>> = { sflow: 'goflow2.sflow', netflow: 'netflow.log' }

/** Makes documents of goflow2's lines and has them sent. */
export class LineLoader {
  /** Documents made. */
  documents = 0
  octets = 0
  readonly #options: LineLoaderOptions
  readonly #filter: LineFilter | null

  constructor(options: LineLoaderOptions) {
    this.#options = options
    this.#filter = options.filter === null ? null : new LineFilter(options.filter)
  }

  /** Takes all lines; resolves when none of their octets is needed any more. */
  async load(lines: Lines, progress: SourceProgress): Promise<void> {
    const { octets, from, to } = lines
    if (this.#filter === null) await this.#loadRun(lines, from, to, progress)
    else {
      for (let at = from; at < to; ) {
        for (const run of this.#filter.runs(octets, at, to)) {
          if (run.isTaken) await this.#loadRun(lines, at, run.to, progress)
          at = run.to
        }
      }
    }
    this.octets += to - from
    const load = await this.#options.loads.room()
    this.#options.loads.note(load, progress, load.page.count, lines.end)
  }

  async #loadRun(lines: Lines, from: number, to: number, progress: SourceProgress): Promise<void> {
    for (let at = from; at < to; ) {
      const kind = this.#kindOf(lines.octets, at, to)
      const end = this.#endOfKind(lines.octets, at, to, kind)
      while (at < end) at = await this.#loadSome(lines, at, end, kind, progress)
    }
  }

  async #loadSome(
    lines: Lines,
    from: number,
    to: number,
    kind: LineKind,
    progress: SourceProgress,
  ): Promise<number> {
    const { loads, documents, destination, rejects } = this.#options
    const load = await loads.room()
    const { page } = load
    const first = page.count
    const { failed } = documents
    const writer: LineDocumentWriter = kind === 'netflow' ? documents.netflowLines() : documents.lines()
    const next = writer.writeLines(lines.octets, from, to, page)
    if (rejects !== null && documents.failed > failed) keepFailed(lines.octets, to, page, first, rejects)
    const shift = lines.offset - lines.from
    for (let i = first; i < page.count; i++) {
      destination.put(page, i, DATASET_OF[kind], progress.ids, page.sources[i]! + shift)
    }
    this.documents += page.count - first
    loads.note(load, progress, first, next + shift)
    if (next < to || page.count === page.most) loads.send()
    return next
  }

  #kindOf(octets: Buffer, from: number, to: number): LineKind {
    const { dataset } = this.#options
    if (dataset === null) return lineKind(octets, from, endOfLine(octets, from, to))
    return dataset === 'netflow.log' ? 'netflow' : 'sflow'
  }

  /** Where lines of another kind begin. */
  #endOfKind(octets: Buffer, from: number, to: number, kind: LineKind): number {
    if (this.#options.dataset !== null) return to
    let at = endOfLine(octets, from, to)
    while (at < to) {
      const end = endOfLine(octets, at, to)
      if (lineKind(octets, at, end) !== kind) return at
      at = end
    }
    return to
  }
}

function endOfLine(octets: Buffer, from: number, to: number): number {
  const feed = octets.indexOf(LINE_FEED, from)
  return feed < 0 || feed >= to ? to : feed + 1
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
    const end = endOfLine(octets, from, to)
    rejects.add(octets, from, octets[end - 1] === LINE_FEED ? end - 1 : end, true)
  }
}
