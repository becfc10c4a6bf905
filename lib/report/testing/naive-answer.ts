import { F, type Field } from '../../flow/fields.ts'
import type { PlainFlow } from './plain-flows.ts'

// Answers worked out row by row with bigints, without any of the engine's code.

/** What a question asks of one flow. */
export interface NaiveQuestion {
  /** The texts of its keys; null is a key that the flow lacks. */
  readonly keys: (flow: PlainFlow) => readonly (string | null)[]
  readonly filter?: (flow: PlainFlow) => boolean
  readonly isRaw?: boolean
  readonly from?: bigint
  readonly to?: bigint
  readonly binNs?: bigint
  readonly capNs?: bigint
  readonly allocation?: 'proportional' | 'start' | 'end' | 'uniform' | 'max' | 'min'
  /** Distinct values of this are counted. */
  readonly distinct?: (flow: PlainFlow) => string | null
}

export interface NaiveGroup {
  octets: bigint
  packets: bigint
  flows: bigint
  readonly distinct: Set<string>
}

export function number(flow: PlainFlow, field: Field): bigint | null {
  return (flow.get(field) as bigint | undefined) ?? null
}

function lesser(a: bigint, b: bigint): bigint {
  if (a < b) return a
  return b
}

function greater(a: bigint, b: bigint): bigint {
  if (a > b) return a
  return b
}

function floorDiv(a: bigint, b: bigint): bigint {
  const q = a / b
  return a % b !== 0n && a < 0n !== b < 0n ? q - 1n : q
}

/** Parts of a flow by bin: volume before a moment is floor(total * elapsed / duration). */
function partsOf(flow: PlainFlow, total: bigint, question: NaiveQuestion): Map<bigint, bigint> {
  const {
    from = -(2n ** 80n),
    to = 2n ** 80n,
    binNs = 2n ** 90n,
    capNs,
    allocation = 'proportional',
  } = question
  const times = [number(flow, F.flowStart), number(flow, F.flowEnd), number(flow, F.timeReceived)]
  const parts = new Map<bigint, bigint>()
  let start = times[0] ?? times[1] ?? times[2]
  if (start === null || start === undefined) {
    if (question.from === undefined && question.to === undefined && question.binNs === undefined)
      parts.set(0n, total)
    return parts
  }
  let end = times[1] ?? start
  if (end < start) end = start
  if (capNs !== undefined && end - start > capNs) start = end - capNs
  const binOf = (at: bigint) => floorDiv(at, binNs)
  if (allocation === 'start' || allocation === 'end' || start === end) {
    const at = allocation === 'end' ? end : start
    if (at >= from && at < to) parts.set(binOf(at), total)
    return parts
  }
  if (start >= to || end <= from) return parts
  const first = binOf(start)
  const last = binOf(end - 1n)
  for (let bin = first; bin <= last; bin++) {
    const low = [bin * binNs, start, from].reduce(greater)
    const high = [(bin + 1n) * binNs, end, to].reduce(lesser)
    if (low >= high) continue
    const upTo = (at: bigint) => (total * (at - start)) / (end - start)
    if (allocation === 'proportional') parts.set(bin, upTo(high) - upTo(low))
    else if (allocation === 'max') parts.set(bin, total)
    else if (allocation === 'min') {
      if (first === last && start >= from && end <= to) parts.set(bin, total)
    } else {
      const n = last - first + 1n
      parts.set(bin, (total * (bin - first + 1n)) / n - (total * (bin - first)) / n)
    }
  }
  return parts
}

/** Groups by their keys' texts joined with |, and `@bin` behind them where there are bins. */
export function naiveAnswer(flows: readonly PlainFlow[], question: NaiveQuestion): Map<string, NaiveGroup> {
  const groups = new Map<string, NaiveGroup>()
  for (const flow of flows) {
    if (question.filter !== undefined && !question.filter(flow)) continue
    const rate = number(flow, F.samplingRate) ?? 0n
    const factor = question.isRaw === true || rate === 0n ? 1n : rate
    const scaled = (field: Field) => {
      const value = (number(flow, field) ?? 0n) * factor
      return value < 2n ** 64n ? value : 2n ** 64n - 1n
    }
    const octets = partsOf(flow, scaled(F.octetDeltaCount), question)
    const packets = partsOf(flow, scaled(F.packetDeltaCount), question)
    const key = question.keys(flow).join('|')
    let isFirst = true
    for (const [bin, part] of octets) {
      const name = question.binNs === undefined ? key : `${key}@${bin * question.binNs}`
      let group = groups.get(name)
      if (group === undefined) {
        group = { octets: 0n, packets: 0n, flows: 0n, distinct: new Set() }
        groups.set(name, group)
      }
      group.octets += part
      group.packets += packets.get(bin) ?? 0n
      group.flows += isFirst ? 1n : 0n
      isFirst = false
      const distinct = question.distinct?.(flow) ?? null
      if (distinct !== null) group.distinct.add(distinct)
    }
  }
  return groups
}
