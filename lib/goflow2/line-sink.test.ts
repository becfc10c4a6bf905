import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BATCH_ROWS, FlowBatch } from '../flow/batch.ts'
import { defineField, F, type Field, PROTOCOL } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import { type CellValue, fillRow } from '../testing/fill-row.ts'
import { type LineSinkOptions, newLineSink } from './line-sink.ts'

type Values = Record<string, CellValue>

const POST_OCTETS = defineField('postOctetDeltaCount', 'u64', 'deltaCounter', 0, 23)
defineField('minimumTTL', 'u8', 'quantity', 0, 52)
defineField('postNAPTSourceTransportPort', 'u16', 'identifier', 0, 227)
defineField('postNAPTDestinationTransportPort', 'u16', 'identifier', 0, 228)

/** What the sink writes for a batch, and in how many calls. */
function printed(batch: FlowBatch, options: Partial<LineSinkOptions> = {}): string {
  const pieces: Buffer[] = []
  const sink = newLineSink({
    format: 'json',
    compat: '2.2',
    mapping: null,
    separator: Buffer.from('\n'),
    write: (octets, from, to) => {
      pieces.push(Buffer.from(octets.subarray(from, to)))
    },
    ...options,
  })
  sink.write(batch)
  assert.is(sink.lines, batch.rowCount)
  return Buffer.concat(pieces).toString()
}

function layout(protocol: number, ...fields: (readonly [element: number, field: Field])[]): Layout {
  return {
    protocol,
    scopeCount: 0,
    fields: fields.map(([element, field]) => ({ enterprise: 0, element, octets: 4, field })),
  }
}

/** The line of one row as an object; 64-bit numbers as text. */
function line(
  values: Values,
  shape: Layout | null = null,
  options: Partial<LineSinkOptions> = {},
): Record<string, unknown> {
  const batch = new FlowBatch()
  fillRow(batch, { exportProtocol: PROTOCOL.ipfix, ...values }, shape)
  return JSON.parse(printed(batch, options).replace(/:(\d{16,})/g, ':"$1"'))
}

const EMPTY =
  '{"type":"IPFIX","time_received_ns":0,"sequence_num":0,"sampling_rate":0,"sampler_address":"","time_flow_start_ns":0,' +
  '"time_flow_end_ns":0,"bytes":0,"packets":0,"src_addr":"","dst_addr":"","etype":"","proto":"HOPOPT","src_port":0,' +
  '"dst_port":0,"in_if":0,"out_if":0,"src_mac":"00:00:00:00:00:00","dst_mac":"00:00:00:00:00:00","src_vlan":0,' +
  '"dst_vlan":0,"vlan_id":0,"ip_tos":0,"forwarding_status":0,"ip_ttl":0,"ip_flags":0,"tcp_flags":0,"icmp_type":0,' +
  '"icmp_code":0,"ipv6_flow_label":0,"fragment_id":0,"fragment_offset":0,"src_as":0,"dst_as":0,"next_hop":"",' +
  '"next_hop_as":0,"src_net":"invalid Prefix","dst_net":"invalid Prefix","bgp_next_hop":"","bgp_communities":[],' +
  '"as_path":[],"mpls_ttl":[],"mpls_label":[],"mpls_ip":[],"observation_domain_id":0,"observation_point_id":0'
const EMPTY_TAIL =
  ',"layer_stack":[],"layer_size":[],"ipv6_routing_header_addresses":[],"ipv6_routing_header_seg_left":0'

test('a row without values prints every field of goflow2 2.2, in its order', () => {
  const batch = new FlowBatch()
  fillRow(batch, { exportProtocol: PROTOCOL.ipfix })
  assert.is(printed(batch), `${EMPTY}${EMPTY_TAIL}}\n`)
})

