import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { type Captures, type FrameCapture, NO_CAPTURES } from '../flow/captures.ts'
import { defineField, LAYER } from '../flow/fields.ts'
import { cell, cells } from '../testing/cells.ts'
import { hex, ipv4, ipv6, join, type Octets, received, u16, zeros } from '../testing/datagrams.ts'
import { extractBits } from './frame-captures.ts'
import { Issues } from './issues.ts'
import { FrameReader } from './packet.ts'

const MACS = hex('005300000001 005300000002')

/** Parses a frame and gives its columns. */
function parse(frame: Octets, protocol = 1, captures: Captures = NO_CAPTURES, issues = new Issues()) {
  const batch = new FlowBatch()
  // A row in the middle and octets around the frame, as in a datagram.
  const datagram = received(frame)
  const reader = new FrameReader(captures, issues)
  reader.read(datagram.octets, datagram.view, datagram.from, datagram.to, protocol, batch, 7)
  batch.rowCount = 8
  return { batch, found: cells(batch, 7), issues }
}

function ethernet(etherType: number, payload: Octets): Uint8Array {
  return join(MACS, u16(etherType), payload)
}

function packet4(protocol: number, payload: Octets, options: Octets = [], fragment = 0): Uint8Array {
  const body = join(options, payload)
  const words = 5 + join(options).length / 4
  const head = join([0x40 | words, 0xb8], u16(20 + body.length), u16(0xabab), u16(fragment))
  return join(head, [64, protocol, 0, 0], ipv4('10.0.0.1'), ipv4('10.0.0.2'), body)
}

function packet6(next: number, payload: Octets): Uint8Array {
  const body = join(payload)
  return join(hex('6b8abcde'), u16(body.length), [next, 63], ipv6('2001:db8::1'), ipv6('2001:db8::2'), body)
}

function udp(source: number, destination: number, payload: Octets = []): Uint8Array {
  return join(u16(source), u16(destination), u16(8 + join(payload).length), u16(0xbeef), payload)
}

const TCP = hex('d431 0050 00000001 00000002 8118 0200 0000 0000 0101080a0000000100000002')

const LAYER_NAMES = new Map<unknown, string>(Object.entries(LAYER).map(([name, value]) => [value, name]))

function stack(found: Record<string, unknown>): string {
  const names = (found['layerStack'] as number[]).map((layer) => LAYER_NAMES.get(layer))
  return `${names.join(' ')} ${(found['layerSize'] as number[]).join(' ')}`
}

test('Ethernet, IPv4 and TCP fill the columns of the packet', () => {
  const { found, issues } = parse(ethernet(0x0800, packet4(6, TCP, [], 0x4000)))
  assert.equal(found, {
    destinationMacAddress: '00:53:00:00:00:01',
    sourceMacAddress: '00:53:00:00:00:02',
    ethernetType: 0x0800,
    ipVersion: 4,
    sourceAddress: '10.0.0.1',
    destinationAddress: '10.0.0.2',
    protocolIdentifier: 6,
    ipClassOfService: 0xb8,
    ipTTL: 64,
    ipTotalLength: 52n,
    fragmentIdentification: 0xabab,
    fragmentOffset: 0,
    fragmentFlags: 0x40,
    sourceTransportPort: 54321,
    destinationTransportPort: 80,
    tcpControlBits: 0x118,
    layerStack: [LAYER.ethernet, LAYER.ipv4, LAYER.tcp],
    layerSize: [14, 20, 32],
  })
  assert.equal(issues.entries(), [])
})

test('the IHL of IPv4 is honoured, and so are record route options', () => {
  const { found } = parse(ethernet(0x0800, packet4(17, udp(53, 5353), hex('0107040a000001 00'))))
  assert.is(found['sourceTransportPort'], 53)
  assert.is(found['destinationTransportPort'], 5353)
  assert.is(stack(found), 'ethernet ipv4 udp 14 28 8')
})

test('a fragment that is not the first has no ports', () => {
  const { found } = parse(ethernet(0x0800, packet4(17, udp(53, 5353), [], 0x2005)))
  assert.is(found['sourceTransportPort'], undefined)
  assert.is(found['fragmentOffset'], 5)
  assert.is(found['fragmentFlags'], 0x20)
  assert.is(found['protocolIdentifier'], 17)
})

