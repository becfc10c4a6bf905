import { FlowError } from '../diagnostics/flow-error.ts'
import type { Aggregation, GroupStore } from './aggregation.ts'
import { BestScores } from './best-scores.ts'
import { wordsOf } from './compiled-key.ts'
import type { BestOf } from './dense-groups.ts'
import { headsOf } from './heads.ts'
import { VECTOR_ROWS } from './kernels.ts'
import type { CompiledMeasure } from './measures.ts'
import type { Cell, Having } from './query.ts'
import { lanesAt, type Sums } from './sums.ts'
import { type TableShape, unpackMeanings } from './table-shape.ts'
import type { TextInterner } from './text-interner.ts'

/** A group that an answer tells of. */
export interface Winner {
  /** Meanings of all keys, as columns of the shape have them, time left out. */
  readonly meanings: Uint32Array
  readonly lanes: readonly bigint[]
  /** Lanes by bin. */
  readonly bins: ReadonlyMap<number, readonly bigint[]> | null
  readonly order: Cell
}

export interface RankingRules {
  readonly measures: readonly CompiledMeasure[]
  readonly order: { readonly measure: number; readonly ascending: boolean }
  readonly limit: number | null
  readonly having: Having | null
  /** Length of the window. */
  readonly ns: bigint
  /** Whether a group may be told of: nested queries ask for those of their outer groups. */
  readonly admits: ((meanings: Uint32Array) => boolean) | null
  /** By outer group, whose groups each have a limit of their own; null: one limit for all. */
  readonly nest: ((meanings: Uint32Array) => string) | null
  readonly mostGroups: number
  /** Whether `binTotals` are wanted. */
  readonly addsBins: boolean
}

/** Picks the first groups of a table, in order. */
export class Ranking {
  /** Heads seen. */
  groups = 0
  /** The greatest values of lanes over all groups. */
  readonly greatest: bigint[]
  /** Lanes by bin over all groups. */
  readonly binTotals = new Map<number, bigint[]>()
  readonly #shape: TableShape
  readonly #rules: RankingRules
  readonly #compare: (a: Winner, b: Winner) => number
  readonly #columns: readonly Uint32Array[]
  #winners: Winner[] = []
  /** Below it nothing can win any more. */
  #threshold = Number.NEGATIVE_INFINITY

  constructor(shape: TableShape, rules: RankingRules, interner: TextInterner) {
    this.#shape = shape
    this.#rules = rules
    this.#columns = shape.columnBits.map(() => new Uint32Array(VECTOR_ROWS))
    this.greatest = shape.operations.map(() => 0n)
    const sign = rules.order.ascending ? 1 : -1
    this.#compare = (a, b) => compareCells(a.order, b.order) * sign || compareMeanings(shape, interner, a, b)
  }

