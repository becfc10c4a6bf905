import { FlowError } from '../diagnostics/flow-error.ts'
import type { Field } from '../flow/fields.ts'
import type { BinStatistic, Cell, Counter, Direction, Key, Measure, ResultColumn } from './query.ts'
import type { LaneOperation } from './sums.ts'

/** What a lane adds up. */
export type LaneSource =
  | { readonly kind: 'counter'; readonly counter: Counter; readonly direction: Direction | null }
  /** Least values are kept as the greatest of their complements. */
  | { readonly kind: 'column'; readonly field: Field; readonly operation: 'sum' | 'min' | 'max' }
  | { readonly kind: 'present'; readonly field: Field }
  /** Comes from another table when all rows are read. */
  | { readonly kind: 'distinct'; readonly key: Key }
  | {
      readonly kind: 'overBins'
      readonly counter: Counter
      readonly direction: Direction | null
      readonly statistic: BinStatistic
      readonly rank: number
    }

/** Lanes that the measures of a query need, each once. */
export class LaneList {
  readonly sources: LaneSource[] = []

  lane(source: LaneSource): number {
    const known = this.sources.findIndex((other) => isSame(other, source))
    return known >= 0 ? known : this.sources.push(source) - 1
  }

  operations(): LaneOperation[] {
    return this.sources.map((source) =>
      source.kind === 'column' && source.operation !== 'sum' ? 'greatest' : 'sum',
    )
  }
}

function isSame(a: LaneSource, b: LaneSource): boolean {
  const names = Object.keys(a) as (keyof LaneSource)[]
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}

/** Whether rows add nothing to a lane because another table fills it at the end. */
export function isEmitted(source: LaneSource): boolean {
  return source.kind === 'distinct' || source.kind === 'overBins'
}

/** A measure over the lanes of a group. */
export interface CompiledMeasure {
  readonly measure: Measure
  /** The lane that sorts as the measure does, or -1. */
  readonly orderLane: number
  /** Whether the sums of groups are the sum of all. */
  readonly addsUp: boolean
  /** `ns`: how long the group's window or bin lasted. Shares are told elsewhere, here they are what they are a share of. */
  evaluate(lanes: readonly bigint[], ns: bigint): Cell
}

const MOST = 2n ** 64n - 1n
const NS_PER_SECOND = 1_000_000_000n

/** Volume per second, octets as bits, rounded half up; null where there was no time. */
export function rateOf(counter: Counter, volume: bigint, ns: bigint): bigint | null {
  if (ns <= 0n) return null
  const unit = counter === 'octets' ? 8n * NS_PER_SECOND : NS_PER_SECOND
  return (volume * unit * 2n + ns) / (2n * ns)
}

/** Lanes have no sign: a trend stands there in millionths above this, 0 where the earlier half had nothing. */
const NO_CHANGE = 2n ** 40n
const MOST_CHANGE = 2n ** 52n

/** The lane of a trend from one volume to another. */
export function trendLane(earlier: bigint, later: bigint): bigint {
  if (earlier === 0n) return 0n
  const change = ((later - earlier) * 1_000_000n) / earlier
  return NO_CHANGE + (change < MOST_CHANGE ? change : MOST_CHANGE)
}

function trendOf(lane: bigint): number | null {
  return lane === 0n ? null : Number(lane - NO_CHANGE) / 1e6
}

function quotient(left: Cell, right: Cell): number | null {
  if (left === null || right === null || typeof left === 'string' || typeof right === 'string') return null
  return Number(right) === 0 ? null : Number(left) / Number(right)
}

/** Throws QUERY_INVALID for columns that are no unsigned numbers. */
export function compileMeasure(measure: Measure, lanes: LaneList): CompiledMeasure {
  switch (measure.kind) {
    case 'counter':
    case 'rate': {
      const { counter, direction = null } = measure
      const lane = lanes.lane({ kind: 'counter', counter, direction })
      const evaluate =
        measure.kind === 'counter'
          ? (values: readonly bigint[]) => values[lane]!
          : (values: readonly bigint[], ns: bigint) => rateOf(counter, values[lane]!, ns)
      return { measure, orderLane: lane, addsUp: true, evaluate }
    }
    case 'perPacket': {
      const octets = lanes.lane({ kind: 'counter', counter: 'octets', direction: null })
      const packets = lanes.lane({ kind: 'counter', counter: 'packets', direction: null })
      return {
        measure,
        orderLane: -1,
        addsUp: true,
        evaluate: (values) => quotient(values[octets]!, values[packets]!),
      }
    }
    case 'distinct': {
      const lane = lanes.lane({ kind: 'distinct', key: measure.key })
      return { measure, orderLane: lane, addsUp: false, evaluate: (values) => values[lane]! }
    }
    case 'overBins': {
      const { counter, direction = null, statistic, rank } = measure
      const lane = lanes.lane({ kind: 'overBins', counter, direction, statistic, rank })
      const evaluate =
        statistic === 'trend'
          ? (values: readonly bigint[]) => trendOf(values[lane]!)
          : (values: readonly bigint[]) => values[lane]!
      return { measure, orderLane: lane, addsUp: false, evaluate }
    }
    case 'column':
      return compileColumn(measure, lanes)
    case 'share': {
      const inner = compileMeasure(measure.of, lanes)
      return { ...inner, measure }
    }
    default: {
      const left = compileMeasure(measure.left, lanes)
      const right = compileMeasure(measure.right, lanes)
      return {
        measure,
        orderLane: -1,
        addsUp: left.addsUp && right.addsUp,
        evaluate: (values, ns) => quotient(left.evaluate(values, ns), right.evaluate(values, ns)),
      }
    }
  }
}

function compileColumn(measure: Measure & { kind: 'column' }, lanes: LaneList): CompiledMeasure {
  const { field, operation } = measure
  if (!['u8', 'u16', 'u32', 'u64'].includes(field.kind))
    throw new FlowError('QUERY_INVALID', `${measure.name}: ${field.name} is no column of unsigned numbers`)
  const rows = lanes.lane({ kind: 'present', field })
  const lane = lanes.lane({ kind: 'column', field, operation: operation === 'average' ? 'sum' : operation })
  switch (operation) {
    case 'sum':
      return { measure, orderLane: lane, addsUp: true, evaluate: (values) => values[lane]! }
    case 'average':
      return {
        measure,
        orderLane: -1,
        addsUp: true,
        evaluate: (values) => quotient(values[lane]!, values[rows]!),
      }
    default:
      return {
        measure,
        orderLane: -1,
        addsUp: false,
        evaluate(values) {
          if (values[rows] === 0n) return null
          return operation === 'max' ? values[lane]! : MOST - values[lane]!
        },
      }
  }
}

/** What the cells of a measure are. */
export function unitOf(measure: Measure): ResultColumn['unit'] {
  switch (measure.kind) {
    case 'counter':
      return measure.counter
    case 'overBins':
      if (measure.statistic === 'trend') return 'share'
      return measure.counter === 'octets' ? 'bitsPerSecond' : 'perSecond'
    case 'rate':
      return measure.counter === 'octets' ? 'bitsPerSecond' : 'perSecond'
    case 'share':
      return 'share'
    case 'perPacket':
    case 'ratio':
      return 'ratio'
    case 'column':
      return measure.field.semantics === 'timestamp' && measure.operation !== 'average' ? 'time' : 'number'
    default:
      return 'number'
  }
}
