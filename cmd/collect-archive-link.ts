import { setTimeout as sleep } from 'node:timers/promises'
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { Log, LogAttributes, LogLevel } from '../lib/diagnostics/log.ts'
import type { MetricFamily } from '../lib/diagnostics/metrics.ts'
import type { FlowBatch } from '../lib/flow/batch.ts'
import { ParcelPacker } from '../lib/pipeline/batch-parcel.ts'
import type { ArchiveOptions, ArchiveTarget } from './collect-archive.ts'
import { errorOf, type LaneFailure } from './collect-failure.ts'
import { startWorker } from './runtime.ts'

/** What the thread that writes an archive is given. */
export interface ArchiveThreadStart {
  readonly archive: ArchiveOptions
  /** Appended to the names of streams. */
  readonly suffix: string
  readonly memory: SharedArrayBuffer
  readonly port: MessagePort
  readonly logLevel: LogLevel
  readonly errorCount: number
  readonly errorIntervalMs: number
}

/** What it says. */
export type ArchiveNews =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly failure: LaneFailure }
  | { readonly kind: 'buffer'; readonly buffer: ArrayBuffer }
  | { readonly kind: 'metrics'; readonly families: MetricFamily[] }
  | {
      readonly kind: 'log'
      readonly level: LogLevel
      readonly message: string
      readonly attributes: LogAttributes
    }

/** Places of the shared words: news counted, rows lost, all written and closed. */
export const PLACE = { news: 0, lost: 1, closed: 2 } as const

/** Octets on their way; beyond that the receiver waits, and the sockets are the queue. */
const MOST_OCTETS = 128 << 20
/** … to a spool: what is shipped has little memory. */
const MOST_SPOOL_OCTETS = 32 << 20
const WAIT_MS = 100
const START_MS = 30_000
/** How long a disk may hold the end before it is given up. */
const CLOSE_MS = 600_000

type StartState = 'starting' | 'ready' | LaneFailure

export type ArchiveThreadSettings = Omit<ArchiveThreadStart, 'memory' | 'port'>

/** An archive that another thread writes: batches are copied and handed over. */
export class ArchiveThread implements ArchiveTarget {
  readonly #port: MessagePort
  readonly #words: Int32Array
  readonly #log: Log
  readonly #packer = new ParcelPacker()
  readonly #mostOctets: number
  #onTheirWay = 0
  #seen = 0
  #families: MetricFamily[] = []
  #state: StartState = 'starting'

  private constructor(port: MessagePort, memory: SharedArrayBuffer, mostOctets: number, log: Log) {
    this.#port = port
    this.#mostOctets = mostOctets
    this.#words = new Int32Array(memory)
    this.#log = log
  }

  /** Starts the thread; resolves when the archive is open, rejects with ARCHIVE_LOCKED or FILE_UNWRITABLE. */
  static async start(settings: ArchiveThreadSettings, log: Log): Promise<ArchiveThread> {
    const memory = new SharedArrayBuffer(Object.keys(PLACE).length * 4)
    const { port1, port2 } = new MessageChannel()
    const isSpool = settings.archive.mostOctets !== undefined
    const thread = new ArchiveThread(port1, memory, isSpool ? MOST_SPOOL_OCTETS : MOST_OCTETS, log)
    const worker = startWorker('collect-archive-worker', { ...settings, memory, port: port2 }, [port2])
    worker.once('error', (error) => {
      thread.#state = { code: null, message: String(error) }
    })
    for (let ms = 0; thread.#state === 'starting' && ms < START_MS; ms += 5) {
      await sleep(5)
      thread.#readNews()
    }
    const state = thread.#state as StartState
    if (state === 'ready') return thread
    throw errorOf(state === 'starting' ? { code: null, message: 'the archive thread does not start' } : state)
  }

  get hasLost(): boolean {
    return Atomics.load(this.#words, PLACE.lost) === 1
  }

  append(batch: FlowBatch): void {
    this.#readNews()
    while (this.#onTheirWay > this.#mostOctets) this.#wait()
    const parcel = this.#packer.pack(batch)
    this.#onTheirWay += parcel.buffer.byteLength
    this.#port.postMessage(parcel, [parcel.buffer])
  }

  setLineShape(shape: string): void {
    this.#port.postMessage(shape)
  }

  poll(): void {
    this.#readNews()
  }

  close(): void {
    this.#port.postMessage(null)
    for (let ms = 0; ms < CLOSE_MS; ms += WAIT_MS) {
      if (Atomics.load(this.#words, PLACE.closed) === 1) break
      Atomics.wait(this.#words, PLACE.closed, 0, WAIT_MS)
    }
    this.#readNews()
    this.#port.close()
  }

  metrics(): MetricFamily[] {
    this.#readNews()
    return this.#families
  }

  #wait(): void {
    Atomics.wait(this.#words, PLACE.news, this.#seen, WAIT_MS)
    this.#readNews()
  }

  /** Takes what the thread said since the last call; costs next to nothing when that is nothing. */
  #readNews(): void {
    const news = Atomics.load(this.#words, PLACE.news)
    if (news === this.#seen) return
    this.#seen = news
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; ) {
      this.#take(next.message as ArchiveNews)
      next = receiveMessageOnPort(this.#port)
    }
  }

  #take(news: ArchiveNews): void {
    switch (news.kind) {
      case 'buffer':
        this.#onTheirWay -= news.buffer.byteLength
        this.#packer.giveBack(news.buffer)
        break
      case 'metrics':
        this.#families = news.families
        break
      case 'log':
        this.#log[news.level](news.message, news.attributes)
        break
      case 'ready':
        this.#state = 'ready'
        break
      case 'failed':
        this.#state = news.failure
        break
    }
  }
}
