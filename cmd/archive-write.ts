import { resolve } from 'node:path'
import { ArchiveWriter } from '../lib/archive/archive-writer.ts'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import type { LimitedLog } from '../lib/diagnostics/log-writer.ts'
import { Control } from '../lib/pipeline/control.ts'
import { type ArchiveWriteOptions, archiveWriteOptions } from './archive-write-flags.ts'
import { ArchiveFull, ArchiveWriteJob } from './archive-write-job.ts'
import { newStderrLog } from './collect-log.ts'
import { compileMapping, readMapping } from './collect-mapping.ts'
import { stopOnSignals } from './collect-signals.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import type { GivenFlags } from './flags.ts'
import { type FoundInput, findInputs } from './inputs/find-inputs.ts'
import { type InputSettings, openInput } from './inputs/open-input.ts'
import { Progress, tell } from './progress.ts'
import { RejectsFile } from './rejects-file.ts'
import { UsageError } from './usage-error.ts'

/** Longest time between two looks at what waits. */
const LOOK_MS = 250
/** Problems of one input that are logged one by one. */
const MOST_TOLD = 5

/** What `weir archive write` was asked to do, checked; throws UsageError. */
export function archiveWrite(given: GivenFlags, operands: readonly string[]): () => Promise<ExitStatus> {
  const options = archiveWriteOptions(given)
  return () => new ArchiveWriteRun(options, operands).run()
}

/** What went in, and what could not. */
interface Counts {
  files: number
  unreadable: number
  rejected: number
  problems: number
}

class ArchiveWriteRun {
  readonly #options: ArchiveWriteOptions
  readonly #words: readonly string[]
  readonly #directory: string
  readonly #log: LimitedLog
  readonly #control = new Control()
  readonly #counts: Counts = { files: 0, unreadable: 0, rejected: 0, problems: 0 }
  readonly #rejects: RejectsFile | null

  constructor(options: ArchiveWriteOptions, operands: readonly string[]) {
    this.#options = options
    this.#directory = directoryOf(options, operands)
    this.#words = operands.length === 0 ? ['-'] : operands
    this.#log = newStderrLog({ ...options, errorCount: 0, errorIntervalMs: 0 })
    this.#rejects = options.rejects === null ? null : new RejectsFile(options.rejects)
  }

