import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FlowError } from '../diagnostics/flow-error.ts'
import type { Log } from '../diagnostics/log.ts'
import type { MetricFamily } from '../diagnostics/metrics.ts'
import type { FlowBatch } from '../flow/batch.ts'
import { ARCHIVE_CALLS, type ArchiveCalls } from './archive-calls.ts'
import { FileWriter } from './file-writer.ts'
import { archivePath, isStreamName, PART_EXTENSION, parseArchiveName } from './naming.ts'
import { type RepairReport, repairArchive } from './repair.ts'
import { lockStream, type WriteLock } from './write-lock.ts'

export interface ArchiveLimits {
  /** Rows of a block. */
  readonly blockRows: number
  /** Distinct addresses of a file; each takes some 60 octets of memory. */
  readonly mostAddresses: number
  /** A file is closed at the next multiple of this in UTC, 0 for never. */
  readonly rotateEveryMs: number
  /** … and when it has grown beyond this, 0 for never. */
  readonly rotateOctets: number
  /** Rows are on disk for certain after at most this. */
  readonly syncEveryMs: number
}

export const DEFAULT_ARCHIVE_LIMITS: ArchiveLimits = {
  blockRows: 131_072,
  mostAddresses: 2_000_000,
  rotateEveryMs: 3_600_000,
  rotateOctets: 0,
  syncEveryMs: 10_000,
}

export interface ArchiveWriterOptions {
  readonly directory: string
  readonly stream: string
  readonly limits?: Partial<ArchiveLimits>
  readonly log: Log
  /** For tests. */
  readonly calls?: ArchiveCalls
  readonly nowMs?: () => number
}

/** Writes one stream of a directory of archive files, beginning new files as its limits ask. */
export class ArchiveWriter {
  /** What was done at the start with files that a crash left. */
  readonly repairs: RepairReport[] = []
  readonly #options: ArchiveWriterOptions
  readonly #limits: ArchiveLimits
  readonly #calls: ArchiveCalls
  readonly #now: () => number
  readonly #lock: WriteLock
  #file: FileWriter | null = null
  #fileStartMs = 0
  #syncedMs: number
  #lineShape = ''
  /** Of closed files. */
  #past = { appended: 0, acknowledged: 0, dropped: 0, files: 0, octets: 0 }
  #isStuck = false

  /** Takes the stream's lock and finishes what a crash left; throws ARCHIVE_LOCKED, FILE_UNWRITABLE. */
  constructor(options: ArchiveWriterOptions) {
    const { directory, stream } = options
    if (!isStreamName(stream))
      throw new FlowError(
        'FILE_UNWRITABLE',
        `cannot write archive: stream name ${stream}: want letters, digits, - _ .`,
      )
    this.#options = options
    this.#limits = { ...DEFAULT_ARCHIVE_LIMITS, ...options.limits }
    this.#calls = options.calls ?? ARCHIVE_CALLS
    this.#now = options.nowMs ?? Date.now
    this.#lock = lockStream(directory, stream)
    this.#syncedMs = this.#now()
    this.#finishLeftovers()
  }

  /** Rows that are on disk for certain. */
  get acknowledgedRows(): number {
    return this.#past.acknowledged + (this.#file?.acknowledgedRows ?? 0)
  }

  /** Rows taken. */
  get appendedRows(): number {
    return this.#past.appended + (this.#file?.appendedRows ?? 0)
  }

  /** Rows lost because the disk had no room. */
  get droppedRows(): number {
    return this.#past.dropped + (this.#file?.droppedRows ?? 0)
  }

  /** Octets of all files, without rows that still wait for their block. */
  get octets(): number {
    return this.#past.octets + (this.#file?.octets ?? 0)
  }

  /** Files finished. */
  get files(): number {
    return this.#past.files
  }

  /** Whether there is no room, so that rows wait and the next ones will be dropped. */
  get isStuck(): boolean {
    return this.#isStuck || (this.#file?.trouble ?? null) !== null
  }

  /** The file being written, or null before the first row. */
  get path(): string | null {
    return this.#file?.path ?? null
  }

