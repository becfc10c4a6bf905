import { test } from 'uvu'
import {
  hex,
  ipfixMessage,
  ipv4,
  ipv6,
  join,
  netflow5Datagram,
  netflow9Datagram,
  type Octets,
  optionsTemplateSet,
  type Specifier,
  set,
  templateSet,
  text,
  u8,
  u16,
  u32,
  u64,
  variable,
  zeros,
} from '../lib/testing/datagrams.ts'
import { type Difference, testDifferences } from './goflow2-compared.ts'

const differences: Record<string, Difference> = {}

// Datagrams of one template and its records.

type Value = readonly [element: number, value: Octets, enterprise?: number]

function specifiersOf(values: readonly Value[]): Specifier[] {
  return values.map(([element, value, enterprise]) => {
    const { length } = join(value)
    return enterprise === undefined ? [element, length] : [element, length, enterprise]
  })
}

function netflow9(
  values: readonly Value[],
  more: Parameters<typeof netflow9Datagram>[0] = { sets: [] },
): Octets {
  const record = join(...values.map(([, value]) => value))
  return netflow9Datagram({
    sets: [templateSet(9, [[256, specifiersOf(values)]]), ...more.sets, set(256, record)],
    ...(more.uptime === undefined ? {} : { uptime: more.uptime }),
  })
}

function ipfix(...values: readonly Value[]): Octets {
  const record = join(...values.map(([, value]) => value))
  return ipfixMessage({ sets: [templateSet(10, [[256, specifiersOf(values)]]), set(256, record)] })
}

/** An options record of the given elements, scoped to the exporting process. */
function ipfixOptions(id: number, ...values: readonly Value[]): Octets {
  const record = join(u32(1), ...values.map(([, value]) => value))
  return ipfixMessage({
    sets: [optionsTemplateSet(10, id, [[144, 4]], specifiersOf(values)), set(id, record)],
  })
}

// Sampling

differences['rate inside the record (element 34)'] = {
  datagrams: [
    netflow9([
      [8, ipv4('10.0.0.1')],
      [34, u32(2048)],
    ]),
  ],
  weir: [{ sampling_rate: 2048 }],
  goflow2: [{ sampling_rate: 0 }],
}
differences['several samplers of one exporter'] = {
  datagrams: [
    ipfixOptions(300, [302, u32(1)], [50, u32(4000)]),
    ipfixOptions(301, [302, u32(2)], [50, u32(2000)]),
    ipfix([302, u32(1)], [1, u32(1)]),
    ipfix([302, u32(2)], [1, u32(1)]),
  ],
  weir: [{ sampling_rate: 4000 }, { sampling_rate: 2000 }],
  goflow2: [{ sampling_rate: 2000 }, { sampling_rate: 2000 }],
}
differences['sampling interval and space (305, 306)'] = {
  datagrams: [ipfixOptions(300, [305, u32(1)], [306, u32(999)]), ipfix([1, u32(1)])],
  weir: [{ sampling_rate: 1000 }],
  goflow2: [{ sampling_rate: 1 }],
}
differences['rate in an options record that is not 4 octets wide'] = {
  datagrams: [ipfixOptions(300, [34, u16(512)]), ipfix([1, u32(1)])],
  weir: [{ sampling_rate: 512 }],
  goflow2: [{ sampling_rate: 0 }],
}

// NetFlow and IPFIX

