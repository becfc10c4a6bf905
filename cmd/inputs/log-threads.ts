import { closeSync } from 'node:fs'
import type { Worker } from 'node:worker_threads'
import type { FlowBatch } from '../../lib/flow/batch.ts'
import type { Field, Kind, Semantics } from '../../lib/flow/fields.ts'
import { type Parcel, ParcelUnpacker } from '../../lib/pipeline/batch-parcel.ts'
import { startWorker } from '../runtime.ts'

// Lines of a log can be read by several threads at once: each gets parts of the file, which begin and end at line feeds.

/** A field as it crosses threads. */
export type PlainField = readonly [
  name: string,
  kind: Kind,
  semantics: Semantics,
  enterprise: number,
  element: number,
]

/** What a thread is given at its start. */
export interface LogThreadStart {
  /** The columns that are wanted; null: all. */
  readonly only: readonly PlainField[] | null
}

/** The lines that begin in `[from, to)` of a file. */
export interface LogPiece {
  /** Which log it is, whatever numbers files have. */
  readonly log: number
  readonly fd: number
  readonly from: number
  readonly to: number
  /** The key that the log's first object began with; null where the piece begins with that one. */
  readonly firstKey: Uint8Array | null
}

export type LogThreadOrder =
  | { readonly kind: 'read'; readonly piece: LogPiece }
  /** A batch was taken over; and buffers of batches that nobody reads any more. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'free'; readonly buffer: ArrayBuffer }

export type LogThreadReport =
  | { readonly kind: 'rows'; readonly parcel: Parcel }
  /** A piece is read. `damage`: why it could not be read to its end, and where. */
  | {
      readonly kind: 'done'
      readonly rejected: number
      readonly damage: { readonly at: number; readonly what: string } | null
    }

/** A batch that lies in another thread's buffer. */
export interface LentBatch {
  readonly batch: FlowBatch
  /** Says that the batch was taken out of the part, and that its rows are no longer read. */
  taken(): void
  giveBack(): void
}

/** What a thread has read of a piece so far. */
export interface LogPart {
  readonly batches: LentBatch[]
  /** What it said at its end; null before. */
  end: (LogThreadReport & { kind: 'done' }) | null
}

/** Threads that read lines, started when the first piece is to be read. */
export class LogThreads {
  readonly count: number
  /** The columns that are wanted, null for all; to be set before the first piece is read. */
  only: readonly Field[] | null = null
  #threads: LogThread[] = []
  #next = 0
  #logs = 0
  /** Files that are to be read. */
  readonly files = new Set<number>()
  /** Called when there is something new in a part. */
  onNews: () => void = () => {}
  /** What a thread failed with. */
  error: unknown = null

  constructor(count: number) {
    this.count = count
  }

  /** A number for a log that is to be read. */
  newLog(): number {
    return this.#logs++
  }

  /** Has a piece read by the thread whose turn it is. */
  read(piece: LogPiece): LogPart {
    if (this.#threads.length === 0)
      this.#threads = Array.from({ length: this.count }, () => new LogThread(this))
    const thread = this.#threads[this.#next]!
    this.#next = (this.#next + 1) % this.#threads.length
    return thread.read(piece)
  }

  /** Ends the threads, whatever they are at, and closes the files that they read. */
  async close(): Promise<void> {
    const threads = this.#threads
    this.#threads = []
    await Promise.all(threads.map(({ worker }) => worker.terminate()))
    for (const fd of this.files) closeSync(fd)
    this.files.clear()
  }
}

class LogThread {
  readonly worker: Worker
  readonly #unpacker = new ParcelUnpacker()
  /** Parts under way, in the order of their pieces. */
  readonly #parts: LogPart[] = []

  constructor(threads: LogThreads) {
    const only = threads.only?.map(
      ({ name, kind, semantics, enterprise, element }): PlainField => [
        name,
        kind,
        semantics,
        enterprise,
        element,
      ],
    )
    this.worker = startWorker('log-worker', { only: only ?? null } satisfies LogThreadStart)
    this.worker.on('message', (report: LogThreadReport) => {
      const part = this.#parts[0]!
      if (report.kind === 'rows') part.batches.push(this.#lent(report.parcel))
      else {
        part.end = report
        this.#parts.shift()
      }
      threads.onNews()
    })
    this.worker.on('error', (error) => {
      threads.error ??= error
      threads.onNews()
    })
  }

  read(piece: LogPiece): LogPart {
    const part: LogPart = { batches: [], end: null }
    this.#parts.push(part)
    this.#order({ kind: 'read', piece })
    return part
  }

  #lent(parcel: Parcel): LentBatch {
    return {
      batch: this.#unpacker.unpack(parcel),
      taken: () => this.#order({ kind: 'taken' }),
      giveBack: () => this.#order({ kind: 'free', buffer: parcel.buffer }, [parcel.buffer]),
    }
  }

  #order(order: LogThreadOrder, transfer: readonly ArrayBuffer[] = []): void {
    this.worker.postMessage(order, [...transfer])
  }
}
