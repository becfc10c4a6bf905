import { exactPart } from './exact-part.ts'
import { VECTOR_ROWS } from './kernels.ts'
import { gatherNarrow, gatherPairs, type LaneValues, wordsOfWide } from './lane-kernels.ts'
import type { Allocation } from './query.ts'
import type { TimeSpans } from './time-spans.ts'

/** What a window and its bins make of rows: a row stands once for each bin that it has a part in. */
export interface Shares {
  count: number
  readonly rows: Uint32Array
  readonly bins: Uint32Array
  /** Whether no row was cut into parts: counters are then those of the rows. */
  isWhole: boolean
  /** Parts, where not `isWhole`. */
  octets: LaneValues
  packets: LaneValues
  /** 1 in the first bin of a flow, else 0: a flow counts once. Null: all are 1. */
  flows: Uint32Array | null
}

/** Counters by row; null for what nobody asks for. */
export interface DealtCounters {
  readonly octets: LaneValues | null
  readonly packets: LaneValues | null
}

/** Where the borders lie, in nanoseconds after the base of the spans; infinite where there is none. */
export interface BinGrid {
  readonly from: number
  readonly to: number
  /** Infinite: one bin. Else the base is the border of a bin, whose number is `baseBin`. */
  readonly binNs: number
  readonly baseBin: number
  /**
   * Where bins are not equally long: when each begins, ascending, that of the first bin `baseBin`; no flow lies outside of
   * them. Null: all last `binNs`.
   */
  readonly borders: Float64Array | null
  readonly allocation: Allocation
  /** Flows last no longer. */
  readonly mostNs: number
}

const MOST_EXACT = 2 ** 53
const LIMIT = 2 ** 32
const NOTHING = new Uint32Array(0)

/** One counter of the rows that are dealt, and the parts of it in a vector of shares. */
class DealtCounter {
  readonly #narrow = new Uint32Array(VECTOR_ROWS)
  readonly #wide = new BigUint64Array(VECTOR_ROWS)
  readonly #wideWords = wordsOfWide(this.#wide)
  readonly #parts = new BigUint64Array(VECTOR_ROWS)
  readonly #partWords = wordsOfWide(this.#parts)
  #values: LaneValues = NOTHING
  #words: Uint32Array = NOTHING
  #isNarrow = true

  enter(values: LaneValues | null): void {
    this.#values = values ?? NOTHING
    this.#isNarrow = values === null || values instanceof Uint32Array
    this.#words = this.#values instanceof Uint32Array ? this.#values : wordsOfWide(this.#values)
  }

  /** The volume of a row up to `part` of `whole`, if it is below 2^53; else NaN. */
  upTo(row: number, part: number, whole: number): number {
    const total = this.#total(row)
    if (total >= MOST_EXACT || whole >= MOST_EXACT) return Number.NaN
    return part >= whole ? total : exactPart(total, part, whole)
  }

  /** The volume of a row, rounded where it is beyond 2^53. */
  #total(row: number): number {
    if (this.#values.length === 0) return 0
    return this.#isNarrow ? this.#words[row]! : this.#words[row * 2 + 1]! * LIMIT + this.#words[row * 2]!
  }

