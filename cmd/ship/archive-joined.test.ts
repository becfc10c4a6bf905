import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ArchiveWriter } from '../../lib/archive/archive-writer.ts'
import { compactArchive } from '../../lib/archive/compact.ts'
import { liveFiles } from '../../lib/archive/live-files.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { type BulkServer, startBulkServer } from '../../lib/elastic/testing/bulk-server.ts'
import { FlowBatch, type RecordKind } from '../../lib/flow/batch.ts'
import { fillRow } from '../../lib/testing/fill-row.ts'
import { runShip } from './testing/run-ship.ts'

const test = suite('archive-joined')

let folder = ''
let server: BulkServer
test.before.each(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-joined-'))
  server = await startBulkServer()
})
test.after.each(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const at = (name: string) => join(folder, name)
const T0 = 1_795_165_300_000_000_000n
const DAY_MS = 864e5

let nowMs = Number(T0 / 1_000_000n)

/** Writes an archive file of blocks of flows and of counters, each `[kind, from, to]`. */
function write(...blocks: [RecordKind, number, number][]): void {
  // Each writer begins its file at another time, as the clock would have it.
  nowMs += 1000
  const ms = nowMs
  const limits = { rotateEveryMs: 0, blockRows: 1024 }
  const writer = new ArchiveWriter({
    directory: at('flows'),
    stream: 'test',
    limits,
    log: SILENT,
    nowMs: () => ms,
  })
  for (const [kind, from, to] of blocks) {
    const batch = new FlowBatch()
    batch.kind = kind
    for (let i = from; i < to; i++) {
      fillRow(batch, {
        exportProtocol: kind === 'flow' ? 9 : 205,
        timeReceived: T0 + BigInt(i) * 1_000_000n,
        exporterAddress: '192.0.2.9',
        ...(kind === 'flow' ? { sourceAddress: '192.0.2.1', octetDeltaCount: i } : { sequenceNumber: i }),
      })
    }
    writer.append(batch)
    writer.sync()
  }
  writer.close()
}

function compact(): void {
  const options = { into: 'day', beforeMs: nowMs + 1000, nowMs: nowMs + DAY_MS * 3, log: SILENT } as const
  assert.is([...compactArchive(at('flows'), options)].length, 1)
  assert.is(liveFiles([at('flows')]).length, 1)
}

const ship = (...words: string[]) => runShip([at('flows'), '--to', server.url, ...words])
const withState = () => ship('--state', at('state'))

test('rows have the ids of the files that they were first written into, however often those were joined', async () => {
  write(['flow', 1, 1500], ['counters', 1, 4], ['flow', 1500, 1800])
  write(['flow', 1800, 1810], ['counters', 4, 9])
  await ship('--state', 'none')
  const ids = [...server.documents.keys()].sort()
  assert.is(ids.length, 1809 + 8)
  compact()
  assert.is((await ship('--state', 'none')).sender.counts?.duplicates, ids.length)
  write(['flow', 1810, 1815], ['counters', 9, 11])
  compact()
  const last = await ship('--state', 'none')
  assert.equal([last.made, last.sender.counts?.duplicates], [ids.length + 7, ids.length])
  server.documents.clear()
  await ship('--state', 'none')
  assert.equal(
    ids.filter((id) => !server.documents.has(id)),
    [],
  )
})

test('of records of several kinds, too, only what was not sent before they were joined is sent', async () => {
  write(['flow', 1, 1500], ['counters', 1, 4], ['flow', 1500, 1800])
  await withState()
  write(['flow', 1800, 1810], ['counters', 4, 9])
  compact()
  const run = await withState()
  assert.equal([run.made, run.sender.counts?.duplicates], [15, 0])
  write(['counters', 9, 11], ['flow', 1810, 1815])
  compact()
  assert.equal([(await withState()).made, server.documents.size, server.duplicates], [7, 1814 + 10, 0])
  assert.is((await withState()).made, 0)
})

test('a file that was sent in part, and is joined then, goes on where it was', async () => {
  write(['flow', 1, 2001])
  server.mood = (request) => (request >= 2 ? 401 : null)
  const small = ['--state', at('state'), '--bulk-max-size', '100']
  await ship(...small).catch(() => {})
  const sent = server.documents.size
  assert.ok(sent >= 200 && sent < 2000, String(sent))
  server.mood = () => null
  write(['flow', 2001, 2011])
  compact()
  const run = await withState()
  assert.is(server.documents.size, 2010)
  assert.ok(run.made < 2010, String(run.made))
})

test.run()
