import type { BlockFacts, FlowBlock, Problem } from '../../flow/source.ts'
import type { BlockReader } from '../block-pass.ts'
import { FlowRowsReader } from '../flow-rows.ts'
import type { Selector } from '../query.ts'
import { ANSWERED, ProbeTable, SENT } from './probe-table.ts'

const ICMP = 1
const TCP = 6
const UDP = 17
const ICMPV6 = 58
/** rwscan's limit: a probe is a flow of fewer than 3 packets. */
const MOST_PACKETS = 2
const [FIN, SYN, RST, ACK] = [0x01, 0x02, 0x04, 0x10]
/** Echo and timestamp requests: the only messages that ask. */
const ASKING_TYPES = [8, 13, 17]
const ECHO_REQUEST_V6 = 128

/** Sums of what one address sent over one protocol. */
export interface Sender {
  readonly source: number
  readonly protocol: number
  flows: number
  /** Flows of fewer than 3 packets. */
  smallFlows: number
  /** TCP flows that no connection came of: SYN alone, or flags that no connection has. */
  bareFlows: number
  /** Of probes, milliseconds. */
  firstMs: number
  lastMs: number
}

export interface ScanWindow {
  readonly fromMs: number
  readonly toMs: number
}

/** Collects probes and their answers, in one pass over blocks. */
export class ScanSearch implements BlockReader {
  readonly probes: ProbeTable
  readonly reader = new FlowRowsReader()
  readonly senders = new Map<number, Sender>()
  /** Small flows that asked, by whether flows of the other direction are seen at all. */
  answers = 0
  readonly #window: ScanWindow
  readonly #filter: Selector | null
  readonly #protocol: number | null
  #mask = new Uint8Array(0)

  constructor(window: ScanWindow, filter: Selector | null, protocol: number | null, memoryOctets: number) {
    this.#window = window
    this.#filter = filter
    this.#protocol = protocol
    this.probes = new ProbeTable(Math.floor(memoryOctets / 64))
  }

  wants({ leastStart, greatestEnd, leastReceived, greatestReceived }: BlockFacts): boolean {
    const { fromMs, toMs } = this.#window
    const least = Math.min(Number(leastStart), Number(leastReceived)) / 1e6
    const greatest = Math.max(Number(greatestEnd), Number(greatestReceived)) / 1e6
    return greatest === 0 || (least < toMs && greatest >= fromMs)
  }

  take(block: FlowBlock, problems: Problem[]): number {
    const count = block.info.rows
    let mask: Uint8Array | null = null
    if (this.#filter !== null) {
      if (!this.#filter.mayMatch(block)) return 0
      if (this.#mask.length < count) this.#mask = new Uint8Array(count)
      this.#filter.select(block, this.#mask, problems)
      mask = this.#mask
    }
    const rows = this.reader.read(block, problems)
    const { fromMs, toMs } = this.#window
    let taken = 0
    for (let row = 0; row < count; row++) {
      if (mask !== null && mask[row] === 0) continue
      const protocol = rows.protocols[row]!
      if (protocol !== TCP && protocol !== UDP && protocol !== ICMP && protocol !== ICMPV6) continue
      if (this.#protocol !== null && protocol !== this.#protocol) continue
      const startMs = rows.starts[row]!
      if (startMs < fromMs || startMs >= toMs) continue
      const source = rows.sources[row]!
      const target = rows.destinations[row]!
      if (source === 0 || target === 0) continue
      taken++
      const isSmall = rows.packets[row]! <= MOST_PACKETS
      const flags = protocol === TCP && rows.hasFlags ? rows.flags[row]! & 0x3f : -1
      const isBare = flags >= 0 && isBareProbe(flags)
      const sender = this.#senderOf(source, protocol)
      sender.flows++
      if (isSmall) sender.smallFlows++
      if (isBare) sender.bareFlows++
      const isIcmp = protocol === ICMP || protocol === ICMPV6
      const port = isIcmp ? 0 : rows.destinationPorts[row]!
      const isAsking = isIcmp ? asksIcmp(protocol, rows.icmpTypes[row]! >>> 8) : flags < 0 || isBare
      if (isSmall && isAsking) {
        this.probes.mark(source, target, protocol * 65_536 + port, SENT)
        if (startMs < sender.firstMs) sender.firstMs = startMs
        if (startMs > sender.lastMs) sender.lastMs = startMs
      }
      // A reset is the answer of a closed port: nobody is served there.
      const isRefusal = flags >= 0 && (flags & RST) !== 0 && isSmall
      // Of longer flows the lower port is the one that was asked: the rest would fill the table for nothing.
      const isServed = isSmall || rows.sourcePorts[row]! <= rows.destinationPorts[row]!
      const isAnswer = isIcmp ? isSmall && !isAsking : isServed && !isRefusal
      if (isAnswer) {
        const asked = isIcmp ? 0 : rows.sourcePorts[row]!
        if (this.probes.mark(target, source, protocol * 65_536 + asked, ANSWERED)) this.answers++
      }
    }
    return taken
  }

  #senderOf(source: number, protocol: number): Sender {
    const key = source * 256 + protocol
    let sender = this.senders.get(key)
    if (sender === undefined) {
      const [firstMs, lastMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
      sender = { source, protocol, flows: 0, smallFlows: 0, bareFlows: 0, firstMs, lastMs }
      this.senders.set(key, sender)
    }
    return sender
  }
}

/** SYN without ACK; nothing, FIN or all of them: no connection begins or goes on so. A reset before the end is one, too. */
function isBareProbe(flags: number): boolean {
  if ((flags & ACK) !== 0) return false
  return (flags & SYN) !== 0 || flags === 0 || (flags & FIN) !== 0
}

function asksIcmp(protocol: number, type: number): boolean {
  return protocol === ICMPV6 ? type === ECHO_REQUEST_V6 : ASKING_TYPES.includes(type)
}