  /** Takes all groups of an aggregation. */
  takeAll(aggregation: Aggregation): void {
    for (const store of aggregation.stores(this.#best())) this.#take(store)
  }

  /** What decides of all groups alike which of them win; null where more is asked of groups. */
  #best(): BestOf | null {
    const { measures, order, limit, having, nest, admits } = this.#rules
    const lane = measures[order.measure]?.orderLane ?? -1
    const isPlain = having === null && nest === null && admits === null && !this.#shape.hasTime
    if (!isPlain || lane < 0 || limit === null || this.#shape.operations.includes('greatest')) return null
    return { lane, limit, ascending: order.ascending }
  }

  #take(store: GroupStore): void {
    const { operations, hasTime } = this.#shape
    const lanes = operations.length
    const heads = hasTime ? headsOf(store, operations) : null
    const count = heads?.count ?? store.count
    const sums = heads?.sums ?? store.sums
    this.groups += heads?.count ?? store.among
    for (const [lane, operation] of operations.entries()) {
      if (operation !== 'greatest') continue
      for (let at = 0; at < count; at++) {
        const value = lanesAt(sums, at, lanes, store.isWide)[lane]!
        if (value > this.greatest[lane]!) this.greatest[lane] = value
      }
    }
    if (hasTime && this.#rules.addsBins) this.#addBins(store)
    const scores = this.#scores(sums, count, store.isWide)
    const threshold = Math.max(this.#threshold, this.#nth(scores))
    const chosen: number[] = []
    for (let at = 0; at < count; at++) {
      if (!(scores[at]! >= threshold)) continue
      chosen.push(at)
      if (chosen.length === VECTOR_ROWS) this.#choose(store, heads, sums, chosen.splice(0))
    }
    this.#choose(store, heads, sums, chosen)
    this.#trim()
  }

  /** Numbers that sort as the groups do, but for ties; NaN for groups that `having` refuses. */
  #scores(sums: Sums, count: number, isWide: boolean): Float64Array {
    const { measures, order, having, ns } = this.#rules
    const lanes = this.#shape.operations.length
    const scores = new Float64Array(count)
    const measure = measures[order.measure]
    if (measure === undefined && having === null) return scores
    const sign = order.ascending ? -1 : 1
    if (measure !== undefined && measure.orderLane >= 0 && having === null && !isWide) {
      const { low, high } = sums
      for (let at = 0, k = measure.orderLane; at < count; at++, k += lanes)
        scores[at] = sign * (high[k]! * 4294967296 + low[k]!)
      return scores
    }
    for (let at = 0; at < count; at++) {
      const values = lanesAt(sums, at, lanes, isWide)
      const isRefused = having !== null && !having.test(measures.map((each) => each.evaluate(values, ns)))
      scores[at] = isRefused ? Number.NaN : this.#scoreOf(this.#orderOf(values))
    }
    return scores
  }

  /** What groups are sorted by: finer than the cell where that is rounded. */
  #orderOf(values: readonly bigint[]): Cell {
    const { measures, order, ns } = this.#rules
    const measure = measures[order.measure]
    if (measure === undefined) return 0n
    return measure.orderLane >= 0 ? values[measure.orderLane]! : measure.evaluate(values, ns)
  }

  /** The score that the group at the limit has, if all limits are one. */
  #nth(scores: Float64Array): number {
    const { limit, nest, admits } = this.#rules
    if (limit === null || nest !== null || admits !== null || scores.length <= limit)
      return Number.NEGATIVE_INFINITY
    const best = new BestScores(limit)
    for (let i = 0; i < scores.length; i++) best.add(scores[i]!)
    return best.least
  }

