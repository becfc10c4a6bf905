import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { cells } from '../testing/cells.ts'
import { FlowGenerator } from '../testing/flow-generator.ts'
import { ParcelPacker, ParcelUnpacker } from './batch-parcel.ts'

test('a batch that was packed and moved holds the same rows', () => {
  const generator = new FlowGenerator(7)
  const packer = new ParcelPacker()
  const unpacker = new ParcelUnpacker()
  const source = new FlowBatch()
  let buffers = 0
  const known = new Set<ArrayBuffer>()
  for (let i = 0; i < 5; i++) {
    source.reset()
    generator.fill(source)
    const parcel = packer.pack(source)
    if (!known.has(parcel.buffer)) buffers++
    known.add(parcel.buffer)
    const target = unpacker.unpack(parcel)
    assert.is(target.rowCount, source.rowCount)
    assert.is(target.kind, source.kind)
    assert.equal(target.layouts, source.layouts)
    for (let row = 0; row < source.rowCount; row += 37) assert.equal(cells(target, row), cells(source, row))
    packer.giveBack(parcel.buffer)
  }
  assert.ok(buffers <= 2, `${buffers} buffers`)
})

test.run()
