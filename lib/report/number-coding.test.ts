import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { NumberCoding } from './number-coding.ts'

test('values are numbered by first appearance, and numbers mean their values', () => {
  const coding = new NumberCoding()
  const numbers = new Uint32Array(5)
  coding.encode(Uint32Array.of(64_500, 0, 2 ** 32 - 1, 64_500, 0), numbers)
  assert.equal([...numbers], [0, 1, 2, 0, 1])
  assert.equal([...coding.meaning.subarray(0, coding.count)], [64_500, 0, 2 ** 32 - 1])
})

test('numbers hold while more values come, also those that collide', () => {
  const coding = new NumberCoding()
  const values = Uint32Array.from({ length: 20_000 }, (_, i) => Math.imul(i % 10_000, 0x10000) >>> 0)
  const numbers = new Uint32Array(values.length)
  for (let from = 0; from < values.length; from += 777)
    coding.encode(values.subarray(from, from + 777), numbers.subarray(from, from + 777))
  assert.is(coding.count, new Set(values).size)
  for (const [row, number] of numbers.entries()) assert.is(coding.meaning[number], values[row])
})

test('there is room for numbers still to come, and an end to made-up ones', () => {
  const coding = new NumberCoding()
  coding.encode(
    Uint32Array.from({ length: 1000 }, (_, i) => i),
    new Uint32Array(1000),
  )
  assert.is(coding.bits, 13)
  assert.not(coding.isFull)
  const many = Uint32Array.from({ length: 2 ** 20 + 1 }, (_, i) => i * 3)
  coding.encode(many, new Uint32Array(many.length))
  assert.ok(coding.isFull)
})

test.run()
