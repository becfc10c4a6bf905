import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BestScores } from './best-scores.ts'

test('the least of the best is what a sorted list has at that place', () => {
  const scores = Array.from({ length: 500 }, (_, i) => (i * 7919) % 311)
  for (const limit of [1, 2, 3, 10, 499, 500]) {
    const best = new BestScores(limit)
    for (const score of scores) best.add(score)
    assert.is(best.least, scores.toSorted((a, b) => b - a)[limit - 1])
  }
})

test('as long as there is room, everything is among the best', () => {
  const best = new BestScores(3)
  best.add(-5)
  best.add(Number.NaN)
  best.add(7)
  assert.is(best.least, Number.NEGATIVE_INFINITY)
  best.add(0)
  assert.is(best.least, -5)
})

test('nothing is among the best none', () => {
  assert.is(new BestScores(0).least, Number.POSITIVE_INFINITY)
})

test.run()
