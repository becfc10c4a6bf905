import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  dataSet,
  ipfixMessage,
  ipv4,
  ipv6,
  join,
  mac,
  netflow5Datagram,
  netflow9Datagram,
  ntp,
  type Specifier,
  templateSet,
  text,
  u8,
  u16,
  u32,
  u64,
  uint,
  variable,
  zeros,
} from '../testing/datagrams.ts'
import { newSubject, type Row } from './testing/subject.ts'

// Traps of values that other collectors fall into, each by name. Those of messages and templates are in
// traps-messages.test.ts, of sampling in sampling.test.ts, of sequence numbers in sequence.test.ts, of sFlow in
// sflow.test.ts.

const EXPORTED = 1_700_000_000
const exportedMs = BigInt(EXPORTED) * 1000n
const UPTIME = 1_000_000

/** Decodes records of one template in one datagram. */
function decode(
  version: 9 | 10,
  fields: readonly Specifier[],
  records: readonly number[][],
  uptime = UPTIME,
): Row[] {
  const sets = [templateSet(version, [[256, fields]]), dataSet(256, records)]
  const message = version === 9 ? netflow9Datagram({ sets, uptime }) : ipfixMessage({ sets })
  return newSubject().take(message)
}

const ms = (row: Row | undefined, name: string) => BigInt(row![name] as bigint) / 1_000_000n
const SWITCHED: Specifier[] = [
  [22, 4],
  [21, 4],
]

test('NetFlow v9: a flow that ends a few ms after the header was written is not dated 49.7 days back', () => {
  const [row] = decode(9, SWITCHED, [[...u32(UPTIME - 50), ...u32(UPTIME + 3)]])
  assert.is(ms(row, 'flowStart'), exportedMs - 50n)
  assert.is(ms(row, 'flowEnd'), exportedMs + 3n)
})

test('NetFlow v5: a flow that ends a few ms after the header was written is not dated 49.7 days back', () => {
  const [row] = newSubject().take(
    netflow5Datagram([{ first: UPTIME - 50, last: UPTIME + 3 }], { uptime: UPTIME }),
  )
  assert.is(ms(row, 'flowStart'), exportedMs - 50n)
  assert.is(ms(row, 'flowEnd'), exportedMs + 3n)
})

test('an uptime that wrapped between the start and the end of a flow gives the right start', () => {
  const first = u32(0xffffff00)
  const [v9] = decode(9, SWITCHED, [[...first, ...u32(100)]], 200)
  assert.is(ms(v9, 'flowStart'), exportedMs - 456n)
  assert.is(ms(v9, 'flowEnd'), exportedMs - 100n)
  const [v5] = newSubject().take(netflow5Datagram([{ first: 0xffffff00, last: 100 }], { uptime: 200 }))
  assert.is(ms(v5, 'flowStart'), exportedMs - 456n)
})

test('NetFlow v9: uptimes in eight octets, as NX-OS sends them, are read', () => {
  const [row] = decode(
    9,
    [
      [22, 8],
      [21, 8],
    ],
    [[...u64(UPTIME - 10), ...u64(UPTIME)]],
  )
  assert.is(ms(row, 'flowStart'), exportedMs - 10n)
})

test('counters in one, three and five octets are read', () => {
  const [row] = decode(
    10,
    [
      [2, 1],
      [1, 3],
      [85, 5],
    ],
    [[...u8(7), ...uint(70_000, 3), ...uint(2 ** 32 + 1, 5)]],
  )
  assert.is(row!['packetDeltaCount'], 7)
  assert.is(row!['octetDeltaCount'], 70_000)
  assert.is(row!['octetTotalCount'], 2 ** 32 + 1)
})

test('a counter of 64 bits keeps every bit', () => {
  const [row] = decode(10, [[1, 8]], [u64(0xffffffffffffffffn)])
  assert.is(row!['octetDeltaCount'], 0xffffffffffffffffn)
})

test('variable lengths come in the short and in the three-octet form, alone in a template too', () => {
  const rows = decode(
    10,
    [[82, 65535]],
    [[...variable(text('eth0'))], [...variable(text('e'.repeat(300)))], [...variable(text('lo'), 'long')]],
  )
  assert.equal(
    rows.map((row) => row['interfaceName']),
    ['eth0', 'e'.repeat(300), 'lo'],
  )
})

