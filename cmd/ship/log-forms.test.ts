import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type BulkServer, startBulkServer } from '../../lib/elastic/testing/bulk-server.ts'
import { FlowBatch } from '../../lib/flow/batch.ts'
import { PROTOCOL } from '../../lib/flow/fields.ts'
import { newLineSink } from '../../lib/goflow2/line-sink.ts'
import { fillRow } from '../../lib/testing/fill-row.ts'
import { projectRoot } from '../../lib/testing/project.ts'
import { runShip } from './testing/run-ship.ts'

const test = suite('log-forms')

let folder = ''
let server: BulkServer
test.before.each(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-forms-'))
  server = await startBulkServer()
})
test.after.each(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const T0 = 1_795_165_300_000_000_000n
const LINE_FEED = Uint8Array.of(0x0a)
const at = (name: string) => join(folder, name)
const ship = (...words: string[]) => runShip([...words, '--to', server.url, '--state', at('state')])

/** Flows `from` to `to`, sFlow and IPFIX in turn, as goflow2 logs them. */
function logOf(
  format: 'json' | 'text' | 'bin',
  from: number,
  to: number,
  separator: Uint8Array = LINE_FEED,
): Buffer {
  const batch = new FlowBatch()
  for (let i = from; i < to; i++) {
    fillRow(batch, {
      exportProtocol: i % 2 === 0 ? PROTOCOL.sflow5 : PROTOCOL.ipfix,
      timeReceived: T0 + BigInt(i) * 1_000_000n,
      exporterAddress: '192.0.2.9',
      sourceAddress: '192.0.2.1',
      destinationAddress: '198.51.100.7',
      protocolIdentifier: 17,
      samplingRate: 1,
      octetDeltaCount: i,
    })
  }
  const pieces: Buffer[] = []
  const sink = newLineSink({
    format,
    compat: '2.2',
    mapping: null,
    separator,
    write: (octets, begin, end) => pieces.push(Buffer.from(octets.subarray(begin, end))),
  })
  sink.write(batch)
  return Buffer.concat(pieces)
}

const documents = () => [...server.documents.values()].map((text) => JSON.parse(text))
const numbers = () =>
  documents()
    .map(({ network }) => network.bytes)
    .sort((a, b) => a - b)
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

for (const format of ['text', 'bin'] as const) {
  test(`a log in format ${format} is sent, each flow to its data stream, whatever compressed it`, async () => {
    const log = logOf(format, 1, 1001)
    writeFileSync(at('a.log'), log)
    const run = await ship(at('a.log'))
    assert.is(run.troubles.bad, 0)
    assert.equal(numbers(), range(1, 1001))
    const streams = [...server.documents.keys()].map((key) => key.split(' ')[0])
    assert.is(streams.filter((name) => name === 'logs-goflow2.sflow-default').length, 500)
    assert.is(streams.filter((name) => name === 'logs-netflow.log-default').length, 500)
    const [sflow] = documents().filter(({ event }) => event.action === 'SFLOW_5')
    assert.equal(
      [sflow.source.ip, sflow.network.transport, sflow.observer.ip],
      ['192.0.2.1', 'udp', ['192.0.2.9']],
    )
    // The same records have the same ids, and the same log is known again.
    writeFileSync(at('b.gz'), gzipSync(log))
    writeFileSync(at('c.zst'), zstdCompressSync(log))
    assert.is((await ship(at('b.gz'))).made, 0)
    for (const name of ['b.gz', 'c.zst']) {
      const again = await runShip([at(name), '--to', server.url, '--state', 'none'])
      assert.is(again.sender.counts?.duplicates, 1000)
    }
    assert.is(server.documents.size, 1000)
  })

  test(`a log in format ${format} is followed while it grows and is rotated`, async () => {
    const log = logOf(format, 1, 301)
    const half = (log.length >> 1) + 3
    writeFileSync(at('a.log'), log.subarray(0, half))
    const end = new AbortController()
    const fast = ['--follow', '--scan-interval', '10ms', '--flush-timeout', '5ms', '--state', at('state')]
    const run = runShip([at('a.log*'), '--to', server.url, ...fast], end.signal)
    await until(() => server.documents.size > 100)
    appendFileSync(at('a.log'), log.subarray(half))
    renameSync(at('a.log'), at('a.log.1'))
    writeFileSync(at('a.log'), logOf(format, 301, 401))
    await until(() => server.documents.size === 400)
    end.abort()
    await run
    assert.equal(numbers(), range(1, 401))
    assert.is(server.duplicates, 0)
  })

  test(`a filter takes its flows of a log in format ${format}`, async () => {
    writeFileSync(at('a.log'), logOf(format, 1, 101))
    await ship(at('a.log'), '--filter', 'bytes > 90')
    assert.equal(numbers(), range(91, 101))
  })
}

test('messages without a separator, a damaged place and a cut end: what is whole is sent, the rest counted', async () => {
  const log = logOf('bin', 1, 201, new Uint8Array(0))
  const middle = log.indexOf(logOf('bin', 100, 101, new Uint8Array(0)))
  const damaged = Buffer.concat([log.subarray(0, middle), Buffer.from('no message'), log.subarray(middle)])
  writeFileSync(at('a.log'), damaged.subarray(0, damaged.length - 5))
  const run = await ship(at('a.log'))
  assert.equal(numbers(), range(1, 200))
  assert.ok(run.troubles.bad >= 2, String(run.troubles.bad))
})

test('lines of text that are no flows are documents that say so', async () => {
  writeFileSync(at('a.log'), Buffer.concat([logOf('text', 1, 3), Buffer.from('level=info msg=started\n')]))
  const run = await ship(at('a.log'))
  assert.is(run.troubles.bad, 1)
  const [failed] = documents().filter(({ event }) => event.kind === 'pipeline_error')
  assert.is(failed.message, 'level=info msg=started')
})

test('a compressed capture is sent as one that is not', async () => {
  const capture = readFileSync(join(projectRoot, 'testdata/demo/office.pcap'))
  writeFileSync(at('a.pcap.gz'), gzipSync(capture))
  const run = await ship(at('a.pcap.gz'))
  assert.equal([run.files, run.made], [1, 876])
  const words = ['--state', at('other'), '--filter', 'bytes > 5000']
  const some = await runShip([at('a.pcap.gz'), '--to', server.url, ...words])
  assert.ok(some.made > 0 && some.made < 300, String(some.made))
  assert.ok(
    documents()
      .slice(-some.made)
      .every(({ network }) => network.bytes > 5000),
  )
})

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 8000; !isSo(); await wait(5)) {
    if (Date.now() > end) throw new Error('waited too long')
  }
}

test.run()
