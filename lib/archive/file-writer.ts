import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { FlowError } from '../diagnostics/flow-error.ts'
import type { Log } from '../diagnostics/log.ts'
import type { FlowBatch, RecordKind } from '../flow/batch.ts'
import { AddressDictionary } from './address-dictionary.ts'
import type { ArchiveCalls } from './archive-calls.ts'
import { BlockGatherer } from './block-gatherer.ts'
import { encodeBlock } from './block-writer.ts'
import { encodeAddressDirectory, encodeDictionary } from './dictionary-frame.ts'
import { MOST_CODES, RECORD_KINDS } from './encoding.ts'
import { ExporterTally } from './exporter-index.ts'
import type { FilePart } from './file-parts.ts'
import { type BlockInfo, blockInfo, encodeFooter, type FrameInfo } from './footer.ts'
import { encodeFrame, encodeTail, FLAG_SKIPPABLE, type FrameType } from './frame.ts'
import { type FileIdentity, type RollupFacts, SchemaWriter } from './schema.ts'

/** Why a new file should be begun. */
export type FullReason = 'addresses' | 'columns' | 'layouts'

export interface FileWriterOptions {
  /** The finished file's name; while it is written `.part` is appended. */
  readonly path: string
  readonly stream: string
  readonly createdNs: bigint
  /** What its rows are, if it is a rollup. */
  readonly rollup?: RollupFacts
  /** Rows of a block. */
  readonly blockRows: number
  /** Distinct addresses after which the file calls itself full; each takes some 60 octets of memory. */
  readonly mostAddresses: number
  readonly calls: ArchiveCalls
  readonly log: Log
}

const WRITER = 'weir'
const MOST_COLUMNS = 16_384
const MOST_LAYOUTS = 65_000

interface PendingFrame {
  readonly octets: Buffer
  readonly rows: number
}

/**
 * Writes one archive file: batches in, whole frames out. Where the disk is full, what was acknowledged stays, one
 * block waits in memory while the next is gathered, and rows beyond that are dropped and counted until there is room.
 */
export class FileWriter {
  readonly path: string
  /** Files that this one takes the place of once it is finished. */
  replaces: readonly FileIdentity[] = []
  /** Where its rows were first written. */
  parts: readonly FilePart[] = []
  /** What its rows are, if it is a rollup; may change until the file is closed. */
  rollup: RollupFacts | null
  /** Rows taken, on disk as whole blocks, on disk for certain, and given up for want of room. */
  appendedRows = 0
  writtenRows = 0
  acknowledgedRows = 0
  droppedRows = 0
  /** The error that keeps frames waiting, or null. */
  trouble: NodeJS.ErrnoException | null = null
  readonly #options: FileWriterOptions
  readonly #calls: ArchiveCalls
  readonly #fd: number
  readonly #fileId: number
  readonly #schema = new SchemaWriter()
  readonly #addresses = new AddressDictionary()
  readonly #gatherers: Record<RecordKind, BlockGatherer>
  readonly #exporters = new ExporterTally()
  readonly #blocks: BlockInfo[] = []
  readonly #frames: FrameInfo[] = []
  #frameNumber = 0
  #storedCodes = 1
  /** Octets on disk that are whole frames, and with those that wait. */
  #end = 0
  #encodedEnd = 0
  #pending: PendingFrame[] = []
  #isClosed = false
  #needsSync = false

