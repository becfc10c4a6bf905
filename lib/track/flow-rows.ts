import { type FlowBatch, setOctets } from '../flow/batch.ts'
import type { BatchWriter } from '../flow/batch-writer.ts'
import { F, type Field, PROTOCOL, SAMPLING_SOURCE } from '../flow/fields.ts'
import { knownShape, putFlowId } from './flow-id.ts'
import { type FlowTable, HALF, OCTET, RECORD, SEEN, WIDE, WORD } from './flow-table.ts'
import { ABSENT, DIRECTION, KEY_LAYER, type KeyShape, MOST_KEY_OCTETS } from './packet-key.ts'

/** Values of flowEndReason (RFC 5102 §5.11.3): why a report was made. */
export const END_REASON = { idleTimeout: 1, activeTimeout: 2, forcedEnd: 4, lackOfResources: 5 } as const

const ICMP = 1
const IPV4 = 4
const TCP = 6
const UDP = 17
const IPV6 = 41
const ICMPV6 = 58

export interface FlowRowsOptions {
  readonly writer: BatchWriter
  /** Four words of the address that stands for the observer; null for none. */
  readonly observer: Uint32Array | null
  /** Index of the interface, 0 where none is known. */
  readonly ingressInterface: number
  /** Flows without a packet since their last report are reported as well: documents are made of them. */
  readonly isReportingIdle: boolean
  /** Counters of documents begin at zero after each report. */
  readonly isDelta: boolean
}

/**
 * Writes reports of flows as rows: one for the source's direction, with the whole flow's id and counters for documents,
 * and one for the other direction if packets came that way. The rows' own counters are what is new since the last
 * report, so that sums over all rows are right: fragments count there each, and in the documents' counters, as in
 * Packetbeat, only the last one of a packet.
 */
export class FlowRows {
  readonly #options: FlowRowsOptions
  readonly #table: FlowTable
  readonly #id = new Uint8Array(32 + MOST_KEY_OCTETS)
  #batch: FlowBatch | null = null

  constructor(table: FlowTable, options: FlowRowsOptions) {
    this.#table = table
    this.#options = options
  }

