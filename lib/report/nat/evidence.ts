import { F, type Field } from '../../flow/fields.ts'
import { addressOf, type Cells, exporterOf, isNoAddress, peerOf, rangeOf, timesOf } from './nat-cells.ts'
import {
  BINDING_EVENTS,
  BLOCK_EVENTS,
  type Change,
  FIREWALL_CHANGES,
  NAT,
  NAT_CHANGES,
} from './nat-fields.ts'

/** What one row says of one address that is asked about. */
export interface Evidence {
  readonly kind: 'session' | 'block' | 'binding' | 'flow'
  readonly change: Change
  /** Of `begin` and `end` when it happened; of `span` its end. */
  readonly atNs: bigint
  /** Of `span` its begin; of `end` the begin, where the record has it too. */
  readonly fromNs: bigint | null
  /** Ports of the address asked about: one, or every `portStep`th from first to last. */
  readonly firstPort: number
  readonly lastPort: number
  readonly portStep: number
  /** -1 where the record does not say. */
  readonly protocol: number
  /** Who is on the other side of the translation. */
  readonly other: string
  /** -1 where the record does not say. */
  readonly otherPort: number
  readonly vrf: number
  /** With whom the session is; the empty text where the record does not say. */
  readonly peer: string
  /** The exporter's name for the subscriber. */
  readonly label: string
  /** Address and observation domain. */
  readonly exporter: string
}

/** Ends of a translation that an address asked about may stand at, and where the other one stands then. */
export interface Shape {
  readonly asked: Field
  readonly askedPort: Field
  readonly other: Field
  readonly otherPort: Field
  readonly peer: Field
  readonly peerPort: Field
}

const SOURCE = [F.sourceAddress, F.sourceTransportPort] as const
const DESTINATION = [F.destinationAddress, F.destinationTransportPort] as const
const POST_SOURCE = [F.postNatSourceAddress, NAT.postSourcePort] as const
const POST_DESTINATION = [F.postNatDestinationAddress, NAT.postDestinationPort] as const

function shape(
  [asked, askedPort]: readonly [Field, Field],
  [other, otherPort]: readonly [Field, Field],
  [peer, peerPort]: readonly [Field, Field],
): Shape {
  return { asked, askedPort, other, otherPort, peer, peerPort }
}

/** Going out, the public address is the source behind the translation. Coming back, exporters differ in the order. */
export const PUBLIC_SHAPES: readonly Shape[] = [
  shape(POST_SOURCE, SOURCE, DESTINATION),
  shape(POST_DESTINATION, DESTINATION, SOURCE),
  shape(DESTINATION, POST_DESTINATION, SOURCE),
]
export const PRIVATE_SHAPES: readonly Shape[] = [
  shape(SOURCE, POST_SOURCE, DESTINATION),
  shape(DESTINATION, POST_DESTINATION, SOURCE),
  shape(POST_DESTINATION, DESTINATION, SOURCE),
]

/** Whether a row tells of a begin or an end, or of ports that somebody has; all others are plain flows. */
export function isEvent(cells: Cells, row: number): boolean {
  return (
    cells.number(NAT.natEvent, row) > 0 ||
    cells.number(NAT.firewallEvent, row) > 0 ||
    cells.number(NAT.rangeStart, row) >= 0
  )
}

/** Whether a row says that the address that stands where the shape asks is another one on the other side. */
export function isTranslation(cells: Cells, row: number, { asked, other }: Shape): boolean {
  const self = cells.words(asked, row)
  const there = cells.words(other, row)
  if (self === null || there === null || isNoAddress(there.words, there.at)) return false
  for (let i = 0; i < 4; i++) if (self.words[self.at + i] !== there.words[there.at + i]) return true
  return false
}

/** When a row was told; null where it says neither that nor when its flow was. */
export function toldNs(cells: Cells, row: number): bigint | null {
  return cells.wide(F.timeReceived, row) ?? cells.wide(F.flowEnd, row) ?? cells.wide(F.flowStart, row)
}

/** What a row says of the address that stands where the shape asks; null where that is nothing. */
export function evidenceOf(cells: Cells, row: number, each: Shape): Evidence | null {
  const natEvent = cells.number(NAT.natEvent, row)
  const firewallEvent = natEvent > 0 ? 0 : cells.number(NAT.firewallEvent, row)
  const change: Change =
    natEvent > 0
      ? (NAT_CHANGES[natEvent] ?? 'none')
      : firewallEvent > 0
        ? (FIREWALL_CHANGES[firewallEvent] ?? 'none')
        : 'span'
  if (change === 'none') return null
  if (!isTranslation(cells, row, each)) return null
  const hasEvent = natEvent > 0 || firewallEvent > 0
  const port = cells.number(each.askedPort, row)
  const hasSession = port > 0 && !BLOCK_EVENTS.includes(natEvent)
  const range = hasSession ? null : rangeOf(cells, row)
  const isBroken = range === null && !hasSession && cells.number(NAT.rangeStart, row) >= 0
  if (isBroken || (range === null && BLOCK_EVENTS.includes(natEvent))) return null
  const isBinding = BINDING_EVENTS.includes(natEvent) || (hasEvent && range === null && port < 0)
  const kind = isBinding ? 'binding' : range !== null ? 'block' : hasEvent ? 'session' : 'flow'
  const times = timesOf(cells, row, change)
  if (times === null) return null
  const isWhole = kind === 'block' || kind === 'binding'
  const one = { first: Math.max(0, port), last: Math.max(0, port), step: 1 }
  const ports = isBinding ? { first: 0, last: 65_535, step: 1 } : (range ?? one)
  return {
    kind,
    change,
    ...times,
    firstPort: ports.first,
    lastPort: ports.last,
    portStep: ports.step,
    protocol: isWhole ? -1 : cells.number(F.protocolIdentifier, row),
    other: addressOf(cells, each.other, row),
    otherPort: isWhole ? -1 : cells.number(each.otherPort, row),
    vrf: Math.max(0, cells.number(NAT.ingressVrf, row)),
    peer: kind === 'session' ? peerOf(cells, each.peer, each.peerPort, row) : '',
    label: cells.text(NAT.nokiaSubscriber, row),
    exporter: exporterOf(cells, row),
  }
}
