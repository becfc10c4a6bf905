/** Export protocols a workload can speak; `v5-one` has a single record in each datagram. */
export type WorkloadKind = 'v5' | 'v5-one' | 'v9' | 'ipfix' | 'sflow'

export const WORKLOAD_KINDS: readonly WorkloadKind[] = ['v5', 'v5-one', 'v9', 'ipfix', 'sflow']

export interface Workload {
  readonly kind: WorkloadKind
  /** To be sent first, and again now and then, as exporters do; empty where the protocol has no templates. */
  readonly templates: readonly Uint8Array[]
  readonly datagrams: readonly Uint8Array[]
  readonly flowsPerDatagram: number
}

/** xorshift32: the same seed gives the same workload everywhere. */
export function newRandom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

interface Flow {
  readonly source: number
  readonly destination: number
  readonly sourcePort: number
  readonly destinationPort: number
  readonly protocol: number
  readonly packets: number
  readonly octets: number
  readonly durationMs: number
  readonly isIpv6: boolean
}

const SERVICES = [443, 443, 443, 443, 80, 53, 53, 123, 22, 25, 993, 3389, 8080]

/** One plausible flow: clients of 10.0.0.0/8 and a skewed set of servers, most flows short. */
function makeFlow(random: (below: number) => number, ipv6Percent: number): Flow {
  const popular = random(4) > 0 ? random(200) : random(60_000)
  const service = SERVICES[random(SERVICES.length)]!
  const packets = random(10) < 6 ? 1 + random(3) : 1 + random(400)
  return {
    source: (10 << 24) | random(1 << 18),
    destination: 0xc6120000 + popular,
    sourcePort: 1024 + random(64_000),
    destinationPort: service,
    protocol: service === 53 || service === 123 ? 17 : 6,
    packets,
    octets: packets * (60 + random(1300)),
    durationMs: packets === 1 ? 0 : random(60_000),
    isIpv6: random(100) < ipv6Percent,
  }
}

const EXPORT_SECONDS = 1_767_225_600 // 2026-01-01T00:00:00Z
const UPTIME_MS = 3_600_000_000 >>> 0

/** A workload of `count` different datagrams, made from `seed`. */
export function makeWorkload(kind: WorkloadKind, count: number, seed = 1): Workload {
  const random = newRandom(seed)
  switch (kind) {
    case 'v5':
      return netflow5Workload(kind, count, 30, random)
    case 'v5-one':
      return netflow5Workload(kind, count, 1, random)
    case 'v9':
    case 'ipfix':
      return templateWorkload(kind, count, random)
    case 'sflow':
      return sflowWorkload(count, random)
  }
}

function netflow5Workload(
  kind: WorkloadKind,
  count: number,
  records: number,
  random: (below: number) => number,
): Workload {
  const datagrams: Uint8Array[] = []
  let sequence = 0
  for (let n = 0; n < count; n++) {
    const octets = new Uint8Array(24 + records * 48)
    const view = new DataView(octets.buffer)
    view.setUint16(0, 5)
    view.setUint16(2, records)
    view.setUint32(4, UPTIME_MS)
    view.setUint32(8, EXPORT_SECONDS + (n >> 10))
    view.setUint32(12, 123_456_789)
    view.setUint32(16, sequence)
    view.setUint16(22, 0x4000 | 100)
    for (let i = 0, at = 24; i < records; i++, at += 48) {
      const flow = makeFlow(random, 0)
      view.setUint32(at, flow.source)
      view.setUint32(at + 4, flow.destination)
      view.setUint32(at + 8, 0x0a000001)
      view.setUint16(at + 12, 1 + random(16))
      view.setUint16(at + 14, 1 + random(16))
      view.setUint32(at + 16, flow.packets)
      view.setUint32(at + 20, flow.octets)
      view.setUint32(at + 24, UPTIME_MS - flow.durationMs - 1000)
      view.setUint32(at + 28, UPTIME_MS - 1000)
      view.setUint16(at + 32, flow.sourcePort)
      view.setUint16(at + 34, flow.destinationPort)
      view.setUint8(at + 37, flow.protocol === 6 ? 0x1b : 0)
      view.setUint8(at + 38, flow.protocol)
      view.setUint16(at + 40, 64512 + random(8))
      view.setUint16(at + 42, 1 + random(60_000))
      view.setUint8(at + 44, 24)
      view.setUint8(at + 45, 20)
    }
    sequence += records
    datagrams.push(octets)
  }
  return { kind, templates: [], datagrams, flowsPerDatagram: records }
}

