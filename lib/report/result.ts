import { FlowError } from '../diagnostics/flow-error.ts'
import type { CompiledQuery } from './compiled-query.ts'
import { FLOW_KEYS } from './compiled-query.ts'
import { emitDistinct, emitOneExporter, emitOverBins } from './emission.ts'
import { type CompiledMeasure, isEmitted, unitOf } from './measures.ts'
import type { Cell, Having, ResultColumn, ResultTable, RunOptions } from './query.ts'
import type { QueryRun } from './query-run.ts'
import { Ranking, type Winner } from './ranking.ts'
import type { TextInterner } from './text-interner.ts'
import { lesser } from './window.ts'

/** Octets that a group takes once it is to be printed. */
const PRINTED_OCTETS = 400
/** Rows of bins that are printed at least, where memory is short, and at most. */
const LEAST_ROWS = 1_000_000
const MOST_ROWS = 8_000_000

/** The span of time that an answer is about, and its bins. */
interface Span {
  readonly from: bigint
  readonly to: bigint
  readonly first: number
  readonly last: number
}

/** The answer, when all inputs were read. Throws FILE_UNWRITABLE, and QUERY_INVALID for answers that no memory holds. */
export function resultOf(run: QueryRun, options: RunOptions, interner: TextInterner): ResultTable {
  const { compiled, quality } = run
  const { query } = compiled
  const span = spanOf(run)
  quality.fromNs = span.from
  quality.toNs = span.to
  quality.bins = compiled.hasBins ? span.last - span.first + 1 : 0
  const ns = span.to - span.from
  const mostRows = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, options.memoryOctets / PRINTED_OCTETS))
  const tables: ResultTable[] = []
  let outer: Set<string> | null = null
  for (const [depth, tablesOfLevel] of run.levels.entries()) {
    const [main] = tablesOfLevel as [(typeof tablesOfLevel)[number]]
    for (const table of tablesOfLevel) {
      const source = compiled.sources[table.plan.fills]
      if (source?.kind === 'distinct') emitDistinct(table, main.aggregation)
      else if (source?.kind === 'overBins')
        emitOverBins(table, main.aggregation, {
          ...source,
          first: span.first,
          last: span.last,
          durationOf: (bin) => compiled.window.durationOf(bin, span.from, span.to),
        })
      else if (table.plan.fills === -2) emitOneExporter(table, main.aggregation, FLOW_KEYS.length)
      if (table !== main) quality.spilledOctets += table.aggregation.spilledOctets
    }
    const { shape } = main.aggregation
    const isNested = run.levels.length > 1
    // Columns of the keys that the next outer level has.
    const width = depth === 0 ? 0 : shape.columnsAt[depth]!
    const parent: Set<string> | null = outer
    const ranking: Ranking = new Ranking(
      shape,
      {
        measures: compiled.measures,
        order: depth === 0 ? query.order : (query.innerOrder ?? query.order),
        limit: isNested ? query.per[depth]! : (query.per[0] ?? query.limit),
        having:
          isNested && depth < run.levels.length - 1 ? null : havingOf(compiled, main.aggregation.totals, ns),
        ns,
        admits: parent === null ? null : (meanings) => parent.has(textOf(meanings, width)),
        nest: depth === 0 ? null : (meanings) => textOf(meanings, width),
        mostGroups: Math.max(1000, Math.floor(options.memoryOctets / PRINTED_OCTETS)),
        addsBins: query.others,
      },
      interner,
    )
    ranking.takeAll(main.aggregation)
    quality.spilledOctets += main.aggregation.spilledOctets
    const winners = ranking.end()
    outer = new Set(winners.map(({ meanings }) => textOf(meanings, meanings.length)))
    tables.push(
      tableOf(run, depth, ranking, isNested ? nested(winners, tables, depth) : winners, span, mostRows),
    )
    if (isNested) ordered.set(tables.at(-1)!, nested(winners, tables.slice(0, -1), depth))
  }
  const last = tables.pop()!
  return { ...last, outer: tables }
}

/** The query's condition, with shares as it means them: of the whole, which is known by now. */
function havingOf({ query, measures }: CompiledQuery, totals: readonly bigint[], ns: bigint): Having | null {
  const { having } = query
  if (having === null || !measures.some(({ measure }) => measure.kind === 'share')) return having
  const wholes = measures.map(({ evaluate }) => evaluate(totals, ns))
  const toldCell = (cell: Cell, place: number): Cell => {
    const { measure } = measures[place]!
    if (measure.kind !== 'share') return cell
    // What rows above add up to is not known before there are rows.
    return measure.cumulative ? null : shareOf(cell, wholes[place]!)
  }
  return { text: having.text, test: (cells) => having.test(cells.map(toldCell)) }
}

