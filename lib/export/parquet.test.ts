import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { defineField, F, type Field } from '../flow/fields.ts'
import { type CellValue, fillRow } from '../testing/fill-row.ts'
import { FlowGenerator } from '../testing/flow-generator.ts'
import { batchBlock } from './batch-block.ts'
import { defaultColumns } from './columns.ts'
import { newParquetSink } from './parquet.ts'

const NOTE = defineField('testNote', 'text')
const OPAQUE = defineField('testOpaque', 'octets')

async function parquetOf(fields: readonly Field[], batches: readonly FlowBatch[]): Promise<Buffer> {
  const pieces: Buffer[] = []
  const sink = await newParquetSink({
    columns: fields.map((field) => ({ name: field.name, field })),
    createdBy: 'weir test',
    write: (octets, from, to) => void pieces.push(Buffer.from(octets.subarray(from, to))),
  })
  for (const batch of batches) await sink.write(batchBlock(batch), null, [])
  await sink.close()
  return Buffer.concat(pieces)
}

function batchOf(...rows: Readonly<Record<string, CellValue>>[]): FlowBatch {
  const batch = new FlowBatch()
  for (const row of rows) fillRow(batch, row)
  return batch
}

type Connection = Awaited<ReturnType<typeof connect>>

async function connect() {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  return (await DuckDBInstance.create(':memory:')).connect()
}

let duckdb: Connection | null = null
try {
  duckdb = await connect()
} catch {
  console.log('skipped: @duckdb/node-api is not installed')
}

async function query(parquet: Buffer, sql: string): Promise<unknown[]> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-parquet-'))
  try {
    const path = join(folder, 'flows.parquet')
    writeFileSync(path, parquet)
    const reader = await duckdb!.runAndReadAll(sql.replaceAll('FLOWS', `read_parquet('${path}')`))
    return reader.getRowObjectsJson()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (duckdb !== null) {
  test('columns have the right types in DuckDB', async () => {
    const fields = [
      F.flowStart,
      F.octetDeltaCount,
      F.sourceAddress,
      F.sourceMacAddress,
      F.protocolIdentifier,
      F.sourceTransportPort,
      F.ingressInterface,
      F.bgpCommunities,
      F.ipv6RoutingAddresses,
      NOTE,
      OPAQUE,
    ]
    const described = await query(
      await parquetOf(fields, [batchOf({ protocolIdentifier: 6 })]),
      'DESCRIBE SELECT * FROM FLOWS',
    )
    assert.equal(
      (described as { column_name: string; column_type: string }[]).map(
        (c) => `${c.column_name} ${c.column_type}`,
      ),
      [
        'flowStart TIMESTAMP WITH TIME ZONE',
        'octetDeltaCount UBIGINT',
        'sourceAddress VARCHAR',
        'sourceMacAddress VARCHAR',
        'protocolIdentifier UTINYINT',
        'sourceTransportPort USMALLINT',
        'ingressInterface UINTEGER',
        'bgpCommunities UINTEGER[]',
        'ipv6RoutingAddresses VARCHAR[]',
        'testNote VARCHAR',
        'testOpaque BLOB',
      ],
    )
  })

  test('values come out as they went in, extremes and absent ones too', async () => {
    const batch = batchOf(
      {
        flowStart: 1_767_225_599_000_001_001n,
        octetDeltaCount: 18_446_744_073_709_551_615n,
        ingressInterface: 4_294_967_295,
        sourceAddress: '2001:db8::1',
        sourceMacAddress: 'ff:00:5e:00:53:01',
        bgpCommunities: [0, 4_294_967_295],
        testNote: 'a"b\n\u{1f600}',
        testOpaque: '00ff',
      },
      {},
      { flowStart: 18_446_744_073_709_551_615n, sourceAddress: '192.0.2.255', ingressInterface: 0 },
    )
    const fields = [
      F.flowStart,
      F.octetDeltaCount,
      F.ingressInterface,
      F.sourceAddress,
      F.sourceMacAddress,
      F.bgpCommunities,
      NOTE,
      OPAQUE,
    ]
    const rows = await query(
      await parquetOf(fields, [batch]),
      'SELECT epoch_ns(flowStart) AS t, octetDeltaCount::VARCHAR AS o, ingressInterface AS i, sourceAddress AS a, sourceMacAddress AS m, bgpCommunities AS c, testNote AS n, hex(testOpaque) AS h FROM FLOWS',
    )
    assert.equal(rows, [
      {
        // DuckDB's times with a zone have microseconds; the file has nanoseconds.
        t: '1767225599000001000',
        o: '18446744073709551615',
        i: 4_294_967_295,
        a: '2001:db8::1',
        m: 'ff:00:5e:00:53:01',
        c: [0, 4_294_967_295],
        n: 'a"b\n\u{1f600}',
        h: '00FF',
      },
      { t: null, o: null, i: null, a: null, m: null, c: null, n: null, h: null },
      { t: null, o: null, i: 0, a: '192.0.2.255', m: null, c: null, n: null, h: null },
    ])
  })

  test('totals of many flows are equal', async () => {
    const generator = new FlowGenerator(3)
    const batches: FlowBatch[] = []
    let [octets, packets, rows] = [0n, 0n, 0]
    let [least, greatest] = [2n ** 64n, 0n]
    for (let i = 0; i < 3; i++) {
      const batch = new FlowBatch()
      generator.fill(batch)
      batches.push(batch)
      rows += batch.rowCount
      for (let row = 0; row < batch.rowCount; row++) {
        octets += batch.fixed(F.octetDeltaCount).wide[row]!
        packets += batch.fixed(F.packetDeltaCount).wide[row]!
        const [start, end] = [batch.fixed(F.flowStart).wide[row]!, batch.fixed(F.flowEnd).wide[row]!]
        if (start < least) least = start
        if (end > greatest) greatest = end
      }
    }
    const fields = defaultColumns(() => undefined).map(({ field }) => field)
    const [sums] = await query(
      await parquetOf(fields, batches),
      'SELECT count(*)::VARCHAR AS n, sum(octetDeltaCount)::VARCHAR AS o, sum(packetDeltaCount)::VARCHAR AS p, epoch_ns(min(flowStart)) AS least, epoch_ns(max(flowEnd)) AS greatest FROM FLOWS',
    )
    assert.equal(sums, {
      n: String(rows),
      o: String(octets),
      p: String(packets),
      least: String(least),
      greatest: String(greatest),
    })
  })

  test('a file without rows has its columns', async () => {
    const [row] = await query(
      await parquetOf([F.octetDeltaCount], []),
      'SELECT count(octetDeltaCount)::VARCHAR AS n FROM FLOWS',
    )
    assert.equal(row, { n: '0' })
  })
}

test('times have all their nanoseconds', async () => {
  const octets = await parquetOf([F.flowStart], [batchOf({ flowStart: 1_767_225_599_000_000_001n })])
  const wanted = Buffer.alloc(8)
  wanted.writeBigInt64LE(1_767_225_599_000_000_001n)
  const { parquetMetadata } = await import('hyparquet')
  const metadata = parquetMetadata(Uint8Array.from(octets).buffer)
  assert.equal(metadata.schema[1]!.logical_type, { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' })
  assert.ok(octets.includes(wanted))
})

test.run()