/** Element and octets on the wire, of a router's usual IPv4 template (256); IPv6's (257) is made from it. */
export const V4_FIELDS: readonly (readonly [element: number, octets: number])[] = [
  [8, 4],
  [12, 4],
  [15, 4],
  [10, 4],
  [14, 4],
  [2, 4],
  [1, 4],
  [22, 4],
  [21, 4],
  [7, 2],
  [11, 2],
  [4, 1],
  [5, 1],
  [6, 1],
  [61, 1],
  [16, 4],
  [17, 4],
  [9, 1],
  [13, 1],
]
const V6_FIELDS = V4_FIELDS.map(([element, octets]): readonly [number, number] => {
  if (element === 8) return [27, 16]
  if (element === 12) return [28, 16]
  if (element === 15) return [62, 16]
  if (element === 9) return [29, 1]
  if (element === 13) return [30, 1]
  return [element, octets]
})
/** IPFIX has no uptime in its header: absolute milliseconds, and 64-bit counters. */
function forIpfix(fields: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  return fields.map(([element, octets]): readonly [number, number] => {
    if (element === 22) return [152, 8]
    if (element === 21) return [153, 8]
    if (element === 1 || element === 2) return [element, 8]
    return [element, octets]
  })
}

const RECORDS_PER_SET = 10

function templateWorkload(kind: 'v9' | 'ipfix', count: number, random: (below: number) => number): Workload {
  const layouts = [V4_FIELDS, V6_FIELDS].map((fields) => (kind === 'ipfix' ? forIpfix(fields) : fields))
  const templateSets = layouts.map((fields, i) => templateSet(kind === 'v9' ? 0 : 2, 256 + i, fields))
  const datagrams: Uint8Array[] = []
  let sequence = 0
  for (let n = 0; n < count; n++) {
    // Two sets of one family or of each, so that a datagram stays below an Ethernet frame.
    const sets: Uint8Array[] = []
    for (const isIpv6 of [false, random(100) < 30]) {
      const fields = layouts[isIpv6 ? 1 : 0]!
      sets.push(dataSet(isIpv6 ? 257 : 256, fields, isIpv6, random))
    }
    datagrams.push(message(kind, sets, 2 * RECORDS_PER_SET, sequence, EXPORT_SECONDS + (n >> 10)))
    sequence += kind === 'v9' ? 1 : 2 * RECORDS_PER_SET
  }
  return {
    kind,
    templates: [message(kind, templateSets, 2, 0, EXPORT_SECONDS)],
    datagrams,
    flowsPerDatagram: 2 * RECORDS_PER_SET,
  }
}

function templateSet(
  setId: number,
  templateId: number,
  fields: readonly (readonly [number, number])[],
): Uint8Array {
  const octets = new Uint8Array(8 + fields.length * 4)
  const view = new DataView(octets.buffer)
  view.setUint16(0, setId)
  view.setUint16(2, octets.length)
  view.setUint16(4, templateId)
  view.setUint16(6, fields.length)
  for (const [i, [element, length]] of fields.entries()) {
    view.setUint16(8 + i * 4, element)
    view.setUint16(10 + i * 4, length)
  }
  return octets
}

function dataSet(
  setId: number,
  fields: readonly (readonly [number, number])[],
  isIpv6: boolean,
  random: (below: number) => number,
): Uint8Array {
  const recordOctets = fields.reduce((sum, [, length]) => sum + length, 0)
  const octets = new Uint8Array((4 + recordOctets * RECORDS_PER_SET + 3) & ~3)
  const view = new DataView(octets.buffer)
  view.setUint16(0, setId)
  view.setUint16(2, octets.length)
  let at = 4
  for (let i = 0; i < RECORDS_PER_SET; i++) {
    const flow = makeFlow(random, 0)
    for (const [element, length] of fields) {
      writeElement(view, at, element, length, flow, isIpv6, random)
      at += length
    }
  }
  return octets
}

function writeElement(
  view: DataView,
  at: number,
  element: number,
  length: number,
  flow: Flow,
  isIpv6: boolean,
  random: (below: number) => number,
): void {
  const value = elementValue(element, flow, random)
  if (isIpv6 && length === 16) {
    view.setUint32(at, 0x20010db8)
    view.setUint32(at + 4, value >>> 16)
    view.setUint32(at + 12, value)
  } else if (element === 152 || element === 153) {
    view.setBigUint64(at, BigInt(EXPORT_SECONDS) * 1000n - BigInt(value))
  } else if (length === 8) {
    view.setUint32(at + 4, value)
  } else if (length === 4) {
    view.setUint32(at, value)
  } else if (length === 2) {
    view.setUint16(at, value)
  } else {
    view.setUint8(at, value)
  }
}

