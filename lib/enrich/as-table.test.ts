import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAddress } from '../bytes/address.ts'
import { SILENT } from '../diagnostics/log.ts'
import type { AddressFact } from '../flow/address-fact.ts'
import { AsDirectory, asFact, asNameFact } from './as-facts.ts'
import { type AsTable, loadAsTable, parseAsNumber, parseAsTable } from './as-table.ts'
import { BuiltInNetworks } from './built-in-networks.ts'
import { countryFact } from './country-fact.ts'
import { countryOf } from './geo-fields.ts'
import { buildMmdb } from './testing/build-mmdb.ts'
import { WatchedMmdb } from './watched-mmdb.ts'

const builtIn = new BuiltInNetworks(readFileSync(join(import.meta.dirname, 'data/networks.bin')))

function words(address: string): Uint32Array {
  const out = new Uint32Array(4)
  assert.ok(parseAddress(address, out), address)
  return out
}

function textOf(fact: AddressFact, address: string): string {
  const out = new Uint32Array(1)
  fact.fill(words(address), 0, 1, out)
  return fact.text(out[0]!)
}

const find = (table: AsTable, address: string) => table.find(words(address), 0)

const TABLE = `# ours
192.0.2.0/24,64500,"Example, Inc."
192.0.2.128/25 AS64501 Inner
2001:db8::/32	1.10	Dotted
198.51.100.0/24,0
@cdn AS13335 20940 AS54113
`

test('a prefix table gives the AS of the longest prefix, and names', () => {
  const table = parseAsTable(TABLE, 'as.csv')
  assert.is(find(table, '192.0.2.1'), 64500)
  assert.is(find(table, '192.0.2.200'), 64501)
  assert.is(find(table, '2001:db8::1'), 65546)
  assert.is(find(table, '198.51.100.1'), 0)
  assert.is(find(table, '203.0.113.1'), 0)
  assert.is(table.names.get(64500), 'Example, Inc.')
  assert.equal(table.lists.get('cdn'), [13335, 20940, 54113])
})

test("a header names the columns, as in MaxMind's CSV", () => {
  const table = parseAsTable(
    'network,autonomous_system_number,autonomous_system_organization\n1.0.0.0/24,13335,CLOUDFLARENET\n',
    'x',
  )
  assert.is(find(table, '1.0.0.7'), 13335)
  assert.is(table.names.get(13335), 'CLOUDFLARENET')
})

test('a bad line is named with its number and what is wrong', () => {
  for (const [text, want] of [
    [
      '1.0.0.0/24,1\n1.0.0/24,2\n',
      't:2: "1.0.0/24" is no network; want lines such as "192.0.2.0/24,64500,Example"',
    ],
    [
      '1.0.0.0/24,4294967296',
      't:1: "4294967296" is no AS number; want lines such as "192.0.2.0/24,64500,Example"',
    ],
    ['1.0.0.0/24', 't:1: "" is no AS number; want lines such as "192.0.2.0/24,64500,Example"'],
    ['prefix,name\n', 't:1: the header has no column "asn"'],
    ['@cdn AS1 x', 't:1: "x" is no AS number'],
    ['\n', 't names no prefix; want lines such as "192.0.2.0/24,64500,Example"'],
  ] as const) {
    try {
      parseAsTable(text, 't')
      assert.unreachable(text)
    } catch (error) {
      assert.is((error as Error).message, want)
    }
  }
})

test('AS numbers are read in plain and in dotted form', () => {
  assert.is(parseAsNumber('AS64500'), 64500)
  assert.is(parseAsNumber('as0'), 0)
  assert.is(parseAsNumber('65535.65535'), 4294967295)
  for (const text of ['', 'AS', '-1', '1.65536', '65536.0', '4294967296', '1e3'])
    assert.is(parseAsNumber(text), -1, text)
})

