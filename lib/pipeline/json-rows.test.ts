import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAddress } from '../bytes/address.ts'
import { appendAddress, appendOctets, appendWord, FlowBatch, setOctets } from '../flow/batch.ts'
import { defineField, F, LAYER, PROTOCOL } from '../flow/fields.ts'
import { newJsonRows } from './json-rows.ts'

const text = new TextEncoder()

test('a row prints every column it has, and no other', () => {
  const batch = new FlowBatch()
  batch.rowCount = 2
  const protocol = batch.fixed(F.exportProtocol)
  protocol.values[1] = PROTOCOL.sflow5
  protocol.present[1] = 1
  const received = batch.fixed(F.timeReceived)
  received.wide[1] = 18446744073709551615n
  received.present[1] = 1
  const agent = batch.fixed(F.agentAddress)
  parseAddress('2001:db8::1', agent.words, 4)
  agent.present[1] = 1
  const mac = batch.fixed(F.sourceMacAddress)
  mac.words.set([0x0001, 0x02030405], 2)
  mac.present[1] = 1
  const layout = batch.fixed(F.layout)
  layout.values[1] = 1
  layout.present[1] = 1
  const load = batch.fixed(defineField('printedLoad', 'f64'))
  load.values[1] = Number.NaN
  load.present[1] = 1
  const name = text.encode('a "b"\n\u0000é')
  setOctets(batch.octets(defineField('printedName', 'text')), 1, name, 0, name.length)
  setOctets(batch.octets(defineField('printedOctets', 'octets')), 1, new Uint8Array([0, 255]), 0, 2)
  appendWord(batch.list(F.layerStack), 1, LAYER.ipv4)
  appendWord(batch.list(F.layerStack), 1, 1234)
  appendAddress(batch.list(F.ipv6RoutingAddresses), 1, 0, 0, 0, 1)
  const parts = batch.octetsList(defineField('printedParts', 'octets-list'))
  appendOctets(parts, 1, new Uint8Array([1, 2, 3]), 0, 2)
  appendOctets(parts, 1, new Uint8Array([1, 2, 3]), 2, 3)
  assert.equal(printed(batch), [
    '{}\n{"exportProtocol":"sflow5","timeReceived":18446744073709551615,"agentAddress":"2001:db8::1",' +
      '"sourceMacAddress":"00:01:02:03:04:05","layerStack":["ipv4",1234],"ipv6RoutingAddresses":["::1"],' +
      '"printedLoad":null,"printedName":"a \\"b\\"\\n\\u0000é","printedOctets":"00ff","printedParts":["0102","03"]}\n',
  ])
})

/** What is written, one text for each write. */
function printed(batch: FlowBatch): string[] {
  const written: string[] = []
  const sink = newJsonRows((octets, from, to) =>
    written.push(new TextDecoder().decode(octets.subarray(from, to))),
  )
  void sink.write(batch)
  return written
}

test('a batch is written as whole lines in one piece', () => {
  const batch = new FlowBatch()
  batch.rowCount = 2
  const domain = batch.fixed(F.observationDomainId)
  domain.values.set([7, 8])
  domain.present.fill(1, 0, 2)
  assert.equal(printed(batch), ['{"observationDomainId":7}\n{"observationDomainId":8}\n'])
})

test.run()
