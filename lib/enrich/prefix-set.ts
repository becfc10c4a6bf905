import { isIpv4 } from '../bytes/address.ts'
import { type FamilyRanges, RangeTable } from './range-table.ts'

/** Prefixes of one family as they are gathered. */
class Family {
  readonly stride: 1 | 4
  count = 0
  /** The values of the first two equal prefixes that were met. */
  duplicate: readonly [number, number] | null = null
  /** `stride` words each; host bits are zero. */
  starts: Uint32Array
  lengths = new Uint8Array(64)
  values = new Uint32Array(64)

  constructor(stride: 1 | 4) {
    this.stride = stride
    this.starts = new Uint32Array(64 * stride)
  }

  add(words: Uint32Array, length: number, value: number): void {
    if (this.count === this.lengths.length) this.#grow()
    const { stride, starts, count } = this
    for (let i = 0; i < stride; i++) {
      const mask = maskOf(length - i * 32)
      starts[count * stride + i] = words[words.length - stride + i]! & mask
    }
    this.lengths[count] = length
    this.values[count] = value
    this.count++
  }

  #grow(): void {
    const room = this.count * 2
    const starts = new Uint32Array(room * this.stride)
    starts.set(this.starts)
    this.starts = starts
    const lengths = new Uint8Array(room)
    lengths.set(this.lengths)
    this.lengths = lengths
    const values = new Uint32Array(room)
    values.set(this.values)
    this.values = values
  }
}

/** The upper `bits` bits of a word; all for more than 32, none for less than 1. */
function maskOf(bits: number): number {
  if (bits <= 0) return 0
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0
}

/** Below zero where `a` comes before `b`. */
function compareWords(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number, stride: number): number {
  for (let i = 0; i < stride; i++) {
    const difference = a[aAt + i]! - b[bAt + i]!
    if (difference !== 0) return difference
  }
  return 0
}

/** Prefixes with a number each; the longest that holds an address decides, and of equal ones the last. */
export class PrefixSet {
  readonly #v4 = new Family(1)
  readonly #v6 = new Family(4)

  get size(): number {
    return this.#v4.count + this.#v6.count
  }

  /** After `toTable`, the values of two equal prefixes if there are any, in order of addition. */
  get duplicate(): readonly [number, number] | null {
    return this.#v4.duplicate ?? this.#v6.duplicate
  }

  /** Adds the first `bits` of four words, as in a Network; an IPv6 prefix holds no IPv4 address. */
  add(words: Uint32Array, bits: number, value: number): void {
    if (bits >= 96 && isIpv4(words, 0)) this.#v4.add(words, bits - 96, value)
    else this.#v6.add(words, bits, value)
  }

  /** The table that finds the longest prefix. */
  toTable(): RangeTable {
    // Both now: duplicates are found on the way.
    const v6 = flatten(this.#v6)
    return new RangeTable(flatten(this.#v4), () => v6)
  }
}

/** The order by start, then length, then addition. */
function orderOf(family: Family): Uint32Array {
  const { count, stride, starts, lengths } = family
  const compare = (a: number, b: number): number =>
    compareWords(starts, a * stride, starts, b * stride, stride) || lengths[a]! - lengths[b]! || a - b
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  let isSorted = true
  for (let i = 1; i < count && isSorted; i++) isSorted = compare(i - 1, i) < 0
  if (isSorted) return order
  if (stride === 4 || count >= 1 << 26) return order.sort(compare)
  // Start, length and place fit into 64 bits, and those sort without a callback.
  const keys = new BigUint64Array(count)
  const halves = new Uint32Array(keys.buffer)
  for (let i = 0; i < count; i++) {
    halves[i * 2] = lengths[i]! * 0x4000000 + i
    halves[i * 2 + 1] = starts[i]!
  }
  keys.sort()
  for (let i = 0; i < count; i++) order[i] = halves[i * 2]! & 0x3ffffff
  return order
}

/** Cuts nested prefixes into ranges: a sweep with the prefixes that are open on a stack. */
function flatten(family: Family): FamilyRanges {
  const { count, stride, starts, lengths, values } = family
  const order = orderOf(family)
  const out = new Uint32Array(count * 2 * stride)
  const outValues = new Uint32Array(count * 2)
  let used = 0
  const emit = (from: Uint32Array, at: number, value: number): void => {
    // The same start again: the inner prefix, or what follows an end, decides.
    if (used > 0 && compareWords(out, (used - 1) * stride, from, at, stride) === 0) used--
    const before = used > 0 ? outValues[used - 1]! : 0
    if (before === value) return
    for (let i = 0; i < stride; i++) out[used * stride + i] = from[at + i]!
    outValues[used] = value
    used++
  }
  // One prefix can hold at most 128 others that hold each other, and as many equal ones as there are.
  const open: number[] = []
  const end = new Uint32Array(stride)
  const close = (): void => {
    const index = open.pop()!
    const value = open.length > 0 ? values[open[open.length - 1]!]! : 0
    if (afterPrefix(family, index, end)) emit(end, 0, value)
  }
  for (let n = 0; n < count; n++) {
    const index = order[n]!
    const at = index * stride
    while (open.length > 0) {
      const top = open[open.length - 1]!
      if (afterPrefix(family, top, end) && compareWords(end, 0, starts, at, stride) <= 0) close()
      // Of equal prefixes the later replaces the earlier.
      else if (lengths[top] === lengths[index]) {
        family.duplicate ??= [values[top]!, values[index]!]
        open.pop()
      } else break
    }
    open.push(index)
    emit(starts, at, values[index]!)
  }
  while (open.length > 0) close()
  return { starts: out.slice(0, used * stride), values: outValues.slice(0, used) }
}

/** Puts the first address after the prefix into `out`; false where there is none. */
function afterPrefix(family: Family, index: number, out: Uint32Array): boolean {
  const { stride, starts, lengths } = family
  let carry = 1
  for (let i = stride - 1; i >= 0; i--) {
    const sum = (starts[index * stride + i]! | ~maskOf(lengths[index]! - i * 32)) >>> 0
    out[i] = sum + carry
    carry = carry === 1 && sum === 0xffffffff ? 1 : 0
  }
  return carry === 0
}
