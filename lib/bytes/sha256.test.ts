import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sha256 } from './sha256.ts'

const test = suite('sha256')

test('the digest of "abc" is that of FIPS 180-4', () => {
  assert.is(
    Buffer.from(sha256(Buffer.from('abc'))).toString('hex'),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})

test('digests of any length are those of node:crypto', () => {
  for (let octets = 0; octets < 300; octets++) {
    const text = Uint8Array.from({ length: octets }, (_, i) => (i * 37 + octets) & 255)
    assert.equal(Buffer.from(sha256(text)), createHash('sha256').update(text).digest(), `${octets} octets`)
  }
})

test.run()
