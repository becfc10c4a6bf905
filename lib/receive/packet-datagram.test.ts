import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress } from '../bytes/address.ts'
import { newDatagram } from '../flow/datagram.ts'
import { concat, ethernet, fragments, ip, ipUdp, udp } from '../testing/pcap.ts'
import { newCapturePacket } from './capture-format.ts'
import { PacketDatagrams } from './packet-datagram.ts'

const packet = {
  source: '192.0.2.1',
  sourcePort: 40000,
  destination: '198.51.100.2',
  destinationPort: 2055,
  payload: Uint8Array.of(1, 2, 3, 4, 5),
}
const packet6 = { ...packet, source: '2001:db8::1', destination: '2001:db8::2' }

/** Reads packets one after the other; gives the payloads found. */
function readAll(
  link: number,
  packets: Uint8Array[],
  secondsApart = 0,
  datagrams = new PacketDatagrams(undefined),
) {
  const captured = newCapturePacket()
  const datagram = newDatagram()
  const payloads: number[][] = []
  captured.link = link
  for (const [i, octets] of packets.entries()) {
    // Somewhere in a larger buffer, as in a window.
    const buffer = concat(new Uint8Array(3), octets, new Uint8Array(5).fill(0xee))
    captured.from = 3
    captured.to = 3 + octets.length
    captured.timeNs[0] = BigInt(1_700_000_000 + i * secondsApart) * 1_000_000_000n
    if (!datagrams.read(buffer, new DataView(buffer.buffer), captured, datagram)) continue
    assert.match(formatAddress(datagram.address, 0), /^(192\.0\.2\.1|2001:db8::1)$/)
    assert.is(datagram.port, 40000)
    assert.is(datagram.localPort, 2055)
    payloads.push([...datagram.octets.subarray(datagram.from, datagram.to)])
  }
  return payloads
}

const four = ipUdp(packet)
const six = ipUdp(packet6)
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

for (const [name, link, frame] of [
  ['Ethernet', 1, ethernet(four)],
  ['Ethernet with IPv6', 1, ethernet(six)],
  ['one VLAN tag', 1, ethernet(four, { tags: [0x8100] })],
  ['stacked tags 88a8 and 8100', 1, ethernet(six, { tags: [0x88a8, 0x8100] })],
  ['stacked tags 9100, 9100 and 8100', 1, ethernet(four, { tags: [0x9100, 0x9100, 0x8100] })],
  ['PPPoE', 1, ethernet(concat(hex('11 00 0001 0023 0021'), four), { type: 0x8864 })],
  [
    'PPPoE with IPv6 under a tag',
    1,
    ethernet(concat(hex('11 00 0001 0000 0057'), six), { type: 0x8864, tags: [0x8100] }),
  ],
  ['LLC and SNAP', 1, ethernet(concat(hex('aaaa03 000000 0800'), four), { type: 41 })],
  ['raw IP', 101, four],
  ['raw IPv6', 101, six],
  ['raw IP as BSD numbers it', 12, four],
  ['raw IP as OpenBSD numbers it', 14, six],
  ['raw IPv4', 228, four],
  ['raw IPv6 alone', 229, six],
  ['Linux cooked', 113, concat(hex('0000 0001 0006 000102030405 0000 0800'), four)],
  ['Linux cooked with a VLAN tag', 113, concat(hex('0000 0001 0006 000102030405 0000 8100 0064 86dd'), six)],
  ['Linux cooked, version 2', 276, concat(hex('86dd 0000 00000002 0001 00 06 0001020304050000'), six)],
  ['loopback of little-endian BSD', 0, concat(hex('02000000'), four)],
  ['loopback of macOS with IPv6', 0, concat(hex('1e000000'), six)],
  ['loopback of OpenBSD', 108, concat(hex('00000002'), four)],
  ['PPP', 9, concat(hex('ff03 0021'), four)],
  ['PPP compressed', 9, concat(hex('57'), six)],
] as const) {
  test(`${name} carries a datagram, and cut anywhere it is read no further than it goes`, () => {
    assert.equal(readAll(link, [frame]), [[1, 2, 3, 4, 5]])
    for (let length = 0; length < frame.length; length++) {
      for (const payload of readAll(link, [frame.subarray(0, length)])) {
        assert.equal(payload, [1, 2, 3, 4, 5].slice(0, payload.length))
        assert.is(payload.length, 5 - (frame.length - length))
      }
    }
  })
}

test('an unknown link type, and tags without end, carry nothing', () => {
  assert.equal(readAll(147, [four]), [])
  assert.equal(readAll(1, [ethernet(four, { tags: Array.from({ length: 20 }, () => 0x8100) })]), [])
})

test('IPv4 options are stepped over', () => {
  const frame = ip(packet.source, packet.destination, udp(packet), { options: hex('9404 0000 0000 0000') })
  assert.equal(readAll(101, [frame]), [[1, 2, 3, 4, 5]])
})

test('IPv6 extension headers are stepped over, the authentication header by its own count', () => {
  const extensions = concat(
    hex('2b 00 0502 0000 0100'),
    hex('3c 02 0400 00000000 20010db8000000000000000000000003'),
    hex('33 00 0104 00000000'),
    hex('2c 01 0000 00000001 00000001'),
    hex('11 00 0000 00000007'),
  )
  const frame = ip(packet6.source, packet6.destination, concat(extensions, udp(packet6)), { protocol: 0 })
  assert.equal(readAll(101, [frame]), [[1, 2, 3, 4, 5]])
})