test('ICMP of both families gives type and code', () => {
  assert.is(parse(ethernet(0x0800, packet4(1, hex('0301 0000 00000000')))).found['icmpTypeCode'], 0x0301)
  const { found } = parse(ethernet(0x86dd, packet6(58, hex('8700 0000 00000000'))))
  assert.is(found['icmpTypeCode'], 0x8700)
  assert.is(stack(found), 'ethernet ipv6 icmpv6 14 40 8')
  assert.is(found['flowLabelIPv6'], 0xabcde)
  assert.is(found['ipClassOfService'], 0xb8)
  assert.is(found['ipTTL'], 63)
})

test('802.1Q, 802.1ad and 0x9100 tags are all read; the inner one is the TCI', () => {
  for (const tpid of [0x8100, 0x88a8, 0x9100]) {
    const tags = join(u16(0x3064), u16(0x8100), u16(0x45d5), u16(0x0800))
    const { found } = parse(ethernet(tpid, join(tags, packet4(17, udp(1, 2)))))
    assert.is(found['dot1qVlanId'], 100)
    assert.is(found['dot1qCustomerVlanId'], 1493)
    assert.is(found['dot1qTci'], 17877)
    assert.is(found['ethernetType'], 0x0800)
    assert.is(found['vlanId'], undefined)
    assert.is(stack(found), 'ethernet dot1q dot1q ipv4 udp 14 4 4 20 8')
  }
})

test('IEEE 802.3 with LLC SNAP carries IP as Ethernet II does', () => {
  const { found } = parse(ethernet(36, join(hex('aaaa03 000000 0800'), packet4(17, udp(1, 2)))))
  assert.is(found['ethernetType'], 0x0800)
  assert.is(found['sourceTransportPort'], 1)
  assert.is(stack(found), 'ethernet ipv4 udp 22 20 8')
  assert.is(parse(ethernet(38, hex('424203 0000'))).found['ethernetType'], 38)
})

test('an MPLS stack is kept to its bottom, special labels in it too', () => {
  // Router alert (1) on top, an entropy label indicator (7), a label at the bottom.
  const labels = hex('00001 0ff 00007 0fe 12345 bfd')
  const { found } = parse(ethernet(0x8847, join(labels, packet6(17, udp(1, 2)))))
  assert.equal(found['mplsLabelStack'], [0x000010, 0x000070, 0x12345b])
  assert.equal(found['mplsLabelTtl'], [0xff, 0xfe, 0xfd])
  assert.is(found['ethernetType'], 0x86dd)
  assert.is(stack(found), 'ethernet mpls ipv6 udp 14 12 40 8')
})

test('Ethernet in MPLS is found with and without control word, whatever its address begins with', () => {
  const label = hex('00010 1ff')
  for (const address of ['02', '44', '60', '4c']) {
    const inner = join(hex(`${address}0000000005 020000000006`), u16(0x0800), packet4(17, udp(1, 2)))
    for (const word of ['', '00000000']) {
      if (address === '60' && word === '') continue
      const { found } = parse(ethernet(0x8847, join(label, hex(word), inner)))
      assert.is(found['sourceAddress'], '10.0.0.1', `${address} ${word}`)
      assert.is(found['ethernetType'], 0x0800)
      assert.is(found['sourceMacAddress'], '00:53:00:00:00:02')
      assert.is(found['innerSourceMacAddress'], '02:00:00:00:00:06')
      assert.is(found['innerSourceAddress'], undefined)
    }
  }
})

test('PPPoE and PPP carry IP', () => {
  const body = packet4(17, udp(1, 2))
  const { found } = parse(ethernet(0x8864, join(hex('1100 0001 0030 0021'), body)))
  assert.is(found['destinationTransportPort'], 2)
  assert.is(stack(found), 'ethernet pppoe ipv4 udp 14 8 20 8')
  for (const head of ['0021', '21', 'ff030021', 'ff0321']) {
    assert.is(parse(join(hex(head), body), 7).found['destinationTransportPort'], 2, head)
  }
})

test('header protocols other than Ethernet start at their layer', () => {
  assert.is(parse(packet4(17, udp(1, 2)), 11).found['sourceTransportPort'], 1)
  assert.is(parse(packet4(17, udp(1, 2)), 11).found['ethernetType'], 0x0800)
  assert.is(parse(packet6(17, udp(1, 2)), 12).found['sourceTransportPort'], 1)
  assert.is(parse(join(hex('00010140'), packet6(17, udp(1, 2))), 13).found['sourceTransportPort'], 1)
  assert.is(parse(packet6(17, udp(1, 2)), 10).found['sourceTransportPort'], 1)
  assert.equal(parse(packet6(17, udp(1, 2)), 5).found, { layerStack: [], layerSize: [] })
})

