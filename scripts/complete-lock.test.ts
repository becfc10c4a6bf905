import { test } from 'uvu'
import * as assert from 'uvu/assert'
// @ts-expect-error: build scripts have no types
import { missingFrom, readLock } from './complete-lock.mjs'

test('package-lock.json names the packages of every platform; if not: node scripts/complete-lock.mjs', () => {
  const names = missingFrom(readLock()).map(([name]: [string]) => name)
  assert.equal(names, [])
})

test.run()
