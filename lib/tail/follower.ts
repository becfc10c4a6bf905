import { setTimeout as wait } from 'node:timers/promises'
import type { Log } from '../diagnostics/log.ts'
import { reasonOf } from '../diagnostics/reason.ts'
import { type Framing, LINES } from './framing.ts'
import { identify, marksOf } from './identify.ts'
import type { Position, PositionStore } from './position-store.ts'
import { type FoundFile, type Scan, scanFiles } from './scan.ts'
import { openTailed, type Piece, type TailedFile } from './tailed-file.ts'

export interface FollowerOptions {
  readonly patterns: readonly string[]
  readonly isExcluded: (path: string) => boolean
  /** Files that hold no records that could be followed: they are left to the caller, who gets them from each scan. */
  readonly isForeign: (file: FoundFile) => boolean
  readonly onForeign: (files: readonly FoundFile[]) => void
  /** What the records of a file are; lines unless told. */
  readonly framingOf?: (file: FoundFile) => Framing
  /** Go on when all was read; else end there. */
  readonly isFollowing: boolean
  readonly scanEveryMs: number
  /** New sources whose file was last changed longer ago are passed over; 0 for none. */
  readonly ignoreOlderMs: number
  /** A plain file of which more than this is not read is read from so far before its end; 0 for no limit. */
  readonly maxLagOctets?: number
  readonly positions: PositionStore
  readonly log: Log
  /** For tests. */
  readonly nowMs?: () => number
}

/** How long to wait for more lines where there were none. */
const IDLE_MS = 50
/** A file that is gone, or is still there, and silent for this long is closed; when it grows a scan opens it again. */
const GONE_MS = 5000
const SILENT_MS = 60_000
/** … and this soon where others wait for its place. */
const WANTED_MS = 100
/** Files open at once; others wait for their turn. */
const MOST_OPEN = 64

interface Open {
  readonly file: TailedFile
  /** Since when there was nothing to read. */
  idleSinceMs: number
}

/**
 * Reads the lines of files as they grow, are renamed, truncated, compressed and removed. A source is known by what its
 * content begins with (`fingerprint.ts`), so it is read once, whatever is done to its file. Order is kept per source.
 */