  /** Makes the file; throws FILE_UNWRITABLE. */
  constructor(options: FileWriterOptions) {
    this.#options = options
    this.#calls = options.calls
    this.path = options.path
    const gatherer = (kind: RecordKind) => new BlockGatherer(kind, this.#schema, this.#addresses)
    this.#gatherers = {
      flow: gatherer('flow'),
      options: gatherer('options'),
      counters: gatherer('counters'),
      discard: gatherer('discard'),
      rollup: gatherer('rollup'),
    }
    this.#fileId = randomBytes(4).readUInt32LE(0)
    try {
      this.#fd = this.#calls.create(`${options.path}.part`)
    } catch (error) {
      throw unwritable(`${options.path}.part`, error)
    }
    const { stream, createdNs, rollup = null } = options
    this.rollup = rollup
    const identity = { fileId: this.#fileId, createdNs }
    const head = this.#schema.firstHead({ ...identity, writer: WRITER, stream, rollup })
    this.#encode('S', head, [], 0)
    this.#writePending()
  }

  /** What tells the file from all others. */
  get identity(): FileIdentity {
    return { fileId: this.#fileId, createdNs: this.#options.createdNs }
  }

  /** Octets of the file so far, without rows that are still gathered. */
  get octets(): number {
    return this.#encodedEnd
  }

  /** Rows that are gathered and not yet in a block. */
  get openRows(): number {
    let rows = 0
    for (const kind of RECORD_KINDS) rows += this.#gatherers[kind].rows
    return rows
  }

  /** Why the caller should close this file and begin another, or null. */
  get fullReason(): FullReason | null {
    if (this.#addresses.size > Math.min(this.#options.mostAddresses, MOST_CODES >> 1)) return 'addresses'
    if (this.#schema.columnCount > MOST_COLUMNS) return 'columns'
    return this.#schema.layoutCount > MOST_LAYOUTS ? 'layouts' : null
  }

  /** Says how the lines look from which rows come from now on (FORMAT.md 3). */
  set lineShape(text: string) {
    if (text === this.#schema.lineShape) return
    const { flow } = this.#gatherers
    if (flow.rows > 0) this.#closeBlock(flow)
    this.#schema.lineShape = text
  }

  /** Takes all rows of `batch`; returns how many it had to drop. */
  append(batch: FlowBatch): number {
    const { rowCount } = batch
    if (rowCount === 0) return 0
    const gatherer = this.#gatherers[batch.kind]
    const isFull = gatherer.rows >= this.#options.blockRows || gatherer.isHeavy
    if (isFull && !this.#closeBlock(gatherer)) {
      this.droppedRows += rowCount
      return rowCount
    }
    gatherer.append(batch)
    this.appendedRows += rowCount
    if (gatherer.rows >= this.#options.blockRows || gatherer.isHeavy) this.#closeBlock(gatherer)
    return 0
  }

  /** Closes open blocks and waits until the disk has them; false while that fails for want of room. */
  sync(): boolean {
    for (const kind of RECORD_KINDS) {
      const gatherer = this.#gatherers[kind]
      if (gatherer.rows > 0) this.#closeBlock(gatherer)
    }
    if (!this.#writePending() || this.openRows > 0) return false
    if (this.#needsSync) {
      this.#must(() => this.#calls.syncData(this.#fd))
      this.#needsSync = false
    }
    this.acknowledgedRows = this.writtenRows
    return true
  }

  /**
   * Finishes the file: footer, sync, final name, sync of the directory. False where there is no room for what waits:
   * the file stays `.part`, whole up to the last block, and rows that waited are counted as dropped.
   */
  close(): boolean {
    if (this.#isClosed) return true
    const isWhole = this.sync()
    if (isWhole) {
      const { replaces, parts, rollup } = this
      if (replaces.length > 0 || rollup !== null) {
        this.#encode('S', this.#schema.lastHead(replaces, parts, rollup), [], 0)
      }
      const exporters = this.#exporters.encode()
      if (exporters !== null) this.#encode('I', exporters.head, exporters.body, 0, FLAG_SKIPPABLE)
      const directory = encodeAddressDirectory(this.#addresses)
      this.#encode('I', directory.head, directory.body, 0, FLAG_SKIPPABLE)
      const at = this.#encodedEnd
      const footer = encodeFooter({
        blocks: this.#blocks,
        frames: this.#frames,
        codes: this.#addresses.size,
      })
      this.#encode('F', footer.head, [footer.body], 0)
      const tail = encodeTail(at, this.#encodedEnd - at)
      this.#pending.push({ octets: tail, rows: 0 })
      this.#encodedEnd += tail.length
    }
    const isFinished = isWhole && this.#writePending()
    this.#isClosed = true
    if (!isFinished) this.droppedRows += this.appendedRows - this.writtenRows
    this.#must(() => {
      this.#calls.sync(this.#fd)
      this.#calls.close(this.#fd)
      if (!isFinished) return
      this.#calls.rename(`${this.path}.part`, this.path)
      this.#calls.syncDirectory(dirname(this.path))
    })
    this.acknowledgedRows = this.writtenRows
    return isFinished
  }

  /** Gives the file up, which the caller removes. */
  abandon(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#must(() => this.#calls.close(this.#fd))
  }

  /** Turns gathered rows into frames; false while an earlier block still waits for room. */
  #closeBlock(gatherer: BlockGatherer): boolean {
    if (!this.#writePending()) return false
    const { rows, columns, kind } = gatherer
    const kindNumber = RECORD_KINDS.indexOf(kind)
    const block = encodeBlock(kindNumber, columns, rows, this.#addresses, this.#storedCodes)
    const schemaHead = this.#schema.nextHead()
    if (schemaHead !== null) this.#encode('S', schemaHead, [], 0)
    if (this.#addresses.size > this.#storedCodes) {
      const dictionary = encodeDictionary(this.#addresses, this.#storedCodes)
      this.#storedCodes = this.#addresses.size
      this.#encode('D', dictionary.head, dictionary.body, 0)
    }
    this.#addresses.markUsed(block.usedCodes, this.#blocks.length)
    if (kind === 'flow') this.#exporters.add(columns, rows)
    this.#encode('B', block.head, block.body, rows)
    gatherer.reset()
    this.#writePending()
    return true
  }

  #encode(type: FrameType, head: Uint8Array, body: readonly Uint8Array[], rows: number, flags = 0): void {
    const facts = { number: this.#frameNumber++, fileId: this.#fileId, flags }
    const octets = encodeFrame(type, facts, head, body)
    const at = this.#encodedEnd
    if (type === 'B') {
      const info = blockInfo(at, head.length, octets.readUInt32LE(12), Buffer.from(head))
      if (info !== null) this.#blocks.push(info)
    } else if (type !== 'F') {
      this.#frames.push({ at, type })
    }
    this.#pending.push({ octets, rows })
    this.#encodedEnd += octets.length
  }

  /** Writes what waits, one call per frame; where that fails the file is cut back to whole frames. */
  #writePending(): boolean {
    while (this.#pending.length > 0) {
      const { octets, rows } = this.#pending[0]!
      try {
        for (let from = 0; from < octets.length; ) {
          from += this.#calls.write(this.#fd, octets, from, octets.length - from, this.#end + from)
        }
      } catch (error) {
        this.#complain(error as NodeJS.ErrnoException)
        this.#must(() => this.#calls.truncate(this.#fd, this.#end))
        return false
      }
      this.#pending.shift()
      this.#end += octets.length
      this.writtenRows += rows
      this.#needsSync = true
    }
    if (this.trouble !== null) {
      this.#options.log.info('archive goes on', { path: this.path, droppedRows: this.droppedRows })
      this.trouble = null
    }
    return true
  }

  #complain(error: NodeJS.ErrnoException): void {
    if (this.trouble === null) {
      const code = error.code ?? String(error)
      this.#options.log.error('archive cannot be written: rows wait, then are dropped', {
        path: this.path,
        code,
      })
    }
    this.trouble = error
  }

  #must(action: () => void): void {
    try {
      action()
    } catch (error) {
      throw unwritable(this.path, error)
    }
  }
}

function unwritable(path: string, error: unknown): FlowError {
  const reason = error instanceof Error ? error.message : String(error)
  return new FlowError('FILE_UNWRITABLE', `cannot write archive: ${path}: ${reason}`, { cause: error })
}
