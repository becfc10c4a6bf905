import { zoneOffset } from '../bytes/time-zone.ts'
import { F, type Field } from '../flow/fields.ts'
import { ROLLUP } from '../flow/rollup-fields.ts'
import type { Key, Measure, Query } from './query.ts'

const HOUR_MS = 3_600_000
const NS_PER_MS = 1_000_000n

/** A kind of rollup. */
export interface RollupShape {
  readonly name: string
  readonly binNs: number
  readonly keys: readonly Field[]
}

const AS_IT_IS: readonly Field[] = [
  F.exporterAddress,
  F.ingressInterface,
  F.egressInterface,
  F.protocolIdentifier,
]

/** How a query is asked of a kind of rollup. */
export interface RollupPlan<Shape extends RollupShape> {
  readonly kind: Shape
  readonly query: Query
  /** Whether only rollups answer of files whose flows all have both addresses. */
  readonly needsAddresses: boolean
}

/**
 * How kinds of rollups answer a query exactly, the one with fewest rows first; where none does, why records are needed. The
 * query is the same for all of them. `knowsAs`: whether the query's AS numbers are those that rollups have.
 */
export function rollupsFor<Shape extends RollupShape>(
  query: Query,
  kinds: readonly Shape[],
  knowsAs: boolean,
): RollupPlan<Shape>[] | string {
  if (query.deduplicate !== 'none') return 'they do not tell what several exporters saw'
  if (query.allocation !== 'proportional') return `volume is not ${query.allocation} in their bins`
  if (query.activeTimeoutMs !== null) return 'they have not cut long flows'
  let near: Misfit = { fits: -1, why: 'there are none' }
  const sorted = [...kinds].sort((a, b) => b.binNs - a.binNs || a.keys.length - b.keys.length)
  const plans: RollupPlan<Shape>[] = []
  for (const kind of sorted) {
    const found = planFor(query, kind, knowsAs)
    if ('kind' in found) plans.push(found)
    else if (found.fits > near.fits) near = found
  }
  return plans.length > 0 ? plans : near.why
}

/** Why a kind does not answer, and how many parts of the query it would tell. */
interface Misfit {
  readonly fits: number
  readonly why: string
}

function planFor<Shape extends RollupShape>(
  query: Query,
  kind: Shape,
  knowsAs: boolean,
): RollupPlan<Shape> | Misfit {
  const { filter } = query
  const keys = query.keys.map((key) => keyOf(key, kind.keys, knowsAs))
  const unknown = keys.indexOf(null)
  if (unknown >= 0)
    return { fits: unknown, why: `none has the key ${query.keys[unknown]!.name} beside the others` }
  const measures = query.measures.map((measure) => measureOf(measure, kind.keys, knowsAs))
  const missing = measures.indexOf(null)
  if (missing >= 0)
    return { fits: keys.length + missing, why: `none with these keys tells ${query.measures[missing]!.name}` }
  const own = filter === null ? null : (filter.overRollups?.(kind.keys) ?? null)
  if (filter !== null && own === null)
    return { fits: keys.length + measures.length, why: 'none with these keys tells what the filter asks' }
  if (!hasBorders(query, BigInt(kind.binNs)))
    return {
      fits: keys.length + measures.length + 1,
      why: `the window or bins begin or end within bins of ${kind.name}`,
    }
  const asked: Query = {
    ...query,
    keys: keys as readonly Key[],
    measures: measures as readonly Measure[],
    filter: own?.filter ?? null,
  }
  return { kind, query: asked, needsAddresses: own?.needsAddresses === true }
}