export class Follower {
  /** What could not be read, by path, since the start. */
  readonly unreadable = new Map<string, string>()
  unmatched: readonly string[] = []
  cutLines = 0
  /** Sources opened, and octets that were skipped because they were too far behind. */
  begun = 0
  skippedOctets = 0
  /** Octets of files that need not be read, because they were before. */
  passedOctets = 0
  /** Octets of closed files that were read. */
  #closedOctets = 0
  readonly #options: FollowerOptions
  readonly #now: () => number
  readonly #open = new Map<string, Open>()
  /** How far sources were read that are not open now; more than what was acknowledged. */
  readonly #readTo = new Map<string, number>()
  /** Where sources end that were read to an end that will not move. */
  readonly #ends = new Map<string, number>()
  /** Found, and not open yet. */
  #waiting: FoundFile[] = []
  /** Paths that the last scan found, by source. */
  #paths = new Map<string, string>()
  /** What the last scan found that is followed, with the fingerprints that it is known by. */
  #sources: readonly FoundFile[] = []
  /** What the last scan found, by path. */
  #found: ReadonlyMap<string, FoundFile> = new Map()
  #scannedMs = Number.NEGATIVE_INFINITY
  #hasScanned = false

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#now = options.nowMs ?? Date.now
  }

  /** Octets of files that were read so far, compressed or not. */
  get fileOctets(): number {
    let octets = this.#closedOctets
    for (const { file } of this.#open.values()) octets += file.fileOctets
    return octets
  }

  /** Octets of plain files that are not acknowledged, as the last scan saw them. */
  get lagOctets(): number {
    const lags = new Map<string, number>()
    for (const { packing, fingerprint, octets } of this.#sources) {
      if (packing !== 'plain' || fingerprint === null) continue
      const done = this.#options.positions.get(fingerprint.hash)?.offset ?? 0
      // Copies of one source are one.
      lags.set(fingerprint.hash, Math.max(lags.get(fingerprint.hash) ?? 0, octets - done))
    }
    return [...lags.values()].reduce((sum, lag) => sum + lag, 0)
  }

  /**
   * Whole records of one source after the other, round robin; null now and then while there is nothing to read, so that
   * the caller can look after other things. Ends when `signal` does, or at the end of all files.
   */
  async *pieces(signal: AbortSignal): AsyncGenerator<Piece | null, undefined> {
    const { isFollowing, scanEveryMs } = this.#options
    try {
      while (!signal.aborted) {
        if (this.#now() - this.#scannedMs >= scanEveryMs && (isFollowing || !this.#hasScanned))
          await this.#scan()
        await this.#beginWaiting()
        let isIdle = true
        for (const [key, open] of [...this.#open]) {
          const piece = await this.#read(key, open)
          if (piece === null) continue
          isIdle = false
          yield piece
          if (signal.aborted) return
        }
        if (!isIdle) continue
        if (!isFollowing && this.#waiting.length === 0) return
        if (!isFollowing) continue
        yield null
        await wait(IDLE_MS, undefined, { signal }).catch(() => undefined)
      }
    } finally {
      for (const { file } of this.#open.values()) await file.close()
      this.#open.clear()
    }
  }

  /** Takes `offset` of a source's content as done; `save` of the store makes it last. */
  acknowledge({ source }: Pick<Piece, 'source'>, offset: number, sent: number, rejected: number): void {
    source.offset = Math.max(source.offset, offset)
    source.sent += sent
    source.rejected += rejected
    this.#options.positions.touch(source, this.#now())
    this.#endSource(source)
  }

  async #scan(): Promise<void> {
    const { patterns, isExcluded, isFollowing, isForeign, onForeign } = this.#options
    this.#scannedMs = this.#now()
    this.#hasScanned = true
    const known = this.#found
    const scan = await scanFiles({ patterns, isExcluded, isFinal: !isFollowing, known })
    this.#found = new Map(scan.files.map((file) => [file.path, file]))
    this.#report(scan)
    onForeign(scan.files.filter(isForeign))
    const paths = new Map<string, string>()
    const waiting = new Map<string, FoundFile>()
    const own = scan.files.filter((file) => !isForeign(file))
    this.#sources = identify(own, this.#options.positions)
    for (const file of this.#sources) {
      if (file.fingerprint === null) continue
      const key = file.fingerprint.hash
      const open = this.#open.get(key)
      if (open !== undefined && this.#excess(file, open.file.offset) > 0) {
        await this.#close(key, open.file)
      }
      const inode = this.#open.get(key)?.file.inode
      // Of several files with one content, that which is open goes on, else a plain one is taken.
      if (inode === file.inode || !paths.has(key)) paths.set(key, file.path)
      if (inode !== undefined) continue
      if (waiting.get(key)?.packing !== 'plain') waiting.set(key, file)
    }
    this.#paths = paths
    this.#waiting = [...waiting.values()]
  }

  async #beginWaiting(): Promise<void> {
    while (this.#waiting.length > 0 && this.#open.size < MOST_OPEN) {
      const file = this.#waiting.shift()!
      try {
        await this.#begin(file.fingerprint!.hash, file)
      } catch (error) {
        this.#fail(file.path, error)
      }
    }
  }

  #fail(path: string, error: unknown): void {
    // One that was removed meanwhile was never there.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    const reason = typeof error === 'string' ? error : reasonOf(error)
    if (this.unreadable.get(path) === reason) return
    this.unreadable.set(path, reason)
    this.#options.log.warn('file cannot be read', { path, error: reason })
  }

  #report({ unmatched, unreadable }: Scan): void {
    this.unmatched = unmatched
    for (const { path, error } of unreadable) this.#fail(path, error)
  }

  async #begin(key: string, file: FoundFile): Promise<void> {
    const { positions, ignoreOlderMs } = this.#options
    const now = this.#now()
    const isNew = positions.get(key) === undefined
    const position = positions.open(key, file.fingerprint!.octets, file.path, now)
    if (isNew && ignoreOlderMs > 0 && now - file.modifiedMs > ignoreOlderMs) {
      // What is added later is read.
      if (file.packing === 'plain') position.offset = file.octets
      else position.isDone = true
    }
    if (position.path !== file.path) {
      position.path = file.path
      positions.touch(position, now)
    }
    this.#mark(position, file)
    let from = Math.max(position.offset, this.#readTo.get(key) ?? 0)
    this.passedOctets += position.isDone
      ? file.octets
      : file.packing === 'plain'
        ? Math.min(from, file.octets)
        : 0
    if (position.isDone) return
    const skipped = this.#excess(file, from)
    from += skipped
    if (file.packing === 'plain' ? file.octets <= from : this.#ends.get(key) === from) return
    const { inode, packing } = file
    const tailed = await openTailed(
      position,
      file.path,
      { inode, packing, framing: this.#framing(file) },
      from,
    )
    this.#open.set(key, { file: tailed, idleSinceMs: 0 })
    this.begun++
    if (skipped === 0) return
    tailed.passLine()
    this.skippedOctets += skipped
    this.#options.log.warn('too far behind: lines are skipped', { path: file.path, octets: skipped })
  }

  /** Keeps what the source begins with, as far as it is there by now. */
  #mark(position: Position, file: FoundFile): void {
    const marks = marksOf(file)
    if (marks.length <= position.marks.length) return
    position.marks = marks
    this.#options.positions.touch(position, this.#now())
  }

  /** Octets of a file that are too far behind its end, if it was read up to `from`; only among lines one finds one's way. */
  #excess(file: FoundFile, from: number): number {
    const { maxLagOctets = 0 } = this.#options
    if (maxLagOctets === 0 || file.packing !== 'plain' || this.#framing(file) !== LINES) return 0
    return Math.max(0, file.octets - from - maxLagOctets)
  }

  #framing(file: FoundFile): Framing {
    return this.#options.framingOf?.(file) ?? LINES
  }

  async #read(key: string, open: Open): Promise<Piece | null> {
    const { file } = open
    let piece: Piece | null
    const cut = file.cutLines
    try {
      piece = await file.read(!this.#options.isFollowing)
    } catch (error) {
      this.#fail(file.path, error)
      await this.#close(key, file)
      return null
    }
    this.cutLines += file.cutLines - cut
    if (piece !== null) {
      open.idleSinceMs = 0
      this.#readTo.set(key, file.offset)
      return piece
    }
    const isEnded = file.packing !== 'plain' || !this.#options.isFollowing
    if (file.isReplaced) await this.#close(key, file)
    else if (isEnded) await this.#finish(key, file)
    else await this.#closeSilent(key, open)
    return null
  }

  /** A file was read to its end, and will not grow. */
  async #finish(key: string, file: TailedFile): Promise<void> {
    if (file.damage !== null) this.#fail(file.path, `damaged: ${file.damage}; what was whole is read`)
    if (file.packing !== 'plain') {
      this.#ends.set(key, file.offset)
      this.#endSource(file.position)
    }
    await this.#close(key, file)
  }

  /** A compressed source that was acknowledged to its end is never opened again. */
  #endSource(position: Position): void {
    if (this.#ends.get(position.key) !== position.offset) return
    position.isDone = true
    this.#options.positions.touch(position, this.#now())
  }

  async #closeSilent(key: string, open: Open): Promise<void> {
    const now = this.#now()
    open.idleSinceMs ||= now
    const limit = this.#waiting.length > 0 ? WANTED_MS : this.#paths.has(key) ? SILENT_MS : GONE_MS
    if (now - open.idleSinceMs >= limit) await this.#close(key, open.file)
  }

  async #close(key: string, file: TailedFile): Promise<void> {
    this.#open.delete(key)
    this.#readTo.set(key, file.offset)
    this.#closedOctets += file.fileOctets
    await file.close()
  }
}
