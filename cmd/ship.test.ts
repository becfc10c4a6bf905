import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { liveFiles } from '../lib/archive/live-files.ts'
import { type BulkServer, startBulkServer } from '../lib/elastic/testing/bulk-server.ts'
import { projectRoot } from '../lib/testing/project.ts'
import { makeWorkload, newRandom } from '../lib/testing/workload.ts'
import { parseFlags } from './parse-flags.ts'
import { shipOptions } from './ship-flags.ts'
import { SHIP } from './ship-table.ts'

// `weir ship` as a process of its own.

const node = ['--disable-warning=ExperimentalWarning', join(projectRoot, 'cmd/main.ts')]
const demo = join(projectRoot, 'testdata/demo/office.pcap')
const running = new Set<ChildProcess>()
let folder = ''
let server: BulkServer
test.before.each(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-ship-'))
  server = await startBulkServer()
})
test.after.each(async () => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
  await server.close()
  rmSync(folder, { recursive: true })
})

const at = (name: string) => join(folder, name)
const cache = join(tmpdir(), 'weir-ship-cache')
const environment = (more: Record<string, string> = {}) => ({
  HOME: folder,
  PATH: process.env['PATH'],
  NODE_COMPILE_CACHE: cache,
  ...more,
})

function start(words: readonly string[], more: Record<string, string> = {}) {
  const child = spawn(process.execPath, [...node, ...words], {
    cwd: folder,
    env: environment(more),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exit = once(child, 'close').then(([status]) => status as number | null)
  return { child, exit, stdout: () => stdout, stderr: () => stderr }
}

/** Runs to the end while the server of this process answers. */
async function run(words: readonly string[], more: Record<string, string> = {}) {
  const { exit, stdout, stderr } = start(words, more)
  return { status: await exit, stdout: stdout(), stderr: stderr() }
}

const line = (i: number) =>
  `{"type":"SFLOW_5","time_flow_start_ns":1795165300000000000,"bytes":${i},"sampling_rate":1,"src_addr":"192.0.2.1"}\n`
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => line(from + i)).join('')
const numbers = () =>
  [...server.documents.values()]
    .map((text) => (JSON.parse(text) as { network: { bytes: number } }).network.bytes)
    .sort((a, b) => a - b)

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 20_000; !isSo(); await wait(10)) {
    if (Date.now() > end) throw new Error(`waited too long for ${what}`)
  }
}

test('bodies and documents are printed, from files and from a pipe, and nothing else', () => {
  writeFileSync(at('a.log'), `${lines(0, 3)}no flow\n`)
  const ship = (words: readonly string[], input = '') =>
    spawnSync(process.execPath, [...node, 'ship', ...words], {
      cwd: folder,
      env: environment(),
      input,
      encoding: 'utf8',
    })
  const bodies = ship(['a.log', '--to', '-'])
  assert.is(bodies.status, 3)
  assert.is(bodies.stderr, '1 lines are no flows\n')
  const printed = bodies.stdout.split('\n')
  assert.is(printed.length, 9)
  const { create } = JSON.parse(printed[0]!)
  assert.is(create._index, 'logs-goflow2.sflow-default')
  assert.match(create._id, /^[\w-]{22}$/)
  const documents = ship(['-', '--to', '-', '--documents-only'], lines(0, 3))
  assert.is(documents.status, 0)
  assert.is(documents.stdout, `${[1, 3, 5].map((i) => printed[i]).join('\n')}\n`)
  assert.is(ship(['missing.log', '--to', '-']).status, 1)
  assert.is(ship(['missing.log', 'a.log', '--to', '-']).status, 3)
  assert.is(ship(['a.log']).status, 2)
})

test('killed at any time while a log is written and rotated, each line is there once', async () => {
  const random = newRandom(5)
  const words = ['ship', at('a.log*'), '--to', server.url, '--follow', '--state', at('state')]
  words.push(
    '--scan-interval',
    '50ms',
    '--flush-timeout',
    '10ms',
    '--bulk-max-size',
    '40',
    '--ignore-older',
    '0',
  )
  let written = 0
  let rotation = 0
  const writing = setInterval(() => {
    appendFileSync(at('a.log'), lines(written, written + 7))
    written += 7
    if (random(20) === 0) renameSync(at('a.log'), at(`a.log.${++rotation}`))
  }, 3)
  for (let kill = 0; kill < 2; kill++) {
    const before = server.documents.size
    const { child, exit } = start(words)
    await until(() => server.documents.size > before, 'documents')
    await wait(random(150))
    child.kill('SIGKILL')
    await exit
  }
  clearInterval(writing)
  const { child, exit } = start(words)
  await until(() => server.documents.size >= written, 'the rest')
  child.kill('SIGTERM')
  assert.is(await exit, 0)
  assert.equal(
    numbers(),
    Array.from({ length: written }, (_, i) => i),
  )
  const status = await run(['ship', 'status', '--state', at('state'), '--format', 'json'])
  const sources = JSON.parse(status.stdout) as { sent: number; lag: number }[]
  assert.is(
    sources.reduce((sum, { lag }) => sum + lag, 0),
    0,
  )
})

