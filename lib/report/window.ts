import { zoneOffset } from '../bytes/time-zone.ts'
import { FlowError } from '../diagnostics/flow-error.ts'
import { F } from '../flow/fields.ts'
import type { BlockFacts, FlowBlock } from '../flow/source.ts'
import { ClockBins } from './clock-bins.ts'
import type { Query } from './query.ts'
import type { BinGrid } from './time-bins.ts'

const NS_PER_MS = 1_000_000n
const NOT_KNOWN = 2n ** 64n - 1n
const MOST_BINS = 2 ** 31
/** Without a cap and a window no flow is spread over more: one wrong clock would fill a thousand years of bins. */
const MOST_UNBOUND_NS = 86_400_000_000_000
/** Where nobody knows when flows begin, bins before those of the first block that are numbered from 0 on. */
const BINS_BEFORE = 128n
const HOUR_NS = 3_600_000_000_000n
const WEEK_NS = 7n * 24n * HOUR_NS
/** The first Monday after the epoch. */
const MONDAY_NS = 4n * 24n * HOUR_NS
/** Distances of flows from the base of their block, or of their era, are no greater. */
const FARTHEST_NS = 2n ** 52n
/** The base need not be the border of a longer bin: flows would be too far from it. */
const LONGEST_EVEN_NS = 2n ** 49n

/** When the bins around `bin` begin, nanoseconds after `baseNs`; the first of them is `least`. */
interface Borders {
  readonly bin: bigint
  readonly baseNs: bigint
  readonly starts: Float64Array
  readonly least: bigint
}

/**
 * The window of a query and how bins count in it. Bins are multiples of their length since the epoch, weeks since a
 * Monday. Those of an hour begin when the clocks of the query's zone show whole hours; longer ones when these show
 * multiples of the length, whatever the clocks do in between.
 */
export class Window {
  readonly from: bigint | null
  readonly to: bigint | null
  /** Length of bins in nanoseconds, where no clock changes within one; 0n without bins. */
  readonly binNs: bigint
  readonly #offset: bigint
  /** Where clocks tell when bins begin; null where all are equally long. */
  readonly #clock: ClockBins | null
  #borders: Borders | null = null
  readonly #query: Query
  /** Bin 0 of bin numbers, counted from the epoch; without a window some bin before flows. Others may be negative. */
  #firstBin: bigint | null = null

  /** `needsBins`: whether a key or a measure asks for them. Throws QUERY_INVALID. */
  constructor(query: Query, needsBins: boolean) {
    this.#query = query
    this.from = query.fromNs
    this.to = query.toNs
    this.binNs = needsBins && query.binMs !== null ? BigInt(Math.round(query.binMs * 1e6)) : 0n
    const monday = this.binNs > 0n && this.binNs % WEEK_NS === 0n ? MONDAY_NS : 0n
    const hasClock = query.binZone !== 'UTC' && this.binNs > HOUR_NS
    this.#clock = hasClock ? new ClockBins(query.binZone, this.binNs, monday) : null
    this.#offset = this.binNs === HOUR_NS ? -this.#aheadOfUtc() : monday
    if (needsBins && this.binNs <= 0n)
      throw new FlowError('QUERY_INVALID', `${query.name}: time bins need a length; say --bin 5m`)
    if (this.from !== null && this.to !== null && this.from >= this.to)
      throw new FlowError('QUERY_INVALID', `${query.name}: the window ends before it begins`)
    if (this.from !== null && this.binNs > 0n) this.#firstBin = this.#binOf(this.from)
    if (this.bins !== null && this.bins > MOST_BINS)
      throw new FlowError('QUERY_INVALID', `${query.name}: too many bins; say a longer --bin`)
  }

