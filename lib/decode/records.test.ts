import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BATCH_ROWS } from '../flow/batch.ts'
import { type Captures, NO_CAPTURES } from '../flow/captures.ts'
import { defineField, F, PROTOCOL } from '../flow/fields.ts'
import {
  ipv4,
  ipv6,
  join,
  received,
  type Specifier,
  specifiers,
  text,
  u8,
  u16,
  u32,
  u64,
  uint,
  variable,
  zeros,
} from '../testing/datagrams.ts'
import { RowCollector } from '../testing/rows.ts'
import { Issues } from './issues.ts'
import { newOrigin } from './origin.ts'
import { RecordReader } from './records.ts'
import { TemplateCompiler } from './template.ts'
import { decode, EXPORT_NS } from './testing/records.ts'

test('variable-length values come in the one-octet and in the three-octet form', () => {
  const fields: Specifier[] = [
    [82, 65535],
    [10, 4],
    [96, 65535],
  ]
  const one = join(variable(text('eth0')), u32(1), variable(text('dns'), 'long'))
  const two = join(variable([]), u32(2), variable(text('x'.repeat(300))))
  const { rows, issues } = decode(fields, join(one, two, zeros(3)))
  assert.equal(rows[0], { interfaceName: 'eth0', ingressInterface: 1, applicationName: 'dns' })
  assert.equal(rows[1], { interfaceName: '', ingressInterface: 2, applicationName: 'x'.repeat(300) })
  assert.equal(issues.entries(), [])
})

test('a variable-length value beyond its set ends the set, and the records before it stay', () => {
  const good = join(variable(text('ok')), u8(1))
  for (const bad of [join(u8(200), u8(1), u8(2)), join(u8(255), u16(65_535), u8(1)), join(u8(255), u8(1))]) {
    const { rows, issues } = decode(
      [
        [82, 65535],
        [4, 1],
      ],
      join(good, bad),
    )
    assert.is(rows.length, 1)
    assert.is(issues.count('recordTruncated'), 1)
  }
})

test('padding behind the records of a set is no record', () => {
  assert.is(decode([[10, 4]], join(u32(1), zeros(3))).count, 1)
  assert.is(decode([[82, 65535]], join(variable(text('a')), zeros(2))).count, 1)
})

test('paddingOctets and elements of no octets are skipped', () => {
  const { rows } = decode(
    [
      [210, 3],
      [4, 1],
      [10, 0],
      [210, 2],
      [5, 1],
    ],
    join(zeros(3), u8(6), zeros(2), u8(184)),
  )
  assert.equal(rows[0], { protocolIdentifier: 6, ipClassOfService: 184 })
})

test('of an element that is repeated the last counts', () => {
  const { rows, template } = decode(
    [
      [1, 4],
      [1, 8],
    ],
    join(u32(1), u64(2)),
  )
  assert.equal(rows[0], { octetDeltaCount: 2n })
  assert.equal(
    template!.layout.fields.map(({ field }) => field?.name),
    [undefined, 'octetDeltaCount'],
  )
})

test('unknown elements are skipped, or kept as octets when asked for', () => {
  const fields: Specifier[] = [
    [999, 2, 4242],
    [4, 1],
    [9999, 3],
  ]
  const record = join(u16(0xabcd), u8(6), uint(0x01_0203, 3))
  assert.equal(decode(fields, record).rows[0], { protocolIdentifier: 6 })
  assert.equal(decode(fields, record, { keepUnknown: true }).rows[0], {
    'e4242.id999': 'abcd',
    protocolIdentifier: 6,
    'e0.id9999': '010203',
  })
})

test('NetFlow v9 has no enterprise bit: numbers above 32767 are vendor elements', () => {
  const { rows } = decode(
    [
      [33_002, 2],
      [40_005, 1],
    ],
    join(u16(1), u8(2)),
    { protocol: PROTOCOL.netflow9 },
  )
  assert.equal(rows[0], { fwExtEvent: 1, FirewallEvent: 2 })
})

test('scope fields of NetFlow v9 options have numbers of their own', () => {
  const { rows, template } = decode(
    [
      [1, 4],
      [2, 4],
      [1, 4],
    ],
    join(ipv4('10.0.0.1'), u32(5), u32(7)),
    { protocol: PROTOCOL.netflow9, scopeCount: 2 },
  )
  assert.equal(rows[0], { scopeSystem: '0a000001', scopeInterface: 5, octetDeltaCount: 7n })
  assert.is(template!.layout.fields[0]!.enterprise, -2)
})

