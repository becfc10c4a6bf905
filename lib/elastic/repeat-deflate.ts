import { crc32 } from '../bytes/crc32.ts'
import type { BulkBatch, ItemValues } from './bulk-batch.ts'
import { DeflateWriter } from './deflate-writer.ts'

/** How far back octets may be repeated from (RFC 1951 §2). */
const WINDOW = 32_768
/** Shorter repeats are no shorter than their literals. */
const SHORTEST = 4
/** … of a value that stands in the same document: its distance is another one. */
const SHORTEST_VALUE = 6
/** Values that are longer are laid beside the last document's, for they may differ in a few places only. */
const LONG_VALUE = 40
/** A repeat that goes on so far behind a value is where the document goes on like another one than the last. */
const REALIGNED = 24
const QUOTE = 0x22
/** Octets behind a value: quotation mark, comma, brace. */
const ENDS_VALUE = new Uint8Array(256)
for (const octet of [QUOTE, 0x2c, 0x7d]) ENDS_VALUE[octet] = 1
/** How far the end of the last document's value is looked for. */
const FARTHEST_END = 512
const PLACE_BITS = 12
/** Shapes whose last document is remembered. */
const SHAPES = 64
/** Numbers of a mark. */
const MARK = 3
/** Gzip's header: deflate, no name, no time (RFC 1952 §2.3). */
const HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
const TRAILER_OCTETS = 8
/** What packs to more than this part is not alike; zlib does that better. */
const WORST_PART = 0.4
const SCRATCH_OCTETS = 1 << 20

/**
 * Packs documents that are alike, as gzip (RFC 1952). Nothing is searched. Of documents of one shape only values are
 * compared, each with the one of the last such document: all between them is a back-reference. Others are laid beside the
 * document before, and where a value differs both go on at its end.
 */
export class RepeatDeflate {
  readonly #writer = new DeflateWriter(SCRATCH_OCTETS)
  /** Where four octets at the beginning of something new stood last, by their hash; 0 is nowhere. */
  readonly #places = new Int32Array(1 << PLACE_BITS)
  /** The last item of each shape, by the shape's low bits, counted from 1; 0 is none. */
  readonly #lastItems = new Int32Array(SHAPES)
  #octets: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(new ArrayBuffer(0))

  /** The batch's body as gzip, in memory of its own; null where its documents are not alike enough. */
  pack(batch: BulkBatch): Uint8Array | null {
    const { octets, starts, ends, count } = batch
    const values = batch.values ?? null
    const writer = this.#writer
    const first = starts[0] ?? 0
    const end = ends[count - 1] ?? 0
    const most = Math.floor((end - first) * WORST_PART) + 1024
    writer.octets.set(HEADER)
    writer.begin(HEADER.length)
    this.#octets = octets
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
    this.#places.fill(0)
    this.#lastItems.fill(0)
    for (let i = 0; i < count; i++) {
      writer.makeRoom(ends[i]! - starts[i]!)
      const alike = values === null ? -1 : this.#exchangeItem(values, i)
      if (alike < 0 || !this.#packAlike(batch, values!, i, alike)) {
        this.#packBeside(starts[i]!, ends[i]!, i === 0 ? -1 : starts[i - 1]!)
      }
      if (writer.used > most) return null
    }
    writer.end()
    const packed = new Uint8Array(writer.used + TRAILER_OCTETS)
    packed.set(writer.octets.subarray(0, writer.used))
    const trailer = new DataView(packed.buffer, writer.used)
    trailer.setUint32(0, crc32(octets.subarray(first, end)), true)
    trailer.setUint32(4, end - first, true)
    return packed
  }

  /** The last item of the same shape, or -1; from now on it is item `i`. */
  #exchangeItem({ shapes }: ItemValues, i: number): number {
    const shape = shapes[i]!
    if (shape === 0) return -1
    const last = this.#lastItems[shape % SHAPES]! - 1
    this.#lastItems[shape % SHAPES] = i + 1
    return last >= 0 && shapes[last] === shape ? last : -1
  }

  /** Packs item `i` by the values in which it differs from item `j` of its shape; false, and nothing, where it cannot. */
  #packAlike({ starts, ends }: BulkBatch, { firsts, marks }: ItemValues, i: number, j: number): boolean {
    const start = starts[i]!
    const end = ends[i]!
    if (end - starts[j]! > WINDOW) return false
    // Actions differ in their ids.
    const octets = this.#octets
    let distance = start - starts[j]!
    const idAt = start + this.#sameOctets(start, starts[j]!, end)
    let from = idAt
    while (from < end && octets[from] !== QUOTE) from++
    const writer = this.#writer
    let mark = firsts[i]!
    const behind = firsts[i + 1]!
    const document = mark < behind ? marks[mark]! : end
    if (idAt - start < SHORTEST || from + this.#sameOctets(from, from - distance, document) !== document)
      return false
    writer.repeat(idAt - start, distance)
    writer.literals(octets, idAt, from)
    for (let other = firsts[j]!; mark < behind; mark += MARK, other += MARK) {
      const at = marks[mark]!
      const to = marks[mark + 1]!
      const otherTo = marks[other + 1]!
      const same = this.#sameOctets(at, at - distance, Math.min(to, at + otherTo - marks[other]!))
      const differs = at + same
      if (differs === to && to - distance === otherTo) continue
      this.#repeat(from, differs, distance)
      const twin = marks[mark + 2]!
      if (twin > 0 && to - differs >= SHORTEST_VALUE) writer.repeat(to - differs, at - twin)
      else if (to - differs > LONG_VALUE) this.#packBeside(differs, to, differs - distance)
      else writer.literals(octets, differs, to)
      from = to
      distance = to - otherTo
    }
    this.#repeat(from, end, distance)
    return true
  }

  /** Octets `[from, to)` as they stood `distance` octets before. */
  #repeat(from: number, to: number, distance: number): void {
    if (to - from >= SHORTEST) this.#writer.repeat(to - from, distance)
    else this.#writer.literals(this.#octets, from, to)
  }

  /** Packs `[at, end)` beside what stands at `beside`, -1 for nothing. */
  #packBeside(at: number, end: number, beside: number): void {
    const writer = this.#writer
    for (let from = at, other = beside; from < end; ) {
      const isBeside = other >= 0 && other < from && from - other <= WINDOW
      const same = isBeside ? this.#sameOctets(from, other, end) : 0
      if (same >= SHORTEST) {
        writer.repeat(same, from - other)
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
        writer.repeat(known, from - place)
        from += known
        other = place + known
        continue
      }
      const taken = Math.min(known, valueEnd - from)
      if (taken >= SHORTEST) {
        writer.repeat(taken, from - place)
        from += taken
      }
      let otherEnd = this.#besideEnd(other, from)
      let literalEnd = valueEnd
      if (isAtEnd && (otherEnd === other || otherEnd < 0)) {
        // Both stand at the end of a value, or only this one: what ends it is new.
        literalEnd++
        otherEnd = otherEnd < 0 || otherEnd + 1 >= literalEnd ? -1 : otherEnd + 1
      }
      writer.literals(this.#octets, from, literalEnd)
      from = literalEnd
      other = otherEnd
    }
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
}