  /** Says how the lines look from which rows come from now on (FORMAT.md 3); empty: they come from no lines. */
  set lineShape(text: string) {
    this.#lineShape = text
    if (this.#file !== null) this.#file.lineShape = text
  }

  /** Takes all rows of `batch`, whose buffers it does not keep; returns how many it had to drop. */
  append(batch: FlowBatch): number {
    const now = this.#now()
    this.tick(now)
    if (batch.rowCount === 0) return 0
    try {
      this.#file ??= this.#begin(now)
      this.#isStuck = false
    } catch (error) {
      this.#isStuck = true
      // No room even for a file's name: the same as no room for rows.
      this.#options.log.limited('archive-begin', 'archive file cannot be begun: rows are dropped', {
        error: error instanceof Error ? error.message : String(error),
      })
      this.#past.dropped += batch.rowCount
      return batch.rowCount
    }
    const dropped = this.#file.append(batch)
    const full = this.#file.fullReason
    const isLarge = this.#limits.rotateOctets > 0 && this.#file.octets >= this.#limits.rotateOctets
    if (full !== null)
      this.#options.log.info('archive file is full: beginning another', {
        path: this.#file.path,
        reason: full,
      })
    if (full !== null || isLarge) this.rotate()
    return dropped
  }

  /** Syncs and rotates where the time has come; to be called at least every second. */
  tick(nowMs = this.#now()): void {
    const { rotateEveryMs, syncEveryMs } = this.#limits
    if (this.#file !== null && rotateEveryMs > 0) {
      const period = (ms: number) => Math.floor(ms / rotateEveryMs)
      if (period(nowMs) !== period(this.#fileStartMs)) this.rotate()
    }
    // A clock that was set back must not stop the syncing.
    if (nowMs - this.#syncedMs >= syncEveryMs || nowMs < this.#syncedMs) this.sync(nowMs)
  }

  /** Closes open blocks and waits until the disk has them; false while there is no room. */
  sync(nowMs = this.#now()): boolean {
    this.#syncedMs = nowMs
    if (!this.#lock.touch(nowMs))
      this.#options.log.limited('archive-lock', 'archive lock was taken by another writer', {
        directory: this.#options.directory,
      })
    return this.#file === null || this.#file.sync()
  }

  /** Finishes the file being written; the next row begins another. */
  rotate(): void {
    const file = this.#file
    if (file === null) return
    if (!file.close())
      this.#options.log.error('archive file could not be finished: its whole blocks are kept', {
        path: `${file.path}.part`,
        droppedRows: file.droppedRows,
      })
    this.#file = null
    this.#past.appended += file.appendedRows
    this.#past.acknowledged += file.acknowledgedRows
    this.#past.dropped += file.droppedRows
    this.#past.octets += file.octets
    this.#past.files++
  }

  /** Finishes the file and gives the stream free. */
  close(): void {
    try {
      this.rotate()
    } finally {
      this.#lock.release()
    }
  }

  /** Counters for the metrics page. */
  metrics(): MetricFamily[] {
    const labels = { stream: this.#options.stream }
    const counter = (name: string, help: string, value: number): MetricFamily => ({
      name: `weir_archive_${name}_total`,
      help,
      type: 'counter',
      samples: [{ labels, value }],
    })
    return [
      counter('rows', 'Rows given to the archive.', this.appendedRows),
      counter('acknowledged_rows', 'Rows that are on disk for certain.', this.acknowledgedRows),
      counter('dropped_rows', 'Rows lost because the archive had no room.', this.droppedRows),
      counter('octets', 'Octets of archive files.', this.octets),
      counter('files', 'Archive files finished.', this.#past.files),
    ]
  }

  #begin(nowMs: number): FileWriter {
    const { directory, stream, log } = this.#options
    for (let n = 0; ; n++) {
      const path = archivePath(directory, stream, nowMs, n)
      if (this.#calls.exists(path) || this.#calls.exists(`${path}.part`)) continue
      this.#calls.makeDirectory(dirname(path))
      const { blockRows, mostAddresses } = this.#limits
      const createdNs = BigInt(nowMs) * 1_000_000n
      const file = new FileWriter({
        path,
        stream,
        createdNs,
        blockRows,
        mostAddresses,
        calls: this.#calls,
        log,
      })
      file.lineShape = this.#lineShape
      this.#fileStartMs = nowMs
      this.#syncedMs = nowMs
      return file
    }
  }

  /** We hold the lock: files of this stream that are still `.part` have no writer. */
  #finishLeftovers(): void {
    const { directory, stream, log } = this.#options
    for (const name of existsSync(directory) ? readdirSync(directory, { recursive: true }) : []) {
      const relative = String(name)
      // Hidden folders are others' work in progress.
      if (!relative.endsWith(PART_EXTENSION) || /(^|\/)\./.test(relative)) continue
      if (parseArchiveName(relative.slice(relative.lastIndexOf('/') + 1))?.stream !== stream) continue
      const path = join(directory, relative)
      try {
        const report = repairArchive(path)
        this.repairs.push(report)
        const { rows, lostOctets, outcome } = report
        log.warn('finished an archive file that was left open', {
          path: report.path,
          rows,
          lostOctets,
          outcome,
        })
      } catch (error) {
        log.error('archive file that was left open cannot be repaired', {
          path,
          error: error instanceof Error ? error.message : String(error),
        })
      }
    }
  }
}
