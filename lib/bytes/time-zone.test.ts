import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { zoneOffset } from './time-zone.ts'

test('clocks are as far ahead of UTC as they are at that moment', () => {
  const hours = (text: string, zone: string) => zoneOffset(Date.parse(text), zone) / 3_600_000
  assert.is(hours('2026-01-15T12:00:00Z', 'Europe/Zurich'), 1)
  assert.is(hours('2026-03-29T00:59:59.999Z', 'Europe/Zurich'), 1)
  assert.is(hours('2026-03-29T01:00:00Z', 'Europe/Zurich'), 2)
  assert.is(hours('2026-07-15T12:00:00Z', 'America/St_Johns'), -2.5)
  assert.is(hours('2026-07-15T12:00:00Z', 'Asia/Kathmandu'), 5.75)
  assert.is(hours('2026-07-15T12:00:00Z', 'UTC'), 0)
})

test.run()
