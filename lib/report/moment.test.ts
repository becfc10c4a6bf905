import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { lengthNs, momentNs } from './moment.ts'

test('moments are read as people and machines write them', () => {
  const noon = 1_767_268_800_000_000_000n
  assert.is(momentNs('2026-01-01T12:00:00Z'), noon)
  assert.is(momentNs('2026-01-01T13:00:00.5+01:00'), noon + 500_000_000n)
  assert.is(momentNs('2026-01-01T12:00'), noon)
  assert.is(momentNs('2026-01-01'), noon - 43_200_000_000_000n)
  assert.is(momentNs('1767268800'), noon)
  assert.is(momentNs('1767268800123'), noon + 123_000_000n)
  for (const text of ['', 'yesterday', '2026-13-01', '9999-01-01', '12:00', '1e9'])
    assert.is(momentNs(text), null, text)
})

test('lengths are numbers with units', () => {
  assert.is(lengthNs('5s'), 5_000_000_000n)
  assert.is(lengthNs('1h30m'), 5_400_000_000_000n)
  assert.is(lengthNs('250ms'), 250_000_000n)
  assert.is(lengthNs('0'), 0n)
  for (const text of ['', '5', 's', '-5s', '5 s']) assert.is(lengthNs(text), null, text)
})

test.run()
