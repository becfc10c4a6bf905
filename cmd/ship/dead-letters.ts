import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { FlowError } from '../../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../../lib/diagnostics/reason.ts'

/** A document that the server will never take. */
export interface DeadLetter {
  /** Its text. */
  readonly message: string
  readonly status: number
  /** The server's error, as JSON. */
  readonly reason: string
  /** Where it came from, and where that source goes on behind the request that it was in. */
  readonly source: string
  readonly position: number
}

const LINE_FEED = 0x0a
const COUNTED_OCTETS = 1 << 16

/**
 * A file of documents that were refused for good, one JSON line each, as Elastic's dead_letter_index has them. Where it
 * would take more than half of the octets that there may be, it becomes `FILE.1`, in the place of the one before: so that
 * the last ones are there.
 */
export class DeadLetters {
  /** Documents that were in a `FILE.1` that another one has replaced. */
  removed = 0
  readonly #path: string
  readonly #mostOctets: number
  #fd = -1
  #octets = 0
  #isWritten = false

  /** The file is opened when the first one comes. `mostOctets` of both files, 0 for no limit. */
  constructor(path: string, mostOctets: number) {
    this.#path = path
    this.#mostOctets = mostOctets
  }

  /** Writes one; throws FILE_UNWRITABLE. */
  add({ message, status, reason, source, position }: DeadLetter): void {
    const line = JSON.stringify({
      '@timestamp': new Date().toISOString(),
      message,
      'error.type': status,
      'error.message': reason,
      source,
      position,
    })
    const octets = Buffer.from(`${line}\n`)
    this.#must(() => {
      if (this.#fd < 0) this.#open()
      if (this.#mostOctets > 0 && this.#octets > 0 && this.#octets + octets.length > this.#mostOctets / 2) {
        this.#rotate()
      }
      for (let at = 0; at < octets.length; ) at += writeSync(this.#fd, octets, at)
    })
    this.#octets += octets.length
    this.#isWritten = true
  }

  /** Returns when all are on disk; throws FILE_UNWRITABLE. */
  sync(): void {
    if (!this.#isWritten) return
    this.#must(() => fsyncSync(this.#fd))
    this.#isWritten = false
  }

  /** Lets go of the file, so that it can be moved away; the next one opens it anew. */
  reopen(): void {
    this.sync()
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
  }

  #open(): void {
    mkdirSync(dirname(this.#path), { recursive: true })
    this.#fd = openSync(this.#path, 'a', 0o600)
    this.#octets = fstatSync(this.#fd).size
  }

  #rotate(): void {
    const old = `${this.#path}.1`
    this.reopen()
    this.removed += linesOf(old)
    renameSync(this.#path, old)
    this.#open()
  }

  #must(action: () => void): void {
    try {
      action()
    } catch (error) {
      const message = `cannot write dead letters: ${this.#path}: ${reasonOf(error)}`
      throw new FlowError('FILE_UNWRITABLE', message, { cause: error })
    }
  }
}

/** Lines of a file; none where there is no such file. */
function linesOf(path: string): number {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return 0
  }
  const octets = Buffer.alloc(COUNTED_OCTETS)
  let lines = 0
  for (let count = readSync(file, octets); count > 0; count = readSync(file, octets)) {
    for (let at = octets.indexOf(LINE_FEED); at >= 0 && at < count; at = octets.indexOf(LINE_FEED, at + 1))
      lines++
  }
  closeSync(file)
  return lines
}