test('goflow2 2.1 had four fields less, five protocol names, and addresses of labels in hexadecimal', () => {
  const batch = new FlowBatch()
  fillRow(batch, { exportProtocol: PROTOCOL.ipfix })
  assert.is(printed(batch, { compat: '2.1' }), `${EMPTY.replace('HOPOPT', '')}}\n`)
  const values = {
    protocolIdentifier: 58,
    mplsTopLabelAddress: '10.0.0.255',
    postNatSourceAddress: '10.0.0.1',
  }
  const old = line(values, null, { compat: '2.1' })
  assert.is(old['proto'], 'ICMPv6')
  assert.equal(old['mpls_ip'], ['0a0000ff'])
  assert.not.ok('src_addr_nat' in old)
  assert.equal(line({ mplsTopLabelAddress: '2001:db8::1' }, null, { compat: '2.1' })['mpls_ip'], [
    '20010db8000000000000000000000001',
  ])
})

/** Columns and the fields that they print. */
const CASES: readonly (readonly [Values, Record<string, unknown>])[] = [
  [{ exportProtocol: PROTOCOL.netflow9 }, { type: 'NETFLOW_V9' }],
  [{ exportProtocol: PROTOCOL.netflow5 }, { type: 'NETFLOW_V5' }],
  [{ exportProtocol: PROTOCOL.netflow8 }, { type: 'NETFLOW_V5' }],
  [{ exportProtocol: PROTOCOL.sflow4 }, { type: 'SFLOW_5', packets: 1 }],
  [{ exportProtocol: 0 }, { type: 'FLOWUNKNOWN' }],
  [{ timeReceived: 1_680_655_485_099_595_001n }, { time_received_ns: '1680655485099595001' }],
  [{ sequenceNumber: 4_294_967_295 }, { sequence_num: 4_294_967_295 }],
  [{ samplingRate: 2000 }, { sampling_rate: 2000 }],
  [{ exporterAddress: '192.0.2.1', agentAddress: '192.0.2.2' }, { sampler_address: '192.0.2.1' }],
  [{ exporterAddress: '2001:db8::7' }, { sampler_address: '2001:db8::7' }],
  [
    { flowStart: 1_700_000_000_000_000_001n, flowEnd: 1_700_000_000_000_000_002n, exportTime: 3 },
    { time_flow_start_ns: '1700000000000000001', time_flow_end_ns: '1700000000000000002' },
  ],
  [
    { exportTime: 1_700_000_000_000_000_000n },
    { time_flow_start_ns: '1700000000000000000', time_flow_end_ns: '1700000000000000000' },
  ],
  [
    { octetDeltaCount: 2n ** 64n - 1n, packetDeltaCount: 10_000 },
    { bytes: '18446744073709551615', packets: 10_000 },
  ],
  [{ postOctetDeltaCount: 77 }, { bytes: 77 }],
  [{ sourceAddress: '10.0.0.1' }, { src_addr: '10.0.0.1', etype: 'IPv4' }],
  [{ destinationAddress: '2001:db8::1' }, { dst_addr: '2001:db8::1', etype: 'IPv6' }],
  [{ ipVersion: 6 }, { etype: 'IPv6' }],
  [{ ethernetType: 0x0806 }, { etype: 'ARP' }],
  [
    { ethernetType: 0x8847, sourceAddress: '10.0.0.1' },
    { etype: 'IPv4', src_addr: '10.0.0.1' },
  ],
  [{ protocolIdentifier: 6 }, { proto: 'TCP' }],
  [{ protocolIdentifier: 124 }, { proto: 'ISIS over IPv4' }],
  [{ protocolIdentifier: 255 }, { proto: 'reserved' }],
  [
    { sourceTransportPort: 65_535, destinationTransportPort: 443 },
    { src_port: 65_535, dst_port: 443 },
  ],
  [
    { ingressInterface: 4_294_967_295, egressInterface: 9 },
    { in_if: 4_294_967_295, out_if: 9 },
  ],
  [{ sourceMacAddress: '00:1b:54:ff:00:09' }, { src_mac: '00:1b:54:ff:00:09' }],
  [{ postDestinationMacAddress: 'fe:1b:54:ff:00:09' }, { dst_mac: 'fe:1b:54:ff:00:09' }],
  [
    { vlanId: 10, postVlanId: 20, dot1qVlanId: 30 },
    { src_vlan: 10, dst_vlan: 20, vlan_id: 10 },
  ],
  [
    { dot1qVlanId: 30, postDot1qVlanId: 40 },
    { src_vlan: 30, dst_vlan: 40, vlan_id: 0 },
  ],
  [
    { dot1qTci: 0x6005, dot1qVlanId: 5 },
    { src_vlan: 5, vlan_id: 5 },
  ],
  [
    { ipClassOfService: 184, forwardingStatus: 64 },
    { ip_tos: 184, forwarding_status: 64 },
  ],
  [{ minimumTTL: 60 }, { ip_ttl: 60 }],
  [{ minimumTTL: 60, ipTTL: 61 }, { ip_ttl: 60 }],
  [{ ipTTL: 61 }, { ip_ttl: 61 }],
  [
    { fragmentFlags: 0x40, tcpControlBits: 0x1ff },
    { ip_flags: 2, tcp_flags: 0x1ff },
  ],
  [{ icmpTypeCode: 0x0301 }, { icmp_type: 3, icmp_code: 1 }],
  [{ flowLabelIPv6: 0xfffff }, { ipv6_flow_label: 0xfffff }],
  [
    { fragmentIdentification: 2 ** 32 - 1, fragmentOffset: 8191 },
    { fragment_id: 2 ** 32 - 1, fragment_offset: 8191 },
  ],
  [
    { bgpSourceAsNumber: 4_200_000_000, bgpDestinationAsNumber: 1 },
    { src_as: 4_200_000_000, dst_as: 1 },
  ],
  [
    { nextHopAddress: '0.0.0.0', bgpNextHopAsNumber: 5 },
    { next_hop: '0.0.0.0', next_hop_as: 5 },
  ],
  [{ bgpNextHopAddress: 'fe80::1' }, { bgp_next_hop: 'fe80::1' }],
  [
    { bgpCommunities: [1, 4_294_967_295], asPath: [65_000, 1, 2] },
    { bgp_communities: [1, 4_294_967_295], as_path: [65_000, 1, 2] },
  ],
  [
    { mplsLabelStack: [0x186a01, 0x10], mplsLabelTtl: [64, 0] },
    { mpls_label: [100_000, 1], mpls_ttl: [64, 0] },
  ],
  [{ mplsTopLabelAddress: '10.0.0.1' }, { mpls_ip: ['10.0.0.1'] }],
  [
    { observationDomainId: 7, observationPointId: 2n ** 40n },
    { observation_domain_id: 7, observation_point_id: 2 ** 40 },
  ],
  [
    { layerStack: [0, 6, 2, 10, 4, 41, 12, 13, 9], layerSize: [14, 4, 40] },
    {
      layer_stack: [
        'Ethernet',
        'Dot1Q',
        'IPv6',
        'IPv6HeaderRouting',
        'UDP',
        'Custom',
        'Geneve',
        'Teredo',
        'GRE',
      ],
      layer_size: [14, 4, 40],
    },
  ],
  [
    { ipv6RoutingAddresses: ['2001:db8::1', '::'], ipv6RoutingSegmentsLeft: 1 },
    { ipv6_routing_header_addresses: ['2001:db8::1', '::'], ipv6_routing_header_seg_left: 1 },
  ],
  [
    { postNatSourceAddress: '10.0.0.1', postNAPTDestinationTransportPort: 80 },
    { src_addr_nat: '10.0.0.1', dst_port_nat: 80, dst_addr_nat: undefined, src_port_nat: undefined },
  ],
]

