import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import { type CellValue, fillRow } from '../testing/fill-row.ts'
import { newLineSink } from './line-sink.ts'
import { loadMapping } from './mapping.ts'

type Element = readonly [element: number, field: Field | null, enterprise?: number]

function layout(protocol: number, ...elements: readonly Element[]): Layout {
  return {
    protocol,
    scopeCount: 0,
    fields: elements.map(([element, field, enterprise = 0]) => ({ enterprise, element, octets: 4, field })),
  }
}

/** The text of one row under a mapping. */
function printed(
  yaml: string,
  values: Record<string, CellValue>,
  shape: Layout | null = null,
  format: 'json' | 'text' = 'json',
): string {
  const { mapping } = loadMapping(yaml, 'mapping.yaml')
  const pieces: Buffer[] = []
  const sink = newLineSink({
    format,
    compat: '2.2',
    mapping,
    separator: new Uint8Array(0),
    write: (octets, from, to) => void pieces.push(Buffer.from(octets.subarray(from, to))),
  })
  const batch = new FlowBatch()
  fillRow(batch, { exportProtocol: 10, ...values }, shape)
  sink.write(batch)
  return Buffer.concat(pieces).toString('latin1')
}

const declare = (name: string, type: string, more = ''): string =>
  `formatter:\n  fields: [${name}]\n  protobuf:\n    - {name: ${name}, index: 900, type: ${type}${more}}\n`
const ipfix = (element: number, destination: string, more = ''): string =>
  `ipfix:\n  mapping:\n    - {field: ${element}, destination: ${destination}${more}}\n`

test('fields print in the order of the file, under the names it gives them', () => {
  const yaml = 'formatter:\n  fields: [dst_port, type, bytes, type]\n  rename: {bytes: octets, type: ""}'
  assert.is(
    printed(yaml, { octetDeltaCount: 7, destinationTransportPort: 53 }),
    '{"dst_port":53,"type":"IPFIX","octets":7,"type":"IPFIX"}',
  )
})

test('a printed name is escaped', () => {
  const yaml = `formatter:\n  fields: [bytes]\n  rename: {bytes: 'a"b<c'}`
  assert.is(printed(yaml, {}), '{"a\\"b\\u003cc":0}')
})

test('a file that names no fields prints them all', () => {
  const text = printed('formatter:\n  rename: {bytes: octets}', { octetDeltaCount: 7 })
  assert.match(
    text,
    /^\{"type":"IPFIX","time_received_ns":0,.*"octets":7,.*"ipv6_routing_header_seg_left":0\}$/,
  )
})

const ROW = {
  sourceAddress: '10.0.0.1',
  sourcePrefixLength: 24,
  protocolIdentifier: 17,
  sourceMacAddress: '00:00:00:00:00:06',
  ethernetType: 0x0800,
  timeReceived: 1_700_000_000_000_000_001n,
  octetDeltaCount: 1_700_000_000,
  ingressInterface: 6,
  asPath: [6, 7],
  layerStack: [0],
  ipv6RoutingAddresses: ['::1'],
}

/** Field, renderer and what goflow2 prints with it. */
const RENDERED: readonly (readonly [field: string, renderer: string, expected: string])[] = [
  ['src_addr', 'none', '"0a000001"'],
  ['src_addr', 'ip', '"10.0.0.1"'],
  ['src_addr', 'mac', '"0a000001"'],
  ['src_addr', 'etype', '"unknown"'],
  ['src_addr', 'proto', '"unknown"'],
  ['src_addr', 'string', '"\\n\\u0000\\u0000\\u0001"'],
  ['dst_addr', 'none', '""'],
  ['dst_addr', 'proto', '"unknown"'],
  ['proto', 'none', '17'],
  ['proto', 'etype', '""'],
  ['etype', 'none', '2048'],
  ['src_mac', 'none', '6'],
  ['src_mac', 'proto', '"TCP"'],
  ['dst_mac', 'none', '0'],
  ['src_net', 'none', '24'],
  ['src_net', 'proto', '"TRUNK-2"'],
  ['in_if', 'proto', '"TCP"'],
  ['in_if', 'mac', '6'],
  ['in_if', 'datetime', '"1970-01-01T00:00:06Z"'],
  ['in_if', 'datetimenano', '6'],
  ['out_if', 'proto', '"HOPOPT"'],
  ['bytes', 'datetime', '"2023-11-14T22:13:20Z"'],
  ['bytes', 'mac', '"00:00:65:53:f1:00"'],
  ['bytes', 'string', '1700000000'],
  ['packets', 'datetimenano', '"1970-01-01T00:00:00Z"'],
  ['time_received_ns', 'datetimenano', '"2023-11-14T22:13:20.000000001Z"'],
  ['type', 'none', '"IPFIX"'],
  ['type', 'proto', '"unknown"'],
  ['as_path', 'proto', '["TCP","CBT"]'],
  ['as_path', 'none', '[6,7]'],
  ['bgp_communities', 'proto', '[]'],
  ['layer_stack', 'none', '["Ethernet"]'],
  ['layer_stack', 'etype', '["unknown"]'],
  ['ipv6_routing_header_addresses', 'none', '["00000000000000000000000000000001"]'],
  ['icmp_name', 'proto', '"unknown"'],
  ['ghost', 'etype', '"unknown"'],
]