/** Winners of tables already built, for the order of the next level. */
const ordered = new WeakMap<ResultTable, readonly Winner[]>()

/** Winners in the order of their outer groups. */
function nested(winners: Winner[], outer: readonly ResultTable[], depth: number): Winner[] {
  const before = outer[depth - 1]
  if (before === undefined) return winners
  const places = new Map<string, number>()
  for (const [place, { meanings }] of (ordered.get(before) ?? []).entries())
    places.set(textOf(meanings, meanings.length), place)
  const width = ordered.get(before)?.[0]?.meanings.length ?? 0
  const placeOf = ({ meanings }: Winner) => places.get(textOf(meanings, width)) ?? 0
  // Sorting keeps the order of equals.
  return [...winners].sort((a, b) => placeOf(a) - placeOf(b))
}

function textOf(meanings: Uint32Array, columns: number): string {
  return meanings.subarray(0, columns).join()
}

function spanOf(run: QueryRun): Span {
  const { window, hasBins } = run.compiled
  const { from, to } = window
  if (!hasBins) {
    const least = from ?? run.leastNs
    const greatest = to ?? run.greatestNs
    return { from: lesser(least, greatest), to: greatest, first: 0, last: -1 }
  }
  let least = Number.POSITIVE_INFINITY
  let greatest = Number.NEGATIVE_INFINITY
  for (const bin of run.binsSeen) {
    if (bin < least) least = bin
    if (bin > greatest) greatest = bin
  }
  const first = from === null ? least : window.numberOf(from)
  const last = to === null ? greatest : window.numberOf(to - 1n)
  if (!Number.isFinite(first) || !Number.isFinite(last))
    return { from: from ?? 0n, to: to ?? from ?? 0n, first: 0, last: -1 }
  return {
    from: from ?? window.startOf(first),
    to: to ?? window.startOf(last + 1),
    first,
    last: Math.max(last, first - 1),
  }
}

function columnsOf({ query, timeAt }: CompiledQuery, depth: number, run: QueryRun): ResultColumn[] {
  const { keys } = run.compiled.levels[depth]!
  const columns: ResultColumn[] = keys.map(({ key, unit }) => ({ name: key.name, role: 'key', unit }))
  if (timeAt >= 0) columns.splice(timeAt, 0, { name: query.keys[timeAt]!.name, role: 'key', unit: 'time' })
  for (const measure of query.measures)
    columns.push({ name: measure.name, role: 'measure', unit: unitOf(measure) })
  return columns
}