differences['ICMP type and code in the destination port'] = {
  datagrams: [
    netflow9([
      [4, u8(1)],
      [7, u16(0)],
      [11, u16(0x0301)],
    ]),
  ],
  weir: [{ icmp_type: 3, icmp_code: 1, dst_port: 0x301 }],
  goflow2: [{ icmp_type: 0, icmp_code: 0, dst_port: 0x301 }],
}
differences['802.1Q VLANs (243, 254)'] = {
  datagrams: [ipfix([243, u16(12)], [254, u16(34)])],
  weir: [{ src_vlan: 12, dst_vlan: 34, vlan_id: 0 }],
  goflow2: [{ src_vlan: 0, dst_vlan: 0, vlan_id: 0 }],
}
differences['physical interfaces (252, 253)'] = {
  datagrams: [ipfix([10, u32(0)], [252, u32(7)], [253, u32(8)]), ipfix([10, u32(5)], [252, u32(7)])],
  weir: [
    { in_if: 7, out_if: 8 },
    { in_if: 5, out_if: 0 },
  ],
  goflow2: [
    { in_if: 0, out_if: 0 },
    { in_if: 5, out_if: 0 },
  ],
}
differences['bidirectional flows (RFC 5103)'] = {
  datagrams: [
    ipfix(
      [8, ipv4('10.0.0.1')],
      [12, ipv4('10.0.0.2')],
      [7, u16(1)],
      [11, u16(2)],
      [1, u32(100)],
      [1, u32(50), 29305],
    ),
  ],
  weir: [
    { src_addr: '10.0.0.1', dst_addr: '10.0.0.2', src_port: 1, dst_port: 2, bytes: 100 },
    { src_addr: '10.0.0.2', dst_addr: '10.0.0.1', src_port: 2, dst_port: 1, bytes: 50 },
  ],
  goflow2: [{ src_addr: '10.0.0.1', dst_addr: '10.0.0.2', src_port: 1, dst_port: 2, bytes: 100 }],
}
differences['NAT addresses and ports'] = {
  datagrams: [ipfix([8, ipv4('10.0.0.1')], [225, ipv4('192.0.2.5')], [228, u16(443)])],
  weir: [{ src_addr: '10.0.0.1', src_addr_nat: '192.0.2.5', dst_addr_nat: undefined, dst_port_nat: 443 }],
  goflow2: [
    { src_addr: '10.0.0.1', src_addr_nat: undefined, dst_addr_nat: undefined, dst_port_nat: undefined },
  ],
}
differences['MPLS labels after the third (73 to 79)'] = {
  datagrams: [
    ipfix(
      [70, hex('000010')],
      [71, hex('000000')],
      [72, hex('000020')],
      [73, hex('000031')],
      [74, hex('000000')],
    ),
  ],
  weir: [{ mpls_label: [1, 0, 2, 3] }],
  goflow2: [{ mpls_label: [1, 0, 2] }],
}
differences['TTL (192)'] = {
  datagrams: [ipfix([192, u8(61)]), ipfix([52, u8(60)], [192, u8(61)])],
  weir: [{ ip_ttl: 61 }, { ip_ttl: 60 }],
  goflow2: [{ ip_ttl: 0 }, { ip_ttl: 60 }],
}
differences['EtherType (256)'] = {
  datagrams: [ipfix([256, u16(0x0806)])],
  weir: [{ etype: 'ARP' }],
  goflow2: [{ etype: '' }],
}
differences['absolute times in NetFlow v9 (150 to 157)'] = {
  datagrams: [
    netflow9([
      [152, u64(1_699_999_999_001)],
      [153, u64(1_699_999_999_002)],
    ]),
  ],
  weir: [{ time_flow_start_ns: '1699999999001000000', time_flow_end_ns: '1699999999002000000' }],
  goflow2: [{ time_flow_start_ns: '1700000000000000000', time_flow_end_ns: '1700000000000000000' }],
}
differences['uptime beyond 2^32 ms in NetFlow v9'] = {
  datagrams: [
    netflow9(
      [
        [22, u32(0xffffff00)],
        [21, u32(0xffffffff)],
      ],
      { sets: [], uptime: 0x100 },
    ),
  ],
  weir: [{ time_flow_start_ns: '1699999999488000000', time_flow_end_ns: '1699999999743000000' }],
  goflow2: [{ time_flow_start_ns: '1704294966783000000', time_flow_end_ns: '1704294967038000000' }].map(
    (line) => ({
      ...line,
      time_flow_start_ns: '1704294966784000000',
      time_flow_end_ns: '1704294967039000000',
    }),
  ),
}
differences['record with addresses of both families'] = {
  datagrams: [ipfix([8, ipv4('10.0.0.1')], [27, ipv6('2001:db8::1')], [60, u8(4)])],
  weir: [{ src_addr: '10.0.0.1', etype: 'IPv4' }],
  goflow2: [{ src_addr: '2001:db8::1', etype: 'IPv4' }],
}
differences['observation point of more than 32 bits (138)'] = {
  datagrams: [ipfix([138, u64(2 ** 33 + 5)])],
  weir: [{ observation_point_id: 2 ** 33 + 5 }],
  goflow2: [{ observation_point_id: 5 }],
}
differences["Juniper's exception code in its common properties"] = {
  datagrams: [ipfix([137, u16((2 << 10) | 66), 2636], [1, u32(9)])],
  weir: [{ bytes: 9, forwarding_status: 128 }],
  goflow2: [{ bytes: 9, forwarding_status: 0 }],
}
differences['data before their template'] = {
  datagrams: [
    ipfixMessage({ sets: [set(256, u32(7))] }),
    ipfixMessage({ sets: [templateSet(10, [[256, [[1, 4]]]])] }),
  ],
  weir: [{ bytes: 7 }],
  goflow2: [],
}
differences['templates of variable-length fields only'] = {
  datagrams: [
    ipfixMessage({ sets: [templateSet(10, [[256, [[82, 65535]]]]), set(256, variable(text('eth0')))] }),
  ],
  weir: [{ type: 'IPFIX' }],
  goflow2: [],
}
differences['truncated NetFlow v5'] = {
  datagrams: [netflow5Datagram([{ source: '10.0.0.1' }], { count: 3 })],
  weir: [{ src_addr: '10.0.0.1' }],
  goflow2: [{ src_addr: '10.0.0.1' }, { src_addr: '0.0.0.0' }, { src_addr: '0.0.0.0' }],
}
differences['NetFlow v1, v6, v7, v8 and sFlow v2, v4'] = {
  datagrams: [
    // Version 7: a header of 24 octets, a record of 52.
    join(u16(7), u16(1), u32(1000), u32(1_700_000_000), u32(0), u32(5), u32(0), ipv4('10.0.0.1'), zeros(48)),
    // Version 1: 16 and 52.
    join(u16(1), u16(1), u32(1000), u32(1_700_000_000), u32(0), ipv4('10.0.0.2'), zeros(48)),
  ],
  weir: [
    { type: 'NETFLOW_V5', src_addr: '10.0.0.1', sequence_num: 5 },
    { type: 'NETFLOW_V5', src_addr: '10.0.0.2', sequence_num: 0 },
  ],
  goflow2: [],
}

