import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAddress } from '../bytes/address.ts'
import { newDatagram } from '../flow/datagram.ts'
import { Traffic } from './traffic.ts'

const datagram = newDatagram()

function note(traffic: Traffic, place: number, address: string | number, size: number): void {
  if (typeof address === 'string') parseAddress(address, datagram.address)
  else datagram.address.set([0, 0, 0xffff, address])
  datagram.from = 7
  datagram.to = 7 + size
  traffic.note(place, datagram)
}

function samples(traffic: Traffic, name: string): [string, number][] {
  const family = traffic.families().find((one) => one.name === `goflow2_flow_traffic_${name}`)!
  return family.samples.map(({ labels, value }) => [Object.values(labels).join(' '), value])
}

test('datagrams are counted by exporter, place and scheme', () => {
  const traffic = new Traffic()
  const sflow = traffic.addPlace('::', 6343, 'sflow')
  const netflow = traffic.addPlace('::', 2055, 'netflow')
  assert.is(traffic.addPlace('::', 2055, 'netflow'), netflow)
  note(traffic, netflow, '192.0.2.1', 100)
  note(traffic, netflow, '192.0.2.1', 200)
  note(traffic, sflow, '192.0.2.1', 300)
  note(traffic, netflow, '2001:db8::1', 400)
  note(traffic, netflow, '192.0.2.1', 300)
  assert.equal(samples(traffic, 'packets_total'), [
    [':: 2055 192.0.2.1 netflow', 3],
    [':: 6343 192.0.2.1 sflow', 1],
    [':: 2055 2001:db8::1 netflow', 1],
  ])
  assert.equal(samples(traffic, 'bytes_total')[0], [':: 2055 192.0.2.1 netflow', 600])
  assert.equal(samples(traffic, 'size_bytes').slice(0, 3), [
    [':: 2055 192.0.2.1 netflow 0.5', 200],
    [':: 2055 192.0.2.1 netflow 0.9', 300],
    [':: 2055 192.0.2.1 netflow 0.99', 300],
  ])
})

test('many exporters are told apart, and too many share a line', () => {
  const traffic = new Traffic()
  const place = traffic.addPlace('::', 2055, 'netflow')
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 20_000; i++) note(traffic, place, (i * 0x10001) >>> 0, 10)
  }
  const packets = samples(traffic, 'packets_total')
  assert.is(packets.length, 16_385)
  assert.ok(packets.slice(0, 16_384).every(([, count]) => count === 2))
  assert.equal(packets[16_384], [':: 2055 other netflow', (20_000 - 16_384) * 2])
})

test.run()
