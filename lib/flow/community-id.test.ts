import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress, parseAddress } from '../bytes/address.ts'
import { conformance } from '../testing/project.ts'
import { CommunityId, type CommunityIdForm } from './community-id.ts'

interface Tuple {
  readonly saddr: string
  readonly daddr: string
  readonly proto: number
  readonly sport?: number
  readonly dport?: number
  readonly communityid: string
}

function hashed(
  tuple: Omit<Tuple, 'communityid'>,
  seed = 0,
  form: CommunityIdForm = 'specified',
): CommunityId {
  const source = new Uint32Array(4)
  const destination = new Uint32Array(4)
  assert.ok(parseAddress(tuple.saddr, source))
  assert.ok(parseAddress(tuple.daddr, destination))
  const id = new CommunityId(seed, form)
  id.hash(source, 0, destination, 0, tuple.proto, tuple.sport ?? 0, tuple.dport ?? 0)
  return id
}

function flow(text: string): Omit<Tuple, 'communityid'> {
  const [saddr, daddr, proto, sport, dport] = text.split(' ')
  return { saddr: saddr!, daddr: daddr!, proto: Number(proto), sport: Number(sport), dport: Number(dport) }
}

test('known ids come out, whichever end is the source', () => {
  for (const [text, want] of [
    ['128.232.110.120 66.35.250.204 6 34855 80', '1:LQU9qZlK+B5F3KDmev6m5PMibrg='],
    ['66.35.250.204 128.232.110.120 6 80 34855', '1:LQU9qZlK+B5F3KDmev6m5PMibrg='],
    ['192.168.1.52 8.8.8.8 17 54585 53', '1:d/FP5EW3wiY1vCndhwleRRKHowQ='],
    ['192.168.0.89 192.168.0.1 1 8 0', '1:X0snYXpgwiv9TZtqg64sgzUn6Dk='],
    ['192.168.0.1 192.168.0.89 1 0 0', '1:X0snYXpgwiv9TZtqg64sgzUn6Dk='],
    ['fe80::200:86ff:fe05:80da fe80::260:97ff:fe07:69ea 58 135 0', '1:dGHyGvjMfljg6Bppwm3bg0LO8TY='],
    ['0.0.0.0 0.0.0.0 6 0 0', '1:idwO/QHAjbcGlF1bfQE9dPuu7T0='],
  ] as const) {
    assert.is(hashed(flow(text)).text(), want, text)
  }
})

test("Elastic's form gives the two directions of some ICMP exchanges different ids", () => {
  const ask = flow('10.0.0.1 10.0.0.2 1 15 0')
  const answer = flow('10.0.0.2 10.0.0.1 1 16 0')
  assert.is(hashed(ask).text(), hashed(answer).text())
  assert.is.not(hashed(ask, 0, 'elastic').text(), hashed(answer, 0, 'elastic').text())
  const query = flow('fe80::1 ff02::1 58 130 0')
  const report = flow('ff02::1 fe80::1 58 131 0')
  assert.is(hashed(query).text(), hashed(report).text())
  assert.is.not(hashed(query, 0, 'elastic').text(), hashed(report, 0, 'elastic').text())
})

/** The definition, written down once more and slowly. */
function naiveId(tuple: Omit<Tuple, 'communityid'>, seed: number): string {
  const octets = (text: string): Buffer => {
    const words = new Uint32Array(4)
    parseAddress(text, words)
    const all = Buffer.alloc(16)
    words.forEach((word, i) => {
      all.writeUInt32BE(word, i * 4)
    })
    return formatAddress(words, 0).includes(':') ? all : all.subarray(12)
  }
  const ends = [
    { address: octets(tuple.saddr), port: tuple.sport ?? 0 },
    { address: octets(tuple.daddr), port: tuple.dport ?? 0 },
  ]
  ends.sort((a, b) => Buffer.compare(a.address, b.address) || a.port - b.port)
  const port = (value: number) => [value >>> 8, value & 255]
  const message = [
    ...port(seed),
    ...ends[0]!.address,
    ...ends[1]!.address,
    tuple.proto,
    0,
    ...([6, 17, 132].includes(tuple.proto) ? [...port(ends[0]!.port), ...port(ends[1]!.port)] : []),
  ]
  return `1:${createHash('sha1').update(Buffer.from(message)).digest('base64')}`
}

test('ids are what the definition says, for any addresses, ports, protocols and seeds', () => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom('10.0.0.1', '2001:db8::1', '::', '::ffff:10.0.0.1'),
  )
  const port = fc.nat(65535)
  fc.assert(
    fc.property(
      fc.record({
        saddr: address,
        daddr: address,
        proto: fc.constantFrom(6, 17, 132, 47, 0, 255),
        sport: port,
        dport: port,
      }),
      port,
      (tuple, seed) => hashed(tuple, seed).text() === naiveId(tuple, seed),
    ),
    { numRuns: 500 },
  )
})

const baseline = conformance('community-id/baseline')
if (baseline === undefined) {
  console.log('skipped: no conformance data (community-id)')
} else {
  const read = (name: string): Tuple[] => JSON.parse(readFileSync(join(baseline, name), 'utf8'))

  test("the specification's own flows get their ids, with either seed and in hexadecimal", () => {
    for (const tuple of read('baseline_deflt.json'))
      assert.is(hashed(tuple).text(), tuple.communityid, JSON.stringify(tuple))
    for (const tuple of read('baseline_seed1.json')) assert.is(hashed(tuple, 1).text(), tuple.communityid)
    for (const tuple of read('baseline_nob64.json')) {
      const hex = [...hashed(tuple).digest].map((word) => word.toString(16).padStart(8, '0')).join('')
      assert.is(`1:${hex}`, tuple.communityid)
    }
  })
}

const golden = conformance('elastic/communityid/golden')
if (golden === undefined) {
  console.log('skipped: no conformance data (elastic/communityid)')
} else {
  test("every packet of Elastic's captures gets Elastic's id", () => {
    let packets = 0
    for (const name of readdirSync(golden)) {
      for (const line of readFileSync(join(golden, name), 'utf8').split('\n')) {
        const [, id, tuple] = line.split('|').map((part) => part.trim())
        if (id === undefined || tuple === undefined || tuple === '') continue
        assert.is(hashed(flow(tuple), 0, 'elastic').text(), id, line)
        packets++
      }
    }
    assert.ok(packets > 90, `${packets} packets`)
  })
}

test.run()
