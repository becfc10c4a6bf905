import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CommonText } from './common-text.ts'

test('the first octet that differs is found wherever it is, in a piece of any length', () => {
  const text = Buffer.from(',"src_port":65535,"dst_port":443}')
  for (let length = 1; length <= text.length; length++) {
    const common = new CommonText()
    common.append(Buffer.from('other text'), 0, 10)
    const from = common.append(text, 0, length)
    for (let at = 0; at <= length; at++) {
      const octets = new Uint8Array(64)
      octets.set(text.subarray(0, length), 5)
      if (at < length) octets[5 + at]! ^= 1
      assert.is(common.countSame(octets, 5, from, length), at)
      assert.is(common.isAt(octets, new DataView(octets.buffer), 5, from, length), at === length)
    }
  }
})

test('pieces are the same if all of their octets are', () => {
  const text = Buffer.from(',"dst_port":443}')
  for (let length = 1; length <= text.length; length++) {
    for (let at = 0; at <= length; at++) {
      const [one, other] = [new CommonText(), new CommonText()]
      const changed = Buffer.from(text)
      if (at < length) changed[at]! ^= 1
      const piece = { from: one.append(text, 0, length), octets: length }
      const otherPiece = { from: other.append(changed, 0, length), octets: length }
      assert.is(one.isEqual(piece, other, otherPiece), at === length)
    }
  }
})

test.run()