for (const [field, renderer, expected] of RENDERED) {
  test(`${field} rendered as ${renderer} is ${expected}`, () => {
    const yaml = `formatter:\n  fields: [${field}]\n  render: {${field}: ${renderer}}`
    assert.is(printed(yaml, ROW), `{"${field}":${expected}}`)
    assert.is(
      printed(yaml, ROW, null, 'text'),
      `${field}=${/^"\\n/.test(expected) ? '\n\0\0\x01' : expected.replaceAll('"', '')}`,
    )
  })
}

test('a virtual field of nothing is left out', () => {
  assert.is(printed('formatter:\n  fields: [ghost, bytes]\n  render: {ghost: none}', {}), '{"bytes":0}')
  assert.is(printed('formatter:\n  fields: [icmp_name]\n  render: {icmp_name: ip}', {}), '{}')
})

test('icmp_name names types of both families', () => {
  const name = (proto: number, type: number): string =>
    printed('formatter:\n  fields: [icmp_name]', { protocolIdentifier: proto, icmpTypeCode: type << 8 })
  assert.is(name(1, 8), '{"icmp_name":"Echo"}')
  assert.is(name(1, 9), '{"icmp_name":"RouterAdvertisement"}')
  assert.is(name(58, 128), '{"icmp_name":"EchoRequest"}')
  assert.is(name(58, 77), '{"icmp_name":""}')
  assert.is(name(6, 0), '{"icmp_name":"unknown"}')
})

/** Type, renderer and byte order of a declared field, the octets of the element, and what is printed. */
const CUSTOM: readonly (readonly [
  type: string,
  renderer: string,
  order: string,
  octets: string,
  expected: string | undefined,
])[] = [
  ['varint', '', '', '01', '1'],
  ['varint', '', '', '0102', '258'],
  ['varint', '', 'endianness: little', '0102', '513'],
  ['varint', '', 'endian: little', '0102', '513'],
  ['varint', '', '', '', '0'],
  ['varint', '', '', 'ffffffffffffffff', '18446744073709551615'],
  ['varint', '', '', '000000ffffffffffffffff', '18446744073709551615'],
  ['varint', '', '', '010000000000000000', '"010000000000000000"'],
  ['varint', 'proto', '', '010000000000000000', '"010000000000000000"'],
  ['varint', 'none', '', '07', '7'],
  ['varint', 'ip', '', '07', '7'],
  ['varint', 'mac', '', '0a0b0c0d0e0f', '"0a:0b:0c:0d:0e:0f"'],
  ['varint', 'etype', '', '86dd', '"IPv6"'],
  ['varint', 'proto', '', '11', '"UDP"'],
  ['varint', 'proto', '', '0111', '"unknown"'],
  ['varint', 'datetime', '', '6553f100', '"2023-11-14T22:13:20Z"'],
  ['varint', 'datetimenano', '', '17979cfe362a0001', '"2023-11-14T22:13:20.000000001Z"'],
  ['bytes', '', '', '00ABff', '"00abff"'],
  ['bytes', '', '', '', '""'],
  ['string', '', '', '616263', '"616263"'],
  ['string', 'string', '', '616263', '"abc"'],
  ['string', 'string', '', '61225c0a003c', '"a\\"\\\\\\n\\u0000\\u003c"'],
  ['string', 'string', '', '61ff', '"a\xff"'],
  ['bytes', 'ip', '', '0a000001', '"10.0.0.1"'],
  ['bytes', 'ip', '', '20010db8000000000000000000000001', '"2001:db8::1"'],
  ['bytes', 'ip', '', '00000000000000000000ffff0a000001', '"::ffff:10.0.0.1"'],
  ['bytes', 'ip', '', '0a0000', '""'],
  ['bytes', 'proto', '', '06', '"unknown"'],
  ['bytes', 'datetime', '', '06', '"06"'],
]