  /** By how much the zone's clocks are ahead when the window begins. */
  #aheadOfUtc(): bigint {
    const atMs = this.from === null ? Date.now() : Number(this.from / NS_PER_MS)
    return BigInt(zoneOffset(atMs, this.#query.binZone)) * NS_PER_MS
  }

  #binOf(ns: bigint): bigint {
    if (this.#clock !== null) return this.#clock.numberOf(ns)
    const shifted = ns - this.#offset
    const bin = shifted / this.binNs
    return shifted < 0n && bin * this.binNs !== shifted ? bin - 1n : bin
  }

  /** Bins from the window's start to its end; null where either is open. */
  get bins(): number | null {
    if (this.binNs === 0n || this.from === null || this.to === null) return null
    return Number(this.#binOf(this.to - 1n) - this.#binOf(this.from)) + 1
  }

  /** Bins that flows can lie in, counted from 0, when these are the first and last moments of all inputs. */
  expectedBins(span: { readonly least: bigint; readonly greatest: bigint } | null): number | null {
    if (this.binNs === 0n || this.bins !== null) return this.bins
    if (span === null || span.least > span.greatest) return null
    this.#firstBin ??= this.#binOf(span.least)
    const last = this.to !== null && this.to < span.greatest ? this.to : span.greatest
    const bins = Number(this.#binOf(last) - this.#firstBin) + 1
    return bins > 0 && bins < MOST_BINS ? bins : null
  }

  /** When a bin begins. */
  startOf(bin: number): bigint {
    return this.#startOf(BigInt(bin) + (this.#firstBin ?? 0n))
  }

  #startOf(bin: bigint): bigint {
    return this.#clock === null ? bin * this.binNs + this.#offset : this.#clock.startOf(bin)
  }

  /** The bin that a moment lies in. */
  numberOf(ns: bigint): number {
    return Number(this.#binOf(ns) - (this.#firstBin ?? 0n))
  }

  /** How long a bin lasts within `from` and `to`. */
  durationOf(bin: number, from: bigint, to: bigint): bigint {
    const start = this.startOf(bin)
    const end = this.startOf(bin + 1)
    return (end < to ? end : to) - (start > from ? start : from)
  }

  /** False where no flow of the block can lie in the window, by its facts. */
  mayHold(facts: BlockFacts): boolean {
    if (facts.rows === 0) return false
    // Flows without an end count by their start or reception, which these facts do not bound above.
    if (this.from !== null && facts.greatestEnd !== 0n && facts.greatestEnd < this.from)
      return facts.greatestReceived >= this.from
    if (this.to === null) return true
    // Flows without a start count by their end, which these facts do not bound below.
    if (facts.leastStart === NOT_KNOWN && facts.greatestEnd !== 0n) return true
    const least = lesser(facts.leastStart, facts.leastReceived)
    return least === NOT_KNOWN || least < this.to
  }

  /** Whether all flows of the block lie within the window, by the facts of its columns. */
  holdsAll(block: FlowBlock): boolean {
    if (this.binNs > 0n) return false
    if (this.from === null && this.to === null) return true
    let hasTimes = false
    for (const { field, least, greatest } of block.columns) {
      if (field !== F.flowStart && field !== F.flowEnd && field !== F.timeReceived) continue
      if (least > greatest) continue
      if (field === F.flowStart || field === F.flowEnd) hasTimes = true
      if (this.from !== null && least < this.from) return false
      if (this.to !== null && greatest >= this.to) return false
    }
    return hasTimes
  }

  /** Borders for a block, or for its flows near a moment, whose times are told from `baseNs` on. */
  gridFor(facts: BlockFacts, moment: bigint | null = null): { baseNs: bigint; grid: BinGrid } {
    const { allocation, activeTimeoutMs } = this.#query
    const near = moment ?? this.#momentOf(facts)
    let baseNs = near
    let baseBin = 0
    let borders: Float64Array | null = null
    if (this.binNs > 0n) {
      let bin = this.#binOf(near)
      this.#firstBin ??= bin - BINS_BEFORE
      // Words of times are unsigned.
      while (this.#startOf(bin) < 0n) bin++
      if (this.binNs <= LONGEST_EVEN_NS) baseNs = this.#startOf(bin)
      if (this.#clock !== null || this.binNs > LONGEST_EVEN_NS) {
        this.#borders = this.#bordersAround(bin, baseNs)
        borders = this.#borders.starts
        bin = this.#borders.least
      }
      baseBin = Number(bin - this.#firstBin)
    }
    const cap = activeTimeoutMs === null ? Number.POSITIVE_INFINITY : activeTimeoutMs * 1e6
    const isUnbound = this.binNs > 0n && (this.from === null || this.to === null)
    const grid: BinGrid = {
      from: this.from === null ? Number.NEGATIVE_INFINITY : Number(this.from - baseNs),
      to: this.to === null ? Number.POSITIVE_INFINITY : Number(this.to - baseNs),
      binNs: this.binNs === 0n ? Number.POSITIVE_INFINITY : Number(this.binNs),
      baseBin,
      borders,
      allocation,
      mostNs: isUnbound ? Math.min(cap, MOST_UNBOUND_NS) : cap,
    }
    return { baseNs, grid }
  }

  /** A moment near which the flows of a block are. */
  #momentOf({ leastReceived, leastStart, greatestEnd }: BlockFacts): bigint {
    if (leastReceived !== NOT_KNOWN) return leastReceived
    if (leastStart !== NOT_KNOWN) return leastStart
    return greatestEnd !== 0n ? greatestEnd : (this.from ?? 0n)
  }

  /** When the bins begin that flows near `baseNs`, which lies in `bin`, can be in; those of the block before where they hold. */
  #bordersAround(bin: bigint, baseNs: bigint): Borders {
    const known = this.#borders
    if (known?.bin === bin && known.baseNs === baseNs) return known
    let least = bin
    while (this.#startOf(least) - baseNs > -FARTHEST_NS) least--
    const starts: number[] = []
    for (let next = least; ; next++) {
      const start = this.#startOf(next) - baseNs
      starts.push(Number(start))
      if (start > FARTHEST_NS) return { bin, baseNs, starts: Float64Array.from(starts), least }
    }
  }
}

export function lesser(a: bigint, b: bigint): bigint {
  if (a < b) return a
  return b
}

export function greater(a: bigint, b: bigint): bigint {
  if (a > b) return a
  return b
}
