import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ArchiveWriter } from '../../lib/archive/archive-writer.ts'
import { compactArchive } from '../../lib/archive/compact.ts'
import { liveFiles } from '../../lib/archive/live-files.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { type BulkServer, startBulkServer } from '../../lib/elastic/testing/bulk-server.ts'
import { FlowBatch } from '../../lib/flow/batch.ts'
import { fillRow } from '../../lib/testing/fill-row.ts'
import { runShip } from './testing/run-ship.ts'

const test = suite('archive-walk')

let folder = ''
let server: BulkServer
test.before.each(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-ship-'))
  server = await startBulkServer()
})
test.after.each(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const at = (name: string) => join(folder, name)
const T0 = 1_795_165_300_000_000_000n

function rows(from: number, to: number, protocol = 9): FlowBatch {
  const batch = new FlowBatch()
  for (let i = from; i < to; i++) {
    fillRow(batch, {
      exportProtocol: protocol,
      timeReceived: T0 + BigInt(i) * 1_000_000n,
      exporterAddress: '192.0.2.9',
      sourceAddress: '192.0.2.1',
      destinationAddress: '198.51.100.7',
      octetDeltaCount: i,
    })
  }
  return batch
}

let nowMs = Number(T0 / 1_000_000n)
const newWriter = () => {
  // Each writer begins its file at another time, as the clock would have it.
  nowMs += 1000
  const ms = nowMs
  return new ArchiveWriter({
    directory: at('flows'),
    stream: 'test',
    limits: { rotateEveryMs: 0, blockRows: 1024 },
    log: SILENT,
    nowMs: () => ms,
  })
}

function write(batch: FlowBatch): void {
  const writer = newWriter()
  writer.append(batch)
  writer.close()
}

const ship = (...words: string[]) =>
  runShip([at('flows'), '--to', server.url, '--state', at('state'), ...words])

const numbers = () =>
  [...server.documents.values()]
    .map((text) => (JSON.parse(text) as { network: { bytes: number } }).network.bytes)
    .sort((a, b) => a - b)
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

test('each row is a document of its own data set, once, wherever the file lies later', async () => {
  write(rows(1, 3000))
  await ship()
  assert.equal(numbers(), range(1, 3000))
  assert.ok([...server.documents.keys()].every((key) => key.startsWith('logs-netflow.log-default ')))
  const [file] = liveFiles([at('flows')])
  renameSync(file!.path, file!.path.replace('-0.weir', '-7.weir'))
  assert.is((await ship()).made, 0)
  await runShip([at('flows'), '--to', server.url, '--state', 'none'])
  assert.is(server.documents.size, 2999)
  assert.is(server.duplicates, 2999)
})

test('of a file that joins others only what was not sent of those is sent', async () => {
  write(rows(1, 100))
  write(rows(100, 150))
  await ship()
  write(rows(150, 180))
  const options = { into: 'day', beforeMs: nowMs + 1000, nowMs: nowMs + 864e5 * 3, log: SILENT } as const
  assert.is([...compactArchive(at('flows'), options)].length, 1)
  assert.is(liveFiles([at('flows')]).length, 1)
  const run = await ship()
  assert.is(run.made, 30)
  assert.equal(numbers(), range(1, 180))
})

test('a filter chooses rows, and the position moves past the others', async () => {
  write(rows(1, 2500))
  await ship('--filter', 'bytes > 2400')
  assert.equal(numbers(), range(2401, 2500))
  assert.is((await ship()).made, 0)
})

test('an archive that grows is followed', async () => {
  const writer = newWriter()
  writer.append(rows(1, 10))
  writer.sync()
  const end = new AbortController()
  const words = ['--follow', '--scan-interval', '10ms', '--flush-timeout', '5ms', '--ignore-older', '0']
  const run = runShip([at('flows'), '--to', server.url, '--state', at('state'), ...words], end.signal)
  await until(() => server.documents.size === 9)
  writer.append(rows(10, 20))
  writer.sync()
  await until(() => server.documents.size === 19)
  writer.append(rows(20, 30))
  writer.close()
  write(rows(30, 40))
  await until(() => server.documents.size === 39)
  end.abort()
  await run
  assert.equal(numbers(), range(1, 40))
  assert.is(server.duplicates, 0)
})

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 8000; !isSo(); await wait(5)) {
    if (Date.now() > end) throw new Error('waited too long')
  }
}

test.run()
