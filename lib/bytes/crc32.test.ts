import { crc32 as crc32OfZlib } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { crc32, crc32InPlace } from './crc32.ts'

const test = suite('crc32')

test('the executable gives the CRCs that node:zlib gives, of pieces too', () => {
  const inPlace = crc32InPlace()
  assert.ok(inPlace !== null)
  const octets = Uint8Array.from({ length: 5000 }, (_, i) => (i * i) >>> 3)
  // Small ones lie where the garbage collector moves them.
  for (const small of [Uint8Array.of(1), Uint8Array.of(1, 2, 3, 4, 5, 6, 7), new Uint8Array(40).fill(7)])
    assert.is(inPlace(small), crc32OfZlib(small))
  for (const length of [0, 1, 7, 8, 15, 16, 63, 64, 65, 1000, 5000]) {
    for (const from of [0, 1, 3]) {
      const piece = octets.subarray(from, length)
      for (const before of [0, 1, 0xffff_ffff, 0x8000_0000]) {
        assert.is(inPlace(piece, before), crc32OfZlib(piece, before))
        assert.is(crc32(piece, before), crc32OfZlib(piece, before))
      }
    }
  }
})

test.run()
