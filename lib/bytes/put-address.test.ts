import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newRandom } from '../testing/workload.ts'
import { formatIpv4, formatIpv6, parseAddress } from './address.ts'
import { putAddress, putHex, putHexWord, putIpv4, putIpv6, putMac } from './put-address.ts'

const octets = new Uint8Array(128)
const view = new DataView(octets.buffer)
const printed = (end: number): string => Buffer.from(octets.subarray(3, end)).toString()

function ipv6(words: Uint32Array): string {
  return printed(putIpv6(view, 3, words[0]! | 0, words[1]! | 0, words[2]! | 0, words[3]! | 0))
}

test('IPv4 addresses print dotted', () => {
  const random = newRandom(1)
  for (const word of [0, 0x7f000001, 0xffffffff, ...Array.from({ length: 500 }, () => random(2 ** 32))]) {
    assert.is(printed(putIpv4(view, 3, word | 0)), formatIpv4(word))
  }
})

test('IPv6 addresses print as RFC 5952 asks, whatever groups are zero', () => {
  const random = newRandom(2)
  for (let mask = 0; mask < 256; mask++) {
    const words = new Uint32Array(4)
    for (let group = 0; group < 8; group++) {
      if ((mask & (1 << group)) !== 0) continue
      const value = (1 + random(0xffff)) >>> random(13) || 1
      words[group >> 1]! |= group % 2 === 0 ? value << 16 : value
    }
    assert.is(ipv6(words), formatIpv6(words, 0))
  }
  for (const text of [
    '::',
    '::1',
    '1::',
    '2001:db8::',
    '1:0:0:2::',
    '::ffff:1.2.3.4',
    '::ffff:0.0.0.0',
    '::fffe:1:2',
  ]) {
    const words = new Uint32Array(4)
    parseAddress(text, words)
    assert.is(ipv6(words), text)
  }
})

test('a mapped or zero address prints in the family that was sent', () => {
  const shown = (text: string, form: number): string => {
    const words = new Uint32Array(4)
    parseAddress(text, words)
    return printed(putAddress(view, 3, words, 0, form))
  }
  assert.is(shown('::ffff:1.2.3.4', 0), '1.2.3.4')
  assert.is(shown('::ffff:1.2.3.4', 1), '::ffff:1.2.3.4')
  assert.is(shown('::', 2), '0.0.0.0')
  assert.is(shown('0.0.0.0', 2), '0.0.0.0')
  assert.is(shown('0.0.0.0', 3), '::')
  assert.is(shown('::', 3), '::')
  assert.is(shown('::1', 2), '::1')
  assert.is(shown('10.0.0.1', 3), '10.0.0.1')
})

test('MAC addresses and octets print in lower-case hexadecimal', () => {
  assert.is(printed(putMac(view, 3, 0x00ab, 0xcdef0102 | 0)), '00:ab:cd:ef:01:02')
  assert.is(printed(putMac(view, 3, 0, 0)), '00:00:00:00:00:00')
  assert.is(printed(putHex(view, 3, Uint8Array.of(0, 0x0a, 0xff), 1, 3)), '0aff')
  assert.is(printed(putHexWord(view, 3, 0xfe0000a1)), 'fe0000a1')
})

test.run()
