import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { RecordKind } from '../flow/batch.ts'
import { BatchWriter } from '../flow/batch-writer.ts'
import { NO_CAPTURES } from '../flow/captures.ts'
import type { Datagram } from '../flow/datagram.ts'
import { SAMPLING_SOURCE } from '../flow/fields.ts'
import { cells } from '../testing/cells.ts'
import {
  hex,
  ipv4,
  ipv6,
  join,
  mac,
  type Octets,
  received,
  text,
  u16,
  u32,
  u64,
  zeros,
} from '../testing/datagrams.ts'
import {
  counterSample,
  discardSample,
  expandedCounterSample,
  expandedFlowSample,
  flowSample,
  flowSample4,
  opaque,
  rawHeader,
  sflow4Datagram,
  sflow5Datagram,
  structure,
} from '../testing/sflow-datagrams.ts'
import { fieldOf } from './elements/registry.ts'
import { Issues } from './issues.ts'
import { fillOrigin, type Origin } from './origin.ts'
import { FrameReader } from './packet.ts'
import { SflowReader } from './sflow.ts'
import { SFLOW_SAMPLE_KINDS } from './sflow-context.ts'
import { COUNTER_STRUCTURES } from './sflow-counters.ts'
import { FLOW_STRUCTURES } from './sflow-extensions.ts'
import { structureFields } from './sflow-structures.ts'

type Row = Record<string, unknown>

/** A reader with a writer for each kind, whose rows are gathered. */
class Bench {
  readonly issues = new Issues()
  readonly rows: Record<RecordKind, Row[]> = { flow: [], options: [], counters: [], discard: [] }
  readonly reader: SflowReader
  readonly #writers: BatchWriter[] = []

  constructor(kinds: readonly RecordKind[] = ['flow', 'counters', 'discard']) {
    const writer = (kind: RecordKind) => {
      const made = new BatchWriter(kind, (full) => {
        for (let row = 0; row < full.rowCount; row++) this.rows[kind].push(cells(full, row))
        full.reset()
        return full
      })
      this.#writers.push(made)
      return made
    }
    const frames = new FrameReader(NO_CAPTURES, this.issues)
    this.reader = new SflowReader(frames, {
      flow: writer('flow'),
      ...(kinds.includes('counters') ? { counters: writer('counters') } : {}),
      ...(kinds.includes('discard') ? { discard: writer('discard') } : {}),
    })
  }