for (const [type, renderer, order, octets, expected] of CUSTOM) {
  test(`${type} ${renderer} ${order} of ${octets} is ${expected}`, () => {
    const render = renderer === '' ? '' : `  render: {custom: ${renderer}}\n`
    const yaml = declare('custom', type) + render + ipfix(230, 'custom', order === '' ? '' : `, ${order}`)
    const column = /little/.test(order) ? 'map.custom.little' : 'map.custom'
    loadMapping(yaml, 'defines the column')
    assert.is(printed(yaml, { [column]: octets }, layout(10, [230, null])), `{"custom":${expected}}`)
  })
}

test('a declared field that the record lacks is left out, or unknown if its renderer says so', () => {
  const yaml = (render: string): string =>
    `formatter:\n  fields: [one, bytes, two]\n  render: {${render}}\n  protobuf:\n` +
    `    - {name: one, index: 900, type: varint}\n    - {name: two, index: 901, type: varint}\n` +
    'ipfix:\n  mapping:\n    - {field: 230, destination: one}\n    - {field: 231, destination: two}\n'
  const shape = layout(10, [230, null], [231, null])
  loadMapping(yaml(''), 'defines the columns')
  assert.is(printed(yaml(''), {}), '{"bytes":0}')
  assert.is(printed(yaml(''), { 'map.one': '05' }, shape), '{"one":5,"bytes":0}')
  assert.is(printed(yaml(''), { 'map.two': '05' }, shape), '{"bytes":0,"two":5}')
  assert.is(printed(yaml('one: proto, two: ip'), {}), '{"one":"unknown","bytes":0}')
  assert.is(printed(yaml('one: proto'), { 'map.one': '06' }, shape), '{"one":"TCP","bytes":0}')
  assert.is(printed(yaml(''), { 'map.two': '05' }, shape, 'text'), 'bytes=0 two=5')
})

test('fields that may all be missing have commas between those that are there', () => {
  const names = ['one', 'two', 'three']
  const yaml =
    `formatter:\n  fields: [${names}]\n  protobuf:\n` +
    names.map((name, i) => `    - {name: ${name}, index: ${900 + i}, type: varint}\n`).join('') +
    'ipfix:\n  mapping:\n' +
    names.map((name, i) => `    - {field: ${230 + i}, destination: ${name}}\n`).join('')
  loadMapping(yaml, 'defines the columns')
  for (let mask = 0; mask < 8; mask++) {
    const held = names.filter((_, i) => (mask & (1 << i)) !== 0)
    const values = Object.fromEntries(held.map((name) => [`map.${name}`, '01']))
    const shape = layout(10, [230, null], [231, null], [232, null])
    assert.is(printed(yaml, values, shape), `{${held.map((name) => `"${name}":1`).join(',')}}`)
    assert.is(printed(yaml, values, shape, 'text'), held.map((name) => `${name}=1`).join(' '))
  }
})

test('rows with and without a declared field stand in one batch', () => {
  const { mapping } = loadMapping(declare('custom', 'varint') + ipfix(230, 'custom'), 'mapping.yaml')
  const batch = new FlowBatch()
  const shape = layout(10, [230, null])
  for (let i = 0; i < 20; i++) {
    fillRow(batch, i % 3 === 0 ? { exportProtocol: 10, 'map.custom': '07' } : { exportProtocol: 10 }, shape)
  }
  let text = ''
  const write = (octets: Uint8Array, from: number, to: number): void => {
    text += Buffer.from(octets.subarray(from, to)).toString()
  }
  newLineSink({ format: 'json', compat: '2.2', mapping, separator: Buffer.from('\n'), write }).write(batch)
  assert.equal(
    text.trimEnd().split('\n'),
    Array.from({ length: 20 }, (_, i) => (i % 3 === 0 ? '{"custom":7}' : '{}')),
  )
})

