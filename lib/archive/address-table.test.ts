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

test('IPv4 addresses of a range are marked as their words say, from any code on', () => {
  withDirectory((directory) => {
    const path = join(directory, 'a.weir')
    const writer = testWriter(path, 9000)
    const generator = new FlowGenerator(12)
    const batch = new FlowBatch()
    for (let i = 0; i < 8; i++) {
      batch.reset()
      generator.fill(batch)
      writer.append(batch)
    }
    assert.ok(writer.close())
    const { addresses } = openArchive(path)
    const words = openArchive(path).addresses.words()
    const some = words[4 * 77 + 3]!
    for (const [low, high] of [
      [0, 0xffffffff],
      [0x0a000000, 0x0affffff],
      [some, some],
      [some, 0xffffffff],
      [5, 4],
    ] as const) {
      for (const from of [0, 1, 78, 5000, addresses.codes]) {
        const marks = new Uint8Array(addresses.codes)
        addresses.markIpv4(from, low, high, marks)
        const wanted = marks.map((_, code) => {
          const [a, b, c, d] = words.subarray(code * 4, code * 4 + 4)
          return a === 0 && b === 0 && c === 0xffff && code >= from && d! >= low && d! <= high ? 1 : 0
        })
        assert.ok(Buffer.from(marks).equals(wanted), `${low} to ${high} from ${from}`)
      }
    }
  })
})

test.run()