test('structured data stays apart from the record around it', () => {
  // A subTemplateList whose records hold ports and counters (RFC 6313 §4.5.2).
  const list = join(u8(3), u16(300), u16(1), u16(2), u64(3))
  const { rows } = decode(
    [
      [7, 2],
      [292, 65535],
      [1, 4],
    ],
    join(u16(443), variable(list), u32(99)),
  )
  assert.equal(rows[0], {
    sourceTransportPort: 443,
    subTemplateList: Buffer.from(list).toString('hex'),
    octetDeltaCount: 99n,
  })
})

test('a list that is not sound is counted and left out', () => {
  const bad = [
    join(u8(3), u16(82), u16(4), u8(1)), // one octet of values of four
    join(u8(3), u16(82)),
    join(u8(3), u16(82), u16(65535), u8(9), u8(1)), // a value beyond the list
  ]
  for (const list of bad) {
    const { rows, issues } = decode([[291, 65535]], variable(list))
    assert.equal(rows, [{}])
    assert.is(issues.count('listMalformed'), 1)
  }
})

test('lists in lists in lists end quickly', () => {
  let list = join(u8(3), u16(82), u16(65535), variable(text('deep')))
  for (let depth = 0; depth < 7; depth++) list = join(u8(3), u16(291), u16(65535), variable(list))
  assert.is(decode([[291, 65535]], variable(list)).issues.count('listMalformed'), 0)
  for (let depth = 0; depth < 200; depth++) list = join(u8(3), u16(291), u16(65535), variable(list, 'long'))
  assert.is(decode([[291, 65535]], variable(list)).issues.count('listMalformed'), 1)
})

test('captures copy the raw octets of elements beside what becomes of them', () => {
  const last = defineField('test.capture', 'octets')
  const every = defineField('test.captures', 'octets-list')
  const captures: Captures = {
    elements: [
      { protocol: 'ipfix', enterprise: 0, element: 1, field: last },
      { protocol: 'ipfix', enterprise: 0, element: 82, field: every },
      { protocol: 'netflow9', enterprise: 0, element: 4, field: last },
    ],
    frames: [],
    ports: [],
  }
  const fields: Specifier[] = [
    [1, 2],
    [82, 2],
    [4, 1],
    [82, 3],
  ]
  const records = join(
    join(u16(5), text('ab'), u8(6), text('cde')),
    join(u16(6), text('fg'), u8(7), text('hij')),
  )
  const { rows } = decode(fields, records, { captures })
  assert.equal(
    rows.map((row) => [row['test.capture'], row['test.captures'], row['octetDeltaCount']]),
    [
      ['0005', ['6162', '636465'], 5n],
      ['0006', ['6667', '68696a'], 6n],
    ],
  )
  const variableRows = decode(
    [
      [1, 65535],
      [82, 65535],
    ],
    join(variable(u16(5)), variable(text('z'))),
    { captures },
  )
  assert.equal(variableRows.rows[0]!['test.captures'], ['7a'])
})

test('more records than a batch holds are decoded in stretches', () => {
  const { count, batches } = decode([[4, 1]], new Uint8Array(65_535).fill(6))
  assert.is(count, 65_535)
  assert.is(batches[0], BATCH_ROWS)
  assert.is(
    batches.reduce((sum, rows) => sum + rows, 0),
    65_535,
  )
  const walked = decode([[4, 65535]], new Uint8Array(10_000).fill(1))
  assert.is(walked.count, 5000)
})

test('a list of several templates is sound when its lengths are', () => {
  const list = join(u8(4), u16(300), u16(8), u32(1), u16(301), u16(6), u16(2))
  assert.equal(decode([[293, list.length]], list).rows, [
    { subTemplateMultiList: Buffer.from(list).toString('hex') },
  ])
  const cut = decode([[293, list.length - 1]], list.subarray(0, list.length - 1))
  assert.is(cut.issues.count('listMalformed'), 1)
})

test('templates that can hold no record are refused', () => {
  const refused = (fields: Specifier[]) => decode(fields, []).issues.entries()[0]![0]
  assert.is(refused([]), 'templateEmpty')
  assert.is(refused([[1, 0]]), 'templateZeroLength')
  assert.is(refused(new Array<Specifier>(1025).fill([1, 4])), 'templateTooManyFields')
})

