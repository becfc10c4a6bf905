import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readDefinitions } from '../lib/ecs/definitions.ts'
import type { NetflowDocumentOptions } from '../lib/ecs/netflow-documents.ts'
import { elasticLocality } from '../lib/flow/locality.ts'
import {
  dataSet,
  ipfixMessage,
  ipv4,
  ipv6,
  join,
  mac,
  netflow5Datagram,
  netflow9Datagram,
  type Octets,
  optionsTemplateSet,
  type Specifier,
  templateSet,
  text,
  u8,
  u16,
  u32,
  u64,
  variable,
} from '../lib/testing/datagrams.ts'
import { newRandom } from '../lib/testing/workload.ts'
import { netflowDocuments } from './ecs-compared.ts'

// What the rules for netflow.log say, each with a datagram made for it.

// biome-ignore lint/suspicious/noExplicitAny: documents of any shape
type Any = any

const UPTIME = 1_000_000

/** The documents of records of one template. */
function of(
  version: 9 | 10,
  fields: readonly Specifier[],
  records: readonly Octets[],
  options: Partial<NetflowDocumentOptions> = {},
): Any[] {
  const sets = [templateSet(version, [[256, fields]]), dataSet(256, records)]
  const octets = version === 9 ? netflow9Datagram({ sets, uptime: UPTIME }) : ipfixMessage({ sets })
  return netflowDocuments([payload(octets)], { isStrict: false, ...options })
}

function payload(octets: Uint8Array, address = '192.0.2.1') {
  return { octets, address, port: 2055, receivedNs: 1_700_000_000_000_000_000n }
}

test('an exporter with an IPv6 address stands in brackets, and relates as it is', () => {
  const octets = ipfixMessage({ sets: [templateSet(10, [[256, [[4, 1]]]]), dataSet(256, [u8(6)])] })
  const [document] = netflowDocuments([payload(octets, '2001:db8::9')]) as Any[]
  assert.is(document.netflow.exporter.address, '[2001:db8::9]:2055')
  assert.equal(document.observer.ip, ['2001:db8::9'])
  assert.equal(document.related.ip, ['2001:db8::9'])
  assert.is(document.flow.id, 'Vhs9T5k296w')
  assert.is(document.flow.locality, 'internal')
  assert.is(document.network.type, undefined)
})

test('of two families in one record both addresses are shown, and IPv4 makes the flow', () => {
  const fields: Specifier[] = [
    [8, 4],
    [27, 16],
    [12, 4],
    [28, 16],
    [9, 1],
    [29, 1],
  ]
  const zero6 = ipv6('::')
  const zero4 = ipv4('0.0.0.0')
  const [v4, v6, both] = of(9, fields, [
    join(ipv4('10.0.0.1'), zero6, ipv4('10.0.0.2'), zero6, u8(24), u8(0)),
    join(zero4, ipv6('2001:db8::1'), zero4, ipv6('2001:db8::2'), u8(0), u8(64)),
    join(ipv4('10.0.0.1'), ipv6('2001:db8::1'), ipv4('10.0.0.2'), ipv6('2001:db8::2'), u8(24), u8(64)),
  ])
  const addresses = ({ netflow }: Any) => [
    netflow.source_ipv4_address,
    netflow.source_ipv6_address,
    netflow.source_ipv4_prefix_length,
    netflow.source_ipv6_prefix_length,
  ]
  assert.equal(addresses(v4), ['10.0.0.1', '::', 24, 0])
  assert.equal(addresses(v6), ['0.0.0.0', '2001:db8::1', 0, 64])
  assert.equal(addresses(both), ['10.0.0.1', '2001:db8::1', 24, 64])
  assert.is(v6.source.ip, '0.0.0.0')
  assert.equal(both.network.type, ['ipv4', 'ipv6'])
  assert.equal(v6.related.ip, ['0.0.0.0', '192.0.2.1', '2001:db8::1', '2001:db8::2'])
})

