import type { FlowBatch } from '../../flow/batch.ts'
import { CommonText, plainEnd } from './common-text.ts'
import type { KeyEntry } from './key-entry.ts'
import { OP } from './known-keys.ts'
import type { LineClass } from './line-class.ts'
import { LineClasses } from './line-classes.ts'
import { type Constant, repeat, wordsLeft } from './line-constants.ts'
import { bindSlot, COPIED, copySlot, type Slot, UNBOUND } from './line-slot.ts'
import { LOOK_AHEAD } from './octet-scan.ts'
import type { RowEndState } from './row-end.ts'
import type { RowReader } from './row-reader.ts'
import { TextMemo } from './text-memo.ts'

/** Keys whose values are expected to differ from line to line; that others do is learnt when they first do. */
const CHANGING: ReadonlySet<number> = new Set([OP.u64, OP.time, OP.address])
/** Keys whose values stand in quotes, and those of them that are names of a few numbers. */
const NAMED: ReadonlySet<number> = new Set([OP.type, OP.etype, OP.proto])
const QUOTED: ReadonlySet<number> = new Set([...NAMED, OP.address])
/** Up to this STORED kinds are numbers and addresses, which a constant can have. */
const MOST_STORED = 5

/** One line that a reader has read key by key. */
export interface ReadLine {
  readonly octets: Uint8Array
  readonly keys: readonly KeyEntry[]
  /** Where each key begins. */
  readonly starts: Int32Array
  readonly from: number
  /** One past the closing brace. */
  readonly to: number
  readonly row: number
}

/**
 * Lines that have one order of keys and many of their values in common, as the lines of one log have: what is common is
 * compared by eight octets at a time, and only the values between are read. A line that looks otherwise is refused, and
 * read key by key; what it left in its row until then is what that leaves there too.
 */
export class LineTemplate {
  readonly keys: readonly KeyEntry[]
  readonly #reader: RowReader
  readonly #slots: Slot[] = []
  readonly #constants: Constant[] = []
  readonly #common = new CommonText()
  readonly #tailFrom: number
  readonly #tailOctets: number
  readonly #state: RowEndState
  #serial = -1
  /** Where the line before began, -1 where that is not known, and where the value of each slot ended, counted from there. */
  #start = -1
  readonly #ends: Int32Array
  /** For each slot the state bits of it and of all keys before it. */
  readonly #states: Int32Array
  #sharedWith: LineTemplate | null = null
  #sharedSlots = 0
  /** Slots that may be the same as in the line before. */
  readonly #head: number
  /** What the last line that was read looks like; null where that is not asked, or tells nothing of its text. */
  lineClass: LineClass | null = null
  readonly #classes: LineClasses | null
  /** Where the last line that was refused differed: in the octets before a slot. */
  #failedSlot = -1
  #failedAt = 0

  /** Null where the line has blanks, or two keys that fill one column. */
  static of(
    reader: RowReader,
    line: ReadLine,
    changing: ReadonlySet<KeyEntry>,
    isClassed: boolean,
  ): LineTemplate | null {
    const { octets, keys, starts, to } = line
    if (octets[to - 1] !== 0x7d) return null
    for (let i = 0; i < keys.length; i++) {
      const { isNeverSteady, literal } = keys[i]!
      const start = starts[i]!
      if (isNeverSteady || octets[start - 1] !== (i === 0 ? 0x7b : 0x2c)) return null
      for (let k = 0; k < literal.length; k++) if (octets[start + k] !== literal[k]) return null
      if (octets[start + literal.length]! <= 0x20) return null
      const end = i + 1 < keys.length ? starts[i + 1]! - 1 : to - 1
      if (octets[end - 1]! <= 0x20) return null
    }
    return new LineTemplate(reader, line, changing, isClassed)
  }

