import { setTimeout as wait } from 'node:timers/promises'
import { isArchiveName } from '../../lib/archive/live-files.ts'
import { FlowError } from '../../lib/diagnostics/flow-error.ts'
import type { LimitedLog } from '../../lib/diagnostics/log-writer.ts'
import { type BulkBatch, documentOf } from '../../lib/elastic/bulk-batch.ts'
import { detectFormat } from '../../lib/goflow2/reading/detect-format.ts'
import { lastMessageEnd } from '../../lib/goflow2/reading/message-end.ts'
import { Follower } from '../../lib/tail/follower.ts'
import { type Framing, LINES } from '../../lib/tail/framing.ts'
import type { Position } from '../../lib/tail/position-store.ts'
import type { FoundFile } from '../../lib/tail/scan.ts'
import type { RejectsFile } from '../rejects-file.ts'
import type { RowFilter } from '../row-filter.ts'
import type { ShipOptions } from '../ship-flags.ts'
import { ArchiveWalk } from './archive-walk.ts'
import { BlockLoader } from './block-loader.ts'
import { Destination } from './destination.ts'
import { shipInput } from './input-source.ts'
import { LineLoader } from './line-loader.ts'
import { Loads } from './loads.ts'
import { RowLoader } from './row-loader.ts'
import { newPrinter, newServerSender, type Sender } from './senders.ts'
import { ShipDocuments } from './ship-documents.ts'
import type { ShipState } from './ship-state.ts'
import { contentOf, type ShipWords } from './ship-words.ts'
import { SourceProgress } from './source-progress.ts'

/** How often waiting documents are looked at, positions are saved, and archives that grow are looked at. */
const TICK_MS = 50
const SAVE_MS = 1000
const GROWING_MS = 200
/** How long documents under way may take at the end; what is not done by then is sent again by the next run. */
const LAST_MS = 10_000
/** … where nothing is done for this long they are given up before. */
const STILL_MS = 1500

/** goflow2's `bin` format. */
const MESSAGES: Framing = { name: 'messages', lastEnd: lastMessageEnd }

export interface ShipRunSettings {
  readonly options: ShipOptions
  readonly words: ShipWords
  readonly state: ShipState
  readonly filter: RowFilter | null
  readonly isExcluded: (path: string) => boolean
  readonly rejects: RejectsFile | null
  readonly log: LimitedLog
  /** Ends following: what there is by then is sent, however long it takes. */
  readonly drain?: AbortSignal
  /** Called for each archive file whose rows are all done. */
  readonly onArchiveDone?: (path: string, key: string) => void
}

/** Resolves when the signal comes. */
function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** What could not be read. */
export interface ShipTroubles {
  /** Words that name nothing, files that cannot be read. */
  missing: number
  /** Places in inputs that cannot be read, and pieces that are no flows. */
  bad: number
}

/** One run: sources on one side, the sender on the other. */
export class ShipRun {
  readonly loads: Loads
  readonly sender: Sender
  readonly documents: ShipDocuments
  readonly #settings: ShipRunSettings
  readonly #lines: LineLoader
  readonly #rows: RowLoader
  readonly #blocks: BlockLoader
  readonly #follower: Follower | null
  readonly #walk: ArchiveWalk | null
  readonly #progress = new Map<string, SourceProgress>()
  readonly #sendingEnd = new AbortController()
  #inputs: ShipTroubles = { missing: 0, bad: 0 }
  readonly #passed = new Set<string>()
  /** Inputs other than logs and archives. */
  #others = 0
  #blockOctets = 0
  #inputOctets = 0
  #savedMs = 0
  /** It was told to end before all was done that there was to do. */
  isCut = false