  /** Reports the flow in `slot` at `reportNs`, and begins a new interval. */
  write(slot: number, reportNs: BigUint64Array, reason: number): void {
    const { doubles, octets } = this.#table
    const wide = slot * RECORD.wide
    // Both directions' rows stand together.
    this.#options.writer.reserve(2)
    const hasNewSource = doubles[wide + WIDE.newSourcePackets]! > 0
    const hasNewDestination = doubles[wide + WIDE.newDestinationPackets]! > 0
    if (hasNewSource || this.#options.isReportingIdle) this.#writeHalf(slot, reportNs, reason, true)
    if (hasNewDestination) this.#writeHalf(slot, reportNs, reason, false)
    doubles[wide + WIDE.newSourceOctets] = doubles[wide + WIDE.newSourcePackets] = 0
    doubles[wide + WIDE.newDestinationOctets] = doubles[wide + WIDE.newDestinationPackets] = 0
    octets[slot * RECORD.octets + OCTET.seen]! &= ~SEEN.since
    if (!this.#options.isDelta) return
    doubles[wide + WIDE.sourceOctets] = doubles[wide + WIDE.sourcePackets] = 0
    doubles[wide + WIDE.destinationOctets] = doubles[wide + WIDE.destinationPackets] = 0
  }

  #writeHalf(slot: number, reportNs: BigUint64Array, reason: number, isSource: boolean): void {
    const { writer, observer, ingressInterface } = this.#options
    const table = this.#table
    const { doubles } = table
    const wide = slot * RECORD.wide
    const at = slot * RECORD.octets
    const seen = table.octets[at + OCTET.seen]!
    const batch = writer.reserve(1)
    this.#batch = batch
    const row = batch.rowCount++
    this.#set(F.exportProtocol, row, PROTOCOL.packets)
    this.#setWide(F.timeReceived, row, reportNs, 0)
    const since = (seen & SEEN.since) === 0 ? WIDE.latest : WIDE.since
    this.#setWide(F.flowStart, row, table.wide, wide + since)
    this.#setWide(F.flowEnd, row, table.wide, wide + WIDE.latest)
    const octets = isSource ? WIDE.newSourceOctets : WIDE.newDestinationOctets
    const packets = isSource ? WIDE.newSourcePackets : WIDE.newDestinationPackets
    this.#setCount(F.octetDeltaCount, row, doubles[wide + octets]!)
    this.#setCount(F.packetDeltaCount, row, doubles[wide + packets]!)
    this.#set(F.samplingRate, row, 1)
    this.#set(F.samplingSource, row, SAMPLING_SOURCE.record)
    this.#set(F.flowEndReason, row, reason)
    const hasDestination = (seen & SEEN.destination) !== 0
    if (hasDestination) this.#set(F.biflowHalf, row, isSource ? 2 : 1)
    if (observer !== null) this.#setAddress(F.exporterAddress, row, observer)
    if (ingressInterface > 0) this.#set(F.ingressInterface, row, ingressInterface)

    const key = table.keyOf(slot)
    const path = table.words[slot * RECORD.words + WORD.path]!
    const shape = knownShape(path)
    const isSwapped = (table.octets[at + OCTET.direction] === DIRECTION.reversed) === isSource
    const protocol = (seen & SEEN.protocol) === 0 ? -1 : table.octets[at + OCTET.protocol]!
    this.#writeKey(row, key, shape, isSwapped, protocol)
    this.#writeSeen(row, slot, isSource, shape.ipCount > 1)
    if (!isSource) return
    const idOctets = putFlowId(this.#id, path, key)
    setOctets(batch.octets(F.trackedFlowId), row, this.#id, 0, idOctets)
    this.#setWide(F.trackedStart, row, table.wide, wide + WIDE.created)
    this.#setCount(F.initiatorOctets, row, doubles[wide + WIDE.sourceOctets]!)
    this.#setCount(F.initiatorPackets, row, doubles[wide + WIDE.sourcePackets]!)
    if (!hasDestination) return
    this.#setCount(F.responderOctets, row, doubles[wide + WIDE.destinationOctets]!)
    this.#setCount(F.responderPackets, row, doubles[wide + WIDE.destinationPackets]!)
  }

  /** Addresses, ports and tags out of the key; the outermost IP header is the flow's. */
  #writeKey(row: number, key: Uint8Array, { offsets }: KeyShape, isSwapped: boolean, protocol: number): void {
    const ethernet = offsets[KEY_LAYER.ethernet]!
    if (ethernet !== ABSENT) {
      this.#setMac(F.sourceMacAddress, row, key, ethernet + (isSwapped ? 6 : 0))
      this.#setMac(F.destinationMacAddress, row, key, ethernet + (isSwapped ? 0 : 6))
    }
    const vlan = offsets[KEY_LAYER.vlan]!
    const outerVlan = offsets[KEY_LAYER.outerVlan]!
    if (outerVlan !== ABSENT) {
      this.#set(F.vlanId, row, key[outerVlan]! | (key[outerVlan + 1]! << 8))
      this.#set(F.dot1qCustomerVlanId, row, key[vlan]! | (key[vlan + 1]! << 8))
    } else if (vlan !== ABSENT) this.#set(F.vlanId, row, key[vlan]! | (key[vlan + 1]! << 8))

    const [outer4, ipv4, outer6, ipv6] = [
      offsets[KEY_LAYER.outerIpv4]!,
      offsets[KEY_LAYER.ipv4]!,
      offsets[KEY_LAYER.outerIpv6]!,
      offsets[KEY_LAYER.ipv6]!,
    ]
    // Layers are added from the outside in, so the header with the smallest offset is the outermost.
    const first = Math.min(outer4, ipv4, outer6, ipv6)
    if (first === ABSENT) return
    const isFirst6 = first === outer6 || first === ipv6
    this.#writePair(row, key, first, isFirst6, isSwapped, F.sourceAddress, F.destinationAddress)
    this.#set(F.ipVersion, row, isFirst6 ? 6 : 4)
    const rest = [ipv4, ipv6].filter((offset) => offset !== ABSENT && offset !== first)
    if (rest.length > 0) {
      const inner = Math.max(...rest)
      const { innerSourceAddress, innerDestinationAddress } = F
      this.#writePair(row, key, inner, inner === ipv6, isSwapped, innerSourceAddress, innerDestinationAddress)
    }
    const isTcp = offsets[KEY_LAYER.tcp] !== ABSENT
    const ports = isTcp ? offsets[KEY_LAYER.tcp]! : offsets[KEY_LAYER.udp]!
    if (rest.length === 0) {
      if (ports !== ABSENT) this.#set(F.protocolIdentifier, row, isTcp ? TCP : UDP)
      else this.#clearPorts(row, protocol)
      this.#writePorts(row, key, ports, isSwapped, F.sourceTransportPort, F.destinationTransportPort)
      return
    }
    // Of a tunnel, addresses and protocol are those of the outside, as exporters tell them.
    this.#set(F.protocolIdentifier, row, Math.max(...rest) === ipv6 ? IPV6 : IPV4)
    this.#clearPorts(row, IPV4)
    if (ports === ABSENT) return
    this.#set(F.innerProtocolIdentifier, row, isTcp ? TCP : UDP)
    const { innerSourceTransportPort, innerDestinationTransportPort } = F
    this.#writePorts(row, key, ports, isSwapped, innerSourceTransportPort, innerDestinationTransportPort)
  }

  /** As exporters say it of protocols without ports; ICMP has its type and code. */
  #clearPorts(row: number, protocol: number): void {
    if (protocol < 0 || protocol === ICMP || protocol === ICMPV6) return
    this.#set(F.sourceTransportPort, row, 0)
    this.#set(F.destinationTransportPort, row, 0)
  }

  #writePorts(
    row: number,
    key: Uint8Array,
    at: number,
    isSwapped: boolean,
    source: Field,
    destination: Field,
  ): void {
    if (at === ABSENT) return
    const [a, b] = isSwapped ? [at + 2, at] : [at, at + 2]
    this.#set(source, row, key[a]! | (key[a + 1]! << 8))
    this.#set(destination, row, key[b]! | (key[b + 1]! << 8))
  }