for (const [values, expected] of CASES) {
  test(`${Object.keys(values).join(', ')} gives ${Object.keys(expected).join(', ')}`, () => {
    const shown = line(values)
    for (const [key, value] of Object.entries(expected)) assert.equal(shown[key], value, key)
    // Nothing else is touched.
    const untouched = line({})
    for (const key of Object.keys(shown)) {
      if (!(key in expected) && key !== 'src_net' && key !== 'dst_net' && key !== 'etype') {
        assert.equal(shown[key], untouched[key], key)
      }
    }
  })
}

test('sFlow has its agent, its interfaces as sent, one packet, and times of receipt', () => {
  const shown = line({
    exportProtocol: PROTOCOL.sflow5,
    timeReceived: 1_700_000_000_000_000_000n,
    exportTime: 5,
    exporterAddress: '192.0.2.1',
    agentAddress: '192.0.2.9',
    ingressInterface: 0,
    ingressInterfaceRaw: 0x3fffffff,
    egressInterface: 0,
    egressInterfaceRaw: 0x80000003,
    octetDeltaCount: 1518,
    ethernetType: 0x8100,
    sourceAddress: '10.0.0.1',
    vlanId: 12,
  })
  assert.is(shown['sampler_address'], '192.0.2.9')
  assert.is(shown['in_if'], 1_073_741_823)
  assert.is(shown['out_if'], 2_147_483_651)
  assert.is(shown['packets'], 1)
  assert.is(shown['time_flow_start_ns'], '1700000000000000000')
  assert.is(shown['bytes'], 1518)
  assert.is(shown['etype'], '')
  assert.is(shown['src_vlan'], 12)
  assert.is(shown['vlan_id'], 0)
})

