import { OVERSHOOT, putU32, putU64 } from '../../bytes/put-number.ts'
import type { ObjectReader } from './object-reader.ts'

const SIZE = 262_144
const HEX = Uint8Array.from('0123456789abcdef', (c) => c.charCodeAt(0))

/** Writes records of other formats as JSON objects, one behind the other, so that one reader reads all. */
export class JsonWindow {
  readonly #objects: ObjectReader
  #octets = new Uint8Array(SIZE)
  #view = new DataView(this.#octets.buffer)
  #start = 0
  #used = 0

  constructor(objects: ObjectReader) {
    this.#objects = objects
  }

  /** Begins an object of at most `room` octets. */
  begin(room: number): void {
    const needed = room + 16 + OVERSHOOT
    if (this.#used + needed > this.#octets.length) {
      if (needed > this.#octets.length || this.#octets.length > SIZE) {
        this.#octets = new Uint8Array(Math.max(SIZE, needed))
        this.#view = new DataView(this.#octets.buffer)
      }
      this.#used = 0
      this.#objects.forgetOctets()
    }
    this.#start = this.#used
    this.#octets[this.#used++] = 0x7b
  }

  /** Ends the object and reads it into a row; false, with the reader's reason, where it is none. */
  read(): boolean {
    const octets = this.#octets
    // The last comma becomes the brace.
    if (this.#used > this.#start + 1) this.#used--
    octets[this.#used++] = 0x7d
    octets[this.#used++] = 0x0a
    return this.#objects.read(octets, this.#view, this.#start, this.#used - 1) >= 0
  }

  key(octets: Uint8Array, from: number, to: number): void {
    this.#quoted(octets, from, to)
    this.#octets[this.#used++] = 0x3a
  }

  /** A number as it is, all else in quotes; and a comma. */
  value(octets: Uint8Array, from: number, to: number): void {
    if (isNumber(octets, from, to)) this.#raw(octets, from, to)
    else this.#quoted(octets, from, to)
    this.#octets[this.#used++] = 0x2c
  }

  /** Values with commas between. */
  list(octets: Uint8Array, from: number, to: number): void {
    this.open()
    for (let p = from; p < to; ) {
      let end = p
      while (end < to && octets[end] !== 0x2c) end++
      this.value(octets, p, end)
      p = end + 1
    }
    this.close()
  }

  open(): void {
    this.#octets[this.#used++] = 0x5b
  }

  close(): void {
    if (this.#octets[this.#used - 1] === 0x2c) this.#used--
    this.#octets[this.#used++] = 0x5d
    this.#octets[this.#used++] = 0x2c
  }

  /** An unsigned integer of two words, and a comma. */
  number(low: number, high: number): void {
    const view = this.#view
    this.#used = high === 0 ? putU32(view, this.#used, low) : putU64(view, this.#used, low, high)
    this.#octets[this.#used++] = 0x2c
  }

  /** Octets in hexadecimal, in quotes, and a comma. */
  hexadecimal(octets: Uint8Array, from: number, to: number): void {
    const out = this.#octets
    out[this.#used++] = 0x22
    for (let i = from; i < to; i++) {
      out[this.#used++] = HEX[octets[i]! >>> 4]!
      out[this.#used++] = HEX[octets[i]! & 15]!
    }
    out[this.#used++] = 0x22
    out[this.#used++] = 0x2c
  }

  #raw(octets: Uint8Array, from: number, to: number): void {
    for (let i = from; i < to; i++) this.#octets[this.#used++] = octets[i]!
  }

  #quoted(octets: Uint8Array, from: number, to: number): void {
    const out = this.#octets
    out[this.#used++] = 0x22
    for (let i = from; i < to; i++) {
      const octet = octets[i]!
      if (octet < 0x20) {
        // \u00XX
        out[this.#used++] = 0x5c
        out[this.#used++] = 0x75
        out[this.#used++] = 0x30
        out[this.#used++] = 0x30
        out[this.#used++] = HEX[octet >>> 4]!
        out[this.#used++] = HEX[octet & 15]!
        continue
      }
      if (octet === 0x22 || octet === 0x5c) out[this.#used++] = 0x5c
      out[this.#used++] = octet
    }
    out[this.#used++] = 0x22
  }
}

function isNumber(octets: Uint8Array, from: number, to: number): boolean {
  if (from === to || to - from > 20 || (octets[from] === 0x30 && to - from > 1)) return false
  for (let i = from; i < to; i++) if (octets[i]! < 48 || octets[i]! > 57) return false
  return true
}