test('an array holds each occurrence; without any the key is left out, or empty with a renderer', () => {
  const yaml = (type: string, render = ''): string =>
    `${declare('items', type, ', array: true')}  render: {${render}}\n${ipfix(230, 'items')}`
  const shape = layout(10, [230, null], [230, null])
  loadMapping(yaml('varint'), 'defines the column')
  assert.is(printed(yaml('varint'), { 'map.items': ['01', '0102'] }, shape), '{"items":[1,258]}')
  assert.is(
    printed(yaml('varint', 'items: proto'), { 'map.items': ['06', '11'] }, shape),
    '{"items":["TCP","UDP"]}',
  )
  assert.is(
    printed(yaml('string', 'items: string'), { 'map.items': ['5b', '2c', ''] }, shape),
    '{"items":["[",",",""]}',
  )
  assert.is(
    printed(yaml('string', 'items: string'), { 'map.items': ['5b', '61'] }, shape, 'text'),
    'items=[[,a]',
  )
  assert.is(printed(yaml('varint'), {}, shape), '{}')
  assert.is(printed(yaml('varint', 'items: none'), {}, shape), '{"items":[]}')
})

test('a mapping to a built-in field, by its Go name or its printed one, counts by its place in the record', () => {
  for (const name of ['InIf', 'in_if']) {
    const yaml = `formatter:\n  fields: [in_if]\n${ipfix(252, name)}`
    loadMapping(yaml, 'defines the column')
    const both = { 'map.InIf': '0009', ingressInterface: 5 }
    assert.is(printed(yaml, both, layout(10, [10, F.ingressInterface], [252, null])), '{"in_if":9}')
    assert.is(printed(yaml, both, layout(10, [252, null], [10, F.ingressInterface])), '{"in_if":5}')
    assert.is(
      printed(yaml, { ingressInterface: 5 }, layout(10, [10, F.ingressInterface], [252, null])),
      '{"in_if":5}',
    )
    assert.is(printed(yaml, { 'map.InIf': '0009' }, layout(10, [252, null])), '{"in_if":9}')
  }
})

/** Built-in fields of all kinds, the octets that a vendor's element holds, and what is printed. */
const BUILT_IN: readonly (readonly [destination: string, field: string, octets: string, expected: string])[] =
  [
    ['Bytes', 'bytes', '0102', '258'],
    ['SrcAddr', 'src_addr', '0a000001', '"10.0.0.1"'],
    ['NextHop', 'next_hop', '0a0000', '""'],
    ['SrcMac', 'src_mac', '0a0b0c0d0e0f', '"0a:0b:0c:0d:0e:0f"'],
    ['Proto', 'proto', '3a', '"IPv6-ICMP"'],
    ['Etype', 'etype', '0806', '"ARP"'],
    ['Type', 'type', '02', '"NETFLOW_V5"'],
    ['SrcNet', 'src_net', '18', '"10.1.2.0/24"'],
    ['TimeFlowStartNs', 'time_flow_start_ns', '17979cfe362a0001', '1700000000000000001'],
    ['AsPath', 'as_path', '0001', '[1]'],
    ['MplsIp', 'mpls_ip', '0a000001', '["10.0.0.1"]'],
    ['LayerStack', 'layer_stack', '01', '["IPv4"]'],
  ]

for (const [destination, field, octets, expected] of BUILT_IN) {
  test(`a mapping to ${destination} prints ${field} ${expected}`, () => {
    const yaml = `formatter:\n  fields: [${field}]\n${ipfix(77, destination, ', penprovided: true, pen: 9')}`
    const { captures } = loadMapping(yaml, 'mapping.yaml')
    const { field: column } = captures.elements[0]!
    const value = column.kind === 'octets-list' ? [octets] : octets
    const values = {
      [column.name]: value,
      ...(destination === 'SrcNet' ? { sourceAddress: '10.1.2.3' } : {}),
    }
    assert.is(printed(yaml, values, layout(10, [77, null, 9])), `{"${field}":${expected}}`)
  })
}

test('a mapped prefix length without address, or beyond it, is invalid', () => {
  const yaml = `formatter:\n  fields: [src_net]\n${ipfix(77, 'SrcNet')}`
  loadMapping(yaml, 'mapping.yaml')
  assert.is(printed(yaml, { 'map.SrcNet': '18' }, layout(10, [77, null])), '{"src_net":"invalid Prefix"}')
  const beyond = { 'map.SrcNet': '0118', sourceAddress: '10.1.2.3' }
  assert.is(printed(yaml, beyond, layout(10, [77, null])), '{"src_net":"invalid Prefix"}')
})