test('networks are the address masked, and invalid without address or beyond its length', () => {
  const net = (address: string | undefined, bits: number): unknown =>
    line({ ...(address === undefined ? {} : { sourceAddress: address }), sourcePrefixLength: bits })[
      'src_net'
    ]
  assert.is(net('10.1.2.3', 24), '10.1.2.0/24')
  assert.is(net('10.1.2.3', 0), '0.0.0.0/0')
  assert.is(net('10.1.2.3', 32), '10.1.2.3/32')
  assert.is(net('255.255.255.255', 1), '128.0.0.0/1')
  assert.is(net('10.1.2.3', 33), 'invalid Prefix')
  assert.is(net('2001:db8:ffff:ffff:ffff::1', 0), '::/0')
  assert.is(net('2001:db8:ffff:ffff:ffff::1', 33), '2001:db8:8000::/33')
  assert.is(net('2001:db8:ffff:ffff:ffff::1', 64), '2001:db8:ffff:ffff::/64')
  assert.is(net('2001:db8:ffff:ffff:ffff::1', 128), '2001:db8:ffff:ffff:ffff::1/128')
  assert.is(net('2001:db8::1', 129), 'invalid Prefix')
  assert.is(net(undefined, 24), 'invalid Prefix')
})

test('of two elements for one field the last in the record counts', () => {
  const both = { octetDeltaCount: 10, postOctetDeltaCount: 0 }
  const inOrder = layout(PROTOCOL.ipfix, [1, F.octetDeltaCount], [23, POST_OCTETS])
  const reverse = layout(PROTOCOL.ipfix, [23, POST_OCTETS], [1, F.octetDeltaCount])
  assert.is(line(both, inOrder)['bytes'], 0)
  assert.is(line(both, reverse)['bytes'], 10)
  const macs = { sourceMacAddress: '00:00:00:00:00:01', postSourceMacAddress: '00:00:00:00:00:02' }
  const sent = layout(PROTOCOL.ipfix, [81, F.postSourceMacAddress], [56, F.sourceMacAddress])
  assert.is(line(macs, sent)['src_mac'], '00:00:00:00:00:01')
})

test('an address that was sent as 16 octets prints as IPv6, also a mapped one', () => {
  const ipv6 = layout(PROTOCOL.ipfix, [27, F.sourceAddress], [29, F.sourcePrefixLength])
  const mapped = line({ sourceAddress: '::ffff:1.2.3.4', sourcePrefixLength: 120 }, ipv6)
  assert.is(mapped['src_addr'], '::ffff:1.2.3.4')
  assert.is(mapped['src_net'], '::ffff:1.2.3.0/120')
  assert.is(mapped['etype'], 'IPv6')
  const dual = layout(
    PROTOCOL.ipfix,
    [8, F.sourceAddress],
    [27, F.sourceAddress],
    [62, F.nextHopAddress],
    [15, F.nextHopAddress],
  )
  const zero = line({ sourceAddress: '::', nextHopAddress: '::' }, dual)
  assert.is(zero['src_addr'], '0.0.0.0', 'the first of the source addresses')
  assert.is(zero['src_net'], '0.0.0.0/0')
  assert.is(zero['next_hop'], '0.0.0.0', 'the last of the next hops')
})