test('databases and tables are told apart by what is in them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-as-'))
  try {
    const path = join(folder, 'as')
    writeFileSync(path, TABLE)
    assert.is(find(loadAsTable(path, SILENT), '192.0.2.1'), 64500)
    writeFileSync(
      path,
      buildMmdb({ recordBits: 24, family: 6, type: 'Own-ASN' }, [
        [
          '192.0.2.0/24',
          { autonomous_system_number: 64510, autonomous_system_organization: 'From database' },
        ],
      ]),
    )
    const table = loadAsTable(path, SILENT)
    assert.is(find(table, '192.0.2.1'), 64510)
    assert.is(table.names.get(64510), 'From database')
    assert.is(find(table, '192.0.3.1'), 0)
    writeFileSync(path, Buffer.from([1, 2, 0, 3]))
    assert.throws(() => loadAsTable(path, SILENT), /is neither a MaxMind database nor text/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('systems are found by number, list, exact name and part of a name', () => {
  const directory = new AsDirectory(parseAsTable(TABLE, 't'), builtIn)
  assert.equal(directory.find('AS64500'), [64500])
  assert.equal(directory.find('@cdn'), [13335, 20940, 54113])
  assert.equal(directory.find('CDN'), [13335, 20940, 54113])
  assert.equal(directory.find('@example, inc.'), [64500])
  assert.ok(directory.find('cloudflare').includes(13335))
  assert.equal(directory.find('no such system'), [])
  assert.is(directory.name(64501), 'Inner')
  assert.is(directory.name(13335), 'Cloudflare, Inc.')
  assert.is(directory.name(64502), '')
  // A name of the user's hides the built-in one.
  const renamed = new AsDirectory(parseAsTable('1.0.0.0/24,13335,Somebody', 't'), builtIn)
  assert.not(renamed.find('cloudflare').includes(13335))
})

test('facts name the AS and the country of addresses', () => {
  const user = parseAsTable(
    '192.0.2.0/25,64500,One name\n192.0.2.128/25,64501,One name\n198.51.100.0/24,64502',
    't',
  )
  const directory = new AsDirectory(user, builtIn)
  const number = asFact(user, directory)
  assert.is(textOf(number, '192.0.2.200'), '64501')
  assert.is(textOf(number, '203.0.113.1'), '')
  assert.is(number.find('as64501'), 64501)
  assert.is(number.find('nobody at all'), -1)
  const name = asNameFact(user, directory)
  assert.is(textOf(name, '192.0.2.1'), 'One name')
  assert.is(textOf(name, '198.51.100.1'), 'AS64502')
  const out = new Uint32Array(2)
  name.fill(Uint32Array.of(...words('192.0.2.1'), ...words('192.0.2.200')), 0, 2, out)
  assert.is(out[0], out[1])
  const country = countryFact(null, builtIn)
  assert.is(textOf(country, '8.8.8.8'), 'US')
  assert.is(textOf(country, '10.0.0.1'), '')
  assert.is(country.text(country.find('ch')), 'CH')
  assert.is(country.find('Switzerland'), -1)
})

test("the user's database goes before the built-in countries", () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-as-'))
  try {
    const path = join(folder, 'country.mmdb')
    writeFileSync(
      path,
      buildMmdb({ recordBits: 24, family: 6, type: 'Own-Country' }, [
        ['8.8.8.0/24', { country: { iso_code: 'CH' } }],
      ]),
    )
    const fact = countryFact(new WatchedMmdb(path, countryOf, SILENT), builtIn)
    assert.is(textOf(fact, '8.8.8.8'), 'CH')
    assert.is(textOf(fact, '1.1.1.1'), '')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('no text crashes the reader', () => {
  const pieces = fc.string({
    unit: fc.constantFrom(...'0123456789./:#!"=,;@\t\nAS prefix asn name'),
    maxLength: 80,
  })
  fc.assert(
    fc.property(fc.oneof(fc.string(), pieces), (text) => {
      try {
        parseAsTable(text, 't')
      } catch (error) {
        assert.is((error as Error).name, 'FlowError')
      }
    }),
    { numRuns: 500 },
  )
})

test.run()