  #choose(
    store: GroupStore,
    heads: ReturnType<typeof headsOf> | null,
    sums: Sums,
    chosen: readonly number[],
  ): void {
    if (chosen.length === 0) return
    const shape = this.#shape
    const { admits } = this.#rules
    const lanes = shape.operations.length
    const keys = new Uint32Array(chosen.length * store.words)
    for (const [i, at] of chosen.entries()) {
      const group = heads === null ? at : heads.first[at]!
      for (let word = 0; word < store.words; word++)
        keys[i * store.words + word] = store.keys[group * store.words + word]!
    }
    unpackMeanings(shape, store.input, keys, 0, chosen.length, this.#columns)
    const width = shape.columnsAt.at(-1)!
    for (const [i, at] of chosen.entries()) {
      const meanings = new Uint32Array(width)
      for (let column = 0; column < width; column++) meanings[column] = this.#columns[column]![i]!
      if (admits !== null && !admits(meanings)) continue
      const values = lanesAt(sums, at, lanes, store.isWide)
      this.#winners.push({
        meanings,
        lanes: values,
        bins: heads === null ? null : this.#binsOf(store, heads, at),
        order: this.#orderOf(values),
      })
    }
    if (this.#winners.length > this.#room()) this.#trim()
  }

  #room(): number {
    const { limit, mostGroups } = this.#rules
    return limit === null ? mostGroups : Math.min(mostGroups, limit * 2 + VECTOR_ROWS)
  }

  #binsOf(
    store: GroupStore,
    heads: ReturnType<typeof headsOf>,
    head: number,
  ): ReadonlyMap<number, readonly bigint[]> {
    const bins = new Map<number, readonly bigint[]>()
    const lanes = this.#shape.operations.length
    const timeColumn = this.#shape.columnBits.length - 1
    const members = heads.members.subarray(heads.starts[head], heads.starts[head + 1])
    const columns = this.#shape.columnBits.map(() => new Uint32Array(1))
    for (const group of members) {
      unpackMeanings(this.#shape, store.input, store.keys, group * store.words, 1, columns)
      bins.set(columns[timeColumn]![0]! | 0, lanesAt(store.sums, group, lanes, store.isWide))
    }
    return bins
  }

  #addBins(store: GroupStore): void {
    const lanes = this.#shape.operations.length
    const bins = this.#columns.at(-1)!
    for (let at = 0; at < store.count; at += VECTOR_ROWS) {
      const count = Math.min(VECTOR_ROWS, store.count - at)
      unpackMeanings(this.#shape, store.input, store.keys.subarray(at * store.words), 0, count, this.#columns)
      for (let i = 0; i < count; i++) {
        const values = lanesAt(store.sums, at + i, lanes, store.isWide)
        const known = this.binTotals.get(bins[i]! | 0)
        if (known === undefined) this.binTotals.set(bins[i]! | 0, values)
        else for (let lane = 0; lane < lanes; lane++) known[lane]! += values[lane]!
      }
    }
  }

  #trim(): void {
    const { limit, nest, mostGroups } = this.#rules
    if (limit !== null) {
      this.#winners.sort(this.#compare)
      if (nest === null) {
        this.#winners.length = Math.min(this.#winners.length, limit)
        const last = this.#winners[limit - 1]
        if (last !== undefined && this.#rules.admits === null) this.#threshold = this.#scoreOf(last.order)
      } else {
        const taken = new Map<string, number>()
        this.#winners = this.#winners.filter(({ meanings }) => {
          const outer = nest(meanings)
          const before = taken.get(outer) ?? 0
          taken.set(outer, before + 1)
          return before < limit
        })
      }
    }
    if (this.#winners.length > mostGroups) throw tooMany(mostGroups)
  }

  #scoreOf(order: Cell): number {
    if (order === null) return Number.NEGATIVE_INFINITY
    return this.#rules.order.ascending ? -Number(order) : Number(order)
  }

  /** The groups that won, first first. */
  end(): Winner[] {
    this.#trim()
    return this.#winners.sort(this.#compare)
  }
}

function tooMany(mostGroups: number): FlowError {
  return new FlowError(
    'QUERY_INVALID',
    `more than ${mostGroups} groups to print: ask for the first ones with --top, or give more --memory`,
  )
}

/** Nulls come last when greater ones come first. */
function compareCells(a: Cell, b: Cell): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return a < b ? -1 : 1
}

/** Orders groups by their keys: numbers and addresses by value, texts as texts, rows without a key last. */
export function compareMeanings(shape: TableShape, interner: TextInterner, a: Winner, b: Winner): number {
  for (const [i, key] of shape.keys.entries()) {
    const from = shape.columnsAt[i]!
    const absent = from + wordsOf(key)
    const difference = a.meanings[absent]! - b.meanings[absent]!
    if (difference !== 0) return difference
    if (key.isInterned) {
      const [left, right] = [interner.octets(a.meanings[from]!), interner.octets(b.meanings[from]!)]
      if (left !== right) return left < right ? -1 : 1
      continue
    }
    for (let word = from; word < absent; word++) {
      if (a.meanings[word] !== b.meanings[word]) return a.meanings[word]! < b.meanings[word]! ? -1 : 1
    }
  }
  return 0
}