test('ipVersion and addresses agree on the EtherType, the last in the record wins', () => {
  const values = { sourceAddress: '10.0.0.1', ipVersion: 6 }
  assert.is(line(values, layout(PROTOCOL.ipfix, [8, F.sourceAddress], [60, F.ipVersion]))['etype'], 'IPv6')
  assert.is(line(values, layout(PROTOCOL.ipfix, [60, F.ipVersion], [8, F.sourceAddress]))['etype'], 'IPv4')
})

test('labels that the record left empty are kept where goflow2 looks, and left out beyond', () => {
  const filled = layout(PROTOCOL.ipfix, [70, F.mplsLabelStack])
  const shown = (labels: number[]): unknown => line({ mplsLabelStack: labels }, filled)['mpls_label']
  assert.equal(shown([0x10, 0, 0, 0, 0]), [1, 0, 0])
  assert.equal(shown([0x10, 0]), [1, 0])
  assert.equal(shown([0x10, 0, 0, 0x20, 0]), [1, 0, 0, 2])
})

test('rows of several protocols and templates in one batch keep their own shape', () => {
  const batch = new FlowBatch()
  const v4 = layout(PROTOCOL.netflow9, [8, F.sourceAddress])
  const v6 = layout(PROTOCOL.netflow9, [27, F.sourceAddress])
  const expected: string[] = []
  for (let i = 0; i < 300; i++) {
    const kind = (i >> 2) % 4
    if (kind === 0) fillRow(batch, { exportProtocol: 9, sourceAddress: '10.0.0.1' }, v4)
    if (kind === 1) fillRow(batch, { exportProtocol: 9, sourceAddress: '2001:db8::1' }, v6)
    if (kind === 2) fillRow(batch, { exportProtocol: 205, vlanId: i + 1 })
    if (kind === 3) fillRow(batch, { exportProtocol: 9 }, v4)
    expected.push(
      ['NETFLOW_V9 10.0.0.1 0', 'NETFLOW_V9 2001:db8::1 0', `SFLOW_5  ${i + 1}`, 'NETFLOW_V9  0'][kind]!,
    )
  }
  const lines = printed(batch).trimEnd().split('\n')
  assert.equal(
    lines.map((text) => {
      const { type, src_addr, src_vlan } = JSON.parse(text)
      return `${type} ${src_addr} ${src_vlan}`
    }),
    expected,
  )
})

test('a batch used again prints what is in it now', () => {
  const batch = new FlowBatch()
  fillRow(batch, { exportProtocol: 205, sourceMacAddress: '00:00:00:00:00:01', asPath: [1, 2] })
  const pieces: string[] = []
  const sink = newLineSink({
    format: 'json',
    compat: '2.2',
    mapping: null,
    separator: Buffer.from('\n'),
    write: (octets, from, to) => void pieces.push(Buffer.from(octets.subarray(from, to)).toString()),
  })
  sink.write(batch)
  batch.reset()
  fillRow(batch, { exportProtocol: 205, asPath: [3] })
  sink.write(batch)
  batch.trim()
  fillRow(batch, { exportProtocol: 205, vlanId: 3 })
  sink.write(batch)
  const paths = pieces
    .map((text) => JSON.parse(text))
    .map((flow) => [flow.src_mac, flow.as_path, flow.src_vlan])
  assert.equal(paths, [
    ['00:00:00:00:00:01', [1, 2], 0],
    ['00:00:00:00:00:00', [3], 0],
    ['00:00:00:00:00:00', [], 3],
  ])
  assert.is(sink.lines, 3)
})

