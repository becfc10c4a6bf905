import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { join, u16, u32, zeros } from '../testing/datagrams.ts'
import { frame, packet, transport, udp } from './testing/packets.ts'
import { Subject, type TrackedRow } from './testing/subject.ts'

const test = suite('tracker')

/** Flow and totals of each reported flow. */
const brief = (rows: readonly TrackedRow[]) =>
  rows
    .filter((row) => row['trackedFlowId'] !== undefined)
    .map((row) =>
      [
        `${row['sourceAddress']}:${row['sourceTransportPort']}`,
        `${row['destinationAddress']}:${row['destinationTransportPort']}`,
        `${row['initiatorPackets']}/${row['initiatorOctets']}`,
        `${row['responderPackets'] ?? '-'}/${row['responderOctets'] ?? '-'}`,
        row['flowEndReason'],
      ].join(' '),
    )

const ask = transport({ ports: [40000, 53] })
const answer = transport({
  from: '10.0.0.2',
  to: '10.0.0.1',
  ports: [53, 40000],
  payload: zeros(90),
  fromMac: '02:00:00:00:00:02',
  toMac: '02:00:00:00:00:01',
})

test('both directions are one flow whose source sent the first packet', () => {
  for (const [first, second, want] of [
    [ask, answer, '10.0.0.1:40000 10.0.0.2:53 1/52 1/132 4'],
    [answer, ask, '10.0.0.2:53 10.0.0.1:40000 1/132 1/52 4'],
  ] as const) {
    const subject = new Subject()
    subject.at(1000, first)
    subject.at(1001, second)
    const rows = subject.close()
    assert.equal(brief(rows), [want])
    assert.equal(
      rows.map((row) => [row['biflowHalf'], row['octetDeltaCount'], row['packetDeltaCount']]),
      first === ask
        ? [
            [2, 38, 1],
            [1, 118, 1],
          ]
        : [
            [2, 118, 1],
            [1, 38, 1],
          ],
    )
  }
})

test('between equal addresses ports decide by their octets in the key, low octet first', () => {
  // 255 is ff 00 there, 256 is 00 01: 256 is the lesser.
  const own = { from: '127.0.0.1', to: '127.0.0.1', fromMac: '00:00:00:00:00:00', toMac: '00:00:00:00:00:00' }
  for (const ports of [
    [255, 256],
    [256, 255],
  ] as const) {
    const subject = new Subject()
    subject.at(1000, transport({ ...own, ports }))
    const [row] = subject.close()
    assert.is(row!['sourceTransportPort'], ports[0])
    const id = Buffer.from(String(row!['trackedFlowId']), 'base64')
    assert.equal([...id.subarray(-4)], [0x00, 0x01, 0xff, 0x00])
  }
})

test('the worked example of a flow id comes out', () => {
  const subject = new Subject()
  subject.at(
    1000,
    transport({
      protocol: 6,
      from: '203.0.113.3',
      to: '198.51.100.2',
      ports: [38901, 80],
      vlans: [171],
      fromMac: '01:02:03:04:05:06',
      toMac: '06:05:04:03:02:01',
    }),
  )
  assert.is(
    subject.close()[0]!['trackedFlowId'],
    'FQQA/wz/Dv//////Fv8BAQEBAgMEBQYGBQQDAgGrAMsAcQPGM2QC9ZdQAA',
  )
})

test('live flows are reported each period with the whole so far, and rows with what is new', () => {
  const subject = new Subject()
  subject.at(5000, ask)
  assert.equal(subject.rowsAt(19_999), [])
  const [first] = subject.rowsAt(20_000)
  assert.is(first!['flowEndReason'], 2)
  assert.is(first!['timeReceived'], 20_000)
  subject.at(21_000, ask)
  const [second] = subject.rowsAt(30_000)
  assert.is(second!['initiatorPackets'], 2)
  assert.is(second!['packetDeltaCount'], 1)
  assert.is(second!['flowStart'], 21_000)
  assert.is(second!['trackedStart'], 5000)
  const [idle] = subject.rowsAt(40_000)
  assert.is(idle!['packetDeltaCount'], 0)
  assert.is(idle!['initiatorPackets'], 2)
})

