import type { FixedColumn, FlowBatch } from '../flow/batch.ts'
import { COMMUNITY_ID_OCTETS, CommunityId, type CommunityIdForm } from '../flow/community-id.ts'
import { type DocumentPage, type DocumentWriter, hasRoom } from '../flow/documents.ts'
import { F, type Field } from '../flow/fields.ts'
import type { GeoSource } from '../flow/geo.ts'
import { DocumentText } from './document-text.ts'
import { asText, type GeoText, geoText } from './geo-texts.ts'
import { type AddressPair, TrackedFlow, word } from './tracked-flow.ts'
import { K, T } from './traffic-names.ts'

/** IANA's flowEndReason of a flow that goes on: the report is one of several (RFC 5102 §5.11.3). */
const ACTIVE_TIMEOUT = 2
const ICMP = 1
const TCP = 6
const UDP = 17
const ICMPV6 = 58
/** Longer than any document of this kind, but for what the caller adds. */
const DOCUMENT_OCTETS = 4096

export interface TrafficOptions {
  /** The modern event of network_traffic.flow, or Packetbeat 6's. */
  readonly form: 'ecs' | 'packetbeat6'
  readonly communityIdForm: CommunityIdForm
  /** Value of `event.dataset`: `network_traffic.flow`, or `flow` as Packetbeat itself says. */
  readonly dataset: string
  /** JSON members, `"name":value` joined by commas, that every document has; empty for none. */
  readonly members: string
  /** Where addresses are and whose they are, for the modern event; null for none. */
  readonly geo: GeoSource | null
}

/** What is known of one side's addresses. */
interface Place {
  geo: GeoText | null
  as: GeoText | null
}

const OPENING = 0x7b
const CLOSING = 0x7d

/** Makes the documents of tracked flows: of each row that has a flow's id, one. Other rows make none. */
export function newTrafficDocuments(options: TrafficOptions): DocumentWriter {
  return new TrafficDocuments(options)
}

class TrafficDocuments implements DocumentWriter {
  readonly #form: TrafficOptions['form']
  readonly #event: Uint8Array
  readonly #members: Uint8Array
  readonly #flow = new TrackedFlow()
  readonly #text = new DocumentText()
  readonly #communityId: CommunityId
  readonly #geo: GeoSource | null
  readonly #sourcePlace: Place = { geo: null, as: null }
  readonly #destinationPlace: Place = { geo: null, as: null }
  readonly #ends = new Uint32Array(8)
  #batch!: FlowBatch
  #row = 0

