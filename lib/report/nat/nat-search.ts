import type { FixedColumn } from '../../flow/batch.ts'
import { F, type Field } from '../../flow/fields.ts'
import type { BlockFacts, FlowBlock, Problem } from '../../flow/source.ts'
import type { BlockReader } from '../block-pass.ts'
import type { Selector } from '../query.ts'
import { greater, lesser } from '../window.ts'
import { AskedAddresses } from './asked-addresses.ts'
import { NatCells } from './nat-cells.ts'
import {
  BINDING_EVENTS,
  BLOCK_EVENTS,
  type Change,
  FIREWALL_CHANGES,
  NAT,
  NAT_CHANGES,
} from './nat-fields.ts'
import type { NatQuestion } from './nat-question.ts'

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
interface Shape {
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
const PUBLIC_SHAPES = [
  shape(POST_SOURCE, SOURCE, DESTINATION),
  shape(POST_DESTINATION, DESTINATION, SOURCE),
  shape(DESTINATION, POST_DESTINATION, SOURCE),
]
const PRIVATE_SHAPES = [
  shape(SOURCE, POST_SOURCE, DESTINATION),
  shape(DESTINATION, POST_DESTINATION, SOURCE),
  shape(POST_DESTINATION, DESTINATION, SOURCE),
]

/** Evidence kept in memory; what exceeds it is told. */
const MOST_EVIDENCE = 4_000_000

/** Plain flows so far from a moment are still read: who was there before and after it. */
const FLOWS_AROUND_NS = 600_000_000_000n

/** Blocks that are asked who tells of an address. */
const MOST_TELLING = 4

/** Collects what blocks say of the addresses and ports of questions. */
export class NatSearch implements BlockReader {
  readonly asked: AskedAddresses
  /** By place of the address in `asked`. */
  readonly evidence: Evidence[][]
  /** By place of the address: who told of it at any port. */
  readonly exporters: Set<string>[]
  /** Rows that were left out because there were too many. */
  dropped = 0
  /** By place of the address: whether plain flows tell of it, or events. */
  readonly #telling: { flows: boolean; events: boolean; blocks: number }[]
  #isAnyFlow = false
  readonly #shapes: readonly Shape[]
  readonly #isPrivate: boolean
  /** When questions are about, in order. */
  readonly #moments: BigInt64Array
  readonly #aroundNs: bigint
  readonly #leastNs: bigint
  readonly #greatestNs: bigint
  readonly #filter: Selector | null
  #count = 0
  #selection = new Uint8Array(0)

  /** Rows that lie farther from all questions than `reachNs` are not read. */
  constructor(
    questions: readonly NatQuestion[],
    { reachNs, slackNs, filter }: { reachNs: bigint; slackNs: bigint; filter: Selector | null },
  ) {
    this.#aroundNs = greater(FLOWS_AROUND_NS, slackNs)
    this.asked = new AskedAddresses(questions)
    this.evidence = this.asked.list.map(() => [])
    this.exporters = this.asked.list.map(() => new Set())
    this.#telling = this.asked.list.map(() => ({ flows: false, events: false, blocks: 0 }))
    this.#isPrivate = questions[0]?.isPrivate === true
    this.#shapes = this.#isPrivate ? PRIVATE_SHAPES : PUBLIC_SHAPES
    this.#filter = filter
    this.#moments = BigInt64Array.from(questions, ({ atNs }) => atNs).sort()
    this.#leastNs = (this.#moments[0] ?? 0n) - reachNs
    this.#greatestNs = (this.#moments.at(-1) ?? 0n) + reachNs
  }

  /** Whether it is flows that tell of an address: they come late. */
  hasFlows(place: number): boolean {
    const { flows, events } = this.#telling[place]!
    return flows || (!events && this.#isAnyFlow)
  }

  wants({ leastStart, leastReceived, greatestEnd, greatestReceived }: BlockFacts): boolean {
    const least = leastStart < leastReceived ? leastStart : leastReceived
    const greatest = greatestEnd > greatestReceived ? greatestEnd : greatestReceived
    if (greatest === 0n) return true
    return least <= this.#greatestNs && greatest >= this.#leastNs
  }

  /** Whether any moment asked about lies in a block's time or near it. */
  #isAskedAt({ leastStart, leastReceived, greatestEnd, greatestReceived }: BlockFacts): boolean {
    const least = lesser(leastStart, leastReceived) - this.#aroundNs
    const greatest = greater(greatestEnd, greatestReceived) + this.#aroundNs
    const moments = this.#moments
    let [low, high] = [0, moments.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (moments[middle]! < least) low = middle + 1
      else high = middle
    }
    return low < moments.length && moments[low]! <= greatest
  }

