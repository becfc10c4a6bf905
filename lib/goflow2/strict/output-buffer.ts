/** Octets gathered before a write. */
const WRITE_OCTETS = 65_536

/** Gathers messages, each with its separator behind it, and passes them on many at a time. */
export class OutputBuffer {
  readonly #separator: Uint8Array
  readonly #write: (octets: Uint8Array) => void
  #buffer = Buffer.allocUnsafe(2 * WRITE_OCTETS)
  #used = 0

  constructor(separator: Uint8Array, write: (octets: Uint8Array) => void) {
    this.#separator = separator
    this.#write = write
  }

  /** Appends a message of one character per octet. */
  text(message: string): void {
    this.#reserve(message.length)
    this.#used += this.#buffer.write(message, this.#used, 'latin1')
    this.#end()
  }

  octets(message: Uint8Array): void {
    this.#reserve(message.length)
    this.#buffer.set(message, this.#used)
    this.#used += message.length
    this.#end()
  }

  flush(): void {
    if (this.#used === 0) return
    const { length } = this.#buffer
    this.#write(this.#buffer.subarray(0, this.#used))
    this.#used = 0
    // One message of many megabytes shall not be remembered for ever.
    if (length > 64 * WRITE_OCTETS) this.#buffer = Buffer.allocUnsafe(2 * WRITE_OCTETS)
  }

  #end(): void {
    this.#buffer.set(this.#separator, this.#used)
    this.#used += this.#separator.length
    if (this.#used >= WRITE_OCTETS) this.flush()
  }

  #reserve(octets: number): void {
    const needed = this.#used + octets + this.#separator.length
    if (needed <= this.#buffer.length) return
    this.flush()
    if (octets + this.#separator.length > this.#buffer.length) {
      this.#buffer = Buffer.allocUnsafe(octets + this.#separator.length)
    }
  }
}
