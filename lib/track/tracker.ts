import type { MetricFamily } from '../diagnostics/metrics.ts'
import { END_REASON, FlowRows, type FlowRowsOptions } from './flow-rows.ts'
import { FlowTable, HALF, NONE, OCTET, RECORD, SEEN, WIDE } from './flow-table.ts'
import { DIRECTION } from './packet-key.ts'
import { PacketLayers } from './packet-layers.ts'

export interface TrackerOptions extends FlowRowsOptions {
  /** A flow without a packet for longer than this has ended; at least a second. */
  readonly timeoutMs: number
  /** All live flows are reported every so often; 0 or less: only when they end. */
  readonly periodMs: number
  /** The loop of reports begins at a multiple of this; Packetbeat's is ten seconds. */
  readonly alignMs: number
  /** Flows alive at one time; with one more, that which is idle for longest is reported and forgotten. */
  readonly mostFlows: number
  /** Whether MACs tell flows apart. */
  readonly isMacKey: boolean
}

const LEAST_TICK_MS = 1000

/**
 * Tracks flows of packets as Packetbeat does: both directions of a conversation are one flow. Time is what packets
 * and `advance` say, so that a capture runs on its own clock.
 */
export class Tracker {
  readonly table: FlowTable
  readonly layers: PacketLayers
  packets = 0
  /** Packets of flows; all others are of unknown links, malformed, or fragments of what is incomplete. */
  counted = 0
  /** Flows reported before their time because the table was full. */
  evicted = 0
  readonly #rows: FlowRows
  readonly #timeoutMs: number
  readonly #alignMs: number
  readonly #tickMs: number
  readonly #ticksTimeout: number
  readonly #ticksPeriod: number
  #nowMs = 0
  /** The next packet is the first of a capture, whose clock may have begun long before that of the one before. */
  #isNewCapture = false
  #nextTickMs = Number.NaN
  #untilTimeout: number
  #untilPeriod: number
  readonly #reportNs = new BigUint64Array(1)

  constructor(options: TrackerOptions) {
    this.table = new FlowTable(options.mostFlows)
    this.layers = new PacketLayers(options.isMacKey)
    this.#rows = new FlowRows(this.table, options)
    const { timeoutMs, periodMs } = options
    this.#timeoutMs = timeoutMs
    this.#alignMs = options.alignMs
    this.#tickMs = periodMs > 0 ? Math.max(LEAST_TICK_MS, greatestDivisor(timeoutMs, periodMs)) : timeoutMs
    this.#ticksTimeout = Math.max(1, Math.floor(timeoutMs / this.#tickMs))
    this.#ticksPeriod = periodMs > 0 ? Math.max(1, Math.floor(periodMs / this.#tickMs)) : -1
    this.#untilTimeout = this.#ticksTimeout
    this.#untilPeriod = this.#ticksPeriod
  }

