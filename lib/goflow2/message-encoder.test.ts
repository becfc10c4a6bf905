import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { F } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import { type CellValue, fillRow } from '../testing/fill-row.ts'
import { LINE_FIELDS } from './line-fields.ts'
import { newLineSink } from './line-sink.ts'
import { loadMapping } from './mapping.ts'

/** A field of a message as it stands there: a varint, or octets in hexadecimal. */
type Value = bigint | string

/** Reads length-delimited messages, each followed by `separator`. */
function messages(stream: Buffer, separator: Buffer): [field: number, value: Value][][] {
  const found: [number, Value][][] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const octet = stream[at++]!
      value |= BigInt(octet & 127) << shift
      if (octet < 128) return value
    }
  }
  while (at < stream.length) {
    const end = Number(varint()) + at
    assert.ok(end <= stream.length, 'a message is cut')
    const fields: [number, Value][] = []
    while (at < end) {
      const tag = Number(varint())
      if ((tag & 7) === 0) {
        fields.push([tag >>> 3, varint()])
      } else {
        assert.is(tag & 7, 2)
        const length = Number(varint())
        fields.push([tag >>> 3, stream.toString('hex', at, at + length)])
        at += length
      }
    }
    assert.is(at, end)
    assert.ok(stream.subarray(at, at + separator.length).equals(separator))
    at += separator.length
    found.push(fields)
  }
  return found
}

function encoded(batch: FlowBatch, separator = '', yaml?: string): [number, Value][][] {
  const pieces: Buffer[] = []
  const sink = newLineSink({
    format: 'bin',
    compat: '2.2',
    mapping: yaml === undefined ? null : loadMapping(yaml, 'mapping.yaml').mapping,
    separator: Buffer.from(separator),
    write: (octets, from, to) => void pieces.push(Buffer.from(octets.subarray(from, to))),
  })
  sink.write(batch)
  return messages(Buffer.concat(pieces), Buffer.from(separator))
}

function one(
  values: Record<string, CellValue>,
  layout: Layout | null = null,
  yaml?: string,
): Record<string, Value> {
  const batch = new FlowBatch()
  fillRow(batch, { exportProtocol: 10, ...values }, layout)
  const [fields] = encoded(batch, '', yaml)
  const numbers = fields!.map(([number]) => number)
  const known = numbers.filter((number) => LINE_FIELDS.some((field) => field.number === number))
  assert.equal(
    known,
    [...known].sort((x, y) => x - y),
    'fields in order of number',
  )
  const named: Record<string, Value> = {}
  for (const [number, value] of fields!) {
    const name = LINE_FIELDS.find((field) => field.number === number)?.name ?? String(number)
    named[name] = name in named ? `${named[name]} ${value}` : value
  }
  return named
}

test('what is zero or absent is left out', () => {
  assert.equal(one({}), { type: 4n })
  assert.equal(one({ exportProtocol: 0 }), {})
  assert.equal(one({ octetDeltaCount: 0, sourceTransportPort: 0 }), { type: 4n })
})

test('numbers are varints of their full width', () => {
  assert.equal(
    one({
      octetDeltaCount: 2n ** 64n - 1n,
      timeReceived: 1_700_000_000_000_000_001n,
      sequenceNumber: 2 ** 32 - 1,
      sourceMacAddress: '0a:0b:0c:0d:0e:0f',
      fragmentFlags: 0x40,
      icmpTypeCode: 0x0801,
      dot1qTci: 0x2005,
    }),
    {
      type: 4n,
      sequence_num: 2n ** 32n - 1n,
      bytes: 2n ** 64n - 1n,
      src_mac: 0x0a0b0c0d0e0fn,
      vlan_id: 5n,
      icmp_type: 8n,
      icmp_code: 1n,
      ip_flags: 2n,
      time_received_ns: 1_700_000_000_000_000_001n,
    },
  )
})

