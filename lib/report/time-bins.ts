import { exactPart } from './exact-part.ts'
import { VECTOR_ROWS } from './kernels.ts'
import type { Allocation } from './query.ts'
import type { TimeSpans } from './time-spans.ts'

/** What a window and its bins make of rows: a row stands once for each bin that it has a part in. */
export interface Shares {
  count: number
  readonly rows: Uint32Array
  readonly bins: Uint32Array
  readonly octets: BigUint64Array
  readonly packets: BigUint64Array
  /** 1 in the first bin of a flow, else 0: a flow counts once. */
  readonly flows: BigUint64Array
}

/** Where the borders lie, in nanoseconds after the base of the spans; infinite where there is none. */
export interface BinGrid {
  readonly from: number
  readonly to: number
  /** Infinite: one bin. Else the base is the border of a bin, whose number is `baseBin`. */
  readonly binNs: number
  readonly baseBin: number
  readonly allocation: Allocation
  /** Flows last no longer. */
  readonly mostNs: number
}

const MOST_EXACT = 2 ** 53

function newShares(): Shares {
  return {
    count: 0,
    rows: new Uint32Array(VECTOR_ROWS),
    bins: new Uint32Array(VECTOR_ROWS),
    octets: new BigUint64Array(VECTOR_ROWS),
    packets: new BigUint64Array(VECTOR_ROWS),
    flows: new BigUint64Array(VECTOR_ROWS),
  }
}

/**
 * Deals the counters of flows into bins. Volume up to time t of a flow is floor(total * (t - start) / (end - start)),
 * so that the parts in all bins add up to the total; a flow that lasted no time is in the bin of that moment. A flow
 * counts as a flow once, in the first bin of the window that it has a part in.
 */
export class BinDealer {
  /** Flows that a border of the window cut, and rows without time, since the dealer was made. */
  cut = 0
  untimed = 0
  counted = 0
  readonly #shares = newShares()
  readonly #take: (shares: Shares) => void
  #octets: BigUint64Array = new BigUint64Array(0)
  #packets: BigUint64Array = new BigUint64Array(0)
  #octetWords: Uint32Array = new Uint32Array(0)
  #packetWords: Uint32Array = new Uint32Array(0)

  /** `take` gets shares in vectors; the memory is used again. */
  constructor(take: (shares: Shares) => void) {
    this.#take = take
  }

  /** Deals `count` rows of `selection`. */
  deal(
    selection: Uint32Array,
    count: number,
    spans: TimeSpans,
    counters: { readonly octets: BigUint64Array; readonly packets: BigUint64Array },
    grid: BinGrid,
  ): void {
    this.#octets = counters.octets
    this.#packets = counters.packets
    this.#octetWords = wordsOf(counters.octets)
    this.#packetWords = wordsOf(counters.packets)
    const { starts, ends } = spans
    const { from, to, binNs, baseBin, allocation, mostNs } = grid
    for (let i = 0; i < count; i++) {
      const row = selection[i]!
      const end = ends[row]!
      let start = starts[row]!
      if (end - start > mostNs) start = end - mostNs
      if (start >= from && end < to) {
        const first = Math.floor(start / binNs)
        const border = (first + 1) * binNs
        // Most flows lie within one bin.
        if (end < border || (end === border && allocation !== 'end' && end > start)) {
          this.#add(row, baseBin + first, 1n)
          this.counted++
          continue
        }
      } else if (Number.isNaN(start)) {
        this.untimed++
        continue
      }
      if (!this.#dealRow(row, start, end, grid)) continue
      this.counted++
      if (start < from || end > to) this.cut++
    }
    this.#flush()
  }

  /** False if the window holds no part of the row. */
  #dealRow(row: number, start: number, end: number, grid: BinGrid): boolean {
    const { from, to, binNs, baseBin, allocation } = grid
    const isPoint = end <= start
    if (allocation === 'start' || allocation === 'end' || isPoint) {
      const at = allocation === 'end' ? end : start
      if (at < from || at >= to) return false
      this.#add(row, baseBin + Math.floor(at / binNs), 1n)
      return true
    }
    if (start >= to || end <= from) return false
    const first = Math.floor(start / binNs)
    const last = Math.max(first, Math.ceil(end / binNs) - 1)
    if (allocation === 'min') {
      if (first !== last || start < from || end > to) return false
      this.#add(row, baseBin + first, 1n)
      return true
    }
    const low = Math.max(first, Math.floor(Math.max(start, from) / binNs))
    const high = Math.min(last, Math.max(low, Math.ceil(Math.min(end, to) / binNs) - 1))
    if (allocation === 'max') {
      for (let bin = low; bin <= high; bin++) this.#add(row, baseBin + bin, bin === low ? 1n : 0n)
      return true
    }
    // In proportion to nanoseconds, or to bins touched.
    const isUniform = allocation === 'uniform'
    const whole = isUniform ? last - first + 1 : end - start
    let octetsDone = 0n
    let packetsDone = 0n
    const begin = isUniform ? low - first : Math.max(start, from) - start
    if (begin > 0) {
      octetsDone = this.#upTo(this.#octets[row]!, this.#octetWords, row, begin, whole)
      packetsDone = this.#upTo(this.#packets[row]!, this.#packetWords, row, begin, whole)
    }
    for (let bin = low; bin <= high; bin++) {
      const until = isUniform ? bin - first + 1 : Math.min((bin + 1) * binNs, end, to) - start
      const octets = this.#upTo(this.#octets[row]!, this.#octetWords, row, until, whole)
      const packets = this.#upTo(this.#packets[row]!, this.#packetWords, row, until, whole)
      const at = this.#place(row, baseBin + bin)
      this.#shares.octets[at] = octets - octetsDone
      this.#shares.packets[at] = packets - packetsDone
      this.#shares.flows[at] = bin === low ? 1n : 0n
      octetsDone = octets
      packetsDone = packets
    }
    return true
  }

  /** The volume of a row up to `part` of `whole`. */
  #upTo(total: bigint, words: Uint32Array, row: number, part: number, whole: number): bigint {
    if (part >= whole) return total
    const approximate = words[row * 2 + 1]! * 4294967296 + words[row * 2]!
    if (approximate < MOST_EXACT && whole < MOST_EXACT) return BigInt(exactPart(approximate, part, whole))
    return (total * BigInt(part)) / BigInt(whole)
  }

  #add(row: number, bin: number, flows: bigint): void {
    const at = this.#place(row, bin)
    this.#shares.octets[at] = this.#octets[row]!
    this.#shares.packets[at] = this.#packets[row]!
    this.#shares.flows[at] = flows
  }

  #place(row: number, bin: number): number {
    const shares = this.#shares
    if (shares.count === VECTOR_ROWS) this.#flush()
    const at = shares.count++
    shares.rows[at] = row
    shares.bins[at] = bin
    return at
  }

  #flush(): void {
    if (this.#shares.count > 0) this.#take(this.#shares)
    this.#shares.count = 0
  }
}

function wordsOf(values: BigUint64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2)
}
