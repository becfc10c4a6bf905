import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlagReader } from './flag-reader.ts'
import type { GivenFlags } from './flags.ts'
import { ALL_TIMES, formatTime, parseTime, timeFlags, timeRange } from './times.ts'

const NOW = Date.UTC(2026, 10, 21, 12)
const TEN = Date.UTC(2026, 10, 21, 10)
const MS = 1_000_000n

test('times are read in every form that is documented', () => {
  const forms: [string, number][] = [
    ['2026-11-21T10:00:00Z', TEN],
    ['2026-11-21t10:00:00z', TEN],
    ['2026-11-21 10:00:00', TEN],
    ['2026-11-21T10:00', TEN],
    ['2026-11-21T11:00:00.5+01:00', TEN + 500],
    ['2026-11-21T04:30-05:30', TEN],
    ['2026-11-21', Date.UTC(2026, 10, 21)],
    [String(TEN / 1000), TEN],
    [String(TEN), TEN],
    ['now', NOW],
    ['-1d', NOW - 86_400_000],
    ['-1h30m', NOW - 5_400_000],
  ]
  for (const [text, ms] of forms) assert.is(parseTime(text, NOW), BigInt(ms) * MS, text)
})

test('no digit of a nanosecond is lost', () => {
  assert.is(parseTime('2026-11-21T10:00:00.123456789Z', NOW), BigInt(TEN) * MS + 123_456_789n)
  assert.is(parseTime('-1ns', NOW), BigInt(NOW) * MS - 1n)
})

test('what is no time is refused', () => {
  const texts = ['', 'yesterday', '2026-13-01', '2026-02-31', '2025-02-29', '12', '2026-11-21T25:00', '1d']
  texts.push('2026-11-21T24:00', '2026-11-21T10:60', '2026-11-21T10:00:60', '2026-11-21T10:00+25:00', '-1x')
  texts.push('2026-11-21Z', '2026-11-21T10', '1969-12-31', '2026-11-21T10:00:00.1234567890Z', '-99999d')
  for (const text of texts) assert.is(parseTime(text, NOW), undefined, text)
})

test('a time without a zone is meant in the zone that was named, one with a zone is not', () => {
  const berlin = (text: string) => formatTime(parseTime(text, NOW, 'Europe/Berlin')!)
  assert.is(berlin('2026-11-21'), '2026-11-20T23:00:00Z')
  assert.is(berlin('2026-07-01T12:00'), '2026-07-01T10:00:00Z')
  assert.is(berlin('2026-07-01T12:00Z'), '2026-07-01T12:00:00Z')
  assert.is(formatTime(parseTime('2026-01-01', NOW, 'Asia/Kathmandu')!), '2025-12-31T18:15:00Z')
  assert.is(formatTime(parseTime('2026-01-01T12:00', NOW, 'America/New_York')!), '2026-01-01T17:00:00Z')
})

test('of an hour that comes twice it is the first, and one that is left out goes on', () => {
  const berlin = (text: string) => formatTime(parseTime(text, NOW, 'Europe/Berlin')!)
  assert.is(berlin('2026-10-25T02:30'), '2026-10-25T00:30:00Z')
  assert.is(berlin('2026-10-25T03:00'), '2026-10-25T02:00:00Z')
  assert.is(berlin('2026-03-29T01:59'), '2026-03-29T00:59:00Z')
  assert.is(berlin('2026-03-29T02:30'), '2026-03-29T01:30:00Z')
  assert.is(berlin('2026-03-29T03:00'), '2026-03-29T01:00:00Z')
})

test('times are printed as RFC 3339 in UTC, with the digits there are', () => {
  assert.is(formatTime(0n), '1970-01-01T00:00:00Z')
  assert.is(formatTime(1_767_225_600_120_000_000n), '2026-01-01T00:00:00.120Z')
  assert.is(formatTime(1_767_225_600_123_456_000n), '2026-01-01T00:00:00.123456Z')
  assert.is(formatTime(1_767_225_600_000_000_001n), '2026-01-01T00:00:00.000000001Z')
  assert.is(formatTime(2n ** 64n - 1n), '2554-07-21T23:34:33.709551615Z')
})

function range(...words: [string, string][]) {
  const given: GivenFlags = new Map(
    words.map(([name, value]) => [name, { values: [value], source: `--${name}` }]),
  )
  const { from, to } = timeRange(new FlagReader(timeFlags('Time'), given), NOW)
  return `${formatTime(from)} ${formatTime(to)}`
}

test('a range has a beginning, an end, or a length', () => {
  assert.equal(timeRange(new FlagReader(timeFlags('Time'), new Map()), NOW), ALL_TIMES)
  assert.is(range(['from', '2026-11-20'], ['to', '2026-11-21']), '2026-11-20T00:00:00Z 2026-11-21T00:00:00Z')
  assert.is(range(['last', '1h']), '2026-11-21T11:00:00Z 2026-11-21T12:00:00Z')
  assert.is(range(['last', '1h'], ['to', '2026-11-20']), '2026-11-19T23:00:00Z 2026-11-20T00:00:00Z')
  const berlin: [string, string][] = [
    ['from', '2026-11-20'],
    ['to', 'now'],
    ['tz', 'Europe/Berlin'],
  ]
  assert.is(range(...berlin), '2026-11-19T23:00:00Z 2026-11-21T12:00:00Z')
})

test('a range that makes no sense is wrong use, and says why', () => {
  const wrong: [[string, string][], RegExp][] = [
    [[['from', 'soon']], /--from: got "soon", want a time such as/],
    [[['to', '2026-11-31']], /--to: got "2026-11-31"/],
    [[['tz', 'Mars/Base']], /--tz: got "Mars\/Base", want a time zone/],
    [[['last', '1']], /--last: got "1", want a duration/],
    [
      [
        ['last', '1h'],
        ['from', '-1d'],
      ],
      /exclude each other/,
    ],
    [
      [
        ['from', 'now'],
        ['to', '-1d'],
      ],
      /the time range is empty/,
    ],
  ]
  for (const [words, message] of wrong) assert.throws(() => range(...words), message)
})

test.run()
