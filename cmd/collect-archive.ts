import { type ArchiveLimits, ArchiveWriter } from '../lib/archive/archive-writer.ts'
import { fillBatch } from '../lib/archive/batch-filler.ts'
import { isInNetwork, type Network } from '../lib/bytes/address.ts'
import type { Log } from '../lib/diagnostics/log.ts'
import { type MetricFamily, mergeFamilies } from '../lib/diagnostics/metrics.ts'
import { BATCH_ROWS, FlowBatch, type RecordKind } from '../lib/flow/batch.ts'
import { F } from '../lib/flow/fields.ts'

/** Where `weir collect` archives. */
export interface ArchiveOptions {
  readonly directory: string
  /** Name of the files; with several workers each appends its number. */
  readonly stream: string
  /** Exporters whose records go to files of another name; the first network that holds the address wins. */
  readonly groups: readonly { readonly name: string; readonly network: Network }[]
  readonly limits: Partial<ArchiveLimits>
  /** How the collector prints its lines (lib/archive/FORMAT.md 3), for those who print the archive; empty: plainly. */
  readonly lineShape?: string
  /** While the folder holds more than this, rows are dropped and counted; without it nothing is measured. */
  readonly mostOctets?: number
}

/** What an archive keeps of how a collector prints: `mapping` is the text of its mapping file. */
export function collectedShape(mapping: string | null, compat: string): string {
  if (mapping === null && compat !== '2.1') return ''
  return JSON.stringify({ format: 'json', compat, ...(mapping === null ? {} : { mapping }), keys: [] })
}

/** Takes batches for an archive, in this thread or in another. */
export interface ArchiveTarget {
  /** Takes all rows of a batch, and does not keep it. */
  append(batch: FlowBatch): void
  /** How lines are printed from now on, as `collectedShape` says it. */
  setLineShape(shape: string): void
  /** Syncs and rotates where the time has come; to be called ten times a second. */
  poll(): void
  /** Finishes the files. */
  close(): void
  /** Whether rows were lost because there was no room. */
  readonly hasLost: boolean
  metrics(): MetricFamily[]
}

/** The name of worker `number` of `workers` in file names. */
export function workerStream(stream: string, number: number, workers: number): string {
  return workers > 1 ? `${stream}-${number}` : stream
}

/** The archive's writers of one thread: one per group of exporters, and one for all others. */
export class CollectArchive implements ArchiveTarget {
  readonly #groups: ArchiveOptions['groups']
  /** One per group, in their order; the last is for all others. */
  readonly #writers: ArchiveWriter[] = []
  /** By writer and kind: rows that were picked out of mixed batches. */
  readonly #picked: Map<RecordKind, FlowBatch>[] = []
  readonly #last = { words: new Uint32Array(4), writer: -1 }

  /** `suffix` makes the names of one worker its own. Throws ARCHIVE_LOCKED and FILE_UNWRITABLE. */
  constructor(options: ArchiveOptions, suffix: (stream: string) => string, log: Log) {
    const { directory, stream, groups, limits } = options
    this.#groups = groups
    try {
      const byName = new Map<string, ArchiveWriter>()
      for (const name of [...groups.map((group) => group.name), stream]) {
        const known = byName.get(name)
        const writer = known ?? new ArchiveWriter({ directory, stream: suffix(name), limits, log })
        writer.lineShape = options.lineShape ?? ''
        byName.set(name, writer)
        this.#writers.push(writer)
        this.#picked.push(new Map())
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  get hasLost(): boolean {
    return this.#writers.some(({ droppedRows }) => droppedRows > 0)
  }

  append(batch: FlowBatch): void {
    if (this.#groups.length === 0) this.#writers[0]!.append(batch)
    else this.#deal(batch)
  }

  setLineShape(shape: string): void {
    this.#passPicked()
    for (const writer of this.#writers) writer.lineShape = shape
  }

  poll(): void {
    this.#passPicked()
    for (const writer of new Set(this.#writers)) writer.tick()
  }

  close(): void {
    this.#passPicked()
    for (const writer of new Set(this.#writers)) writer.close()
  }

  metrics(): MetricFamily[] {
    return mergeFamilies([...new Set(this.#writers)].map((writer) => writer.metrics()))
  }

  /** Gives each run of rows of one group to its writer. */
  #deal(batch: FlowBatch): void {
    const column = batch.find(F.exporterAddress)
    const words = column?.shape === 'fixed' ? column.words : null
    let from = 0
    let writer = words === null ? this.#groups.length : this.#writerOf(words, 0)
    for (let row = 1; row <= batch.rowCount; row++) {
      const next = row === batch.rowCount ? -1 : words === null ? writer : this.#writerOf(words, row * 4)
      if (next === writer) continue
      if (from === 0 && row === batch.rowCount) this.#writers[writer]!.append(batch)
      else this.#pick(batch, from, row, writer)
      from = row
      writer = next
    }
  }

  #writerOf(words: Uint32Array, at: number): number {
    const last = this.#last
    const known = last.words
    const isSame =
      words[at + 3] === known[3] &&
      words[at + 2] === known[2] &&
      words[at + 1] === known[1] &&
      words[at] === known[0]
    if (isSame && last.writer >= 0) return last.writer
    for (let i = 0; i < 4; i++) known[i] = words[at + i]!
    let group = 0
    while (group < this.#groups.length && !isInNetwork(words, at, this.#groups[group]!.network)) group++
    last.writer = group
    return group
  }

  #pick(batch: FlowBatch, from: number, to: number, writer: number): void {
    const columns = batch.columns().map((column) => ({ column, codes: null }))
    const layouts = [undefined, ...batch.layouts]
    const picked = this.#picked[writer]!
    let target = picked.get(batch.kind)
    if (target === undefined) {
      target = new FlowBatch()
      target.kind = batch.kind
      picked.set(batch.kind, target)
    }
    for (let row = from; row < to; ) {
      row += fillBatch(columns, to, row, target, { layouts })
      if (target.rowCount === BATCH_ROWS) this.#passOne(target, writer)
    }
  }

  #passPicked(): void {
    for (const [writer, picked] of this.#picked.entries()) {
      for (const batch of picked.values()) if (batch.rowCount > 0) this.#passOne(batch, writer)
    }
  }

  #passOne(batch: FlowBatch, writer: number): void {
    this.#writers[writer]!.append(batch)
    batch.trim()
  }
}