  private constructor(
    reader: RowReader,
    line: ReadLine,
    changing: ReadonlySet<KeyEntry>,
    isClassed: boolean,
  ) {
    const { octets, keys, starts, from, to, row } = line
    this.#reader = reader
    this.keys = keys
    let literalFrom = from
    let bits = 0
    const states: number[] = []
    for (let i = 0; i < keys.length; i++) {
      const entry = keys[i]!
      bits |= entry.state
      const value = starts[i]! + entry.length
      const isVariable = entry.stored > MOST_STORED
      const isQuoted = octets[value] === 0x22
      const isOdd = entry.op !== OP.skipped && (isVariable || isQuoted !== QUOTED.has(entry.op))
      if (!CHANGING.has(entry.op) && !changing.has(entry) && !isVariable) {
        const at = this.#common.used + value - literalFrom
        const end = i + 1 < keys.length ? starts[i + 1]! - 1 : to - 1
        const words = wordsLeft(entry, row)
        this.#constants.push({ entry, from: at, to: at + end - value, stored: entry.stored, words })
        continue
      }
      states.push(bits)
      const length = value - literalFrom
      this.#slots.push({
        entry,
        op: isOdd ? OP.extra : entry.op,
        from: this.#common.append(octets, literalFrom, value),
        octets: length,
        isZeroKept: entry.isZeroKept,
        memo: NAMED.has(entry.op) ? new TextMemo() : null,
        ...UNBOUND,
      })
      literalFrom = i + 1 < keys.length ? starts[i + 1]! - 1 : to - 1
    }
    this.#tailOctets = to - literalFrom
    this.#tailFrom = this.#common.append(octets, literalFrom, to)
    this.#state = reader.end.state()
    this.#states = Int32Array.from(states)
    this.#ends = new Int32Array(this.#slots.length)
    const head = this.#slots.findIndex(({ op }) => !COPIED.has(op))
    this.#head = head < 0 ? this.#slots.length : head
    this.#classes = isClassed ? LineClasses.of(keys, this.#slots) : null
  }

  /**
   * Reads the object at `p`, as ObjectReader.read; returns where it ends, or -1 where it is none of these lines.
   * `isNext`: the row before was read by this template. `tried` is one that just refused the line; what both begin with is
   * not read twice.
   */
  read(
    octets: Uint8Array,
    view: DataView,
    p: number,
    limit: number,
    row: number,
    isNext: boolean,
    tried: LineTemplate | null,
  ): number {
    const reader = this.#reader
    const { scan, end } = reader
    const slots = this.#slots
    const common = this.#common
    if (reader.serial !== this.#serial) this.#bind(reader.batch, reader.serial)
    const last = Math.min(limit, view.byteLength - LOOK_AHEAD)
    const start = p
    const ends = this.#ends
    let k = tried === null ? 0 : this.#shared(tried)
    if (!isNext) end.restore(this.#state, k === 0 ? 0 : this.#states[k - 1]!)
    if (k > 0) ends.set(tried!.#ends.subarray(0, k))
    else if (isNext && this.#start >= 0) k = this.#sameHead(view, p, last, row)
    const repeated = tried === null ? k : 0
    if (k > 0) p = start + ends[k - 1]!
    // Until this line is read its row is none to copy from.
    this.#start = -1
    for (; k < slots.length; k++) {
      const slot = slots[k]!
      const after = p + slot.octets
      if (after > last || !common.isAt(octets, view, p, slot.from, slot.octets)) return this.#fail(k, p)
      p = after
      const at = p
      switch (slot.op) {
        case 1: // u64
        case 20: {
          // time
          p = scan.number(octets, view, p)
          if (p < 0) return this.#other()
          const { low, high } = scan
          if ((low | high) === 0 && !slot.isZeroKept) break
          slot.u32[row * 2] = low
          slot.u32[row * 2 + 1] = high
          slot.present[row] = 1
          break
        }
        case 2: // u32
        case 3: // u16
        case 4: // u8
        case 16: // icmpType
        case 17: // icmpCode
        case 18: // vlanId
        case 23: // interface
          p = scan.number(octets, view, p)
          if (p < 0 || scan.high !== 0 || !this.#number(slot, scan.low >>> 0, row)) return this.#other()
          break
        case 5: // address
          if (octets[p] === 0x22 && octets[p + 1] === 0x22) {
            end.mapped &= ~slot.entry.state
            p += 2
            break
          }
          if (octets[p] !== 0x22) return this.#other()
          p = scan.address(octets, p + 1)
          if (p < 0 || octets[p] !== 0x22) return this.#other()
          this.#address(slot, row)
          p++
          break
        case 8: // type
        case 9: // etype
        case 10: {
          // proto
          const memo = slot.memo!
          const place = memo.find(view, p)
          if (place < 0) {
            p = reader.known(slot.entry, octets, p, row)
            if (p < 0) return this.#other()
            const value = slot.op === 8 ? end.type : slot.op === 9 ? end.etype : slot.u8[row]!
            memo.add(octets, at, p, value)
            break
          }
          p += memo.lengths[place]!
          const value = memo.values[place]!
          if (slot.op === 8) {
            end.type = value
          } else if (slot.op === 9) {
            end.etype = value
          } else {
            slot.u8[row] = value
            slot.present[row] = 1
          }
          break
        }
        default:
          if (slot.op === OP.skipped) {
            p = plainEnd(octets, p)
            if (p >= 0) break
            p = at
          }
          p = reader.known(slot.entry, octets, p, row)
          if (p < 0) {
            p = reader.other(slot.entry, octets, at, row)
            if (p < 0) return this.#other()
          }
      }
      ends[k] = p - start
    }
    const tail = this.#tailOctets
    if (p + tail > limit || !common.isAt(octets, view, p, this.#tailFrom, tail))
      return this.#fail(slots.length, p)
    repeat(this.#constants, row)
    if (end.finish(reader.batch, reader.serial, row) !== 0) return this.#other()
    this.#start = start
    if (this.#classes !== null)
      this.lineClass = this.#classes.find(octets, view, start, ends, repeated, end, row)
    return p + tail
  }

  /** How many slots both templates begin with that the other one has read in the line that it refused. */
  #shared(tried: LineTemplate): number {
    if (tried.#failedSlot <= 0) return 0
    if (this.#sharedWith !== tried) {
      this.#sharedWith = tried
      let count = 0
      for (const [k, slot] of this.#slots.entries()) {
        const other = tried.#slots[k]
        if (other === undefined || other.entry !== slot.entry || other.op !== slot.op) break
        if (other.octets !== slot.octets || !this.#common.isEqual(slot, tried.#common, other)) break
        count++
      }
      this.#sharedSlots = count
    }
    return Math.min(this.#sharedSlots, tried.#failedSlot)
  }

  /** The octets of the line before are no longer there. */
  forgetOctets(): void {
    this.#start = -1
  }

  /**
   * Flows of one datagram have its time, number and exporter in common: copies what comes first and is the same as in the
   * line before. Returns how many slots that are.
   */
  #sameHead(view: DataView, p: number, last: number, row: number): number {
    const ends = this.#ends
    const shift = p - this.#start
    const head = this.#head
    if (head === 0 || p + ends[head - 1]! + 8 > last) return 0
    let q = p
    const to = p + ends[head - 1]!
    while (q <= to && view.getBigUint64(q, true) === view.getBigUint64(q - shift, true)) q += 8
    // Of the octets that differ some may still be the same: that is not looked at.
    const same = q - p
    let k = 0
    while (k < head && ends[k]! < same) copySlot(this.#slots[k++]!, row)
    return k
  }

  /** Stores a number of at most 32 bits; false where its column cannot hold it. */
  #number(slot: Slot, value: number, row: number): boolean {
    const { end } = this.#reader
    switch (slot.op) {
      case 2: // u32
        if (value === 0 && !slot.isZeroKept) return true
        slot.u32[row] = value
        break
      case 3: // u16
        if (value > 0xffff) return false
        if (value === 0 && !slot.isZeroKept) return true
        slot.u16[row] = value
        break
      case 4: // u8
        if (value > 0xff) return false
        if (value === 0 && !slot.isZeroKept) return true
        slot.u8[row] = value
        break
      case 16: // icmpType
        end.icmpType = value
        return value <= 0xff
      case 17: // icmpCode
        end.icmpCode = value
        return value <= 0xff
      case 18: // vlanId
        end.vlanId = value
        return value <= 0xffff
      default: // interface
        if (slot.entry.state === 256) end.ingress = value
        else end.egress = value
        return true
    }
    slot.present[row] = 1
    return true
  }

  #address(slot: Slot, row: number): void {
    const { scan, end } = this.#reader
    const { words } = scan
    const { u32 } = slot
    const to = row * 4
    u32[to] = words[0]!
    u32[to + 1] = words[1]!
    u32[to + 2] = words[2]!
    u32[to + 3] = words[3]!
    slot.present[row] = 1
    if (scan.isMapped) end.mapped |= slot.entry.state
    else end.mapped &= ~slot.entry.state
  }

  #bind(batch: FlowBatch, serial: number): void {
    this.#serial = serial
    // The first row of a batch has none before it.
    this.#start = -1
    for (const { entry, stored } of this.#constants) if (stored !== 0) entry.bind(batch, serial)
    for (const slot of this.#slots) bindSlot(slot, batch, serial)
  }

  #fail(slot: number, at: number): -1 {
    this.#failedSlot = slot
    this.#failedAt = at
    return -1
  }

  /** The value of a slot is of another kind, which teaches nothing. */
  #other(): -1 {
    this.#failedSlot = -1
    return -1
  }

  /** The key whose value differed in the line that was just refused; null where it was another thing. */
  changed(octets: Uint8Array): KeyEntry | null {
    if (this.#failedSlot < 0) return null
    const slot = this.#slots[this.#failedSlot]
    const [from, length] = slot === undefined ? [this.#tailFrom, this.#tailOctets] : [slot.from, slot.octets]
    const at = from + this.#common.countSame(octets, this.#failedAt, from, length)
    // A value may go on where this one ends.
    const constant = this.#constants.find((each) => at >= each.from && at <= each.to)
    return constant?.entry ?? null
  }
}
