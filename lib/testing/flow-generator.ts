import type { FlowBatch } from '../flow/batch.ts'
import { defineField, F, type Field } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import { newRandom } from './workload.ts'

// Flows as three routers of one provider export them: a sampled NetFlow v9 edge, an IPFIX switch with MACs and VLANs,
// an IPFIX NAT gateway. 70 % IPv4, Zipf-like hosts, half of the flows one packet, scans and an amplification attack.

const postNatSourcePort = defineField('postNAPTSourceTransportPort', 'u16', 'identifier', 0, 227)
const postNatDestinationPort = defineField('postNAPTDestinationTransportPort', 'u16', 'identifier', 0, 228)

const START_MS = 1_767_225_600_000 // 2026-01-01T00:00:00Z
const LOCAL_HOSTS = 20_000
const REMOTE_HOSTS = 600_000
const LOCAL_AS = 64_500
const SERVICES = [
  443, 53, 80, 22, 123, 8080, 25, 993, 3389, 445, 5060, 1194, 8443, 3306, 6379, 161, 587, 23, 1900, 6881,
]
const UDP_SERVICES = [53, 123, 161, 1900, 1194, 5060]
/** Records per datagram of each exporter. */
const RECORDS = [24, 16, 24] as const

type Specifier = readonly [element: number, octets: number, field: Field]

/** What each exporter's template holds, for one address family. */
export function templateOf(exporter: number, isIpv6: boolean): readonly Specifier[] {
  const address = (ipv4: number, ipv6: number, field: Field): Specifier =>
    isIpv6 ? [ipv6, 16, field] : [ipv4, 4, field]
  return [
    address(8, 27, F.sourceAddress),
    address(12, 28, F.destinationAddress),
    address(15, 62, F.nextHopAddress),
    [10, 4, F.ingressInterface],
    [14, 4, F.egressInterface],
    [2, 8, F.packetDeltaCount],
    [1, 8, F.octetDeltaCount],
    [152, 8, F.flowStart],
    [153, 8, F.flowEnd],
    [7, 2, F.sourceTransportPort],
    [11, 2, F.destinationTransportPort],
    [4, 1, F.protocolIdentifier],
    [5, 1, F.ipClassOfService],
    [6, 1, F.tcpControlBits],
    [16, 4, F.bgpSourceAsNumber],
    [17, 4, F.bgpDestinationAsNumber],
    ...(exporter === 1 ? MACS : []),
    ...(exporter === 2 ? NAT : []),
  ]
}

const MACS: readonly Specifier[] = [
  [58, 2, F.vlanId],
  [59, 2, F.postVlanId],
  [56, 6, F.sourceMacAddress],
  [80, 6, F.destinationMacAddress],
]
const NAT: readonly Specifier[] = [
  [225, 4, F.postNatSourceAddress],
  [226, 4, F.postNatDestinationAddress],
  [227, 2, postNatSourcePort],
  [228, 2, postNatDestinationPort],
]

/** By exporter and address family. */
const LAYOUTS: readonly (readonly Layout[])[] = [0, 1, 2].map((exporter) =>
  [false, true].map((isIpv6) => ({
    protocol: exporter === 0 ? 9 : 10,
    scopeCount: 0,
    fields: templateOf(exporter, isIpv6).map(([element, octets, field]) => ({
      enterprise: 0,
      element,
      octets,
      field,
    })),
  })),
)

