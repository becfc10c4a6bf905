import { LINE_FIELDS, type LineKind } from '../line-fields.ts'
import type { Mapping } from '../mapping-types.ts'
import { Carry } from './carry.ts'
import { JsonWindow } from './json-window.ts'
import type { OnReject, RecordReader } from './line-reader.ts'
import type { LineShape } from './line-shape.ts'
import { MAX_MESSAGE, MAX_PREFIX } from './message-end.ts'
import type { ObjectReader } from './object-reader.ts'

/** A message may have so many fields of different numbers. */
const MAX_FIELDS = 256

interface MessageField {
  readonly key: Uint8Array
  readonly kind: LineKind | 'text' | 'other'
}

/**
 * Reads goflow2's protobuf messages, each with its length before it, with or without a line feed behind it (goflow2's
 * default separator; no message of goflow2 is as short as the length that a line feed would mean).
 */
export class MessageLines implements RecordReader {
  rows = 0
  rejected = 0
  readonly #objects: ObjectReader
  readonly #onReject: OnReject | undefined
  readonly #window: JsonWindow
  readonly #carry = new Carry()
  readonly #fields = new Map<number, MessageField>()
  /** Field numbers of the message that are written already. */
  readonly #done = new Set<number>()
  #offset = 0
  /** Whether a message must begin with its type, because what stood before it was none. */
  #isLost = false
  /** The last varint: its two words and where it ended. */
  #low = 0
  #high = 0
  /** Payload of the field at hand. */
  #from = 0
  #to = 0

  constructor(objects: ObjectReader, onReject: OnReject | undefined, mapping: Mapping | null) {
    this.#objects = objects
    this.#onReject = onReject
    this.#window = new JsonWindow(objects)
    for (const { name, number, kind } of LINE_FIELDS) this.#define(number, name, kind)
    for (const { name, index, type } of mapping?.formatter.protobuf ?? []) {
      this.#define(index, name, type === 'string' ? 'text' : 'other')
    }
  }

  push(octets: Uint8Array, from: number, to: number): void {
    const carry = this.#carry
    // In pieces, so that what waits stays small.
    while (from < to) {
      const end = Math.min(to, from + MAX_MESSAGE)
      carry.append(octets, from, end)
      this.#offset += end - from
      from = end
      this.#messages(false)
    }
  }

  end(): void {
    this.#messages(true)
  }

  shape(): LineShape {
    return this.#objects.shape()
  }

