import type { BulkBatch } from '../../lib/elastic/bulk-batch.ts'
import { clearPage, type DocumentPage, newDocumentPage } from '../../lib/flow/documents.ts'
import type { Part, SourceProgress } from './source-progress.ts'

/** A page of documents and whose they are. */
export interface Load {
  page: DocumentPage
  readonly parts: Part[]
  /** When the first document came. */
  sinceMs: number
}

export interface LoadsOptions {
  /** Octets before each document. */
  readonly gap: number
  readonly documents: number
  /** Whether documents tell where their values stand, for those who pack them. */
  readonly hasValues: boolean
  /** Loads under way at one time. */
  readonly most: number
  readonly flushMs: number
  /** Sends a batch, whose octets are borrowed until the promise is settled: every item is done then. */
  readonly send: (batch: BulkBatch) => Promise<void> | void
}

/** A page that grew beyond this for one long document is not kept. */
const MOST_KEPT_OCTETS = 8 << 20

/** Gathers documents of all sources in pages, and has each sent when it is full or its time is up. */
export class Loads {
  readonly #options: LoadsOptions
  readonly #free: Load[] = []
  #made = 0
  #open: Load | null = null
  #isClosed = false
  readonly #sending = new Map<BulkBatch, Load>()
  #freed = Promise.withResolvers<void>()
  /** Rejects when a batch cannot be sent at all. */
  readonly failed: Promise<never>
  readonly #fail: (reason: unknown) => void

  constructor(options: LoadsOptions) {
    this.#options = options
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => {})
    this.failed = promise
    this.#fail = reject
  }

  get underWay(): number {
    return this.#sending.size
  }

  /** The load to add to; null while all are under way. */
  get open(): Load | null {
    if (this.#open !== null) return this.#open
    let load = this.#free.pop()
    if (load === undefined) {
      if (this.#made > this.#options.most) return null
      this.#made++
      load = this.#newLoad()
    }
    this.#open = load
    return load
  }

  /** Whoever waits for room, or asks for it, is told that there will be none. */
  close(): void {
    this.#isClosed = true
    this.#wake()
  }

  /**
   * The load to add to, as soon as there is one: nobody else adds before the caller does, if it adds at once. Rejects once
   * it is closed.
   */
  async room(): Promise<Load> {
    for (;;) {
      if (this.#isClosed) throw new Error('nothing more is taken')
      const load = this.open
      if (load !== null) return load
      await this.wait()
    }
  }

  /** Until a load is done; rejects when one cannot be. */
  async wait(): Promise<void> {
    await Promise.race([this.#freed.promise, this.failed])
  }

  /** Notes that the documents from `first` on belong to a source that goes on at `end`. */
  note(load: Load, progress: SourceProgress, first: number, end: number): void {
    const items = load.page.count - first
    const last = load.parts.at(-1)
    if (load.sinceMs === 0) load.sinceMs = performance.now()
    if (last?.progress === progress) {
      last.items += items
      last.end = end
      return
    }
    const part: Part = { progress, first, items, end, rejected: 0 }
    load.parts.push(part)
    progress.begin(part)
  }

  /** Sends what there is if its time is up. */
  tick(nowMs: number): void {
    const load = this.#open
    if (load !== null && load.sinceMs > 0 && nowMs - load.sinceMs >= this.#options.flushMs) this.send()
  }

  /** Sends what there is. */
  send(): void {
    const load = this.#open
    if (load === null || load.parts.length === 0) return
    this.#open = null
    const { page } = load
    if (page.count === 0) {
      this.#done(load)
      return
    }
    const batch = this.#batchOf(page)
    this.#sending.set(batch, load)
    const settle = () => {
      this.#sending.delete(batch)
      this.#done(load)
    }
    try {
      const sent = this.#options.send(batch)
      if (sent === undefined) settle()
      else sent.then(settle, this.#fail)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Sends what there is, and waits until all is done. */
  async finish(): Promise<void> {
    this.send()
    while (this.#sending.size > 0) await this.wait()
  }

  /** The part that item `item` of a batch under way belongs to. */
  partOf(batch: BulkBatch, item: number): Part {
    const load = this.#sending.get(batch)
    const part = load?.parts.find(({ first, items }) => item >= first && item < first + items)
    if (part === undefined) throw new Error('an item of no batch under way')
    return part
  }

  #batchOf(page: DocumentPage): BulkBatch {
    const { octets, starts, ends, count, gap, values } = page
    const froms = new Uint32Array(count)
    const tos = new Uint32Array(count)
    for (let i = 0; i < count; i++) {
      froms[i] = starts[i]! - gap
      tos[i] = ends[i]! + 1
    }
    return { octets, starts: froms, ends: tos, count, values }
  }

  #done(load: Load): void {
    for (const part of load.parts) part.progress.finish(part)
    load.parts.length = 0
    load.sinceMs = 0
    if (load.page.octets.length > MOST_KEPT_OCTETS) load.page = this.#newPage()
    else clearPage(load.page)
    this.#free.push(load)
    this.#wake()
  }

  #wake(): void {
    this.#freed.resolve()
    this.#freed = Promise.withResolvers()
  }

  #newLoad(): Load {
    return { page: this.#newPage(), parts: [], sinceMs: 0 }
  }

  #newPage(): DocumentPage {
    const { gap, documents, hasValues } = this.#options
    return newDocumentPage(gap, documents, hasValues)
  }
}