test('addresses have 4 or 16 octets, networks are prefix lengths', () => {
  const shown = one({
    sourceAddress: '10.0.0.1',
    destinationAddress: '2001:db8::1',
    nextHopAddress: '0.0.0.0',
    sourcePrefixLength: 24,
    exporterAddress: '192.0.2.1',
    mplsTopLabelAddress: '10.0.0.2',
    ipv6RoutingAddresses: ['::1', '::2'],
  })
  assert.is(shown['src_addr'], '0a000001')
  assert.is(shown['dst_addr'], '20010db8000000000000000000000001')
  assert.is(shown['next_hop'], '00000000')
  assert.is(shown['sampler_address'], 'c0000201')
  assert.is(shown['src_net'], 24n)
  assert.is(shown['etype'], 2048n)
  assert.is(shown['mpls_ip'], '0a000002')
  assert.is(shown['ipv6_routing_header_addresses'], `${'0'.repeat(31)}1 ${'0'.repeat(31)}2`)
})

test('addresses of IPv6 elements keep 16 octets', () => {
  const layout: Layout = {
    protocol: 10,
    scopeCount: 0,
    fields: [{ enterprise: 0, element: 27, octets: 16, field: F.sourceAddress }],
  }
  assert.is(one({ sourceAddress: '10.0.0.1' }, layout)['src_addr'], '00000000000000000000ffff0a000001')
})

test('lists are packed; layers that goflow2 does not know are Custom', () => {
  const shown = one({
    asPath: [1, 300],
    mplsLabelStack: [0x186a01],
    layerStack: [0, 1, 41],
    bgpCommunities: [],
  })
  assert.is(shown['as_path'], '01ac02')
  assert.is(shown['mpls_label'], 'a08d06')
  assert.is(shown['layer_stack'], '000163')
})

test('messages of any length follow one another, with or without separator', () => {
  for (const separator of ['', '\n', '--']) {
    const batch = new FlowBatch()
    const lengths = [0, 30, 60, 5000, 1, 4000, 200, 0, 9000, 2]
    for (const length of lengths) {
      fillRow(batch, { exportProtocol: 205, asPath: Array.from({ length }, (_, i) => i) })
    }
    const paths = encoded(batch, separator).map(
      (fields) => fields.find(([number]) => number === 102)?.[1] ?? '',
    )
    // Two hexadecimal digits an octet, one octet below 128, else two.
    const digits = (length: number): number => 2 * Math.min(length, 128) + 4 * Math.max(0, length - 128)
    assert.equal(
      paths.map((path) => String(path).length),
      lengths.map(digits),
    )
  }
})

const YAML = `formatter:
  fields: [bytes]
  protobuf:
    - {name: number, index: 2001, type: varint}
    - {name: text, index: 40, type: string}
    - {name: list, index: 41, type: varint, array: true}
ipfix:
  mapping:
    - {field: 230, destination: number}
    - {field: 231, destination: text}
    - {field: 232, destination: list}
    - {field: 233, destination: InIf}
    - {field: 234, destination: AsPath}
`

test('declared fields follow in the order of the record, unpacked, zeros too', () => {
  loadMapping(YAML, 'mapping.yaml')
  const layout = (...elements: number[]): Layout => ({
    protocol: 10,
    scopeCount: 0,
    fields: elements.map((element) => ({ enterprise: 0, element, octets: 4, field: null })),
  })
  const values = {
    'map.number': '00',
    'map.text': '6162',
    'map.list': ['01', '012c', '00'],
    'map.InIf': '07',
    'map.AsPath': ['01', '02'],
    octetDeltaCount: 5,
  }
  const all = one(values, layout(230, 231, 232, 233, 234), YAML)
  assert.equal(all, {
    type: 4n,
    bytes: 5n,
    in_if: 7n,
    as_path: '1 2',
    2001: 0n,
    40: '6162',
    41: '1 300 0',
  })
  const batch = new FlowBatch()
  fillRow(batch, { exportProtocol: 10, ...values }, layout(232, 231, 230))
  assert.equal(
    encoded(batch, '', YAML)[0]!
      .slice(-5)
      .map(([number]) => number),
    [41, 41, 41, 40, 2001],
  )
})

test('an integer of more than 64 bits goes as octets', () => {
  const layout: Layout = {
    protocol: 10,
    scopeCount: 0,
    fields: [{ enterprise: 0, element: 230, octets: 9, field: null }],
  }
  assert.is(one({ 'map.number': '010000000000000000' }, layout, YAML)['2001'], '010000000000000000')
})

test.run()
