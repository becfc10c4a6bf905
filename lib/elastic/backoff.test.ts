import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Backoff, retryAfterMs } from './backoff.ts'

const test = suite('backoff')

test('waits are half of a time that doubles and a random part of the rest, and begin anew after a success', () => {
  const waits = (random: number) => {
    const backoff = new Backoff(1000, 10_000, () => random)
    return [1, 2, 3, 4, 5].map(() => backoff.delayMs())
  }
  assert.equal(waits(0), [1000, 2000, 4000, 5000, 5000])
  assert.equal(waits(1), [2000, 4000, 8000, 10_000, 10_000])
  const backoff = new Backoff(1000, 10_000, () => 0)
  backoff.delayMs()
  backoff.delayMs()
  backoff.reset()
  assert.is(backoff.delayMs(), 1000)
})

test('a server may ask for more, not for less; a longest wait below the first one is that', () => {
  assert.is(new Backoff(1000, 10_000, () => 0).delayMs(7000), 7000)
  assert.is(new Backoff(1000, 10_000, () => 0).delayMs(10), 1000)
  assert.is(new Backoff(5000, 1000, () => 1).delayMs(), 5000)
})

test('Retry-After is seconds or a date, and no more than five minutes', () => {
  const now = Date.parse('2026-11-21T10:00:00Z')
  for (const [value, want] of [
    ['2', 2000],
    [' 2 ', 2000],
    ['Sat, 21 Nov 2026 10:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
    ['86400', 300_000],
    ['soon', 0],
    ['-5', 0],
    ['', 0],
    [undefined, 0],
  ] as const) {
    assert.is(retryAfterMs(value, now), want, String(value))
  }
})

test.run()
