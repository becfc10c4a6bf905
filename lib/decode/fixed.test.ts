import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { BatchWriter } from '../flow/batch-writer.ts'
import type { Datagram } from '../flow/datagram.ts'
import { F } from '../flow/fields.ts'
import { join, netflow5Datagram, received, u8, u16, u32, zeros } from '../testing/datagrams.ts'
import { conformance } from '../testing/project.ts'
import { type Row, RowCollector } from '../testing/rows.ts'
import { elementOf } from './elements/registry.ts'
import { Issues } from './issues.ts'
import { decodeNetflow1 } from './netflow1.ts'
import { decodeNetflow5 } from './netflow5.ts'
import { decodeNetflow6 } from './netflow6.ts'
import { decodeNetflow7 } from './netflow7.ts'
import { decodeNetflow8 } from './netflow8.ts'
import { fillOrigin, newOrigin, type Origin } from './origin.ts'
import type { RowFinisher } from './records.ts'

type Decode = (
  datagram: Datagram,
  origin: Origin,
  writer: BatchWriter,
  finisher: RowFinisher,
  issues: Issues,
) => number

const DECODERS: Record<number, Decode> = {
  1: decodeNetflow1,
  5: decodeNetflow5,
  6: decodeNetflow6,
  7: decodeNetflow7,
  8: decodeNetflow8,
}

function decode(octets: Uint8Array): { rows: Row[]; issues: Issues; origin: Origin; count: number } {
  const datagram = received(octets)
  const origin = newOrigin(datagram)
  const issues = new Issues()
  const collector = new RowCollector()
  const count = DECODERS[octets[1]!]!(datagram, origin, collector.writer, { finish: fillOrigin }, issues)
  return { rows: collector.rows(), issues, origin, count }
}

const FLOW = {
  source: '10.0.0.1',
  destination: '192.0.2.9',
  nextHop: '10.255.0.1',
  input: 3,
  output: 65535,
  packets: 4_294_967_295,
  octets: 70_000,
  first: 999_000,
  last: 1_000_005,
  sourcePort: 51234,
  destinationPort: 443,
  tcpFlags: 0x1b,
  protocol: 6,
  tos: 184,
  sourceAs: 64_512,
  destinationAs: 13_335,
  sourceMask: 24,
  destinationMask: 8,
}

test('a NetFlow v5 record fills its columns, and the header those that rows share', () => {
  const { rows, origin } = decode(
    netflow5Datagram([FLOW], {
      nanoseconds: 250_000_000,
      engineType: 1,
      engineId: 2,
      sequence: 77,
      sampling: 0x4000 | 100,
    }),
  )
  const { layout, ...row } = rows[0]!
  assert.is(layout, 1)
  assert.is(origin.layout?.fields.length, 20)
  assert.equal(row, {
    sourceAddress: '10.0.0.1',
    destinationAddress: '192.0.2.9',
    nextHopAddress: '10.255.0.1',
    ingressInterface: 3,
    egressInterface: 65535,
    packetDeltaCount: 4_294_967_295n,
    octetDeltaCount: 70_000n,
    flowStart: 1_699_999_999_250_000_000n,
    flowEnd: 1_700_000_000_255_000_000n,
    sourceTransportPort: 51234,
    destinationTransportPort: 443,
    tcpControlBits: 0x1b,
    protocolIdentifier: 6,
    ipClassOfService: 184,
    bgpSourceAsNumber: 64_512,
    bgpDestinationAsNumber: 13_335,
    sourcePrefixLength: 24,
    destinationPrefixLength: 8,
    exportProtocol: 5,
    timeReceived: 1_700_000_000_000_000_000n,
    exportTime: 1_700_000_000_250_000_000n,
    exporterAddress: '192.0.2.1',
    exporterPort: 50_000,
    sequenceNumber: 77,
    systemUptime: 1_000_000,
    engineType: 1,
    engineId: 2,
    samplingRate: 100,
    samplingSource: 5,
    headerSampling: 16_484,
  })
})

test('a flow that ends after the header was written ends then, not 49.7 days earlier', () => {
  const { rows } = decode(netflow5Datagram([{ first: 1_000_002, last: 1_000_004 }], { uptime: 1_000_000 }))
  assert.is(rows[0]!['flowEnd'], 1_700_000_000_004_000_000n)
})

