import type { KeyEntry } from './key-entry.ts'
import type { LineClass } from './line-class.ts'
import { LineTemplate } from './line-template.ts'
import type { RowReader } from './row-reader.ts'

/** Kinds of lines that a log has at most; the one that was not seen longest goes. */
const MOST = 6
/** Longer lines, and those of more keys, are read key by key. */
const MOST_KEYS = 256
const MOST_OCTETS = 16_384
/** Orders of keys that were met once. */
const MOST_MET = 256
/** Templates that are tried for a line. */
const TRIED = 3

/** The templates of one reader's lines: made when an order of keys comes a second time. */
export class LineTemplates {
  /** The keys of the last line that was read. */
  keys: readonly KeyEntry[] = []
  /** Whether the line before it was another one. */
  isOther = true
  /** What the last line looks like, where that was asked for and tells something. */
  lineClass: LineClass | null = null
  readonly #reader: RowReader
  readonly #isClassed: boolean
  /** The last used first. */
  readonly #templates: LineTemplate[] = []
  /** The one that read the line before. */
  #last: LineTemplate | null = null
  /** Keys whose values were found to change. */
  readonly #changing = new Set<KeyEntry>()
  readonly #met = new Set<number>()

  /** `isClassed`: whether it is asked what lines look like. */
  constructor(reader: RowReader, isClassed: boolean) {
    this.#reader = reader
    this.#isClassed = isClassed
  }

  /** What stood before is no longer where it was. */
  forgetOctets(): void {
    this.#last?.forgetOctets()
  }

  get isEmpty(): boolean {
    return this.#templates.length === 0
  }

  /** Reads the object at `p` as ObjectReader.read; -1 where it is none of the lines that are known. */
  read(octets: Uint8Array, view: DataView, p: number, limit: number, row: number): number {
    const templates = this.#templates
    const last = this.#last
    const count = Math.min(templates.length, TRIED)
    for (let i = 0; i < count; i++) {
      const template = templates[i]!
      const tried = i === 0 ? null : templates[i - 1]!
      const end = template.read(octets, view, p, limit, row, template === last && i === 0, tried)
      if (end < 0) continue
      if (i > 0) {
        templates.splice(i, 1)
        templates.unshift(template)
      }
      this.keys = template.keys
      this.lineClass = template.lineClass
      this.isOther = template !== last
      this.#last = template
      return end
    }
    this.#last = null
    return -1
  }

  /** Takes a line that no template could read, after it was read key by key into `row`. */
  learn(
    octets: Uint8Array,
    keys: readonly KeyEntry[],
    count: number,
    starts: Int32Array,
    from: number,
    to: number,
    row: number,
  ): void {
    if (count > MOST_KEYS || to - from > MOST_OCTETS) return
    const templates = this.#templates
    const at = templates.findIndex((template) => isSame(template.keys, keys, count))
    if (at >= 0) {
      const changed = at < TRIED ? templates[at]!.changed(octets) : null
      if (changed === null) {
        if (at > 0) templates.unshift(...templates.splice(at, 1))
        return
      }
      this.#changing.add(changed)
      templates.splice(at, 1)
    } else if (!this.#isMet(keys, count)) {
      return
    }
    const line = { octets, keys: keys.slice(0, count), starts, from, to, row }
    const template = LineTemplate.of(this.#reader, line, this.#changing, this.#isClassed)
    if (template === null) return
    templates.unshift(template)
    if (templates.length > MOST) templates.pop()
  }

  #isMet(keys: readonly KeyEntry[], count: number): boolean {
    let hash = count
    for (let i = 0; i < count; i++) hash = (Math.imul(hash, 31) + keys[i]!.number) | 0
    if (this.#met.has(hash)) return true
    if (this.#met.size === MOST_MET) this.#met.clear()
    this.#met.add(hash)
    return false
  }
}

function isSame(some: readonly KeyEntry[], others: readonly KeyEntry[], count: number): boolean {
  if (some.length !== count) return false
  for (let i = 0; i < count; i++) if (some[i] !== others[i]) return false
  return true
}
