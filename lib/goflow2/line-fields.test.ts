import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { defineField, PROTOCOL } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import { type CellValue, fillRow } from '../testing/fill-row.ts'
import { type LineSinkOptions, newLineSink } from './line-sink.ts'

type Values = Record<string, CellValue>

defineField('postOctetDeltaCount', 'u64', 'deltaCounter', 0, 23)
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
  [{ exportProtocol: PROTOCOL.packets }, { type: 'FLOWUNKNOWN' }],
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

test.run()
