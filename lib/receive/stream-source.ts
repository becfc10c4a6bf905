import type { Readable } from 'node:stream'

/** Hands out a stream's octets as they are asked for; all that came before an error is given before it is thrown. */
export class StreamSource {
  readonly #stream: Readable
  #error: unknown
  #isEnded = false
  #wake: () => void = () => {}
  #chunk = new Uint8Array(0)
  #used = 0

  constructor(stream: Readable) {
    this.#stream = stream
    const end = (error?: unknown) => {
      this.#error ??= error
      this.#isEnded = true
      this.#wake()
    }
    stream.on('readable', () => this.#wake())
    stream.on('end', () => end())
    stream.on('close', () => end())
    stream.on('error', end)
  }

  /** Fills `into[from, to)` as far as it can; 0 at the end, also when the stream is destroyed meanwhile. */
  async read(into: Uint8Array, from: number, to: number): Promise<number> {
    while (this.#used === this.#chunk.length) {
      // Even after an error the stream holds what it had before.
      const chunk = this.#stream.read() as Uint8Array<ArrayBuffer> | null
      if (chunk !== null) {
        this.#chunk = chunk
        this.#used = 0
      } else if (this.#isEnded) {
        if (this.#error !== undefined) throw this.#error
        return 0
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
    const count = Math.min(to - from, this.#chunk.length - this.#used)
    into.set(this.#chunk.subarray(this.#used, this.#used + count), from)
    this.#used += count
    return count
  }

  async close(): Promise<void> {
    this.#isEnded = true
    this.#stream.destroy()
    this.#wake()
  }
}