test('IPv6 extension headers are walked to the transport', () => {
  const transport = udp(1, 2)
  const authentication = join([17, 4], zeros(22))
  const fragment = join([51, 0], u16(1), hex('00000bad'), authentication)
  const destination = join([44, 0], zeros(6), fragment)
  const hops = join([60, 1], zeros(14), destination)
  const { found } = parse(ethernet(0x86dd, packet6(0, join(hops, transport))))
  assert.is(found['protocolIdentifier'], 17)
  assert.is(found['nextHeaderIPv6'], 0)
  assert.is(found['fragmentIdentification'], 0xbad)
  assert.is(found['fragmentOffset'], 0)
  assert.is(found['fragmentFlags'], 0x20)
  assert.is(found['sourceTransportPort'], 1)
  assert.is(
    stack(found),
    'ethernet ipv6 ipv6HopByHop ipv6Destination ipv6Fragment authentication udp 14 40 16 8 8 24 8',
  )
})

test('SRv6 keeps the segments and the packet inside', () => {
  const segments = join(ipv6('2001:db8:a::'), ipv6('2001:db8:b::'))
  const routing = join([4, 4, 4, 1, 1, 0, 0, 0], segments, packet4(1, hex('0800 0000 00000000')))
  const { found } = parse(ethernet(0x86dd, packet6(43, routing)))
  assert.equal(found['ipv6RoutingAddresses'], ['2001:db8:a::', '2001:db8:b::'])
  assert.is(found['ipv6RoutingSegmentsLeft'], 1)
  assert.is(found['sourceAddress'], '2001:db8::1')
  assert.is(found['innerSourceAddress'], '10.0.0.1')
  assert.is(found['innerProtocolIdentifier'], 1)
  assert.is(found['innerIcmpTypeCode'], 0x0800)
  assert.is(found['icmpTypeCode'], undefined)
  assert.is(stack(found), 'ethernet ipv6 ipv6Routing ipv4 icmp 14 40 40 20 8')
})

test('GRE skips what its flags announce and keeps the key', () => {
  const inner = packet4(6, TCP)
  const { found } = parse(
    ethernet(0x0800, packet4(47, join(hex('b000 0800 11110000 000003e9 00000005'), inner))),
  )
  assert.is(found['tunnelId'], 1001)
  assert.is(found['protocolIdentifier'], 47)
  assert.is(found['sourceTransportPort'], undefined)
  assert.is(found['innerSourceTransportPort'], 54321)
  assert.is(found['innerTcpControlBits'], 0x118)
  assert.is(found['innerIpTotalLength'], 52)
  assert.is(found['innerIpClassOfService'], 0xb8)
  assert.is(stack(found), 'ethernet ipv4 gre ipv4 tcp 14 20 16 20 32')
})

test('Ethernet in GRE, ERSPAN and PPTP is read', () => {
  const frame = ethernet(0x0800, packet4(17, udp(3, 4)))
  const inner = (gre: Octets) => parse(ethernet(0x0800, packet4(47, gre))).found['innerSourceTransportPort']
  assert.is(inner(join(hex('2000 6558 00000101'), frame)), 3)
  assert.is(inner(join(hex('1000 88be 00000001 1001000000000000'), frame)), 3)
  assert.is(inner(join(hex('0000 88be'), frame)), 3)
  assert.is(inner(join(hex('3081 880b 00240001 00000001 00000001 ff030021'), packet4(17, udp(3, 4)))), 3)
})

