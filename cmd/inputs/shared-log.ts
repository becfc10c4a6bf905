import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import { F, type Field } from '../../lib/flow/fields.ts'
import { BlockGathering } from '../../lib/flow/gathered-block.ts'
import type { FlowBlock, FlowStream, Problem } from '../../lib/flow/source.ts'
import { newLineReader } from '../../lib/goflow2/reading/line-reader.ts'
import type { LentBatch, LogPart, LogThreads } from './log-threads.ts'

/** What a thread reads at a time: fewer than 2^20 lines. */
const PIECE_OCTETS = 1 << 23
/** A log of fewer pieces is read before threads have begun. */
const LEAST_PIECES = 2
/** The first object must end within so many octets. */
const HEAD_OCTETS = 1 << 16
/** Pieces under way, for each thread. */
const AHEAD = 3
/** Batches of a block, where they are small. */
const MOST_BATCHES = 64
const LINE_FEED = 0x0a

/** Columns of which lines tell more or less by the lines that are read together with them. */
const OF_NEIGHBOURS: readonly Field[] = [F.dot1qTci, F.layout]

/**
 * A log that lies in a file, read by several threads at once: its blocks come in the order of its lines. Where all columns
 * are wanted, or one that depends on neighbouring lines, it is read from front to back as ever.
 */
export class SharedLog implements FlowStream {
  readonly path: string
  readonly #problems: Problem[] = []
  #rejected = 0
  readonly #front: FlowStream
  #isShared: boolean | null = null
  readonly #threads: LogThreads
  readonly #log: number
  readonly #fd: number
  readonly #size: number
  readonly #firstKey: Uint8Array
  readonly #pieceOctets: number
  readonly #gathering = new BlockGathering()
  /** Parts whose rows have not all been taken, in the order of the file. */
  readonly #parts: LogPart[] = []
  #position = 0
  #lent: LentBatch[] = []
  #isClosed = false

  /** Null for a log that one thread reads as fast, or that does not begin as logs do. */
  static of(front: FlowStream, threads: LogThreads, pieceOctets = PIECE_OCTETS): SharedLog | null {
    const { path } = front
    let fd: number
    try {
      fd = openSync(path, 'r')
    } catch {
      // Who reads it from front to back has it open.
      return null
    }
    const stat = fstatSync(fd)
    const isLong = stat.isFile() && stat.size >= LEAST_PIECES * pieceOctets
    const firstKey = isLong ? firstKeyOf(fd, Math.min(HEAD_OCTETS, pieceOctets)) : null
    if (firstKey !== null)
      return new SharedLog(front, threads, { fd, size: stat.size, firstKey, pieceOctets })
    closeSync(fd)
    return null
  }

  private constructor(
    front: FlowStream,
    threads: LogThreads,
    {
      fd,
      size,
      firstKey,
      pieceOctets,
    }: { fd: number; size: number; firstKey: Uint8Array; pieceOctets: number },
  ) {
    this.path = front.path
    this.#front = front
    this.#threads = threads
    this.#log = threads.newLog()
    this.#fd = fd
    threads.files.add(fd)
    this.#size = size
    this.#firstKey = firstKey
    this.#pieceOctets = pieceOctets
  }

  get problems(): Problem[] {
    return this.#isShared === false ? this.#front.problems : this.#problems
  }

  /** Pieces that were no flows. */
  get rejected(): number {
    return this.#isShared === false ? this.#front.rejected : this.#rejected
  }

  next(): Promise<FlowBlock | null> {
    if (this.#isShared === null) {
      const { only } = this.#threads
      this.#isShared = only !== null && !only.some((field) => OF_NEIGHBOURS.includes(field))
      if (!this.#isShared) this.#closeFile()
    }
    return this.#isShared ? this.#nextShared() : this.#front.next()
  }

  async #nextShared(): Promise<FlowBlock | null> {
    const gathering = this.#gathering
    const passed = this.#lent
    this.#lent = []
    this.#order()
    while (!gathering.isFull && this.#lent.length < MOST_BATCHES) {
      const part = this.#parts[0]
      if (part === undefined || this.#isClosed) break
      const lent = part.batches.shift()
      if (lent !== undefined) {
        lent.taken()
        this.#lent.push(lent)
        gathering.add(lent.batch)
      } else if (part.end !== null) {
        this.#end(part.end)
        this.#parts.shift()
        this.#order()
      } else {
        const news = new Promise<void>((resolve) => {
          this.#threads.onNews = resolve
        })
        if (this.#threads.error !== null) throw this.#threads.error
        await news
      }
    }
    const block = gathering.take()
    for (const lent of passed) lent.giveBack()
    if (block === null) this.close()
    return block
  }

  /** Ends reading; the threads are closed by who started them. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#front.close()
    if (this.#parts.length === 0) this.#closeFile()
    else void this.#threads.close()
  }

  #closeFile(): void {
    if (this.#threads.files.delete(this.#fd)) closeSync(this.#fd)
  }

  /** Has threads read on. */
  #order(): void {
    while (this.#position < this.#size && this.#parts.length < this.#threads.count * AHEAD) {
      const from = this.#position
      this.#position = Math.min(this.#size, from + this.#pieceOctets)
      const firstKey = from === 0 ? null : this.#firstKey
      this.#parts.push(
        this.#threads.read({ log: this.#log, fd: this.#fd, from, to: this.#position, firstKey }),
      )
    }
  }

  #end({ rejected, damage }: NonNullable<LogPart['end']>): void {
    this.#rejected += rejected
    if (damage !== null) this.#problems.push(damage)
  }
}

/** The key that the first object of the log begins with; null where it does not come soon. */
function firstKeyOf(fd: number, octetsRead: number): Uint8Array | null {
  const octets = new Uint8Array(octetsRead)
  let count = 0
  try {
    count = readSync(fd, octets, 0, octets.length, 0)
  } catch {
    return null
  }
  const writer = new BatchWriter('flow', (batch) => {
    batch.reset()
    return batch
  })
  const reader = newLineReader({ writer })
  reader.push(octets, 0, octets.subarray(0, count).lastIndexOf(LINE_FEED) + 1)
  return reader.firstKey
}
