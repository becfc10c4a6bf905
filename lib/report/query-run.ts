import type { FlowBlock, Problem } from '../flow/source.ts'
import type { AddressScope } from './address-scope.ts'
import { Aggregation } from './aggregation.ts'
import type { AggregationPart } from './aggregation-part.ts'
import type { BlockRows } from './block-rows.ts'
import type { CompiledQuery, TablePlan } from './compiled-query.ts'
import { CountedRows } from './counted-rows.ts'
import { type CounterName, rawCounter, saturatedRows, scaledCounter } from './counters.ts'
import { erasOf, partFar } from './eras.ts'
import { VECTOR_ROWS } from './kernels.ts'
import { LaneColumns } from './lane-columns.ts'
import type { LaneValues } from './lane-kernels.ts'
import { countLate, lateRows } from './late-rows.ts'
import { OtherEnds } from './other-ends.ts'
import { asksForSums, counterSum } from './plain-sums.ts'
import { addQuality, isDoubled, newQuality, noteSampling } from './quality.ts'
import type { Quality, Query, RunOptions } from './query.ts'
import { RollupRows } from './rollup-rows.ts'
import { RowChoice } from './row-choice.ts'
import { BinDealer, type BinGrid, type Shares } from './time-bins.ts'
import { spansOf, type TimeSpans } from './time-spans.ts'
import { greater, lesser } from './window.ts'

/** Bits of bin numbers, where nobody knows how many bins there will be. */
const STREAM_TIME_BITS = 10

/** A table of a query at work. */
export interface RunningTable {
  readonly plan: TablePlan
  readonly aggregation: Aggregation
  readonly lanes: LaneColumns
}

/** What is known of inputs before they are read. */
export interface Expected {
  /** At most so many; infinite where there are streams. */
  readonly rows: number
  /** First and last moment of flows, as far as facts tell; null where there are streams. */
  readonly span: { readonly least: bigint; readonly greatest: bigint } | null
}

/** Times that inputs cover, as rows were received. */
export interface Coverage {
  readonly from: bigint
  readonly to: bigint
}

/** What one thread has of a query. */
export interface QueryRunPart {
  readonly quality: Quality
  readonly leastNs: bigint
  readonly greatestNs: bigint
  readonly binsSeen: ReadonlySet<number>
  readonly coverage: readonly Coverage[]
  /** By level. */
  readonly tables: readonly (readonly AggregationPart[])[]
}

/** One query while inputs are read: takes blocks, keeps groups. */
export class QueryRun {
  readonly compiled: CompiledQuery
  readonly quality: Quality = newQuality()
  /** By level. */
  readonly levels: readonly (readonly RunningTable[])[]
  readonly coverage: Coverage[] = []
  /** Earliest start and latest end of flows in blocks that were met. */
  leastNs = 2n ** 64n - 1n
  greatestNs = 0n
  /** Bins that any row was dealt into. */
  readonly binsSeen = new Set<number>()
  /** False where facts of blocks answer all of it, but for blocks that the window cuts. */
  readonly readsRows: boolean
  readonly #isSums: boolean
  /** Counters that any table asks for. */
  readonly #counted = new Set<CounterName>()
  readonly #dealer: BinDealer
  /** Rows of the block at hand that the window holds a part of. */
  readonly #dealt = new CountedRows()
  #rows: BlockRows | null = null
  readonly #choice = new RowChoice()

