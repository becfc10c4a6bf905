import type { BatchWriter } from '../../flow/batch-writer.ts'
import { blanks } from './json-value.ts'
import { clearRow, copyRow, isLiteral, type KeyEntry } from './key-entry.ts'
import { KeyFinder, type TargetOf } from './key-finder.ts'
import type { LineKeeper } from './line-keeper.ts'
import { type LineShape, lineShape, type ShapeKey } from './line-shape.ts'
import { LineTemplates } from './line-templates.ts'
import { RowReader } from './row-reader.ts'

/** Members of one object, at most. */
const MAX_MEMBERS = 1024
const NEVER_STEADY = 2
/** Lines after which keys whose values changed are tried as steady ones again. */
const RELEARN = 32

/**
 * Reads JSON objects of goflow2 into rows: those that look as others before by their template, all else key by key. The
 * keys of a line are expected to be those of the line before, and are compared as octets; so are values that seldom
 * change, many keys at once.
 */
export class ObjectReader {
  /** Why the last object was refused, and where. */
  reason = ''
  failedAt = 0
  /** The key that the first object began with, in quotes and with its colon; null before there was one. */
  firstKey: Uint8Array | null = null
  readonly #writer: BatchWriter
  readonly #keeper: LineKeeper | null
  /** Whether the last line had other keys than the one before, or stood elsewhere. */
  #isOther = true
  readonly #row = new RowReader()
  readonly #templates: LineTemplates
  readonly #keysKnown: KeyFinder
  #most: ShapeKey[] = []
  #line = 0
  #nextRow = -1
  /** The keys of the line before in their order, and where each began; one more place for the end. */
  #before: KeyEntry[] = []
  #beforeStarts = new Int32Array(MAX_MEMBERS + 1)
  #beforeCount = 0
  /** Whether the line before lies in these octets and its row right before the next one. */
  #isBeforeThere = false
  /** 1 for keys whose value must be copied where it is the same again, NEVER_STEADY, or 0. */
  #beforeFlags = new Uint8Array(MAX_MEMBERS + 1)
  /** The same of a line that has other keys. */
  #keys: KeyEntry[] = []
  #starts = new Int32Array(MAX_MEMBERS + 1)
  #flags = new Uint8Array(MAX_MEMBERS + 1)
  #count = 0
  #keptCount = 0

  constructor(writer: BatchWriter, targetOf: TargetOf, keeper: LineKeeper | null) {
    this.#writer = writer
    this.#keysKnown = new KeyFinder(targetOf)
    this.#keeper = keeper
    this.#templates = new LineTemplates(this.#row, keeper !== null)
    if (keeper !== null) writer.beforePass = (batch) => keeper.settle(batch)
  }

  /** To be called when nothing more is read: the rows that were read need no more of us. */
  end(): void {
    this.#keeper?.settle(this.#row.batch)
  }