test('an endless chain of extension headers carries nothing', () => {
  const chain = concat(...Array.from({ length: 1000 }, () => hex('3c 00 0104 00000000')))
  assert.equal(readAll(101, [ip(packet6.source, packet6.destination, chain, { protocol: 60 })]), [])
})

const long = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) & 255)
for (const [family, whole] of [
  ['IPv4', { ...packet, payload: long }],
  ['IPv6', { ...packet6, payload: long }],
] as const) {
  test(`fragments of ${family} are put together in any order, and twice sent ones are no harm`, () => {
    const pieces = fragments(whole, 1400, 77)
    const orders = [
      pieces,
      [...pieces].reverse(),
      [pieces[2]!, pieces[0]!, pieces[2]!, pieces[1]!, pieces[3]!],
    ]
    for (const order of orders) {
      const payloads = readAll(101, order)
      assert.is(payloads.length, 1)
      assert.equal(payloads[0], [...long])
    }
  })

  test(`a missing ${family} fragment, or one that is cut, gives nothing`, () => {
    const pieces = fragments(whole, 1400, 77)
    for (let missing = 0; missing < pieces.length; missing++) {
      assert.equal(readAll(101, pieces.toSpliced(missing, 1)), [])
      const cut = pieces[missing]!
      assert.equal(readAll(101, pieces.with(missing, cut.subarray(0, cut.length - 1))), [])
    }
  })

  test(`overlapping ${family} fragments cost the datagram`, () => {
    const pieces = fragments(whole, 1400, 77)
    const [overlap] = fragments({ ...whole, payload: long.subarray(0, 1500) }, 1408, 77)
    const datagrams = new PacketDatagrams(undefined)
    assert.equal(readAll(101, [pieces[1]!, overlap!, pieces[0]!, pieces[2]!, pieces[3]!], 0, datagrams), [])
    assert.is(datagrams.reassembly.abandoned, 1)
  })
}

test('a fragment behind the end of its datagram costs the datagram', () => {
  const body = new Uint8Array(8)
  const { source, destination } = packet
  const beyond = ip(source, destination, body, { identification: 5, offset: 800, more: true })
  const last = ip(source, destination, body, { identification: 5, offset: 8 })
  const first = ip(source, destination, udp({ ...packet, payload: new Uint8Array(0) }), {
    identification: 5,
    more: true,
  })
  assert.equal(readAll(101, [last, beyond, first]), [])
  assert.equal(readAll(101, [beyond, last, first]), [])
  assert.is(readAll(101, [last, first]).length, 1)
})

test('extension headers that the first IPv6 fragment holds are stepped over', () => {
  const payload = long.subarray(0, 2000)
  const body = concat(hex('11 00 0104 00000000'), udp({ ...packet6, payload }))
  const { source, destination } = packet6
  const cut = [0, 1000].map((offset) =>
    ip(source, destination, body.subarray(offset, offset + (offset === 0 ? 1000 : 2000)), {
      protocol: 60,
      identification: 9,
      offset,
      more: offset === 0,
    }),
  )
  assert.equal(readAll(101, cut), [[...payload]])
  assert.equal(readAll(101, cut.reverse()), [[...payload]])
})

test('fragments of different datagrams do not mix', () => {
  const [a0, a1] = fragments({ ...packet, payload: new Uint8Array(2000).fill(1) }, 1400, 1)
  const [b0, b1] = fragments({ ...packet, payload: new Uint8Array(2000).fill(2) }, 1400, 2)
  const payloads = readAll(101, [a0!, b1!, b0!, a1!])
  assert.equal(
    payloads.map((payload) => [payload.length, payload[0], payload[1999]]),
    [
      [2000, 2, 2],
      [2000, 1, 1],
    ],
  )
})

test('fragments that come a minute late on the clock of the capture are of another datagram', () => {
  const [first, last] = fragments({ ...packet, payload: new Uint8Array(2000) }, 1400, 1)
  assert.is(readAll(101, [first!, last!], 30).length, 1)
  assert.is(readAll(101, [first!, last!], 61).length, 0)
})

test('a flood of fragments keeps few of them', () => {
  const datagrams = new PacketDatagrams(undefined)
  const flood = Array.from({ length: 4000 }, (_, i) =>
    ip(packet.source, packet.destination, new Uint8Array(8), {
      identification: i,
      offset: 65_520 - 8,
      more: true,
    }),
  )
  assert.equal(readAll(101, flood, 0, datagrams), [])
  assert.is(datagrams.fragments, 4000)
  assert.is(datagrams.reassembly.pending + datagrams.reassembly.abandoned, 4000)
  assert.ok(datagrams.reassembly.pending <= 512)
})

test('no octets make it throw or read beyond their end', () => {
  let state = 42
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  }
  const seeds = [
    ethernet(four, { tags: [0x8100] }),
    ethernet(six),
    ...fragments(packet6, 8, 3).map((piece) => ethernet(piece)),
  ]
  const captured = newCapturePacket()
  const datagram = newDatagram()
  const datagrams = new PacketDatagrams(undefined)
  for (let round = 0; round < 20_000; round++) {
    const octets = seeds[round % seeds.length]!.slice()
    for (let k = 0; k < 3; k++) octets[(random() * 256 + random()) % octets.length] = random()
    captured.link = [1, 101, 113, 276, 0, 9][random() % 6]!
    captured.from = random() % 8
    captured.to = octets.length - (random() % 8)
    if (!datagrams.read(octets, new DataView(octets.buffer), captured, datagram)) continue
    assert.ok(datagram.from <= datagram.to)
    assert.ok(datagram.octets !== octets || datagram.to <= captured.to)
  }
})

test.run()
