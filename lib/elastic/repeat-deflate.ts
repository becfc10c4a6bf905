import { crc32 } from 'node:zlib'
import type { BulkBatch } from './bulk-batch.ts'
import { BLOCK_ROOM, DeflateBlocks } from './deflate-block.ts'

/** How far back octets may be repeated from (RFC 1951 §2). */
const WINDOW = 32_768
const LONGEST = 258
/** Shorter repeats are no shorter than their literals. */
const SHORTEST = 4
/** A repeat that goes on so far behind a value is where the document goes on like another one than the last. */
const REALIGNED = 24
/** Octets behind a value: quotation mark, comma, brace. */
const ENDS_VALUE = new Uint8Array(256)
for (const octet of [0x22, 0x2c, 0x7d]) ENDS_VALUE[octet] = 1
/** How far the end of the last document's value is looked for. */
const FARTHEST_END = 512
const PLACE_BITS = 12
/** Gzip's header: deflate, no name, no time (RFC 1952 §2.3). */
const HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
const TRAILER_OCTETS = 8
/** What packs to more than this part is not alike; zlib does that better. */
const WORST_PART = 0.4
const SCRATCH_OCTETS = 2 << 20

/**
 * Packs documents that are alike, as gzip (RFC 1952). Nothing is searched: each document is laid beside the one before, what
 * is equal is a back-reference, and where a value differs both go on at its end.
 */
export class RepeatDeflate {
  readonly #blocks = new DeflateBlocks(SCRATCH_OCTETS)
  /** Where four octets at the beginning of something new stood last, by their hash; 0 is nowhere. */
  readonly #places = new Int32Array(1 << PLACE_BITS)
  /** Octets that what is packed may take. */
  #most = 0
  #octets: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(new ArrayBuffer(0))

  /** The batch's body as gzip, in memory of its own; null where its documents are not alike enough. */
  pack({ octets, starts, ends, count }: BulkBatch): Uint8Array | null {
    const blocks = this.#blocks
    const first = starts[0] ?? 0
    const end = ends[count - 1] ?? 0
    const most = Math.floor((end - first) * WORST_PART) + 1024
    this.#most = most
    if (blocks.octets.length < most + BLOCK_ROOM) blocks.octets = new Uint8Array(most + BLOCK_ROOM)
    blocks.octets.set(HEADER)
    blocks.begin(HEADER.length)
    this.#octets = octets
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
    this.#places.fill(0)
    for (let i = 0; i < count; i++) {
      if (!this.#packItem(starts[i]!, ends[i]!, i === 0 ? -1 : starts[i - 1]!)) return null
    }
    if (blocks.used > most) return null
    blocks.endBlock(true)
    if (blocks.used > most) return null
    const packed = new Uint8Array(blocks.used + TRAILER_OCTETS)
    packed.set(blocks.octets.subarray(0, blocks.used))
    const trailer = new DataView(packed.buffer, blocks.used)
    trailer.setUint32(0, crc32(octets.subarray(first, end)), true)
    trailer.setUint32(4, end - first, true)
    return packed
  }

  /** Packs `[at, end)` beside what stands at `beside`, -1 for nothing. */
  #packItem(at: number, end: number, beside: number): boolean {
    for (let from = at, other = beside; from < end; ) {
      const isBeside = other >= 0 && other < from && from - other <= WINDOW
      const same = isBeside ? this.#sameOctets(from, other, end) : 0
      if (same >= SHORTEST) {
        if (!this.#repeat(same, from - other)) return false
        from += same
        other += same
        if (from === end) break
      }
      const valueEnd = this.#valueEnd(from, end)
      const isAtEnd = from === valueEnd
      const place = this.#exchangePlace(from, end)
      const known =
        place < 0 || place === from || from - place > WINDOW ? 0 : this.#sameOctets(from, place, end)
      if (known > valueEnd - from + REALIGNED) {
        if (!this.#repeat(known, from - place)) return false
        from += known
        other = place + known
        continue
      }
      const taken = Math.min(known, valueEnd - from)
      if (taken >= SHORTEST) {
        if (!this.#repeat(taken, from - place)) return false
        from += taken
      }
      let otherEnd = this.#besideEnd(other, from)
      let literalEnd = valueEnd
      if (isAtEnd && (otherEnd === other || otherEnd < 0)) {
        // Both stand at the end of a value, or only this one: what ends it is new.
        literalEnd++
        otherEnd = otherEnd < 0 || otherEnd + 1 >= literalEnd ? -1 : otherEnd + 1
      }
      if (!this.#literals(from, literalEnd)) return false
      from = literalEnd
      other = otherEnd
    }
    return true
  }

  /** How many octets before `end` are the same from both places on. */
  #sameOctets(from: number, other: number, end: number): number {
    const view = this.#view
    let at = from
    const back = from - other
    const last = end - 4
    while (at <= last && view.getInt32(at, true) === view.getInt32(at - back, true)) at += 4
    const octets = this.#octets
    while (at < end && octets[at] === octets[at - back]) at++
    return at - from
  }

  /** Where the value that stands at a place is over: at a quotation mark, a comma or a brace; at most `end`. */
  #valueEnd(at: number, end: number): number {
    const octets = this.#octets
    for (let i = at; i < end; i++) {
      if (ENDS_VALUE[octets[i]!] === 1) return i
    }
    return end
  }

  /** Where the value beside is over; -1 where that is not found before `from`. */
  #besideEnd(other: number, from: number): number {
    if (other < 0) return -1
    const limit = Math.min(from, other + FARTHEST_END)
    const end = this.#valueEnd(other, limit)
    return end < limit ? end : -1
  }

  /** Where the four octets at `at` may have stood before, or -1; from now on they stand here. */
  #exchangePlace(at: number, end: number): number {
    if (at + 4 > end) return -1
    const hash = Math.imul(this.#view.getInt32(at, true), 0x9e3779b1) >>> (32 - PLACE_BITS)
    const place = this.#places[hash]! - 1
    this.#places[hash] = at + 1
    return place
  }

  /** False where more was written already than the body is worth. */
  #endBlock(): boolean {
    this.#blocks.endBlock(false)
    return this.#blocks.used <= this.#most
  }

  #repeat(length: number, distance: number): boolean {
    const blocks = this.#blocks
    for (let left = length; left > 0; ) {
      // What is left over must not be too short to be a repeat.
      const piece = left <= LONGEST ? left : left - LONGEST < SHORTEST ? LONGEST - SHORTEST : LONGEST
      if (blocks.isFull && !this.#endBlock()) return false
      blocks.repeat(piece, distance)
      left -= piece
    }
    return true
  }

  #literals(from: number, to: number): boolean {
    const blocks = this.#blocks
    for (let at = from; at < to; ) {
      if (blocks.isFull && !this.#endBlock()) return false
      at = blocks.literals(this.#octets, at, to)
    }
    return true
  }
}
