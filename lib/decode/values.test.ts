import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { PROTOCOL } from '../flow/fields.ts'
import {
  ipv4,
  ipv6,
  join,
  mac,
  ntp,
  type Specifier,
  u8,
  u16,
  u32,
  u64,
  uint,
  variable,
  zeros,
} from '../testing/datagrams.ts'
import { decode, EXPORT_NS, value } from './testing/records.ts'

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

test.run()
