import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAddress } from '../bytes/address.ts'
import { FlowError } from '../diagnostics/flow-error.ts'
import { SILENT } from '../diagnostics/log.ts'
import { conformance } from '../testing/project.ts'
import { openGeoSource } from './geo-databases.ts'
import { toAsFields } from './geo-fields.ts'
import { Mmdb, valueAt } from './mmdb.ts'
import type { MmdbValue } from './mmdb-decoder.ts'
import { buildMmdb, metadataOf } from './testing/build-mmdb.ts'
import { WatchedMmdb } from './watched-mmdb.ts'

function words(address: string): Uint32Array {
  const out = new Uint32Array(4)
  assert.ok(parseAddress(address, out), address)
  return out
}

function lookUp(database: Mmdb, address: string): MmdbValue | null {
  return database.read(database.find(words(address), 0))
}

test('a made database gives back what was put in', () => {
  for (const recordBits of [24, 28, 32] as const) {
    const database = new Mmdb(
      'made',
      buildMmdb({ recordBits, family: 6, type: 'Made-ASN' }, [
        ['10.0.0.0/8', { autonomous_system_number: 64500, autonomous_system_organization: 'Ten' }],
        ['2001:db8::/32', { autonomous_system_number: 64501 }],
      ]),
    )
    assert.equal(toAsFields(lookUp(database, '10.255.0.1')), { number: 64500, organization: 'Ten' })
    assert.equal(toAsFields(lookUp(database, '2001:db8:ffff::1')), { number: 64501, organization: '' })
    assert.is(lookUp(database, '11.0.0.0'), null)
    assert.is(lookUp(database, '::1'), null)
  }
})

test('a file that is no database is one clear error', () => {
  const sound = buildMmdb({ recordBits: 24, family: 4, type: 'Made' }, [['10.0.0.0/8', { a: 1 }]])
  for (const [what, octets, why] of [
    ['empty', Buffer.alloc(0), /has no metadata/],
    ['text', Buffer.from('10.0.0.0/8,64500\n'), /has no metadata/],
    ['cut in the tree', Buffer.concat([sound.subarray(0, 20), metadataOf(sound)]), /cut short/],
    ['marker only', Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), /metadata are damaged/],
  ] as const) {
    try {
      new Mmdb('/x/y.mmdb', octets)
      assert.unreachable(what)
    } catch (error) {
      assert.ok(error instanceof FlowError && error.code === 'TABLE_INVALID', what)
      assert.match(error.message, /^\/x\/y\.mmdb is no usable MaxMind database: /)
      assert.match(error.message, why)
      assert.not.match(error.message, '\n')
    }
  }
})

test('values that point in circles or fan out without end are no data', () => {
  // Arrays of two pointers to the array before, forty deep: 2^40 values in 200 octets.
  const fan = buildMmdb({ recordBits: 24, family: 4, type: 'Fan' }, [['10.0.0.0/8', 'fan']])
  const circle = buildMmdb({ recordBits: 24, family: 4, type: 'Circle' }, [['10.0.0.0/8', 'circle']])
  for (const octets of [fan, circle]) {
    const database = new Mmdb('made', octets)
    assert.ok(database.find(words('10.0.0.1'), 0) >= 0)
    assert.is(lookUp(database, '10.0.0.1'), null)
  }
})

test('a flipped bit or octet anywhere gives an error, no data or other data, at once', () => {
  const sound = buildMmdb({ recordBits: 28, family: 6, type: 'Made-City' }, [
    ['10.0.0.0/8', { city: { names: { en: 'Zürich' } }, location: { latitude: 47.5, longitude: 8.5 } }],
    ['2001:db8::/32', { country: { iso_code: 'CH' } }],
  ])
  let opened = 0
  for (let at = 0; at < sound.length; at++) {
    for (const flip of [1, 0x20, 0x80, 0xff]) {
      const octets = Buffer.from(sound)
      octets[at]! ^= flip
      try {
        const database = new Mmdb('made', octets)
        opened++
        for (const address of ['10.0.0.1', '2001:db8::1', '192.0.2.1']) lookUp(database, address)
      } catch (error) {
        assert.ok(error instanceof FlowError, String(error))
      }
    }
  }
  assert.ok(opened > sound.length, `${opened} of ${sound.length * 4} could be opened`)
})

