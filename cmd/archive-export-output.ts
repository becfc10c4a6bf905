import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../lib/diagnostics/reason.ts'

const STDOUT = 1

/** Where an export goes: stdout, or a file that has its name only once it is whole. */
export class ExportOutput {
  octets = 0
  readonly #path: string
  readonly #fd: number
  /** The file's name until it is whole; empty where it is written where it stands. */
  readonly #part: string

  /** Opens the file, or takes stdout for an empty path; throws FILE_UNWRITABLE. */
  constructor(path: string) {
    this.#path = path
    // What is no file, such as a named pipe or /dev/null, must not be replaced by one.
    this.#part = path === '' || isSpecial(path) ? '' : `${path}.part-${process.pid}`
    this.#fd = path === '' ? STDOUT : this.#must(() => openSync(this.#part || path, 'w'))
  }

  /** Writes `octets[from, to)` before it returns; EPIPE is thrown as it is. */
  write(octets: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; ) {
      try {
        const written = writeSync(this.#fd, octets, at, to - at)
        at += written
        this.octets += written
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        // A pipe that somebody made non-blocking is full: wait for its reader.
        if (code === 'EAGAIN') Atomics.wait(PAUSE, 0, 0, 5)
        else if (code === 'EPIPE' || this.#path === '') throw error
        else throw this.#unwritable(error)
      }
    }
  }

  /** Gives the file its name; what was written is on disk then. */
  finish(): void {
    if (this.#path === '') return
    this.#must(() => {
      if (this.#part !== '') fsyncSync(this.#fd)
      closeSync(this.#fd)
      if (this.#part === '') return
      renameSync(this.#part, this.#path)
      const folder = openSync(dirname(this.#path), 'r')
      fsyncSync(folder)
      closeSync(folder)
    })
  }

  /** Leaves no file behind. */
  abandon(): void {
    if (this.#part !== '') rmSync(this.#part, { force: true })
  }

  #must<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      throw this.#unwritable(error)
    }
  }

  #unwritable(error: unknown): FlowError {
    const message = `cannot write to ${this.#path}: ${reasonOf(error)}`
    return new FlowError('FILE_UNWRITABLE', message, { cause: error })
  }
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4))

function isSpecial(path: string): boolean {
  try {
    return !statSync(path).isFile()
  } catch {
    return false
  }
}