  take(block: FlowBlock, problems: Problem[]): number {
    const facts = new Map(block.columns.map((column) => [column.field, column]))
    const isTranslated = facts.has(F.postNatSourceAddress) || facts.has(F.postNatDestinationAddress)
    if (!isTranslated) return 0
    const hasEvents = facts.has(NAT.natEvent) || facts.has(NAT.firewallEvent) || facts.has(NAT.rangeStart)
    if (!hasEvents) {
      this.#isAnyFlow = true
      // Flows tell of the time that they last, events of all time until the next one.
      if (!this.#isAskedAt(block.info)) return 0
    }
    this.asked.marks(block.addresses)
    const may = this.#shapes.filter(
      ({ asked, other }) => facts.has(other) && this.asked.mayHold(facts.get(asked)),
    )
    if (may.length === 0 || this.#filter?.mayMatch(block) === false) return 0
    const rows = new NatCells(block, problems)
    let isFiltered = false
    let found = 0
    for (const each of may) {
      const codes = block.readCodes(each.asked, problems)
      if (codes === null) continue
      // Only now are the addresses of blocks known that number them as they are read.
      const marks = this.asked.marks(block.addresses)
      for (const [row, place] of this.#hits(codes.codes, marks, each, rows)) {
        if (this.#filter !== null && !isFiltered) {
          if (this.#selection.length < block.info.rows) this.#selection = new Uint8Array(block.info.rows)
          this.#filter.select(block, this.#selection, problems)
          isFiltered = true
        }
        if (isFiltered && this.#selection[row] === 0) continue
        if (this.#add(rows, row, place, each)) found++
      }
    }
    return found
  }

  /** Rows whose address is asked about at a port that is, with the place of the address. */
  #hits(
    codes: Uint32Array,
    marks: Uint32Array,
    { askedPort }: Shape,
    rows: NatCells,
  ): (readonly [row: number, place: number])[] {
    const hits: (readonly [number, number])[] = []
    const seen = new Set<number>()
    let ports: FixedColumn | null | undefined
    for (let row = 0; row < rows.count; row++) {
      const mark = marks[codes[row]!]!
      if (mark === 0) continue
      if (ports === undefined) ports = rows.fixed(askedPort)
      const place = mark - 1
      if (!seen.has(place)) {
        seen.add(place)
        this.#noteTelling(rows, row, place)
      }
      const own = this.asked.list[place]!.ports
      // Events without a port are about ranges or whole addresses; some have port 0 there.
      const port = ports === null || ports.present[row] === 0 ? 0 : ports.values[row]!
      if (own === null || port === 0 || own[port] === 1) hits.push([row, place])
    }
    return hits
  }

  /** Who tells of an address, and how: some blocks are enough. */
  #noteTelling(rows: NatCells, row: number, place: number): void {
    const telling = this.#telling[place]!
    if (telling.blocks++ >= MOST_TELLING) return
    this.exporters[place]!.add(rows.exporter(row))
    const isEvent = rows.number(NAT.natEvent, row) > 0 || rows.number(NAT.firewallEvent, row) > 0
    telling[isEvent ? 'events' : 'flows'] = true
  }

  #add(rows: NatCells, row: number, place: number, each: Shape): boolean {
    const natEvent = rows.number(NAT.natEvent, row)
    const firewallEvent = natEvent > 0 ? 0 : rows.number(NAT.firewallEvent, row)
    const change: Change =
      natEvent > 0
        ? (NAT_CHANGES[natEvent] ?? 'none')
        : firewallEvent > 0
          ? (FIREWALL_CHANGES[firewallEvent] ?? 'none')
          : 'span'
    if (change === 'none') return false
    const other = rows.address(each.other, row)
    const self = rows.address(each.asked, row)
    if (other === '' || other === self) return false
    const isEvent = natEvent > 0 || firewallEvent > 0
    const port = rows.number(each.askedPort, row)
    const hasSession = port > 0 && !BLOCK_EVENTS.includes(natEvent)
    const range = hasSession ? null : rows.range(row)
    const isBroken = range === null && !hasSession && rows.number(NAT.rangeStart, row) >= 0
    if (isBroken || (range === null && BLOCK_EVENTS.includes(natEvent))) return false
    const isBinding = BINDING_EVENTS.includes(natEvent) || (isEvent && range === null && port < 0)
    const kind = isBinding ? 'binding' : range !== null ? 'block' : isEvent ? 'session' : 'flow'
    // Blocks are ranges of public ports: seen from the private side they hold for all ports.
    const hasPorts = kind === 'block' ? range : null
    const first = isBinding ? 0 : (hasPorts?.first ?? Math.max(0, port))
    const last = isBinding ? 65_535 : (hasPorts?.last ?? Math.max(0, port))
    const step = hasPorts?.step ?? 1
    if (!this.#isPrivate && !this.#isAsked(place, first, last, step)) return false
    if (this.#isPrivate && kind !== 'block' && !isBinding && !this.#isAsked(place, first, first, 1))
      return false
    const times = rows.times(row, change)
    if (times === null) return false
    if (this.#count === MOST_EVIDENCE) {
      this.dropped++
      return false
    }
    this.#count++
    const exporter = rows.exporter(row)
    this.exporters[place]!.add(exporter)
    this.evidence[place]!.push({
      kind,
      change,
      ...times,
      firstPort: first,
      lastPort: last,
      portStep: step,
      protocol: kind === 'block' || kind === 'binding' ? -1 : rows.number(F.protocolIdentifier, row),
      other,
      otherPort: kind === 'block' || kind === 'binding' ? -1 : rows.number(each.otherPort, row),
      vrf: Math.max(0, rows.number(NAT.ingressVrf, row)),
      peer: kind === 'session' ? rows.peer(each.peer, each.peerPort, row) : '',
      label: rows.text(NAT.nokiaSubscriber, row),
      exporter,
    })
    return true
  }

  #isAsked(place: number, first: number, last: number, step: number): boolean {
    const { ports, sortedPorts } = this.asked.list[place]!
    if (ports === null || first === last) return ports === null || ports[first] === 1
    let at = lowerBound(sortedPorts, first)
    for (; at < sortedPorts.length && sortedPorts[at]! <= last; at++)
      if ((sortedPorts[at]! - first) % step === 0) return true
    return false
  }
}

/** The first place whose port is not below `port`. */
export function lowerBound(sorted: Uint16Array, port: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < port) low = middle + 1
    else high = middle
  }
  return low
}