  #define(number: number, key: string, kind: MessageField['kind']): MessageField {
    const field: MessageField = { key: new TextEncoder().encode(key), kind }
    this.#fields.set(number, field)
    return field
  }

  #messages(isEnd: boolean): void {
    const { octets, used } = this.#carry
    const base = this.#offset - used
    let p = 0
    while (p < used) {
      if (this.#isLost) {
        const next = this.#restart(octets, p, used, isEnd)
        if (next > p) this.#reject(octets, p, next, 'not a message', base + p)
        p = next
        if (p === used) break
      } else if (octets[p] === 0x0a || octets[p] === 0x0d) {
        p++
        continue
      }
      const start = this.#varint(octets, p, Math.min(used, p + MAX_PREFIX))
      const length = this.#low
      const isLength = start > 0 && length > 0 && length <= MAX_MESSAGE
      const isCut = start < 0 ? used - p < MAX_PREFIX : isLength && start + length > used
      if (isCut && !isEnd) break
      if (!isCut && isLength && this.#isMessage(octets, start, start + length)) {
        this.#isLost = false
        if (this.#message(octets, start, start + length)) this.rows++
        else this.#reject(octets, p, start + length, this.#objects.reason, base + p)
        p = start + length
      } else {
        this.#isLost = true
        const next = this.#restart(octets, p + 1, used, isEnd)
        this.#reject(octets, p, next, isCut ? 'the message is cut' : 'not a message', base + p)
        p = next
      }
    }
    this.#carry.keep(p)
  }

  /** The next place that looks like a message of goflow2, or may once more has come: a length, and its type first. */
  #restart(octets: Uint8Array, p: number, to: number, isEnd: boolean): number {
    for (; p < to; p++) {
      if (octets[p]! < 8) continue
      if (!isEnd && p + MAX_PREFIX + 2 > to) return p
      const start = this.#varint(octets, p, Math.min(to, p + MAX_PREFIX))
      if (start < 0 || start + 2 > to || octets[start] !== 0x08) continue
      const type = octets[start + 1]!
      const length = this.#low
      const end = start + length
      if (type < 1 || type > 4 || length > MAX_MESSAGE) continue
      if (end > to ? !isEnd : this.#isMessage(octets, start, end)) return p
    }
    return to
  }

  #isMessage(octets: Uint8Array, p: number, end: number): boolean {
    while (p < end) {
      p = this.#field(octets, p, end)
      if (p < 0) return false
    }
    return true
  }

  /** Writes the message as JSON and reads that. */
  #message(octets: Uint8Array, from: number, end: number): boolean {
    const window = this.#window
    const done = this.#done
    done.clear()
    window.begin((end - from) * 24 + MAX_FIELDS * 48)
    for (let p = from; p < end; ) {
      p = this.#field(octets, p, end)
      const { number } = this
      if (done.has(number) || done.size >= MAX_FIELDS) continue
      done.add(number)
      const field = this.#fields.get(number) ?? this.#unknown(number)
      window.key(field.key, 0, field.key.length)
      const isList = field.kind.endsWith('-list') || this.#isRepeated(octets, p, end, number)
      if (!isList) {
        this.#value(octets, field.kind)
        continue
      }
      window.open()
      this.#item(octets, field.kind)
      for (let q = p; q < end; ) {
        q = this.#field(octets, q, end)
        if (this.number === number) this.#item(octets, field.kind)
      }
      window.close()
    }
    return window.read()
  }

  #unknown(number: number): MessageField {
    const key = `pb${number}`
    // Hostile numbers are not remembered for ever.
    if (this.#fields.size > 2048) return { key: new TextEncoder().encode(key), kind: 'other' }
    return this.#define(number, key, 'other')
  }

  /** Whether a field that is no list of goflow2 stands there again: fields of a mapping may. */
  #isRepeated(octets: Uint8Array, p: number, end: number, number: number): boolean {
    if (number <= 112 && this.#fields.get(number)?.kind !== 'other') return false
    while (p < end) {
      const { number: own } = this
      const { type } = this
      const [from, to, low, high] = [this.#from, this.#to, this.#low, this.#high]
      p = this.#field(octets, p, end)
      const isSame = this.number === number
      this.number = own
      this.type = type
      this.#from = from
      this.#to = to
      this.#low = low
      this.#high = high
      if (isSame) return true
    }
    return false
  }

  #value(octets: Uint8Array, kind: MessageField['kind']): void {
    const window = this.#window
    if (this.type !== 2) window.number(this.#low, this.#high)
    else if (kind === 'text') window.value(octets, this.#from, this.#to)
    else window.hexadecimal(octets, this.#from, this.#to)
  }

  /** One value of a list, or a packed list of integers. */
  #item(octets: Uint8Array, kind: MessageField['kind']): void {
    if (this.type !== 2 || (kind !== 'u32-list' && kind !== 'layer-list')) {
      this.#value(octets, kind)
      return
    }
    const to = this.#to
    for (let p = this.#from; p < to; ) {
      p = this.#varint(octets, p, to)
      if (p < 0) return
      this.#window.number(this.#low, this.#high)
    }
  }

  number = 0
  type = 0

  /** Reads the field at `p`; returns where it ends, or -1 where it is none. */
  #field(octets: Uint8Array, p: number, end: number): number {
    p = this.#varint(octets, p, end)
    if (p < 0 || this.#high !== 0) return -1
    this.number = this.#low >>> 3
    this.type = this.#low & 7
    if (this.number === 0) return -1
    this.#from = p
    switch (this.type) {
      case 0:
        p = this.#varint(octets, p, end)
        break
      case 1:
        if (p + 8 > end) return -1
        this.#low = little(octets, p)
        this.#high = little(octets, p + 4)
        p += 8
        break
      case 2:
        p = this.#varint(octets, p, end)
        if (p < 0 || this.#high !== 0 || this.#low < 0 || this.#low > end - p) return -1
        this.#from = p
        p += this.#low
        break
      case 5:
        if (p + 4 > end) return -1
        this.#low = little(octets, p)
        this.#high = 0
        p += 4
        break
      default:
        return -1
    }
    this.#to = p
    return p
  }

  /** Reads a varint into two words; returns where it ends, or -1. */
  #varint(octets: Uint8Array, p: number, end: number): number {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70 && p < end; shift += 7) {
      const octet = octets[p++]!
      const bits = octet & 127
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (shift - 32)
      if (octet < 128) {
        this.#low = low
        this.#high = high
        return p
      }
    }
    this.#low = 0
    return -1
  }

  #reject(octets: Uint8Array, from: number, to: number, reason: string, offset: number): void {
    this.rejected++
    this.#onReject?.(octets, from, to, reason, offset)
  }
}

function little(octets: Uint8Array, p: number): number {
  return octets[p]! | (octets[p + 1]! << 8) | (octets[p + 2]! << 16) | (octets[p + 3]! << 24)
}