  /**
   * Takes the packet `[from, to)` of a link type, seen at `timeNs[0]`, which had `wireOctets` on the wire. Never throws;
   * keeps nothing of the octets.
   */
  take(
    octets: Uint8Array,
    view: DataView,
    link: number,
    from: number,
    to: number,
    wireOctets: number,
    timeNs: BigUint64Array,
    timeWords: Uint32Array,
  ): void {
    this.packets++
    const nowMs = (timeWords[1]! * 0x1_0000_0000 + timeWords[0]!) / 1e6
    if (this.#isNewCapture) this.#beginClock(nowMs)
    this.advance(nowMs)
    const { layers, table } = this
    if (!layers.read(octets, view, link, from, to, wireOctets, nowMs)) {
      return
    }
    this.counted += layers.packets
    const { key } = layers
    const hash = key.hash()
    let slot = table.find(key, hash)
    if (slot === NONE) {
      if (table.isFull) this.#evict(timeNs)
      slot = table.add(key, hash)
      this.#begin(slot, timeNs)
    } else table.touch(slot)
    this.#count(slot, timeNs)
  }

  /** Tells that another capture comes: where its clock is behind, flows so far are reported as ended. */
  beginCapture(): void {
    this.#isNewCapture = true
  }

  #beginClock(nowMs: number): void {
    this.#isNewCapture = false
    if (nowMs >= this.#nowMs - this.#timeoutMs) return
    this.close(null)
    this.#nowMs = 0
    this.#nextTickMs = Number.NaN
    this.#untilTimeout = this.#ticksTimeout
    this.#untilPeriod = this.#ticksPeriod
  }

  #begin(slot: number, timeNs: BigUint64Array): void {
    const { layers, table } = this
    const wide = slot * RECORD.wide
    const octets = slot * RECORD.octets
    table.wide[wide + WIDE.created] = timeNs[0]!
    table.wide[wide + WIDE.latest] = timeNs[0]!
    if (layers.protocol >= 0) {
      table.octets[octets + OCTET.protocol] = layers.protocol
      table.octets[octets + OCTET.seen]! |= SEEN.protocol
    }
    if (layers.etherType >= 0) {
      table.halves[slot * RECORD.halves + HALF.etherType] = layers.etherType
      table.octets[octets + OCTET.seen]! |= SEEN.etherType
    }
  }