function tableOf(
  run: QueryRun,
  depth: number,
  ranking: Ranking,
  winners: readonly Winner[],
  span: Span,
  mostRows: number,
): ResultTable {
  const { compiled, quality } = run
  const { query, measures, sources, timeAt } = compiled
  const { aggregation } = run.levels[depth]![0]!
  const { shape } = aggregation
  const ns = span.to - span.from
  const hasTime = timeAt >= 0
  const totalLanes = sources.map((source, lane) =>
    isEmitted(source)
      ? 0n
      : shape.operations[lane] === 'sum'
        ? aggregation.totals[lane]!
        : ranking.greatest[lane]!,
  )
  let told: readonly Winner[] = winners
  // Without keys there is one group, with or without rows; its sums are the totals.
  if (shape.keys.length === 0) {
    const lanes = sources.map((source, lane) =>
      isEmitted(source) ? (winners[0]?.lanes[lane] ?? 0n) : totalLanes[lane]!,
    )
    const bins = winners[0]?.bins ?? (hasTime ? new Map<number, bigint[]>() : null)
    told = [{ meanings: new Uint32Array(0), lanes, bins, order: null }]
    if (query.having !== null && winners.length === 0) told = []
  }
  const totals = measures.map((measure) => {
    if (measure.measure.kind === 'share') return 1
    const isTelling = measure.addsUp || (measure.measure.kind === 'column' && query.measures.length > 0)
    if (shape.keys.length === 0 && told.length === 1 && !hasTime) return measure.evaluate(told[0]!.lanes, ns)
    return isTelling ? measure.evaluate(totalLanes, ns) : null
  })
  const wholes = measures.map((measure) => measure.evaluate(totalLanes, ns))
  const keyCells = ({ meanings }: Winner): Cell[] =>
    shape.keys.map((key, i) => {
      const isAbsent = meanings[shape.columnsAt[i + 1]! - 1] === 1
      return isAbsent ? null : key.cell(meanings, shape.columnsAt[i]!)
    })
  const nobody: Cell[] = shape.keys.map(() => null)
  const adder = new ShareAdder(measures, wholes)
  const rows: Cell[][] = []
  const others: Cell[][] = []
  const left = totalLanes.map((total, lane) =>
    told.reduce((rest, { lanes }) => rest - (lanes[lane] ?? 0n), total),
  )
  // Groups of both ends add up to more than there is: they leave nothing of it.
  const isLeft = query.others && !compiled.countsBothEnds && ranking.groups > told.length
  if (!hasTime) {
    for (const winner of told) rows.push([...keyCells(winner), ...adder.cells(winner.lanes, ns)])
    if (isLeft) others.push([...nobody, ...othersCells(measures, wholes, left, ns)])
  } else {
    const bins = span.last - span.first + 1
    if (bins * (told.length + 1) > mostRows) {
      throw new FlowError(
        'QUERY_INVALID',
        `${query.name}: ${bins} bins of ${told.length} groups are too many to print: say --top, --from and --to, or a longer --bin`,
      )
    }
    const missing = missingBins(run, span)
    quality.missingBins = missing.size
    const zeros = sources.map(() => 0n)
    const { window } = compiled
    const starts = Array.from({ length: bins }, (_, i) => window.startOf(span.first + i))
    const durations = starts.map((_, i) => window.durationOf(span.first + i, span.from, span.to))
    const withTime = (cells: Cell[], bin: number): Cell[] => {
      return [...cells.slice(0, timeAt), starts[bin - span.first]!, ...cells.slice(timeAt)]
    }
    const keys = told.map(keyCells)
    const row = (i: number, bin: number): void => {
      const lanes = told[i]!.bins?.get(bin)
      const duration = durations[bin - span.first]!
      const cells = missing.has(bin) ? measures.map(() => null) : adder.cells(lanes ?? zeros, duration)
      rows.push([...withTime(keys[i]!, bin), ...cells])
    }
    if (timeAt === 0) {
      for (let bin = span.first; bin <= span.last; bin++) for (let i = 0; i < told.length; i++) row(i, bin)
    } else {
      for (let i = 0; i < told.length; i++) for (let bin = span.first; bin <= span.last; bin++) row(i, bin)
    }
    for (let bin = span.first; isLeft && bin <= span.last; bin++) {
      const all = ranking.binTotals.get(bin) ?? zeros
      const rest = all.map((total, lane) =>
        told.reduce((sum, { bins: own }) => sum - (own?.get(bin)?.[lane] ?? 0n), total),
      )
      const duration = durations[bin - span.first]!
      const cells = missing.has(bin)
        ? measures.map(() => null)
        : othersCells(measures, wholes, rest, duration)
      others.push([...withTime(nobody, bin), ...cells])
    }
  }
  return {
    name: query.name,
    columns: columnsOf(compiled, depth, run),
    rows,
    totals: [...query.keys.slice(0, shape.keys.length + (hasTime ? 1 : 0)).map(() => null), ...totals],
    others,
    groups: ranking.groups,
    outer: [],
    quality,
  }
}

/** Makes shares of values, and adds up the cumulative ones row by row. */
class ShareAdder {
  readonly #measures: readonly CompiledMeasure[]
  readonly #wholes: readonly Cell[]
  readonly #sums: number[]

  constructor(measures: readonly CompiledMeasure[], wholes: readonly Cell[]) {
    this.#measures = measures
    this.#wholes = wholes
    this.#sums = measures.map(() => 0)
  }

  cells(lanes: readonly bigint[], ns: bigint): Cell[] {
    return this.#measures.map(({ measure, evaluate }, i) => {
      const cell = evaluate(lanes, ns)
      if (measure.kind !== 'share') return cell
      if (!measure.cumulative) return shareOf(cell, this.#wholes[i]!)
      this.#sums[i]! += Number(cell ?? 0)
      return shareOf(this.#sums[i]!, this.#wholes[i]!)
    })
  }
}

function shareOf(part: Cell, whole: Cell): number | null {
  if (part === null || whole === null || Number(whole) === 0) return null
  return Number(part) / Number(whole)
}

function othersCells(
  measures: readonly CompiledMeasure[],
  wholes: readonly Cell[],
  lanes: readonly bigint[],
  ns: bigint,
): Cell[] {
  return measures.map(({ measure, addsUp, evaluate }, i) => {
    if (!addsUp) return null
    const cell = evaluate(lanes, ns)
    if (measure.kind !== 'share') return cell
    return measure.cumulative ? 1 : shareOf(cell, wholes[i]!)
  })
}

/** Bins that hold nothing and that no input covers: nobody was listening. */
function missingBins(run: QueryRun, { first, last }: Span): Set<number> {
  const missing = new Set<number>()
  for (let bin = first; bin <= last; bin++) if (!run.binsSeen.has(bin)) missing.add(bin)
  const { window } = run.compiled
  for (const { from, to } of run.coverage) {
    const low = Math.max(first, window.numberOf(from))
    const high = Math.min(last, window.numberOf(to))
    for (let bin = low; bin <= high; bin++) missing.delete(bin)
  }
  return missing
}
