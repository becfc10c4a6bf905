import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { ArchiveReader } from '../lib/archive/archive-reader.ts'
import { liveFiles } from '../lib/archive/live-files.ts'
import { PART_EXTENSION, parseArchiveName } from '../lib/archive/naming.ts'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { SILENT } from '../lib/diagnostics/log.ts'
import { batchBlock } from '../lib/export/batch-block.ts'
import { rowsWithin } from '../lib/export/time-selection.ts'
import type { FlowBatch } from '../lib/flow/batch.ts'
import { BatchWriter } from '../lib/flow/batch-writer.ts'
import type { FlowBlock, Problem } from '../lib/flow/source.ts'
import { type ArchiveExportOptions, archiveExportOptions } from './archive-export-flags.ts'
import type { BlockOrigin } from './archive-export-lines.ts'
import { ExportOutput } from './archive-export-output.ts'
import { type ExportSink, newExportSink, unknownColumns } from './archive-export-sinks.ts'
import { newStderrLog } from './collect-log.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import type { GivenFlags } from './flags.ts'
import { findInputs } from './inputs/find-inputs.ts'
import { type Input, openInput } from './inputs/open-input.ts'
import { RecordStream } from './inputs/record-stream.ts'
import type { RecordInput } from './inputs/records.ts'
import { Progress, tell } from './progress.ts'
import type { RowFilter } from './row-filter.ts'
import { UsageError } from './usage-error.ts'

/** Problems of one input that are told one by one. */
const MOST_TOLD = 100

/** What `weir archive export` was asked to do, checked; throws UsageError. */
export function archiveExport(given: GivenFlags, operands: readonly string[]): () => Promise<ExitStatus> {
  const options = archiveExportOptions(given, Date.now())
  return () => new ArchiveExportRun(options, operands).run()
}

class ArchiveExportRun {
  readonly #options: ArchiveExportOptions
  readonly #words: readonly string[]
  readonly #progress: Progress
  #sink!: ExportSink
  #filter: RowFilter | null = null
  #inputs = 0
  #unreadable = 0
  #problems = 0
  #rows = 0
  #octets = 0

  constructor(options: ArchiveExportOptions, words: readonly string[]) {
    this.#options = options
    this.#words = words
    this.#progress = new Progress(options.progress)
  }

