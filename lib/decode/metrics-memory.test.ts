import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { netflow5Datagram, received } from '../testing/datagrams.ts'
import { sflow5Datagram } from '../testing/sflow-datagrams.ts'
import { newSubject } from './testing/subject.ts'

test('label sets of sFlow agents are bounded, and no datagram is lost from the sum', () => {
  const { decoder } = newSubject()
  let datagrams = 0
  for (let exporter = 0; exporter < 120; exporter++) {
    for (let agent = 0; agent < 64; agent++, datagrams++) {
      const octets = sflow5Datagram({ agent: [10, 0, exporter, agent], subAgent: agent, samples: [] })
      decoder.decode(received(octets, { address: `198.51.100.${exporter}` }), 'sflow')
    }
  }
  const { samples } = decoder.metrics().find(({ name }) => name === 'goflow2_flow_process_sf_total')!
  assert.ok(samples.length <= 5_000 + 120, String(samples.length))
  assert.is(
    samples.reduce((sum, { value }) => sum + value, 0),
    datagrams,
  )
})

test('forged sources share one label set beyond the first thousand', () => {
  const { decoder } = newSubject()
  const datagram = received(netflow5Datagram([{ octets: 1 }]))
  for (let i = 0; i < 3_000; i++) {
    datagram.address[3] = 0x0a000000 + i
    decoder.decode(datagram, 'flow')
  }
  const most = Math.max(...decoder.metrics().map(({ samples }) => samples.length))
  assert.is(most, 1_001)
})

test.run()
