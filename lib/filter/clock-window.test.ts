import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Clock, daysOf, minuteOf } from './clock-window.ts'
import { momentOf } from './moment.ts'

const at = (text: string) => Math.floor(Date.parse(text) / 60_000)

test('a window follows its zone through daylight saving', () => {
  const clock = new Clock({ from: 480, to: 540, days: 127, timeZone: 'Europe/Zurich' })
  assert.ok(clock.has(at('2026-07-01T06:00Z')))
  assert.ok(clock.has(at('2026-07-01T06:59Z')))
  assert.not(clock.has(at('2026-07-01T07:00Z')))
  assert.not(clock.has(at('2026-12-01T06:30Z')))
  assert.ok(clock.has(at('2026-12-01T07:30Z')))
})

test('days are those of the zone, and nights belong to the day on which they begin', () => {
  const monday = new Clock({ from: 0, to: 1440, days: daysOf('monday'), timeZone: 'Pacific/Auckland' })
  assert.ok(monday.has(at('2026-11-22T11:00Z')))
  assert.not(monday.has(at('2026-11-23T11:00Z')))
  const night = new Clock({ from: 1320, to: 360, days: daysOf('fri'), timeZone: 'UTC' })
  assert.ok(night.has(at('2026-11-20T22:00Z')))
  assert.ok(night.has(at('2026-11-21T05:59Z')))
  assert.not(night.has(at('2026-11-21T06:00Z')))
  assert.not(night.has(at('2026-11-20T05:00Z')))
  assert.not(night.has(at('2026-11-21T23:00Z')))
})

test('words of days and times of day', () => {
  assert.equal(
    ['mon', 'Mondays', 'weekdays', 'weekend', 'daily', 'mo', 'monty'].map(daysOf),
    [2, 2, 62, 65, 127, 0, 0],
  )
  assert.equal(
    ['8:00', '08:05', '24:00', '24:01', '8', '08:60', 'a:bc'].map(minuteOf),
    [480, 485, 1440, -1, -1, -1, -1],
  )
})

test('times are read in their zone, with the digits that were given', () => {
  const read = (text: string, zone = 'UTC') => momentOf(text, zone, 1_000_000)?.ns
  assert.is(read('2026-11-21T10:00'), 1_795_255_200_000_000_000n)
  assert.is(read('2026-11-21T10:00:00.123456789Z'), 1_795_255_200_123_456_789n)
  assert.is(read('2026-11-21T11:00+01:00'), 1_795_255_200_000_000_000n)
  assert.is(read('2026-11-21T11:00', 'Europe/Zurich'), 1_795_255_200_000_000_000n)
  assert.is(read('2026-07-01T12:00', 'Europe/Zurich'), BigInt(Date.parse('2026-07-01T10:00Z')) * 1_000_000n)
  assert.is(read('2026-11-21'), BigInt(Date.parse('2026-11-21')) * 1_000_000n)
  assert.is(read('1795255200'), 1_795_255_200_000_000_000n)
  assert.is(read('1795255200123'), 1_795_255_200_123_000_000n)
  assert.is(read('-5m'), 1_000_000_000_000n - 300_000_000_000n)
  assert.is(read('now'), 1_000_000_000_000n)
  for (const bad of ['2026-13-01', '2026-02-30', '2026-11-21T25:00', 'noon', '', '-5x'])
    assert.is(read(bad), undefined, bad)
})

test.run()