test('equal templates share their layout', () => {
  const compiler = new TemplateCompiler(NO_CAPTURES, false)
  const latin1 = Buffer.from(specifiers([[1, 4]])).toString('latin1')
  const a = compiler.compile(PROTOCOL.ipfix, 256, 0, latin1, new Issues(), 10)!
  const b = compiler.compile(PROTOCOL.ipfix, 257, 0, latin1, new Issues(), 10)!
  const c = compiler.compile(PROTOCOL.netflow9, 256, 0, latin1, new Issues(), 10)!
  assert.is(a.layout, b.layout)
  assert.is(a.shape, b.shape)
  assert.is.not(a.layout, c.layout)
  assert.is(b.id, 257)
  assert.is(a.layout.fields[0]!.field, F.octetDeltaCount)
})

test('frame sections become rows of one packet', () => {
  const frame = join(
    '005300000001 005300000002 0800',
    '4500 0054 0001 0000 40 11 0000 0a000001 0a000002',
    '0035 d5a2 0040 0000',
    zeros(20),
  )
  const { rows } = decode(
    [
      [312, 2],
      [315, 65535],
    ],
    join(u16(98), variable(frame)),
  )
  assert.is(rows[0]!['sourceAddress'], '10.0.0.1')
  assert.is(rows[0]!['sourceTransportPort'], 53)
  assert.is(rows[0]!['octetDeltaCount'], 98n)
  assert.is(rows[0]!['packetDeltaCount'], 1n)
  const bare = decode([[313, 28]], frame.subarray(14, 42))
  assert.is(bare.rows[0]!['destinationAddress'], '10.0.0.2')
  assert.is(bare.rows[0]!['octetDeltaCount'], 28n)
})

test('many records of variable length keep all that fixed ones have', () => {
  const fields: Specifier[] = [
    [82, 65535],
    [8, 4],
    [27, 16],
    [60, 1],
    [71, 3],
    [70, 3],
    [96, 65535],
    [22, 4],
    [1, 3],
  ]
  const record = (i: number) =>
    join(
      variable(text(`if${i}`)),
      ipv4(`10.0.0.${i}`),
      join(ipv6('2001:db8::1'), u8(i % 2 === 0 ? 4 : 6)),
      join(uint(0x21, 3), uint(0x10, 3), variable([])),
      join(u32(1_000_000 - i), uint(i, 3)),
    )
  const body = join(...Array.from({ length: 150 }, (_, i) => record(i)))
  const v9 = { protocol: PROTOCOL.netflow9 }
  const { rows, issues, records } = decode(fields, body, v9)
  assert.is(records, 150)
  assert.equal(issues.entries(), [])
  rows.forEach((row, i) => {
    assert.equal(row, {
      interfaceName: `if${i}`,
      sourceAddress: i % 2 === 0 ? `10.0.0.${i}` : '2001:db8::1',
      ipVersion: i % 2 === 0 ? 4 : 6,
      mplsLabelStack: [0x10, 0x21],
      applicationName: '',
      flowStart: EXPORT_NS - BigInt(i) * 1_000_000n,
      octetDeltaCount: BigInt(i),
      // The address that does not count is kept under its own name.
      ...(i % 2 === 0 ? { sourceIPv6Address: '2001:db8::1' } : { sourceIPv4Address: `10.0.0.${i}` }),
    })
  })
  const cut = decode(fields, body.subarray(0, body.length - 1), v9)
  assert.is(cut.count, 149)
  assert.is(cut.issues.count('recordTruncated'), 1)
})

test('a thousand elements of no octets cost nothing per record', () => {
  const empty = new Array<Specifier>(1000).fill([1, 0])
  const body = new Uint8Array(30_000).fill(1)
  const started = process.threadCpuUsage().user
  assert.is(decode([...empty, [82, 65535]], body).count, 15_000)
  assert.is(decode([...empty, [70, 1]], body).count, 30_000)
  assert.ok(process.threadCpuUsage().user - started < 500_000)
})

test('octets of one batch stay bounded however long the values are', () => {
  const compiler = new TemplateCompiler(NO_CAPTURES, false)
  const issues = new Issues()
  const latin1 = Buffer.from(specifiers([[82, 65535]])).toString('latin1')
  const template = compiler.compile(PROTOCOL.ipfix, 256, 0, latin1, issues, 10)!
  const datagram = received(variable(new Uint8Array(60_000).fill(97)))
  const origin = newOrigin(datagram)
  const collector = new RowCollector()
  const reader = new RecordReader(null)
  for (let i = 0; i < 300; i++) {
    const { from, to } = datagram
    reader.read(template, from, to, origin, collector.writer, { finish() {} }, issues)
  }
  assert.ok(collector.batches.length > 0)
})

test.run()