test('a flow ends at the first timeout tick that finds it idle for longer than the timeout', () => {
  // Ticks of the timeout: 40, 70, 100 s.
  const subject = new Subject({ periodMs: -1 })
  subject.at(10_000, ask)
  assert.equal(subject.rowsAt(40_000), [], 'idle for exactly the timeout')
  assert.equal(brief(subject.rowsAt(70_000)), ['10.0.0.1:40000 10.0.0.2:53 1/52 -/- 1'])
  assert.is(subject.tracker.table.count, 0)
  subject.at(71_000, ask)
  assert.equal(brief(subject.close()), ['10.0.0.1:40000 10.0.0.2:53 1/52 -/- 4'], 'a new flow')
})

test('with deltas each report begins at zero', () => {
  const subject = new Subject({ isDelta: true })
  subject.at(11_000, ask)
  subject.at(11_001, answer)
  assert.equal(brief(subject.rowsAt(30_000)), ['10.0.0.1:40000 10.0.0.2:53 1/52 1/132 2'])
  assert.equal(brief(subject.close()), ['10.0.0.1:40000 10.0.0.2:53 0/0 0/0 4'])
})

test('idle flows are left out where no documents are made', () => {
  const subject = new Subject({ isReportingIdle: false })
  subject.at(11_000, ask)
  assert.is(subject.rowsAt(30_000).length, 1)
  assert.is(subject.rowsAt(40_000).length, 0)
})

test('a full table reports the flow that was idle longest, and says so', () => {
  const subject = new Subject({ mostFlows: 3 })
  for (const [i, port] of [1, 2, 3].entries()) subject.at(11_000 + i, transport({ ports: [port, 53] }))
  subject.at(11_010, transport({ ports: [1, 53] }))
  subject.at(11_020, transport({ ports: [4, 53] }))
  const rows = subject.take()
  assert.equal(brief(rows), ['10.0.0.1:2 10.0.0.2:53 1/52 -/- 5'])
  assert.is(subject.tracker.evicted, 1)
  assert.is(subject.close().length, 3)
})

test('a flood of new flows costs no more memory than the bound', () => {
  const subject = new Subject({ mostFlows: 1000 })
  for (let i = 0; i < 50_000; i++) {
    const from = `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`
    subject.at(11_000, transport({ from, ports: [i & 0xffff, 80], protocol: 6, flags: 2 }))
    if (i % 1000 === 0) subject.take()
  }
  assert.is(subject.tracker.table.count, 1000)
  assert.is(subject.tracker.evicted, 49_000)
  assert.is(subject.tracker.table.words.length, 1000 * 32)
})

test('MACs tell flows apart unless told otherwise', () => {
  const other = transport({ ports: [40000, 53], fromMac: '02:00:00:00:00:09' })
  for (const [isMacKey, want] of [
    [true, 2],
    [false, 1],
  ] as const) {
    const subject = new Subject({ isMacKey })
    subject.at(11_000, ask)
    subject.at(11_001, other)
    assert.is(subject.close().length, want)
  }
})

test('tunnels keep the outer and the inner addresses; VLAN tags both', () => {
  const subject = new Subject()
  const inner = packet(17, udp([7, 8], zeros(4)), { from: '192.168.0.1', to: '192.168.0.2' })
  subject.at(11_000, frame(0x0800, packet(4, inner), { vlans: [101, 600] }))
  const [row] = subject.close()
  assert.is(row!['sourceAddress'], '10.0.0.1')
  assert.is(row!['innerSourceAddress'], '192.168.0.1')
  assert.equal([row!['protocolIdentifier'], row!['innerProtocolIdentifier']], [4, 17])
  assert.equal([row!['sourceTransportPort'], row!['innerSourceTransportPort']], [0, 7])
  assert.is(row!['vlanId'], 101)
  assert.is(row!['dot1qCustomerVlanId'], 600)
})

