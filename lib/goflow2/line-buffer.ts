import { OVERSHOOT } from '../bytes/put-number.ts'

/** Where lines end up: called with whole lines, which are gone after the call. */
export type WriteLines = (octets: Uint8Array, from: number, to: number) => void

/** Lines are passed on when this many octets are there. */
const FLUSH_AT = 1 << 20
const CAPACITY = FLUSH_AT + (1 << 16)

/** One reused buffer of whole lines. It grows only for a line that is longer than it, and shrinks after. */
export class LineBuffer {
  octets = new Uint8Array(CAPACITY)
  view = new DataView(this.octets.buffer)
  /** Octets of whole lines in the buffer. */
  used = 0
  readonly #write: WriteLines

  constructor(write: WriteLines) {
    this.#write = write
  }

  /** A line may begin below this position if it needs `room` octets. */
  limit(room: number): number {
    return Math.min(FLUSH_AT, this.octets.length - room - OVERSHOOT)
  }

  /** Passes on what is there and makes room for a line of `room` octets. */
  makeRoom(room: number): void {
    this.flush()
    if (this.octets.length < room + OVERSHOOT + 1) this.#resize(room + OVERSHOOT + 1)
  }

  flush(): void {
    const { used } = this
    if (used === 0) return
    this.used = 0
    this.#write(this.octets, 0, used)
    if (this.octets.length > CAPACITY) this.#resize(CAPACITY)
  }

  #resize(capacity: number): void {
    this.octets = new Uint8Array(capacity)
    this.view = new DataView(this.octets.buffer)
  }
}
