import type { Log } from '../diagnostics/log.ts'
import type { FlowBatch } from '../flow/batch.ts'
import type { FlowSink } from '../flow/stages.ts'
import type { ArchiveCalls } from './archive-calls.ts'
import { FileWriter } from './file-writer.ts'

export interface StreamOutOptions {
  /** Name of the stream, kept in it. */
  readonly stream: string
  /** Takes whole frames. */
  readonly write: (octets: Uint8Array, from: number, to: number) => void
  readonly log: Log
  /** Rows of a block, at most. */
  readonly blockRows?: number
  /** How long rows wait for their block, at most; `poll` sees to it. */
  readonly flushAfterMs?: number
  /** Addresses after which the stream begins anew: both ends keep them in memory. */
  readonly mostAddresses?: number
}

const BLOCK_ROWS = 32_768
const FLUSH_AFTER_MS = 1000
const MOST_ADDRESSES = 500_000
/** Blocks after which the stream begins anew, so that one who lost a dictionary can read on. */
const MOST_BLOCKS = 4096

/** Writes a flow stream (FORMAT.md 11): the frames of archive files without footers, for a pipe. */
export class StreamOut implements FlowSink {
  readonly #options: StreamOutOptions
  readonly #calls: ArchiveCalls
  #file: FileWriter | null = null
  #waitingSince = -1
  #lineShape = ''
  /** Frames written since the stream began, or began anew. */
  #frames = 0

  constructor(options: StreamOutOptions) {
    this.#options = options
    this.#calls = {
      create: () => -1,
      exists: () => false,
      makeDirectory() {},
      write: (_, octets, from, count) => {
        options.write(octets, from, from + count)
        this.#frames++
        return count
      },
      truncate() {},
      syncData() {},
      sync() {},
      close() {},
      rename() {},
      syncDirectory() {},
    }
  }

  /** Says how the lines look from which rows come from now on (FORMAT.md 3). */
  set lineShape(text: string) {
    this.#lineShape = text
    if (this.#file !== null) this.#file.lineShape = text
  }

  write(batch: FlowBatch): void {
    if (batch.rowCount === 0) return
    const file = this.#begun()
    file.append(batch)
    if (file.fullReason !== null || this.#frames > MOST_BLOCKS) {
      file.sync()
      this.#file = null
    }
  }

  /** Writes the block that waited long enough; to be called every tenth of a second, with a steady clock. */
  poll(nowMs: number): void {
    const isWaiting = this.#file !== null && this.#file.openRows > 0
    if (!isWaiting) this.#waitingSince = -1
    else if (this.#waitingSince < 0) this.#waitingSince = nowMs
    else if (nowMs - this.#waitingSince >= (this.#options.flushAfterMs ?? FLUSH_AFTER_MS)) this.flush()
  }

  /** Writes what waits; a stream without rows has its schema at least. */
  flush(): void {
    this.#begun().sync()
    this.#waitingSince = -1
  }

  close(): void {
    this.flush()
    this.#file = null
  }

  #begun(): FileWriter {
    if (this.#file !== null) return this.#file
    const { stream, log, blockRows = BLOCK_ROWS, mostAddresses = MOST_ADDRESSES } = this.#options
    this.#frames = 0
    this.#file = new FileWriter({
      path: stream,
      stream,
      createdNs: BigInt(Date.now()) * 1_000_000n,
      blockRows,
      mostAddresses,
      calls: this.#calls,
      log,
    })
    this.#file.lineShape = this.#lineShape
    return this.#file
  }
}
