import { isIpv4 } from '../bytes/address.ts'

/** Where values change: `values[i]` holds from `starts[i]` to the next start; 0 is nothing. Ascending, no start twice. */
export interface FamilyRanges {
  /** One word per start for IPv4, four for IPv6. */
  readonly starts: Uint32Array
  readonly values: Uint32Array
}

const NONE = new Uint32Array(0)

/** For each upper half of a first word, how many starts lie below it; searches begin there. */
function firstHalves(starts: Uint32Array, stride: number): Uint32Array {
  const index = new Uint32Array(65_537)
  const count = starts.length / stride
  let next = 0
  for (let half = 0; half < 65_536; half++) {
    while (next < count && starts[next * stride]! >>> 16 < half) next++
    index[half] = next
  }
  index[65_536] = count
  return index
}

/** The values with the one in front that holds before the first start. */
function withNothingFirst(values: Uint32Array): Uint32Array {
  const all = new Uint32Array(values.length + 1)
  all.set(values, 1)
  return all
}

/** One number for each address: sorted starts of ranges for either family, found by binary search. */
export class RangeTable {
  readonly #starts4: Uint32Array
  readonly #values4: Uint32Array
  readonly #index4: Uint32Array
  #starts6: Uint32Array = NONE
  #values6: Uint32Array = NONE
  #index6: Uint32Array = NONE
  /** What makes the IPv6 ranges, until the first address of that family is looked up. */
  #later6: (() => FamilyRanges) | null

  /** IPv6 ranges may be made later: many tables are never asked for them. */
  constructor(v4: FamilyRanges, v6: () => FamilyRanges) {
    this.#starts4 = v4.starts
    this.#values4 = withNothingFirst(v4.values)
    this.#index4 = firstHalves(v4.starts, 1)
    this.#later6 = v6
  }

  /** The value that holds for the address at `at` (four words, IPv4 mapped), or 0. */
  find(words: Uint32Array, at: number): number {
    return isIpv4(words, at) ? this.#find4(words[at + 3]!) : this.#find6(words, at)
  }

  /** `find` for addresses `from` to `to`, into the same places of `out`. */
  fill(words: Uint32Array, from: number, to: number, out: Uint32Array): void {
    for (let i = from; i < to; i++) out[i] = this.find(words, i * 4)
  }

  #find4(word: number): number {
    const starts = this.#starts4
    const half = word >>> 16
    let low = this.#index4[half]!
    let high = this.#index4[half + 1]!
    while (low < high) {
      const middle = (low + high) >>> 1
      if (starts[middle]! <= word) low = middle + 1
      else high = middle
    }
    return this.#values4[low]!
  }

  #take6(ranges: FamilyRanges): void {
    this.#starts6 = ranges.starts
    this.#values6 = withNothingFirst(ranges.values)
    this.#index6 = firstHalves(ranges.starts, 4)
    this.#later6 = null
  }

  #find6(words: Uint32Array, at: number): number {
    if (this.#later6 !== null) this.#take6(this.#later6())
    const starts = this.#starts6
    const a = words[at]!
    const b = words[at + 1]!
    const half = a >>> 16
    let low = this.#index6[half]!
    let high = this.#index6[half + 1]!
    while (low < high) {
      const middle = (low + high) >>> 1
      const start = middle * 4
      const x = starts[start]!
      const y = starts[start + 1]!
      const isBefore = x < a || (x === a && (y < b || (y === b && isLowerHalfUpTo(starts, start, words, at))))
      if (isBefore) low = middle + 1
      else high = middle
    }
    return this.#values6[low]!
  }
}

function isLowerHalfUpTo(starts: Uint32Array, start: number, words: Uint32Array, at: number): boolean {
  const x = starts[start + 2]!
  const y = words[at + 2]!
  return x < y || (x === y && starts[start + 3]! <= words[at + 3]!)
}