  /** How the objects look: as the one that had most keys, at first. */
  shape(): LineShape {
    return lineShape(this.#most)
  }

  /** What stood before is no longer where it was. */
  forgetOctets(): void {
    this.#isBeforeThere = false
    this.#templates.forgetOctets()
  }

  /** Where in `octets[from, to)` an object begins as the first one did; -1 where none does. */
  findStart(octets: Uint8Array, from: number, to: number): number {
    const first = this.firstKey ?? FIRST_KEY
    for (;;) {
      const at = octets.indexOf(0x7b, from)
      if (at < 0 || at + first.length >= to) return -1
      let i = 0
      while (i < first.length && octets[at + 1 + i] === first[i]) i++
      if (i === first.length) return at
      from = at + 1
    }
  }

  /**
   * Reads the object that begins at `p` into a row; there is a line feed at `limit`. Returns where the object ends, or
   * -1, with `reason` and `failedAt`, where it is broken.
   */
  read(octets: Uint8Array, view: DataView, p: number, limit: number): number {
    const batch = this.#writer.reserve(1)
    const row = batch.rowCount
    const reader = this.#row
    if (batch !== reader.batch || row !== this.#nextRow) {
      reader.batch = batch
      reader.serial++
      this.#isBeforeThere = false
    }
    const quick = this.#templates.read(octets, view, p, limit, row)
    if (quick >= 0) {
      this.#isBeforeThere = false
      batch.rowCount = row + 1
      this.#nextRow = row + 1
      const { keys, isOther, lineClass } = this.#templates
      this.#keeper?.add(batch, octets, p, quick, keys, keys.length, isOther, lineClass)
      return quick
    }
    // What the line before left in the row's end is gone where a template was tried.
    if (!this.#templates.isEmpty) this.#isBeforeThere = false
    if (!this.#isBeforeThere) reader.end.forget(0)
    const end = this.#members(octets, view, p, limit, row)
    if (end < 0) {
      clearRow(batch, row)
      // What equal keys would be copied from is no row.
      this.#isBeforeThere = false
      this.#nextRow = row
      return -1
    }
    batch.rowCount = row + 1
    this.#nextRow = row + 1
    const count = this.#beforeCount
    this.firstKey ??= this.#before[0]!.literal
    if (count > 0) this.#templates.learn(octets, this.#before, count, this.#beforeStarts, p, end, row)
    this.#keeper?.add(batch, octets, p, end, this.#before, this.#keptCount, this.#isOther, null)
    return end
  }

  #members(octets: Uint8Array, view: DataView, p: number, limit: number, row: number): number {
    const line = ++this.#line
    const reader = this.#row
    const keysKnown = this.#keysKnown
    const before = this.#before
    const beforeStarts = this.#beforeStarts
    const flags = this.#beforeFlags
    const beforeCount = this.#beforeCount
    const isBeforeThere = this.#isBeforeThere
    const beforeEnd = beforeStarts[beforeCount]!
    if (line % RELEARN === 0) for (let i = 0; i < beforeCount; i++) before[i]!.isSteady = true
    // While the keys are those of the line before their places are updated where they stand.
    let isApart = false
    let isTwice = false
    let next = 0
    p = blanks(octets, p + 1)
    if (octets[p] === 0x7d) return this.#fail('an object without keys', p)
    for (;;) {
      let entry: KeyEntry
      let value = -1
      if (next < beforeCount) {
        entry = before[next]!
        if (isBeforeThere && entry.isSteady) {
          // As many octets as are the same in both lines.
          const from = beforeStarts[next]!
          const shift = p - from
          let same = from
          const last = Math.min(beforeEnd, limit - shift) - 8
          while (same <= last && view.getBigUint64(same, true) === view.getBigUint64(same + shift, true))
            same += 8
          while (same < beforeEnd && octets[same] === octets[same + shift]) same++
          const first = next
          if (isApart) {
            next = this.#copyApart(next, same, shift, row)
          } else {
            while (next < beforeCount && beforeStarts[next + 1]! <= same) {
              const flag = flags[next]!
              if (flag !== 0) {
                if (flag === NEVER_STEADY) break
                copyRow(before[next]!, row)
              }
              beforeStarts[next]! += shift
              next++
            }
          }
          if (next > first) {
            p = beforeStarts[next]! + shift
            if (next === beforeCount) break
            if (octets[p]! <= 0x20) p = blanks(octets, p)
            continue
          }
          entry.isSteady = false
        }
        if (isLiteral(entry, octets, view, p, limit)) value = p + entry.length
      }
      if (value < 0) {
        // What stood behind the key before when that line was another one as well.
        const prior = isApart ? this.#keys[this.#count - 1] : before[next - 1]
        const guess = prior?.alternative
        if (guess !== undefined && guess !== null && isLiteral(guess, octets, view, p, limit)) {
          entry = guess
          value = p + guess.length
        } else {
          const found = keysKnown.find(octets, p)
          if (found === null) return this.#fail(keysKnown.reason, keysKnown.failedAt)
          entry = found
          value = p + keysKnown.length
          if (prior !== undefined) prior.alternative = found
        }
        if (!isApart) {
          isApart = true
          this.#part(next)
        }
        if (entry.place >= next && entry.place < beforeCount && before[entry.place] === entry) {
          next = entry.place + 1
        }
      } else if (!isApart) {
        beforeStarts[next] = p
        next++
      } else {
        next++
      }
      if (isApart) {
        if (entry!.line === line) {
          isTwice = true
          reader.again(entry!, row)
        }
        if (!this.#append(entry!, p)) return this.#fail('more than 1024 keys', p)
      }
      let end = reader.known(entry!, octets, value, row)
      if (end < 0) {
        end = reader.other(entry!, octets, value, row)
        if (end < 0) return this.#fail('a value is broken', value)
      }
      const flag = entry!.isNeverSteady ? NEVER_STEADY : entry!.stored === 0 ? 0 : 1
      if (isApart) this.#flags[this.#count - 1] = flag
      else flags[next - 1] = flag
      let octet = octets[end]!
      if (octet <= 0x20) {
        end = blanks(octets, end)
        octet = octets[end]!
      }
      p = end + 1
      if (octet === 0x2c) {
        if (octets[p]! <= 0x20) p = blanks(octets, p)
      } else if (octet === 0x7d) {
        break
      } else {
        return this.#fail(octet === 0x0a ? 'the line is cut' : 'a comma or brace is missing', end)
      }
    }
    if (isApart) this.#swap()
    else this.#beforeCount = next
    this.#beforeStarts[this.#beforeCount] = p
    this.#isBeforeThere = true
    this.#isOther = isApart || !isBeforeThere || next !== beforeCount
    this.#keptCount = this.#beforeCount
    const isLine = this.#finish(octets, row, this.#isOther)
    if (isTwice || keysKnown.isRivalNew) {
      keysKnown.isRivalNew = false
      // The next line finds its keys anew, so that none is taken for what it was in the other place.
      this.#isBeforeThere = false
      this.#beforeCount = 0
    }
    return isLine ? p : this.#fail('no key of a flow', p)
  }

  /** From here on the line has other keys than the line before: those read so far begin a new list. */
  #part(count: number): void {
    this.#count = 0
    for (let i = 0; i < count; i++) {
      this.#append(this.#before[i]!, this.#beforeStarts[i]!)
      this.#flags[i] = this.#beforeFlags[i]!
    }
  }

  #append(entry: KeyEntry, start: number): boolean {
    const count = this.#count
    if (count === MAX_MEMBERS) return false
    entry.line = this.#line
    this.#keys[count] = entry
    this.#starts[count] = start
    this.#count = count + 1
    return true
  }

  /** Copies keys of the line before up to `same` to the new list and their values to the row; returns the next one. */
  #copyApart(next: number, same: number, shift: number, row: number): number {
    const before = this.#before
    const starts = this.#beforeStarts
    while (next < this.#beforeCount && starts[next + 1]! <= same) {
      const entry = before[next]!
      if (entry.isNeverSteady || entry.line === this.#line) break
      if (!this.#append(entry, starts[next]! + shift)) break
      if (entry.stored !== 0) copyRow(entry, row)
      this.#flags[this.#count - 1] = this.#beforeFlags[next]!
      next++
    }
    return next
  }

  #swap(): void {
    const keys = this.#before
    const starts = this.#beforeStarts
    const flags = this.#beforeFlags
    this.#before = this.#keys
    this.#beforeStarts = this.#starts
    this.#beforeFlags = this.#flags
    this.#beforeCount = this.#count
    this.#keys = keys
    this.#starts = starts
    this.#flags = flags
  }

  /** Writes what the whole line tells; false where the line is no flow's. */
  #finish(octets: Uint8Array, row: number, isOther: boolean): boolean {
    const reader = this.#row
    const keys = this.#before
    const count = this.#beforeCount
    if (isOther) {
      let seen = 0
      let isFlow = false
      for (let i = 0; i < count; i++) {
        const entry = keys[i]!
        entry.place = i
        seen |= entry.state
        isFlow ||= entry.isOfFlow
      }
      if (!isFlow) return false
      if (count > this.#most.length) this.#most = keys.slice(0, count).map(({ shape }) => shape)
      reader.end.forget(seen)
    }
    const lost = reader.end.finish(reader.batch, reader.serial, row)
    if (lost === 0) return true
    for (let i = 0; i < count; i++) {
      const entry = keys[i]!
      if ((entry.state & lost) === 0) continue
      let p = this.#beforeStarts[i]!
      // Past the key; what it holds was read before.
      for (p++; octets[p] !== 0x22; p++) if (octets[p] === 0x5c) p++
      p = blanks(octets, p + 1)
      const { stored, column } = entry
      reader.keepWritten(entry, octets, blanks(octets, p + 1), row)
      entry.stored = stored
      entry.column = column
    }
    return true
  }

  #fail(reason: string, at: number): -1 {
    this.reason = reason
    this.failedAt = at
    return -1
  }
}

/** `"type":`, as goflow2's default lines begin. */
const FIRST_KEY = Uint8Array.from('"type":', (c) => c.charCodeAt(0))
