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

/**
 * The kind of rollup that answers a query exactly, the one with fewest rows, and the query as rollups are asked; null
 * where records are needed. `knowsAs`: whether the query's AS numbers are those that rollups have.
 */
export function rollupFor<Shape extends RollupShape>(
  query: Query,
  kinds: readonly Shape[],
  knowsAs: boolean,
): { kind: Shape; query: Query } | null {
  if (query.filter !== null || query.deduplicate !== 'none') return null
  if (query.allocation !== 'proportional' || query.activeTimeoutMs !== null) return null
  if (!query.measures.every(isOfCounters)) return null
  const isDirected = query.measures.some(hasDirection)
  const fits = (kind: Shape): Query | null => {
    if (!hasBorders(query, BigInt(kind.binNs))) return null
    if (isDirected && !kind.keys.includes(ROLLUP.localDirection)) return null
    const keys = query.keys.map((key) => keyOf(key, kind.keys, knowsAs))
    return keys.every((key) => key !== null) ? { ...query, keys } : null
  }
  const sorted = [...kinds].sort((a, b) => b.binNs - a.binNs || a.keys.length - b.keys.length)
  for (const kind of sorted) {
    const own = fits(kind)
    if (own !== null) return { kind, query: own }
  }
  return null
}

function isOfCounters(measure: Measure): boolean {
  switch (measure.kind) {
    case 'counter':
    case 'rate':
    case 'perPacket':
    case 'overBins':
      return true
    case 'share':
      return isOfCounters(measure.of)
    case 'ratio':
      return isOfCounters(measure.left) && isOfCounters(measure.right)
    default:
      return false
  }
}

function hasDirection(measure: Measure): boolean {
  switch (measure.kind) {
    case 'counter':
    case 'rate':
    case 'overBins':
      return (measure.direction ?? null) !== null
    case 'share':
      return hasDirection(measure.of)
    case 'ratio':
      return hasDirection(measure.left) || hasDirection(measure.right)
    default:
      return false
  }
}

/** Whether the borders of the window and of bins are borders of the rollup's bins. */
function hasBorders({ fromNs, toNs, binMs, binZone }: Query, binNs: bigint): boolean {
  const isBorder = (ns: bigint | null) => ns === null || ns % binNs === 0n
  if (!isBorder(fromNs) || !isBorder(toNs)) return false
  if (binMs === null) return true
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
      const isOurs = knowsAs && key.before === null && key.exporter && key.after !== null
      if (key.side !== 'remote' || key.shows !== 'number' || !isOurs || !has(ROLLUP.remoteAsNumber))
        return null
      return { ...key, side: 'destination', after: null }
    }
    default:
      return null
  }
}
