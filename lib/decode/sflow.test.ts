import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SAMPLING_SOURCE } from '../flow/fields.ts'
import { hex, ipv4, ipv6, join, mac, type Octets, text, u16, u32, u64, zeros } from '../testing/datagrams.ts'
import {
  counterSample,
  discardSample,
  expandedFlowSample,
  flowSample,
  opaque,
  rawHeader,
  sflow5Datagram,
  structure,
} from '../testing/sflow-datagrams.ts'
import { SFLOW_SAMPLE_KINDS } from './sflow-context.ts'
import { FRAME, gateway, IPV4, type Row, SflowBench } from './testing/sflow-bench.ts'

/** The one flow row that a sample's records give. */
function flowOf(...records: Octets[]): Row {
  const bench = new SflowBench()
  assert.is(bench.decode(sflow5Datagram({ samples: [flowSample({ records })] })), 1)
  assert.equal(bench.issues.entries(), [])
  return bench.rows.flow[0]!
}

test('a flow sample is one row: the frame, the sample and the datagram', () => {
  const bench = new SflowBench()
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
  const bench = new SflowBench()
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
  const bench = new SflowBench()
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

test('discard notifications are rows of their own kind and never traffic', () => {
  const bench = new SflowBench()
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
  const bench = new SflowBench()
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
  const bench = new SflowBench()
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

test('a foreign version and a stump are refused', () => {
  const bench = new SflowBench()
  assert.is(bench.decode(join(u32(3), zeros(40))), 0)
  assert.is(bench.decode(u32(5)), 0)
  assert.is(bench.decode(join(u32(5), u32(9), zeros(40))), 0)
  assert.is(bench.decode(join(u32(5), u32(1), zeros(10))), 0)
  assert.equal(bench.issues.entries(), [
    ['datagramTooShort', 3],
    ['unknownVersion', 1],
  ])
})

test.run()
