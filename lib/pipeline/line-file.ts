import { FlowError } from '../diagnostics/flow-error.ts'
import type { Log } from '../diagnostics/log.ts'
import { reasonOf } from '../diagnostics/reason.ts'
import type { Control } from './control.ts'
import { FILES, type FileCalls } from './files.ts'

const STDOUT = 1
const NEWLINE = 10

/** Waits between attempts to open a file that could not be opened. */
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 5_000

export interface LineFileSettings {
  /** Empty for stdout, which is never opened or closed. */
  readonly path: string
  /** Written after each record; what a cut record is closed with when it cannot be taken back. */
  readonly separator: string
  /** Whether a line feed stands after every record and nowhere else, so that a failed write can be cut to whole lines. */
  readonly isLines: boolean
  /** `write` never opens the file anew, only `poll`: for records that need those before them. */
  readonly isReopenedByPoll?: boolean
  readonly control: Control
  readonly log: Log
  /** A steady clock in milliseconds. */
  readonly now?: () => number
  readonly files?: FileCalls
}

/** What a file has taken and lost so far. */
export interface LineFileCounts {
  octets: number
  lostOctets: number
  /** Line feeds in what was lost. */
  lostLines: number
  writeErrors: number
  reopened: number
  reopenErrors: number
}

/**
 * A file, pipe or stdout that takes whole lines from one thread while others append to it too. It is opened anew
 * when `control.epoch` has moved on. A write that the system refuses costs its lines, never the process: they are
 * counted, and what was half written is taken back, so that no line in the file is cut.
 */
export class LineFile {
  readonly counts: LineFileCounts = {
    octets: 0,
    lostOctets: 0,
    lostLines: 0,
    writeErrors: 0,
    reopened: 0,
    reopenErrors: 0,
  }
  readonly #settings: LineFileSettings
  readonly #files: FileCalls
  readonly #now: () => number
  readonly #separator: Uint8Array
  #fd = STDOUT
  #epoch: number
  #retryAt = 0
  #retryMs = FIRST_RETRY_MS
  /** The last record in the file lacks its end, and could not be taken back. */
  #isCut = false

  /** Opens the file; throws FILE_UNWRITABLE when that fails. */
  constructor(settings: LineFileSettings) {
    this.#settings = settings
    this.#files = settings.files ?? FILES
    this.#now = settings.now ?? (() => performance.now())
    this.#separator = new TextEncoder().encode(settings.separator)
    this.#epoch = settings.control.epoch
    if (settings.path === '') return
    try {
      this.#fd = this.#files.open(settings.path)
    } catch (error) {
      const isMissing = codeOf(error) === 'ENOENT'
      const reason = isMissing ? 'its directory does not exist; make it first' : reasonOf(error)
      throw new FlowError('FILE_UNWRITABLE', `cannot write to ${settings.path}: ${reason}`, { cause: error })
    }
  }

  /** Writes `octets[from, to)`, whole records, in one call of the system where it takes them so. */
  write(octets: Uint8Array, from: number, to: number): void {
    const { control } = this.#settings
    if (from >= to || control.isBroken) return
    if (this.#settings.isReopenedByPoll !== true) this.poll()
    control.lock()
    try {
      this.#write(octets, from, to)
    } finally {
      control.unlock()
    }
  }

  /** Opens the file anew if that was asked for; to be called at idle, so that a renamed file is let go of. */
  poll(): void {
    const { epoch } = this.#settings.control
    if (epoch === this.#epoch || this.#now() < this.#retryAt) return
    const { path, log } = this.#settings
    if (path === '') {
      this.#epoch = epoch
      return
    }
    let opened: number
    try {
      opened = this.#files.open(path)
    } catch (error) {
      this.counts.reopenErrors++
      this.#retryAt = this.#now() + this.#retryMs
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS)
      log.limited('reopen', 'cannot open the output anew, still writing to the old file; trying again', {
        path,
        error: reasonOf(error),
      })
      return
    }
    const old = this.#fd
    this.#fd = opened
    this.#epoch = epoch
    this.#retryAt = 0
    this.#retryMs = FIRST_RETRY_MS
    this.#isCut = false
    this.counts.reopened++
    this.#close(old)
  }

  close(): void {
    if (this.#settings.path !== '') this.#close(this.#fd)
  }

  /** A file system may report only now that it could not keep what it took. */
  #close(fd: number): void {
    try {
      this.#files.close(fd)
    } catch (error) {
      this.counts.writeErrors++
      this.#settings.log.limited('close', 'cannot close the output', { error: reasonOf(error) })
    }
  }

  #write(octets: Uint8Array, from: number, to: number): void {
    const sizeBefore = this.#size()
    let at = from
    try {
      if (this.#isCut) {
        this.#writeAll(this.#separator, 0, this.#separator.length)
        this.#isCut = false
      }
      while (at < to) {
        const taken = this.#writeSome(octets, at, to)
        at += taken
      }
      this.counts.octets += to - from
    } catch (error) {
      this.#fail(error, octets, from, at, to, sizeBefore)
    }
  }

  /** Takes back the record that was cut at `at`, counts what did not reach the file, and says so. */
  #fail(error: unknown, octets: Uint8Array, from: number, at: number, to: number, sizeBefore: number): void {
    const { control, log, path } = this.#settings
    if (codeOf(error) === 'EPIPE') {
      control.break()
      return
    }
    this.counts.writeErrors++
    control.noteLoss()
    const whole = this.#settings.isLines ? octets.subarray(from, at).lastIndexOf(NEWLINE) + 1 : 0
    let kept = at - from
    if (kept > whole && this.#takeBack(sizeBefore, kept, whole)) kept = whole
    else if (kept > whole) this.#isCut = true
    this.counts.octets += kept
    this.counts.lostOctets += to - from - kept
    this.counts.lostLines += countLines(octets, from + whole, to)
    log.limited('write', 'cannot write to the output, records are lost', {
      path: path === '' ? 'stdout' : path,
      error: reasonOf(error),
    })
  }

  /** Shortens a regular file that nobody else has written to since; returns whether that was possible. */
  #takeBack(sizeBefore: number, written: number, keep: number): boolean {
    if (sizeBefore < 0 || this.#size() !== sizeBefore + written) return false
    try {
      this.#files.truncate(this.#fd, sizeBefore + keep)
      return true
    } catch {
      return false
    }
  }

  #size(): number {
    try {
      return this.#files.size(this.#fd)
    } catch {
      return -1
    }
  }

  #writeAll(octets: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; ) at += this.#writeSome(octets, at, to)
  }

  /** One write; waits while a pipe that does not block is full (someone else may have set it so). */
  #writeSome(octets: Uint8Array, from: number, to: number): number {
    for (;;) {
      try {
        return this.#files.write(this.#fd, octets, from, to - from)
      } catch (error) {
        const code = codeOf(error)
        if (code === 'EAGAIN') this.#settings.control.pause(2)
        else if (code !== 'EINTR') throw error
      }
    }
  }
}

function countLines(octets: Uint8Array, from: number, to: number): number {
  let count = 0
  for (let at = from; at < to; at++) if (octets[at] === NEWLINE) count++
  return count
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