  constructor({ form, communityIdForm, dataset, members, geo }: TrafficOptions) {
    this.#form = form
    this.#communityId = new CommunityId(0, communityIdForm)
    this.#members = Buffer.from(members)
    this.#geo = form === 'ecs' ? geo : null
    this.#event = Buffer.from(
      `"event":{"kind":"event","category":["network"],"action":"network_flow","dataset":${JSON.stringify(dataset)}`,
    )
  }

  write(batch: FlowBatch, from: number, to: number, page: DocumentPage): number {
    const least = DOCUMENT_OCTETS + this.#members.length
    this.#batch = batch
    for (let row = from; row < to; row++) {
      if (!this.#flow.read(batch, row)) continue
      if (!hasRoom(page, least + this.#findPlaces())) return row
      this.#row = row
      const start = page.used + page.gap
      this.#text.begin(page, start)
      if (this.#form === 'ecs') this.#writeEvent()
      else this.#writeOldEvent()
      const end = this.#text.at
      page.octets[end] = 0x0a
      page.starts[page.count] = start
      page.ends[page.count] = end
      page.sources[page.count] = row
      page.count++
      page.used = end + 1
    }
    return to
  }

  /** Looks both ends up; returns how many octets that adds at most. */
  #findPlaces(): number {
    if (this.#geo === null) return 0
    return (
      this.#findPlace(this.#geo, this.#sourcePlace, true) +
      this.#findPlace(this.#geo, this.#destinationPlace, false)
    )
  }

  /** Of several addresses the first one that is known counts, as in Elasticsearch's geoip processor. */
  #findPlace(source: GeoSource, place: Place, isSource: boolean): number {
    const flow = this.#flow
    place.geo = null
    place.as = null
    for (let i = 0; i < flow.pairCount; i++) {
      const pair = flow.pairs[i]!
      this.#putAddress(isSource ? pair.source : pair.destination, pair.isIpv6, 0)
      if (place.geo === null) {
        const city = source.city(this.#ends, 0)
        if (city !== null) place.geo = geoText(city)
      }
      if (place.as === null) {
        const asn = source.asn(this.#ends, 0)
        if (asn !== null) place.as = asText(asn)
      }
    }
    return (place.geo?.length ?? 0) + (place.as?.length ?? 0)
  }

  #writePlace({ geo, as }: Place): void {
    const text = this.#text
    if (geo !== null) {
      text.key(K.geo)
      text.place(geo)
    }
    if (as === null) return
    text.key(K.as)
    text.place(as)
  }

  #writeEvent(): void {
    const text = this.#text
    const flow = this.#flow
    text.raw(T.timestamp)
    this.#time(F.timeReceived)
    text.key(K.type)
    text.raw(T.flow)
    const isFinal = this.#isFinal()
    text.key(this.#event)
    text.key(K.type)
    text.raw(isFinal ? T.connectionEnd : T.connection)
    text.key(K.start)
    this.#time(F.trackedStart)
    text.key(K.end)
    this.#time(F.flowEnd)
    text.key(K.duration)
    this.#duration()
    text.octet(CLOSING)

    text.key(K.flow)
    text.octet(OPENING)
    text.key(K.final)
    text.raw(isFinal ? T.true : T.false)
    text.key(K.id)
    text.base64(flow.octets, flow.from, flow.to)
    this.#writeVlans()
    text.octet(CLOSING)

    this.#writeEnd(K.source, true)
    this.#writeEnd(K.destination, false)
    this.#writeNetwork()
    this.#finish()
  }

  #finish(): void {
    if (this.#members.length > 0) this.#text.key(this.#members)
    this.#text.octet(CLOSING)
  }

  #isFinal(): boolean {
    return this.#number(F.flowEndReason) !== ACTIVE_TIMEOUT
  }

  #writeVlans(): void {
    const text = this.#text
    const { vlan, outerVlan } = this.#flow
    if (vlan < 0) return
    text.key(K.vlan)
    if (outerVlan < 0) {
      text.u32(vlan)
      return
    }
    text.octet(0x5b)
    text.u32(outerVlan)
    text.octet(0x2c)
    text.u32(vlan)
    text.octet(0x5d)
  }

  /** The source's or the destination's side. */
  #writeEnd(name: Uint8Array, isSource: boolean): void {
    const text = this.#text
    const flow = this.#flow
    text.key(name)
    text.octet(OPENING)
    if (flow.hasMac) {
      text.key(K.mac)
      text.mac(flow.octets, isSource ? flow.sourceMac : flow.destinationMac)
    }
    if (flow.pairCount > 0) {
      text.key(K.ip)
      if (flow.pairCount > 1) text.octet(0x5b)
      for (let i = 0; i < flow.pairCount; i++) {
        const pair = flow.pairs[i]!
        if (i > 0) text.octet(0x2c)
        text.address(flow.octets, isSource ? pair.source : pair.destination, pair.isIpv6)
      }
      if (flow.pairCount > 1) text.octet(0x5d)
    }
    if (flow.transport !== null) {
      text.key(K.port)
      text.u32(isSource ? flow.sourcePort : flow.destinationPort)
    }
    this.#writeCounts(isSource, K.bytes, K.packets)
    if (this.#geo !== null) this.#writePlace(isSource ? this.#sourcePlace : this.#destinationPlace)
    text.octet(CLOSING)
  }

  /** Octets and packets of one side; the destination's only if it sent any. */
  #writeCounts(isSource: boolean, octetsName: Uint8Array, packetsName: Uint8Array): void {
    const text = this.#text
    const octets = this.#wide(isSource ? F.initiatorOctets : F.responderOctets)
    const packets = this.#wide(isSource ? F.initiatorPackets : F.responderPackets)
    if (octets === null || packets === null) return
    const at = this.#row * 2
    text.key(octetsName)
    text.u64(octets.words[at]!, octets.words[at + 1]!)
    text.key(packetsName)
    text.u64(packets.words[at]!, packets.words[at + 1]!)
  }

  #writeNetwork(): void {
    const text = this.#text
    const flow = this.#flow
    text.key(K.network)
    text.octet(OPENING)
    text.key(K.bytes)
    this.#sum(F.initiatorOctets, F.responderOctets)
    text.key(K.packets)
    this.#sum(F.initiatorPackets, F.responderPackets)
    const outermost = flow.pairs[0]!
    if (flow.pairCount > 0) {
      text.key(K.type)
      text.raw(outermost.isIpv6 ? T.ipv6 : T.ipv4)
    }
    const protocol = this.#protocol()
    if (protocol !== 0) {
      text.key(K.transport)
      text.raw(protocol === TCP ? T.tcp : protocol === UDP ? T.udp : protocol === ICMP ? T.icmp : T.icmpv6)
      if (flow.pairCount > 0) {
        text.key(K.communityId)
        text.octet(0x22)
        this.#hash(outermost, protocol)
        this.#communityId.put(text.octets, text.at)
        text.at += COMMUNITY_ID_OCTETS
        text.octet(0x22)
      }
    }
    text.octet(CLOSING)
  }

  /** TCP, UDP, or ICMP if the source's latest type and code were not both zero: else 0, and nothing is said. */
  #protocol(): number {
    const { transport } = this.#flow
    if (transport !== null) return transport === 'tcp' ? TCP : UDP
    const typeCode = this.#number(F.icmpTypeCode)
    const inner = this.#number(F.innerProtocolIdentifier)
    const protocol = inner >= 0 ? inner : this.#number(F.protocolIdentifier)
    return typeCode > 0 && (protocol === ICMP || protocol === ICMPV6) ? protocol : 0
  }

  #hash(pair: AddressPair, protocol: number): void {
    const { sourcePort, destinationPort } = this.#flow
    const ends = this.#ends
    this.#putAddress(pair.source, pair.isIpv6, 0)
    this.#putAddress(pair.destination, pair.isIpv6, 4)
    const typeCode = this.#number(F.icmpTypeCode)
    const isIcmp = protocol === ICMP || protocol === ICMPV6
    const first = isIcmp ? typeCode >>> 8 : sourcePort
    const second = isIcmp ? typeCode & 255 : destinationPort
    this.#communityId.hash(ends, 0, ends, 4, protocol, first, second)
  }

  #putAddress(from: number, isIpv6: boolean, to: number): void {
    const { octets } = this.#flow
    const ends = this.#ends
    if (isIpv6) for (let i = 0; i < 4; i++) ends[to + i] = word(octets, from + i * 4)
    else {
      ends[to] = 0
      ends[to + 1] = 0
      ends[to + 2] = 0xffff
      ends[to + 3] = word(octets, from)
    }
  }

  /** Packetbeat 6's event: flat, with names of its own. */
  #writeOldEvent(): void {
    const text = this.#text
    const flow = this.#flow
    text.raw(T.timestamp)
    this.#time(F.timeReceived)
    text.key(K.type)
    text.raw(T.flow)
    text.key(K.startTime)
    this.#time(F.trackedStart)
    text.key(K.lastTime)
    this.#time(F.flowEnd)
    text.key(K.final)
    text.raw(this.#isFinal() ? T.true : T.false)
    text.key(K.flowId)
    text.base64(flow.octets, flow.from, flow.to)
    if (flow.outerVlan >= 0) {
      text.key(K.outerVlan)
      text.u32(flow.outerVlan)
    }
    if (flow.vlan >= 0) {
      text.key(K.vlan)
      text.u32(flow.vlan)
    }
    if (flow.transport !== null) {
      text.key(K.transport)
      text.raw(flow.transport === 'tcp' ? T.tcp : T.udp)
    }
    this.#writeOldEnd(K.source, true)
    this.#writeOldEnd(K.dest, false)
    this.#finish()
  }

  #writeOldEnd(name: Uint8Array, isSource: boolean): void {
    const text = this.#text
    const flow = this.#flow
    text.key(name)
    text.octet(OPENING)
    if (flow.hasMac) {
      text.key(K.mac)
      text.macWithColons(flow.octets, isSource ? flow.sourceMac : flow.destinationMac)
    }
    for (let i = 0; i < flow.pairCount; i++) {
      const pair = flow.pairs[i]!
      text.key(pair.isIpv6 ? (pair.isOuter ? K.outerIpv6 : K.ipv6) : pair.isOuter ? K.outerIp : K.ip)
      text.address(flow.octets, isSource ? pair.source : pair.destination, pair.isIpv6)
    }
    if (flow.transport !== null) {
      text.key(K.port)
      text.u32(isSource ? flow.sourcePort : flow.destinationPort)
    }
    if (this.#wide(isSource ? F.initiatorOctets : F.responderOctets) !== null) {
      text.key(K.stats)
      text.octet(OPENING)
      this.#writeCounts(isSource, K.netBytes, K.netPackets)
      text.octet(CLOSING)
    }
    text.octet(CLOSING)
  }

  /** The column of a 64-bit field if the row holds it. */
  #wide(field: Field): FixedColumn | null {
    const column = this.#batch.find(field)
    return column?.shape === 'fixed' && column.present[this.#row] === 1 ? column : null
  }

  /** A small number of the row, -1 where it has none. */
  #number(field: Field): number {
    const column = this.#batch.find(field)
    return column?.shape === 'fixed' && column.present[this.#row] === 1 ? column.values[this.#row]! : -1
  }

  #time(field: Field): void {
    const words = this.#wide(field)?.words
    const at = this.#row * 2
    this.#text.time(words?.[at] ?? 0, words?.[at + 1] ?? 0)
  }

  /** From the first to the latest packet, in nanoseconds. */
  #duration(): void {
    const start = this.#wide(F.trackedStart)?.words
    const end = this.#wide(F.flowEnd)?.words
    const at = this.#row * 2
    if (start === undefined || end === undefined) {
      this.#text.u32(0)
      return
    }
    const low = end[at]! - start[at]!
    const high = end[at + 1]! - start[at + 1]! - (low < 0 ? 1 : 0)
    // A clock that stepped back makes no negative duration.
    if (high < 0) this.#text.u32(0)
    else this.#text.u64(low >>> 0, high)
  }

  /** Both sides' counters, whose sum is far below 2^64. */
  #sum(first: Field, second: Field): void {
    const a = this.#wide(first)?.words
    const b = this.#wide(second)?.words
    const at = this.#row * 2
    const low = (a?.[at] ?? 0) + (b?.[at] ?? 0)
    const high = (a?.[at + 1] ?? 0) + (b?.[at + 1] ?? 0) + (low > 0xffff_ffff ? 1 : 0)
    this.#text.u64(low >>> 0, high >>> 0)
  }
}
