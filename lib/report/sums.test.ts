import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { LaneValues } from './lane-kernels.ts'
import { addGroups, addLanes, grownSums, type LaneOperation, lanesAt, newSums } from './sums.ts'

const GROUPS = 5
const ROWS = 400
const groups = Uint32Array.from({ length: ROWS }, (_, row) => (row * row) % GROUPS)
const narrow = Uint32Array.from({ length: ROWS }, (_, row) => 0xffffffff - row * 9973)
const wide = BigUint64Array.from({ length: ROWS }, (_, row) => (BigInt(row * 7919) << 29n) + 0xfffffff0n)

/** The same, number by number. */
function slowly(values: readonly (LaneValues | null)[], operations: readonly LaneOperation[]): bigint[][] {
  const out = Array.from({ length: GROUPS }, () => operations.map(() => 0n))
  for (let row = 0; row < ROWS; row++) {
    const lanes = out[groups[row]!]!
    for (const [lane, operation] of operations.entries()) {
      const value = BigInt(values[lane]?.[row] ?? 1)
      if (operation === 'sum') lanes[lane]! += value
      else if (value > lanes[lane]!) lanes[lane] = value
    }
  }
  return out
}

const CASES: readonly [string, (LaneValues | null)[], LaneOperation[]][] = [
  ['three small lanes', [narrow, narrow, null], ['sum', 'sum', 'sum']],
  ['a wide lane among three', [wide, narrow, null], ['sum', 'sum', 'sum']],
  ['greatest values', [narrow, wide], ['greatest', 'greatest']],
  ['one lane of ones', [null], ['sum']],
  ['sums and greatest values', [narrow, wide, narrow, null], ['sum', 'sum', 'greatest', 'sum']],
]

for (const [name, values, operations] of CASES) {
  test(`sums carry into their high words: ${name}`, () => {
    const sums = newSums(GROUPS * operations.length)
    addLanes(sums, groups, operations, values, ROWS)
    const got = Array.from({ length: GROUPS }, (_, at) => lanesAt(sums, at, operations.length, false))
    assert.equal(got, slowly(values, operations))
  })

  test(`sums of two threads add up to those of one: ${name}`, () => {
    const lanes = operations.length
    const whole = newSums(GROUPS * lanes)
    addLanes(whole, groups, operations, values, ROWS)
    const parts = [0, 1].map((half) => {
      const sums = newSums(GROUPS * lanes)
      const from = half * (ROWS / 2)
      const own = values.map((lane) => lane?.subarray(from, from + ROWS / 2) ?? null)
      addLanes(sums, groups.subarray(from), operations, own, ROWS / 2)
      return sums
    })
    addGroups(parts[0]!, parts[1]!, Uint32Array.of(3, 1, 0, 4, 2), GROUPS, operations)
    assert.equal(parts[0], whole)
  })
}

test('wide sums have two numbers a lane: 32 low bits summed, and what is above them', () => {
  const sums = newSums(2)
  sums.low.set([7, 1])
  sums.high.set([3, 0x80000000])
  assert.equal(lanesAt(sums, 0, 1, true), [(3n << 32n) + 7n + (((0x80000000n << 32n) + 1n) << 32n)])
})

test('sums that grow keep what they have', () => {
  const sums = newSums(1)
  sums.low[0] = 5
  sums.high[0] = 6
  assert.equal(lanesAt(grownSums(sums, 3), 0, 3, false), [(6n << 32n) + 5n, 0n, 0n])
})

test.run()
