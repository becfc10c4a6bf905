import { type FileHandle, open } from 'node:fs/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { OctetWindow } from '../bytes/octet-window.ts'
import { FlowError } from '../diagnostics/flow-error.ts'
import { StreamSource } from './stream-source.ts'

const FIRST_OCTETS = 1 << 18
const FEED_OCTETS = 1 << 16
/** What zlib inflates at a time; on damaged data, what it has of such a piece is lost. */
const INFLATED_OCTETS = 1 << 16

/** Where a capture's octets come from: fills `into[from, to)` as far as it can; 0 at the end. */
interface Source {
  read(into: Uint8Array, from: number, to: number): Promise<number>
  close(): Promise<void>
}

/**
 * A window that moves over a capture: `[from, to)` of `octets` is what has been read and not yet used. Its memory
 * grows with the largest block asked for, never with the file.
 */
export class CaptureInput implements OctetWindow {
  octets = new Uint8Array(FIRST_OCTETS)
  view = new DataView(this.octets.buffer)
  from = 0
  to = 0
  /** Why reading stopped before the end, if it did. */
  damage: string | undefined
  /** What the file or pipe itself gave so far, compressed or not. */
  readonly #raw: CountedSource
  #source: Source
  /** Octets of the capture before those in the buffer. */
  #passed = 0
  #isAtEnd = false

  constructor(source: Source) {
    this.#raw = new CountedSource(source)
    this.#source = this.#raw
  }

  /** Whether what is read is what lies in the file: nothing was inflated. */
  get isPlain(): boolean {
    return this.#source === this.#raw
  }

  /** Octets read from the file or pipe, before anything was inflated. */
  get sourceOctets(): number {
    return this.#raw.octets
  }

  /** How many octets of the (inflated) capture lie before the window. */
  get position(): number {
    return this.#passed + this.from
  }

  /** Reads on until the window holds `octets`; false where the capture ends before. Moves what the window holds. */
  async more(octets: number): Promise<boolean> {
    if (this.to - this.from >= octets) return true
    this.#makeRoom(octets)
    while (!this.#isAtEnd && this.to - this.from < octets) {
      let count = 0
      try {
        count = await this.#source.read(this.octets, this.to, this.octets.length)
      } catch (error) {
        this.damage = textOf(error)
      }
      this.to += count
      if (count === 0) this.#isAtEnd = true
    }
    return this.to - this.from >= octets
  }

  /** Steps over `octets` without keeping them; false where the capture ends before. */
  async skip(octets: number): Promise<boolean> {
    let left = octets
    for (;;) {
      const step = Math.min(left, this.to - this.from)
      this.from += step
      left -= step
      if (left === 0) return true
      if (!(await this.more(1))) return false
    }
  }

  /** Replaces the source by what inflates it, if the first octets say that it is compressed. */
  async inflate(): Promise<void> {
    await this.more(4)
    const magic = this.to - this.from < 4 ? 0 : this.view.getUint32(this.from)
    // RFC 1952 §2.3.1; RFC 8878 §3.1.1 and, for a skippable frame that comes first, §3.1.2.
    const isGzip = magic >>> 16 === 0x1f8b
    const isZstd = magic === 0x28b5_2ffd || (magic & 0xf0ff_ffff) === 0x502a_4d18
    if (!isGzip && !isZstd) return
    const head = this.octets.slice(this.from, this.to)
    this.#source = new InflatedSource(isGzip ? 'gzip' : 'zstd', head, this.#isAtEnd ? null : this.#source)
    this.from = 0
    this.to = 0
    this.#isAtEnd = false
  }

  async close(): Promise<void> {
    await this.#source.close()
  }

  #makeRoom(octets: number): void {
    if (this.from > 0) {
      this.octets.copyWithin(0, this.from, this.to)
      this.#passed += this.from
      this.to -= this.from
      this.from = 0
    }
    if (octets <= this.octets.length) return
    const bigger = new Uint8Array(Math.max(octets, this.octets.length * 2))
    bigger.set(this.octets.subarray(0, this.to))
    this.octets = bigger
    this.view = new DataView(bigger.buffer)
  }
}

/** Opens a capture, `-` for standard input, inflated if it is compressed; throws FILE_UNREADABLE. */
export async function openCaptureInput(path: string): Promise<CaptureInput> {
  let input: CaptureInput
  if (path === '-') input = new CaptureInput(new StreamSource(process.stdin))
  else {
    try {
      input = new CaptureInput(new FileSource(await open(path, 'r')))
    } catch (error) {
      throw unreadable(path, textOf(error), error)
    }
  }
  await input.inflate()
  if (input.damage !== undefined && input.to === 0) {
    await input.close()
    throw unreadable(path, input.damage)
  }
  return input
}

function unreadable(path: string, why: string, cause?: unknown): FlowError {
  return new FlowError('FILE_UNREADABLE', `cannot read ${path === '-' ? 'standard input' : path}: ${why}`, {
    cause,
  })
}

/** What went wrong with a file, in words, or what zlib says. */
function textOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ENOENT':
      return 'there is no such file'
    case 'EACCES':
    case 'EPERM':
      return 'permission denied'
    case 'EISDIR':
      return 'it is a directory; name the files in it'
    case 'Z_BUF_ERROR':
      return 'its compressed data are cut off'
    default:
      return code?.startsWith('Z') ? `its compressed data are damaged (${message})` : message
  }
}

/** Counts what another source gives. */
class CountedSource implements Source {
  octets = 0
  readonly #source: Source

  constructor(source: Source) {
    this.#source = source
  }

  async read(into: Uint8Array, from: number, to: number): Promise<number> {
    const count = await this.#source.read(into, from, to)
    this.octets += count
    return count
  }

  close(): Promise<void> {
    return this.#source.close()
  }
}

class FileSource implements Source {
  readonly #file: FileHandle

  constructor(file: FileHandle) {
    this.#file = file
  }

  async read(into: Uint8Array, from: number, to: number): Promise<number> {
    return (await this.#file.read(into, from, to - from, null)).bytesRead
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/** Inflates another source; gives all that could be inflated before it throws what is wrong. */
class InflatedSource implements Source {
  readonly #inflater: ReturnType<typeof createGunzip>
  readonly #source: Source | null
  readonly #inflated: StreamSource
  #isClosed = false

  constructor(kind: 'gzip' | 'zstd', head: Uint8Array, source: Source | null) {
    this.#source = source
    const options = { chunkSize: INFLATED_OCTETS }
    this.#inflater = kind === 'gzip' ? createGunzip(options) : createZstdDecompress(options)
    this.#inflated = new StreamSource(this.#inflater)
    void this.#feed(head)
  }

  read(into: Uint8Array, from: number, to: number): Promise<number> {
    return this.#inflated.read(into, from, to)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#inflated.close()
    await this.#source?.close()
  }

  /** Hands the source over piece by piece; waits for each, so that little lies around. */
  async #feed(head: Uint8Array): Promise<void> {
    try {
      await this.#write(head)
      while (this.#source !== null && !this.#isClosed) {
        const chunk = new Uint8Array(FEED_OCTETS)
        const count = await this.#source.read(chunk, 0, chunk.length)
        if (count === 0) break
        await this.#write(chunk.subarray(0, count))
      }
      this.#inflater.end()
    } catch (error) {
      this.#inflater.destroy(error as Error)
    }
  }

  #write(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#inflater.write(chunk, () => resolve())
    })
  }
}
