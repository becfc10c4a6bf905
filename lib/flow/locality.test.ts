import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAddress } from '../bytes/address.ts'
import { directionOf, elasticLocality, NAMED_NETWORKS, unknownNetworks } from './locality.ts'

function isInternal(address: string, ...items: string[]): boolean {
  const words = new Uint32Array(4)
  assert.ok(parseAddress(address, words), address)
  return elasticLocality(items).isInternal(words, 0)
}

/** Names that contain the address, leaving out those that hold whatever the list says. */
function namesOf(address: string): string {
  return NAMED_NETWORKS.filter((name) => isInternal(address, name, 'nonsense')).join(' ')
}

test('each named network holds what Elastic says it holds', () => {
  assert.is(namesOf('10.1.2.3'), 'unicast global_unicast private')
  assert.is(namesOf('172.31.255.255'), 'unicast global_unicast private')
  assert.is(namesOf('172.32.0.0'), 'unicast global_unicast public')
  assert.is(namesOf('192.168.0.1'), 'unicast global_unicast private')
  assert.is(namesOf('100.64.0.1'), 'unicast global_unicast public')
  assert.is(namesOf('8.8.8.8'), 'unicast global_unicast public')
  assert.is(namesOf('127.1.2.3'), 'loopback')
  assert.is(namesOf('::1'), 'loopback')
  assert.is(namesOf('0.0.0.0'), 'unspecified')
  assert.is(namesOf('::'), 'unspecified')
  assert.is(namesOf('255.255.255.255'), '')
  assert.is(namesOf('169.254.9.9'), 'link_local_unicast')
  assert.is(namesOf('fe80::1'), 'link_local_unicast')
  assert.is(namesOf('febf::1'), 'link_local_unicast')
  assert.is(namesOf('fec0::1'), 'unicast global_unicast public')
  assert.is(namesOf('224.0.0.251'), 'link_local_multicast multicast')
  assert.is(namesOf('224.0.1.1'), 'multicast public')
  assert.is(namesOf('239.255.255.250'), 'multicast public')
  assert.is(namesOf('ff01::1'), 'interface_local_multicast multicast')
  assert.is(namesOf('ff31::1'), 'interface_local_multicast multicast')
  assert.is(namesOf('ff02::fb'), 'link_local_multicast multicast')
  assert.is(namesOf('ff0e::1'), 'multicast public')
  assert.is(namesOf('fd12::1'), 'unicast global_unicast private')
  assert.is(namesOf('fc12::1'), 'unicast global_unicast public')
  assert.is(namesOf('2001:db8::1'), 'unicast global_unicast public')
})

test('addresses of a host or link are internal whatever the list says', () => {
  for (const address of [
    '127.0.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '169.254.0.1',
    'fe80::1',
    '224.0.0.1',
    'ff02::1',
  ])
    assert.ok(isInternal(address, '198.51.100.0/24'), address)
  assert.not(isInternal('10.0.0.1', '198.51.100.0/24'))
  assert.ok(isInternal('198.51.100.7', '2001:db8::/32', '198.51.100.0/24'))
  assert.not(isInternal('198.51.101.7', '2001:db8::/32', '198.51.100.0/24'))
})

test('a prefix holds addresses of its own family only', () => {
  assert.not(isInternal('8.8.8.8', '::/0'))
  assert.not(isInternal('2001:db8::1', '0.0.0.0/0'))
  assert.ok(isInternal('8.8.8.8', '0.0.0.0/0'))
  assert.ok(isInternal('2001:db8::1', '::/0'))
})

test('an unknown item makes external what no item before it matched', () => {
  assert.ok(isInternal('10.0.0.1', 'private', 'nonsense'))
  assert.not(isInternal('127.0.0.1', 'private', 'nonsense'))
  assert.not(isInternal('10.0.0.1', 'nonsense', 'private'))
  assert.equal(unknownNetworks(['private', '10.0.0.0/33', '10.0.0.1', '::/0', 'Private']), [
    '10.0.0.0/33',
    '10.0.0.1',
    'Private',
  ])
})

test('the direction follows from the two sides', () => {
  assert.is(directionOf(false, true), 'inbound')
  assert.is(directionOf(true, false), 'outbound')
  assert.is(directionOf(true, true), 'internal')
  assert.is(directionOf(false, false), 'external')
})

test.run()
