import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAddress } from '../bytes/address.ts'
import { DEFAULT_INTERNAL_NETWORKS, elasticLocality } from '../flow/locality.ts'
import type { Networks } from './networks.ts'
import { loadNetworks, parseNetworks, privateNetworks } from './networks-file.ts'

function factsOf(networks: Networks, address: string): Record<string, string> {
  const words = new Uint32Array(4)
  assert.ok(parseAddress(address, words), address)
  const out = new Uint32Array(1)
  const texts: Record<string, string> = {}
  for (const [name, fact] of networks.facts) {
    fact.fill(words, 0, 1, out)
    if (out[0] !== 0) texts[name] = fact.text(out[0]!)
  }
  return texts
}

const MIXED = `# our networks
10.20.0.0/16 acme customer=ACME site=zrh
10.20.5.0/24,acme-lab,customer=ACME,gold,24x7   # nested
2001:db8:20::/48\tacme\tcustomer=ACME

192.0.2.7 "one host" site=bsl
!10.20.66.0/24
`

test('lines of blanks, commas or tabs name networks and label them', () => {
  const networks = parseNetworks(MIXED, 'nets.txt')
  assert.equal(networks.labels, ['customer', 'site', 'tags'])
  assert.is(networks.size, 5)
  assert.equal(factsOf(networks, '10.20.1.1'), {
    local: 'local',
    'local.net': '10.20.0.0/16',
    'local.name': 'acme',
    customer: 'ACME',
    site: 'zrh',
  })
  assert.equal(factsOf(networks, '10.20.5.1'), {
    local: 'local',
    'local.net': '10.20.5.0/24',
    'local.name': 'acme-lab',
    customer: 'ACME',
    tags: 'gold 24x7',
  })
  assert.is(factsOf(networks, '2001:db8:20:1::1')['local.net'], '2001:db8:20::/48')
  assert.equal(factsOf(networks, '192.0.2.7'), {
    local: 'local',
    'local.net': '192.0.2.7/32',
    'local.name': 'one host',
    site: 'bsl',
  })
  assert.equal(factsOf(networks, '10.20.66.1'), {})
  assert.equal(factsOf(networks, '10.21.0.1'), {})
})

test('a header names the columns', () => {
  const networks = parseNetworks(
    'Network;Customer;Name;Site\n10.0.0.0/24;ACME;"office; first";zrh\n10.0.1.0/24;;guest;\n',
    'n.csv',
  )
  assert.equal(networks.labels, ['customer', 'site'])
  assert.is(factsOf(networks, '10.0.0.1')['local.name'], 'office; first')
  assert.equal(factsOf(networks, '10.0.1.1'), {
    local: 'local',
    'local.net': '10.0.1.0/24',
    'local.name': 'guest',
  })
})

test('facts are found by what they are called', () => {
  const { facts } = parseNetworks(MIXED, 'nets.txt')
  const find = (fact: string, text: string) => facts.get(fact)!.find(text)
  const name = facts.get('local.name')!
  assert.is(name.text(find('local.name', 'ACME')), 'acme')
  assert.is(facts.get('local.net')!.text(find('local.net', '2001:DB8:20::/48')), '2001:db8:20::/48')
  assert.is(facts.get('customer')!.text(find('customer', 'acme')), 'ACME')
  assert.is(find('customer', 'nobody'), -1)
  assert.is(find('customer', ''), -1)
  assert.is(find('local', 'local'), 1)
})

test('a tag finds every network that has it among others', () => {
  const { facts } = parseNetworks(
    '10.0.0.0/24 a gold fast\n10.0.1.0/24 b gold\n10.0.2.0/24 c goldfish\n',
    'n',
  )
  const tags = facts.get('tags')!
  assert.equal(
    tags.findAll!('GOLD').map((number) => tags.text(number)),
    ['gold fast', 'gold'],
  )
  assert.is(tags.text(tags.find('gold')), 'gold')
  assert.is(tags.text(tags.find('fast')), 'gold fast')
  assert.equal(tags.findAll!('fish'), [])
  assert.equal(facts.get('local.name')!.findAll!('A').length, 1)
})

test('a bad line is named with its number and what is wrong', () => {
  for (const [text, want] of [
    [
      '10.0.0.0/8 a\n10.0.0.0/33 b\n',
      'n:2: "10.0.0.0/33" is no network; want a prefix such as 10.0.0.0/8 or 2001:db8::/32',
    ],
    [
      '# c\n\n10.0.0/8\nfoo\n10.0.0.0/x',
      'n:3: "10.0.0/8" is no network; want a prefix such as 10.0.0.0/8 or 2001:db8::/32 (and 2 more bad lines)',
    ],
    ['10.0.0.0/8 a\n11.0.0.0/8\n10.9.9.9/8 b\n', 'n:3: 10.0.0.0/8 is there twice, first in line 1'],
    ['10.0.0.0/8 a net=5', 'n:1: "net" cannot be the name of a label'],
    ['10.0.0.0/8 a x=5 x=6', 'n:1: label "x" is there twice'],
    ['prefix,name,name\n', 'n:1: column "name" is there twice'],
    ['prefix,name\n10.0.0.0/8,a,b\n', 'n:2: it has 3 columns, the header has 2'],
    ['', 'n names no network; want lines such as "10.20.0.0/16 acme"'],
  ] as const) {
    try {
      parseNetworks(text, 'n')
      assert.unreachable(text)
    } catch (error) {
      assert.is((error as Error).message, want)
    }
  }
  assert.throws(() => loadNetworks('/no/such/file'), /cannot read \/no\/such\/file: there is no such file/)
})

test('private networks hold what Elastic calls internal, and more of two kinds', () => {
  const networks = privateNetworks()
  const elastic = elasticLocality(DEFAULT_INTERNAL_NETWORKS)
  const words = new Uint32Array(4)
  const isOurs = (address: string) => {
    parseAddress(address, words)
    return networks.isLocal(words, 0)
  }
  fc.assert(
    fc.property(
      fc.oneof(
        fc.ipV4(),
        fc.ipV6(),
        fc.constantFrom(
          '10.0.0.1',
          '172.31.0.1',
          '192.168.9.9',
          '127.0.0.1',
          '169.254.1.1',
          '224.0.0.9',
          '224.0.1.9',
        ),
        fc.constantFrom(
          '255.255.255.255',
          'fd00::1',
          'fe80::1',
          'febf::1',
          '::1',
          'ff02::1',
          'ff32::1',
          'ff0e::1',
          '8.8.8.8',
        ),
      ),
      (address) => {
        parseAddress(address, words)
        const isElastics = elastic.isInternal(words, 0)
        const isUnspecified = /^(0\.0\.0\.0|[0:]+)$/.test(address)
        const isMore =
          words[0]! >>> 24 === 0xfc || (words[0] === 0 && words[2] === 0xffff && words[3]! >>> 22 === 0x191)
        assert.is(isOurs(address), (isElastics && !isUnspecified) || isMore, address)
      },
    ),
    { numRuns: 500 },
  )
  assert.ok(isOurs('100.64.0.1'))
  assert.ok(isOurs('fc00::1'))
  assert.not(isOurs('0.0.0.0'))
})

test('no text crashes the reader', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'10./:#!"=,;\t\nprefix name') })),
      (text) => {
        try {
          parseNetworks(text, 'n')
        } catch (error) {
          assert.is((error as Error).name, 'FlowError')
        }
      },
    ),
    { numRuns: 500 },
  )
})

test.run()
