import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { writeScaled, writeTime } from './nanoseconds.ts'

test('a scaled count is exact in 64 bits, and cut to them', () => {
  const value = new BigUint64Array(1)
  const words = new Uint32Array(value.buffer)
  const counts = [0n, 1n, 0xffffn, 0x10000n, 1_700_000_000n, 0xffff_ffffn, 0x1_0000_0001n, 2n ** 64n - 1n]
  for (const count of counts) {
    for (const factor of [1, 1000, 1_000_000, 1_000_000_000, 2 ** 36]) {
      for (const more of [0, 1, 999_999_999, 2 ** 32 * 1000]) {
        writeScaled(words, 0, Number(count >> 32n), Number(count & 0xffff_ffffn), factor, more)
        const expected = BigInt.asUintN(64, count * BigInt(factor) + BigInt(more))
        assert.is(value[0], expected, `${count} * ${factor} + ${more}`)
      }
    }
  }
})

test('a time is exact for all seconds and fractions', () => {
  const value = new BigUint64Array(1)
  const words = new Uint32Array(value.buffer)
  for (const seconds of [0, 1, 65_535, 65_536, 1_700_000_000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    for (const nanoseconds of [0, 1, 999_999_999, 0xffff_ffff, 0xffff_ffff * 1000]) {
      writeTime(words, 0, seconds, nanoseconds)
      assert.is(value[0], BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds), `${seconds} ${nanoseconds}`)
    }
  }
})

test.run()
