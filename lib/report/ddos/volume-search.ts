import { AddressNumbers } from '../../flow/address-numbers.ts'
import type { BlockFacts, FlowBlock, Problem } from '../../flow/source.ts'
import type { BlockReader } from '../block-pass.ts'
import { type FlowRows, FlowRowsReader } from '../flow-rows.ts'
import type { Selector } from '../query.ts'
import { CellTable } from './cell-table.ts'

export const BIN_MS = 60_000
/** A longer flow counts in its last bins alone. */
const MOST_BINS = 240

export interface TimeWindow {
  readonly fromMs: number
  readonly toMs: number
}

/** What everybody got by minute: each address, and each /24 of IPv4 and /64 of IPv6. */
export class VolumeSearch implements BlockReader {
  readonly hosts: CellTable
  readonly prefixes: CellTable
  readonly reader = new FlowRowsReader()
  /** Prefixes with their host bits cleared, numbered. */
  readonly prefixNumbers = new AddressNumbers()
  firstBin = Number.POSITIVE_INFINITY
  lastBin = Number.NEGATIVE_INFINITY
  /** Gets the rows of each block, for those who cannot read them again. */
  onRows: ((rows: FlowRows, mask: Uint8Array | null) => void) | null = null
  readonly #window: TimeWindow
  readonly #filter: Selector | null
  readonly #isRaw: boolean
  /** Number of the prefix by number of the address, plus 1. */
  #prefixOf = new Uint32Array(1024)
  #mask = new Uint8Array(0)
  readonly #scratch = new Uint32Array(4)
  readonly #one = Uint8Array.of(1)
  readonly #number = new Uint32Array(1)

  constructor(window: TimeWindow, filter: Selector | null, isRaw: boolean, memoryOctets: number) {
    this.#window = window
    this.#filter = filter
    this.#isRaw = isRaw
    this.hosts = new CellTable(Math.floor(memoryOctets / 4 / 48))
    this.prefixes = new CellTable(Math.floor(memoryOctets / 8 / 48))
  }

  wants(facts: BlockFacts): boolean {
    return touches(facts, this.#window)
  }

  take(block: FlowBlock, problems: Problem[]): number {
    let mask: Uint8Array | null = null
    if (this.#filter !== null) {
      if (!this.#filter.mayMatch(block)) return 0
      if (this.#mask.length < block.info.rows) this.#mask = new Uint8Array(block.info.rows)
      this.#filter.select(block, this.#mask, problems)
      mask = this.#mask
    }
    const rows = this.reader.read(block, problems)
    this.onRows?.(rows, mask)
    const { fromMs, toMs } = this.#window
    let taken = 0
    for (let row = 0; row < rows.count; row++) {
      const target = rows.destinations[row]!
      if (target === 0 || (mask !== null && mask[row] === 0)) continue
      const startMs = Math.max(rows.starts[row]!, fromMs)
      const endMs = Math.min(rows.ends[row]!, toMs)
      if (endMs < startMs || startMs >= toMs || startMs === 0) continue
      taken++
      const rate = this.#isRaw ? 1 : rows.rates[row]!
      this.#deal(target, startMs, endMs, rows.octets[row]! * rate, rows.packets[row]! * rate)
    }
    return taken
  }

  /** In proportion to time over the minutes. */
  #deal(target: number, startMs: number, endMs: number, octets: number, packets: number): void {
    const last = Math.floor(endMs / BIN_MS)
    const first = Math.max(Math.floor(startMs / BIN_MS), last - MOST_BINS)
    if (first < this.firstBin) this.firstBin = first
    if (last > this.lastBin) this.lastBin = last
    const prefix = this.prefixOf(target)
    const lasting = endMs - startMs
    for (let bin = first; bin <= last; bin++) {
      const from = Math.max(startMs, bin * BIN_MS)
      const to = Math.min(endMs, (bin + 1) * BIN_MS)
      const part = first === last || lasting <= 0 ? 1 : (to - from) / lasting
      if (part === 0) continue
      this.hosts.add(target, bin, octets * part, packets * part, part)
      this.prefixes.add(prefix, bin, octets * part, packets * part, part)
    }
  }

  /** The number of an address's prefix. */
  prefixOf(target: number): number {
    if (target >= this.#prefixOf.length) {
      const bigger = new Uint32Array(Math.max(target + 1, this.#prefixOf.length * 2))
      bigger.set(this.#prefixOf)
      this.#prefixOf = bigger
    }
    const known = this.#prefixOf[target]!
    if (known !== 0) return known - 1
    const words = this.reader.addresses.words()
    const at = target * 4
    const isIpv4 = words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0xffff
    this.#scratch[0] = words[at]!
    this.#scratch[1] = words[at + 1]!
    this.#scratch[2] = isIpv4 ? 0xffff : 0
    this.#scratch[3] = isIpv4 ? words[at + 3]! & 0xffffff00 : 0
    this.prefixNumbers.encode(this.#scratch, this.#one, 1, this.#number, 0)
    this.#prefixOf[target] = this.#number[0]! + 1
    return this.#number[0]!
  }
}

/** Whether a block may hold flows of a time. */
export function touches(
  { leastStart, leastReceived, greatestEnd, greatestReceived }: BlockFacts,
  { fromMs, toMs }: TimeWindow,
): boolean {
  const least = Math.min(Number(leastStart), Number(leastReceived)) / 1e6
  const greatest = Math.max(Number(greatestEnd), Number(greatestReceived)) / 1e6
  return greatest === 0 || (least < toMs && greatest >= fromMs)
}
