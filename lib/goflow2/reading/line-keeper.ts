import { type FixedColumn, type FlowBatch, setOctets } from '../../flow/batch.ts'
import { F } from '../../flow/fields.ts'
import { LineBuffer } from '../line-buffer.ts'
import { WrittenPrinter } from '../written-printer.ts'
import { shapeText, WRITTEN, type WrittenShape } from '../written-shape.ts'
import { Carry } from './carry.ts'
import { JsonValue } from './json-value.ts'
import type { KeyEntry } from './key-entry.ts'
import { targetName } from './known-keys.ts'
import type { Form, KeyList, LineClass } from './line-class.ts'
import { valueForm } from './value-form.ts'

/** Orders of keys that are remembered, and forms of values of each. */
const MAX_KEY_LISTS = 256
const MAX_FORMS = 6
/** New orders of keys in one batch; where there are more, keys are no pattern, and lines are kept whole. */
const MAX_NEW = 64
/** Lines are held until there are so many, or so many octets: as much as a processor's cache holds. */
const MOST_HELD = 1_048_576
const MOST_LINES = 256
const LINE_FEED = new Uint8Array([0x0a])

/**
 * Keeps with the rows of a batch how their lines were written, so that they can be printed again: it prints each line
 * from its row and compares. Lines that come out otherwise are kept whole. Of lines that are known to look alike it
 * prints the first only.
 */
export class LineKeeper {
  readonly #held = new Carry()
  /** Where the line of each row ends in the held octets; those of lines whose form is known are not held. */
  readonly #ends: number[] = []
  readonly #lists: (KeyList | null)[] = []
  readonly #classes: (LineClass | null)[] = []
  /** The form of each row's line, where it was known before. */
  readonly #known: (Form | null)[] = []
  readonly #byHash = new Map<number, KeyList[]>()
  #listCount = 0
  #newLists = 0
  readonly #buffer: LineBuffer
  readonly #json = new JsonValue()
  /** What the printers print is compared with the held octets from here on. */
  #at = 0
  #row = 0
  #differing: number[] = []
  #serial = 0
  #batchSerial = 0
  /** Row of the batch that the first held line belongs to. */
  #first = 0

  constructor() {
    this.#buffer = new LineBuffer((octets, from, to) => this.#compare(octets, from, to))
  }

