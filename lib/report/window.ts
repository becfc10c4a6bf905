import { FlowError } from '../diagnostics/flow-error.ts'
import { F } from '../flow/fields.ts'
import type { BlockFacts, FlowBlock } from '../flow/source.ts'
import type { Query } from './query.ts'
import type { BinGrid } from './time-bins.ts'

const NS_PER_MS = 1_000_000n
const NOT_KNOWN = 2n ** 64n - 1n
const MOST_BINS = 2 ** 31
/** Without a cap and a window no flow is spread over more: one wrong clock would fill a thousand years of bins. */
const MOST_UNBOUND_NS = 86_400_000_000_000

/** The window of a query and how bins count in it. */
export class Window {
  readonly from: bigint | null
  readonly to: bigint | null
  /** Length of bins in nanoseconds; 0n without bins. */
  readonly binNs: bigint
  readonly #offset: bigint
  readonly #query: Query
  /** Bin 0 of bin numbers, counted from the epoch; without a window some bin that flows lie in. Others may be negative. */
  #firstBin: bigint | null = null

  /** `needsBins`: whether a key or a measure asks for them. Throws QUERY_INVALID. */
  constructor(query: Query, needsBins: boolean) {
    this.#query = query
    this.from = query.fromNs
    this.to = query.toNs
    this.binNs = needsBins && query.binMs !== null ? BigInt(Math.round(query.binMs * 1e6)) : 0n
    this.#offset = BigInt(query.binOffsetMs) * NS_PER_MS
    if (needsBins && this.binNs <= 0n)
      throw new FlowError('QUERY_INVALID', `${query.name}: time bins need a length; say --bin 5m`)
    if (this.from !== null && this.to !== null && this.from >= this.to)
      throw new FlowError('QUERY_INVALID', `${query.name}: the window ends before it begins`)
    if (this.from !== null && this.binNs > 0n) this.#firstBin = this.#binOf(this.from)
    if (this.bins !== null && this.bins > MOST_BINS)
      throw new FlowError('QUERY_INVALID', `${query.name}: too many bins; say a longer --bin`)
  }

  #binOf(ns: bigint): bigint {
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
    return (BigInt(bin) + (this.#firstBin ?? 0n)) * this.binNs + this.#offset
  }

  /** The bin that a moment lies in. */
  numberOf(ns: bigint): number {
    return Number(this.#binOf(ns) - (this.#firstBin ?? 0n))
  }

  /** How long a bin lasts within `from` and `to`. */
  durationOf(bin: number, from: bigint, to: bigint): bigint {
    const start = this.startOf(bin)
    const end = start + this.binNs
    return (end < to ? end : to) - (start > from ? start : from)
  }

  /** False where no flow of the block can lie in the window, by its facts. */
  mayHold(facts: BlockFacts): boolean {
    if (facts.rows === 0) return false
    // Flows without an end count by their start or reception, which these facts do not bound above.
    if (this.from !== null && facts.greatestEnd !== 0n && facts.greatestEnd < this.from)
      return facts.greatestReceived >= this.from
    if (this.to === null) return true
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

  /** Borders for a block, whose times are told from `baseNs` on. */
  gridFor(facts: BlockFacts): { baseNs: bigint; grid: BinGrid } {
    const { allocation, activeTimeoutMs } = this.#query
    let near = facts.leastReceived !== NOT_KNOWN ? facts.leastReceived : facts.leastStart
    if (near === NOT_KNOWN) near = facts.greatestEnd !== 0n ? facts.greatestEnd : (this.from ?? 0n)
    let baseNs = near
    let baseBin = 0
    if (this.binNs > 0n) {
      const bin = this.#binOf(near)
      this.#firstBin ??= bin
      baseNs = bin * this.binNs + this.#offset
      // Words of times are unsigned.
      if (baseNs < 0n) baseNs += ((-baseNs + this.binNs - 1n) / this.binNs) * this.binNs
      baseBin = Number(this.#binOf(baseNs) - this.#firstBin)
    }
    const cap = activeTimeoutMs === null ? Number.POSITIVE_INFINITY : activeTimeoutMs * 1e6
    const isUnbound = this.binNs > 0n && (this.from === null || this.to === null)
    const grid: BinGrid = {
      from: this.from === null ? Number.NEGATIVE_INFINITY : Number(this.from - baseNs),
      to: this.to === null ? Number.POSITIVE_INFINITY : Number(this.to - baseNs),
      binNs: this.binNs === 0n ? Number.POSITIVE_INFINITY : Number(this.binNs),
      baseBin,
      allocation,
      mostNs: isUnbound ? Math.min(cap, MOST_UNBOUND_NS) : cap,
    }
    return { baseNs, grid }
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
