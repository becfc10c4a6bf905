import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAddress } from '../bytes/address.ts'
import { BUILT_IN_ATTRIBUTION, BuiltInNetworks } from './built-in-networks.ts'
import type { RangeTable } from './range-table.ts'

const octets = readFileSync(join(import.meta.dirname, 'data/networks.bin'))
const networks = new BuiltInNetworks(octets)

function find(table: RangeTable, address: string): number {
  const words = new Uint32Array(4)
  assert.ok(parseAddress(address, words), address)
  return table.find(words, 0)
}

test('well-known addresses have their AS', () => {
  for (const [address, as] of [
    ['8.8.8.8', 15169],
    ['1.1.1.1', 13335],
    ['216.160.83.58', 209],
    ['2001:4860:4860::8888', 15169],
    ['2606:4700:4700::1111', 13335],
    ['0.0.0.0', 0],
    ['10.0.0.1', 0],
    ['192.0.2.1', 0],
    ['255.255.255.255', 0],
    ['::', 0],
    ['fe80::1', 0],
    ['2001:db8::1', 0],
    ['ffff::', 0],
  ] as const)
    assert.is(find(networks.asTable, address), as, address)
})

test('systems have names, which can be searched', () => {
  assert.is(networks.asName(13335), 'Cloudflare, Inc.')
  assert.is(networks.asName(0), '')
  assert.is(networks.asName(64500), '')
  assert.is(networks.asName(4294967295), '')
  assert.ok(networks.findAs('cloudFLARE').includes(13335))
  assert.equal(networks.findAs('no such name at all'), [])
})

test('addresses have the country where their range is registered', () => {
  const country = (address: string) => networks.countryCode(find(networks.countryTable, address))
  assert.is(country('8.8.8.8'), 'US')
  assert.is(country('2001:67c:2e8::1'), 'NL')
  assert.is(country('10.0.0.1'), '')
})

test('the table says what it is, and stays small', () => {
  assert.is(networks.date, BUILT_IN_ATTRIBUTION.date)
  assert.ok(octets.length < 2.5e6, `${octets.length} octets`)
})

test('a damaged table is one clear error', () => {
  const cut = new BuiltInNetworks(octets)
  assert.ok(cut)
  for (const [what, broken] of [
    ['empty', Buffer.alloc(0)],
    ['other magic', Buffer.concat([Buffer.from('NOPE'), octets.subarray(4)])],
    ['cut', octets.subarray(0, octets.length - 1)],
    ['long header', Buffer.from('WNT1\xff\xff\xff\x7f{}', 'latin1')],
  ] as const)
    assert.throws(() => new BuiltInNetworks(broken), /built-in AS table is damaged/, what)
})

test.run()