  decode(payload: Octets): number {
    const datagram = received(payload)
    const flows = this.reader.decode(datagram, newOrigin(datagram), { finish: fillOrigin }, this.issues)
    for (const writer of this.#writers) writer.flush()
    return flows
  }
}

function newOrigin(datagram: Datagram): Origin {
  return {
    protocol: 0,
    datagram,
    exportTime: new BigUint64Array(1),
    systemUptime: 0,
    sequenceNumber: 0,
    domain: 7,
    engineType: 1,
    engineId: 1,
    templateId: 300,
    layout: null,
    samplingRate: 0,
    samplingSource: 0,
  }
}

/** The one flow row that a sample's records give. */
function flowOf(...records: Octets[]): Row {
  const bench = new Bench()
  assert.is(bench.decode(sflow5Datagram({ samples: [flowSample({ records })] })), 1)
  assert.equal(bench.issues.entries(), [])
  return bench.rows.flow[0]!
}

function countersOf(...records: Octets[]): Row {
  const bench = new Bench()
  assert.is(bench.decode(sflow5Datagram({ samples: [counterSample({ records })] })), 0)
  assert.equal(bench.issues.entries(), [])
  return bench.rows.counters[0]!
}

const FRAME = hex(`005300000001 005300000002 0800 45000578 abab4000 4006aaaa 0a000001 0a000002
  01bbd5a2 00000001 00000002 50180200 00000000`)

test('a flow sample is one row: the frame, the sample and the datagram', () => {
  const bench = new Bench()
  const records = [rawHeader(FRAME, { frameLength: 1418, stripped: 4 })]
  const sample = flowSample({ sequence: 9, source: 0x01000003, rate: 512, pool: 77, drops: 2, records })
  assert.is(bench.decode(sflow5Datagram({ subAgent: 5, sequence: 1234, uptime: 99, samples: [sample] })), 1)
  const received = 1_700_000_000_000_000_000n
  assert.equal(bench.rows.flow[0], {
    packetDeltaCount: 1n,
    sourceId: 0x01000003,
    sampleSequenceNumber: 9,
    samplePool: 77,
    sampleDrops: 2,
    ingressInterfaceRaw: 3,
    ingressInterface: 3,
    egressInterfaceRaw: 4,
    egressInterface: 4,
    octetDeltaCount: 1418n,
    frameOctets: 1418,
    frameStrippedOctets: 4,
    sourceMacAddress: '00:53:00:00:00:02',
    destinationMacAddress: '00:53:00:00:00:01',
    ethernetType: 0x0800,
    ipVersion: 4,
    sourceAddress: '10.0.0.1',
    destinationAddress: '10.0.0.2',
    protocolIdentifier: 6,
    ipClassOfService: 0,
    ipTTL: 64,
    ipTotalLength: 1400n,
    fragmentIdentification: 0xabab,
    fragmentOffset: 0,
    fragmentFlags: 0x40,
    sourceTransportPort: 443,
    destinationTransportPort: 54690,
    tcpControlBits: 0x18,
    layerStack: [0, 1, 3],
    layerSize: [14, 20, 20],
    agentAddress: '192.0.2.9',
    subAgentId: 5,
    flowStart: received,
    flowEnd: received,
    exportProtocol: 205,
    timeReceived: received,
    exportTime: received,
    exporterAddress: '192.0.2.1',
    exporterPort: 50000,
    sequenceNumber: 1234,
    systemUptime: 99,
    samplingRate: 512,
    samplingSource: SAMPLING_SOURCE.header,
  })
  const { reader } = bench
  assert.is(reader.version, 5)
  assert.is(reader.subAgentId, 5)
  assert.is(reader.sequenceNumber, 1234)
  assert.is(reader.samples[SFLOW_SAMPLE_KINDS.indexOf('FlowSample')], 1)
  assert.is(reader.records[SFLOW_SAMPLE_KINDS.indexOf('FlowSample')], 1)
})

test('the rate is that of each sample, and an IPv6 agent is kept', () => {
  const bench = new Bench()
  const samples = [512, 512, 1024, 0].map((rate) => flowSample({ rate, records: [] }))
  assert.is(bench.decode(sflow5Datagram({ agent: ipv6('2001:db8::9'), samples })), 4)
  assert.equal(
    bench.rows.flow.map((row) => [row['samplingRate'], row['agentAddress'], row['packetDeltaCount']]),
    [
      [512, '2001:db8::9', 1n],
      [512, '2001:db8::9', 1n],
      [1024, '2001:db8::9', 1n],
      [undefined, '2001:db8::9', 1n],
    ],
  )
})

test('interface formats: internal and several become 0, a discard a forwarding status, raw values stay', () => {
  const bench = new Bench()
  const samples = [
    flowSample({ input: 0x3fffffff, output: 0x3fffffff, records: [] }),
    flowSample({ output: 0x40000001, records: [] }),
    flowSample({ output: 0x40000fff, records: [] }),
    flowSample({ output: 0x80000007, records: [] }),
    expandedFlowSample({ input: 0x4ca3d111, outputFormat: 1, output: 258, records: [] }),
    expandedFlowSample({
      sourceClass: 1,
      source: 0x12345678,
      inputFormat: 0,
      input: 0x3fffffff,
      records: [],
    }),
  ]
  assert.is(bench.decode(sflow5Datagram({ samples })), 6)
  const names = [
    'ingressInterfaceRaw',
    'ingressInterface',
    'egressInterfaceRaw',
    'egressInterface',
    'forwardingStatus',
  ]
  assert.equal(
    bench.rows.flow.map((row) => names.map((name) => row[name])),
    [
      [0x3fffffff, 0, 0x3fffffff, 0, undefined],
      [3, 3, 0x40000001, 0, 131],
      [3, 3, 0x40000fff, 0, 128],
      [3, 3, 0x80000007, 0, undefined],
      [0x4ca3d111, 0x4ca3d111, 258, 0, 130],
      [0x3fffffff, 0, 4, 4, undefined],
    ],
  )
  assert.is(bench.rows.flow[4]!['egressInterfaceFormat'], 1)
  assert.is(bench.rows.flow[5]!['sourceId'], 0x01345678)
  assert.is(bench.rows.flow[5]!['sourceIndex'], 0x12345678)
})

const IPV4 = join(
  u32(1344),
  u32(6),
  ipv4('10.0.0.3'),
  ipv4('10.0.0.4'),
  u32(80),
  u32(8080),
  u32(0x12),
  u32(8),
)

test('sampled IPv4, IPv6 and Ethernet records stand for the header', () => {
  const row = flowOf(
    structure(2, join(u32(1390), mac('005300000002'), u16(0), mac('005300000001'), u16(0), u32(0x800))),
    structure(3, IPV4),
  )
  assert.is(row['octetDeltaCount'], 1344n)
  assert.is(row['frameOctets'], 1390)
  assert.is(row['ipTotalLength'], 1344n)
  assert.is(row['sourceAddress'], '10.0.0.3')
  assert.is(row['destinationTransportPort'], 8080)
  assert.is(row['tcpControlBits'], 0x12)
  assert.is(row['ipClassOfService'], 8)
  assert.is(row['sourceMacAddress'], '00:53:00:00:00:02')
  assert.is(row['destinationMacAddress'], '00:53:00:00:00:01')
  const addresses = join(ipv6('2001:db8::1'), ipv6('2001:db8::2'))
  const six = flowOf(structure(4, join(u32(100), u32(17), addresses, u32(1), u32(2), u32(0), u32(3))))
  assert.is(six['destinationAddress'], '2001:db8::2')
  assert.is(six['ethernetType'], 0x86dd)
  assert.is(six['ipVersion'], 6)
  assert.is(six['tcpControlBits'], undefined)
})

test('switch and router records give VLANs, next hop and masks', () => {
  const row = flowOf(
    structure(1001, join(u32(30), u32(5), u32(0xffffffff), u32(0xffffffff))),
    structure(1002, join(u32(1), ipv4('192.0.2.7'), u32(24), u32(17))),
  )
  assert.is(row['vlanId'], 30)
  assert.is(row['ingressVlanPriority'], 5)
  assert.is(row['postVlanId'], undefined)
  assert.is(row['egressVlanPriority'], undefined)
  assert.is(row['nextHopAddress'], '192.0.2.7')
  assert.is(row['sourcePrefixLength'], 24)
  assert.is(row['destinationPrefixLength'], 17)
})

function gateway(parts: { source: number; segments: Octets; count: number }): Uint8Array {
  const head = join(u32(1), ipv4('192.0.2.8'), u32(65000), u32(parts.source), u32(64999))
  const communities = join(u32(2), u32(0xfde80001), u32(0xfde80002))
  return structure(1003, join(head, u32(parts.count), parts.segments, communities, u32(100)))
}

test('an AS path of several segments is kept whole; its ends are next hop and destination', () => {
  const segments = join(...[2, 2, 64501, 64502, 1, 3, 64510, 64511, 64512].map(u32))
  const row = flowOf(gateway({ source: 64777, segments, count: 2 }))
  assert.equal(row['asPath'], [64501, 64502, 64510, 64511, 64512])
  assert.equal(row['asPathSegments'], [0x02000002, 0x01000003])
  assert.equal(row['bgpCommunities'], [0xfde80001, 0xfde80002])
  assert.is(row['bgpSourceAsNumber'], 64777)
  assert.is(row['bgpDestinationAsNumber'], 64512)
  assert.is(row['bgpNextHopAsNumber'], 64501)
  assert.is(row['bgpPrevAdjacentAsNumber'], 64999)
  assert.is(row['localAsNumber'], 65000)
  assert.is(row['bgpLocalPreference'], 100)
  assert.is(row['bgpNextHopAddress'], '192.0.2.8')
})

test("without path or source AS the gateway's own AS stands for them", () => {
  const row = flowOf(gateway({ source: 0, segments: [], count: 0 }))
  assert.is(row['bgpSourceAsNumber'], 65000)
  assert.is(row['bgpDestinationAsNumber'], 65000)
  assert.is(row['bgpNextHopAsNumber'], undefined)
  assert.is(row['asPath'], undefined)
})

test('NAT, MPLS and text records have columns', () => {
  const row = flowOf(
    structure(1004, join(u32(106), opaque(text('ann')), u32(106), opaque(text('bert')))),
    structure(1005, join(u32(1), opaque(text('/index.html')), opaque(text('example.net')))),
    structure(
      1006,
      join(u32(1), ipv4('192.0.2.5'), u32(1), hex('000121ff'), u32(2), hex('0002203f 000331fe')),
    ),
    structure(1007, join(u32(1), ipv4('198.51.100.1'), u32(1), ipv4('198.51.100.2'))),
    structure(1020, join(u32(1025), u32(8443))),
    structure(1012, join(u32(2), u32(0x81000064), u32(0x88a80065))),
  )
  assert.is(row['sourceUser'], 'ann')
  assert.is(row['destinationUser'], 'bert')
  assert.is(row['url'], '/index.html')
  assert.is(row['urlHost'], 'example.net')
  assert.is(row['mplsNextHopAddress'], '192.0.2.5')
  assert.equal(row['mplsLabelStack'], [0x000121])
  assert.equal(row['mplsLabelTtl'], [0xff])
  assert.equal(row['mplsOutLabelStack'], [0x000220, 0x000331])
  assert.is(row['postNatSourceAddress'], '198.51.100.1')
  assert.is(row['postNatDestinationAddress'], '198.51.100.2')
  assert.is(row['postNAPTSourceTransportPort'], 1025)
  assert.is(row['postNAPTDestinationTransportPort'], 8443)
  assert.equal(row['vlanTunnelStack'], [0x81000064, 0x88a80065])
})

test('tunnel, drop and wireless records have columns', () => {
  const payload = join(hex('aaaa03000000 0800'), FRAME.slice(14))
  const row = flowOf(
    structure(1023, IPV4),
    structure(1030, u32(42)),
    structure(1036, u32(7)),
    structure(1037, join(u32(42), opaque(text('foo!')), u32(2))),
    structure(1038, opaque(text('tcp_drop'))),
    structure(1039, u32(500)),
    structure(
      1014,
      join(opaque(text('guest')), mac('020000000001'), u16(0), u32(4), u32(36), u64(867_000_000)),
    ),
    structure(1013, join(u32(0x000fac04), opaque(payload))),
  )
  assert.is(row['tunnelEgressSourceAddress'], '10.0.0.3')
  assert.is(row['tunnelEgressDestinationPort'], 8080)
  assert.is(row['ingressVni'], 42)
  assert.is(row['egressQueue'], 7)
  assert.is(row['aclName'], 'foo!')
  assert.is(row['aclDirection'], 2)
  assert.is(row['functionSymbol'], 'tcp_drop')
  assert.is(row['transitDelay'], 500)
  assert.is(row['wlanRxSsid'], 'guest')
  assert.is(row['wlanRxBssid'], '02:00:00:00:00:01')
  assert.is(row['wlanRxSpeed'], 867_000_000n)
  assert.is(row['wlanCipherSuite'], 0x000fac04)
  assert.is(row['sourceAddress'], '10.0.0.1')
})

test('counter samples are rows of their own kind, named as the structures', () => {
  const generic = join(u32(7), u32(6), u64(10_000_000_000), u32(1), u32(3), u64(2n ** 63n), zeros(24), u64(5))
  const row = countersOf(
    structure(1, join(generic, zeros(24))),
    structure(2, join(u32(1), u32(2), zeros(44))),
    structure(1001, join(u32(0xffffffff), u32(150), u32(250), u64(2n ** 34n), u64(2n ** 33n))),
    structure(
      7,
      join(mac('020000000001'), u16(0), mac('020000000002'), u16(0), u32(9), hex('01020304'), zeros(32)),
    ),
  )
  assert.is(row['ifIndex'], 7)
  assert.is(row['ifSpeed'], 10_000_000_000n)
  assert.is(row['ifInOctets'], 2n ** 63n)
  assert.is(row['ifOutOctets'], 5n)
  assert.is(row['dot3StatsFCSErrors'], 2)
  assert.is(row['processorCpu5s'], undefined)
  assert.is(row['processorCpu1m'], 150)
  assert.is(row['processorTotalMemory'], 2n ** 34n)
  assert.is(row['dot3adAggPortPartnerOperSystemID'], '02:00:00:00:00:02')
  assert.is(row['dot3adAggPortPartnerOperState'], 4)
  assert.is(row['sampleSequenceNumber'], 1)
  assert.is(row['agentAddress'], '192.0.2.9')
  assert.is(row['flowStart'], undefined)
  assert.is(row['samplingSource'], undefined)
})

test('host structures: text, floats, lists of MAC addresses, an older and shorter form', () => {
  const cpu = Buffer.alloc(68)
  cpu.writeFloatBE(1.5, 0)
  cpu.writeUInt32BE(99, 64)
  const adapter = (index: number, ...macs: string[]) =>
    join(u32(index), u32(macs.length), ...macs.map((address) => join(mac(address), u16(0))))
  const row = countersOf(
    structure(
      2000,
      join(
        opaque(text('leaf1')),
        hex('00112233445566778899aabbccddeeff'),
        u32(3),
        u32(2),
        opaque(text('6.1')),
      ),
    ),
    structure(2001, join(u32(2), adapter(1, '020000000001', '020000000002'), adapter(2, '020000000003'))),
    structure(2003, cpu),
    structure(
      10,
      join(
        u32(1),
        u32(4),
        u32(3300),
        u32(0xffffd8f0),
        u32(2),
        ...[1, 2].map((lane) => join(u32(lane), zeros(36))),
      ),
    ),
    structure(1003, join(u32(1), zeros(48))),
    structure(1003, join(u32(2), zeros(44), u32(6))),
  )
  assert.is(row['hostName'], 'leaf1')
  assert.is(row['hostUuid'], '00112233445566778899aabbccddeeff')
  assert.is(row['hostOsRelease'], '6.1')
  assert.equal(row['hostAdapterIfIndex'], [1, 2])
  assert.equal(row['hostAdapterMacs'], ['020000000001', '020000000002', '020000000003'])
  assert.is(row['hostCpuLoadOne'], 1.5)
  assert.is(row['hostCpuContexts'], 99)
  assert.is(row['hostCpuSteal'], undefined)
  assert.is(row['sfpModuleTemperature'], -10_000n)
  assert.equal(row['sfpLaneIndex'], [1, 2])
  assert.equal(row['queueIndex'], [1, 2])
  assert.equal(row['queueDropped'], [0, 6])
})

test('expanded counter samples keep their source; without a writer counters and discards are skipped', () => {
  const counters = expandedCounterSample({ sourceClass: 2, source: 5, records: [structure(1002, zeros(12))] })
  const payload = sflow5Datagram({ samples: [counters, discardSample({ records: [] })] })
  const bench = new Bench()
  bench.decode(payload)
  assert.is(bench.rows.counters[0]!['sourceId'], 0x02000005)
  assert.is(bench.rows.counters[0]!['radioElapsedTime'], 0)
  const bare = new Bench([])
  assert.is(bare.decode(payload), 0)
  assert.equal(bare.issues.entries(), [])
  assert.is(bare.reader.records[SFLOW_SAMPLE_KINDS.indexOf('ExpandedCounterSample')], 1)
})

test('discard notifications are rows of their own kind and never traffic', () => {
  const bench = new Bench()
  const records = [rawHeader(FRAME), structure(1036, u32(42))]
  const samples = [
    flowSample({ records: [] }),
    discardSample({ drops: 5, input: 9, output: 0, reason: 258, records }),
  ]
  assert.is(bench.decode(sflow5Datagram({ samples })), 1)
  assert.is(bench.rows.flow.length, 1)
  const row = bench.rows.discard[0]!
  assert.is(row['dropReason'], 258)
  assert.is(row['forwardingStatus'], 130)
  assert.is(row['sampleDrops'], 5)
  assert.is(row['ingressInterface'], 9)
  assert.is(row['egressQueue'], 42)
  assert.is(row['sourceAddress'], '10.0.0.1')
  assert.is(row['packetDeltaCount'], undefined)
  assert.is(row['samplingSource'], undefined)
})

test('what nobody knows is skipped by its length and counted; its neighbours are read', () => {
  const bench = new Bench()
  const samples = [
    structure((4300 << 12) | 1003, zeros(40)),
    flowSample({ records: [structure((9 << 12) | 1, zeros(12)), rawHeader(FRAME)] }),
    structure(77, []),
    counterSample({ records: [structure((99 << 12) | 1, zeros(4)), structure(1002, zeros(12))] }),
  ]
  assert.is(bench.decode(sflow5Datagram({ samples })), 1)
  assert.is(bench.rows.flow[0]!['sourceAddress'], '10.0.0.1')
  assert.is(bench.rows.counters[0]!['radioOnChannelTime'], 0)
  assert.equal(bench.issues.entries(), [
    ['unknownSample', 2],
    ['unknownSampleRecord', 2],
  ])
  assert.is(bench.reader.samples[SFLOW_SAMPLE_KINDS.indexOf('unknown')], 2)
})

test('a record that is too short costs only itself', () => {
  const bench = new Bench()
  const records = [
    structure(1003, u32(1)),
    structure(1001, zeros(8)),
    structure(3, zeros(31)),
    rawHeader(FRAME),
  ]
  assert.is(bench.decode(sflow5Datagram({ samples: [flowSample({ records })] })), 1)
  assert.is(bench.rows.flow[0]!['sourceAddress'], '10.0.0.1')
  assert.equal(bench.issues.entries(), [['badLength', 3]])
})

test('versions 2 and 4 are decoded: header, IPv4 and IPv6 packets with extended data', () => {
  for (const version of [2, 4] as const) {
    const bench = new Bench()
    const path =
      version === 2
        ? join(u32(2), u32(64501), u32(64502))
        : join(u32(1), u32(2), u32(2), u32(64501), u32(64502), u32(1), u32(0xfde80001), u32(100))
    const extended = [
      join(u32(1), u32(30), u32(0), u32(31), u32(0)),
      join(u32(2), u32(1), ipv4('192.0.2.7'), u32(24), u32(16)),
      join(u32(3), u32(65000), u32(64777), u32(64999), path),
      join(u32(4), opaque(text('ann')), opaque(text('bert'))),
      join(u32(5), u32(1), opaque(text('/a'))),
    ]
    const header = join(u32(1), u32(1), u32(1418), opaque(FRAME))
    const addresses = join(ipv6('2001:db8::1'), ipv6('2001:db8::2'))
    const packet6 = join(u32(3), u32(100), u32(17), addresses, u32(1), u32(2), u32(0), u32(0))
    const samples = [
      flowSample4({ packet: header, records: extended, rate: 256 }),
      flowSample4({ packet: join(u32(2), IPV4), records: [], output: 0x80000003 }),
      join(...[2, 1, 3, 30, 2].map(u32), u32(7), zeros(84), u32(11), zeros(48)),
      flowSample4({ packet: packet6, records: [] }),
      join(...[2, 1, 3, 30, 7].map(u32), u32(100), u64(12345), zeros(16)),
    ]
    assert.is(bench.decode(sflow4Datagram(version, { samples })), 3, `version ${version}`)
    assert.equal(bench.issues.entries(), [])
    const [first, second, third] = bench.rows.flow
    assert.is(first!['exportProtocol'], 200 + version)
    assert.is(first!['subAgentId'], undefined)
    assert.is(first!['samplingRate'], 256)
    assert.is(first!['octetDeltaCount'], 1418n)
    assert.is(first!['sourceTransportPort'], 443)
    assert.is(first!['vlanId'], 30)
    assert.is(first!['postVlanId'], 31)
    assert.is(first!['nextHopAddress'], '192.0.2.7')
    assert.equal(first!['asPath'], [64501, 64502])
    assert.is(first!['bgpDestinationAsNumber'], 64502)
    assert.is(first!['bgpLocalPreference'], version === 4 ? 100 : undefined)
    assert.is(first!['destinationUser'], 'bert')
    assert.is(first!['url'], '/a')
    assert.is(second!['octetDeltaCount'], 1344n)
    assert.is(second!['egressInterface'], 0)
    assert.is(second!['egressInterfaceRaw'], 0x80000003)
    assert.is(third!['sourceAddress'], '2001:db8::1')
    assert.is(bench.rows.counters[0]!['ifIndex'], 7)
    assert.is(bench.rows.counters[0]!['dot3StatsAlignmentErrors'], 11)
    assert.is(bench.rows.counters[1]!['vlanCountersOctets'], 12345n)
  }
})

test('version 4 ends at what it does not know, and the rows before it stand', () => {
  const bench = new Bench()
  const good = flowSample4({ packet: join(u32(2), IPV4), records: [] })
  assert.is(bench.decode(sflow4Datagram(4, { samples: [good, u32(9), good] })), 1)
  assert.is(bench.rows.flow.length, 1)
  assert.equal(bench.issues.entries(), [['unknownSample', 1]])
})

test('a foreign version and a stump are refused', () => {
  const bench = new Bench()
  assert.is(bench.decode(join(u32(3), zeros(40))), 0)
  assert.is(bench.decode(u32(5)), 0)
  assert.is(bench.decode(join(u32(5), u32(9), zeros(40))), 0)
  assert.is(bench.decode(join(u32(5), u32(1), zeros(10))), 0)
  assert.equal(bench.issues.entries(), [
    ['datagramTooShort', 3],
    ['unknownVersion', 1],
  ])
})

const RICH = [
  rawHeader(FRAME),
  structure(1001, zeros(16)),
  structure(1002, join(u32(2), ipv6('2001:db8::1'), u32(64), u32(64))),
  gateway({ source: 1, segments: join(...[2, 1, 64501].map(u32)), count: 1 }),
  structure(1006, join(u32(1), zeros(4), u32(1), zeros(4), u32(1), zeros(4))),
  structure(1037, join(u32(42), opaque(text('foo!')), u32(2))),
]

const HOSTILE = sflow5Datagram({
  samples: [
    flowSample({ records: RICH }),
    counterSample({ records: [structure(2001, join(u32(1), u32(1), u32(1), zeros(8)))] }),
    expandedFlowSample({ records: RICH }),
    discardSample({ records: RICH }),
  ],
})
const HOSTILE4 = sflow4Datagram(4, {
  samples: [
    flowSample4({ packet: join(u32(1), u32(1), u32(90), opaque(FRAME)), records: [join(u32(1), zeros(16))] }),
    flowSample4({
      packet: join(u32(2), IPV4),
      records: [join(u32(4), opaque(text('ann')), opaque(text('b')))],
    }),
  ],
})

test('a datagram cut at any octet gives no more rows than it has samples', () => {
  for (const whole of [HOSTILE, HOSTILE4]) {
    let most = 0
    for (let length = 0; length <= whole.length; length++) {
      const bench = new Bench()
      const flows = bench.decode(whole.subarray(0, length))
      assert.ok(flows >= most && flows <= 2, `${length}`)
      most = flows
      assert.is(bench.rows.flow.length, flows)
      assert.ok(bench.rows.counters.length <= 1 && bench.rows.discard.length <= 1)
    }
    assert.is(most, 2)
  }
})

test('any word of a datagram may be 0, 65535 or all ones', () => {
  for (const whole of [HOSTILE, HOSTILE4]) {
    const bench = new Bench()
    for (let at = 0; at + 4 <= whole.length; at += 4) {
      for (const value of [0, 1, 65535, 0x7fffffff, 0xffffffff]) {
        const broken = Uint8Array.from(whole)
        broken.set(u32(value), at)
        bench.rows.flow = []
        const flows = bench.decode(broken)
        assert.ok(flows <= 4, `${at} ${value}`)
        assert.is(bench.rows.flow.length, flows)
      }
    }
  }
})

test('counts larger than the payload cost no time', () => {
  const bench = new Bench()
  const count = 0xffffffff
  bench.decode(sflow5Datagram({ count, samples: [] }))
  bench.decode(sflow5Datagram({ samples: [flowSample({ count, records: [] })] }))
  bench.decode(
    sflow5Datagram({ samples: [counterSample({ count, records: [structure(2001, u32(count))] })] }),
  )
  bench.decode(sflow5Datagram({ samples: [flowSample({ records: [structure(1012, u32(count))] })] }))
  bench.decode(sflow4Datagram(4, { count, samples: [] }))
  assert.is(bench.issues.count('sampleTruncated'), 4)
  assert.is(bench.issues.count('badLength'), 2)
})

test('more samples than a batch has rows keep their facts', () => {
  const bench = new Bench()
  const samples = Array.from({ length: 1000 }, () => flowSample({ records: [] }))
  for (let i = 0; i < 6; i++)
    bench.reader.decode(...argumentsOf(sflow5Datagram({ sequence: i, samples }), bench))
  bench.decode(sflow5Datagram({ samples: [] }))
  assert.is(bench.rows.flow.length, 6000)
  for (let i = 0; i < 6000; i++) {
    const row = bench.rows.flow[i]!
    assert.is(row['sequenceNumber'], Math.floor(i / 1000))
    assert.is(row['agentAddress'], '192.0.2.9')
  }
})

function argumentsOf(payload: Octets, bench: Bench): Parameters<SflowReader['decode']> {
  const datagram = received(payload)
  return [datagram, newOrigin(datagram), { finish: fillOrigin }, bench.issues]
}

test('no column of a structure has the name of another with a different kind', () => {
  for (let element = 1; element < 600; element++) fieldOf(0, element)
  const names = [...structureFields(COUNTER_STRUCTURES), ...structureFields(FLOW_STRUCTURES)].map(
    ({ name }) => name,
  )
  assert.ok(names.length > 400)
  const shared = names.filter(
    (name, i) => names.indexOf(name) !== i && !/^(tunnel|socket|proxySocket)/.test(name),
  )
  assert.equal(shared, [])
})

test.run()
