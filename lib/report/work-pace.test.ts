import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { WorkPace } from './work-pace.ts'

/** What the pace says after each piece of so many milliseconds, 100 pieces being all. */
function told(pieces: readonly number[]): number[] {
  let now = 5
  const pace = new WorkPace(() => now)
  return pieces.map((ms, i) => {
    now += ms
    return pace.restMs(99 - i)
  })
}

test('the rest takes as long as the pieces did once the code was warm', () => {
  assert.equal(told([30, 12, 4, 4, 4, 10]), [0, 0, 0, 96 * 4, 95 * 4, 94 * 5.5])
})

test('nothing is said of work that is soon done', () => {
  assert.equal(told([10, 1, 1, 1]), [0, 0, 0, 0])
  assert.equal(told([]), [])
})

test('pieces that need nothing tell of a rest that needs little', () => {
  assert.equal(told([50, 0, 0, 0]), [0, 0, 0, 0])
})

test.run()
