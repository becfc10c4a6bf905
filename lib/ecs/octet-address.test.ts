import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress } from '../bytes/address.ts'
import { parseOctetAddress } from './octet-address.ts'

function parsed(text: string): string {
  const words = new Uint32Array(4)
  const octets = new TextEncoder().encode(`"${text}"`)
  return parseOctetAddress(octets, 1, octets.length - 1, words, 0) ? formatAddress(words, 0) : 'refused'
}

test('addresses of both families are read where they lie', () => {
  for (const text of [
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    '1::',
    '2001:db8::1:0:0:1',
    '1:2:3:4:5:6:7:8',
  ]) {
    assert.is(parsed(text), text)
  }
  assert.is(parsed('2001:DB8:0:0:0:0:0:1'), '2001:db8::1')
  assert.is(parsed('::ffff:10.0.0.1'), '10.0.0.1')
  assert.is(parsed('64:ff9b::10.0.0.1'), '64:ff9b::a00:1')
})

test('what is no address is refused', () => {
  const bad = [
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.',
    '.1.2.3',
    '1.2.3.4x',
    ':',
    ':1',
    '1:',
  ]
  bad.push(':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::', 'g::', '::1.2.3', '1::2%eth0')
  for (const text of bad) assert.is(parsed(text), 'refused', text)
})

test.run()