test('RFC 5103: reverse elements make a second flow, and an element 1 of another enterprise is no byte count', () => {
  const fields: Specifier[] = [
    [8, 4],
    [12, 4],
    [7, 2],
    [11, 2],
    [1, 4],
    [1, 4, 29305],
    [1, 4, 64_999],
  ]
  const record = [
    ...ipv4('10.0.0.1'),
    ...ipv4('10.0.0.2'),
    ...u16(1111),
    ...u16(53),
    ...u32(100),
    ...u32(900),
    ...u32(5),
  ]
  const [there, back, ...more] = decode(10, fields, [record])
  assert.is(more.length, 0)
  assert.equal([there!['sourceAddress'], there!['octetDeltaCount']], ['10.0.0.1', 100])
  assert.equal([back!['sourceAddress'], back!['octetDeltaCount']], ['10.0.0.2', 900])
  assert.equal([back!['sourceTransportPort'], back!['destinationTransportPort']], [53, 1111])
})

test('nanoseconds (156, 157) are NTP timestamps and not counts since 1970', () => {
  const [row] = decode(10, [[156, 8]], [ntp(1_699_999_999_123_456_789n)])
  assert.is(row!['flowStart'], 1_699_999_999_123_456_789n)
})

test('delta microseconds (158, 159) count back from the export time', () => {
  const fields: Specifier[] = [
    [158, 4],
    [159, 4],
  ]
  const [row] = decode(10, fields, [[...u32(2_500_000), ...u32(500_000)]])
  assert.is(ms(row, 'flowStart'), exportedMs - 2500n)
  assert.is(ms(row, 'flowEnd'), exportedMs - 500n)
})

test('times in seconds and milliseconds, and of events and observations, are all accepted', () => {
  const [seconds] = decode(10, [[150, 4]], [u32(EXPORTED - 5)])
  assert.is(ms(seconds, 'flowStart'), exportedMs - 5000n)
  const [milliseconds] = decode(10, [[152, 8]], [u64(exportedMs - 7n)])
  assert.is(ms(milliseconds, 'flowStart'), exportedMs - 7n)
  for (const element of [258, 323]) {
    const [event] = decode(10, [[element, 8]], [u64(exportedMs - 1n)])
    assert.ok(Object.values(event!).includes((exportedMs - 1n) * 1_000_000n), String(element))
  }
})

test('a list inside a record does not replace the ports and counters of the record (RFC 6313)', () => {
  const fields: Specifier[] = [
    [7, 2],
    [1, 4],
    [292, 65535],
  ]
  // Semantic allOf, template 257: one record that holds a port and a counter of its own.
  const list = [...u8(3), ...u16(257), ...u16(9999), ...u32(7)]
  const subject = newSubject()
  const [row] = subject.take(
    ipfixMessage({
      sets: [
        templateSet(10, [
          [
            257,
            [
              [7, 2],
              [1, 4],
            ],
          ],
          [256, fields],
        ]),
        dataSet(256, [[...u16(443), ...u32(1500), ...variable(list)]]),
      ],
    }),
  )
  assert.equal([row!['sourceTransportPort'], row!['octetDeltaCount']], [443, 1500])
})

test('paddingOctets (210) may come several times with different lengths', () => {
  const fields: Specifier[] = [
    [210, 1],
    [1, 4],
    [210, 3],
    [2, 4],
  ]
  const [row] = decode(10, fields, [[0, ...u32(10), 0, 0, 0, ...u32(1)]])
  assert.equal([row!['octetDeltaCount'], row!['packetDeltaCount']], [10, 1])
})