test('an uptime that wrapped between first and last is still the same clock', () => {
  const { rows } = decode(netflow5Datagram([{ first: 0xffff_ff9c, last: 50 }], { uptime: 100 }))
  assert.is(rows[0]!['flowStart'], 1_699_999_999_800_000_000n)
  assert.is(rows[0]!['flowEnd'], 1_699_999_999_950_000_000n)
})

test('a sampling field without a rate says nothing about sampling', () => {
  const { rows } = decode(netflow5Datagram([FLOW], { sampling: 0x4000 }))
  assert.is(rows[0]!['samplingRate'], undefined)
})

test('a count larger than the payload yields the whole records only', () => {
  const datagram = netflow5Datagram([FLOW, FLOW, FLOW], { count: 30 })
  const { rows, issues, count } = decode(datagram.subarray(0, datagram.length - 1))
  assert.is(rows.length, 2)
  assert.is(count, 2)
  assert.is(issues.count('recordTruncated'), 28)
})

test('records beyond the count are not read, and a count of 0 means all', () => {
  assert.is(decode(netflow5Datagram([FLOW, FLOW, FLOW], { count: 2 })).rows.length, 2)
  assert.is(decode(netflow5Datagram([FLOW, FLOW], { count: 0 })).rows.length, 2)
})

test('a header cut short yields nothing and is counted', () => {
  for (const version of [1, 5, 6, 7, 8]) {
    const { rows, issues } = decode(join(u16(version), u16(1), zeros(11)))
    assert.is(rows.length, 0)
    assert.is(issues.count('datagramTooShort'), 1)
  }
})

test('Cisco puts ICMP type and code into the destination port', () => {
  const { rows } = decode(
    netflow5Datagram([
      { protocol: 1, destinationPort: 2048 },
      { protocol: 1, destinationPort: 0 },
      { protocol: 17, destinationPort: 53 },
      { protocol: 1, sourcePort: 8, destinationPort: 1 },
      { protocol: 58, destinationPort: 33_024 },
    ]),
  )
  assert.equal(
    rows.map((row) => row['icmpTypeCode']),
    [2048, undefined, undefined, undefined, 33_024],
  )
})

test('an unknown aggregation scheme of v8 is counted', () => {
  const header = join(u16(8), u16(1), zeros(18), u8(15), u8(2), u32(0))
  const { rows, issues } = decode(join(header, zeros(44)))
  assert.is(rows.length, 0)
  assert.ok(issues.entries().length > 0)
})

interface Vector {
  name: string
  version: number
  packet_hex: string
  error?: boolean
  expected: {
    timestamp: string
    fields: Record<string, number | string>
    exporter: { uptimeMillis: number; engineId?: number }
  }[]
}

const vectorsFile = conformance('elastic', 'filebeat-netflow', 'legacy-vectors.json')
if (vectorsFile === undefined) {
  test.skip('vectors of versions 1 to 8 decode alike (no conformance data)', () => {})
} else {
  const { vectors } = JSON.parse(readFileSync(vectorsFile, 'utf8')) as { vectors: Vector[] }
  for (const vector of vectors) {
    test(`Filebeat's vector: ${vector.name}`, () => {
      const { rows, origin, issues } = decode(join(vector.packet_hex))
      assert.is(rows.length, vector.expected.length)
      if (vector.error) assert.ok(issues.entries().length > 0)
      vector.expected.forEach(({ fields, timestamp, exporter }, i) => {
        const row = rows[i]!
        const exportTime = nanoseconds(timestamp)
        assert.is(row['exportTime'], exportTime)
        assert.is(row['systemUptime'], exporter.uptimeMillis)
        if (exporter.engineId !== undefined) assert.is(row['engineId'], exporter.engineId)
        for (const [name, value] of Object.entries(fields)) {
          const at = origin.layout!.fields.find(({ element }) => elementOf(0, element)?.name === name)!
          let expected: unknown = value
          if (at.field === F.flowStart || at.field === F.flowEnd) {
            expected = exportTime - BigInt((exporter.uptimeMillis - Number(value)) | 0) * 1_000_000n
          } else if (at.field!.kind === 'u64') {
            expected = BigInt(value)
          }
          assert.is(row[at.field!.name], expected, name)
        }
      })
    })
  }
}

function nanoseconds(iso: string): bigint {
  const [whole, fraction = ''] = iso.replace('Z', '').split('.')
  return BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}

test.run()