  constructor(compiled: CompiledQuery, options: RunOptions, expected: Expected) {
    this.compiled = compiled
    this.#isSums = asksForSums(compiled)
    this.readsRows = !this.#isSums || !isOfFacts(compiled.query)
    const { query, window, levels } = compiled
    for (const { tables } of levels)
      for (const { sources } of tables)
        for (const source of sources)
          if (source.kind === 'counter' && source.counter !== 'flows') this.#counted.add(source.counter)
    const count = levels.reduce((sum, { tables }) => sum + tables.length, 0)
    const bins = window.expectedBins(expected.span)
    this.levels = levels.map(({ tables }) =>
      tables.map((plan) => ({
        plan,
        aggregation: new Aggregation(plan.shape, {
          memoryOctets: options.memoryOctets / count,
          temporaryDirectory: options.temporaryDirectory,
          expectedRows: expected.rows,
          timeBits: bins === null ? STREAM_TIME_BITS : Math.ceil(Math.log2(Math.max(2, bins))),
        }),
        lanes: new LaneColumns(plan.sources, query),
      })),
    )
    this.#dealer = new BinDealer((shares) => this.#addShares(shares))
  }

  /** Whether the query needs the block at all, by what is known without opening it. */
  wants(facts: FlowBlock['info']): boolean {
    if (facts.kind !== 'flow') return false
    const { leastStart, greatestEnd, leastReceived, greatestReceived } = facts
    const isWanted = this.compiled.window.mayHold(facts)
    if (!isWanted) {
      this.quality.blocksSkipped++
      return false
    }
    for (const least of [leastStart, leastReceived]) if (least < this.leastNs) this.leastNs = least
    const greatest = greatestEnd !== 0n ? greatestEnd : greatestReceived
    if (greatest > this.greatestNs) this.greatestNs = greatest
    return true
  }

  /** Whether the query needs a block of a rollup, whose records were from `leastNs` to `greatestNs`. */
  wantsRollup(facts: FlowBlock['info'], leastNs: bigint, greatestNs: bigint): boolean {
    if (facts.kind !== 'flow') return false
    if (!this.compiled.window.mayHold(facts)) {
      this.quality.blocksSkipped++
      return false
    }
    this.leastNs = lesser(this.leastNs, leastNs)
    this.greatestNs = greater(this.greatestNs, greatestNs)
    return true
  }

