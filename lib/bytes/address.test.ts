import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress, isInNetwork, parseAddress, parseNetwork } from './address.ts'

function roundTrip(text: string): string {
  const words = new Uint32Array(4)
  return parseAddress(text, words) ? formatAddress(words, 0) : 'refused'
}

test('addresses print as RFC 5952 asks, the longest run of zeros shortened', () => {
  assert.is(roundTrip('192.0.2.1'), '192.0.2.1')
  assert.is(roundTrip('2001:DB8:0:0:1:0:0:1'), '2001:db8::1:0:0:1')
  assert.is(roundTrip('::'), '::')
  assert.is(roundTrip('1::'), '1::')
  assert.is(roundTrip('::1'), '::1')
  assert.is(roundTrip('2001:db8:0:1:1:1:1:1'), '2001:db8:0:1:1:1:1:1')
  assert.is(roundTrip('::ffff:10.0.0.1'), '10.0.0.1')
  assert.is(roundTrip('64:ff9b::10.0.0.1'), '64:ff9b::a00:1')
})

test('text that is no address is refused', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    'g::',
    '1.2.3.04x',
  ]) {
    assert.is(roundTrip(text), 'refused', text)
  }
})

test('a network holds its own addresses only, of its own family', () => {
  const network = parseNetwork('10.1.0.0/16')!
  const words = new Uint32Array(4)
  parseAddress('10.1.255.255', words)
  assert.ok(isInNetwork(words, 0, network))
  parseAddress('10.2.0.0', words)
  assert.not.ok(isInNetwork(words, 0, network))
  parseAddress('2001:db8::1', words)
  assert.not.ok(isInNetwork(words, 0, parseNetwork('0.0.0.0/0')!))
  assert.ok(isInNetwork(words, 0, parseNetwork('::/0')!))
  assert.is(parseNetwork('10.0.0.0/33'), null)
})

test.run()