/** The measure as a rollup with these keys is asked for it; null where it does not know. */
function measureOf(measure: Measure, known: readonly Field[], knowsAs: boolean): Measure | null {
  switch (measure.kind) {
    case 'counter':
    case 'rate':
    case 'overBins':
      return (measure.direction ?? null) === null || known.includes(ROLLUP.localDirection) ? measure : null
    case 'perPacket':
      return measure
    case 'distinct': {
      const key = keyOf(measure.key, known, knowsAs)
      return key === null ? null : { ...measure, key }
    }
    case 'share': {
      const of = measureOf(measure.of, known, knowsAs)
      return of === null ? null : { ...measure, of }
    }
    case 'ratio': {
      const left = measureOf(measure.left, known, knowsAs)
      const right = measureOf(measure.right, known, knowsAs)
      return left === null || right === null ? null : { ...measure, left, right }
    }
    default:
      return null
  }
}

/** Whether the borders of the window and of bins are borders of the rollup's bins. */
function hasBorders({ fromNs, toNs, binMs, binZone, keys, measures }: Query, binNs: bigint): boolean {
  const isBorder = (ns: bigint | null) => ns === null || ns % binNs === 0n
  if (!isBorder(fromNs) || !isBorder(toNs)) return false
  const usesBins = keys.some(({ kind }) => kind === 'time') || measures.some(isOverBins)
  if (binMs === null || !usesBins) return true
  if (!isBorder(BigInt(Math.round(binMs * 1e6)))) return false
  return binMs < HOUR_MS || aheadOfUtc(binZone, [fromNs, toNs]).every(isBorder)
}

/** By how much the zone's clocks are ahead at these moments, and in both halves of this year: some change them. */
function aheadOfUtc(zone: string, moments: readonly (bigint | null)[]): bigint[] {
  const year = new Date().getUTCFullYear()
  const asked = moments.flatMap((ns) => (ns === null ? [] : [Number(ns / NS_PER_MS)]))
  const ms = [...asked, Date.UTC(year, 0), Date.UTC(year, 6)]
  return ms.map((at) => BigInt(zoneOffset(at, zone)) * NS_PER_MS)
}

function isOverBins(measure: Measure): boolean {
  switch (measure.kind) {
    case 'overBins':
      return true
    case 'share':
      return isOverBins(measure.of)
    case 'ratio':
      return isOverBins(measure.left) || isOverBins(measure.right)
    default:
      return false
  }
}

/** The key as a rollup with these keys is asked for it; null where it does not know. */
function keyOf(key: Key, known: readonly Field[], knowsAs: boolean): Key | null {
  const has = (field: Field) => known.includes(field)
  switch (key.kind) {
    case 'time':
      return key
    case 'field':
      return AS_IT_IS.includes(key.field) && has(key.field) ? key : null
    case 'exporterNumber':
      return has(F.exporterAddress) && AS_IT_IS.includes(key.field) && has(key.field) ? key : null
    case 'direction':
      return has(ROLLUP.localDirection) ? key : null
    case 'service':
      return has(F.protocolIdentifier) && has(ROLLUP.servicePort) ? key : null
    case 'address':
    case 'fact':
      if (key.side === 'local' && has(ROLLUP.localAddress)) return { ...key, side: 'source' }
      return key.side === 'remote' && has(ROLLUP.remoteAddress) ? { ...key, side: 'destination' } : null
    case 'prefix': {
      const isWide = key.ipv4Bits <= 24 && key.ipv6Bits <= 64
      if (key.side === 'local' && (has(ROLLUP.localAddress) || (isWide && has(ROLLUP.localPrefix))))
        return { ...key, side: 'source' }
      return key.side === 'remote' && has(ROLLUP.remoteAddress) ? { ...key, side: 'destination' } : null
    }
    case 'as': {
      // What only tables tell of addresses is told of these anew.
      if (key.side === 'remote' && !key.exporter && has(ROLLUP.remoteAddress))
        return { ...key, side: 'destination' }
      if (key.side === 'local' && !key.exporter && has(ROLLUP.localAddress)) return { ...key, side: 'source' }
      const isOurs = knowsAs && key.before === null && key.exporter && key.after !== null
      if (key.side !== 'remote' || key.shows !== 'number' || !isOurs || !has(ROLLUP.remoteAsNumber))
        return null
      return { ...key, side: 'destination', after: null }
    }
    default:
      return null
  }
}
