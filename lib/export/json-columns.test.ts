import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { defineField, F, type Field } from '../flow/fields.ts'
import { type CellValue, fillRow } from '../testing/fill-row.ts'
import { batchBlock } from './batch-block.ts'
import { JsonColumns } from './json-columns.ts'

const NOTE = defineField('testNote', 'text')
const FLOAT = defineField('testFloat', 'f64')
const SIGNED = defineField('testSigned', 'i64')
const PARTS = defineField('testParts', 'octets-list')

function exported(fields: readonly Field[], ...rows: Readonly<Record<string, CellValue>>[]): string {
  const batch = new FlowBatch()
  for (const row of rows) fillRow(batch, row)
  const pieces: Buffer[] = []
  const sink = new JsonColumns({
    columns: fields.map((field) => ({ name: field.name, field })),
    times: 'rfc3339',
    write: (octets, from, to) => void pieces.push(Buffer.from(octets.subarray(from, to))),
  })
  sink.write(batchBlock(batch), null, [])
  sink.close()
  return Buffer.concat(pieces).toString()
}

test('numbers are in full, times and addresses text, absent values left out', () => {
  const fields = [F.flowStart, F.octetDeltaCount, F.sourceAddress, F.sourceMacAddress, SIGNED]
  assert.is(
    exported(
      fields,
      {
        flowStart: 1_767_225_600_000_000_001n,
        octetDeltaCount: 18_446_744_073_709_551_615n,
        sourceAddress: '2001:db8::1',
        sourceMacAddress: '00:00:5e:00:53:01',
        testSigned: -5n,
      },
      {},
      { octetDeltaCount: 0n },
    ),
    '{"flowStart":"2026-01-01T00:00:00.000000001Z","octetDeltaCount":18446744073709551615,"sourceAddress":"2001:db8::1",' +
      '"sourceMacAddress":"00:00:5e:00:53:01","testSigned":-5}\n{}\n{"octetDeltaCount":0}\n',
  )
})

test('lists are arrays', () => {
  const lines = exported([F.bgpCommunities, F.ipv6RoutingAddresses, PARTS], {
    bgpCommunities: [1, 4_294_967_295],
    ipv6RoutingAddresses: ['2001:db8::1', '192.0.2.1'],
    testParts: ['00ff', ''],
  })
  assert.equal(JSON.parse(lines), {
    bgpCommunities: [1, 4_294_967_295],
    ipv6RoutingAddresses: ['2001:db8::1', '192.0.2.1'],
    testParts: ['00ff', ''],
  })
})

test('hostile text stays JSON, and comes back the same', () => {
  for (const text of ['', 'a"b\\c', '\0\x01\n\r\t', '\u2028<>&', '\u{1f600}', '"'.repeat(300_000)]) {
    assert.equal(JSON.parse(exported([NOTE], { testNote: text })), { testNote: text })
  }
})

test('what JSON has no number for is null', () => {
  const batch = new FlowBatch()
  const column = batch.fixed(FLOAT)
  column.present.fill(1, 0, 3)
  column.values.set([Number.NaN, Number.POSITIVE_INFINITY, 0.25])
  batch.rowCount = 3
  const pieces: Buffer[] = []
  const columns = [{ name: 'f', field: FLOAT }]
  const sink = new JsonColumns({
    columns,
    times: 'rfc3339',
    write: (octets, from, to) => void pieces.push(Buffer.from(octets.subarray(from, to))),
  })
  sink.write(batchBlock(batch), null, [])
  assert.is(Buffer.concat(pieces).toString(), '{"f":null}\n{"f":null}\n{"f":0.25}\n')
})

test.run()
