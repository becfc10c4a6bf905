import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { FlowError } from '../diagnostics/flow-error.ts'

const MOST_WRITE_OCTETS = 2 ** 30

let files = 0

/** A file without a name, for what does not fit in memory: it is gone when the process ends, however it ends. */
export class SpillFile {
  octets = 0
  readonly #descriptor: number
  readonly #directory: string

  /** A new file, or one that another thread of this process has opened. Throws FILE_UNWRITABLE. */
  constructor(directory: string, descriptor: number | null = null) {
    this.#directory = directory
    if (descriptor !== null) {
      this.#descriptor = descriptor
      return
    }
    const path = join(directory, `weir-spill-${process.pid}-${threadId}-${files++}`)
    try {
      this.#descriptor = openSync(path, 'wx+', 0o600)
      unlinkSync(path)
    } catch (error) {
      throw this.#unwritable(error)
    }
  }

  get descriptor(): number {
    return this.#descriptor
  }

  /** Appends the memory of `values` and returns where it lies; throws FILE_UNWRITABLE. */
  append(values: Uint8Array | Uint32Array | BigUint64Array): number {
    const at = this.octets
    const memory = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    try {
      for (let done = 0; done < memory.length; ) {
        const octets = Math.min(MOST_WRITE_OCTETS, memory.length - done)
        done += writeSync(this.#descriptor, memory, done, octets, at + done)
      }
    } catch (error) {
      throw this.#unwritable(error)
    }
    this.octets += memory.length
    return at
  }

  /** Fills `values` with what lies at `at`; throws FILE_UNWRITABLE. */
  read(values: Uint8Array | Uint32Array | BigUint64Array, at: number): void {
    const memory = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    for (let done = 0; done < memory.length; ) {
      const got = readSync(this.#descriptor, memory, done, memory.length - done, at + done)
      if (got === 0) throw this.#unwritable(new Error('it ends early'))
      done += got
    }
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #unwritable(error: unknown): FlowError {
    const reason = error instanceof Error ? error.message : String(error)
    return new FlowError(
      'FILE_UNWRITABLE',
      `cannot keep groups on disk: ${this.#directory}: ${reason}; give --memory more or TMPDIR another place`,
      { cause: error },
    )
  }
}