test('what a list holds already comes before what is mapped to it', () => {
  const yaml = `formatter:\n  fields: [mpls_label]\n${ipfix(77, 'MplsLabel')}`
  const { captures } = loadMapping(yaml, 'mapping.yaml')
  const values = { mplsLabelStack: [0x10, 0x20], [captures.elements[0]!.field.name]: ['05', '06'] }
  assert.is(printed(yaml, values, layout(10, [77, null])), '{"mpls_label":[1,2,5,6]}')
})

test('a mapped sampling rate counts unless the record itself or the user gives one', () => {
  const yaml = `formatter:\n  fields: [sampling_rate]\n${ipfix(77, 'SamplingRate')}`
  loadMapping(yaml, 'mapping.yaml')
  const rate = (source: number): string =>
    printed(
      yaml,
      { 'map.SamplingRate': '64', samplingRate: 7, samplingSource: source },
      layout(10, [77, null]),
    )
  assert.is(rate(3), '{"sampling_rate":100}')
  assert.is(rate(6), '{"sampling_rate":7}')
  assert.is(rate(7), '{"sampling_rate":7}')
})

test("goflow2's own sample, whose line for element 34 would read it backwards, captures nothing for it", () => {
  const yaml = 'netflowv9:\n  mapping:\n    - {field: 34, destination: sampling_rate, endian: little}'
  assert.equal(loadMapping(yaml, 'mapping.yaml').captures.elements, [])
})

test('bits of frames count whatever else the row has', () => {
  const yaml =
    'formatter:\n  fields: [src_port, csum]\n  protobuf:\n    - {name: csum, index: 999, type: varint}\n' +
    'sflow:\n  mapping:\n    - {layer: udp, offset: 48, length: 16, destination: csum}\n' +
    '    - {layer: udp, offset: 0, length: 16, destination: SrcPort}'
  loadMapping(yaml, 'mapping.yaml')
  const values = { exportProtocol: 205, sourceTransportPort: 5, 'map.csum': '0abc', 'map.SrcPort': '0001' }
  assert.is(printed(yaml, values), '{"src_port":1,"csum":2748}')
  assert.is(
    printed(yaml, { ...values, exportProtocol: 10 }, layout(10, [315, null])),
    '{"src_port":1,"csum":2748}',
  )
})

test('a declared field with the Go name of a built-in one is that one', () => {
  const yaml = 'formatter:\n  fields: [SrcPort]\n  protobuf:\n    - {name: SrcPort, index: 900, type: varint}'
  assert.is(printed(yaml, { sourceTransportPort: 5 }), '{"SrcPort":5}')
})

test('a declared field hides the built-in one of the same printed name', () => {
  const yaml = declare('bytes', 'varint') + ipfix(230, 'bytes')
  loadMapping(yaml, 'mapping.yaml')
  assert.is(printed(yaml, { octetDeltaCount: 5 }, layout(10, [1, F.octetDeltaCount])), '{}')
  assert.is(printed(yaml, { octetDeltaCount: 5, 'map.bytes': '07' }, layout(10, [230, null])), '{"bytes":7}')
})

test('of two byte orders for one field the one later in the record counts', () => {
  const yaml = `${declare('both', 'varint')}ipfix:\n  mapping:\n    - {field: 230, destination: both}\n    - {field: 231, destination: both, endianness: little}\n`
  loadMapping(yaml, 'mapping.yaml')
  const values = { 'map.both': '0001', 'map.both.little': '0001' }
  assert.is(printed(yaml, values, layout(10, [230, null], [231, null])), '{"both":256}')
  assert.is(printed(yaml, values, layout(10, [231, null], [230, null])), '{"both":1}')
  assert.is(printed(yaml, { 'map.both': '0001' }, layout(10, [230, null], [231, null])), '{"both":1}')
})

test('text that would not fit the buffer is printed whole', () => {
  const yaml = `${declare('custom', 'string')}  render: {custom: string}\n${ipfix(230, 'custom')}`
  loadMapping(yaml, 'mapping.yaml')
  const text = printed(yaml, { 'map.custom': '00'.repeat(300_000) }, layout(10, [230, null]))
  assert.is(text, `{"custom":"${'\\u0000'.repeat(300_000)}"}`)
})

test.run()
