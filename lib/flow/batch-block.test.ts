import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress } from '../bytes/address.ts'
import { fillRow } from '../testing/fill-row.ts'
import { FlowBatch } from './batch.ts'
import { blockOfBatch } from './batch-block.ts'
import { F } from './fields.ts'

test('a batch reads as a block', () => {
  const batch = new FlowBatch()
  fillRow(batch, { octetDeltaCount: 2n ** 63n, packetDeltaCount: 2, flowStart: 5n, timeReceived: 9n })
  fillRow(batch, { octetDeltaCount: 1, flowStart: 3n, flowEnd: 8n })
  const { info, columns, ...block } = blockOfBatch(batch)
  assert.is(info.rows, 2)
  assert.is(info.kind, 'flow')
  assert.is(info.octets, 2n ** 63n + 1n)
  assert.is(info.packets, 2n)
  assert.is(info.leastStart, 3n)
  assert.is(info.greatestEnd, 8n)
  assert.is(info.leastReceived, 9n)
  assert.equal(
    columns.map((column) => column.name),
    ['octetDeltaCount', 'packetDeltaCount', 'flowStart', 'timeReceived', 'flowEnd'],
  )
  assert.is(block.read(F.octetDeltaCount, [])?.column.field, F.octetDeltaCount)
  assert.is(block.read(F.sourceAddress, []), null)
  assert.is(block.readCodes(F.octetDeltaCount, []), null)
})

test('addresses of a batch have codes: equal ones the same, in all columns', () => {
  const batch = new FlowBatch()
  for (let i = 0; i < 4000; i++) {
    fillRow(batch, {
      sourceAddress: `10.0.${(i >> 8) % 8}.${i & 255}`,
      ...(i % 3 === 0 ? {} : { destinationAddress: i % 3 === 1 ? `2001:db8::${(i % 100) + 1}` : '10.0.0.1' }),
    })
  }
  const block = blockOfBatch(batch)
  for (const field of [F.sourceAddress, F.destinationAddress]) {
    const { codes, present } = block.readCodes(field, [])!
    const own = batch.fixed(field).words
    const words = block.addresses.words()
    for (let row = 0; row < 4000; row++) {
      assert.is(present[row], field === F.sourceAddress || row % 3 !== 0 ? 1 : 0)
      assert.is(formatAddress(words, codes[row]! * 4), formatAddress(own, row * 4))
    }
  }
  assert.is(block.addresses.codes, 1 + 2048 + 100)
  const { codes } = block.readCodes(F.destinationAddress, [])!
  assert.is(codes[2], block.readCodes(F.sourceAddress, [])!.codes[1])
  assert.is(block.read(F.destinationAddress, [])?.codes, codes)
})

test('a column without values in this filling is not there', () => {
  const batch = new FlowBatch()
  fillRow(batch, { vlanId: 3 })
  batch.reset()
  fillRow(batch, { octetDeltaCount: 3 })
  const block = blockOfBatch(batch)
  assert.equal(
    block.columns.map((column) => column.name),
    ['octetDeltaCount'],
  )
  assert.is(block.read(F.vlanId, []), null)
})

test.run()
