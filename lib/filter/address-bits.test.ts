import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { AddressCodes } from '../flow/source.ts'
import { AddressBits } from './address-bits.ts'

/** A dictionary whose code n is 0.0.0.n; it may grow. */
function dictionary(codes: number) {
  return {
    codes,
    words(): Uint32Array {
      return Uint32Array.from({ length: this.codes * 4 }, (_, i) =>
        i % 4 === 3 ? i >> 2 : i % 4 === 2 ? 0xffff : 0,
      )
    },
  }
}

/** Even addresses match; counts how many were asked. */
function evenBits(budget = { used: 0 }) {
  const asked = { count: 0 }
  const bits = new AddressBits((words, from, to, out) => {
    for (let i = from; i < to; i++) out[i - from] = 1 - (words[i * 4 + 3]! & 1)
    asked.count += to - from
  }, budget)
  return { bits, asked, budget }
}

test('each address of a dictionary is asked once, those that come later too', () => {
  const { bits, asked } = evenBits()
  const addresses = dictionary(5)
  assert.equal([...bits.of(addresses)!.subarray(0, 5)], [1, 0, 1, 0, 1])
  bits.of(addresses)
  assert.is(asked.count, 5)
  addresses.codes = 7
  assert.equal([...bits.of(addresses)!.subarray(0, 7)], [1, 0, 1, 0, 1, 0, 1])
  addresses.codes = 8
  assert.equal([...bits.of(addresses)!.subarray(0, 8)], [1, 0, 1, 0, 1, 0, 1, 0])
  assert.is(asked.count, 8)
})

test('answers of dictionaries that are over are given up', () => {
  const { bits, asked, budget } = evenBits()
  const many: AddressCodes[] = Array.from({ length: 50 }, () => dictionary(100))
  for (const addresses of many) bits.of(addresses)
  assert.is(budget.used, 400)
  bits.of(many[49]!)
  bits.of(many[46]!)
  assert.is(asked.count, 5000)
  bits.of(many[0]!)
  assert.is(asked.count, 5100)
})

test('rows are judged without kept answers where these would be too large', () => {
  const { bits } = evenBits({ used: 2 ** 28 })
  const addresses = dictionary(10_000)
  assert.is(bits.of(addresses), null)
  const codes = Uint32Array.from({ length: 9000 }, (_, row) => row + 500)
  const out = new Uint8Array(9000)
  bits.select(addresses, codes, 9000, out)
  assert.ok(out.every((value, row) => value === 1 - (row & 1)))
  assert.ok(bits.meets(addresses, 1n, 1n))
})

test('codes from the least to the greatest tell whether any can match', () => {
  const { bits } = evenBits()
  const addresses = dictionary(10)
  assert.not(bits.meets(addresses, 3n, 3n))
  assert.ok(bits.meets(addresses, 3n, 4n))
  assert.ok(bits.meets(addresses, 0n, 2n ** 64n - 1n))
})

test('a dictionary that finds IPv4 addresses of a range by itself is not asked for words', () => {
  const asked: number[][] = []
  const addresses = {
    codes: 50,
    words(): Uint32Array {
      throw new Error('nobody needs them')
    },
    markIpv4(from: number, low: number, high: number, marks: Uint8Array): void {
      asked.push([from, low, high])
      for (let code = Math.max(from, low); code <= high && code < this.codes; code++) marks[code] = 1
    },
  }
  const nothing = () => assert.unreachable()
  const one = new AddressBits(nothing, { used: 0 }, { low: 52, high: 52 })
  assert.is(one.onlyCode(addresses), -1)
  assert.not(one.meets(addresses, 0n, 49n))
  addresses.codes = 60
  assert.is(one.onlyCode(addresses), 52)
  assert.ok(one.meets(addresses, 50n, 52n))
  assert.not(one.meets(addresses, 53n, 59n))
  assert.not(one.meets(addresses, 0n, 51n))
  assert.equal(asked, [
    [0, 52, 52],
    [50, 52, 52],
  ])
  const several = new AddressBits(nothing, { used: 0 }, { low: 20, high: 29 })
  assert.equal(
    [...several.of(addresses)!.subarray(0, 60).keys()].filter((code) => several.of(addresses)![code] === 1),
    [20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
  )
})

test.run()
