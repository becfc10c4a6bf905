import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BATCH_ROWS } from '../flow/batch.ts'
import { type Captures, NO_CAPTURES } from '../flow/captures.ts'
import { defineField, F, PROTOCOL } from '../flow/fields.ts'
import {
  ipv4,
  ipv6,
  join,
  mac,
  ntp,
  type Octets,
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
import { type Row, RowCollector } from '../testing/rows.ts'
import { Issues } from './issues.ts'
import { fillOrigin, newOrigin } from './origin.ts'
import { FrameReader } from './packet.ts'
import { RecordReader } from './records.ts'
import { TemplateCompiler } from './template.ts'

const EXPORT_NS = 1_700_000_000_000_000_000n

interface Options {
  readonly protocol?: number
  readonly scopeCount?: number
  readonly captures?: Captures
  readonly keepUnknown?: boolean
  readonly uptime?: number
  readonly rowsBefore?: number
}

/** Decodes a set of records under a template; the rows without their origin columns. */
function decode(fields: readonly Specifier[], body: Octets, options: Options = {}) {
  const protocol = options.protocol ?? PROTOCOL.ipfix
  const captures = options.captures ?? NO_CAPTURES
  const issues = new Issues()
  const compiler = new TemplateCompiler(captures, options.keepUnknown ?? false)
  const latin1 = Buffer.from(specifiers(fields)).toString('latin1')
  const template = compiler.compile(protocol, 256, options.scopeCount ?? 0, latin1, issues, 1024)
  if (template === null) return { rows: [] as Row[], issues, count: 0, records: 0, batches: [], template }
  const datagram = received(body)
  const origin = newOrigin(datagram)
  origin.protocol = protocol
  origin.exportTime[0] = EXPORT_NS
  origin.systemUptime = protocol === PROTOCOL.ipfix ? -1 : (options.uptime ?? 1_000_000)
  origin.layout = template.layout
  const collector = new RowCollector()
  const reader = new RecordReader(new FrameReader(captures, issues))
  let finished = 0
  const finisher = {
    finish(...[batch, from, to, what]: Parameters<typeof fillOrigin>) {
      finished += to - from
      fillOrigin(batch, from, to, what)
    },
  }
  const { from, to } = datagram
  const count = reader.read(template, from, to, origin, collector.writer, finisher, issues)
  const rows = collector.rows().map((row) => {
    for (const name of ORIGIN) delete row[name]
    return row
  })
  assert.is(rows.length, count)
  assert.is(finished, count)
  return { rows, issues, count, records: reader.recordCount, batches: collector.batches, template }
}

const ORIGIN = [
  'exportProtocol',
  'timeReceived',
  'exportTime',
  'exporterAddress',
  'exporterPort',
  'sequenceNumber',
  'systemUptime',
  'layout',
]

/** The only row of a record of one element. */
function value(specifier: Specifier, octets: Octets, options: Options = {}): Row {
  const { rows } = decode([specifier], octets, options)
  assert.is(rows.length, 1)
  return rows[0]!
}

test('unsigned integers are read in any number of octets', () => {
  assert.equal(value([1, 1], u8(200)), { octetDeltaCount: 200n })
  assert.equal(value([1, 3], uint(0x12_3456, 3)), { octetDeltaCount: 0x12_3456n })
  assert.equal(value([1, 4], u32(0xffff_ffff)), { octetDeltaCount: 0xffff_ffffn })
  assert.equal(value([1, 5], uint(0x12_3456_789an, 5)), { octetDeltaCount: 0x12_3456_789an })
  assert.equal(value([1, 6], uint(0x8000_0000_0001n, 6)), { octetDeltaCount: 0x8000_0000_0001n })
  assert.equal(value([1, 7], uint(0xff_ffff_ffff_ffffn, 7)), { octetDeltaCount: 0xff_ffff_ffff_ffffn })
  assert.equal(value([1, 8], u64(18_446_744_073_709_551_615n)), {
    octetDeltaCount: 18_446_744_073_709_551_615n,
  })
  assert.equal(value([10, 1], u8(7)), { ingressInterface: 7 })
  assert.equal(value([10, 2], u16(700)), { ingressInterface: 700 })
  assert.equal(value([10, 3], uint(70_000, 3)), { ingressInterface: 70_000 })
  assert.equal(value([6, 1], u8(0x1b)), { tcpControlBits: 0x1b })
})

test('of integers longer than their type the low-order octets count', () => {
  assert.equal(value([7, 4], u32(0x0001_01bb)), { sourceTransportPort: 443 })
  assert.equal(value([4, 2], u16(6)), { protocolIdentifier: 6 })
  assert.equal(value([10, 8], u64(0x1_0000_0005n)), { ingressInterface: 5 })
  assert.equal(value([1, 12], join(u32(9), u64(5))), { octetDeltaCount: 5n })
})

test('signed integers keep their sign in any number of octets', () => {
  for (const octets of [1, 2, 3, 4, 5, 6, 7, 8]) {
    assert.equal(value([434, octets], uint(-5, octets)), { mibObjectValueInteger: -5n }, `${octets} octets`)
    assert.equal(value([434, octets], uint(100, octets)), { mibObjectValueInteger: 100n })
  }
})

test('floats come in four or eight octets', () => {
  const eight = new Uint8Array(8)
  new DataView(eight.buffer).setFloat64(0, 0.1)
  const four = new Uint8Array(4)
  new DataView(four.buffer).setFloat32(0, 0.25)
  assert.equal(value([311, 8], eight), { samplingProbability: 0.1 })
  assert.equal(value([311, 4], four), { samplingProbability: 0.25 })
  assert.equal(value([311, 3], zeros(3)), {})
})

test('addresses of both families and MACs', () => {
  const { rows } = decode(
    [
      [27, 16],
      [12, 4],
      [56, 6],
    ],
    join(ipv6('2001:db8::1'), ipv4('192.0.2.1'), mac('00:53:00:ab:cd:ef')),
  )
  assert.equal(rows[0], {
    sourceAddress: '2001:db8::1',
    destinationAddress: '192.0.2.1',
    sourceMacAddress: '00:53:00:ab:cd:ef',
  })
})

test('where both families come in one record the one that is not zero wins', () => {
  const fields: Specifier[] = [
    [8, 4],
    [27, 16],
    [9, 1],
    [29, 1],
  ]
  const v4 = join(ipv4('10.0.0.1'), zeros(16), u8(24), u8(0))
  const v6 = join(zeros(4), ipv6('2001:db8::1'), u8(0), u8(48))
  const { rows } = decode(fields, join(v4, v6))
  assert.equal(rows[0], { sourceAddress: '10.0.0.1', sourcePrefixLength: 24 })
  assert.equal(rows[1], { sourceAddress: '2001:db8::1', sourcePrefixLength: 48 })
  const reversed = decode([fields[1]!, fields[0]!], join(zeros(16), ipv4('10.0.0.1'), ipv6('::5'), zeros(4)))
  assert.equal(
    reversed.rows.map((row) => row['sourceAddress']),
    ['10.0.0.1', '::5'],
  )
})

test('where both families come with the IP version, that decides', () => {
  const fields: Specifier[] = [
    [8, 4],
    [27, 16],
    [60, 1],
  ]
  const stale = ipv6('2001:db8::dead')
  const { rows } = decode(
    fields,
    join(
      join(ipv4('10.0.0.1'), stale, u8(4)),
      join(ipv4('10.0.0.2'), stale, u8(6)),
      join(zeros(4), stale, u8(4)),
    ),
  )
  assert.equal(
    rows.map((row) => row['sourceAddress']),
    ['10.0.0.1', '2001:db8::dead', '0.0.0.0'],
  )
})

test('a next hop of the other family than the packet is kept', () => {
  const { rows } = decode(
    [
      [15, 4],
      [62, 16],
      [60, 1],
    ],
    join(zeros(4), ipv6('fe80::1'), u8(4)),
  )
  assert.is(rows[0]!['nextHopAddress'], 'fe80::1')
})

test('of two start times the last has the shared column, the other one of its own', () => {
  const { rows } = decode(
    [
      [150, 4],
      [152, 8],
    ],
    join(u32(1_600_000_000), u64(1_600_000_000_123)),
  )
  assert.equal(rows[0], {
    flowStartSeconds: 1_600_000_000_000_000_000n,
    flowStart: 1_600_000_000_123_000_000n,
  })
})

test('times of every element become nanoseconds since the epoch', () => {
  const ns = 1_712_345_678_123_456_789n
  assert.equal(value([150, 4], u32(1_712_345_678)), { flowStart: 1_712_345_678_000_000_000n })
  assert.equal(value([151, 4], u32(4_294_967_295)), { flowEnd: 4_294_967_295_000_000_000n })
  assert.equal(value([152, 8], u64(1_712_345_678_123)), { flowStart: 1_712_345_678_123_000_000n })
  assert.equal(value([154, 8], ntp(ns)), { flowStart: ns })
  assert.equal(value([156, 8], ntp(ns)), { flowStart: ns })
  assert.equal(value([157, 8], zeros(8)), { flowEnd: 0n })
  assert.equal(value([158, 4], u32(4_000_000_000)), { flowStart: EXPORT_NS - 4_000_000_000_000n })
  assert.equal(value([159, 4], u32(1)), { flowEnd: EXPORT_NS - 1000n })
  assert.equal(value([323, 8], u64(1_712_345_678_123)), {
    observationTimeMilliseconds: 1_712_345_678_123_000_000n,
  })
})

test('NTP fractions floor to the nanosecond, exactly', () => {
  for (const fraction of [0, 1, 4, 5, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x4000_0000, 123_456_789]) {
    const octets = join(u32(2_208_988_800 + 5), u32(fraction))
    const expected = 5_000_000_000n + ((BigInt(fraction) * 1_000_000_000n) >> 32n)
    assert.equal(value([156, 8], octets), { flowStart: expected })
  }
  // After 2036 the era's count of seconds begins again.
  assert.equal(value([156, 8], join(u32(0), u32(0x8000_0000))), { flowStart: 2_085_978_496_500_000_000n })
})

test('NetFlow v9 times are differences of a 32-bit uptime, signed', () => {
  const v9 = { protocol: PROTOCOL.netflow9 }
  assert.equal(value([22, 4], u32(999_000), v9), { flowStart: EXPORT_NS - 1_000_000_000n })
  assert.equal(value([21, 4], u32(1_000_003), v9), { flowEnd: EXPORT_NS + 3_000_000n })
  assert.equal(value([22, 4], u32(0xffff_fff0), { ...v9, uptime: 16 }), {
    flowStart: EXPORT_NS - 32_000_000n,
  })
})

test('NetFlow v9 times of eight octets are an uptime too, or milliseconds since the epoch', () => {
  const v9 = { protocol: PROTOCOL.netflow9 }
  assert.equal(value([22, 8], u64(999_000), v9), { flowStart: EXPORT_NS - 1_000_000_000n })
  assert.equal(value([21, 8], u64(1_699_999_999_123), v9), { flowEnd: 1_699_999_999_123_000_000n })
  assert.equal(value([22, 3], uint(999_000, 3), v9), { flowStart: EXPORT_NS - 1_000_000_000n })
})

test('IPFIX uptimes count from the boot time of the same record', () => {
  const boot = 1_690_000_000_000
  const { rows } = decode(
    [
      [22, 4],
      [21, 4],
      [160, 8],
    ],
    join(u32(5000), u32(4_000_000_000), u64(boot)),
  )
  assert.is(rows[0]!['flowStart'], 1_690_000_005_000_000_000n)
  assert.is(rows[0]!['flowEnd'], 1_694_000_000_000_000_000n)
  assert.is(rows[0]!['flowStartSysUpTime'], 5000)
  assert.equal(value([22, 4], u32(5000)), { flowStartSysUpTime: 5000 })
})

test('label stack entries form one list in the order of the stack', () => {
  const { rows } = decode(
    [
      [71, 3],
      [4, 1],
      [70, 3],
      [72, 3],
    ],
    join(uint(0x22, 3), u8(17), uint(0x4e2511, 3), zeros(3)),
  )
  assert.equal(rows[0], { protocolIdentifier: 17, mplsLabelStack: [0x4e2511, 0x22, 0] })
})

test('ICMP type and code come together or apart', () => {
  assert.equal(value([32, 2], u16(0x0301)), { icmpTypeCode: 0x0301 })
  assert.equal(value([139, 2], u16(0x8000)), { icmpTypeCode: 0x8000 })
  const { rows } = decode(
    [
      [177, 1],
      [176, 1],
    ],
    join(u8(1), u8(3), u8(0), u8(8)),
  )
  assert.equal(
    rows.map((row) => row['icmpTypeCode']),
    [0x0301, 0x0800],
  )
})

test('a template without ICMP elements may hide type and code in the destination port', () => {
  const fields: Specifier[] = [
    [4, 1],
    [7, 2],
    [11, 2],
  ]
  const { rows } = decode(
    fields,
    join(u8(1), u16(0), u16(2048), u8(1), u16(5), u16(2048), u8(6), u16(0), u16(80)),
  )
  assert.equal(
    rows.map((row) => row['icmpTypeCode']),
    [2048, undefined, undefined],
  )
  const own = decode([...fields, [32, 2]], join(u8(1), u16(0), u16(2048), u16(0)))
  assert.is(own.rows[0]!['icmpTypeCode'], 0)
})

test('physical interfaces stand in where the logical one is 0 or absent', () => {
  const { rows } = decode(
    [
      [10, 4],
      [252, 4],
      [253, 4],
    ],
    join(u32(0), u32(1_342_177_291), u32(9), u32(5), u32(6), u32(0)),
  )
  assert.is(rows[0]!['ingressInterface'], 1_342_177_291)
  assert.is(rows[0]!['egressInterface'], 9)
  assert.is(rows[0]!['ingressPhysicalInterface'], 1_342_177_291)
  assert.is(rows[1]!['ingressInterface'], 5)
  assert.is(rows[1]!['egressInterface'], undefined)
})

test("Juniper's forwarding exception code tells what was dropped", () => {
  const fields: Specifier[] = [
    [137, 4, 2636],
    [137, 2, 2636],
    [10, 4],
  ]
  const record = (code: number) => join(u32(0x0400_0000), u16(code), u32(1))
  const { rows } = decode(fields, join(record(0x0800 | 66), record(0x0800), record(0x0c01)))
  assert.equal(
    rows.map((row) => row['forwardingStatus']),
    [128, 64, undefined],
  )
})

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

test('integers of variable length are read by the length that came', () => {
  const fields: Specifier[] = [
    [1, 65535],
    [8, 65535],
  ]
  const { rows } = decode(
    fields,
    join(variable(u16(500)), variable(ipv4('10.0.0.1')), variable([]), variable(zeros(3))),
  )
  assert.equal(rows, [{ octetDeltaCount: 500n, sourceAddress: '10.0.0.1' }, {}])
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

test('a biflow gives two rows, the second seen from the other end', () => {
  const fields: Specifier[] = [
    [8, 4],
    [12, 4],
    [7, 2],
    [11, 2],
    [4, 1],
    [10, 4],
    [2, 4],
    [2, 4, 29305],
    [1, 8],
    [1, 8, 29305],
    [152, 8],
    [6, 1],
    [6, 1, 29305],
    [85, 4],
  ]
  const record = (back: number) =>
    join(
      ipv4('10.0.0.1'),
      ipv4('192.0.2.1'),
      join(u16(51234), u16(443), u8(6), u32(10)),
      join(u32(5), u32(back), u64(500), u64(back * 1000)),
      join(u64(1_700_000_000_000), u8(2), u8(18), u32(77)),
    )
  const { rows, records, count } = decode(fields, join(record(3), record(0)))
  assert.is(records, 2)
  assert.is(count, 3)
  assert.equal(rows[0], {
    biflowHalf: 2,
    sourceAddress: '10.0.0.1',
    destinationAddress: '192.0.2.1',
    sourceTransportPort: 51234,
    destinationTransportPort: 443,
    protocolIdentifier: 6,
    ingressInterface: 10,
    packetDeltaCount: 5n,
    reversePacketDeltaCount: 3n,
    octetDeltaCount: 500n,
    reverseOctetDeltaCount: 3000n,
    flowStart: EXPORT_NS,
    tcpControlBits: 2,
    reverseTcpControlBits: 18,
    octetTotalCount: 77n,
  })
  assert.equal(rows[1], {
    biflowHalf: 1,
    sourceAddress: '192.0.2.1',
    destinationAddress: '10.0.0.1',
    sourceTransportPort: 443,
    destinationTransportPort: 51234,
    protocolIdentifier: 6,
    egressInterface: 10,
    packetDeltaCount: 3n,
    octetDeltaCount: 3000n,
    flowStart: EXPORT_NS,
    tcpControlBits: 18,
  })
  assert.is(rows[2]!['biflowHalf'], undefined)
  assert.is(rows[2]!['packetDeltaCount'], 5n)
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

test('biflows fill batches to the last row but one', () => {
  const fields: Specifier[] = [
    [2, 1],
    [2, 1, 29305],
  ]
  const { count, records } = decode(fields, new Uint8Array(20_001).fill(1))
  assert.is(records, 10_000)
  assert.is(count, 20_000)
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
    })
  })
  const cut = decode(fields, body.subarray(0, body.length - 1), v9)
  assert.is(cut.count, 149)
  assert.is(cut.issues.count('recordTruncated'), 1)
})

test('an address of variable length still gives way to the other family', () => {
  const fields: Specifier[] = [
    [8, 65535],
    [27, 16],
  ]
  const { rows } = decode(
    fields,
    join(variable(ipv4('10.0.0.1')), zeros(16), variable(zeros(4)), ipv6('::7')),
  )
  assert.equal(
    rows.map((row) => row['sourceAddress']),
    ['10.0.0.1', '::7'],
  )
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