  /**
   * Takes the line of the last row of `batch`; `keys` says what it holds, `isOther` whether the line before had others,
   * `lineClass` what it looks like.
   */
  add(
    batch: FlowBatch,
    octets: Uint8Array,
    from: number,
    to: number,
    keys: readonly KeyEntry[],
    count: number,
    isOther: boolean,
    lineClass: LineClass | null,
  ): void {
    const held = this.#held
    this.#classes.push(lineClass)
    if (lineClass !== null && lineClass.form !== null) {
      this.#known.push(lineClass.form)
      this.#ends.push(held.used)
      this.#lists.push(lineClass.list)
      if (this.#ends.length === MOST_LINES) this.settle(batch)
      return
    }
    this.#known.push(null)
    held.append(octets, from, to)
    held.octets[held.used++] = 0x0a
    this.#ends.push(held.used)
    const last = this.#lists.at(-1)
    this.#lists.push(last !== undefined && !isOther ? last : this.#listOf(keys, count))
    if (this.#ends.length === MOST_LINES || held.used > MOST_HELD) this.settle(batch)
  }

  /** Writes the shapes of the lines that are held into the batch that has their rows last. */
  settle(batch: FlowBatch): void {
    const rows = this.#ends.length
    if (rows === 0) return
    this.#first = batch.rowCount - rows
    if (this.#first >= 0) this.#settle(batch, rows)
    this.#ends.length = 0
    this.#lists.length = 0
    this.#classes.length = 0
    this.#known.length = 0
    this.#newLists = 0
    this.#held.keep(this.#held.used)
  }

  #settle(batch: FlowBatch, rows: number): void {
    const protocols = batch.fixed(F.exportProtocol)
    const layouts = batch.fixed(F.layout)
    const lists = this.#lists
    const known = this.#known
    const first = this.#first
    this.#serial++
    this.#at = 0
    this.#row = 0
    this.#differing = []
    for (let from = 0; from < rows; ) {
      let to = from + 1
      if (known[from] !== null) {
        from = to
        continue
      }
      while (
        to < rows &&
        known[to] === null &&
        lists[to] === lists[from] &&
        isAlike(protocols, layouts, first + from, first + to)
      )
        to++
      const list = lists[from]!
      if (list !== null) this.#print(list.current, batch, from, to)
      else this.#skip(to)
      from = to
    }
    this.#buffer.flush()
    // What differs is tried in other forms, line by line; the others have the form that is current now.
    const forms = lists.map((list, row) => known[row] ?? (list === null ? null : list.current))
    const differing = this.#differing
    for (const row of differing) forms[row] = this.#formOf(batch, row)
    for (let row = 0; row < rows; row++) {
      const lineClass = this.#classes[row]!
      if (lineClass === null || known[row] !== null || lists[row] === null) continue
      lineClass.list = lists[row]!
      lineClass.form = forms[row]!
    }
    this.#write(batch, forms)
  }

  #print({ printer }: Form, batch: FlowBatch, from: number, to: number): void {
    const first = this.#first + from
    const layout = batch.layouts[batch.fixed(F.layout).values[first]! - 1] ?? null
    printer.bind(batch, this.#serial)
    printer.print(batch.fixed(F.exportProtocol).values[first]!, layout, first, this.#first + to)
  }

  /** Rows of lines that are kept whole. */
  #skip(to: number): void {
    this.#buffer.flush()
    this.#row = to
    this.#at = this.#startOf(to)
  }

  /** Compares whole lines with those held, and notes the rows that differ. */
  #compare(octets: Uint8Array, from: number, to: number): void {
    const held = this.#held.octets
    const ends = this.#ends
    const at = this.#at
    if (isEqual(octets, from, to, held, at)) {
      this.#at = at + (to - from)
      while (this.#row < ends.length && ends[this.#row]! <= this.#at) this.#row++
      return
    }
    while (from < to && this.#row < ends.length) {
      const start = this.#startOf(this.#row)
      if (start === this.#ends[this.#row]!) {
        this.#row++
        continue
      }
      const feed = octets.indexOf(0x0a, from) + 1
      const end = ends[this.#row]!
      if (feed - from !== end - start || !isEqual(octets, from, feed, held, start))
        this.#differing.push(this.#row)
      this.#row++
      this.#at = end
      from = feed
    }
  }

  #startOf(row: number): number {
    return row === 0 ? 0 : this.#ends[row - 1]!
  }

  /** A form that prints the row's line as it stood; null where there is none. */
  #formOf(batch: FlowBatch, row: number): Form | null {
    const list = this.#lists[row]!
    for (const form of list.forms) if (this.#isRight(form, batch, row)) return form
    for (const compat of ['2.2', '2.1'] as const) {
      if (list.forms.length >= MAX_FORMS) return null
      const form = this.#newForm(list.keys, row, compat)
      if (form === null) return null
      if (
        list.forms.some(
          ({ text }) => isEqual(text, 0, text.length, form.text, 0) && text.length === form.text.length,
        )
      )
        continue
      if (!this.#isRight(form, batch, row)) continue
      list.forms.push(form)
      list.current = form
      return form
    }
    return null
  }

  #isRight(form: Form, batch: FlowBatch, row: number): boolean {
    this.#row = row
    this.#at = this.#startOf(row)
    this.#differing = []
    this.#print(form, batch, row, row + 1)
    this.#buffer.flush()
    return this.#differing.length === 0
  }

  /** Looks at the values of the row's line. */
  #newForm(keys: readonly KeyEntry[], row: number, compat: '2.2' | '2.1'): Form | null {
    const { octets } = this.#held
    const json = this.#json
    let p = this.#startOf(row) + 1
    const forms: string[] = []
    for (const entry of keys) {
      p = blanks(octets, p)
      json.read(octets, p)
      p = blanks(octets, json.end)
      if (octets[p] !== 0x3a) return null
      p = blanks(octets, p + 1)
      forms.push(valueForm(entry, octets, p))
      if (json.read(octets, p) === 0) return null
      p = blanks(octets, json.end) + 1
    }
    return newForm(keys, forms, compat, this.#buffer)
  }

  #write(batch: FlowBatch, forms: readonly (Form | null)[]): void {
    const shapes = batch.octets(WRITTEN.shape)
    // Texts of shapes stand once in a batch; with the first rows a new one begins.
    if (this.#first === 0) this.#batchSerial++
    for (let i = 0; i < forms.length; i++) {
      const form = forms[i]!
      const row = this.#first + i
      if (form === null) {
        setOctets(batch.octets(WRITTEN.line), row, this.#held.octets, this.#startOf(i), this.#ends[i]! - 1)
      } else if (form.serial !== this.#batchSerial) {
        form.serial = this.#batchSerial
        form.start = shapes.used
        setOctets(shapes, row, form.text, 0, form.text.length)
      } else {
        shapes.starts[row] = form.start
        shapes.lengths[row] = form.text.length
        shapes.present[row] = 1
      }
    }
  }

  #listOf(keys: readonly KeyEntry[], count: number): KeyList | null {
    let hash = count
    for (let i = 0; i < count; i++) hash = (Math.imul(hash, 31) + keys[i]!.number) | 0
    let same = this.#byHash.get(hash)
    for (const list of same ?? []) if (isSameKeys(list.keys, keys, count)) return list
    if (this.#newLists++ >= MAX_NEW) return null
    if (this.#listCount >= MAX_KEY_LISTS) {
      this.#byHash.clear()
      this.#listCount = 0
      same = undefined
    }
    const list = this.#newList(keys.slice(0, count))
    if (same === undefined) this.#byHash.set(hash, [list])
    else same.push(list)
    this.#listCount++
    return list
  }

  /** For the line that was added last. */
  #newList(keys: readonly KeyEntry[]): KeyList {
    const names = keys.map(() => '')
    const first = newForm(keys, names, '2.2', this.#buffer)
    const form = this.#newForm(keys, this.#ends.length - 1, '2.2') ?? first
    return { keys, forms: [form], current: form }
  }
}

function newForm(
  keys: readonly KeyEntry[],
  forms: readonly string[],
  compat: '2.2' | '2.1',
  buffer: LineBuffer,
): Form {
  const shape: WrittenShape = {
    compat,
    keys: keys.map(({ key, target, field }, i) => {
      const name = targetName(target)
      return { key, name, column: name === null ? (field?.name ?? null) : null, form: forms[i]! }
    }),
  }
  const printer = new WrittenPrinter(shape, 'json', LINE_FEED, buffer)
  return { text: new TextEncoder().encode(shapeText(shape)), printer, start: 0, serial: -1 }
}

function isSameKeys(some: readonly KeyEntry[], others: readonly KeyEntry[], count: number): boolean {
  if (some.length !== count) return false
  for (let i = 0; i < count; i++) if (some[i] !== others[i]) return false
  return true
}

function isAlike(protocols: FixedColumn, layouts: FixedColumn, one: number, other: number): boolean {
  return protocols.values[one] === protocols.values[other] && layouts.values[one] === layouts.values[other]
}

function isEqual(octets: Uint8Array, from: number, to: number, others: Uint8Array, at: number): boolean {
  const one = Buffer.from(octets.buffer, octets.byteOffset + from, to - from)
  return one.equals(others.subarray(at, at + to - from))
}

function blanks(octets: Uint8Array, p: number): number {
  while (octets[p] === 0x20 || octets[p] === 0x09 || octets[p] === 0x0d) p++
  return p
}
