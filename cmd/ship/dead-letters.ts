import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
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

/** A file of documents that were refused for good, one JSON line each, as Elastic's dead_letter_index has them. */
export class DeadLetters {
  readonly #path: string
  #fd = -1
  #isWritten = false

  /** The file is opened when the first one comes. */
  constructor(path: string) {
    this.#path = path
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
      for (let at = 0; at < octets.length; ) at += writeSync(this.#fd, octets, at)
    })
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