  async run(): Promise<ExitStatus> {
    if (this.#words.length === 0) {
      throw new UsageError('archive export: a folder or file is missing, want weir archive export DIR|FILE…')
    }
    const { filter, timeZone } = this.#options
    if (filter !== null) {
      const { newRowFilter } = await import('./row-filter.ts')
      this.#filter = await newRowFilter(filter, timeZone, Date.now())
    }
    const paths = this.#words.flatMap((word) => this.#find(word))
    await this.#learnColumns(paths)
    const output = new ExportOutput(this.#options.output)
    const stop = () => {
      output.abandon()
      process.exit(EXIT.failed)
    }
    process.once('SIGINT', stop).once('SIGTERM', stop)
    try {
      this.#sink = await newExportSink(this.#options, (octets, from, to) => output.write(octets, from, to))
      for (const path of paths) await this.#export(path)
      await this.#sink.close()
      if (this.#unreadable > 0 && this.#unreadable === this.#inputs) {
        output.abandon()
        return EXIT.failed
      }
      output.finish()
    } catch (error) {
      output.abandon()
      throw error
    } finally {
      this.#progress.end()
      process.off('SIGINT', stop).off('SIGTERM', stop)
    }
    return this.#unreadable + this.#problems > 0 ? EXIT.badInput : EXIT.done
  }

  /** The inputs that a word names; files of a folder only where they hold flows of the time range. */
  #find(word: string): string[] {
    try {
      const found = findInputs(word).map(({ path }) => path)
      if (word === '-' || !statSync(word).isDirectory()) return found
      return liveFiles([word], this.#options.range).map(({ path }) => path)
    } catch (error) {
      this.#skip(error)
      return []
    }
  }

  /** Archives bring columns that are known by no registry; they must be known before the first is printed. */
  async #learnColumns(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      if (unknownColumns(this.#options).length === 0) return
      if (path === '-') continue
      try {
        const input = await openInput(path, { log: SILENT })
        input.close()
      } catch {
        // It will be told when it is read.
      }
    }
  }

  async #export(path: string): Promise<void> {
    try {
      const log = newStderrLog({ logLevel: 'warn', logFormat: 'text', errorCount: 0, errorIntervalMs: 0 })
      const input = await openInput(path, { log, keepsWritten: this.#options.isAsWritten })
      this.#inputs++
      try {
        await this.#take(input)
      } finally {
        input.close()
      }
    } catch (error) {
      this.#skip(error)
    }
  }

  async #take(input: Input): Promise<void> {
    if (input.kind === 'archive') return this.#archive(input.file)
    if (input.kind === 'records') return this.#records(input)
    const { stream } = input
    for (let block = await stream.next(); block !== null; block = await stream.next()) {
      await this.#block(block, stream, stream.problems)
    }
    this.#tell(input.path, stream.problems)
  }

  async #archive(file: ArchiveReader): Promise<void> {
    if (file.state === 'open' && !file.path.endsWith(PART_EXTENSION)) {
      file.readPastDamage()
      // A flow stream that was kept in a file has no footer.
      const isFinished = parseArchiveName(basename(file.path)) !== null
      if (isFinished && file.state === 'open' && file.problems.length === 0) {
        file.problems.push({ at: file.wholeOctets, what: 'the footer is missing or wrong' })
      }
    }
    for (let index = 0; index < file.blocks.length; index++) {
      if (!this.#isWanted(file.blocks[index]!.kind)) continue
      const block = file.block(index)
      if (block === null) continue
      const origin = { schema: file.schema, lineShape: file.lineShape(index) }
      await this.#block(block, origin, file.problems)
      this.#octets += block.info.headOctets + block.info.bodyOctets
      this.#progress.update(this.#rows, this.#octets, 0)
      // Signals want their turn.
      await setImmediate()
    }
    this.#tell(file.path, file.problems)
  }

  async #block(block: FlowBlock, origin: BlockOrigin, problems: Problem[]): Promise<void> {
    if (!this.#isWanted(block.info.kind)) return
    let rows = rowsWithin(block, this.#options.range, problems)
    if (this.#filter !== null && rows?.length !== 0) rows = this.#filter.rows(block, rows, problems)
    if (rows !== null && rows.length === 0) return
    this.#rows += rows === null ? block.info.rows : rows.length
    await this.#sink.block(block, origin, rows, problems)
  }

  /** A log or capture: its batches are seen as blocks. */
  async #records(input: RecordInput): Promise<void> {
    // Filters look at addresses by their codes, which blocks have and batches have not.
    if (this.#filter !== null) return this.#recordBlocks(input)
    const problems: Problem[] = []
    const waiting: Promise<void>[] = []
    const writerOf = (kind: FlowBatch['kind']) =>
      new BatchWriter(kind, (full) => {
        const layouts = [undefined, ...full.layouts]
        const origin = { schema: { layouts }, lineShape: input.lineShape() }
        if (this.#isWanted(kind)) waiting.push(this.#block(batchBlock(full), origin, problems))
        full.reset()
        return full
      })
    const [flow, options, counters, discard] = (['flow', 'options', 'counters', 'discard'] as const).map(
      writerOf,
    )
    const writers = { flow: flow!, options: options!, counters: counters!, discard: discard! }
    await input.run(writers, async () => {
      await Promise.all(waiting)
      waiting.length = 0
    })
    for (const writer of Object.values(writers)) writer.flush()
    await Promise.all(waiting)
    this.#tellOf(input, problems)
  }

  async #recordBlocks(input: RecordInput): Promise<void> {
    const stream = new RecordStream(input)
    const problems: Problem[] = []
    for (let block = await stream.next(); block !== null; block = await stream.next()) {
      await this.#block(block, { schema: null, lineShape: input.lineShape() }, problems)
    }
    this.#tellOf(input, problems)
  }

  #tellOf(input: RecordInput, problems: readonly Problem[]): void {
    this.#tell(input.path, [...input.problems, ...problems])
    if (input.rejected === 0) return
    this.#problems++
    tell(`weir: ${input.path}: ${input.rejected} pieces are no flows\n`)
  }

  #isWanted(kind: string | null): boolean {
    return kind !== null && this.#options.kinds.has(kind)
  }

  #tell(path: string, problems: readonly Problem[]): void {
    this.#problems += problems.length
    for (const { at, what } of problems.slice(0, MOST_TOLD))
      tell(`weir: damaged: ${path}: ${what}, at ${at}\n`)
    const more = problems.length - MOST_TOLD
    if (more > 0) tell(`weir: damaged: ${path}: ${more} more places\n`)
  }

  /** What one input cannot give must not keep the others out. */
  #skip(error: unknown): void {
    const isOfInput =
      error instanceof FlowError &&
      ['FILE_UNREADABLE', 'CAPTURE_CORRUPT', 'ARCHIVE_CORRUPT', 'ARCHIVE_VERSION'].includes(error.code)
    if (!isOfInput) throw error
    this.#inputs++
    this.#unreadable++
    tell(`weir: ${error.message}\n`)
  }
}