test('both families in one record: the version decides, else the address that is not zero', () => {
  const both: Specifier[] = [
    [8, 4],
    [27, 16],
  ]
  const [four] = decode(10, both, [[...ipv4('10.0.0.1'), ...zeros(16)]])
  assert.is(four!['sourceAddress'], '10.0.0.1')
  const [six] = decode(10, both, [[...zeros(4), ...ipv6('2001:db8::1')]])
  assert.is(six!['sourceAddress'], '2001:db8::1')
  const versioned = decode(10, [...both, [60, 1]], [[...ipv4('10.0.0.1'), ...ipv6('2001:db8::1'), 4]])
  assert.is(versioned[0]!['sourceAddress'], '10.0.0.1')
})

test('ICMP type and code come from 32, 139 and 176 to 179, else from the destination port', () => {
  const port: Specifier[] = [
    [4, 1],
    [11, 2],
  ]
  assert.is(decode(9, port, [[1, ...u16(0x0800)]])[0]!['icmpTypeCode'], 0x0800)
  assert.is(decode(9, port, [[58, ...u16(0x8000)]])[0]!['icmpTypeCode'], 0x8000)
  assert.is(decode(9, port, [[6, ...u16(0x0800)]])[0]!['icmpTypeCode'], undefined)
  assert.is(decode(10, [...port, [32, 2]], [[1, ...u16(1), ...u16(0x0301)]])[0]!['icmpTypeCode'], 0x0301)
  assert.is(decode(10, [[139, 2]], [u16(0x8700)])[0]!['icmpTypeCode'], 0x8700)
  const apart: Specifier[] = [
    [178, 1],
    [179, 1],
  ]
  assert.is(decode(10, apart, [[129, 2]])[0]!['icmpTypeCode'], 129 * 256 + 2)
})

test('TCP flags are read from one octet or two', () => {
  assert.is(decode(10, [[6, 1]], [[0x1b]])[0]!['tcpControlBits'], 0x1b)
  assert.is(decode(10, [[6, 2]], [u16(0x01c2)])[0]!['tcpControlBits'], 0x01c2)
})

test('deltas, totals and initiator counters of one record stay apart', () => {
  const fields: Specifier[] = [
    [1, 4],
    [85, 4],
    [231, 4],
    [232, 4],
    [352, 4],
  ]
  const [row] = decode(10, fields, [[...u32(1), ...u32(2), ...u32(3), ...u32(4), ...u32(5)]])
  assert.is(row!['octetDeltaCount'], 1)
  assert.is(row!['octetTotalCount'], 2)
  assert.is(row!['initiatorOctets'], 3)
  assert.is(row!['responderOctets'], 4)
  assert.is(row!['layer2OctetDeltaCount'], 5)
})

test('802.1Q VLANs (243, 254), physical interfaces (252, 253) and translated addresses are read', () => {
  const fields: Specifier[] = [
    [10, 4],
    [252, 4],
    [253, 4],
    [243, 2],
    [254, 2],
    [225, 4],
    [228, 2],
    [56, 6],
  ]
  const record = join(
    u32(0),
    u32(77),
    u32(78),
    u16(4),
    u16(5),
    ipv4('192.0.2.9'),
    u16(53),
    mac('020000000001'),
  )
  const [row] = decode(10, fields, [[...record]])
  assert.equal([row!['ingressInterface'], row!['egressInterface']], [77, 78])
  assert.equal([row!['dot1qVlanId'], row!['postDot1qVlanId']], [4, 5])
  assert.is(row!['postNatSourceAddress'], '192.0.2.9')
  assert.is(row!['postNAPTDestinationTransportPort'], 53)
})

test('MPLS labels that are zero, and those past the third, are kept in order', () => {
  const fields: Specifier[] = [
    [70, 3],
    [71, 3],
    [73, 3],
  ]
  const [row] = decode(9, fields, [[...uint(0x012340, 3), 0, 0, 0, ...uint(0x000021, 3)]])
  assert.equal(row!['mplsLabelStack'], [0x012340, 0, 0x21])
})

test("Juniper's exception code in its common properties is a forwarding status", () => {
  const [dropped] = decode(10, [[137, 2, 2636]], [u16((2 << 10) | 0x80)])
  assert.ok(typeof dropped!['forwardingStatus'] === 'number')
  const [other] = decode(10, [[137, 2, 2636]], [u16((1 << 10) | 0x80)])
  assert.is(other!['forwardingStatus'], undefined)
})

test.run()
