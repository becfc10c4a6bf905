import { Carry } from './carry.ts'
import type { OnReject, RecordReader } from './line-reader.ts'
import type { LineShape } from './line-shape.ts'
import type { ObjectReader } from './object-reader.ts'

/** An unfinished line may have so many octets. */
const MAX_LINE = 10_485_760
/** Objects that have no line feeds between them are looked at when so many octets wait. */
const FIRST_LOOK = 262_144
/** Places of one line where an object may begin anew behind a broken one. */
const MAX_RESTARTS = 16
const LINE_FEED = 0x0a

/** Reads JSON objects: one a line, joined without line feed, with blank lines, or cut. */
export class JsonLines implements RecordReader {
  rows = 0
  rejected = 0
  readonly #objects: ObjectReader
  readonly #onReject: OnReject | undefined
  readonly #carry = new Carry()
  #view: DataView = new DataView(new ArrayBuffer(0))
  /** Octets pushed before the current ones. */
  #offset = 0
  /** Place in the file of the octet at 0 of those that are read now. */
  #base = 0
  #nextLook = FIRST_LOOK
  /** Whether the rest of a line that was too long is still to come. */
  #isSkipping = false
  #restartsEnd = -1
  #restarts = 0

  constructor(objects: ObjectReader, onReject: OnReject | undefined) {
    this.#objects = objects
    this.#onReject = onReject
  }

  /**
   * The key that the log's first object began with; null before there was one. Behind a broken object of a line another
   * one is looked for that begins so: a reader that begins further on in a log has to be told.
   */
  get firstKey(): Uint8Array | null {
    return this.#objects.firstKey
  }

  set firstKey(key: Uint8Array | null) {
    this.#objects.firstKey = key
  }

  push(octets: Uint8Array, from: number, to: number): void {
    const base = this.#offset - from
    this.#offset += to - from
    if (this.#isSkipping) {
      const feed = octets.indexOf(LINE_FEED, from)
      if (feed < 0 || feed >= to) return
      this.#isSkipping = false
      from = feed + 1
    }
    const carry = this.#carry
    if (carry.used > 0) {
      const feed = octets.indexOf(LINE_FEED, from)
      const end = feed < 0 || feed >= to ? to : feed + 1
      const start = base + from - carry.used
      carry.append(octets, from, end)
      if (end === to && octets[to - 1] !== LINE_FEED) {
        if (carry.used >= this.#nextLook) this.#look(start)
        return
      }
      this.#lines(carry.octets, carry.view, 0, carry.used - 1, start)
      carry.keep(carry.used)
      this.#nextLook = FIRST_LOOK
      from = end
    }
    const last = to > from ? octets.lastIndexOf(LINE_FEED, to - 1) : -1
    if (last >= from) {
      const { buffer, byteOffset, length } = octets
      const view = this.#view
      if (view.buffer !== buffer || view.byteOffset !== byteOffset || view.byteLength !== length) {
        this.#view = new DataView(buffer, byteOffset, length)
      }
      this.#lines(octets, this.#view, from, last, base)
      from = last + 1
    }
    if (from < to) {
      carry.append(octets, from, to)
      if (carry.used >= this.#nextLook) this.#look(base + from)
    }
  }

  end(): void {
    const carry = this.#carry
    if (carry.used > 0) {
      carry.octets[carry.used] = LINE_FEED
      this.#lines(carry.octets, carry.view, 0, carry.used, this.#offset - carry.used)
      carry.keep(carry.used)
    }
    this.#objects.end()
  }

  shape(): LineShape {
    return this.#objects.shape()
  }

  /** Reads what is whole of a long line that has no end yet. */
  #look(base: number): void {
    const carry = this.#carry
    carry.octets[carry.used] = LINE_FEED
    this.#base = base
    this.#objects.forgetOctets()
    let p = 0
    while (p < carry.used) {
      const octet = carry.octets[p]!
      if (isBetween(octet)) {
        p++
        continue
      }
      const end = octet === 0x7b ? this.#objects.read(carry.octets, carry.view, p, carry.used) : -1
      if (end < 0) break
      this.rows++
      p = end
    }
    this.#objects.forgetOctets()
    if (carry.used - p > MAX_LINE) {
      this.#reject(carry.octets, p, carry.used, 'a line of more than 10 MiB')
      this.#isSkipping = true
      p = carry.used
    }
    carry.keep(p)
    this.#nextLook = Math.max(FIRST_LOOK, carry.used * 2)
  }

  /** Reads whole lines; the last line feed is at `limit`. */
  #lines(octets: Uint8Array, view: DataView, p: number, limit: number, base: number): void {
    const objects = this.#objects
    this.#base = base
    this.#restartsEnd = -1
    objects.forgetOctets()
    while (p < limit) {
      const octet = octets[p]!
      if (octet === 0x7b) {
        const end = objects.read(octets, view, p, limit)
        if (end >= 0) {
          this.rows++
          p = octets[end] === LINE_FEED ? end + 1 : end
        } else {
          p = this.#broken(octets, p, limit, objects.reason)
        }
      } else if (isBetween(octet)) {
        p++
      } else if (octet === 0xef && octets[p + 1] === 0xbb && octets[p + 2] === 0xbf) {
        p += 3
      } else {
        p = this.#broken(octets, p, limit, 'not a JSON object')
      }
    }
    objects.forgetOctets()
  }

  /**
   * Refuses what begins at `p`; returns where reading goes on: at an object further on in the line that begins as the
   * ones before did, or with the next line.
   */
  #broken(octets: Uint8Array, p: number, limit: number, reason: string): number {
    const feed = Math.min(octets.indexOf(LINE_FEED, p), limit)
    if (this.#restartsEnd !== feed) {
      this.#restartsEnd = feed
      this.#restarts = 0
    }
    const restart = this.#restarts++ < MAX_RESTARTS ? this.#objects.findStart(octets, p + 1, feed) : -1
    const end = restart < 0 ? feed : restart
    this.#reject(octets, p, end, reason)
    return restart < 0 ? feed + 1 : restart
  }

  #reject(octets: Uint8Array, from: number, to: number, reason: string): void {
    while (to > from && octets[to - 1]! <= 0x20) to--
    this.rejected++
    this.#onReject?.(octets, from, to, reason, this.#base + from)
  }
}

/** Blanks, padding, and what an array has between its objects. */
function isBetween(octet: number): boolean {
  return octet <= 0x20 || octet === 0x2c || octet === 0x5b || octet === 0x5d
}
