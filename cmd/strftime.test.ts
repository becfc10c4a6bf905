import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { strftime } from './strftime.ts'

const range = { from: 1_767_225_600_000_000_000n, to: 1_767_312_000_000_000_000n }

test('a path says when the range begins, in the zone', () => {
  assert.is(strftime('a/%Y%m%d_%H%M%S-%j.csv', range, 'UTC'), 'a/20260101_000000-001.csv')
  assert.is(strftime('%Y-%m-%d %H', range, 'America/New_York'), '2025-12-31 19')
})

test('a per cent sign is two, and unknown letters stay', () => {
  assert.is(strftime('100%% %q %', range, 'UTC'), '100% %q %')
})

test.run()
