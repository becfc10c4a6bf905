import { stringify } from 'csv-stringify/sync'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { defineField, F } from '../flow/fields.ts'
import { type CellValue, fillRow } from '../testing/fill-row.ts'
import { batchBlock } from './batch-block.ts'
import type { TimeForm } from './cells.ts'
import { Delimited } from './delimited.ts'

const NOTE = defineField('testNote', 'text')
const OPAQUE = defineField('testOpaque', 'octets')
const SIGNED = defineField('testSigned', 'i64')
const FLOAT = defineField('testFloat', 'f64')
const PARTS = defineField('testParts', 'octets-list')

function exported(
  names: readonly string[],
  rows: readonly Readonly<Record<string, CellValue>>[],
  options: { delimiter?: string; times?: TimeForm; header?: boolean; selected?: Uint32Array } = {},
): Buffer {
  const batch = new FlowBatch()
  for (const row of rows) fillRow(batch, row)
  const pieces: Buffer[] = []
  const fields = [...Object.values(F), NOTE, OPAQUE, SIGNED, FLOAT, PARTS]
  const sink = new Delimited({
    columns: names.map((name) => ({ name, field: fields.find((field) => field.name === name)! })),
    delimiter: ',',
    times: 'rfc3339',
    header: true,
    ...options,
    write: (octets, from, to) => void pieces.push(Buffer.from(octets.subarray(from, to))),
  })
  sink.write(batchBlock(batch), options.selected ?? null, [])
  sink.close()
  return Buffer.concat(pieces)
}

test('every kind has its text, and absent values are empty', () => {
  const csv = exported(
    ['flowStart', 'octetDeltaCount', 'sourceAddress', 'sourceMacAddress', 'bgpCommunities', 'tcpControlBits'],
    [
      {
        flowStart: 1_767_225_599_000_000_001n,
        octetDeltaCount: 18_446_744_073_709_551_615n,
        sourceAddress: '2001:db8::1',
        sourceMacAddress: '00:00:5e:00:53:01',
        bgpCommunities: [1, 4_294_967_295],
        tcpControlBits: 65_535,
      },
      { sourceAddress: '192.0.2.1' },
    ],
  )
  assert.is(
    csv.toString(),
    'flowStart,octetDeltaCount,sourceAddress,sourceMacAddress,bgpCommunities,tcpControlBits\n' +
      '2025-12-31T23:59:59.000000001Z,18446744073709551615,2001:db8::1,00:00:5e:00:53:01,1 4294967295,65535\n' +
      ',,192.0.2.1,,,\n',
  )
})

test('signed integers, floats, octets and lists of octets', () => {
  const csv = exported(
    ['testSigned', 'testFloat', 'testOpaque', 'testParts', 'ipv6RoutingAddresses'],
    [
      { testSigned: -1n, testFloat: 0.1, testOpaque: '00ff', testParts: ['01', 'abcd'] },
      { testSigned: -9_223_372_036_854_775_808n, ipv6RoutingAddresses: ['2001:db8::1', '2001:db8::2'] },
    ],
    { header: false },
  )
  assert.is(csv.toString(), '-1,0.1,00ff,01 abcd,\n-9223372036854775808,,,,2001:db8::1 2001:db8::2\n')
})

test('times as nanoseconds and milliseconds since the epoch', () => {
  const rows = [{ flowStart: 18_446_744_073_709_551_615n }, { flowStart: 1_767_225_599_999_999_999n }]
  assert.is(
    exported(['flowStart'], rows, { times: 'epoch-ns', header: false }).toString(),
    '18446744073709551615\n1767225599999999999\n',
  )
  assert.is(
    exported(['flowStart'], rows, { times: 'epoch-ms', header: false }).toString(),
    '18446744073709\n1767225599999\n',
  )
  assert.is(
    exported(['flowStart'], rows, { header: false }).toString(),
    '2554-07-21T23:34:33.709551615Z\n2025-12-31T23:59:59.999999999Z\n',
  )
})

test('hostile text is quoted as csv-stringify quotes it', () => {
  const texts = [
    '',
    'plain',
    'a,b',
    'a\tb',
    'a"b',
    '"',
    'line\nbreak',
    'line\rbreak',
    'line\r\nbreak',
    ' lead and trail ',
    'NUL\0byte',
    '=1+1',
    "it's",
    'Ünïcödé \u{1f600}',
    ';|',
  ]
  for (const delimiter of [',', '\t']) {
    const records = texts.map((text, i) => [text, String(i)])
    const wanted = stringify(records, { delimiter, header: true, columns: ['testNote', 'octetDeltaCount'] })
    const rows = texts.map((text, i) => ({ testNote: text, octetDeltaCount: BigInt(i) }))
    assert.is(exported(['testNote', 'octetDeltaCount'], rows, { delimiter }).toString(), wanted)
  }
})

test('text that is no UTF-8 keeps its octets', () => {
  const batch = new FlowBatch()
  const column = batch.octets(NOTE)
  column.data = Uint8Array.of(0xff, 0x22, 0xfe)
  column.lengths[0] = 3
  column.present[0] = 1
  batch.rowCount = 1
  const pieces: Buffer[] = []
  const write = (octets: Uint8Array, from: number, to: number) =>
    void pieces.push(Buffer.from(octets.subarray(from, to)))
  const columns = [{ name: 'testNote', field: NOTE }]
  const sink = new Delimited({ columns, delimiter: ',', times: 'rfc3339', header: false, write })
  sink.write(batchBlock(batch), null, [])
  sink.close()
  assert.equal([...Buffer.concat(pieces)], [0x22, 0xff, 0x22, 0x22, 0xfe, 0x22, 0x0a])
})

test('a cell longer than the buffer is written whole', () => {
  const long = 'x"'.repeat(1_000_000)
  const csv = exported(['testNote', 'octetDeltaCount'], [{ testNote: long, octetDeltaCount: 1n }], {
    header: false,
  })
  assert.is(csv.toString(), `"${long.replaceAll('"', '""')}",1\n`)
})

test('selected rows are written in their order, none of none', () => {
  const rows = [0n, 1n, 2n, 3n].map((octetDeltaCount) => ({ octetDeltaCount }))
  assert.is(
    exported(['octetDeltaCount'], rows, { selected: Uint32Array.of(1, 3), header: false }).toString(),
    '1\n3\n',
  )
  assert.is(
    exported(['octetDeltaCount'], rows, { selected: new Uint32Array(0) }).toString(),
    'octetDeltaCount\n',
  )
})

test.run()
