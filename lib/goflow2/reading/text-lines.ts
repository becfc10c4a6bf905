import { Carry } from './carry.ts'
import { JsonWindow } from './json-window.ts'
import type { OnReject, RecordReader } from './line-reader.ts'
import type { LineShape } from './line-shape.ts'
import type { ObjectReader } from './object-reader.ts'

const MAX_LINE = 1_048_576
const LINE_FEED = 0x0a

/** 1 for octets that a key may hold. */
const KEY_OCTET = new Uint8Array(128)
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-') {
  KEY_OCTET[c.charCodeAt(0)] = 1
}

/**
 * Reads goflow2's text lines: `key=value`, with blanks between. A value with blanks (`ISIS over IPv4`) ends where a
 * word follows that has an equals sign.
 */
export class TextLines implements RecordReader {
  rows = 0
  rejected = 0
  readonly #objects: ObjectReader
  readonly #onReject: OnReject | undefined
  readonly #carry = new Carry()
  readonly #window: JsonWindow
  #offset = 0
  #isSkipping = false

  constructor(objects: ObjectReader, onReject: OnReject | undefined) {
    this.#objects = objects
    this.#onReject = onReject
    this.#window = new JsonWindow(objects)
  }

  push(octets: Uint8Array, from: number, to: number): void {
    const carry = this.#carry
    while (from < to) {
      const feed = octets.indexOf(LINE_FEED, from)
      const isWhole = feed >= 0 && feed < to
      const end = isWhole ? feed : to
      const offset = this.#offset
      this.#offset += end - from + (isWhole ? 1 : 0)
      if (this.#isSkipping) {
        this.#isSkipping = !isWhole
      } else if (isWhole && carry.used === 0) {
        this.#line(octets, from, end, offset)
      } else if (carry.used + end - from > MAX_LINE) {
        this.#reject(carry.octets, 0, carry.used, 'a line of more than 1 MiB', offset - carry.used)
        carry.keep(carry.used)
        this.#isSkipping = !isWhole
      } else {
        carry.append(octets, from, end)
        if (isWhole) {
          this.#line(carry.octets, 0, carry.used, offset + end - from - carry.used)
          carry.keep(carry.used)
        }
      }
      from = isWhole ? end + 1 : to
    }
  }

  end(): void {
    const carry = this.#carry
    if (carry.used > 0) this.#line(carry.octets, 0, carry.used, this.#offset - carry.used)
    carry.keep(carry.used)
  }

  shape(): LineShape {
    return this.#objects.shape()
  }

  #line(octets: Uint8Array, from: number, to: number, offset: number): void {
    const start = from
    while (to > from && octets[to - 1]! <= 0x20) to--
    while (from < to && octets[from]! <= 0x20) from++
    if (from === to) return
    const window = this.#window
    window.begin((to - from) * 6 + 64)
    let p = from
    while (p < to) {
      const equals = keyEnd(octets, p, to)
      if (equals < 0) {
        this.#reject(octets, from, to, 'no key and equals sign', offset + from - start)
        return
      }
      // The value goes on until a blank that has a key and an equals sign behind it.
      let end = equals + 1
      while (end < to && !(octets[end] === 0x20 && keyEnd(octets, end + 1, to) >= 0)) end++
      window.key(octets, p, equals)
      if (octets[equals + 1] === 0x5b && octets[end - 1] === 0x5d) window.list(octets, equals + 2, end - 1)
      else window.value(octets, equals + 1, end)
      p = end + 1
    }
    if (window.read()) this.rows++
    else this.#reject(octets, from, to, this.#objects.reason, offset + from - start)
  }

  #reject(octets: Uint8Array, from: number, to: number, reason: string, offset: number): void {
    this.rejected++
    this.#onReject?.(octets, from, to, reason, offset)
  }
}

/** Longest key. */
const MAX_KEY = 256

/** Where the equals sign of the key at `p` is; -1 where there is no key. */
function keyEnd(octets: Uint8Array, p: number, to: number): number {
  const from = p
  const most = Math.min(to, p + MAX_KEY)
  while (p < most && KEY_OCTET[octets[p]!] === 1) p++
  return p > from && p < most && octets[p] === 0x3d ? p : -1
}
