import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isInNetwork, isIpv4, type Network, parseAddress, parseNetwork } from '../bytes/address.ts'
import { PrefixSet } from './prefix-set.ts'
import { readPrefix } from './prefix-text.ts'

function tableOf(...prefixes: string[]) {
  const set = new PrefixSet()
  prefixes.forEach((prefix, i) => {
    const network = parseNetwork(prefix)
    assert.ok(network, prefix)
    set.add(network!.words, network!.bits, i + 1)
  })
  return set.toTable()
}

function find(table: ReturnType<typeof tableOf>, address: string): number {
  const words = new Uint32Array(4)
  assert.ok(parseAddress(address, words), address)
  return table.find(words, 0)
}

test('the longest prefix decides, and behind it the outer one goes on', () => {
  const table = tableOf(
    '10.0.0.0/8',
    '10.1.0.0/16',
    '10.1.2.0/24',
    '10.1.2.3/32',
    '2001:db8::/32',
    '2001:db8:1::/48',
  )
  assert.is(find(table, '9.255.255.255'), 0)
  assert.is(find(table, '10.0.0.0'), 1)
  assert.is(find(table, '10.1.1.255'), 2)
  assert.is(find(table, '10.1.2.2'), 3)
  assert.is(find(table, '10.1.2.3'), 4)
  assert.is(find(table, '10.1.2.4'), 3)
  assert.is(find(table, '10.1.3.0'), 2)
  assert.is(find(table, '10.2.0.0'), 1)
  assert.is(find(table, '11.0.0.0'), 0)
  assert.is(find(table, '2001:db8::1'), 5)
  assert.is(find(table, '2001:db8:1:ffff:ffff:ffff:ffff:ffff'), 6)
  assert.is(find(table, '2001:db8:2::'), 5)
  assert.is(find(table, '2001:db9::'), 0)
})

test('the ends of both families are held, and no IPv6 prefix holds IPv4', () => {
  const all = tableOf(
    '0.0.0.0/0',
    '255.255.255.255/32',
    '::/0',
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128',
  )
  assert.is(find(all, '0.0.0.0'), 1)
  assert.is(find(all, '255.255.255.254'), 1)
  assert.is(find(all, '255.255.255.255'), 2)
  assert.is(find(all, '::'), 3)
  assert.is(find(all, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'), 4)
  const six = tableOf('::/0')
  assert.is(find(six, '1.2.3.4'), 0)
  assert.is(find(tableOf('::/64'), '1.2.3.4'), 0)
  assert.is(find(tableOf(), '1.2.3.4'), 0)
})

test('of equal prefixes the last one holds', () => {
  assert.is(find(tableOf('10.0.0.0/8', '10.9.9.9/8'), '10.0.0.1'), 2)
  assert.is(find(tableOf('2001:db8::/32', '::/0', '2001:db8::/32'), '2001:db8::1'), 3)
})

/** Addresses and prefixes that lie close together, so that they nest. */
const address4 = fc
  .tuple(fc.constantFrom(10, 11, 255, 0), fc.nat(3), fc.nat(3), fc.nat(255))
  .map((o) => o.join('.'))
const address6 = fc
  .tuple(
    fc.constantFrom('2001', 'fe80', '0', 'ffff'),
    fc.constantFrom('0', '1', 'ffff'),
    fc.constantFrom('0', '1', 'ffff'),
  )
  .map(([a, b, c]) => `${a}:${b}:${c}:0:0:${c}:${b}:${a}`)
const prefix = fc.oneof(
  fc.tuple(address4, fc.nat(32)).map(([a, n]) => `${a}/${n}`),
  fc.tuple(address6, fc.nat(128)).map(([a, n]) => `${a}/${n}`),
)

test('prefixes are read as everywhere else', () => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789.:/af'), maxLength: 20 })
  const words = new Uint32Array(4)
  fc.assert(
    fc.property(fc.oneof(prefix, digits, fc.ipV4(), fc.ipV6()), (text) => {
      const bits = readPrefix(text, words)
      const network = parseNetwork(text)
      assert.is(bits, network?.bits ?? -1, text)
      if (network !== null) assert.equal(words, network.words, text)
    }),
    { numRuns: 2000 },
  )
})

test('every look-up is what looking at every prefix gives', () => {
  fc.assert(
    fc.property(
      fc.array(prefix, { maxLength: 40 }),
      fc.array(fc.oneof(address4, address6, fc.ipV4(), fc.ipV6()), { minLength: 1, maxLength: 30 }),
      (prefixes, addresses) => {
        const table = tableOf(...prefixes)
        const networks = prefixes.map((text) => parseNetwork(text)!)
        for (const address of [...addresses, ...prefixes.map((text) => text.split('/')[0]!)])
          assert.is(find(table, address), naive(networks, address), `${address} in ${prefixes}`)
      },
    ),
    { numRuns: 300 },
  )
})

function naive(networks: readonly Network[], address: string): number {
  const words = new Uint32Array(4)
  parseAddress(address, words)
  let best = 0
  let bits = -1
  networks.forEach((network, i) => {
    const isV4 = network.bits >= 96 && isIpv4(network.words, 0)
    if (isIpv4(words, 0) !== isV4 || network.bits < bits || !isInNetwork(words, 0, network)) return
    best = i + 1
    bits = network.bits
  })
  return best
}

test.run()