  constructor(settings: ShipRunSettings) {
    const { options, log, filter, rejects, words } = settings
    const { servers, delivery } = options
    this.#settings = settings
    const destination = new Destination(options.destination, options.isDocumentsOnly)
    this.sender =
      servers === null
        ? newPrinter()
        : newServerSender(servers, delivery, (...refusal) => this.#reject(...refusal), log)
    this.loads = new Loads({
      gap: destination.gap,
      documents: delivery.bulkDocuments,
      // Only the fastest level knows documents; zlib finds all by itself.
      hasValues: servers !== null && delivery.compressionLevel === 1,
      most: this.sender.most,
      flushMs: delivery.flushMs,
      send: (batch) => this.sender.send(batch, this.#sendingEnd.signal),
    })
    this.documents = new ShipDocuments(options.documents, options.destination, rejects, log)
    const { loads, documents } = this
    const { dataset } = options.destination
    this.#lines = new LineLoader({ loads, destination, documents, dataset, rejects, filter })
    this.#rows = new RowLoader({ loads, destination, documents })
    this.#blocks = new BlockLoader(this.#rows, filter)
    this.#follower = words.logs.length === 0 ? null : this.#newFollower()
    this.#walk = words.archives.length === 0 ? null : this.#newWalk()
  }

  /** Documents made so far. */
  get made(): number {
    return this.#lines.documents + this.#rows.documents
  }

  /** Octets of inputs that were read so far, compressed or not. */
  get octets(): number {
    return (this.#follower?.fileOctets ?? 0) + this.#blockOctets + this.#inputOctets
  }

  /** Octets of inputs that need not be read, because they were sent before. */
  get passedOctets(): number {
    return (this.#follower?.passedOctets ?? 0) + (this.#walk?.passedOctets ?? 0)
  }

  /** Lets go of files that may be moved away. */
  reopen(): void {
    this.#settings.state.deadLetters?.reopen()
    this.#settings.rejects?.reopen()
  }

  /** Files and other inputs that were read. */
  get files(): number {
    return this.#others + (this.#walk?.files ?? 0) + (this.#follower?.begun ?? 0)
  }

  get troubles(): ShipTroubles {
    const follower = this.#follower
    const walk = this.#walk
    const unmatched = follower === null ? 0 : follower.unmatched.length
    return {
      missing: this.#inputs.missing + unmatched + (follower?.unreadable.size ?? 0) + (walk?.unreadable ?? 0),
      bad: this.#inputs.bad + this.documents.failed + (follower?.cutLines ?? 0) + (walk?.problems ?? 0),
    }
  }

  /** Octets of logs that no server has yet, as they were looked at last. */
  get lagOctets(): number {
    return this.#follower?.lagOctets ?? 0
  }

  /** Refused documents that are kept no more, to make room for others. */
  get removedDeadLetters(): number {
    return this.#settings.state.deadLetters?.removed ?? 0
  }

  get skippedOctets(): number {
    return this.#follower?.skippedOctets ?? 0
  }

  /**
   * Sends everything, and with `--follow` all that comes until the signal; what is under way then has a while to be done.
   * Positions are saved. Throws SERVER_REFUSED, and FILE_UNWRITABLE for what must be kept.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { state, options } = this.#settings
    const looking = setInterval(() => this.#look(), TICK_MS)
    this.#failed.promise.catch(() => {})
    this.sender.ready.catch(this.#failed.reject)
    const stop = new AbortController()
    const reading = AbortSignal.any([signal, stop.signal])
    try {
      const read = this.#read(reading)
      // What waits for room when the signal comes is not taken any more.
      read.catch(() => {})
      await Promise.race([this.loads.failed, this.#failed.promise, read, aborted(signal)])
      if (signal.aborted) {
        this.isCut = !options.isFollowing
        this.loads.close()
      }
      await this.#finish(signal)
    } finally {
      clearInterval(looking)
      stop.abort()
      this.#sendingEnd.abort()
      this.#walk?.close()
      state.save()
      await this.sender.close().catch(() => {})
    }
  }

  readonly #failed = Promise.withResolvers<never>()

  #look(): void {
    const now = performance.now()
    try {
      this.loads.tick(now)
      if (now - this.#savedMs >= SAVE_MS) {
        this.#savedMs = now
        this.#settings.state.save()
        this.#settings.log.tick()
      }
    } catch (error) {
      this.#failed.reject(error)
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { words } = this.#settings
    const inputs = async () => {
      for (const path of words.inputs) await this.#input(path, signal)
      if (words.hasStdin) await this.#input('-', signal)
    }
    await Promise.all([this.#readLogs(signal), this.#readArchives(signal), inputs()])
  }

  async #readLogs(signal: AbortSignal): Promise<void> {
    const follower = this.#follower
    if (follower === null) return
    for await (const piece of follower.pieces(signal)) {
      if (piece === null) continue
      const isMessages = piece.framing === MESSAGES
      await this.#lines.load({ ...piece, isMessages }, this.#progressOf(follower, piece.source))
    }
    if (this.#settings.options.isFollowing) return
    for (const name of follower.unmatched) this.#settings.log.error('there is no such file', { name })
  }

  #progressOf(follower: Follower, source: Position): SourceProgress {
    let progress = this.#progress.get(source.key)
    if (progress === undefined) {
      progress = new SourceProgress(source.key, source.path, (offset, sent, rejected) =>
        follower.acknowledge({ source }, offset, sent, rejected),
      )
      this.#progress.set(source.key, progress)
    }
    return progress
  }

  async #readArchives(signal: AbortSignal): Promise<void> {
    const walk = this.#walk
    if (walk === null) return
    const { drain, options } = this.#settings
    const { isFollowing, scanEveryMs } = options
    const waking = drain === undefined ? signal : AbortSignal.any([signal, drain])
    let lookedMs = Number.NEGATIVE_INFINITY
    for (;;) {
      const isLast = !isFollowing || drain?.aborted === true
      const now = performance.now()
      const looks = isLast || now - lookedMs >= scanEveryMs
      if (looks) lookedMs = now
      for (const { file, ...walked } of walk.blocks(looks)) {
        await this.#blocks.load({ ...walked, schema: file.schema, problems: file.problems }, signal)
        this.#blockOctets += walked.block.info.headOctets + walked.block.info.bodyOctets
        if (signal.aborted) return
      }
      if (isLast || signal.aborted) return
      await wait(Math.min(GROWING_MS, scanEveryMs), undefined, { signal: waking }).catch(() => {})
    }
  }

  async #input(path: string, signal: AbortSignal): Promise<void> {
    const { log, filter } = this.#settings
    if (signal.aborted) return
    const before = this.#inputOctets
    const onOctets = (octets: number) => {
      this.#inputOctets = before + octets
    }
    try {
      const { rejected, problems } = await shipInput(
        path,
        { lines: this.#lines, rows: this.#rows, blocks: this.#blocks, filter, log, onOctets },
        signal,
      )
      this.#others++
      this.#inputs.bad += rejected + problems
      if (problems > 0) log.warn('input read in part', { path, problems })
    } catch (error) {
      if (!(error instanceof FlowError) || error.code === 'SERVER_REFUSED') throw error
      this.#inputs.missing++
      log.error('input skipped', { error: error.message })
    }
  }

  /** Waits for what is under way; once there was a signal only as long as it gets less. */
  async #finish(signal: AbortSignal): Promise<void> {
    const finished = this.loads.finish()
    finished.catch(() => {})
    const patience = async () => {
      await aborted(signal)
      const endMs = performance.now() + LAST_MS
      let movedMs = performance.now()
      for (let before = -1; performance.now() < Math.min(endMs, movedMs + STILL_MS); ) {
        const done = this.sender.counts?.acknowledged ?? 0
        if (done !== before) movedMs = performance.now()
        before = done
        await wait(TICK_MS, undefined, { ref: false })
      }
    }
    await Promise.race([finished, this.#failed.promise, patience()])
    if (this.loads.underWay > 0) {
      this.isCut = !this.#settings.options.isFollowing
      this.#settings.log.warn('the end came before the server had all: the next run sends the rest', {
        requests: this.loads.underWay,
      })
    }
  }

  #reject(batch: BulkBatch, item: number, status: number, reason: string): void {
    const part = this.loads.partOf(batch, item)
    part.rejected++
    const { log, state } = this.#settings
    log.limited('rejected', 'the server refused a document for good', {
      status,
      reason: reason.slice(0, 500),
      source: part.progress.name,
    })
    const before = this.removedDeadLetters
    state.deadLetters?.add({
      message: Buffer.from(documentOf(batch, item)).toString(),
      status,
      reason,
      source: part.progress.name,
      position: part.end,
    })
    const removed = this.removedDeadLetters - before
    if (removed > 0) log.warn('old dead letters were removed to make room (--dead-letter-size)', { removed })
  }

  /** Captures that a folder or a pattern names are not read: they cannot be told from those that were sent before. */
  #passOver(files: readonly FoundFile[]): void {
    for (const { path, head } of files) {
      if (contentOf(head) !== 'capture' || this.#passed.has(path)) continue
      this.#passed.add(path)
      this.#inputs.missing++
      this.#settings.log.warn('capture is not sent: name the file itself', { path })
    }
  }

  #newFollower(): Follower {
    const { options, words, state, log, isExcluded } = this.#settings
    return new Follower({
      patterns: words.logs,
      isExcluded: (path) => isArchiveName(path) || isExcluded(path),
      isForeign: ({ head }) => contentOf(head) !== 'log',
      framingOf: ({ head }) => (detectFormat(head) === 'bin' ? MESSAGES : LINES),
      onForeign: (files) => this.#passOver(files),
      isFollowing: options.isFollowing,
      scanEveryMs: options.scanEveryMs,
      ignoreOlderMs: options.isFollowing ? options.ignoreOlderMs : 0,
      maxLagOctets: options.isFollowing ? options.maxLagOctets : 0,
      positions: state.positions,
      log,
    })
  }

  #newWalk(): ArchiveWalk {
    const { options, words, state, log, isExcluded, onArchiveDone } = this.#settings
    return new ArchiveWalk({
      paths: words.archives,
      isExcluded,
      ignoreOlderMs: options.isFollowing ? options.ignoreOlderMs : 0,
      positions: state.positions,
      log,
      ...(onArchiveDone === undefined ? {} : { onDone: onArchiveDone }),
    })
  }
}
