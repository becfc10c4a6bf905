import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newRandom } from '../testing/workload.ts'
import { putNineDigits, putU32, putU64 } from './put-number.ts'
import { putVarint, putVarint64, varintLength } from './put-varint.ts'

const octets = new Uint8Array(128)
const view = new DataView(octets.buffer)
const printed = (end: number): string => Buffer.from(octets.subarray(3, end)).toString()
const words = (value: bigint): [number, number] => [Number(value & 0xffffffffn) | 0, Number(value >> 32n) | 0]

test('32-bit numbers print with all their digits and no more', () => {
  const random = newRandom(3)
  const values = [0, 9, 10, 9999, 10_000, 10_001, 99_999_999, 100_000_000, 2 ** 31, 2 ** 32 - 1]
  for (let power = 1; power <= 1e9; power *= 10) values.push(power - 1, power, power + 1)
  for (let i = 0; i < 2000; i++) values.push(random(2 ** 32) >>> random(31))
  for (const value of values) assert.is(printed(putU32(view, 3, value | 0)), String(value))
})

test('64-bit numbers print exactly, beyond what a double holds', () => {
  const random = newRandom(5)
  const values = [
    0n,
    1n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 53n + 1n,
    2n ** 64n - 1n,
    1_680_655_485_099_595_001n,
  ]
  for (let power = 1n; power < 2n ** 64n; power *= 10n) values.push(power - 1n, power, power + 1n)
  for (let n = 1n; n < 18n; n++)
    values.push(n * 1_000_000_000n * 1_000_000_000n, (n << 60n) - 1n, n * 4_294_967_296n * 1_000_000_000n)
  for (let i = 0; i < 3000; i++) {
    const value = (BigInt(random(2 ** 32)) << 32n) | BigInt(random(2 ** 32))
    values.push(value >> BigInt(random(64)), (value / 1_000_000_000n) * 1_000_000_000n)
  }
  for (const value of values) {
    const [low, high] = words(value)
    if (value < 2n ** 64n) assert.is(printed(putU64(view, 3, low, high)), String(value))
  }
})

test('fractions keep their leading zeros', () => {
  for (const value of [0, 1, 12_345, 99_999_999, 100_000_000, 999_999_999]) {
    assert.is(printed(putNineDigits(view, 3, value)), String(value).padStart(9, '0'))
  }
})

test('varints hold seven bits an octet, the low ones first', () => {
  const cases: [bigint, number[]][] = [
    [0n, [0]],
    [127n, [127]],
    [128n, [128, 1]],
    [300n, [172, 2]],
    [2n ** 32n - 1n, [255, 255, 255, 255, 15]],
    [2n ** 32n, [128, 128, 128, 128, 16]],
    [2n ** 64n - 1n, [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
  ]
  for (const [value, expected] of cases) {
    const [low, high] = words(value)
    assert.equal([...octets.subarray(0, putVarint64(octets, 0, low, high))], expected)
    if (value < 2n ** 32n) {
      assert.equal([...octets.subarray(0, putVarint(octets, 0, low))], expected)
      assert.is(varintLength(low), expected.length)
    }
  }
  for (const [value, length] of [
    [16_383, 2],
    [16_384, 3],
    [2_097_152, 4],
    [268_435_456, 5],
  ] as const) {
    assert.is(varintLength(value), length)
  }
})

test.run()
