import { test } from 'uvu'
import { hex, ipv4, ipv6, join, type Octets, u16, u32 } from '../lib/testing/datagrams.ts'
import { flowSample, opaque, rawHeader, sflow5Datagram, structure } from '../lib/testing/sflow-datagrams.ts'
import { type Difference, testDifferences } from './goflow2-compared.ts'

const differences: Record<string, Difference> = {}

// Sampled frames.

const MACS = hex('005300000001 005300000002')

function packet4(protocol: number, payload: Octets, options: Octets = []): Uint8Array {
  const head = [0x45 + join(options).length / 4, 0, ...u16(20 + join(options, payload).length)]
  return join(
    head,
    hex('00010000 40'),
    [protocol, 0, 0],
    ipv4('10.0.0.1'),
    ipv4('10.0.0.2'),
    options,
    payload,
  )
}

function packet6(next: number, payload: Octets): Uint8Array {
  return join(
    hex('60000000'),
    u16(join(payload).length),
    [next, 64],
    ipv6('2001:db8::1'),
    ipv6('2001:db8::2'),
    payload,
  )
}

const UDP = hex('0035 14e9 0008 0000')
const TCP = hex('d431 0050 00000001 00000002 5118 0200 0000 0000')

function sample(...records: readonly Octets[]): Octets {
  return sflow5Datagram({ samples: [flowSample({ records })] })
}

const frame = (etherType: number, payload: Octets): Octets =>
  sample(rawHeader(join(MACS, u16(etherType), payload)))

differences['ICMP type and code of sampled frames'] = {
  datagrams: [frame(0x0800, packet4(1, hex('0301 0000 00000000')))],
  weir: [{ icmp_type: 3, icmp_code: 1 }],
  goflow2: [{ icmp_type: 0, icmp_code: 0 }],
}
differences['VLANs of sampled frames'] = {
  datagrams: [frame(0x8100, join(u16(0x4005), u16(0x0800), packet4(17, UDP)))],
  weir: [{ src_vlan: 5, dst_vlan: 0, vlan_id: 5 }],
  goflow2: [{ src_vlan: 0, dst_vlan: 0, vlan_id: 0x4005 }],
}
differences['layer_size of TCP'] = {
  datagrams: [frame(0x0800, packet4(6, TCP))],
  weir: [{ layer_size: [14, 20, 20] }],
  goflow2: [{ layer_size: [14, 20, 24] }],
}
differences['TCP flags of sampled frames beyond eight bits'] = {
  datagrams: [frame(0x0800, packet4(6, TCP))],
  weir: [{ tcp_flags: 0x118 }],
  goflow2: [{ tcp_flags: 0x18 }],
}
differences['IPv4 options in sampled frames'] = {
  datagrams: [frame(0x0800, packet4(17, UDP, hex('01010101')))],
  weir: [{ src_port: 53, dst_port: 5353 }],
  goflow2: [{ src_port: 257, dst_port: 257 }],
}
differences['protocol after IPv6 extension headers'] = {
  datagrams: [frame(0x86dd, packet6(0, join(hex('1100 010400000000'), UDP)))],
  weir: [{ proto: 'UDP', src_port: 53 }],
  goflow2: [{ proto: 'HOPOPT', src_port: 0 }],
}
differences['headers that goflow2 does not know'] = {
  datagrams: [
    frame(0x88a8, join(u16(7), u16(0x0800), packet4(17, UDP))),
    frame(0x8864, join(hex('11000001'), u16(30), u16(0x0021), packet4(17, UDP))),
  ],
  weir: [
    { src_addr: '10.0.0.1', layer_stack: ['Ethernet', 'Dot1Q', 'IPv4', 'UDP'], src_vlan: 7 },
    { src_addr: '10.0.0.1', layer_stack: ['Ethernet', 'Custom', 'IPv4', 'UDP'], etype: 'IPv4' },
  ],
  goflow2: [
    { src_addr: '', layer_stack: ['Ethernet'], src_vlan: 0 },
    { src_addr: '', layer_stack: ['Ethernet'], etype: '' },
  ],
}
differences['Ethernet inside MPLS'] = {
  datagrams: [frame(0x8847, join(hex('00010140 00000000'), MACS, u16(0x0800), packet4(17, UDP)))],
  weir: [
    { src_addr: '10.0.0.1', layer_stack: ['Ethernet', 'MPLS', 'Ethernet', 'IPv4', 'UDP'], mpls_label: [16] },
  ],
  goflow2: [{ src_addr: '', layer_stack: ['Ethernet', 'MPLS'], mpls_label: [16] }],
}
differences['sampled headers that begin with IP (protocol 11, 12)'] = {
  datagrams: [sample(rawHeader(packet4(17, UDP), { protocol: 11 }))],
  weir: [{ src_addr: '10.0.0.1', proto: 'UDP', src_port: 53 }],
  goflow2: [{ src_addr: '', proto: 'HOPOPT', src_port: 0 }],
}
differences['TCP flags of sampled_ipv4'] = {
  datagrams: [
    sample(
      structure(
        3,
        join(u32(60), u32(6), ipv4('10.0.0.1'), ipv4('10.0.0.2'), u32(1), u32(2), u32(0x12), u32(0)),
      ),
    ),
  ],
  weir: [{ tcp_flags: 0x12, bytes: 60 }],
  goflow2: [{ tcp_flags: 0, bytes: 60 }],
}
differences['AS paths of several segments'] = {
  datagrams: [
    sample(
      structure(
        1003,
        join(
          ...[u32(1), ipv4('192.0.2.1'), u32(65_000), u32(0), u32(65_001), u32(2)],
          ...[u32(2), u32(2), u32(1), u32(2), u32(1), u32(1), u32(3)],
          ...[u32(0), u32(100)],
        ),
      ),
    ),
  ],
  weir: [{ as_path: [1, 2, 3], dst_as: 3, next_hop_as: 1 }],
  goflow2: [{ as_path: [1, 2], dst_as: 2, next_hop_as: 1 }],
}
differences['discarded packets of sFlow'] = {
  datagrams: [sflow5Datagram({ samples: [flowSample({ output: 0x40000102, records: [] })] })],
  weir: [{ forwarding_status: 130, out_if: 0x40000102 }],
  goflow2: [{ forwarding_status: 0, out_if: 0x40000102 }],
}
differences['samples and records that nobody knows'] = {
  datagrams: [
    sflow5Datagram({
      samples: [structure(77, u32(1)), flowSample({ records: [structure(999, opaque('01'))] })],
    }),
  ],
  weir: [{ type: 'SFLOW_5', packets: 1 }],
  goflow2: [],
}

testDifferences('sFlow and sampled frames', differences)

test.run()
