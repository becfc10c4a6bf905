import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { FlowBatch } from '../flow/batch.ts'
import { BatchWriter } from '../flow/batch-writer.ts'
import { FlushClock } from './flush-clock.ts'

function writer() {
  const passed: number[] = []
  const rows = new BatchWriter('flow', (full: FlowBatch) => {
    passed.push(full.rowCount)
    full.reset()
    return full
  })
  return { rows, passed, clock: new FlushClock(rows, 200) }
}

test('rows are passed on once the first has waited long enough', () => {
  const { rows, passed, clock } = writer()
  clock.poll(0)
  rows.reserve(1).rowCount++
  clock.poll(1000)
  rows.reserve(1).rowCount++
  clock.poll(1199)
  assert.equal(passed, [])
  clock.poll(1200)
  assert.equal(passed, [2])
})

test('nothing is passed on while there are no rows', () => {
  const { rows, passed, clock } = writer()
  for (let ms = 0; ms < 2000; ms += 100) clock.poll(ms)
  rows.reserve(1).rowCount++
  clock.flush()
  clock.flush()
  rows.reserve(1).rowCount++
  clock.poll(3000)
  clock.poll(3100)
  assert.equal(passed, [1])
})

test.run()