test('two that ship with one state do not fight: the second says who has it', async () => {
  writeFileSync(at('a.log'), lines(0, 3))
  const words = ['ship', at('a.log'), '--to', server.url, '--state', at('state'), '--ignore-older', '0']
  const first = start([...words, '--follow'])
  await until(() => server.documents.size === 3, 'documents')
  const second = await run(words)
  assert.is(second.status, 1)
  assert.match(second.stderr, `another weir ships with this state (process ${first.child.pid} on `)
  first.child.kill('SIGTERM')
  assert.is(await first.exit, 0)
})

test('secrets are sent and never said', async () => {
  writeFileSync(at('a.log'), lines(0, 3))
  writeFileSync(at('key'), 'k3y:s3cret\n')
  const ship = (...words: string[]) => ['ship', at('a.log'), '--state', 'none', ...words]
  const password = { WEIR_USERNAME: 'someone', WEIR_PASSWORD: 's3cret' }
  const url = server.url.replace('//', '//someone:s3cret@')
  const runs = [
    await run(ship('--to', server.url, '--api-key-file', at('key'), '--log-level', 'debug')),
    await run(ship('--to', server.url), password),
  ]
  const basic = `Basic ${Buffer.from('someone:s3cret').toString('base64')}`
  assert.equal(server.authorizations, [`ApiKey ${Buffer.from('k3y:s3cret').toString('base64')}`, basic])
  server.mood = () => 403
  runs.push(await run(ship('--to', url)), await run(ship('--to', server.url), password))
  const wrong = [
    ['--to', 'http://someone:s3cret@no host'],
    ['--to', url, '--api-key-file', at('key')],
    ['--to', server.url, '--headers', 's3cret'],
    ['--to', server.url, '--proxy', 'ftp://someone:s3cret@proxy'],
  ]
  for (const words of wrong) {
    const { given } = parseFlags(SHIP, words)
    assert.throws(
      () => shipOptions(given, {}),
      (error: Error) => !error.message.includes('s3cret'),
    )
  }
  writeFileSync(at('weir.yaml'), `ship:\n  to: ${url}\n  headers: x=s3cret\n`)
  runs.push(await run(['config', 'show', '--config', at('weir.yaml')], password))
  for (const { stdout, stderr } of runs) assert.not.match(stdout + stderr, 's3cret')
  assert.equal(
    runs.map(({ status }) => status),
    [0, 0, 1, 1, 0],
  )
})

test('what a collector receives while no server answers waits on disk, and is sent by the next', async () => {
  const port = Number(new URL(server.url).port)
  await server.close()
  const words = ['--ship', `http://127.0.0.1:${port}`, '--backoff-init', '10ms', '--backoff-max', '50ms']
  const listen = ['collect', '--listen', 'netflow://127.0.0.1:0', '--addr', '', '--state', at('state')]
  const first = start([...listen, ...words])
  await until(() => /at=127.0.0.1:\d+/.test(first.stderr()), 'the collector')
  await sendFlows(Number(/at=127.0.0.1:(\d+)/.exec(first.stderr())![1]))
  first.child.kill('SIGTERM')
  assert.is(await first.exit, 0, first.stderr())
  server = await startBulkServer(port)
  const second = start([...listen, ...words])
  await until(() => server.documents.size === 10 * 30, 'what waited')
  await sendFlows(Number(/at=127.0.0.1:(\d+)/.exec(second.stderr())![1]))
  second.child.kill('SIGTERM')
  assert.is(await second.exit, 0, second.stderr())
  assert.is(server.documents.size, 20 * 30, second.stderr())
  assert.is(server.duplicates, 0)
  assert.equal(liveFiles([at('state/ship/spool')]), [])
})

/** Ten datagrams of thirty flows. */
async function sendFlows(port: number): Promise<void> {
  const socket = createSocket('udp4')
  for (const octets of makeWorkload('v5', 10).datagrams) {
    await new Promise((resolve) => socket.send(octets, port, '127.0.0.1', resolve))
  }
  socket.close()
}

test('what captures hold is sent before the command ends', async () => {
  const { status, stderr } = await run(['collect', '--read', demo, '--ship', server.url])
  assert.is(status, 0, stderr)
  assert.is(server.documents.size, 876)
})

test.run()
