import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openLibc } from './ffi.ts'
import { giveFreedMemoryBack } from './freed-memory.ts'

test('the C library takes the setting, and nothing happens without it', () => {
  assert.is(giveFreedMemoryBack(), openLibc() !== null)
})

test.run()
