import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { takeBits } from './bits.ts'

const OCTETS = Uint8Array.of(0xab, 0xcd, 0xef, 0x12)

function taken(offset: number, length: number): string | null {
  const octets = takeBits(OCTETS, offset, length)
  return octets === null ? null : Buffer.from(octets).toString('hex')
}

test('whole octets at whole octets are taken as they are', () => {
  assert.is(taken(8, 16), 'cdef')
})

test('bits at any offset are moved to the front', () => {
  assert.is(taken(4, 8), 'bc')
  assert.is(taken(4, 16), 'bcde')
})

test('of a length that is no multiple of 8 only the last octet is moved to the right', () => {
  assert.is(taken(0, 12), 'ab0c')
  assert.is(taken(4, 4), '0b')
  assert.is(taken(3, 3), '02')
})

test('bits beyond the end are zero, and an offset beyond it gives nothing', () => {
  assert.is(taken(24, 16), '1200')
  assert.is(taken(28, 8), '20')
  assert.is(taken(32, 8), '00')
  assert.is(taken(33, 8), '')
  assert.is(taken(0, 0), '')
})

test('negative lengths are what goflow2 panics of', () => {
  assert.is(taken(8, -8), null)
})

test.run()