test('lines are passed on whole, in pieces of about a mebibyte', () => {
  const batch = new FlowBatch()
  for (let i = 0; i < BATCH_ROWS; i++) {
    fillRow(batch, { exportProtocol: 9, sourceTransportPort: i })
  }
  const pieces: string[] = []
  printed(batch, {
    write: (octets, from, to) => void pieces.push(Buffer.from(octets.subarray(from, to)).toString()),
  })
  assert.ok(pieces.length > 2)
  for (const piece of pieces) {
    assert.ok(piece.length <= (1 << 20) + 2048)
    assert.ok(piece.startsWith('{') && piece.endsWith('}\n'))
  }
  const ports = pieces
    .join('')
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text).src_port)
  assert.equal(
    ports,
    Array.from({ length: BATCH_ROWS }, (_, i) => i),
  )
})

test('a list longer than the buffer still prints whole', () => {
  const batch = new FlowBatch()
  const path = Array.from({ length: 150_000 }, (_, i) => 4_000_000_000 + i)
  fillRow(batch, { exportProtocol: 205 })
  fillRow(batch, { exportProtocol: 205, asPath: path })
  fillRow(batch, { exportProtocol: 205, asPath: [1] })
  const lines = printed(batch)
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text).as_path)
  assert.equal(lines, [[], path, [1]])
})

test('any separator follows each line, also none', () => {
  const batch = new FlowBatch()
  fillRow(batch, { exportProtocol: 9 })
  fillRow(batch, { exportProtocol: 9 })
  assert.is(printed(batch, { separator: new Uint8Array(0) }).match(/\}\{/g)?.length, 1)
  const raw: Buffer[] = []
  const separator = Uint8Array.of(0xff, 0xf7, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0)
  printed(batch, {
    separator,
    write: (octets, from, to) => void raw.push(Buffer.from(octets.subarray(from, to))),
  })
  assert.ok(Buffer.concat(raw).subarray(-9).equals(separator))
})

test('text has the same fields without quotes, one blank between', () => {
  const batch = new FlowBatch()
  fillRow(batch, { exportProtocol: 9, sourceAddress: '10.0.0.1', asPath: [1, 2], layerStack: [0, 1] })
  const text = printed(batch, { format: 'text' })
  assert.ok(
    text.startsWith('type=NETFLOW_V9 time_received_ns=0 sequence_num=0 sampling_rate=0 sampler_address= '),
  )
  assert.ok(text.includes(' src_addr=10.0.0.1 dst_addr= etype=IPv4 proto=HOPOPT '))
  assert.ok(text.includes(' as_path=[1,2] '))
  assert.ok(
    text.endsWith(
      ' layer_stack=[Ethernet,IPv4] layer_size=[] ipv6_routing_header_addresses=[] ipv6_routing_header_seg_left=0\n',
    ),
  )
})

test('batches of other kinds print nothing', () => {
  const batch = new FlowBatch()
  batch.kind = 'options'
  fillRow(batch, { exportProtocol: 9 })
  let calls = 0
  const sink = newLineSink({
    format: 'json',
    compat: '2.2',
    mapping: null,
    separator: Buffer.from('\n'),
    write: () => {
      calls++
    },
  })
  sink.write(batch)
  assert.is(calls, 0)
  assert.is(sink.lines, 0)
})

test('thousands of templates are printed right, their programs being compiled anew', () => {
  const pieces: string[] = []
  const sink = newLineSink({
    format: 'json',
    compat: '2.2',
    mapping: null,
    separator: Buffer.from('\n'),
    write: (octets, from, to) => void pieces.push(Buffer.from(octets.subarray(from, to)).toString()),
  })
  const batch = new FlowBatch()
  for (let i = 0; i < 5000; i++) {
    if (batch.room === 0) {
      sink.write(batch)
      batch.reset()
    }
    fillRow(
      batch,
      { exportProtocol: 9, destinationTransportPort: i },
      layout(9, [11, F.destinationTransportPort]),
    )
  }
  sink.write(batch)
  const ports = pieces
    .join('')
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text).dst_port)
  assert.equal(
    ports,
    Array.from({ length: 5000 }, (_, i) => i),
  )
})

test.run()