test('a replaced file is taken, a damaged one is not', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-mmdb-'))
  try {
    const path = join(folder, 'asn.mmdb')
    const write = (octets: Buffer) => {
      writeFileSync(`${path}.new`, octets)
      renameSync(`${path}.new`, path)
    }
    const make = (number: number) =>
      buildMmdb({ recordBits: 24, family: 4, type: 'Made-ASN' }, [
        ['10.0.0.0/8', { autonomous_system_number: number }],
      ])
    write(make(1))
    const watched = new WatchedMmdb(path, toAsFields, SILENT)
    const number = () => watched.find(words('10.0.0.1'), 0)?.number
    assert.is(number(), 1)
    assert.is(watched.find(words('10.0.0.1'), 0), watched.find(words('10.9.9.9'), 0))
    assert.not(watched.refresh())
    write(make(2))
    assert.ok(watched.refresh())
    assert.is(number(), 2)
    write(Buffer.from('half a file'))
    assert.not(watched.refresh())
    assert.is(number(), 2)
    rmSync(path)
    assert.not(watched.refresh())
    assert.is(number(), 2)
    write(make(3))
    assert.ok(watched.refresh())
    assert.is(number(), 3)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('a database of the wrong kind is refused, a missing one named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-mmdb-'))
  try {
    const path = join(folder, 'city.mmdb')
    writeFileSync(
      path,
      buildMmdb({ recordBits: 24, family: 4, type: 'GeoLite2-City' }, [['10.0.0.0/8', { a: 1 }]]),
    )
    const options = { cityPath: null, asnPath: path, builtIn: null, log: SILENT }
    assert.throws(
      () => openGeoSource(options),
      /is a GeoLite2-City database and has no AS numbers: give a ASN database/,
    )
    assert.throws(
      () => openGeoSource({ ...options, asnPath: join(folder, 'none.mmdb') }),
      /^FlowError: cannot read .*none\.mmdb: there is no such file|cannot read .*none\.mmdb: there is no such file/,
    )
    const source = openGeoSource({ ...options, asnPath: null })
    assert.is(source.city(words('10.0.0.1'), 0), null)
    assert.is(source.asn(words('10.0.0.1'), 0), null)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

const maxmind = conformance('maxmind')
if (maxmind === undefined) {
  console.log('skipped: no conformance data (maxmind)')
} else {
  const open = (city: string | null, asn: string | null) =>
    openGeoSource({
      cityPath: city === null ? null : join(maxmind, city),
      asnPath: asn === null ? null : join(maxmind, asn),
      builtIn: null,
      log: SILENT,
    })

  test("MaxMind's test databases give the fields that documents need", () => {
    for (const name of ['GeoLite2-City-Test.mmdb', 'GeoIP2-City-Test.mmdb']) {
      const source = open(name, 'GeoLite2-ASN-Test.mmdb')
      assert.equal(source.city(words('216.160.83.58'), 0), {
        continentName: 'North America',
        continentCode: 'NA',
        countryIsoCode: 'US',
        countryName: 'United States',
        regionIsoCode: 'US-WA',
        regionName: 'Washington',
        cityName: 'Milton',
        postalCode: '98354',
        location: { lat: 47.2513, lon: -122.3149 },
      })
      assert.equal(source.asn(words('216.160.83.58'), 0), { number: 209, organization: '' })
      assert.equal(source.asn(words('1.128.0.1'), 0), { number: 1221, organization: 'Telstra Pty Ltd' })
      assert.equal(source.asn(words('89.160.20.112'), 0), { number: 29518, organization: 'Bredband2 AB' })
      assert.is(source.city(words('10.0.0.1'), 0), null)
      assert.is(source.asn(words('10.0.0.1'), 0), null)
      assert.is(source.city(words('2a02:cf40::1'), 0)?.countryIsoCode, 'NO')
    }
    const isp = open(null, 'GeoIP2-ISP-Test.mmdb').asn(words('1.128.0.1'), 0)
    assert.equal(isp, { number: 1221, organization: 'Telstra Pty Ltd' })
  })

  test("every network of MaxMind's sources is found, with its data", () => {
    for (const name of ['GeoLite2-ASN-Test', 'GeoLite2-City-Test', 'GeoLite2-Country-Test']) {
      const database = new Mmdb(name, readFileSync(join(maxmind, `${name}.mmdb`)))
      const source: Record<string, unknown>[] = JSON.parse(
        readFileSync(join(maxmind, 'source-data', `${name}.json`), 'utf8'),
      )
      let networks = 0
      for (const entry of source) {
        for (const [prefix, data] of Object.entries(entry)) {
          const address = prefix.split('/')[0]!
          // Nested networks of the sources hide the outer one's first address.
          const inner = source.some((other) =>
            Object.keys(other).some((key) => key !== prefix && key.startsWith(`${address}/`)),
          )
          if (inner || address.startsWith('::')) continue
          assert.equal(plain(lookUp(database, address)), data, `${name} ${prefix}`)
          networks++
        }
      }
      assert.ok(networks > 50, `${name}: ${networks}`)
    }
  })

  test('no damaged database crashes or hangs, and most say that they are damaged', () => {
    const folder = join(maxmind, 'bad-data')
    const files = [
      ...readdirSync(folder).map((name) => join(folder, name)),
      ...[
        'GeoIP2-City-Test-Broken-Double-Format',
        'GeoIP2-City-Test-Invalid-Node-Count',
        'MaxMind-DB-test-broken-pointers-24',
        'MaxMind-DB-test-broken-search-tree-24',
      ].map((name) => join(maxmind, `${name}.mmdb`)),
    ]
    for (const file of files) {
      try {
        const database = new Mmdb(file, readFileSync(file))
        for (let i = 0; i < 512; i++) lookUp(database, `${i & 255}.${(i * 7) & 255}.${i >> 3}.1`)
        for (let i = 0; i < 64; i++) lookUp(database, `${(i * 1024).toString(16)}::1`)
      } catch (error) {
        assert.ok(error instanceof FlowError, `${file}: ${error}`)
      }
    }
  })

  test('copies of real databases with damage in their data still answer', () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-mmdb-'))
    try {
      const path = join(folder, 'city.mmdb')
      copyFileSync(join(maxmind, 'GeoLite2-City-Test.mmdb'), path)
      const octets = readFileSync(path)
      let seed = 7
      for (let i = 0; i < 200; i++) {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
        octets[seed % (octets.length - 1000)]! ^= 1 << (i & 7)
      }
      const database = new Mmdb(path, octets)
      for (let i = 0; i < 256; i++) lookUp(database, `216.160.83.${i}`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('every kind of value is read', () => {
    const database = new Mmdb('decoder', readFileSync(join(maxmind, 'MaxMind-DB-test-decoder.mmdb')))
    const record = lookUp(database, '1.1.1.0')
    assert.is(valueAt(record, 'boolean'), true)
    assert.is(valueAt(record, 'double'), 42.123456)
    assert.is(valueAt(record, 'int32'), -268435456)
    assert.is(valueAt(record, 'uint16'), 100)
    assert.is(valueAt(record, 'uint32'), 268435456)
    assert.is(valueAt(record, 'uint64'), 1152921504606846976n)
    assert.is(valueAt(record, 'uint128'), 1329227995784915872903807060280344576n)
    assert.is(valueAt(record, 'utf8_string'), 'unicode! ☯ - ♫')
    assert.equal(valueAt(record, 'array'), [1, 2, 3])
    assert.equal(plain(valueAt(record, 'bytes')!), [0, 0, 0, 42])
    assert.equal(plain(valueAt(record, 'map')!), { mapX: { arrayX: [7, 8, 9], utf8_stringX: 'hello' } })
  })
}

/** Maps as objects, octets as numbers: the form of MaxMind's sources. */
function plain(value: MmdbValue | null): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)]))
  if (value instanceof Uint8Array) return [...value]
  return Array.isArray(value) ? value.map((item: MmdbValue) => plain(item)) : value
}

test.run()
