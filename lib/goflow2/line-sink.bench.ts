import { BATCH_ROWS, FlowBatch } from '../flow/batch.ts'
import { F, type Field, PROTOCOL } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import { type CellValue, fillRow } from '../testing/fill-row.ts'
import { newRandom } from '../testing/workload.ts'
import { type LineSinkOptions, newLineSink } from './line-sink.ts'
import type { Mapping } from './mapping-types.ts'

const random = newRandom(7)
const hex4 = () => random(65_536).toString(16)

function layout(protocol: number, fields: readonly (readonly [element: number, field: Field])[]): Layout {
  return {
    protocol,
    scopeCount: 0,
    fields: fields.map(([element, field]) => ({ enterprise: 0, element, octets: 4, field })),
  }
}

const COMMON = [
  [10, F.ingressInterface],
  [14, F.egressInterface],
  [2, F.packetDeltaCount],
  [1, F.octetDeltaCount],
  [22, F.flowStart],
  [21, F.flowEnd],
  [7, F.sourceTransportPort],
  [11, F.destinationTransportPort],
  [4, F.protocolIdentifier],
  [5, F.ipClassOfService],
  [6, F.tcpControlBits],
  [16, F.bgpSourceAsNumber],
  [17, F.bgpDestinationAsNumber],
] as const
const V4 = [
  [8, F.sourceAddress],
  [12, F.destinationAddress],
  [15, F.nextHopAddress],
  [9, F.sourcePrefixLength],
  [13, F.destinationPrefixLength],
  ...COMMON,
] as const
const V6 = [
  [27, F.sourceAddress],
  [28, F.destinationAddress],
  [62, F.nextHopAddress],
  [29, F.sourcePrefixLength],
  [30, F.destinationPrefixLength],
  ...COMMON,
] as const
const V5_LAYOUT = layout(PROTOCOL.netflow5, V4)
const V9_LAYOUTS = [layout(PROTOCOL.netflow9, V4), layout(PROTOCOL.netflow9, V6)]

function netflowRow(protocol: number, i: number, isIpv6: boolean): Record<string, CellValue> {
  const datagram = Math.floor(i / 22)
  const received = 1_767_225_600_123_456_789n + BigInt(datagram) * 1_000_123n
  const packets = 1 + random(random(10) < 6 ? 3 : 400)
  const host = () =>
    isIpv6 ? `2001:db8:${hex4()}::${hex4()}:${hex4()}` : `10.${random(256)}.${random(256)}.${random(256)}`
  return {
    exportProtocol: protocol,
    timeReceived: received,
    exportTime: received - 1_000_000n,
    exporterAddress: '192.0.2.1',
    sequenceNumber: 3_000_000 + datagram,
    samplingRate: 100,
    samplingSource: 5,
    flowStart: 1_767_225_500_000_000_000n + BigInt(random(100_000)) * 1_000_000n,
    flowEnd: 1_767_225_600_000_000_000n + BigInt(random(1000)) * 1_000_000n,
    octetDeltaCount: packets * (60 + random(1300)),
    packetDeltaCount: packets,
    sourceAddress: host(),
    destinationAddress: host(),
    nextHopAddress: isIpv6 ? '2001:db8::1' : '10.0.0.1',
    sourcePrefixLength: 24,
    destinationPrefixLength: 20,
    ingressInterface: 1 + random(64),
    egressInterface: 1 + random(64),
    sourceTransportPort: 1024 + random(64_000),
    destinationTransportPort: [443, 80, 53, 22][random(4)]!,
    protocolIdentifier: random(3) === 0 ? 17 : 6,
    ipClassOfService: 0,
    tcpControlBits: 27,
    bgpSourceAsNumber: 64_512 + random(8),
    bgpDestinationAsNumber: 1 + random(60_000),
    ...(protocol === PROTOCOL.netflow9 ? { observationDomainId: 1 } : {}),
  }
}

