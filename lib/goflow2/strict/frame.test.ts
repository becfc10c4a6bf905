import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowError } from '../../diagnostics/flow-error.ts'
import { hex, join } from '../../testing/datagrams.ts'
import type { Mapping, MappingField, MappingLayer, MappingPort } from '../mapping-types.ts'
import { FrameReader } from './frame.ts'
import { FlowMessage } from './message.ts'

const MACS = '020000000001 020000000002'
/** 192.0.2.1 to 192.0.2.2, identification 0x1234, do not fragment, TTL 64. */
const ipv4 = (protocol: string) => `4510 0000 1234 4000 40${protocol} 0000 c0000201 c0000202`
const ipv6 = (next: string) =>
  `6ab12345 0000 ${next} 3f 20010db8000000000000000000000001 20010db8000000000000000000000002`
const udp = (source: string, destination: string) => `${source}${destination} 0000 beef`
const NONE: Pick<Mapping, 'formatter' | 'ipfix' | 'netflowv9'> = {
  formatter: { fields: [], key: [], render: {}, rename: {}, protobuf: [] },
  ipfix: [],
  netflowv9: [],
}
const EXTRA: MappingField = { name: 'found', index: 500, type: 'bytes', array: true }

function layer(name: string, offset: number, length: number, encap = false): MappingLayer {
  return { layer: name, encap, offset, length, destination: 'found', endianness: 'big' }
}

function read(frame: string, ports: MappingPort[] = [], layers: MappingLayer[] = []): FlowMessage {
  const mapping = { ...NONE, sflowPorts: ports, sflowMapping: layers }
  const reader = new FrameReader(mapping, new Map([[EXTRA.name, EXTRA]]))
  const message = new FlowMessage()
  assert.is(reader.read(message, join(hex(frame))), null)
  return message
}

function found(message: FlowMessage): string[] {
  return message.extra.map(({ value }) => Buffer.from(value as Uint8Array).toString('hex'))
}

test('a plain frame fills the message', () => {
  const message = read(`${MACS} 0800 ${ipv4('11')} ${udp('0035', '1388')}`)
  assert.is(message.dstMac, 0x020000000001n)
  assert.is(message.srcMac, 0x020000000002n)
  assert.equal([message.etype, message.proto, message.ipTos, message.ipTtl], [0x800, 17, 0x10, 64])
  assert.equal([message.fragmentId, message.ipFlags, message.fragmentOffset], [0x1234, 2, 0])
  assert.equal([message.srcPort, message.dstPort], [53, 5000])
  assert.equal(message.layerStack, [0, 1, 4])
  assert.equal(message.layerSize, [14, 20, 8])
})

test('a tag is kept with its priority bits, and the inner of two tags wins', () => {
  assert.is(read(`${MACS} 8100 a064 8100 6005 0800 ${ipv4('00')}`).vlanId, 0x6005)
})

test('ICMP type and code are never taken', () => {
  const message = read(`${MACS} 0800 ${ipv4('01')} 0800 0000 0000 0000`)
  assert.equal([message.icmpType, message.icmpCode, message.layerStack], [0, 0, [0, 1, 7]])
})

test("a TCP header's size is reckoned from its flags", () => {
  const message = read(`${MACS} 0800 ${ipv4('06')} 0016 0400 00000000 00000000 5012 0000 0000 0000`)
  assert.is(message.tcpFlags, 0x12)
  assert.equal(message.layerSize, [14, 20, 24])
})

test('what lies inside a tunnel leaves the outer facts alone', () => {
  const message = read(`${MACS} 0800 ${ipv4('2f')} 0000 86dd ${ipv6('11')} ${udp('0035', '1388')}`)
  assert.equal([message.etype, message.proto, message.srcPort], [0x800, 47, 0])
  assert.equal(message.layerStack, [0, 1, 9, 2, 4])
})

test('a stack of labels is read to its bottom, and the version behind it tells what follows', () => {
  const message = read(`${MACS} 8847 00064 0ff 00065 17e ${ipv6('3b')}`.replace(/ (?=0ff|17e)/g, ''))
  assert.equal(message.mplsLabel, [100, 101])
  assert.equal(message.mplsTtl, [255, 126])
  assert.is(message.etype, 0x86dd)
  assert.is(message.ipv6FlowLabel, 0x12345)
})

test('segments of a routing header are listed up to the last entry', () => {
  const segment = '20010db8000000000000000000000009'
  const message = read(`${MACS} 86dd ${ipv6('2b')} 3b04 0401 00 000000 ${segment} ${segment}`)
  assert.is(message.ipv6RoutingHeaderSegLeft, 1)
  assert.is(message.ipv6RoutingHeaderAddresses.length, 1)
  assert.equal(message.layerSize, [14, 40, 40])
})

test('a port can be given a parser, the destination before the source', () => {
  const ports: MappingPort[] = [
    { proto: 'udp', dir: 'dst', port: 3544, parser: 'teredo-dst' },
    { proto: 'udp', dir: 'both', port: 4754, parser: 'gre' },
  ]
  const teredo = read(`${MACS} 0800 ${ipv4('11')} ${udp('1292', '0dd8')} ${ipv6('3b')}`, ports)
  assert.equal(teredo.layerStack, [0, 1, 4, 13, 2])
  const gre = read(`${MACS} 0800 ${ipv4('11')} ${udp('1292', '0001')} 0000 0800`, ports)
  assert.equal(gre.layerStack, [0, 1, 4, 9])
})

test('mapped bits are found by every key of a layer', () => {
  const layers = [layer('udp', 48, 16), layer('4', 0, 16), layer('proto17', 0, 4), layer('etype0x0800', 0, 8)]
  const message = read(`${MACS} 0800 ${ipv4('11')} ${udp('0035', '1388')}`, [], layers)
  assert.equal(found(message), ['45', 'beef', '0035', '00'])
})

test('encapsulated layers are mapped only by entries that ask for them', () => {
  const layers = [layer('udp', 0, 16), layer('udp', 16, 16, true)]
  const frame = `${MACS} 0800 ${ipv4('2f')} 0000 86dd ${ipv6('11')} ${udp('0035', '1388')}`
  assert.equal(found(read(frame, [], layers)), ['1388'])
})

test('a frame cut anywhere is read without complaint', () => {
  const frame = `${MACS} 8100 0001 86dd ${ipv6('2c')} 2b00 0001 00000001 1100 0400 00000000 ${udp('0035', '1388')}`
  const digits = frame.replaceAll(' ', '')
  for (let end = 0; end <= digits.length; end += 2) read(digits.slice(0, end), [], [layer('ip', 300, 13)])
})

test('parsers and directions that goflow2 does not know are refused', () => {
  const port = { proto: 'udp', dir: 'dst', port: 1, parser: 'vxlan' }
  assert.throws(
    () => read('', [port]),
    (error: unknown) => error instanceof FlowError && error.message === 'parser vxlan not found',
  )
  assert.throws(() => read('', [{ ...port, dir: 'up', parser: 'gre' }]), 'unknown direction up')
})

test.run()