  /** Adds a block's rows; whether there are any. Throws FILE_UNWRITABLE, and what only the question is to blame for. */
  take(rows: BlockRows, problems: Problem[]): boolean {
    const { query } = this.compiled
    const { quality } = this
    const { block } = rows
    if (query.filter !== null && !query.filter.mayMatch(block)) {
      quality.blocksSkipped++
      return false
    }
    quality.blocksRead++
    quality.rowsRead += rows.rows
    if (rows instanceof RollupRows) quality.rollupRows += rows.rows
    if (this.#addFacts(rows)) return true
    this.#choice.choose(rows, query, problems)
    if (rows instanceof RollupRows && !this.compiled.hasBins) this.#leaveOutside(rows)
    const { count, egress } = this.#choice
    if (isDoubled(block)) quality.doubledBlocks++
    quality.egressRows += egress
    if (count === 0) return false
    if (this.#addSums(rows)) return true
    this.#addRows(rows)
    if (this.compiled.countsBothEnds) this.#addOtherEnds(rows)
    return true
  }

  /** Of rows that are dealt into no bins, those within the window count as they are: none crosses its borders. */
  #leaveOutside(rows: RollupRows): void {
    const { window } = this.compiled
    const marks = rows.outside(window.from, window.to)
    if (marks !== null) this.#choice.leaveOut(marks)
  }

  /** Adds the rows chosen, and notes how good they are unless that was done before. */
  #addRows(rows: BlockRows, isNoted = false): void {
    const { window, hasBins } = this.compiled
    const { quality } = this
    const { list: selection, count, isAll } = this.#choice
    this.#rows = rows
    for (const tables of this.levels)
      for (const table of tables) if (this.#feeds(table, tables)) table.aggregation.enterBlock(rows)
    if (rows instanceof RollupRows) quality.unknownSampling += rows.unknownRates(selection, count)
    if (hasBins || !(rows instanceof RollupRows || window.holdsAll(rows.block))) {
      this.#addTimed(rows, isNoted)
      return
    }
    if (!isNoted) {
      quality.rowsCounted += count
      this.#noteScaling(rows, selection, count)
    }
    for (let from = 0; from < count; from += VECTOR_ROWS) {
      const own = Math.min(VECTOR_ROWS, count - from)
      const of = { rows, selection, from, count: own, shares: null, isAll }
      for (const tables of this.levels) {
        for (const table of tables) {
          if (this.#feeds(table, tables))
            table.aggregation.add(selection, from, own, null, table.lanes.columns(of))
        }
      }
    }
  }

  /** Adds the rows chosen that have a part in the window: first those near the block's base, then the others by eras. */
  #addTimed(rows: BlockRows, isNoted: boolean): void {
    const { window } = this.compiled
    const { info } = rows.block
    const { list, count } = this.#choice
    const { baseNs, grid } = window.gridFor(info)
    const spans = spansOf(rows, baseNs)
    const parted = partFar(rows, spans, list, count)
    const isLateKnown = isNoted || rows instanceof RollupRows
    const near = parted?.near ?? list
    const own = parted === null ? count : near.length
    const counted = this.#addDealt(rows, near, own, spans, grid, isNoted)
    if (!isLateKnown) this.quality.lateRows += lateRows(rows, spans, counted, this.#dealer.counted)
    if (parted === null) return
    for (const era of erasOf(rows, parted.far)) {
      const around = window.gridFor(info, era.moment)
      const eraSpans = era.spansFrom(around.baseNs)
      const { received, ends } = eraSpans
      const dealt = this.#addDealt(rows, era.rows, era.rows.length, eraSpans, around.grid, isNoted)
      if (!isLateKnown) this.quality.lateRows += countLate(received, ends, dealt, this.#dealer.counted)
    }
  }

  /** Deals rows into bins of the window, and notes how good they are; returns which had a part in it, the dealer how many. */
  #addDealt(
    rows: BlockRows,
    selection: Uint32Array,
    count: number,
    spans: TimeSpans,
    grid: BinGrid,
    isNoted: boolean,
  ): Uint32Array {
    const { quality } = this
    const dealer = this.#dealer
    dealer.cut = dealer.untimed = dealer.counted = 0
    this.#dealt.begin(count)
    const counters = { octets: this.#counter(rows, 'octets'), packets: this.#counter(rows, 'packets') }
    dealer.deal(selection, count, spans, counters, grid)
    const counted = dealer.counted === count ? selection : this.#dealt.list
    if (isNoted) return counted
    quality.cutFlows += dealer.cut
    quality.untimedRows += dealer.untimed
    quality.rowsCounted += dealer.counted
    this.#noteScaling(rows, counted, dealer.counted)
    return counted
  }

  /** Adds the rows once more, by their other end: the groups then hold all that touches them, the totals each flow once. */
  #addOtherEnds(rows: BlockRows): void {
    const aggregations = this.levels.flat().map(({ aggregation }) => aggregation)
    const totals = aggregations.map((aggregation) => [...aggregation.totals])
    this.#addRows(new OtherEnds(rows), true)
    for (const [i, { totals: own }] of aggregations.entries())
      for (const [lane, total] of totals[i]!.entries()) own[lane] = total
  }

  /** Whether rows go to a table: where flows are told apart by exporter, the main table gets only what is left. */
  #feeds(table: RunningTable, tables: readonly RunningTable[]): boolean {
    return table.plan.fills !== -1 || !tables.some(({ plan }) => plan.fills === -2)
  }

  /** A counter by row; null where nothing is asked of it. */
  #counter(rows: BlockRows, name: CounterName): LaneValues | null {
    if (!this.#counted.has(name)) return null
    return this.compiled.query.counters === 'raw' ? rawCounter(rows, name) : scaledCounter(rows, name).values
  }

  /** How counters of rows that were counted were scaled. */
  #noteScaling(rows: BlockRows, selection: Uint32Array, count: number): void {
    if (this.compiled.query.counters === 'raw' || rows instanceof RollupRows) return
    noteSampling(this.quality, rows, selection, count)
    for (const name of this.#counted) {
      const saturated = saturatedRows(rows, name)
      // A row is told of once, also where both its counters are beyond.
      const other = name === 'packets' && this.#counted.has('octets') ? saturatedRows(rows, 'octets') : null
      for (let i = 0; saturated !== null && i < count; i++)
        this.quality.saturated += saturated[selection[i]!]! & ((other?.[selection[i]!] ?? 0) ^ 1)
    }
  }