test('fragments count for the flow of the packet that they make, in any order', () => {
  const whole = udp([5353, 53], zeros(3000))
  const pieces = [
    packet(17, whole.subarray(0, 1480), {}, 0x2000),
    packet(17, whole.subarray(1480, 2960), {}, 0x2000 | 185),
    packet(17, whole.subarray(2960), {}, 370),
  ]
  for (const order of [
    [0, 1, 2],
    [2, 0, 1],
    [1, 2, 0],
  ]) {
    const subject = new Subject()
    for (const i of order) subject.at(11_000, frame(0x0800, pieces[i]!))
    const [row] = subject.close()
    assert.is(row!['sourceTransportPort'], 5353)
    assert.is(row!['packetDeltaCount'], 3)
    assert.is(row!['octetDeltaCount'], 3008 + 60)
    // Packetbeat counts the packet that completes the others.
    assert.is(row!['initiatorPackets'], 1)
    assert.is(row!['initiatorOctets'], pieces[order[2]!]!.length + 14)
    assert.is(subject.tracker.counted, 3)
  }
})

test('IPv6 fragments and extension headers are read through', () => {
  const facts = { from: '2001:db8::1', to: '2001:db8::2' }
  const whole = udp([5353, 53], zeros(100))
  const fragment = (from: number, to: number, more: number) =>
    frame(0x86dd, packet(44, join([17, 0], u16(from | more), u32(77), whole.subarray(from, to)), facts))
  const subject = new Subject()
  subject.at(11_000, fragment(0, 56, 1))
  subject.at(11_000, fragment(56, whole.length, 0))
  subject.at(11_000, frame(0x86dd, packet(0, join([17, 0], zeros(6), udp([5353, 53], zeros(1))), facts)))
  const [row, ...others] = subject.close()
  assert.equal(others, [])
  assert.is(row!['packetDeltaCount'], 3)
  assert.is(row!['destinationTransportPort'], 53)
})

test('fragments that overlap, stay incomplete or are too many are counted and never become a flow', () => {
  const whole = udp([5353, 53], zeros(64))
  const subject = new Subject()
  const piece = (from: number, to: number, more: boolean, id: number) =>
    frame(0x0800, packet(17, whole.subarray(from, to), {}, (more ? 0x2000 : 0) | (from >> 3), id))
  subject.at(11_000, piece(0, 48, true, 1))
  subject.at(11_000, piece(40, 72, false, 1))
  subject.at(11_000, piece(0, 48, true, 2))
  subject.at(13_000, piece(48, 72, false, 2))
  for (let id = 0; id < 2000; id++) subject.at(13_000, piece(0, 8, true, 1000 + id))
  assert.equal(subject.close(), [])
  assert.ok(subject.tracker.layers.fragments.abandoned >= 2000 - 512)
})

test('malformed headers end the key: what was read before them counts', () => {
  const good = transport({ ports: [40000, 53] })
  const seen = new Set<number>()
  for (let cut = 0; cut <= good.length; cut++) {
    const subject = new Subject()
    subject.at(11_000, good.subarray(0, cut).slice())
    const rows = subject.close()
    seen.add(rows.length)
    if (cut >= 42) assert.is(rows[0]!['sourceTransportPort'], 40000)
    else if (cut >= 34) assert.is(rows[0]!['sourceTransportPort'], 0)
    else if (cut >= 14) assert.is(rows[0]!['sourceAddress'], undefined)
    else assert.equal(rows, [])
  }
  assert.equal([...seen], [0, 1])
})

test('a clock that jumps by years costs no loop, and one that steps back does nothing', () => {
  const subject = new Subject({ timeoutMs: 1000, periodMs: 1000 })
  subject.at(11_000, ask)
  subject.at(3_000_000_000_000, ask)
  subject.at(12_000, ask)
  const rows = subject.take()
  assert.equal(
    rows.map((row) => row['flowEndReason']),
    [1],
  )
  const [last] = subject.close()
  assert.is(last!['flowEnd'], 3_000_000_000_000)
})

test.run()
