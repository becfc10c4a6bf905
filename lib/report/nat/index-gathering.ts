import type { FlowBlock, Problem } from '../../flow/source.ts'
import { BlockCells } from './block-cells.ts'
import {
  evidenceOf,
  isEvent,
  isTranslation,
  PRIVATE_SHAPES,
  PUBLIC_SHAPES,
  type Shape,
  toldNs,
} from './evidence.ts'
import { MINUTE_NS, MOST_MINUTE, MOST_PORTS, PORT_KEY, type PortTime, portKeysOf } from './index-record.ts'
import { exporterOf, timesOf } from './nat-cells.ts'
import { HOUR_NS, hasEvents, hasPlainFlows, isTranslated, MOST_SENDERS } from './nat-search.ts'
import type { RecordPool } from './record-pool.ts'

/** Adds what a block tells of translations to the pool; returns whether plain flows of it are translated. */
export function gatherBlock(
  block: FlowBlock,
  problems: Problem[],
  pool: RecordPool,
  { file, number }: { readonly file: number; readonly number: number },
): boolean {
  if (!isTranslated(block)) return false
  const cells = new BlockCells(block, problems)
  const mayBeEvents = hasEvents(block)
  for (const isPrivate of [false, true]) {
    const side = new SideGathering(block, cells, pool, { file, number, isPrivate, mayBeEvents })
    for (const each of isPrivate ? PRIVATE_SHAPES : PUBLIC_SHAPES) side.gather(each)
    side.addFlows()
  }
  return hasPlainFlows(block, cells)
}

interface Place {
  readonly file: number
  readonly number: number
  readonly isPrivate: boolean
  readonly mayBeEvents: boolean
}

/** Plain flows of one address that one exporter told of. */
interface FlowsOf {
  readonly code: number
  readonly exporter: string
  /** Null: any. */
  ports: Map<number, PortTime> | null
}

/** The minute that a time is in, or the one beside it. */
function minuteOf(ns: bigint): number {
  return Math.min(Math.floor(Number(ns) / MINUTE_NS), MOST_MINUTE)
}

/** What a block tells of the addresses of one side. */
class SideGathering {
  readonly #block: FlowBlock
  readonly #cells: BlockCells
  readonly #pool: RecordPool
  readonly #place: Place
  /** Plain flows by address and sender. */
  readonly #flows = new Map<number, FlowsOf>()
  /** Addresses, senders and hours of events that are noted. */
  readonly #told = new Set<string>()

  constructor(block: FlowBlock, cells: BlockCells, pool: RecordPool, place: Place) {
    this.#block = block
    this.#cells = cells
    this.#pool = pool
    this.#place = place
  }

  gather(each: Shape): void {
    const cells = this.#cells
    const [self, other] = [cells.codes(each.asked), cells.codes(each.other)]
    if (self === null || other === null) return
    for (let row = 0; row < cells.count; row++) {
      if (self.present[row] === 0 || other.present[row] === 0) continue
      const code = self.codes[row]!
      if (code === other.codes[row]) continue
      if (this.#place.mayBeEvents && isEvent(cells, row)) this.#gatherEvent(row, code, each)
      else if (isTranslation(cells, row, each)) this.#gatherFlow(row, code, each)
    }
  }

  #gatherFlow(row: number, code: number, { askedPort }: Shape): void {
    const key = code * MOST_SENDERS + this.#cells.sender(row)
    let flows = this.#flows.get(key)
    if (flows === undefined) {
      flows = { code, exporter: exporterOf(this.#cells, row), ports: new Map() }
      this.#flows.set(key, flows)
    }
    if (flows.ports === null) return
    const port = this.#cells.number(askedPort, row)
    const times = port <= 0 ? null : timesOf(this.#cells, row, 'span')
    if (times === null || flows.ports.size === MOST_PORTS) {
      flows.ports = null
      return
    }
    const [from, to] = [minuteOf(times.fromNs ?? times.atNs), minuteOf(times.atNs)]
    const before = flows.ports.get(port)
    const fromMinute = Math.min(from, before?.fromMinute ?? from)
    flows.ports.set(port, { port, fromMinute, toMinute: Math.max(to, before?.toMinute ?? to) })
  }

  /** Adds what was gathered of plain flows. */
  addFlows(): void {
    const { file, number, isPrivate } = this.#place
    const words = this.#block.addresses.words()
    for (const { code, exporter, ports } of this.#flows.values()) {
      const own = ports === null ? null : [...ports.values()]
      const record = { type: 'flows', file, block: number, exporter, ports: own } as const
      this.#pool.add(isPrivate, words, code * 4, PORT_KEY.notes, record)
    }
  }

  #gatherEvent(row: number, code: number, each: Shape): void {
    const cells = this.#cells
    if (!isTranslation(cells, row, each)) return
    const { file, isPrivate } = this.#place
    const words = this.#block.addresses.words()
    const evidence = evidenceOf(cells, row, each)
    const told = toldNs(cells, row) ?? evidence?.atNs ?? 0n
    if (evidence !== null)
      for (const portKey of portKeysOf(evidence, isPrivate))
        this.#pool.add(isPrivate, words, code * 4, portKey, {
          type: 'evidence',
          file,
          toldNs: told,
          evidence,
        })
    const hourNs = told - (told % HOUR_NS)
    const key = `${code} ${cells.sender(row)} ${hourNs}`
    if (this.#told.has(key)) return
    this.#told.add(key)
    const record = { type: 'exporter', file, hourNs, exporter: exporterOf(cells, row) } as const
    this.#pool.add(isPrivate, words, code * 4, PORT_KEY.notes, record)
  }
}