test('uptimes after the exporter’s, or without one, make no times', () => {
  const fields: Specifier[] = [
    [22, 4],
    [21, 4],
  ]
  const [both, end, none] = of(9, fields, [
    join(u32(UPTIME - 2500), u32(UPTIME - 500)),
    join(u32(UPTIME + 1), u32(UPTIME)),
    join(u32(0xffffffff), u32(UPTIME + 1)),
  ])
  assert.is(both.event.start, '2023-11-14T22:13:17.500Z')
  assert.is(both.event.end, '2023-11-14T22:13:19.500Z')
  assert.is(both.event.duration, 2_000_000_000)
  assert.equal(
    [end.event.start, end.event.end, end.event.duration],
    [undefined, '2023-11-14T22:13:20.000Z', undefined],
  )
  assert.equal([none.event.start, none.event.end], [undefined, undefined])
  assert.is(none.netflow.flow_start_sys_up_time, 0xffffffff)
  const [ipfix] = of(10, fields, [join(u32(1), u32(2))])
  assert.is(ipfix.event.start, undefined)
  assert.is(ipfix.netflow.flow_start_sys_up_time, 1)
})

test('a duration stands in for a missing time, and alone tells nothing else', () => {
  const [start] = of(
    9,
    [
      [22, 4],
      [161, 4],
    ],
    [join(u32(UPTIME - 5000), u32(3000))],
  )
  assert.is(start.event.end, '2023-11-14T22:13:18.000Z')
  assert.is(start.event.duration, 3_000_000_000)
  const [end] = of(
    9,
    [
      [21, 4],
      [161, 4],
    ],
    [join(u32(UPTIME - 5000), u32(3000))],
  )
  assert.is(end.event.start, '2023-11-14T22:13:12.000Z')
  const [alone] = of(10, [[161, 4]], [u32(0xffffffff)])
  assert.is(alone.event.duration, 4_294_967_295_000_000)
  assert.is(alone.event.start, undefined)
})

test('counters are taken in their order, both ways, 64 bits wide', () => {
  const fields: Specifier[] = [
    [85, 8],
    [231, 8],
    [232, 8],
    [298, 8],
    [299, 8],
  ]
  const big = 0xffff_ffff_ffffn
  const [document] = of(10, fields, [join(u64(big), u64(1), u64(5), u64(0), u64(7))])
  assert.is(document.source.bytes, Number(big))
  assert.is(document.destination.bytes, 5)
  assert.is(document.network.bytes, Number(big) + 5)
  assert.equal([document.source.packets, document.destination.packets, document.network.packets], [0, 7, 7])
  const [back] = of(10, [[232, 8]], [u64(9)])
  assert.is(back.destination.bytes, 9)
  assert.is(back.network.bytes, undefined)
})

test('a biflow whose initiator is the reverse end changes source and destination, not the ids', () => {
  const fields: Specifier[] = [
    [8, 4],
    [12, 4],
    [7, 2],
    [11, 2],
    [239, 1],
  ]
  const record = (direction: number) =>
    join(ipv4('10.0.0.1'), ipv4('198.51.100.1'), u16(1000), u16(443), u8(direction))
  const [forward, reverse] = of(10, fields, [record(1), record(2)])
  assert.is(forward.client.ip, '10.0.0.1')
  assert.is(reverse.source.ip, '198.51.100.1')
  assert.equal(reverse.client, reverse.source)
  assert.equal(reverse.event.category, ['network', 'session'])
  assert.is(reverse.flow.id, forward.flow.id)
  assert.is(forward.network.direction, 'outbound')
  assert.is(reverse.network.direction, 'inbound')
})

test("a reverse half (RFC 5103) is part of its flow's document", () => {
  const fields: Specifier[] = [
    [8, 4],
    [12, 4],
    [1, 8],
    [1, 8, 29305],
  ]
  const documents = of(10, fields, [join(ipv4('10.0.0.1'), ipv4('10.0.0.2'), u64(100), u64(40))])
  assert.is(documents.length, 1)
  assert.is(documents[0].netflow.reverse_octet_delta_count, 40)
  assert.is(documents[0].network.bytes, 140)
})

test('a WLAN controller’s record is of the station and the access point', () => {
  const fields: Specifier[] = [
    [365, 6],
    [367, 6],
    [366, 4],
    [61, 1],
    [147, 65535],
  ]
  const record = (direction: number) =>
    join(
      mac('02:00:00:00:00:aa'),
      mac('02:00:00:00:00:bb'),
      ipv4('10.0.0.7'),
      u8(direction),
      variable(text('guests\0\0')),
    )
  const [up, down] = of(10, fields, [record(0), record(1)])
  assert.equal(up.source, { ip: '10.0.0.7', locality: 'internal', mac: '02-00-00-00-00-AA' })
  assert.equal(up.destination, { mac: '02-00-00-00-00-BB' })
  assert.equal(down.destination, up.source)
  assert.is(up.network.name, 'guests')
  assert.is(up.network.direction, 'inbound')
  // The station names the flow, but is not among the addresses that a record without others is about.
  const [plain] = of(
    10,
    [
      [8, 4],
      [12, 4],
    ],
    [join(ipv4('10.0.0.7'), ipv4('0.0.0.0'))],
  )
  assert.is(up.flow.id, plain.flow.id)
  assert.is(up.network.community_id, plain.network.community_id)
  assert.is(up.flow.locality, 'internal')
})