testDifferences('NetFlow and IPFIX', differences)

// Mapping

const mappings: Record<string, Difference> = {}

const mapped = (element: number, destination: string, type = 'varint', more = ''): string =>
  `formatter:\n  fields: [bytes, custom]\n  protobuf: [{name: custom, index: 900, type: ${type}}]\n${more}` +
  `ipfix:\n  mapping: [{field: ${element}, destination: ${destination}}]\n`

mappings['integers of more than 64 bits'] = {
  datagrams: [ipfix([1, u32(9)], [95, hex('0102030405060708090a')])],
  mapping: mapped(95, 'custom'),
  weir: [{ bytes: 9, custom: '0102030405060708090a' }],
  goflow2: [],
}
mappings['text that JSON must escape'] = {
  datagrams: [ipfix([1, u32(9)], [82, text('a"b\0')]), ipfix([1, u32(9)], [82, text('a\\nb')])],
  mapping: mapped(82, 'custom', 'string', '  render: {custom: string}\n'),
  weir: [
    { bytes: 9, custom: 'a"b\0' },
    { bytes: 9, custom: 'a\\nb' },
  ],
  goflow2: [{ bytes: 9, custom: 'a\nb' }],
}
mappings['destinations by their printed names'] = {
  datagrams: [ipfix([1, u32(9)], [85, u32(77)])],
  mapping: mapped(85, 'bytes'),
  weir: [{ bytes: 77 }],
  goflow2: [{ bytes: 9 }],
}
mappings['the key endian'] = {
  datagrams: [ipfix([1, u32(9)], [95, u16(1)])],
  mapping: mapped(95, 'custom').replace('custom}]\n', 'custom, endian: little}]\n'),
  weir: [{ custom: 256 }],
  goflow2: [{ custom: 1 }],
}
mappings['mapping to the sampling rate'] = {
  datagrams: [ipfix([95, u16(100)])],
  mapping: mapped(95, 'SamplingRate').replace('[bytes', '[sampling_rate'),
  weir: [{ sampling_rate: 100 }],
  goflow2: [{ sampling_rate: 0 }],
}

mappings['mapping to what the datagram says'] = {
  datagrams: [ipfix([95, u16(100)])],
  mapping: mapped(95, 'SequenceNum').replace('[bytes', '[sequence_num'),
  weir: [{ sequence_num: 100 }],
  goflow2: [{ sequence_num: 1 }],
}
mappings['times after the year 9999'] = {
  datagrams: [ipfix([95, u64(253_402_300_800)])],
  mapping: mapped(95, 'custom', 'varint', '  render: {custom: datetime}\n'),
  weir: [{ custom: '253402300800' }],
  goflow2: [{ custom: '10000-01-01T00:00:00Z' }],
}

testDifferences('mapping.yaml', mappings)

test.run()