function sflowRow(i: number): Record<string, CellValue> {
  const received = 1_767_225_600_123_456_789n + BigInt(Math.floor(i / 7)) * 100_123n
  return {
    exportProtocol: PROTOCOL.sflow5,
    timeReceived: received,
    exportTime: received,
    exporterAddress: '192.0.2.1',
    agentAddress: '192.0.2.7',
    sequenceNumber: Math.floor(i / 7),
    samplingRate: 1024,
    samplingSource: 5,
    octetDeltaCount: 64 + random(1400),
    frameOctets: 1500,
    packetDeltaCount: 1,
    ingressInterfaceRaw: 3,
    egressInterfaceRaw: 4,
    ingressInterface: 3,
    egressInterface: 4,
    sourceMacAddress: `00:00:5e:00:53:${(16 + random(200)).toString(16)}`,
    destinationMacAddress: `00:00:5e:00:54:${(16 + random(200)).toString(16)}`,
    ethernetType: 0x0800,
    ipVersion: 4,
    sourceAddress: `10.${random(256)}.${random(256)}.${random(256)}`,
    destinationAddress: `198.18.${random(256)}.${random(256)}`,
    protocolIdentifier: 6,
    ipTTL: 62,
    ipClassOfService: 0,
    fragmentIdentification: random(65_536),
    fragmentOffset: 0,
    fragmentFlags: 0x40,
    sourceTransportPort: 1024 + random(64_000),
    destinationTransportPort: 443,
    tcpControlBits: 16,
    layerStack: [0, 1, 3],
    layerSize: [14, 20, 20],
  }
}

function batchOf(fill: (batch: FlowBatch, i: number) => void): FlowBatch {
  const batch = new FlowBatch()
  for (let i = 0; i < BATCH_ROWS; i++) fill(batch, i)
  return batch
}

const BATCHES: Record<string, FlowBatch> = {
  v5: batchOf((batch, i) => fillRow(batch, netflowRow(PROTOCOL.netflow5, i, false), V5_LAYOUT)),
  'v9, 15 % IPv6': batchOf((batch, i) => {
    const isIpv6 = Math.floor(i / 11) % 7 === 3
    fillRow(batch, netflowRow(PROTOCOL.netflow9, i, isIpv6), V9_LAYOUTS[isIpv6 ? 1 : 0])
  }),
  sFlow: batchOf((batch, i) => fillRow(batch, sflowRow(i))),
}

function mappingOf(fields: string, render: Record<string, string> = {}): Mapping {
  return {
    formatter: { fields: fields.split(' '), key: [], render, rename: {}, protobuf: [] },
    ipfix: [],
    netflowv9: [],
    sflowPorts: [],
    sflowMapping: [],
  }
}

const ELASTIC = mappingOf(
  'type time_flow_start_ns sampler_address sequence_num in_if out_if src_addr dst_addr etype proto src_port dst_port src_vlan dst_vlan sampling_rate bytes',
)
const STOCK = mappingOf(
  'type time_received_ns sequence_num sampling_rate sampler_address time_flow_start_ns time_flow_end_ns bytes packets src_addr src_net dst_addr dst_net etype proto src_port dst_port in_if out_if src_mac dst_mac icmp_name',
  { time_received_ns: 'datetimenano' },
)
const CASES: [string, Pick<LineSinkOptions, 'format' | 'mapping'>][] = [
  ['default JSON', { format: 'json', mapping: null }],
  ["Elastic's 16 fields", { format: 'json', mapping: ELASTIC }],
  ['stock mapping', { format: 'json', mapping: STOCK }],
  ['text', { format: 'text', mapping: null }],
  ['bin', { format: 'bin', mapping: null }],
]

for (const [format, options] of CASES) {
  let octets = 0
  const sink = newLineSink({
    ...options,
    compat: '2.2',
    separator: Uint8Array.of(10),
    write: (_, from, to) => {
      octets += to - from
    },
  })
  for (const [name, batch] of Object.entries(BATCHES)) {
    let best = Number.POSITIVE_INFINITY
    let perRound = 0
    for (let round = 0; round < 6; round++) {
      octets = 0
      const start = performance.now()
      for (let i = 0; i < 12; i++) sink.write(batch)
      best = Math.min(best, performance.now() - start)
      perRound = octets
    }
    const lines = 12 * BATCH_ROWS
    console.log(
      `${format.padEnd(20)} ${name.padEnd(14)} ${((best * 1e6) / lines).toFixed(0).padStart(5)} ns/line ` +
        `${(lines / best / 1000).toFixed(2).padStart(6)} M lines/s ${(perRound / best / 1000).toFixed(0).padStart(6)} MB/s ` +
        `${(perRound / lines).toFixed(0).padStart(5)} octets/line`,
    )
  }
}
