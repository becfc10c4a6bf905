import type { KeyEntry } from './key-entry.ts'
import { OP } from './known-keys.ts'
import { LineClass } from './line-class.ts'
import type { Slot } from './line-slot.ts'
import type { RowEnd } from './row-end.ts'
import { TextMemo } from './text-memo.ts'
import { addressKind, nameKind, numberKind, otherKind, ZERO } from './value-kind.ts'

/** Classes of one template that are remembered; a power of two. */
const MOST = 1024

/** Keys whose printed value takes more than their own value and the kinds of others. */
const JOINT: ReadonlySet<number> = new Set([OP.icmpName, OP.seconds, OP.milliseconds, OP.skipped])
const NAMED: ReadonlySet<number> = new Set([OP.type, OP.etype, OP.proto])
/** Keys that are kept as they stand, in a form that their text alone tells. */
const VERBATIM: ReadonlySet<number> = new Set([OP.extra, OP.captured])

/**
 * The classes of one template's lines. A value has a kind (`value-kind.ts`) only if it is written as a printer writes
 * it, and the kind says all of it that the print of another key may depend on: whether it is zero or absent, which name
 * or address family it is.
 */
export class LineClasses {
  readonly #slots: readonly Slot[]
  /** Of each slot its key's op, the octets before it, and the texts of its names. */
  readonly #ops: Uint8Array
  readonly #before: Uint32Array
  readonly #memos: readonly (TextMemo | null)[]
  /** The kind of each slot's value in the line that was asked for last. */
  readonly #kinds: Uint16Array
  /** Four kinds each. */
  readonly #words: BigUint64Array
  readonly #found: (LineClass | null)[] = new Array<LineClass | null>(MOST).fill(null)

  /** Null where nothing can be told of the template's lines. */
  static of(keys: readonly KeyEntry[], slots: readonly Slot[]): LineClasses | null {
    if (new Set(keys).size < keys.length || keys.some(({ op }) => JOINT.has(op))) return null
    return slots.some(({ entry }) => VERBATIM.has(entry.op)) ? null : new LineClasses(slots)
  }

  private constructor(slots: readonly Slot[]) {
    this.#slots = slots
    this.#ops = Uint8Array.from(slots, ({ entry }) => entry.op)
    this.#before = Uint32Array.from(slots, ({ octets }) => octets)
    this.#memos = slots.map(({ entry }) => (NAMED.has(entry.op) ? new TextMemo() : null))
    this.#words = new BigUint64Array((slots.length + 3) >> 2)
    this.#kinds = new Uint16Array(this.#words.buffer, 0, slots.length)
  }

  /**
   * The class of the line at `start` that was just read into `row`; null where a value has no kind. Its values end at
   * `ends`, counted from there; the first `repeated` ones are those of the line that was asked for before.
   */
  find(
    octets: Uint8Array,
    view: DataView,
    start: number,
    ends: Int32Array,
    repeated: number,
    end: RowEnd,
    row: number,
  ): LineClass | null {
    const kinds = this.#kinds
    const ops = this.#ops
    const before = this.#before
    let hasKinds = true
    let hash = 0
    let to = start
    for (let k = 0; k < ops.length; k++) {
      if (k >= repeated) {
        const from = to + before[k]!
        to = start + ends[k]!
        switch (ops[k]) {
          case 1: // u64
          case 2: // u32
          case 3: // u16
          case 4: // u8
          case 16: // icmpType
          case 17: // icmpCode
          case 18: // vlanId
          case 20: // time
          case 23: // interface
            kinds[k] = numberKind(octets, from, to)
            break
          case 5: // address
            kinds[k] =
              to - from === 2 ? ZERO : addressKind(octets, from + 1, to - 1, this.#slots[k]!.u32, row * 4)
            break
          case 8: // type
            kinds[k] = this.#nameKind(k, octets, view, from, to, end.type)
            break
          case 9: // etype
            kinds[k] = this.#nameKind(k, octets, view, from, to, end.etype)
            break
          case 10: // proto
            kinds[k] = this.#nameKind(k, octets, view, from, to, this.#slots[k]!.u8[row]!)
            break
          default:
            kinds[k] = otherKind(this.#slots[k]!.entry, octets, from, to, end)
        }
      } else {
        to = start + ends[k]!
      }
      const kind = kinds[k]!
      hash = Math.imul(hash ^ kind, 0x01000193)
      if (kind === 0) hasKinds = false
    }
    if (!hasKinds) return null
    const place = (hash ^ (hash >>> 15)) & (MOST - 1)
    const found = this.#found[place]!
    if (found !== null && this.#isThat(found)) return found
    const made = new LineClass(this.#words.slice())
    this.#found[place] = made
    return made
  }

  #nameKind(
    slot: number,
    octets: Uint8Array,
    view: DataView,
    from: number,
    to: number,
    value: number,
  ): number {
    const memo = this.#memos[slot]!
    const place = memo.find(view, from)
    if (place >= 0) return memo.values[place]!
    const kind = nameKind(this.#ops[slot]!, octets, from, to, value)
    memo.add(octets, from, to, kind)
    return kind
  }

  #isThat({ kinds }: LineClass): boolean {
    const words = this.#words
    for (let i = 0; i < words.length; i++) if (words[i] !== kinds[i]) return false
    return true
  }
}
