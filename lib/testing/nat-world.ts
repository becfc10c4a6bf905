import type { FlowBatch } from '../flow/batch.ts'
import type { BatchWriter } from '../flow/batch-writer.ts'
import { defineField, F, type Field } from '../flow/fields.ts'
import { newRandom } from './workload.ts'

// A day of four translators with holes in what they sent, and who had which public address and port in truth.

const SECOND = 1_000_000_000n
const START = 1_767_225_600n * SECOND // 2026-01-01T00:00:00Z

const natEvent = defineField('natEvent', 'u8', 'identifier', 0, 230)
const firewallEvent = defineField('firewallEvent', 'u8', 'default', 0, 233)
const postSourcePort = defineField('postNAPTSourceTransportPort', 'u16', 'identifier', 0, 227)
const rangeStart = defineField('portRangeStart', 'u16', 'identifier', 0, 361)
const rangeEnd = defineField('portRangeEnd', 'u16', 'identifier', 0, 362)
const rangeStep = defineField('portRangeStepSize', 'u16', 'identifier', 0, 363)
const rangePorts = defineField('portRangeNumPorts', 'u16', 'identifier', 0, 364)
const observed = defineField('observationTimeMilliseconds', 'u64', 'timestamp', 0, 323)

type Kind = 'nsel' | 'sessions' | 'blocks' | 'flows'
const KINDS: readonly Kind[] = ['nsel', 'sessions', 'blocks', 'flows']

/** Who had what, from when to when, in nanoseconds, and whether begin and end came. */
export interface PlantedHolding {
  readonly kind: Kind
  /** Four words. */
  readonly subscriber: readonly number[]
  readonly publicIp: number
  readonly firstPort: number
  readonly lastPort: number
  readonly step: number
  readonly protocol: number
  readonly fromNs: bigint
  readonly toNs: bigint
  readonly isBeginSeen: boolean
  readonly isEndSeen: boolean
}

/** A time whose records were lost, nanoseconds. */
export interface PlantedGap {
  readonly kind: Kind
  readonly fromNs: bigint
  readonly toNs: bigint
}

export interface NatWorld {
  readonly holdings: readonly PlantedHolding[]
  readonly gaps: readonly PlantedGap[]
  /** Writes all rows in the order of their reception. */
  write(writer: BatchWriter): void
}

type Row = readonly (readonly [Field, number | bigint | readonly number[]])[]

/** About `count` holdings; the same seed gives the same world. Translators say something every second. */
export function natWorld(seed: number, count: number, seconds = 86_400): NatWorld {
  const random = newRandom(seed)
  const gaps: PlantedGap[] = KINDS.flatMap((kind) =>
    [1, 2, 3].map((i) => {
      const from = Math.floor((seconds * i) / 4) + random(Math.floor(seconds / 20))
      const fromNs = START + BigInt(from) * SECOND
      return { kind, fromNs, toNs: fromNs + BigInt(60 + random(300)) * SECOND }
    }),
  )
  const isLost = (kind: Kind, ns: bigint) =>
    gaps.some((gap) => gap.kind === kind && ns > gap.fromNs && ns < gap.toNs)
  const holdings: PlantedHolding[] = []
  /** By kind and second. */
  const rows = KINDS.map(() => new Map<number, Row[]>())
  const say = (place: number, ns: bigint, row: Row) => {
    if (isLost(KINDS[place]!, ns)) return
    const second = Number((ns - START) / SECOND)
    const list = rows[place]!.get(second)
    if (list === undefined) rows[place]!.set(second, [row])
    else list.push(row)
  }
  const chain = 5
  for (let i = 0; i * chain < count; i++) {
    const place = i % 4
    const kind = KINDS[place]!
    const publicIp = 0xc6336400 + place * 64 + ((i >>> 2) % 60)
    const number = Math.floor((i >>> 2) / 60)
    let at = BigInt(random(Math.floor(seconds / 5))) * SECOND + START + BigInt(random(1000)) * 1_000_000n
    for (let k = 0; k < chain; k++) {
      const lasting = 1 + random(Math.floor((seconds * 0.8) / chain))
      const fromNs = at
      const toNs = at + BigInt(lasting) * SECOND + BigInt(random(1000)) * 1_000_000n
      at = toNs + BigInt(20 + random(Math.floor(seconds / 50))) * SECOND
      if (toNs >= START + BigInt(seconds) * SECOND) break
      const isIpv6 = kind === 'sessions' && random(3) === 0
      const subscriber = isIpv6
        ? [0x20010db8, random(0xffff), random(0xffff), 1 + random(0xffff)]
        : [0, 0, 0xffff, 0x64400000 + random(0x3fffff)]
      const step = kind === 'blocks' && number % 3 === 0 ? 4 : 1
      const firstPort = kind === 'blocks' ? 1024 + (number % 120) * 512 : 1024 + (number % 60_000)
      const holding: PlantedHolding = {
        kind,
        subscriber,
        publicIp,
        firstPort,
        lastPort: kind === 'blocks' ? firstPort + (step === 4 ? 508 : 511) : firstPort,
        step,
        protocol: kind === 'blocks' ? -1 : number % 2 === 0 ? 6 : 17,
        fromNs,
        toNs,
        isBeginSeen: !isLost(kind, kind === 'flows' ? toNs : fromNs),
        isEndSeen: !isLost(kind, toNs),
      }
      holdings.push(holding)
      if (kind !== 'flows') say(place, fromNs, eventRow(holding, fromNs, true, 1024 + random(60_000)))
      say(place, toNs, eventRow(holding, toNs, false, 1024 + random(60_000)))
    }
  }
  return {
    holdings,
    gaps,
    write(writer) {
      const sequences = [7, 7_000, 0xfffffff0, 70_000]
      for (let second = 0; second < seconds; second++) {
        const ns = START + BigInt(second) * SECOND + SECOND - 1n
        for (const place of KINDS.keys()) {
          const own = [...(rows[place]!.get(second) ?? []), idleRow(ns)]
          if (place === 0) sequences[0] = (sequences[0]! + 1) >>> 0
          const sequence = sequences[place]!
          if (place !== 0) sequences[place] = (sequence + own.length) >>> 0
          if (!isLost(KINDS[place]!, ns)) for (const row of own) writeRow(writer, place, sequence, ns, row)
        }
      }
    },
  }
}