test('VXLAN, Geneve and Teredo are tunnels at their ports if their payload looks right', () => {
  const frame = join(MACS, u16(0x8100), u16(0x2007), u16(0x0800), packet4(17, udp(3, 4)))
  const of = (transport: Octets) => parse(ethernet(0x0800, packet4(17, transport))).found
  const vxlan = of(udp(50000, 4789, join(hex('08000000 00002a00'), frame)))
  assert.is(vxlan['tunnelId'], 42)
  assert.is(vxlan['innerVlanId'], 7)
  assert.is(vxlan['dot1qVlanId'], undefined)
  assert.is(vxlan['innerDestinationTransportPort'], 4)
  assert.is(stack(vxlan), 'ethernet ipv4 udp vxlan ethernet dot1q ipv4 udp 14 20 8 8 14 4 20 8')
  const geneve = of(udp(50000, 6081, join(hex('0140 6558 00002a00 00000000'), frame)))
  assert.is(geneve['tunnelId'], 42)
  assert.is(stack(geneve), 'ethernet ipv4 udp geneve ethernet dot1q ipv4 udp 14 20 8 12 14 4 20 8')
  const teredo = of(udp(3544, 50000, join(hex('0001 0000 0000000000000000 00'), packet6(17, udp(5, 6)))))
  assert.is(teredo['innerSourceAddress'], '2001:db8::1')
  assert.is(teredo['innerSourceTransportPort'], 5)
  const client = of(udp(4789, 6081, join([0xff], zeros(40))))
  assert.is(stack(client), 'ethernet ipv4 udp 14 20 8')
})

test('of tunnels in tunnels the innermost packet is kept, and nothing of those between', () => {
  const innermost = packet4(1, hex('0800 0000 00000000'))
  const vxlan = udp(1, 4789, join(hex('08000000 00000100'), ethernet(0x0800, innermost)))
  const { found } = parse(ethernet(0x86dd, packet6(4, packet4(17, vxlan))))
  assert.is(found['innerProtocolIdentifier'], 1)
  assert.is(found['innerSourceTransportPort'], undefined)
  assert.is(found['innerIcmpTypeCode'], 0x0800)
  assert.is(found['sourceTransportPort'], undefined)
})

test('what lies behind the packet is padding, not a header', () => {
  const { found } = parse(ethernet(0x0800, join(packet4(6, []), TCP)))
  assert.is(found['sourceTransportPort'], undefined)
})

test('a header cut anywhere gives what is there, and says so only inside of a header', () => {
  const whole = ethernet(0x8100, join(u16(100), u16(0x0800), packet4(6, TCP)))
  for (let length = 0; length <= whole.length; length++) {
    const { found, issues } = parse(whole.subarray(0, length))
    const isCutInside = ![0, 14, 18, 38].includes(length) && length < 58
    assert.is(issues.count('frameTruncated'), isCutInside ? 1 : 0, `${length}`)
    assert.is(found['sourceTransportPort'], length >= 42 ? 54321 : undefined, `${length}`)
    assert.is(found['tcpControlBits'], length >= 52 ? 0x118 : undefined, `${length}`)
    assert.is(found['sourceAddress'], length >= 38 ? '10.0.0.1' : undefined, `${length}`)
  }
})

test('a size of 0 stands for the header that is missing, as in goflow2', () => {
  const { found } = parse(ethernet(0x0800, packet4(17, [])))
  assert.is(stack(found), 'ethernet ipv4 14 20 0')
})

test('nesting has a bound', () => {
  let frame = packet4(17, udp(1, 2))
  for (let i = 0; i < 200; i++) frame = packet4(4, frame)
  const { found } = parse(frame, 11)
  assert.is((found['layerStack'] as number[]).length, 32)
})

test('a row that is read twice holds the second frame only in its lists', () => {
  const batch = new FlowBatch()
  const reader = new FrameReader(NO_CAPTURES, new Issues())
  const labels = join(hex('00010 1ff'), packet4(17, udp(1, 2)))
  for (const frame of [ethernet(0x8847, labels), ethernet(0x8847, labels)]) {
    reader.read(frame, new DataView(frame.buffer), 0, frame.length, 1, batch, 0)
  }
  assert.equal(cell(batch, 'mplsLabelStack', 0), [0x000101])
  assert.is((cell(batch, 'layerStack', 0) as number[]).length, 4)
})

test('the columns of a trimmed batch are made anew', () => {
  const batch = new FlowBatch()
  const reader = new FrameReader(NO_CAPTURES, new Issues())
  const frame = ethernet(0x0800, packet4(17, udp(1, 2)))
  const view = new DataView(frame.buffer)
  reader.read(frame, view, 0, frame.length, 1, batch, 0)
  batch.trim()
  reader.read(frame, view, 0, frame.length, 1, batch, 0)
  assert.is(cell(batch, 'sourceAddress', 0), '10.0.0.1')
})

