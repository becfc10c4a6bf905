import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BATCH_ROWS, FlowBatch } from '../flow/batch.ts'
import { defineField, F, type Field, PROTOCOL } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import { type CellValue, fillRow } from '../testing/fill-row.ts'
import { type LineSinkOptions, newLineSink } from './line-sink.ts'

type Values = Record<string, CellValue>

const POST_OCTETS = defineField('postOctetDeltaCount', 'u64', 'deltaCounter', 0, 23)

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