function elementValue(element: number, flow: Flow, random: (below: number) => number): number {
  switch (element) {
    case 8:
    case 27:
      return flow.source
    case 12:
    case 28:
      return flow.destination
    case 15:
    case 62:
      return 0x0a000001
    case 10:
    case 14:
      return 1 + random(64)
    case 2:
      return flow.packets
    case 1:
      return flow.octets
    case 22:
      return UPTIME_MS - flow.durationMs - 1000
    case 21:
      return UPTIME_MS - 1000
    case 152:
      return flow.durationMs + 1000
    case 153:
      return 1000
    case 7:
      return flow.sourcePort
    case 11:
      return flow.destinationPort
    case 4:
      return flow.protocol
    case 6:
      return flow.protocol === 6 ? 0x1b : 0
    case 16:
      return 64_512 + random(8)
    case 17:
      return 1 + random(60_000)
    case 9:
    case 29:
      return 24
    case 13:
    case 30:
      return 20
    default:
      return 0
  }
}

function message(
  kind: 'v9' | 'ipfix',
  sets: readonly Uint8Array[],
  records: number,
  sequence: number,
  seconds: number,
): Uint8Array {
  const headerOctets = kind === 'v9' ? 20 : 16
  const octets = new Uint8Array(headerOctets + sets.reduce((sum, set) => sum + set.length, 0))
  const view = new DataView(octets.buffer)
  if (kind === 'v9') {
    view.setUint16(0, 9)
    view.setUint16(2, records)
    view.setUint32(4, UPTIME_MS)
    view.setUint32(8, seconds)
    view.setUint32(12, sequence)
    view.setUint32(16, 1)
  } else {
    view.setUint16(0, 10)
    view.setUint16(2, octets.length)
    view.setUint32(4, seconds)
    view.setUint32(8, sequence)
    view.setUint32(12, 1)
  }
  let at = headerOctets
  for (const set of sets) {
    octets.set(set, at)
    at += set.length
  }
  return octets
}

const SFLOW_SAMPLES = 7
const HEADER_OCTETS = 128

function sflowWorkload(count: number, random: (below: number) => number): Workload {
  const sampleOctets = 8 + 32 + 8 + 16 + HEADER_OCTETS
  const datagrams: Uint8Array[] = []
  let sampleSequence = 0
  for (let n = 0; n < count; n++) {
    const octets = new Uint8Array(28 + SFLOW_SAMPLES * sampleOctets)
    const view = new DataView(octets.buffer)
    view.setUint32(0, 5)
    view.setUint32(4, 1)
    view.setUint32(8, 0xc0000201)
    view.setUint32(16, n + 1)
    view.setUint32(20, UPTIME_MS)
    view.setUint32(24, SFLOW_SAMPLES)
    for (let i = 0, at = 28; i < SFLOW_SAMPLES; i++, at += sampleOctets) {
      writeFlowSample(view, at, sampleOctets, ++sampleSequence, makeFlow(random, 0))
    }
    datagrams.push(octets)
  }
  return { kind: 'sflow', templates: [], datagrams, flowsPerDatagram: SFLOW_SAMPLES }
}

/** sFlow v5 flow_sample with one raw packet header: Ethernet, IPv4, TCP or UDP. */
function writeFlowSample(
  view: DataView,
  at: number,
  sampleOctets: number,
  sequence: number,
  flow: Flow,
): void {
  view.setUint32(at, 1)
  view.setUint32(at + 4, sampleOctets - 8)
  view.setUint32(at + 8, sequence)
  view.setUint32(at + 12, 3)
  view.setUint32(at + 16, 1024)
  view.setUint32(at + 20, sequence * 1024)
  view.setUint32(at + 28, 3)
  view.setUint32(at + 32, 4)
  view.setUint32(at + 36, 1)
  const record = at + 40
  const frameOctets = Math.min(1518, 64 + Math.round(flow.octets / flow.packets))
  view.setUint32(record, 1)
  view.setUint32(record + 4, 16 + HEADER_OCTETS)
  view.setUint32(record + 8, 1)
  view.setUint32(record + 12, frameOctets)
  view.setUint32(record + 16, 4)
  view.setUint32(record + 20, HEADER_OCTETS)
  const frame = record + 24
  view.setUint32(frame + 2, 0x00005e01)
  view.setUint32(frame + 8, 0x00005e02)
  view.setUint16(frame + 12, 0x0800)
  const ip = frame + 14
  view.setUint8(ip, 0x45)
  view.setUint16(ip + 2, frameOctets - 18)
  view.setUint16(ip + 6, 0x4000)
  view.setUint8(ip + 8, 62)
  view.setUint8(ip + 9, flow.protocol)
  view.setUint32(ip + 12, flow.source)
  view.setUint32(ip + 16, flow.destination)
  view.setUint16(ip + 20, flow.sourcePort)
  view.setUint16(ip + 22, flow.destinationPort)
  if (flow.protocol === 6) {
    view.setUint8(ip + 32, 0x50)
    view.setUint8(ip + 33, 0x10)
  }
}