  #writePair(
    row: number,
    key: Uint8Array,
    at: number,
    isIpv6: boolean,
    isSwapped: boolean,
    source: Field,
    destination: Field,
  ): void {
    const size = isIpv6 ? 16 : 4
    this.#setKeyAddress(source, row, key, at + (isSwapped ? size : 0), isIpv6)
    this.#setKeyAddress(destination, row, key, at + (isSwapped ? 0 : size), isIpv6)
  }

  /** What packets of this direction said that is not in the key. */
  #writeSeen(row: number, slot: number, isSource: boolean, isTunnel: boolean): void {
    const { octets, halves } = this.#table
    const at = slot * RECORD.octets
    const half = slot * RECORD.halves
    const seen = octets[at + OCTET.seen]!
    if ((seen & SEEN.etherType) !== 0) this.#set(F.ethernetType, row, halves[half + HALF.etherType]!)
    const protocol = (seen & SEEN.protocol) === 0 ? -1 : octets[at + OCTET.protocol]!
    if (protocol >= 0) this.#set(isTunnel ? F.innerProtocolIdentifier : F.protocolIdentifier, row, protocol)
    if ((seen & (isSource ? SEEN.ip : SEEN.destinationIp)) !== 0) {
      const service = isSource ? OCTET.classOfService : OCTET.destinationClassOfService
      this.#set(F.ipClassOfService, row, octets[at + service]!)
      this.#set(F.ipTTL, row, octets[at + (isSource ? OCTET.timeToLive : OCTET.destinationTimeToLive)]!)
    }
    if ((seen & (isSource ? SEEN.icmp : SEEN.destinationIcmp)) !== 0) {
      const typeCode = isSource ? HALF.icmpTypeCode : HALF.destinationIcmpTypeCode
      this.#set(F.icmpTypeCode, row, halves[half + typeCode]!)
    }
    if (protocol === TCP) {
      const flags = isSource ? HALF.tcpFlags : HALF.destinationTcpFlags
      this.#set(isTunnel ? F.innerTcpControlBits : F.tcpControlBits, row, halves[half + flags]!)
    }
  }

  #set(field: Field, row: number, value: number): void {
    const column = this.#batch!.fixed(field)
    column.values[row] = value
    column.present[row] = 1
  }

  #setWide(field: Field, row: number, from: BigUint64Array, at: number): void {
    const column = this.#batch!.fixed(field)
    column.wide[row] = from[at]!
    column.present[row] = 1
  }

  #setCount(field: Field, row: number, value: number): void {
    const column = this.#batch!.fixed(field)
    column.words[row * 2] = value % 0x1_0000_0000
    column.words[row * 2 + 1] = value / 0x1_0000_0000
    column.present[row] = 1
  }

  #setMac(field: Field, row: number, key: Uint8Array, at: number): void {
    const column = this.#batch!.fixed(field)
    column.words[row * 2] = (key[at]! << 8) | key[at + 1]!
    column.words[row * 2 + 1] = word(key, at + 2)
    column.present[row] = 1
  }

  #setAddress(field: Field, row: number, words: Uint32Array): void {
    const column = this.#batch!.fixed(field)
    column.words.set(words, row * 4)
    column.present[row] = 1
  }

  #setKeyAddress(field: Field, row: number, key: Uint8Array, at: number, isIpv6: boolean): void {
    const column = this.#batch!.fixed(field)
    const { words } = column
    const to = row * 4
    if (isIpv6) for (let i = 0; i < 4; i++) words[to + i] = word(key, at + i * 4)
    else {
      // IPv4 mapped (RFC 4291 §2.5.5.2).
      words[to] = 0
      words[to + 1] = 0
      words[to + 2] = 0xffff
      words[to + 3] = word(key, at)
    }
    column.present[row] = 1
  }
}

/** Four octets in network order. */
function word(octets: Uint8Array, at: number): number {
  return ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0
}