  #addShares(shares: Shares): void {
    const rows = this.#rows!
    const { count, rows: selection, bins } = shares
    this.#dealt.add(selection, count)
    const of = { rows, selection, from: 0, count, shares, isAll: false }
    let last = -1
    for (let i = 0; i < count && this.compiled.hasBins; i++) {
      if (bins[i] === last) continue
      last = bins[i]!
      this.binsSeen.add(last | 0)
    }
    for (const tables of this.levels) {
      for (const table of tables) {
        if (this.#feeds(table, tables))
          table.aggregation.add(selection, 0, count, bins, table.lanes.columns(of))
      }
    }
  }

  /** Totals of a whole block from its facts, where nothing asks for more; false if rows must be read. */
  #addFacts(rows: BlockRows): boolean {
    if (this.readsRows || rows instanceof RollupRows) return false
    const { sources, window } = this.compiled
    if (!window.holdsAll(rows.block)) return false
    const { info } = rows.block
    const values = { octets: info.octets, packets: info.packets, flows: BigInt(info.rows) }
    const { aggregation } = this.levels[0]![0]!
    for (const [lane, source] of sources.entries())
      if (source.kind === 'counter') aggregation.totals[lane]! += values[source.counter]
    this.quality.rowsCounted += info.rows
    return true
  }

  /** Sums over the rows chosen, where nothing asks for more; false if rows must be told apart. */
  #addSums(rows: BlockRows): boolean {
    const { query, sources, window } = this.compiled
    if (!this.#isSums || rows instanceof RollupRows || !window.holdsAll(rows.block)) return false
    const { list, count } = this.#choice
    const isRaw = query.counters === 'raw'
    this.quality.rowsCounted += count
    this.#noteScaling(rows, list, count)
    const { totals } = this.levels[0]![0]!.aggregation
    for (const [lane, source] of sources.entries()) {
      if (source.kind !== 'counter') continue
      const { counter } = source
      totals[lane]! += counter === 'flows' ? BigInt(count) : counterSum(rows, counter, this.#choice, isRaw)
    }
    return true
  }

  /** All that is here, to be added to another run of the same query; this one is not to be used any more. */
  part(leavesInput: boolean): QueryRunPart {
    return {
      quality: this.quality,
      leastNs: this.leastNs,
      greatestNs: this.greatestNs,
      binsSeen: this.binsSeen,
      coverage: this.coverage,
      tables: this.levels.map((tables) => tables.map(({ aggregation }) => aggregation.part(leavesInput))),
    }
  }

  /** Adds what another thread has; `scope` is of the only input, null where there are several. */
  addPart(part: QueryRunPart, scope: AddressScope | null): void {
    addQuality(this.quality, part.quality)
    this.leastNs = lesser(this.leastNs, part.leastNs)
    this.greatestNs = greater(this.greatestNs, part.greatestNs)
    for (const bin of part.binsSeen) this.binsSeen.add(bin)
    this.coverage.push(...part.coverage)
    for (const [level, tables] of part.tables.entries())
      for (const [i, table] of tables.entries()) this.levels[level]![i]!.aggregation.addPart(table, scope)
  }

  close(): void {
    for (const tables of this.levels) for (const { aggregation } of tables) aggregation.close()
  }
}

/** Whether facts of whole blocks tell sums of a query: of all there is, as exporters sent it. */
function isOfFacts({ filter, deduplicate, counters }: Query): boolean {
  return filter === null && deduplicate === 'none' && counters === 'raw'
}