test('a float of 32 bits is the number that it is in 64', () => {
  const single = new Uint8Array(4)
  new DataView(single.buffer).setFloat32(0, 41.857143)
  const [document] = of(10, [[146, 4, 3054]], [single])
  assert.is(document.netflow.ixia_dst_latitude, Math.fround(41.857143))
})

test('directions and protocols without a name say their number', () => {
  const [document] = of(
    9,
    [
      [61, 1],
      [4, 1],
    ],
    [join(u8(7), u8(89))],
  )
  assert.is(document.network.direction, 'unknown (7)')
  assert.is(document.network.transport, 'unknown (89)')
  assert.is(document.network.iana_number, '89')
})

test('both directions of an ICMPv6 flow have one community id', () => {
  const fields: Specifier[] = [
    [27, 16],
    [28, 16],
    [4, 1],
    [139, 2],
  ]
  const record = (from: string, to: string, type: number) =>
    join(ipv6(from), ipv6(to), u8(58), u16(type * 256))
  const [there, back] = of(9, fields, [
    record('2001:db8::1', '2001:db8::2', 128),
    record('2001:db8::2', '2001:db8::1', 129),
  ])
  assert.is(there.network.community_id, back.network.community_id)
  const untold = (from: string, to: string) => join(ipv6(from), ipv6(to), u8(58))
  const [out, home] = of(9, fields.slice(0, 3), [
    untold('2001:db8::1', '2001:db8::2'),
    untold('2001:db8::2', '2001:db8::1'),
  ])
  assert.is(out.network.community_id, home.network.community_id)
  assert.is(out.network.community_id, there.network.community_id)
})

test('values that are no use to the field are left out, the record stays', () => {
  const fields: Specifier[] = [
    [1, 9],
    [4, 2],
    [276, 1],
    [48, 2],
    [210, 3],
    [82, 65535],
    [9999, 2],
  ]
  const values = join(
    new Uint8Array(9),
    u16(6),
    u8(3),
    u16(1),
    Uint8Array.of(0, 1, 0),
    variable(text('a"\\\u2028')),
    u16(1),
  )
  const [document] = of(10, fields, [values])
  const { exporter, type, ...netflow } = document.netflow
  assert.equal(netflow, { padding_octets: [0, 1, 0], interface_name: 'a"\\\u2028' })
})

test('NetFlow v5 tells its engine and the sampling word with its mode', () => {
  const octets = netflow5Datagram([{ source: '10.0.0.1', destination: '10.0.0.2' }], {
    sampling: 0x4064,
    engineType: 3,
    engineId: 4,
    exportTime: 1_700_000_000,
    nanoseconds: 987_654_321,
  })
  const [document] = netflowDocuments([payload(octets)]) as Any[]
  const { exporter } = document.netflow
  assert.equal([exporter.engine_type, exporter.engine_id, exporter.sampling_interval], [3, 4, 0x4064])
  assert.is(document['@timestamp'], '2023-11-14T22:13:20.987Z')
})

test('options records have scope and options, an empty one too', () => {
  const sets = [optionsTemplateSet(9, 300, [[1, 4]], [[34, 4]]), dataSet(300, [join(u32(9), u32(1000))])]
  const [document] = netflowDocuments([payload(netflow9Datagram({ sets }))]) as Any[]
  assert.equal(document.netflow.scope, { octet_delta_count: 9 })
  assert.equal(document.netflow.options, { sampling_interval: 1000 })
  assert.is(document.event.action, 'netflow_options')
  assert.is(document.source, undefined)
})

