import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { type CellValue, fillRow } from '../testing/fill-row.ts'
import { batchBlock } from './batch-block.ts'
import { ALWAYS, rowsWithin } from './time-selection.ts'

function within(from: bigint, to: bigint, ...rows: Readonly<Record<string, CellValue>>[]): number[] | null {
  const batch = new FlowBatch()
  for (const row of rows) fillRow(batch, row)
  const selected = rowsWithin(batchBlock(batch), { from, to }, [])
  return selected === null ? null : [...selected]
}

const ROWS = [
  { flowStart: 10n, flowEnd: 20n, timeReceived: 100n },
  { flowStart: 20n, flowEnd: 20n, timeReceived: 100n },
  { flowStart: 30n, timeReceived: 100n },
  { flowEnd: 40n, timeReceived: 100n },
  { timeReceived: 50n },
  {},
] as const

test('a flow touches a span from its start to its end', () => {
  assert.equal(within(0n, 10n, ...ROWS), [])
  assert.equal(within(0n, 11n, ...ROWS), [0])
  assert.equal(within(15n, 16n, ...ROWS), [0])
  assert.equal(within(20n, 21n, ...ROWS), [0, 1])
  assert.equal(within(21n, 30n, ...ROWS), [])
})

test('one time stands for both, and when it was received for none', () => {
  assert.equal(within(30n, 31n, ...ROWS), [2])
  assert.equal(within(40n, 41n, ...ROWS), [3])
  assert.equal(within(50n, 51n, ...ROWS), [4])
  assert.equal(within(51n, ALWAYS.to, ...ROWS), [])
})

test('without a span all rows are taken, those without any time too', () => {
  assert.is(within(ALWAYS.from, ALWAYS.to, ...ROWS), null)
})

test('times of all 64 bits are compared exactly', () => {
  const late = { flowStart: 18_446_744_073_709_551_614n, flowEnd: 18_446_744_073_709_551_615n }
  assert.is(within(18_446_744_073_709_551_615n, ALWAYS.to, late), null)
  assert.equal(within(0n, 18_446_744_073_709_551_614n, late), [])
  const row = { flowStart: 9_007_199_254_740_993n, flowEnd: 9_007_199_254_740_993n }
  assert.equal(within(9_007_199_254_740_994n, ALWAYS.to, row), [])
})

test.run()
