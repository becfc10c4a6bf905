import { FlowError } from '../diagnostics/flow-error.ts'
import { F, type Field } from '../flow/fields.ts'
import { type CompiledKey, compileKey } from './compiled-key.ts'
import { type CompiledMeasure, compileMeasure, isEmitted, LaneList, type LaneSource } from './measures.ts'
import { otherEnd } from './other-ends.ts'
import type { Key, Query } from './query.ts'
import { type TableShape, tableShape } from './table-shape.ts'
import type { TextInterner } from './text-interner.ts'
import { Window } from './window.ts'

/** A table that rows go to. Others than the first emit their groups into a lane of the first at the end. */
export interface TablePlan {
  readonly shape: TableShape
  readonly sources: readonly LaneSource[]
  /** The lane of the main table that this one fills; -1 for the main table. */
  readonly fills: number
}

/** The tables of one level: of a nested query each prefix of the keys is one. */
export interface LevelPlan {
  /** Keys but time, and how many of them. */
  readonly keys: readonly CompiledKey[]
  readonly tables: readonly TablePlan[]
}

export interface CompiledQuery {
  readonly query: Query
  readonly measures: readonly CompiledMeasure[]
  readonly sources: readonly LaneSource[]
  readonly window: Window
  /** Whether rows are dealt into bins. */
  readonly hasBins: boolean
  /** Place of the time bin among the keys, or -1. */
  readonly timeAt: number
  /** Outermost first; the last has all keys. */
  readonly levels: readonly LevelPlan[]
  /** Whether each flow counts for its source and once more for its destination. */
  readonly countsBothEnds: boolean
  /** Columns that are read. */
  readonly fields: readonly Field[]
}

/** Makes a query ready; throws QUERY_INVALID for what contradicts itself. */
export function compileQuery(query: Query, interner: TextInterner): CompiledQuery {
  const invalid = (what: string) => new FlowError('QUERY_INVALID', `${query.name}: ${what}`)
  const timeAt = query.keys.findIndex(({ kind }) => kind === 'time')
  const ownKeys = query.keys.filter(({ kind }) => kind !== 'time')
  if (query.keys.length - ownKeys.length > 1) throw invalid('time can stand only once among the keys')
  const compile = (key: Key) => compileKey(key, query.local, interner)
  const keys = ownKeys.map(compile)
  const lanes = new LaneList()
  const measures = query.measures.map((measure) => compileMeasure(measure, lanes))
  const { sources } = lanes
  const isOverBins = sources.some(({ kind }) => kind === 'overBins')
  const hasTime = timeAt >= 0
  if (isOverBins && hasTime) throw invalid('statistics over bins and the time key exclude each other')
  if (query.per.length > 0 && query.per.length !== keys.length)
    throw invalid(`--per gives ${query.per.length} limits to ${keys.length} keys`)
  if (query.per.length > 0 && query.limit !== null)
    throw invalid('one limit and limits per key exclude each other')
  if (query.deduplicate === 'exporter' && sources.some(isEmitted))
    throw invalid('distinct counts and statistics over bins cannot be had of one exporter only')
  const countsBothEnds = query.keys.some(({ eitherEnd }) => eitherEnd)
  if (countsBothEnds) checkEnds(query)
  const window = new Window(query, hasTime || isOverBins)
  const depths = query.per.length > 1 ? query.per.map((_, depth) => depth + 1) : [keys.length]
  const levels = depths.map((depth) => level(query, keys.slice(0, depth), lanes, hasTime, compile))
  return {
    query,
    measures,
    sources,
    window,
    hasBins: hasTime || isOverBins,
    timeAt,
    levels,
    countsBothEnds,
    fields: fieldsOf(query, levels, window, countsBothEnds),
  }
}

function level(
  query: Query,
  keys: readonly CompiledKey[],
  lanes: LaneList,
  hasTime: boolean,
  compile: (key: Key) => CompiledKey,
): LevelPlan {
  const { sources } = lanes
  const main = tableShape(keys, keys.length, hasTime, lanes.operations())
  const tables: TablePlan[] = [{ shape: main, sources, fills: -1 }]
  for (const [fills, source] of sources.entries()) {
    if (source.kind === 'distinct') {
      const own = [...keys, compile(source.key)]
      tables.push({ shape: tableShape(own, own.length, hasTime, []), sources: [], fills })
    } else if (source.kind === 'overBins') {
      const { counter, direction } = source
      tables.push({
        shape: tableShape(keys, keys.length, true, ['sum']),
        sources: [{ kind: 'counter', counter, direction }],
        fills,
      })
    }
  }
  if (query.deduplicate === 'exporter') {
    const flow = FLOW_KEYS.map((field) => compile({ kind: 'field', name: field.name, field }))
    const exporter = compile({ kind: 'field', name: 'exporter', field: F.exporterAddress })
    const all = [...flow, exporter, ...keys]
    const shape = tableShape(all, flow.length, hasTime, main.operations)
    return {
      keys,
      tables: [
        { shape: main, sources, fills: -1 },
        { shape, sources, fills: -2 },
      ],
    }
  }
  return { keys, tables }
}

/** What makes rows of several exporters the same flow. */
export const FLOW_KEYS = [
  F.sourceAddress,
  F.destinationAddress,
  F.sourceTransportPort,
  F.destinationTransportPort,
  F.protocolIdentifier,
]

/** Throws QUERY_INVALID for what makes no sense where flows count for both ends. */
function checkEnds({ name, keys, deduplicate }: Query): void {
  const either = keys.find(({ eitherEnd }) => eitherEnd)!
  const one = keys.find(
    (key) => !key.eitherEnd && 'side' in key && (key.side === 'source' || key.side === 'destination'),
  )
  if (one !== undefined)
    throw new FlowError(
      'QUERY_INVALID',
      `${name}: ${either.name} means either end of a flow, ${one.name} one of them; say src.${either.name} or leave out ${one.name}`,
    )
  if (deduplicate === 'exporter')
    throw new FlowError(
      'QUERY_INVALID',
      `${name}: ${either.name} counts both ends; say src.${either.name} with --dedup exporter`,
    )
}

function fieldsOf(
  query: Query,
  levels: readonly LevelPlan[],
  window: Window,
  countsBothEnds: boolean,
): readonly Field[] {
  const fields = new Set<Field>(query.filter?.fields ?? [])
  let hasCounters = false
  for (const { tables } of levels) {
    for (const { shape, sources } of tables) {
      for (const key of shape.keys) for (const field of key.fields) fields.add(field)
      for (const source of sources) {
        if (source.kind === 'column' || source.kind === 'present') fields.add(source.field)
        if (source.kind !== 'counter') continue
        if (source.direction !== null) fields.add(F.sourceAddress).add(F.destinationAddress)
        if (source.counter === 'octets') fields.add(F.octetDeltaCount)
        if (source.counter === 'packets') fields.add(F.packetDeltaCount)
        if (source.counter !== 'flows') hasCounters = true
      }
    }
  }
  if (hasCounters && query.counters === 'scaled') fields.add(F.samplingRate).add(F.samplingSource)
  if (query.deduplicate === 'edge') fields.add(F.flowDirection)
  if (window.binNs > 0n || window.from !== null || window.to !== null) fields.add(F.flowStart).add(F.flowEnd)
  if (countsBothEnds) for (const field of [...fields]) fields.add(otherEnd(field))
  return [...fields]
}
