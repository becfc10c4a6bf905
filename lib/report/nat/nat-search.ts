import { F, type Field } from '../../flow/fields.ts'
import type { BlockFacts, FlowBlock, Problem } from '../../flow/source.ts'
import type { BlockReader } from '../block-pass.ts'
import type { Selector } from '../query.ts'
import { greater, lesser } from '../window.ts'
import { AskedAddresses, lowerBound } from './asked-addresses.ts'
import { BlockCells } from './block-cells.ts'
import {
  type Evidence,
  evidenceOf,
  isEvent,
  isTranslation,
  PRIVATE_SHAPES,
  PUBLIC_SHAPES,
  type Shape,
  toldNs,
} from './evidence.ts'
import { type Cells, exporterOf } from './nat-cells.ts'
import { BLOCK_EVENTS, EVENT_FIELDS, NAT } from './nat-fields.ts'
import type { NatQuestion } from './nat-question.ts'

/** Evidence kept in memory; what exceeds it is told. */
export const MOST_EVIDENCE = 4_000_000

/** Plain flows so far from a moment are still read: who was there before and after it. */
const FLOWS_AROUND_NS = 600_000_000_000n

/** Senders of one block are numbered below half of this. */
export const MOST_SENDERS = 2 ** 21

/** Who tells of an address is known by the hour. */
export const HOUR_NS = 3_600_000_000_000n

export interface SearchSettings {
  readonly reachNs: bigint
  readonly slackNs: bigint
  readonly filter: Selector | null
}

/**
 * Collects what rows say of the addresses and ports of questions: events that were told within the reach of the
 * moments, to whole hours, and plain flows that lie near one of them. What is found does not depend on how rows lie in
 * blocks, nor on the order in which they come.
 */
export class NatSearch {
  readonly asked: AskedAddresses
  /** By place of the address in `asked`. */
  readonly evidence: Evidence[][]
  /** By place of the address: who told of it at any port. */
  readonly exporters: Set<string>[]
  /** Rows that were left out because there were too many. */
  dropped = 0
  readonly isPrivate: boolean
  /** Whether any plain flow near the moments is translated. */
  isAnyFlow = false
  /** By place of the address: whether plain flows tell of it, or events. */
  readonly #telling: { flows: boolean; events: boolean }[]
  readonly #shapes: readonly Shape[]
  /** When questions are about, in order. */
  readonly #moments: BigInt64Array
  readonly #aroundNs: bigint
  readonly #leastNs: bigint
  readonly #greatestNs: bigint
  readonly #filter: Selector | null
  #count = 0
  #selection = new Uint8Array(0)
  /** Of the block being read: which address, sender and kind of record are noted. */
  readonly #told = new Set<number>()