test('definitions of the user make elements known and give them other names and types', () => {
  const definitions = readDefinitions([
    {
      path: 'a.yaml',
      value: { 33002: [':uint16', ':fw_ext_event'], 9999: ['string', 'shelf'], 8: [':skip'] },
    },
    { path: 'b.yaml', value: { 4242: { 7: [':ip4_addr', ':proxy_ipv4_address'], 8: [4, 'someCounter'] } } },
  ])
  const fields: Specifier[] = [
    [8, 4],
    [33002 & 0x7fff, 2],
    [9999, 65535],
    [7, 4, 4242],
    [8, 4, 4242],
  ]
  const values = join(ipv4('10.0.0.1'), u16(5), variable(text('top')), ipv4('203.0.113.9'), u32(77))
  const [document] = of(10, fields, [values], { definitions })
  assert.is(document.netflow.shelf, 'top')
  assert.is(document.netflow.proxy_ipv4_address, '203.0.113.9')
  assert.is(document.netflow.some_counter, 77)
  assert.is(document.netflow.source_ipv4_address, '10.0.0.1')
  assert.ok(document.related.ip.includes('203.0.113.9'))
})

test('a definition of a type that is never decoded takes the element away, one that changes nothing changes nothing', () => {
  const fields: Specifier[] = [
    [8, 4],
    [7, 2],
    [95, 4],
    [89, 1],
    [9999, 3],
  ]
  const values = join(ipv4('10.0.0.1'), u16(5), u32(0x03000050), u8(64), new Uint8Array([0, 1, 2]))
  const definitions = readDefinitions([
    {
      path: 'a.yaml',
      value: {
        8: ['ip4_addr', 'sourceIPv4Address'],
        7: ['uint16', 'sourceTransportPort'],
        95: [':application_id', ':app_id'],
        89: [':forwarding_status', ':forwarding_status'],
        9999: [3, 'three_octets'],
      },
    },
  ])
  const [document] = of(10, fields, [values], { definitions })
  assert.equal(document.source, { ip: '10.0.0.1', locality: 'internal', port: 5 })
  assert.is(document.netflow.source_transport_port, 5)
  assert.is(document.netflow.three_octets, 258)
  for (const name of ['application_id', 'app_id', 'forwarding_status']) {
    assert.is(document.netflow[name], undefined)
  }
})

test('definitions that Elastic refuses are refused with their place', () => {
  const read = (value: unknown) => () => readDefinitions([{ path: 'x.yaml', value }])
  assert.throws(read({ 1: ['odd', 'name'] }), /x\.yaml: 1 has the unknown type odd/)
  assert.throws(read({ 70000: ['uint8', 'name'] }), /70000 is no number/)
  assert.throws(read({ 1: { 2: ['uint8', 'a'] }, 3: ['uint8', 'b'] }), /either all keys/)
  assert.throws(read([1]), /must be a map/)
  assert.throws(read({ 9: ['uint8', 'a'], '0x9': ['uint8', 'b'] }), /x\.yaml: 0x9 is there twice/)
  assert.throws(read({ 9: ['uint8', ':'] }), /9 has no name/)
})

test('internal networks are as the user says', () => {
  const fields: Specifier[] = [
    [8, 4],
    [12, 4],
  ]
  const [document] = of(9, fields, [join(ipv4('198.51.100.1'), ipv4('10.0.0.2'))], {
    locality: elasticLocality(['198.51.100.0/24']),
  })
  assert.equal([document.source.locality, document.destination.locality], ['internal', 'external'])
  assert.is(document.network.direction, 'outbound')
})

test('padding that fills a datagram has room', () => {
  const fields: Specifier[] = [
    [4, 1],
    [210, 60_000],
  ]
  const documents = of(10, fields, [join(u8(6), new Uint8Array(60_000))])
  assert.is(documents[0].netflow.padding_octets.length, 60_000)
})

test('whatever templates and values come, every document is JSON', () => {
  const random = newRandom(11)
  const widths = [0, 1, 2, 3, 4, 6, 8, 9, 12, 16, 20, 65535]
  let documents = 0
  for (let round = 0; round < 150; round++) {
    const enterprises = [undefined, undefined, 9, 5951, 29305, 6871]
    const fields: Specifier[] = Array.from({ length: 1 + random(30) }, () => {
      const enterprise = enterprises[random(6)]
      const octets = widths[random(widths.length)]!
      const element = 1 + random(enterprise === undefined ? 500 : 600)
      return enterprise === undefined ? [element, octets] : [element, octets, enterprise]
    })
    const value = (octets: number): Octets => {
      if (octets !== 65535) return Uint8Array.from({ length: octets }, () => random(4) * 85)
      return variable(Uint8Array.from({ length: random(40) }, () => random(256)))
    }
    const records = Array.from({ length: 3 }, () => join(...fields.map(([, octets]) => value(octets))))
    for (const form of ['final', 'agent'] as const) documents += of(10, fields, records, { form }).length
  }
  assert.ok(documents > 500, String(documents))
})

test.run()