  /** As `upTo`, for any volume. */
  upToWide(row: number, part: number, whole: number): bigint {
    const total = BigInt(this.#values[row] ?? 0)
    return part >= whole ? total : (total * BigInt(part)) / BigInt(whole)
  }

  putPart(part: number, value: number): void {
    this.#partWords[part * 2] = value % LIMIT
    this.#partWords[part * 2 + 1] = value / LIMIT
  }

  putWidePart(part: number, value: bigint): void {
    this.#parts[part] = value
  }

  /** The counters of `count` shares: of whole rows, and at `places` the parts. */
  shares(rows: Uint32Array, count: number, places: Uint32Array, parts: number): LaneValues {
    if (this.#values.length === 0) return this.#narrow
    const partWords = this.#partWords
    if (this.#isNarrow) {
      gatherNarrow(this.#words, rows, 0, count, this.#narrow)
      for (let part = 0; part < parts; part++) this.#narrow[places[part]!] = partWords[part * 2]!
      return this.#narrow
    }
    const out = this.#wideWords
    gatherPairs(this.#words, rows, 0, count, out)
    for (let part = 0; part < parts; part++) {
      out[places[part]! * 2] = partWords[part * 2]!
      out[places[part]! * 2 + 1] = partWords[part * 2 + 1]!
    }
    return this.#wide
  }
}

/** The bin that a moment lies in, counted from the grid's first one. */
function binAt({ binNs, borders }: BinGrid, at: number): number {
  if (borders === null) return Math.floor(at / binNs)
  let low = 0
  let high = borders.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (borders[middle]! <= at) low = middle
    else high = middle
  }
  return low
}

/** The bin that what is before a moment lies in. */
function binBefore(grid: BinGrid, at: number): number {
  const bin = binAt(grid, at)
  return startOf(grid, bin) === at ? bin - 1 : bin
}

function startOf({ binNs, borders }: BinGrid, bin: number): number {
  if (borders !== null) return borders[bin] ?? Number.POSITIVE_INFINITY
  // Without bins all time is one.
  return binNs === Number.POSITIVE_INFINITY ? (bin <= 0 ? -binNs : binNs) : bin * binNs
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
  readonly #shares: Shares = {
    count: 0,
    rows: new Uint32Array(VECTOR_ROWS),
    bins: new Uint32Array(VECTOR_ROWS),
    isWhole: true,
    octets: NOTHING,
    packets: NOTHING,
    flows: null,
  }
  readonly #octets = new DealtCounter()
  readonly #packets = new DealtCounter()
  readonly #flows = new Uint32Array(VECTOR_ROWS)
  /** Which shares are parts of rows. */
  readonly #places = new Uint32Array(VECTOR_ROWS)
  readonly #partFlows = new Uint32Array(VECTOR_ROWS)
  #parts = 0
  readonly #take: (shares: Shares) => void

  /** `take` gets shares in vectors; the memory is used again. */
  constructor(take: (shares: Shares) => void) {
    this.#take = take
  }

  /** Deals `count` rows of `selection`. */
  deal(
    selection: Uint32Array,
    count: number,
    spans: TimeSpans,
    counters: DealtCounters,
    grid: BinGrid,
  ): void {
    this.#octets.enter(counters.octets)
    this.#packets.enter(counters.packets)
    const { starts, ends } = spans
    const { from, to, baseBin, allocation, mostNs } = grid
    const shares = this.#shares
    const { rows, bins } = shares
    // The bin of the row before, within the window: most rows lie in it too.
    let low = Number.POSITIVE_INFINITY
    let high = Number.NEGATIVE_INFINITY
    let bin = 0
    let i = 0
    while (i < count) {
      if (shares.count === VECTOR_ROWS) this.#flush()
      const begun = i
      for (let at = shares.count; i < count && at < VECTOR_ROWS; i++, at++) {
        const row = selection[i]!
        const end = ends[row]!
        const start = starts[row]!
        if (!(start >= low && end < high && end - start <= mostNs)) break
        rows[at] = row
        bins[at] = bin
      }
      shares.count += i - begun
      this.counted += i - begun
      if (i === count || shares.count === VECTOR_ROWS) continue
      const row = selection[i++]!
      const end = ends[row]!
      let start = starts[row]!
      if (end - start > mostNs) start = end - mostNs
      if (start >= from && end < to) {
        const first = binAt(grid, start)
        const border = startOf(grid, first + 1)
        const isWithin = end < border
        if (isWithin || (end === border && allocation !== 'end' && end > start)) {
          if (isWithin) {
            low = Math.max(from, startOf(grid, first))
            high = Math.min(to, border)
            bin = baseBin + first
          }
          this.#addWhole(row, baseBin + first)
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
    const { from, to, baseBin, allocation } = grid
    const isPoint = end <= start
    if (allocation === 'start' || allocation === 'end' || isPoint) {
      const at = allocation === 'end' ? end : start
      if (at < from || at >= to) return false
      this.#addWhole(row, baseBin + binAt(grid, at))
      return true
    }
    if (start >= to || end <= from) return false
    const first = binAt(grid, start)
    const last = Math.max(first, binBefore(grid, end))
    if (allocation === 'min') {
      if (first !== last || start < from || end > to) return false
      this.#addWhole(row, baseBin + first)
      return true
    }
    const low = Math.max(first, binAt(grid, Math.max(start, from)))
    const high = Math.min(last, Math.max(low, binBefore(grid, Math.min(end, to))))
    if (allocation === 'max') {
      for (let bin = low; bin <= high; bin++) {
        if (bin === low) this.#addWhole(row, baseBin + bin)
        else this.#addWidePart(row, baseBin + bin, 0, [0, 1, 1])
      }
      return true
    }
    // In proportion to nanoseconds, or to bins touched.
    const isUniform = allocation === 'uniform'
    const whole = isUniform ? last - first + 1 : end - start
    const begin = isUniform ? low - first : Math.max(start, from) - start
    let octetsDone = begin > 0 ? this.#octets.upTo(row, begin, whole) : 0
    let packetsDone = begin > 0 ? this.#packets.upTo(row, begin, whole) : 0
    for (let bin = low; bin <= high; bin++) {
      const until = isUniform ? bin - first + 1 : Math.min(startOf(grid, bin + 1), end, to) - start
      const octets = this.#octets.upTo(row, until, whole)
      const packets = this.#packets.upTo(row, until, whole)
      if (Number.isNaN(octets) || Number.isNaN(packets)) {
        const before = bin === low ? Math.max(begin, 0) : isUniform ? bin - first : startOf(grid, bin) - start
        this.#addWidePart(row, baseBin + bin, bin === low ? 1 : 0, [before, until, whole])
      } else {
        this.#addPart(row, baseBin + bin, bin === low ? 1 : 0, octets - octetsDone, packets - packetsDone)
      }
      octetsDone = octets
      packetsDone = packets
    }
    return true
  }

  #addWhole(row: number, bin: number): void {
    if (this.#shares.count === VECTOR_ROWS) this.#flush()
    const at = this.#shares.count++
    this.#shares.rows[at] = row
    this.#shares.bins[at] = bin
  }

  #addPart(row: number, bin: number, flows: number, octets: number, packets: number): void {
    const part = this.#newPart(row, bin, flows)
    this.#octets.putPart(part, octets)
    this.#packets.putPart(part, packets)
  }

  /** Of volumes that doubles do not hold: what lies between two parts of a whole. */
  #addWidePart(
    row: number,
    bin: number,
    flows: number,
    [from, to, whole]: readonly [number, number, number],
  ): void {
    const part = this.#newPart(row, bin, flows)
    for (const counter of [this.#octets, this.#packets])
      counter.putWidePart(part, counter.upToWide(row, to, whole) - counter.upToWide(row, from, whole))
  }

  #newPart(row: number, bin: number, flows: number): number {
    this.#addWhole(row, bin)
    const part = this.#parts++
    this.#places[part] = this.#shares.count - 1
    this.#partFlows[part] = flows
    return part
  }

  #flush(): void {
    const shares = this.#shares
    const { count, rows } = shares
    if (count === 0) return
    const parts = this.#parts
    shares.isWhole = parts === 0
    shares.flows = null
    if (parts > 0) {
      shares.octets = this.#octets.shares(rows, count, this.#places, parts)
      shares.packets = this.#packets.shares(rows, count, this.#places, parts)
      this.#flows.fill(1, 0, count)
      for (let part = 0; part < parts; part++) this.#flows[this.#places[part]!] = this.#partFlows[part]!
      shares.flows = this.#flows
    }
    this.#take(shares)
    shares.count = 0
    this.#parts = 0
  }
}