/** The session of a subscriber is told by both ends; a flow once, when it has ended. */
function eventRow(holding: PlantedHolding, ns: bigint, isBegin: boolean, port: number): Row {
  const { kind, subscriber, publicIp, firstPort, lastPort, step, protocol, fromNs, toNs } = holding
  const outside = [F.postNatSourceAddress, [0, 0, 0xffff, publicIp]] as const
  const inside = [F.sourceAddress, subscriber] as const
  if (kind === 'blocks') {
    const size: Row =
      step === 1
        ? [[rangeEnd, lastPort]]
        : [
            [rangeStep, step],
            [rangePorts, (lastPort - firstPort) / step + 1],
          ]
    return [inside, outside, [natEvent, isBegin ? 16 : 17], [observed, ns], [rangeStart, firstPort], ...size]
  }
  const session: Row = [
    inside,
    outside,
    [postSourcePort, firstPort],
    // The private port of a session is the same at its begin and end.
    [F.sourceTransportPort, kind === 'flows' ? port : 1024 + (firstPort % 60_000)],
    [F.protocolIdentifier, protocol],
  ]
  if (kind === 'flows') return [...session, [F.flowStart, fromNs], [F.flowEnd, toNs]]
  if (kind === 'nsel')
    return [...session, [firewallEvent, isBegin ? 1 : 2], [observed, ns], [F.flowStart, fromNs]]
  const isNat64 = subscriber[2] !== 0xffff
  return [...session, [natEvent, (isBegin ? 4 : 5) + (isNat64 ? 2 : 0)], [observed, ns]]
}

/** A flow that is not translated. */
function idleRow(ns: bigint): Row {
  return [
    [F.sourceAddress, [0, 0, 0xffff, 0x0a000001]],
    [F.destinationAddress, [0, 0, 0xffff, 0x0a000002]],
    [F.protocolIdentifier, 17],
    [F.flowStart, ns],
    [F.flowEnd, ns],
  ]
}

function writeRow(writer: BatchWriter, place: number, sequence: number, ns: bigint, row: Row): void {
  const batch = writer.reserve(1)
  const at = batch.rowCount
  const all: Row = [
    [F.timeReceived, ns],
    [F.exporterAddress, [0, 0, 0xffff, 0xc0000210 + place]],
    [F.exportProtocol, place === 0 ? 9 : 10],
    [F.observationDomainId, place],
    [F.sequenceNumber, sequence],
    ...row,
  ]
  for (const [field, value] of all) setCell(batch, at, field, value)
  batch.rowCount++
}

/** Sets a cell of any fixed column. */
export function setCell(
  batch: FlowBatch,
  row: number,
  field: Field,
  value: number | bigint | readonly number[],
): void {
  const column = batch.fixed(field)
  column.present[row] = 1
  if (typeof value === 'bigint') column.wide[row] = value
  else if (typeof value === 'number') column.values[row] = value
  else column.words.set(value, row * 4)
}