test('bits are extracted as goflow2 does, the last octet shifted', () => {
  const octets = Uint8Array.from([0xee, ...hex('aa55ab56'), 0xee])
  const out = new Uint8Array(8)
  const bits = (offset: number, length: number) =>
    Buffer.from(out.subarray(0, extractBits(octets, 1, 5, offset, length, out))).toString('hex')
  assert.is(bits(16, 16), 'ab56')
  assert.is(bits(24, 32), '56000000')
  assert.is(bits(32, 0), '')
  assert.is(bits(32, 16), '0000')
  assert.is(bits(33, 16), '')
  assert.is(bits(4, 16), 'a55a')
  assert.is(bits(4, 4), '0a')
  assert.is(bits(4, 6), '29')
  assert.is(bits(20, 6), '2d')
  assert.is(bits(5, 10), '4a02')
  assert.is(bits(30, 10), '8000')
  assert.is(bits(30, 2), '02')
  assert.is(bits(32, 1), '00')
  assert.is(bits(-8, 8), '')
})

function capture(layer: string, offsetBits: number, lengthBits: number, encapsulated = false): FrameCapture {
  const field = defineField(`test-${layer}-${offsetBits}-${encapsulated}`, 'octets')
  return { layer, encapsulated, offsetBits, lengthBits, field }
}

test('captures take bits of the layers they name, by each of their names', () => {
  const frames = [
    capture('udp', 48, 16),
    capture('4', 0, 16),
    capture('proto17', 16, 16),
    capture('etype0x0800', 8, 8),
    capture('etype2048', 0, 8),
    capture('ip', 64, 8),
    capture('2', 0, 48),
    capture('tcp', 0, 16),
  ]
  const { found } = parse(ethernet(0x0800, packet4(17, udp(1, 2))), 1, { ...NO_CAPTURES, frames })
  assert.is(found['test-udp-48-false'], 'beef')
  assert.is(found['test-4-0-false'], '0001')
  assert.is(found['test-proto17-16-false'], '0002')
  assert.is(found['test-etype0x0800-8-false'], 'b8')
  assert.is(found['test-etype2048-0-false'], '45')
  assert.is(found['test-ip-64-false'], '40')
  assert.is(found['test-2-0-false'], '005300000001')
  assert.is(found['test-tcp-0-false'], undefined)
})

test('a capture of a tunnel takes the inner layer only, and port parsers make tunnels', () => {
  const inner = packet4(6, TCP)
  const frames = [
    capture('tcp', 0, 16, true),
    capture('tcp', 0, 16),
    capture('udp', 0, 16),
    capture('gre', 16, 16, true),
    capture('udp4754', 16, 16, true),
    capture('ipv4', 96, 32, true),
  ]
  const captures: Captures = {
    ...NO_CAPTURES,
    frames,
    ports: [{ transport: 'udp', direction: 'both', port: 4754, parser: 'gre' }],
  }
  for (const transport of [
    udp(9, 4754, join(hex('0000 0800'), inner)),
    udp(4754, 9, join(hex('0000 0800'), inner)),
  ]) {
    const { found } = parse(ethernet(0x0800, packet4(17, transport)), 1, captures)
    assert.is(found['test-tcp-0-true'], 'd431')
    assert.is(found['test-tcp-0-false'], undefined)
    assert.is(found['test-gre-16-true'], '0800')
    assert.is(found['test-udp4754-16-true'], '0800')
    assert.is(found['test-ipv4-96-true'], '0a000001')
    assert.is(found['innerSourceTransportPort'], 54321)
  }
})

test('a capture that lists keeps each occurrence', () => {
  const field = defineField('test-tags', 'octets-list')
  const frames = [{ layer: 'dot1q', encapsulated: false, offsetBits: 0, lengthBits: 16, field }]
  const frame = ethernet(0x8100, join(u16(1), u16(0x8100), u16(2), u16(0x0800)))
  const { found } = parse(frame, 1, { ...NO_CAPTURES, frames })
  assert.equal(found['test-tags'], ['0001', '0002'])
})

test('a capture of a layer that is cut reads zeros', () => {
  const frames = [capture('udp', 0, 32)]
  const { found } = parse(ethernet(0x0800, packet4(17, [0xab])), 1, { ...NO_CAPTURES, frames })
  assert.is(found['test-udp-0-false'], 'ab000000')
})

test.run()
