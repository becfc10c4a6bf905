import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type BulkServer, startBulkServer } from '../lib/elastic/testing/bulk-server.ts'
import { projectRoot } from '../lib/testing/project.ts'

// What `weir ship` makes of bad input and bad servers, as a process of its own.

const test = suite('ship-bad-input')

const node = ['--disable-warning=ExperimentalWarning', join(projectRoot, 'cmd/main.ts')]
let folder = ''
let server: BulkServer
test.before.each(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-bad-'))
  server = await startBulkServer()
})
test.after.each(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const at = (name: string) => join(folder, name)

const cache = join(tmpdir(), 'weir-ship-cache')
const environment = () => ({ HOME: folder, PATH: process.env['PATH'], NODE_COMPILE_CACHE: cache })

function start(words: readonly string[]) {
  const child = spawn(process.execPath, [...node, 'ship', ...words], {
    cwd: folder,
    env: environment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exit = once(child, 'close').then(([status]) => status as number | null)
  return { child, exit, stderr: () => stderr }
}

/** Runs to the end while the server of this process answers. */
async function run(...words: string[]) {
  const { exit, stderr } = start([...words, '--to', server.url, '--state', at('state')])
  return { status: await exit, stderr: stderr() }
}

function print(...words: string[]) {
  const all = [...node, 'ship', ...words, '--to', '-', '--documents-only']
  const { status, stdout, stderr } = spawnSync(process.execPath, all, {
    cwd: folder,
    maxBuffer: 1 << 28,
    env: environment(),
  })
  // Bodies must be UTF-8, or a server refuses all of them.
  const text = new TextDecoder('utf-8', { fatal: true }).decode(stdout)
  const documents = text.split('\n').filter((one) => one !== '')
  return { status, documents: documents.map((one) => JSON.parse(one)), stderr: String(stderr) }
}

const line = (i: number, more = '') =>
  `{"type":"SFLOW_5","time_flow_start_ns":1795165300000000000,"bytes":${i},"sampling_rate":1${more}}\n`
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => line(from + i)).join('')
const bytesOf = (document: { network?: { bytes: number } }) => document.network?.bytes ?? null
const numbers = () =>
  [...server.documents.values()].map((text) => bytesOf(JSON.parse(text))!).sort((a, b) => a - b)
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 20_000; !isSo(); await wait(10)) {
    if (Date.now() > end) throw new Error(`waited too long for ${what}`)
  }
}

test('a line of 9 MB is a document, of one beyond 10 MiB what there is says so, and the next ones are flows', () => {
  const long = (octets: number) => `,"note":"${'x'.repeat(octets)}"`
  writeFileSync(at('a.log'), line(0) + line(1, long(9e6)) + line(2) + line(3, long(11e6)) + line(4))
  const { status, documents, stderr } = print('a.log')
  assert.is(status, 3)
  assert.is(stderr, '1 lines are no flows\n')
  assert.equal(documents.map(bytesOf), [0, 1, 2, null, 4])
  assert.is(documents[1].goflow2.note.length, 9e6)
  assert.is(documents[3].event.kind, 'pipeline_error')
  assert.equal(documents[3].tags, ['sflow', 'forwarded', 'preserve_original_event'])
  assert.ok(documents[3].message.length <= 11 << 20)
})

test('octets that are no UTF-8, zeros and text of others become documents that a server takes', () => {
  const bad = Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x80])
  const pieces = [
    line(1).replace('}\n', ',"note":"'),
    bad,
    '"}\n',
    bad,
    '\n\0\0\0\n<html>\nlevel=info msg=started\n',
    line(2),
  ]
  writeFileSync(at('a.log'), Buffer.concat(pieces.map((piece) => Buffer.from(piece))))
  const { status, documents, stderr } = print('a.log')
  assert.is(status, 3)
  assert.is(stderr, '4 lines are no flows\n')
  assert.equal(documents.map(bytesOf), [1, null, null, null, null, 2])
  assert.match(documents[0].goflow2.note, /^\ufffd/)
  for (const { event, error, message } of documents.slice(1, 5)) {
    assert.is(event.kind, 'pipeline_error')
    assert.match(error.message, /^Processor 'json' failed with message '/)
    assert.is(event.original, message)
  }
})

