import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { rfc3339, rfc3339Nano } from './go-time.ts'

test('nanoseconds lose their trailing zeros, and whole seconds the point', () => {
  assert.is(rfc3339Nano(1_700_000_000_000_000_000n), '2023-11-14T22:13:20Z')
  assert.is(rfc3339Nano(1_680_655_485_099_595_000n), '2023-04-05T00:44:45.099595Z')
  assert.is(rfc3339(0n, 1), '1970-01-01T00:00:00.000000001Z')
})

test('leap days and the ends of years are right', () => {
  assert.is(rfc3339(951_782_400n, 0), '2000-02-29T00:00:00Z')
  assert.is(rfc3339(4_107_542_399n, 0), '2100-02-28T23:59:59Z')
  assert.is(rfc3339(4_107_542_400n, 0), '2100-03-01T00:00:00Z')
  assert.is(rfc3339(1_735_689_599n, 0), '2024-12-31T23:59:59Z')
})

test('negative times count backwards', () => {
  assert.is(rfc3339Nano(-1n), '1969-12-31T23:59:59.999999999Z')
  assert.is(rfc3339(-62_198_755_200n, 0), '-0001-01-01T00:00:00Z')
})

test('years beyond four digits are written out, to the ends of 64 bits', () => {
  assert.is(rfc3339(253_402_300_800n, 0), '10000-01-01T00:00:00Z')
  // What Go prints for these.
  assert.is(rfc3339(9_223_372_036_854_775_807n, 0), '292277026596-12-04T15:30:07Z')
  assert.is(rfc3339(-9_223_372_036_854_775_808n, 0), '292277026596-12-04T15:30:08Z')
})

test.run()
