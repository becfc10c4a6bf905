import { zstdCompressSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Expand, expandByZlib, expandInPlace } from './zstd.ts'

const inPlace = expandInPlace()
if (inPlace === null) console.log('zstd.test.ts: only node:zlib, no zstd through node:ffi here')
const ways: readonly (readonly [string, Expand])[] = [
  ['node:zlib', expandByZlib],
  ...(inPlace === null ? [] : [['node:ffi', inPlace] as const]),
]
const plain = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) >>> 7)
const stored = zstdCompressSync(plain)

for (const [name, expand] of ways) {
  test(`${name}: what was compressed comes back, again and again`, () => {
    for (let round = 0; round < 3; round++) {
      const out = new Uint8Array(plain.length).fill(round)
      assert.ok(expand(stored, out))
      assert.equal(out, plain)
    }
  })

  test(`${name}: only what fills the room given is right`, () => {
    assert.not(expand(stored, new Uint8Array(plain.length - 1)))
    assert.not(expand(stored, new Uint8Array(plain.length + 1)))
    assert.not(expand(stored, new Uint8Array(0)))
  })

  test(`${name}: octets beside the room stay as they were`, () => {
    const around = new Uint8Array(plain.length + 32).fill(7)
    assert.ok(expand(stored, around.subarray(16, 16 + plain.length)))
    const edges = [...around.subarray(0, 16), ...around.subarray(16 + plain.length)]
    assert.ok(edges.every((octet) => octet === 7))
    expand(stored, around.subarray(0, 100))
    assert.equal(around.subarray(116, 16 + plain.length), plain.subarray(100))
  })

  test(`${name}: what was cut, changed or is no frame is refused`, () => {
    const out = new Uint8Array(plain.length)
    assert.not(expand(stored.subarray(0, stored.length - 5), out))
    assert.not(expand(new Uint8Array(0), out))
    assert.not(expand(plain, out))
    let random = 1
    for (let round = 0; round < 300; round++) {
      const broken = Uint8Array.from(stored)
      for (let k = 0; k < 3; k++) {
        random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0
        broken[(random >>> 8) % broken.length]! ^= 1 + (random & 0x7f)
      }
      // Some changes give other octets of the same length: checksums are for these.
      expand(broken, out)
    }
    assert.ok(expand(stored, out))
    assert.equal(out, plain)
  })
}

test.run()