  #count(slot: number, timeNs: BigUint64Array): void {
    const { layers, table } = this
    const { octets, halves, doubles } = table
    const at = slot * RECORD.octets
    const half = slot * RECORD.halves
    const wide = slot * RECORD.wide
    let seen = octets[at + OCTET.seen]!
    if ((seen & SEEN.since) === 0) {
      table.wide[wide + WIDE.since] = timeNs[0]!
      seen |= SEEN.since
    }
    // A capture's clock may step back.
    if (timeNs[0]! > table.wide[wide + WIDE.latest]!) table.wide[wide + WIDE.latest] = timeNs[0]!
    const { direction } = layers.key
    if (direction === octets[at + OCTET.direction] || direction === DIRECTION.undecided) {
      doubles[wide + WIDE.sourceOctets]! += layers.wireOctets
      doubles[wide + WIDE.sourcePackets]! += 1
      doubles[wide + WIDE.newSourceOctets]! += layers.ipOctets
      doubles[wide + WIDE.newSourcePackets]! += layers.packets
      halves[half + HALF.tcpFlags]! |= layers.tcpFlags
      if (layers.classOfService >= 0) {
        octets[at + OCTET.classOfService] = layers.classOfService
        octets[at + OCTET.timeToLive] = layers.timeToLive
        seen |= SEEN.ip
      }
      if (layers.icmpTypeCode >= 0) {
        halves[half + HALF.icmpTypeCode] = layers.icmpTypeCode
        seen |= SEEN.icmp
      }
    } else {
      seen |= SEEN.destination
      doubles[wide + WIDE.destinationOctets]! += layers.wireOctets
      doubles[wide + WIDE.destinationPackets]! += 1
      doubles[wide + WIDE.newDestinationOctets]! += layers.ipOctets
      doubles[wide + WIDE.newDestinationPackets]! += layers.packets
      halves[half + HALF.destinationTcpFlags]! |= layers.tcpFlags
      if (layers.classOfService >= 0) {
        octets[at + OCTET.destinationClassOfService] = layers.classOfService
        octets[at + OCTET.destinationTimeToLive] = layers.timeToLive
        seen |= SEEN.destinationIp
      }
      if (layers.icmpTypeCode >= 0) {
        halves[half + HALF.destinationIcmpTypeCode] = layers.icmpTypeCode
        seen |= SEEN.destinationIcmp
      }
    }
    octets[at + OCTET.seen] = seen
  }

  /** Tells that it is `nowMs` since the epoch: reports what is due. Time that steps back does nothing. */
  advance(nowMs: number): void {
    if (Number.isNaN(this.#nextTickMs)) {
      const alignedMs = Math.ceil((Math.floor(nowMs / 1000) * 1000) / this.#alignMs) * this.#alignMs
      this.#nextTickMs = Math.max(nowMs, alignedMs) + this.#tickMs
    }
    if (nowMs <= this.#nowMs) return
    this.#nowMs = nowMs
    while (nowMs >= this.#nextTickMs) {
      if (this.table.count === 0) {
        // Nothing can be due: a gap of years in a capture costs no loop.
        const ticks = Math.floor((nowMs - this.#nextTickMs) / this.#tickMs) + 1
        this.#pass(ticks)
        return
      }
      this.#tick(this.#nextTickMs)
      this.#nextTickMs += this.#tickMs
    }
  }

  #pass(ticks: number): void {
    this.#nextTickMs += ticks * this.#tickMs
    const left = (until: number, every: number) => every - ((every - until + ticks) % every)
    this.#untilTimeout = left(this.#untilTimeout, this.#ticksTimeout)
    if (this.#ticksPeriod > 0) this.#untilPeriod = left(this.#untilPeriod, this.#ticksPeriod)
  }

  #tick(atMs: number): void {
    this.#untilTimeout--
    this.#untilPeriod--
    const isTimeout = this.#untilTimeout === 0
    const isReport = this.#ticksPeriod > 0 && this.#untilPeriod === 0
    if (isTimeout) this.#untilTimeout = this.#ticksTimeout
    if (this.#untilPeriod <= 0) this.#untilPeriod = this.#ticksPeriod
    this.#reportNs[0] = BigInt(Math.round(atMs)) * 1_000_000n
    if (isTimeout) this.#endIdle(atMs)
    if (isReport) this.#reportAll(END_REASON.activeTimeout)
  }

  /** Flows stand in order of their latest packet. */
  #endIdle(atMs: number): void {
    const { table } = this
    const limitMs = atMs - this.#timeoutMs
    while (table.oldest !== NONE) {
      const slot = table.oldest
      if (Number(table.wide[slot * RECORD.wide + WIDE.latest]!) / 1e6 >= limitMs) return
      this.#rows.write(slot, this.#reportNs, END_REASON.idleTimeout)
      table.remove(slot)
    }
  }

  #reportAll(reason: number): void {
    const { table } = this
    for (let slot = table.oldest; slot !== NONE; slot = table.after(slot)) {
      this.#rows.write(slot, this.#reportNs, reason)
    }
  }

  #evict(timeNs: BigUint64Array): void {
    const slot = this.table.oldest
    this.#rows.write(slot, timeNs, END_REASON.lackOfResources)
    this.table.remove(slot)
    this.evicted++
  }

  /** Reports all flows as ended, at the latest time seen or `nowMs`; the caller flushes the writer. */
  close(nowMs: number | null): void {
    const atMs = Math.max(this.#nowMs, nowMs ?? 0)
    this.#reportNs[0] = BigInt(Math.round(atMs * 1000)) * 1000n
    this.#reportAll(END_REASON.forcedEnd)
    while (this.table.oldest !== NONE) this.table.remove(this.table.oldest)
  }

  metrics(): MetricFamily[] {
    const one = (name: string, help: string, type: 'counter' | 'gauge', value: number): MetricFamily => ({
      name: `weir_track_${name}`,
      help,
      type,
      samples: [{ labels: {}, value }],
    })
    return [
      one('packets_total', 'Packets seen.', 'counter', this.packets),
      one('counted_packets_total', 'Packets counted for flows.', 'counter', this.counted),
      one('flows', 'Flows being tracked.', 'gauge', this.table.count),
      one(
        'evicted_flows_total',
        'Flows reported early because too many were alive.',
        'counter',
        this.evicted,
      ),
      one(
        'abandoned_fragments_total',
        'Fragmented packets that stayed incomplete.',
        'counter',
        this.layers.fragments.abandoned,
      ),
    ]
  }
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b)
}
