import { setImmediate } from 'node:timers/promises'
import type { ArchiveWriter } from '../lib/archive/archive-writer.ts'
import { passBlock } from '../lib/archive/block-batches.ts'
import type { RecordWriters } from '../lib/decode/settings.ts'
import type { FlowBatch } from '../lib/flow/batch.ts'
import { BatchWriter } from '../lib/flow/batch-writer.ts'
import type { Problem } from '../lib/flow/source.ts'
import type { ArchiveInput, Input, StreamInput } from './inputs/open-input.ts'
import type { RecordInput } from './inputs/records.ts'
import { type Progress, tell } from './progress.ts'

/** Columns that a batch may carry on. */
const MOST_COLUMNS = 256

/** Thrown where the archive has no room and what cannot be written can be read again later. */
export class ArchiveFull extends Error {}

/** Puts inputs into an archive, one after the other. */
export class ArchiveWriteJob {
  readonly #archive: ArchiveWriter
  readonly #progress: Progress
  readonly #isTold: boolean
  readonly #totalOctets: number
  #writers: Required<RecordWriters>
  #input: Input | null = null
  #isLive = false
  #isStopped = false
  #toldRows = 0
  /** Octets of inputs that were read to their end. */
  #pastOctets = 0

  /** `isTold`: acknowledged rows are told on stderr. */
  constructor(archive: ArchiveWriter, progress: Progress, isTold: boolean, totalOctets: number) {
    this.#archive = archive
    this.#progress = progress
    this.#isTold = isTold
    this.#totalOctets = totalOctets
    this.#writers = this.#newWriters()
  }

  /** Octets read so far. */
  get octets(): number {
    return this.#pastOctets + this.#octetsOf(this.#input)
  }

  /** Flows and other records given to the archive so far. */
  readonly counts = { flows: 0, others: 0 }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /**
   * Reads an input to its end and closes it; returns what could not be read. `isLive`: rows are dropped while there is no
   * room; otherwise that throws ArchiveFull. `fileOctets`: what an archive file counts in `octets` when it was read.
   */
  async take(input: Input, isLive: boolean, fileOctets = 0): Promise<readonly Problem[]> {
    this.#input = input
    this.#isLive = isLive
    this.#blockOctets = 0
    try {
      if (input.kind === 'records') return await this.#takeRecords(input)
      return input.kind === 'archive' ? await this.#takeArchive(input) : await this.#takeStream(input)
    } finally {
      const isWholeFile = input.kind === 'archive' && !this.#isStopped
      this.#pastOctets += isWholeFile ? fileOctets : this.#octetsOf(input)
      this.#input = null
      input.close()
    }
  }

  /** Writes what waits, syncs where the time has come, and says so; to be called a few times a second. */
  tick(): void {
    this.#flush()
    this.#archive.tick()
    this.#tell()
  }

  /** Ends the input that is being read, as if it ended here. */
  stop(): void {
    this.#isStopped = true
    this.#input?.close()
  }

  /** Finishes the archive's file. */
  finish(): void {
    this.#flush()
    this.#archive.close()
    this.#tell()
  }

  async #takeRecords(input: RecordInput): Promise<readonly Problem[]> {
    this.#writers = this.#newWriters()
    await input.run(this.#writers, () => this.#show())
    this.#flush()
    return input.problems
  }

  #newWriters(): Required<RecordWriters> {
    const writer = (kind: 'flow' | 'options' | 'counters' | 'discard') =>
      new BatchWriter(kind, (full) => this.#pass(full))
    return {
      flow: writer('flow'),
      options: writer('options'),
      counters: writer('counters'),
      discard: writer('discard'),
    }
  }

  async #takeStream({ stream }: StreamInput): Promise<readonly Problem[]> {
    for (let block = await stream.next(); block !== null; block = await stream.next()) {
      this.#archive.lineShape = stream.lineShape
      passBlock(block, stream.schema, stream.problems, (batch) => this.#append(batch))
      this.#show()
      // Timers and signals want their turn, even where the whole stream is there already.
      await setImmediate()
      if (this.#isStopped) break
    }
    return stream.problems
  }

  async #takeArchive({ file }: ArchiveInput): Promise<readonly Problem[]> {
    for (let index = 0; index < file.blocks.length && !this.#isStopped; index++) {
      const block = file.block(index)
      if (block === null) continue
      this.#archive.lineShape = file.lineShape(index)
      passBlock(block, file.schema, file.problems, (batch) => this.#append(batch))
      this.#blockOctets += block.info.headOctets + block.info.bodyOctets
      this.#show()
      await setImmediate()
    }
    return file.problems
  }

  /** Octets of blocks read in the archive file that is being read. */
  #blockOctets = 0

  #octetsOf(input: Input | null): number {
    if (input === null) return 0
    return input.kind === 'archive' ? this.#blockOctets : input.octets
  }

  #pass(full: FlowBatch): FlowBatch {
    const input = this.#input
    if (input?.kind === 'records') this.#archive.lineShape = input.lineShape()
    this.#append(full)
    if (full.columns().length > MOST_COLUMNS) full.trim()
    else full.reset()
    return full
  }

  #append(batch: FlowBatch): void {
    this.counts[batch.kind === 'flow' ? 'flows' : 'others'] += batch.rowCount
    this.#archive.append(batch)
    this.#tell()
    if (this.#archive.isStuck && !this.#isLive) throw new ArchiveFull()
  }

  #flush(): void {
    for (const writer of Object.values(this.#writers)) writer.flush()
  }

  #show(): void {
    this.#progress.update(this.#archive.appendedRows, this.octets, this.#totalOctets)
  }

  #tell(): void {
    const rows = this.#archive.acknowledgedRows
    if (!this.#isTold || rows === this.#toldRows) return
    this.#toldRows = rows
    tell(`acknowledged ${rows} rows\n`)
  }
}
