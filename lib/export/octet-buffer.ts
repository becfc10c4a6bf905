import type { WriteOctets } from './block-sink.ts'

const FLUSH_AT = 1 << 18
/** Printers may write so much beyond what they print. */
const OVERSHOOT = 32

/** One reused buffer in front of a write. It grows only for a row that is longer than it, and shrinks after. */
export class OctetBuffer {
  octets = new Uint8Array(FLUSH_AT * 2)
  view = new DataView(this.octets.buffer)
  used = 0
  readonly #write: WriteOctets

  constructor(write: WriteOctets) {
    this.#write = write
  }

  /** Makes room for `room` octets behind `used`. */
  reserve(room: number): void {
    if (this.used + room + OVERSHOOT <= this.octets.length) return
    this.flush()
    if (room + OVERSHOOT > this.octets.length) this.#resize(room + OVERSHOOT)
  }

  flush(): void {
    const { used } = this
    if (used === 0) return
    this.used = 0
    this.#write(this.octets, 0, used)
    if (this.octets.length > FLUSH_AT * 2) this.#resize(FLUSH_AT * 2)
  }

  #resize(octets: number): void {
    this.octets = new Uint8Array(octets)
    this.view = new DataView(this.octets.buffer)
  }
}