test('clocks ahead: flows, files and positions of the future are sent, once', async () => {
  const future = line(0).replace('1795165300000000000', '4102444800000000000')
  writeFileSync(at('a.log'), future + lines(1, 10))
  const ahead = Date.now() / 1000 + 864e3
  utimesSync(at('a.log'), ahead, ahead)
  assert.is((await run('a.log')).status, 0)
  const times = [...server.documents.values()].map((text) => JSON.parse(text)['@timestamp'])
  assert.ok(times.includes('2100-01-01T00:00:00.000Z'))
  const path = at('state/ship/positions.json')
  const stored = JSON.parse(readFileSync(path, 'utf8'))
  for (const position of stored.positions) position.updatedMs = Date.now() + 864e7
  writeFileSync(path, JSON.stringify(stored))
  assert.match((await run('a.log')).stderr, '0 documents sent')
  writeFileSync(at('a.log'), future + lines(1, 12))
  assert.is((await run('a.log')).status, 0)
  assert.equal(numbers(), upTo(12))
  assert.is(server.duplicates, 0)
})

test('one index without the right to write ends the run with a line that says which, and the position stays', async () => {
  writeFileSync(at('a.log'), lines(0, 5) + line(5).replace('SFLOW_5', 'NETFLOW_V9'))
  const reason =
    'action [indices:data/write/bulk[s]] is unauthorized for user [w] on indices [logs-netflow.log-default]'
  server.refuses = (text) =>
    text.includes('netflow_flow') ? { status: 403, error: { type: 'security_exception', reason } } : null
  const { status, stderr } = await run('a.log')
  assert.is(status, 1)
  assert.match(stderr, reason)
  assert.is(stderr.trim().split('\n').length, 1)
  server.refuses = () => null
  const again = await run('a.log')
  assert.match(again.stderr, '6 documents sent, 5 of them there before')
  assert.equal(numbers(), upTo(6))
})

test('a host that is not there is asked again and again; a run that is ended before it answers has failed', async () => {
  writeFileSync(at('a.log'), lines(0, 5))
  const { port } = new URL(server.url)
  await server.close()
  const words = ['a.log', '--to', `http://127.0.0.1:${port}`, '--state', at('state')]
  const { child, exit, stderr } = start([...words, '--backoff-init', '20ms', '--backoff-max', '20ms'])
  await until(() => stderr().includes('trying again'), 'a failure')
  assert.match(stderr(), 'why="nobody listens there: connection refused"')
  child.kill('SIGTERM')
  assert.is(await exit, 1)
  assert.match(stderr(), 'the next run sends the rest')
  server = await startBulkServer(Number(port))
  assert.is((await run('a.log')).status, 0)
  assert.equal(numbers(), upTo(5))
})

test('a page of a proxy is no answer: nothing counts as sent', async () => {
  writeFileSync(at('a.log'), lines(0, 5))
  const page = createServer((request, response) => {
    request
      .resume()
      .on('end', () => response.setHeader('content-type', 'text/html').end('<html>Sign in</html>'))
  })
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve))
  const { port } = page.address() as AddressInfo
  const { child, exit, stderr } = start(['a.log', '--to', `http://127.0.0.1:${port}`, '--state', at('state')])
  await until(() => stderr().includes('trying again'), 'a failure')
  child.kill('SIGTERM')
  assert.is(await exit, 1)
  assert.match(stderr(), 'its answer is no bulk reply')
  page.closeAllConnections()
  page.close()
  assert.is((await run('a.log')).status, 0)
  assert.equal(numbers(), upTo(5))
})

test('positions that cannot be saved end the run with one line; what was sent is known to be there', async () => {
  writeFileSync(at('a.log'), lines(0, 5))
  // Where the new file should be written there is no place for one, as on a disk that is full.
  mkdirSync(at('state/ship/positions.json.new'), { recursive: true })
  const { status, stderr } = await run('a.log')
  assert.is(status, 1)
  assert.match(stderr, /weir: cannot save positions: .*positions\.json: it is a directory/)
  rmSync(at('state/ship/positions.json.new'), { recursive: true })
  assert.match((await run('a.log')).stderr, '5 documents sent, 5 of them there before')
  assert.equal(numbers(), upTo(5))
})

test('dead letters that cannot be written end the run, and their documents are not taken as done', async () => {
  writeFileSync(at('a.log'), lines(0, 5))
  server.refuses = (text) => (text.includes('"bytes":3,') ? { status: 400, error: { type: 'odd' } } : null)
  const { status, stderr } = await run('a.log', '--dead-letter', '/dev/full')
  assert.is(status, 1)
  assert.match(stderr, 'cannot write dead letters: /dev/full: no space is left on the device')
  const again = await run('a.log', '--dead-letter', at('letters'))
  assert.is(again.status, 3)
  assert.match(readFileSync(at('letters'), 'utf8'), '"error.type":400')
})

test.run()
