import { closeSync, openSync, writeSync } from 'node:fs'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../lib/diagnostics/reason.ts'

const GATHERED_OCTETS = 1 << 16
const LINE_FEED = 0x0a

/** Keeps what was refused, as it came. */
export class RejectsFile {
  readonly #path: string
  #fd: number
  readonly #octets = new Uint8Array(GATHERED_OCTETS)
  #used = 0

  /** Opens the file to append to it; throws FILE_UNWRITABLE, as the other methods do. */
  constructor(path: string) {
    this.#path = path
    this.#fd = this.#must(() => openSync(path, 'a'))
  }

  /** Appends `octets[from, to)`, and a line feed where they are a line. */
  add(octets: Uint8Array, from: number, to: number, isLine: boolean): void {
    const count = to - from + (isLine ? 1 : 0)
    if (this.#used + count > GATHERED_OCTETS) this.flush()
    if (count > GATHERED_OCTETS) {
      this.#write(octets, from, to)
      if (isLine) this.#octets[this.#used++] = LINE_FEED
      return
    }
    this.#octets.set(octets.subarray(from, to), this.#used)
    this.#used += count
    if (isLine) this.#octets[this.#used - 1] = LINE_FEED
  }

  flush(): void {
    const used = this.#used
    this.#used = 0
    this.#write(this.#octets, 0, used)
  }

  /** Goes on in a new file of that name, for the old one may have been moved away. */
  reopen(): void {
    this.close()
    this.#fd = this.#must(() => openSync(this.#path, 'a'))
  }

  close(): void {
    this.flush()
    this.#must(() => closeSync(this.#fd))
  }

  #write(octets: Uint8Array, from: number, to: number): void {
    this.#must(() => {
      for (let at = from; at < to; ) at += writeSync(this.#fd, octets, at, to - at)
    })
  }

  #must<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      const message = `cannot write rejects: ${this.#path}: ${reasonOf(error)}`
      throw new FlowError('FILE_UNWRITABLE', message, { cause: error })
    }
  }
}