  async run(): Promise<ExitStatus> {
    const { stream, limits, progress: mode } = this.#options
    const settings = this.#inputSettings()
    const inputs = this.#find()
    const archive = new ArchiveWriter({ directory: this.#directory, stream, limits, log: this.#log })
    const total = inputs.some(({ isLive }) => isLive) ? 0 : sum(inputs.map(({ octets }) => octets))
    const progress = new Progress(mode)
    const job = new ArchiveWriteJob(archive, progress, mode === 'always', total)
    stopOnSignals({ control: this.#control, log: this.#log })
    const every = Math.max(10, Math.min(LOOK_MS, (limits.syncEveryMs ?? LOOK_MS) / 2))
    const failed = Promise.withResolvers<never>()
    failed.promise.catch(() => {})
    const looking = setInterval(() => {
      try {
        job.tick()
      } catch (error) {
        failed.reject(error)
      }
      if (this.#control.isStopping && !job.isStopped) job.stop()
    }, every)
    try {
      for (const input of inputs) {
        if (this.#control.isStopping) break
        await Promise.race([this.#take(job, input, settings), failed.promise])
      }
      job.finish()
    } catch (error) {
      if (error instanceof ArchiveFull) throw this.#full(archive)
      throw error
    } finally {
      clearInterval(looking)
      progress.end()
      this.#rejects?.close()
      this.#log.finish()
    }
    this.#summarise(job, archive)
    if (archive.droppedRows > 0 || this.#counts.unreadable === inputs.length + this.#missing)
      return EXIT.failed
    return this.#isBad() ? EXIT.badInput : EXIT.done
  }

  /** Words that name nothing. */
  #missing = 0

  #find(): FoundInput[] {
    return this.#words.flatMap((word) => {
      try {
        return findInputs(word)
      } catch (error) {
        this.#skip(error)
        this.#missing++
        return []
      }
    })
  }

  async #take(job: ArchiveWriteJob, found: FoundInput, settings: InputSettings): Promise<void> {
    const { path } = found
    try {
      const input = await openInput(path, settings)
      const problems = await job.take(input, found.isLive, found.octets)
      this.#counts.files++
      if (input.kind === 'records') this.#counts.rejected += input.rejected
      this.#counts.problems += problems.length
      for (const { at, what } of problems.slice(0, MOST_TOLD)) {
        this.#log.warn('input read in part', { file: path, at, what })
      }
      if (problems.length > MOST_TOLD) {
        this.#log.warn('input read in part', { file: path, problems: problems.length })
      }
    } catch (error) {
      this.#skip(error)
    }
  }

  /** What one input cannot give must not keep the others out. */
  #skip(error: unknown): void {
    const isOfInput =
      error instanceof FlowError &&
      ['FILE_UNREADABLE', 'CAPTURE_CORRUPT', 'ARCHIVE_CORRUPT', 'ARCHIVE_VERSION'].includes(error.code)
    if (!isOfInput) throw error
    this.#counts.unreadable++
    this.#log.error('input skipped', { error: error.message })
  }

  #inputSettings(): InputSettings {
    const { mapping: path, inputFormat, readPorts } = this.#options
    const text = path === null ? null : readMapping(path)
    const { mapping, captures, warnings } = compileMapping(text, { mapping: path })
    for (const warning of warnings) this.#log.warn(warning)
    return {
      log: this.#log,
      format: inputFormat,
      mapping,
      mappingText: text,
      captures,
      readPorts,
      keepsWritten: true,
      onReject: (octets, from, to, _, __, isLine) => this.#rejects?.add(octets, from, to, isLine),
    }
  }

  #full(archive: ArchiveWriter): FlowError {
    try {
      archive.close()
    } catch {
      // What could not be finished is repaired by the next run.
    }
    return new FlowError(
      'FILE_UNWRITABLE',
      `archive has no room left: ${this.#directory}: its first ${archive.acknowledgedRows} rows of this run are kept; make room and write the rest again`,
    )
  }

  #summarise(job: ArchiveWriteJob, archive: ArchiveWriter): void {
    const { files, rejected } = this.#counts
    const { flows, others } = job.counts
    const more = others > 0 ? `, ${others} other records` : ''
    const dropped = archive.droppedRows > 0 ? `, ${archive.droppedRows} dropped` : ''
    tell(
      `${files} ${files === 1 ? 'file' : 'files'}, ${flows} rows${more}, ${rejected} rejected${dropped}, ` +
        `${job.octets} octets in, ${archive.octets} octets out\n`,
    )
  }

  #isBad(): boolean {
    const { unreadable, rejected, problems } = this.#counts
    return unreadable + rejected + problems > 0
  }
}

/** The archive's folder; throws UsageError for words that cannot be meant. */
function directoryOf({ archive }: ArchiveWriteOptions, words: readonly string[]): string {
  if (archive === null) {
    throw new UsageError('archive write: no archive is named; want weir archive write FILE --archive DIR')
  }
  if (words.length === 0 && process.stdin.isTTY) {
    throw new UsageError('archive write: a file is missing, want weir archive write FILE --archive DIR')
  }
  if (words.filter((word) => word === '-').length > 1) {
    throw new UsageError('archive write: - is there twice, but standard input can be read only once')
  }
  const own = words.find((word) => word !== '-' && resolve(word) === resolve(archive))
  if (own !== undefined) {
    throw new UsageError(`archive write: ${own} is the archive that is written: name another with --archive`)
  }
  return archive
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