function hash(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Provider networks: neighbours share an AS. */
function asOf(host: number): number {
  return host < 3000 ? 13_000 + (hash(host % 20) % 4000) : 1000 + (hash((host >>> 3) + 77) % 60_000)
}

interface Side {
  isRemote: boolean
  host: number
}

/** One conversation's half. */
interface Flow {
  exporter: number
  isIpv6: boolean
  source: Side
  destination: Side
  sourcePort: number
  destinationPort: number
  protocol: number
  packets: number
  octets: number
  flags: number
  startMs: number
  endMs: number
  natPort: number
}

/** Fills batches with flows in the order a collector would have them; the same seed gives the same flows. */
export class FlowGenerator {
  readonly #random: (below: number) => number
  readonly #open: Flow[][] = [[], [], []]
  readonly #sequence = [1000, 500_000, 77]
  #clockMs = START_MS
  #ready: { readonly exporter: number; readonly flows: Flow[] }[] = []
  /** Flows per second of the made-up network. */
  readonly #perMs: number

  constructor(seed = 1, flowsPerSecond = 115) {
    this.#random = newRandom(seed)
    this.#perMs = flowsPerSecond / 1000
  }

  /** Appends datagrams of flows until fewer than 24 rows are free; `batch` is empty before. */
  fill(batch: FlowBatch): void {
    while (batch.room >= 24) {
      while (this.#ready.length === 0) this.#converse()
      const { exporter, flows } = this.#ready.shift()!
      const v4 = flows.filter((flow) => !flow.isIpv6)
      const v6 = flows.filter((flow) => flow.isIpv6)
      this.#write(batch, exporter, [v4, v6])
    }
  }

  #unit(): number {
    return this.#random(0xffffffff) / 0x100000000
  }

  /** Skewed towards small numbers, as Zipf's law with an exponent near one. */
  #popular(count: number): number {
    return Math.min(count - 1, Math.floor(count ** this.#unit()) - 1)
  }

  #converse(): void {
    this.#clockMs += Math.floor((-Math.log(this.#unit() + 1e-12) * 1.6) / this.#perMs)
    const now = this.#clockMs
    const kind = this.#unit()
    const minute = Math.floor((now - START_MS) / 60_000) % 180
    if (minute >= 60 && minute < 66 && kind < 0.4) this.#attack(now)
    else if (kind < 0.03) this.#scan(now)
    else this.#talk(now)
  }

  #talk(now: number): void {
    const random = this.#random
    const host = this.#popular(LOCAL_HOSTS)
    const local: Side = { isRemote: false, host }
    const remote: Side = { isRemote: true, host: this.#popular(REMOTE_HOSTS) }
    const service = SERVICES[this.#popular(SERVICES.length)]!
    const exporter = host % 20 < 10 ? 0 : host % 20 < 17 ? 1 : 2
    const isUdp = UDP_SERVICES.includes(service) || (service === 443 && this.#unit() > 0.7)
    const isShort = service === 53 || service === 123 || this.#unit() < 0.3
    let packets = isShort ? 1 : Math.max(1, Math.floor(Math.exp(5 * this.#unit() ** 1.5 + this.#unit())))
    if (exporter === 0) packets = 1 + Math.floor(packets / 100)
    const durationMs = packets === 1 ? 0 : Math.floor(-Math.log(this.#unit() + 1e-12) * 3500)
    const perPacket = isShort ? 52 + random(110) : 80 + random(1300)
    const flow: Flow = {
      exporter,
      isIpv6: exporter !== 2 && this.#unit() < 0.35,
      source: local,
      destination: remote,
      sourcePort: 32_768 + random(28_232),
      destinationPort: service,
      protocol: isUdp ? 17 : 6,
      packets,
      octets: packets * perPacket,
      flags: isUdp ? 0 : packets === 1 ? 2 : 0x1b,
      startMs: now - durationMs,
      endMs: now,
      natPort: 1024 + random(64_511),
    }
    this.#export(flow)
    if (this.#unit() < 0.25) return
    const answer = Math.max(1, Math.floor(packets * (0.7 + 0.9 * this.#unit())))
    this.#export({
      ...flow,
      source: remote,
      destination: local,
      sourcePort: service,
      destinationPort: flow.sourcePort,
      packets: answer,
      octets: answer * (isShort ? 80 + random(300) : 500 + random(950)),
      startMs: Math.min(now, now - durationMs + random(50)),
      endMs: now,
    })
  }

  #scan(now: number): void {
    const random = this.#random
    this.#export({
      exporter: random(2),
      isIpv6: false,
      source: { isRemote: true, host: REMOTE_HOSTS + random(0x7fffffff) },
      destination: { isRemote: false, host: random(LOCAL_HOSTS) },
      sourcePort: 1024 + random(64_511),
      destinationPort: [23, 22, 445, 3389, 80, 8080, 2323, 1433][random(8)]!,
      protocol: 6,
      packets: 1,
      octets: [40, 44, 60][random(3)]!,
      flags: 2,
      startMs: now,
      endMs: now,
      natPort: 0,
    })
  }

  #attack(now: number): void {
    const packets = 200 + this.#random(800)
    this.#export({
      exporter: 0,
      isIpv6: false,
      source: { isRemote: true, host: 100_000 + this.#random(4000) },
      destination: { isRemote: false, host: 11 },
      sourcePort: 123,
      destinationPort: 1024 + this.#random(60_000),
      protocol: 17,
      packets,
      octets: packets * 468,
      flags: 0,
      startMs: now - this.#random(30_000),
      endMs: now,
      natPort: 0,
    })
  }

  #export(flow: Flow): void {
    const open = this.#open[flow.exporter]!
    open.push(flow)
    if (open.length < RECORDS[flow.exporter]!) return
    this.#ready.push({ exporter: flow.exporter, flows: open })
    this.#open[flow.exporter] = []
  }

  #write(batch: FlowBatch, exporter: number, sets: readonly (readonly Flow[])[]): void {
    let rows = 0
    for (const flow of sets) rows += flow.length
    const from = batch.rowCount
    const receivedNs = BigInt(this.#clockMs + 15_000) * 1_000_000n + BigInt(this.#random(1_000_000))
    const exportNs = BigInt(Math.floor((this.#clockMs + 15_000) / 1000)) * 1_000_000_000n
    put64(batch, F.timeReceived, from, rows, receivedNs)
    put64(batch, F.exportTime, from, rows, exportNs)
    put(batch, F.exportProtocol, from, rows, exporter === 0 ? 9 : 10)
    put(batch, F.exporterPort, from, rows, 40_000 + exporter)
    put(batch, F.sequenceNumber, from, rows, this.#sequence[exporter]!)
    put(batch, F.observationDomainId, from, rows, exporter)
    put(batch, F.samplingRate, from, rows, exporter === 0 ? 512 : 1)
    put(batch, F.samplingSource, from, rows, exporter === 0 ? 4 : 0)
    if (exporter === 0) put(batch, F.systemUptime, from, rows, this.#clockMs % 0x100000000)
    this.#sequence[exporter]! += exporter === 0 ? 1 : rows
    const address = batch.fixed(F.exporterAddress)
    for (let row = from; row < from + rows; row++)
      putIpv4(address.words, address.present, row, 0xc0000201 + exporter)
    let row = from
    for (const [family, flows] of sets.entries()) {
      put(batch, F.templateId, row, flows.length, 256 + family)
      put(batch, F.layout, row, flows.length, batch.layoutNumber(LAYOUTS[exporter]![family]!))
      for (const flow of flows) writeFlow(batch, row++, flow)
    }
    batch.rowCount += rows
  }
}

type NamedField = (typeof F)[keyof typeof F]

function put(batch: FlowBatch, field: NamedField, from: number, rows: number, value: number): void {
  const { values, present } = batch.fixed(field)
  values.fill(value, from, from + rows)
  present.fill(1, from, from + rows)
}

function put64(batch: FlowBatch, field: NamedField, from: number, rows: number, value: bigint): void {
  const { wide, present } = batch.fixed(field)
  wide.fill(value, from, from + rows)
  present.fill(1, from, from + rows)
}

function putIpv4(words: Uint32Array, present: Uint8Array, row: number, address: number): void {
  words[row * 4 + 2] = 0xffff
  words[row * 4 + 3] = address
  present[row] = 1
}

function putSide(batch: FlowBatch, field: NamedField, row: number, side: Side, isIpv6: boolean): void {
  const { words, present } = batch.fixed(field)
  const { host, isRemote } = side
  if (!isIpv6) {
    const local =
      (10 << 24) | ((host % 24) << 16) | (((hash(host) >>> 8) % 12) << 8) | (1 + (hash(host * 7) % 254))
    const network = hash(asOf(host) + 9)
    const remote =
      ((20 + (network % 180)) << 24) | (((network >>> 8) & 0xff) << 16) | (hash(host * 3) & 0xffff)
    putIpv4(words, present, row, isRemote ? remote : local)
    return
  }
  words[row * 4] = isRemote ? 0x2a000000 | (hash(asOf(host) + 5) & 0xfffff) : 0x20010db8
  words[row * 4 + 1] = isRemote
    ? (hash(host + 3) & 0xffff) << 4
    : ((host % 24) << 16) | ((hash(host) >>> 8) % 12)
  words[row * 4 + 2] = isRemote && host < 20_000 ? 0 : hash(host + 99)
  words[row * 4 + 3] = isRemote && host < 20_000 ? 1 + (host & 255) : hash(host + 12_345)
  present[row] = 1
}

function writeFlow(batch: FlowBatch, row: number, flow: Flow): void {
  const { source, destination, exporter, isIpv6 } = flow
  const set = (field: NamedField | typeof postNatSourcePort, value: number) => {
    const { values, present } = batch.fixed(field)
    values[row] = value
    present[row] = 1
  }
  const set64 = (field: NamedField, value: bigint) => {
    const { wide, present } = batch.fixed(field)
    wide[row] = value
    present[row] = 1
  }
  set64(F.flowStart, BigInt(flow.startMs) * 1_000_000n)
  set64(F.flowEnd, BigInt(flow.endMs) * 1_000_000n)
  set64(F.octetDeltaCount, BigInt(flow.octets))
  set64(F.packetDeltaCount, BigInt(flow.packets))
  putSide(batch, F.sourceAddress, row, source, isIpv6)
  putSide(batch, F.destinationAddress, row, destination, isIpv6)
  set(F.sourceTransportPort, flow.sourcePort)
  set(F.destinationTransportPort, flow.destinationPort)
  set(F.protocolIdentifier, flow.protocol)
  set(F.tcpControlBits, flow.flags)
  set(F.ipClassOfService, hash(source.host) % 10 === 0 ? (hash(flow.sourcePort) % 8) << 5 : 0)
  const ports = [source, destination].map((side) => {
    return side.isRemote ? 1 + (hash(asOf(side.host)) & 1) : 3 + (side.host % 24)
  }) as [number, number]
  set(F.ingressInterface, ports[0])
  set(F.egressInterface, ports[1])
  set(F.bgpSourceAsNumber, source.isRemote ? asOf(source.host) : LOCAL_AS)
  set(F.bgpDestinationAsNumber, destination.isRemote ? asOf(destination.host) : LOCAL_AS)
  const nextHop = batch.fixed(F.nextHopAddress)
  if (isIpv6) {
    nextHop.words[row * 4] = 0xfe800000
    nextHop.words[row * 4 + 3] = 0x100 + (ports[1] % 12)
    nextHop.present[row] = 1
  } else {
    putIpv4(nextHop.words, nextHop.present, row, 0xc0000280 + (ports[1] % 12))
  }
  if (exporter === 1) {
    set(F.vlanId, 100 + ports[0])
    set(F.postVlanId, 100 + ports[1])
    for (const [field, port] of [
      [F.sourceMacAddress, ports[0]],
      [F.destinationMacAddress, ports[1] + 7],
    ] as const) {
      const { values, present } = batch.fixed(field)
      values[row * 2] = 0x0200
      values[row * 2 + 1] = hash(port % 40)
      present[row] = 1
    }
  } else if (exporter === 2) {
    const outside = 0xcb007100 + (hash(source.isRemote ? destination.host : source.host) & 31)
    const natSource = batch.fixed(F.postNatSourceAddress)
    const natDestination = batch.fixed(F.postNatDestinationAddress)
    if (source.isRemote) {
      putSide(batch, F.postNatSourceAddress, row, source, isIpv6)
      putIpv4(natDestination.words, natDestination.present, row, outside)
      set(postNatSourcePort, flow.sourcePort)
      set(postNatDestinationPort, flow.natPort)
    } else {
      putIpv4(natSource.words, natSource.present, row, outside)
      putSide(batch, F.postNatDestinationAddress, row, destination, isIpv6)
      set(postNatSourcePort, flow.natPort)
      set(postNatDestinationPort, flow.destinationPort)
    }
  }
}
