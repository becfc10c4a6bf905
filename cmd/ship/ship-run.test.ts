import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type BulkServer, startBulkServer } from '../../lib/elastic/testing/bulk-server.ts'
import { runShip } from './testing/run-ship.ts'

const test = suite('ship-run')

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
const line = (i: number) =>
  `{"type":"SFLOW_5","time_flow_start_ns":${1795165300000000000n + BigInt(i)},"bytes":${i},"sampling_rate":1,"src_addr":"192.0.2.1","dst_addr":"198.51.100.7","etype":"IPv4","proto":"UDP","sampler_address":"192.0.2.9"}\n`
const netflowLine = (i: number) => line(i).replace('SFLOW_5', 'NETFLOW_V9')
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => line(from + i)).join('')

const ship = (...words: string[]) => runShip([...words, '--to', server.url, '--state', at('state')])

/** The numbers of the lines that the server has, in order. */
const numbers = () =>
  [...server.documents.values()]
    .map((text) => (JSON.parse(text) as { network: { bytes: number } }).network.bytes)
    .sort((a, b) => a - b)

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

test('each line is a document in its data stream, and a second run sends only what is new', async () => {
  writeFileSync(at('a.log'), lines(0, 2000) + netflowLine(2000))
  const first = await ship(at('a.log'))
  assert.is(first.sender.counts?.acknowledged, 2001)
  const streams = [...server.documents.keys()].map((key) => key.split(' ')[0])
  assert.is(streams.filter((name) => name === 'logs-goflow2.sflow-default').length, 2000)
  assert.is(streams.filter((name) => name === 'logs-netflow.log-default').length, 1)
  assert.match(server.last.url, '/_bulk?filter_path=errors,items.*.error')
  assert.match(server.last.body, '"pipeline":"_none"')
  appendFileSync(at('a.log'), lines(2001, 2003))
  renameSync(at('a.log'), at('a.log.1'))
  const second = await ship(at('a.log.1'))
  assert.is(second.sender.counts?.acknowledged, 2)
  assert.equal(numbers(), upTo(2003))
})

test('without a state everything is sent again, and is there already', async () => {
  writeFileSync(at('a.log'), lines(0, 100) + netflowLine(100))
  await ship(at('a.log'))
  writeFileSync(at('b.log.gz'), gzipSync(readFileSync(at('a.log'))))
  const run = await runShip([at('b.log.gz'), '--to', server.url, '--state', 'none'])
  assert.is(run.sender.counts?.duplicates, 101)
  assert.is(server.documents.size, 101)
})

test('what the server forgets to say, refuses for a while or is too busy for is sent until it has it', async () => {
  writeFileSync(at('a.log'), lines(0, 500))
  server.mood = (request) =>
    request === 0 ? 413 : ([503, 'swallow', 'reset', 429, null][request % 5] as 503)
  const fast = ['--backoff-init', '1ms', '--backoff-max', '5ms', '--bulk-max-size', '60', '--workers', '3']
  const run = await ship(at('a.log'), ...fast)
  assert.is(run.sender.counts?.acknowledged, 500)
  assert.equal(numbers(), upTo(500))
})

test('a document that is refused for good is a dead letter with the reason, and its source goes on', async () => {
  writeFileSync(at('a.log'), lines(0, 10))
  server.refuses = (text) => (text.includes('"bytes":3,') ? { status: 400, error: { type: 'odd' } } : null)
  const run = await ship(at('a.log'))
  assert.is(run.sender.counts?.rejected, 1)
  const letter = JSON.parse(readFileSync(at('state/ship/dead-letters.ndjson'), 'utf8'))
  assert.is(letter['error.type'], 400)
  assert.is(letter['error.message'], '{"type":"odd"}')
  assert.is(letter.source, at('a.log'))
  assert.is(JSON.parse(letter.message).network.bytes, 3)
  assert.is((await ship(at('a.log'))).sender.counts, null)
})

test('dead letters take no more room than they may: the last ones are kept, the others counted', async () => {
  writeFileSync(at('a.log'), lines(0, 100))
  server.refuses = () => ({ status: 400, error: { type: 'odd' } })
  const run = await ship(at('a.log'), '--dead-letter-size', '20000')
  const letters = ['.1', ''].flatMap((end) =>
    readFileSync(`${at('state/ship/dead-letters.ndjson')}${end}`, 'utf8')
      .trim()
      .split('\n'),
  )
  const kept = letters.map((text) => JSON.parse(JSON.parse(text).message).network.bytes)
  assert.ok(letters.join('\n').length < 20_000, String(letters.length))
  assert.is(kept.length + run.removedDeadLetters, 100)
  assert.ok(kept.length > 5, String(kept.length))
  assert.equal(kept, upTo(100).slice(-kept.length))
})

test('wrong credentials end the run with one line that holds none, and the position stays', async () => {
  writeFileSync(at('a.log'), lines(0, 10))
  server.mood = () => 401
  const url = server.url.replace('//', '//weir:s3cret@')
  const refused = runShip([at('a.log'), '--to', url, '--state', at('state')])
  const error = await refused.then(
    () => new Error('it went on'),
    (reason: Error) => reason,
  )
  assert.match(error.message, 'refuses the credentials (401: as told)')
  assert.not.match(error.message, 's3cret')
  assert.is(server.authorizations[0], `Basic ${Buffer.from('weir:s3cret').toString('base64')}`)
  server.mood = () => null
  assert.is((await ship(at('a.log'))).sender.counts?.acknowledged, 10)
})

test('a log that grows and is rotated is followed, each line once', async () => {
  writeFileSync(at('a.log'), lines(0, 5))
  const end = new AbortController()
  const words = [at('*.log*'), '--to', server.url, '--state', at('state')]
  const fast = ['--follow', '--scan-interval', '10ms', '--flush-timeout', '5ms']
  const run = runShip([...words, ...fast], end.signal)
  await until(() => server.documents.size === 5)
  appendFileSync(at('a.log'), lines(5, 8))
  renameSync(at('a.log'), at('a.log.1'))
  appendFileSync(at('a.log.1'), lines(8, 9))
  writeFileSync(at('a.log'), lines(9, 12))
  await until(() => server.documents.size === 12)
  end.abort()
  await run
  assert.equal(numbers(), upTo(12))
  assert.is(server.duplicates, 0)
})

test('lines that are no flows are documents that say so', async () => {
  writeFileSync(at('a.log'), `nonsense\n${lines(0, 1)}{"type":"IPFIX","bytes":\n`)
  const run = await ship(at('a.log'))
  assert.is(run.troubles.bad, 2)
  const kinds = [...server.documents.values()].map((text) => JSON.parse(text).event.kind)
  assert.equal(kinds.sort(), ['event', 'pipeline_error', 'pipeline_error'])
})

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 8000; !isSo(); await wait(5)) {
    if (Date.now() > end) throw new Error('waited too long')
  }
}

test.run()
