import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { allPresent, holdAll } from './presence.ts'

test('as many rows as asked for are present, whoever asked for more or fewer before', () => {
  for (const rows of [5, 100_000, 0, 65_536, 7]) {
    const present = allPresent(rows)
    assert.is(present.length, rows)
    assert.ok(present.every((octet) => octet === 1))
    assert.ok(holdAll(present, rows))
  }
})

test('rows hold a column where none of them lacks it; what stands behind them does not count', () => {
  assert.ok(holdAll(Uint8Array.of(1, 1, 1), 3))
  assert.ok(holdAll(Uint8Array.of(1, 1, 0), 2))
  assert.not(holdAll(Uint8Array.of(1, 0, 1), 3))
  assert.not(holdAll(Uint8Array.of(0), 1))
  const before = allPresent(10)
  allPresent(300_000)
  assert.ok(holdAll(before, 10))
})

test.run()
