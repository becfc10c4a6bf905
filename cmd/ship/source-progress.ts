import { DocumentIds } from '../../lib/elastic/document-id.ts'

/** Takes how far a source is done, and how many of its documents were sent and refused since the last call. */
export type OnProgress = (position: number, sent: number, rejected: number) => void

/** Consecutive documents of one source that stand in one request. */
export interface Part {
  readonly progress: SourceProgress
  /** Place of the first in the request, and how many there are; none where records made no document. */
  readonly first: number
  items: number
  /** Where the source goes on behind them. */
  end: number
  rejected: number
}

interface Entry {
  readonly part: Part
  isDone: boolean
}

/** Which parts of a source are done: its position moves over those only before which nothing is missing. */
export class SourceProgress {
  /** What messages call it. */
  readonly name: string
  readonly ids: DocumentIds
  readonly #entries: Entry[] = []
  readonly #onProgress: OnProgress

  /** `key` is what the ids are made of. */
  constructor(key: string, name: string, onProgress: OnProgress) {
    this.name = name
    this.ids = new DocumentIds(key)
    this.#onProgress = onProgress
  }

  /** Whether documents are on their way. */
  get isBusy(): boolean {
    return this.#entries.length > 0
  }

  begin(part: Part): void {
    this.#entries.push({ part, isDone: false })
  }

  finish(part: Part): void {
    const entries = this.#entries
    const entry = entries.find((candidate) => candidate.part === part)
    if (entry === undefined) return
    entry.isDone = true
    let done = 0
    while (entries[done]?.isDone === true) done++
    let [end, sent, refused] = [0, 0, 0]
    for (const { part } of entries.splice(0, done)) {
      end = part.end
      sent += part.items - part.rejected
      refused += part.rejected
    }
    if (done > 0) this.#onProgress(end, sent, refused)
  }
}
