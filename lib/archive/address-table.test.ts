import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { FlowGenerator } from '../testing/flow-generator.ts'
import type { AddressTable } from './address-table.ts'
import { openArchive } from './archive-reader.ts'
import { testWriter, withDirectory } from './testing/files.ts'

/** What `visit` shows, put together; codes come in order and each once. */
function visited(addresses: AddressTable, from: number): Uint32Array {
  const words = new Uint32Array(addresses.codes * 4)
  let next = from
  addresses.visit(from, (piece, first, count) => {
    assert.is(first, next)
    words.set(piece.subarray(0, count * 4), first * 4)
    next += count
  })
  assert.is(next, addresses.codes)
  return words.subarray(from * 4)
}

test('addresses shown piece by piece are those of the whole table, from any code on, before and after it was made', () => {
  withDirectory((directory) => {
    const path = join(directory, 'a.weir')
    const writer = testWriter(path, 9000)
    const generator = new FlowGenerator(11)
    const batch = new FlowBatch()
    for (let i = 0; i < 8; i++) {
      batch.reset()
      generator.fill(batch)
      writer.append(batch)
    }
    assert.ok(writer.close())
    const open = () => openArchive(path).addresses
    const whole = open()
    const words = whole.words()
    assert.ok(whole.codes > 8192)
    assert.ok(words.some((word, at) => at % 4 === 0 && word !== 0))
    for (const from of [0, 1, 4095, 4097, 9000, whole.codes - 1, whole.codes]) {
      assert.equal(visited(open(), from), words.subarray(from * 4), `from ${from}`)
      assert.equal(visited(whole, from), words.subarray(from * 4), `from ${from}, known`)
    }
    const some = open()
    for (let code = 1; code < some.codes; code += 997)
      assert.equal(some.wordsOf(code), words.slice(code * 4, code * 4 + 4))
  })
})

test.run()