  constructor(questions: readonly NatQuestion[], { reachNs, slackNs, filter }: SearchSettings) {
    this.#aroundNs = greater(FLOWS_AROUND_NS, slackNs)
    this.asked = new AskedAddresses(questions)
    this.evidence = this.asked.list.map(() => [])
    this.exporters = this.asked.list.map(() => new Set())
    this.#telling = this.asked.list.map(() => ({ flows: false, events: false }))
    this.isPrivate = questions[0]?.isPrivate === true
    this.#shapes = this.isPrivate ? PRIVATE_SHAPES : PUBLIC_SHAPES
    this.#filter = filter
    this.#moments = BigInt64Array.from(questions, ({ atNs }) => atNs).sort()
    const least = (this.#moments[0] ?? 0n) - reachNs
    this.#leastNs = least < 0n ? 0n : least - (least % HOUR_NS)
    const greatest = (this.#moments.at(-1) ?? 0n) + reachNs
    this.#greatestNs = greatest - (greatest % HOUR_NS) + HOUR_NS - 1n
  }

  /** Whether records of an address may come as late as flows do. */
  hasFlows(place: number): boolean {
    const { flows, events } = this.#telling[place]!
    return flows || (!events && this.isAnyFlow)
  }

  /** Reads blocks whose rows are all unknown. */
  readonly all: BlockReader = {
    wants: (facts) => this.#isWithinReach(facts),
    take: (block, problems) => this.#take(block, problems, true),
  }

  /** Reads blocks for their plain flows: events are known from elsewhere. */
  readonly flows: BlockReader = {
    wants: (facts) => this.isNear(facts),
    take: (block, problems) => this.#take(block, problems, false),
  }

  #isWithinReach({ leastStart, leastReceived, greatestEnd, greatestReceived }: BlockFacts): boolean {
    const least = lesser(leastStart, leastReceived)
    const greatest = greater(greatestEnd, greatestReceived)
    return greatest === 0n || (least <= this.#greatestNs && greatest >= this.#leastNs)
  }

  /** Whether any moment asked about lies in a block's time or near it. */
  isNear({ leastStart, leastReceived, greatestEnd, greatestReceived }: BlockFacts): boolean {
    const greatest = greater(greatestEnd, greatestReceived)
    return greatest === 0n || this.isMomentAround(lesser(leastStart, leastReceived), greatest)
  }

  /** Whether something told at a time counts. */
  isReached(ns: bigint): boolean {
    return ns >= this.#leastNs && ns <= this.#greatestNs
  }

  /** Whether any moment asked about lies in a time or near it. */
  isMomentAround(fromNs: bigint, toNs: bigint): boolean {
    const least = fromNs - this.#aroundNs
    const moments = this.#moments
    let [low, high] = [0, moments.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (moments[middle]! < least) low = middle + 1
      else high = middle
    }
    return low < moments.length && moments[low]! <= toNs + this.#aroundNs
  }

  #take(block: FlowBlock, problems: Problem[], wantsEvents: boolean): number {
    const facts = new Map(block.columns.map((column) => [column.field, column]))
    if (!isTranslated(block) || this.#filter?.mayMatch(block) === false) return 0
    const mayBeEvents = hasEvents(block)
    const isNear = this.isNear(block.info)
    if (!isNear && !(mayBeEvents && wantsEvents)) return 0
    const cells = new BlockCells(block, problems)
    if (isNear && !this.isAnyFlow) this.isAnyFlow = hasPlainFlows(block, cells)
    this.asked.marks(block.addresses)
    this.#told.clear()
    let isFiltered = false
    let found = 0
    for (const each of this.#shapes) {
      if (!facts.has(each.other) || !this.asked.mayHold(facts.get(each.asked))) continue
      const codes = cells.codes(each.asked)
      if (codes === null) continue
      // Only now are the addresses of blocks known that number them as they are read.
      const marks = this.asked.marks(block.addresses)
      for (const row of rowsMarked(codes.codes, marks)) {
        const place = marks[codes.codes[row]!]! - 1
        const isOfPort = this.#mayBeOfPort(cells, row, place, each.askedPort)
        // Who tells of an address at other ports is known from where the events are.
        if (!isOfPort && !wantsEvents) continue
        const event = mayBeEvents && isEvent(cells, row)
        if (event ? !wantsEvents : !isNear) continue
        if (this.#filter !== null && !isFiltered) {
          if (this.#selection.length < block.info.rows) this.#selection = new Uint8Array(block.info.rows)
          this.#filter.select(block, this.#selection, problems)
          isFiltered = true
        }
        if (isFiltered && this.#selection[row] === 0) continue
        this.#tell(cells, row, place, each, event)
        if (isOfPort && this.#takeRow(cells, row, place, each, event)) found++
      }
    }
    return found
  }

  /** Takes a row of an address and perhaps a port asked about; returns whether it is evidence. */
  #takeRow(cells: BlockCells, row: number, place: number, each: Shape, event: boolean): boolean {
    const evidence = evidenceOf(cells, row, each)
    if (evidence === null || !this.#isAsked(place, evidence)) return false
    const { fromNs, atNs } = evidence
    const counts = event
      ? this.isReached(toldNs(cells, row) ?? atNs)
      : this.isMomentAround(fromNs ?? atNs, atNs)
    return counts && this.add(place, evidence)
  }

  /** Notes who tells of an address: by events within reach, or plain flows in a block that is near. */
  #tell(cells: BlockCells, row: number, place: number, each: Shape, event: boolean): void {
    const kind = place * MOST_SENDERS + cells.sender(row) * 2 + Number(event)
    if (this.#told.has(kind) || !isTranslation(cells, row, each)) return
    if (event && !this.isReached(toldNs(cells, row) ?? evidenceOf(cells, row, each)?.atNs ?? 0n)) return
    this.#told.add(kind)
    this.noteTelling(place, exporterOf(cells, row), event)
  }

  /** Takes an event that an index tells of, by the place of its address. */
  takeKnown(place: number, toldNs: bigint, evidence: Evidence): boolean {
    return this.isReached(toldNs) && this.#isAsked(place, evidence) && this.add(place, evidence)
  }

  /** Notes who tells of an address. */
  noteTelling(place: number, exporter: string, event: boolean): void {
    this.exporters[place]!.add(exporter)
    this.#telling[place]![event ? 'events' : 'flows'] = true
  }

  /** Keeps what is known of an address asked about; false where there is too much. */
  add(place: number, evidence: Evidence): boolean {
    if (this.#count === MOST_EVIDENCE) {
      this.dropped++
      return false
    }
    this.#count++
    this.evidence[place]!.push(evidence)
    return true
  }

  /** Whether a row may be about a port that is asked about, by a look at one number. */
  #mayBeOfPort(cells: Cells, row: number, place: number, askedPort: Field): boolean {
    const { ports } = this.asked.list[place]!
    if (ports === null) return true
    // Events without a port are about ranges or whole addresses; some have port 0 there, or one of the range's.
    const port = cells.number(askedPort, row)
    return port <= 0 || ports[port] === 1 || BLOCK_EVENTS.includes(cells.number(NAT.natEvent, row))
  }

  /** Whether evidence is about a port that is asked about; from the private side, blocks and bindings are about all. */
  #isAsked(place: number, { kind, firstPort, lastPort, portStep }: Evidence): boolean {
    const { ports, sortedPorts } = this.asked.list[place]!
    if (ports === null || (this.isPrivate && (kind === 'block' || kind === 'binding'))) return true
    if (firstPort === lastPort) return ports[firstPort] === 1
    let at = lowerBound(sortedPorts, firstPort)
    for (; at < sortedPorts.length && sortedPorts[at]! <= lastPort; at++)
      if ((sortedPorts[at]! - firstPort) % portStep === 0) return true
    return false
  }
}

/** Rows whose address is asked about, as the marks of its codes say. */
function* rowsMarked(codes: Uint32Array, marks: Uint32Array): Iterable<number> {
  for (let row = 0; row < codes.length; row++) if (marks[codes[row]!] !== 0) yield row
}

/** Whether a block has columns of translations. */
export function isTranslated({ columns }: FlowBlock): boolean {
  return columns.some(
    ({ field }) => field === F.postNatSourceAddress || field === F.postNatDestinationAddress,
  )
}

/** Whether a block has columns of events. */
export function hasEvents({ columns }: FlowBlock): boolean {
  return columns.some(({ field }) => EVENT_FIELDS.some((event) => event === field))
}

/** Whether a block with translations has some that are plain flows. */
export function hasPlainFlows(block: FlowBlock, cells: BlockCells): boolean {
  if (!hasEvents(block)) return true
  for (const { asked, other } of PUBLIC_SHAPES) {
    const [self, there] = [cells.codes(asked), cells.codes(other)]
    if (self === null || there === null) continue
    for (let row = 0; row < cells.count; row++) {
      if (self.present[row] === 0 || there.present[row] === 0 || self.codes[row] === there.codes[row])
        continue
      if (!isEvent(cells, row)) return true
    }
  }
  return false
}
