import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { crc32 } from '../bytes/crc32.ts'
import { NEW_MEMORY } from '../flow/block-memory.ts'
import { newRandom } from '../testing/workload.ts'
import { Damage } from './damage.ts'
import { PLANE_ENTRY_OCTETS } from './encoding.ts'
import { PlaneReader } from './plane-reader.ts'

const ROWS = 3000
const BASE = 5
const FACTS = { count: ROWS, base: BigInt(BASE), unit: 1n, first: 0, planes: 2 }

/** A reader of numbers in two planes, their lower 16 bits and the 8 above, and how many planes it has read. */
function readerOf(numbers: Uint32Array, damagedPlane = -1) {
  const low = Buffer.from(Uint16Array.from(numbers, (number) => (number - BASE) & 0xffff).buffer)
  const high = Buffer.from(Uint8Array.from(numbers, (number) => (number - BASE) >>> 16))
  const table = Buffer.alloc(2 * PLANE_ENTRY_OCTETS)
  for (const [i, plane] of [low, high].entries()) {
    const entry = [i === 0 ? 0 : low.length / 8, plane.length, plane.length, crc32(plane)]
    for (const [k, value] of entry.entries()) table.writeUInt32LE(value, i * PLANE_ENTRY_OCTETS + k * 4)
  }
  const body = Buffer.concat([low, high])
  if (damagedPlane >= 0) body[damagedPlane * low.length + 9]! ^= 1
  const read = { planes: 0 }
  const bodyReader = (from: number, octets: number) => {
    read.planes++
    return body.subarray(from, from + octets)
  }
  return { reader: new PlaneReader(table, 2, bodyReader, NEW_MEMORY), read }
}

/** Numbers of two planes whose lower 16 bits are even. */
function someNumbers(): Uint32Array {
  const random = newRandom(9)
  return Uint32Array.from({ length: ROWS }, () => BASE + random(100) * 2 + random(200) * 65_536)
}

test('rows of one number are found in two planes', () => {
  const numbers = someNumbers()
  const found = new Uint32Array(ROWS)
  for (const wanted of [numbers[0]!, numbers[77]!, numbers[2999]!, BASE, BASE + 1, BASE - 1, 2 ** 31]) {
    const { reader } = readerOf(numbers)
    const rows = [...numbers.keys()].filter((row) => numbers[row] === wanted)
    assert.equal([...found.subarray(0, reader.find(1, FACTS, wanted, wanted, found))], rows, `${wanted}`)
  }
})

test('the upper plane is not read for a number whose lower half no row has', () => {
  const { reader, read } = readerOf(someNumbers())
  const found = new Uint32Array(ROWS)
  assert.is(reader.find(1, FACTS, BASE + 3 + 7 * 65_536, BASE + 3 + 7 * 65_536, found), 0)
  assert.is(read.planes, 1)
  assert.ok(reader.find(1, FACTS, BASE, BASE + 2 ** 23, found) > 0)
  assert.is(read.planes, 2)
})

test('a plane that is read is proven right', () => {
  const numbers = someNumbers()
  const found = new Uint32Array(ROWS)
  for (const plane of [0, 1]) {
    const { reader } = readerOf(numbers, plane)
    assert.throws(
      () => reader.find(1, FACTS, numbers[0]!, numbers[0]!, found),
      (error: unknown) => error instanceof Damage,
    )
  }
})

test.run()
