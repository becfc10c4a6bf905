import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openArchive } from '../lib/archive/archive-reader.ts'
import { liveFiles } from '../lib/archive/live-files.ts'
import { parseNetwork } from '../lib/bytes/address.ts'
import { SILENT } from '../lib/diagnostics/log.ts'
import { FlowBatch } from '../lib/flow/batch.ts'
import { F } from '../lib/flow/fields.ts'
import { netflow5Datagram } from '../lib/testing/datagrams.ts'
import { projectRoot } from '../lib/testing/project.ts'
import { CollectArchive } from './collect-archive.ts'

const main = join(projectRoot, 'cmd/main.ts')
const running = new Set<ChildProcess>()
let folder = ''
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-collect-archive-'))
})
test.after.each(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
  rmSync(folder, { recursive: true })
})

/** Rows by stream. */
function streams(directory: string): Record<string, number> {
  const rows: Record<string, number> = {}
  for (const { stream, path } of liveFiles([directory])) {
    const reader = openArchive(path)
    rows[stream] = (rows[stream] ?? 0) + reader.rows('flow')
    reader.close()
  }
  return rows
}

test('rows that come after the mapping has changed say how they are printed from then on', () => {
  const options = { directory: folder, stream: 'flows', groups: [], limits: {}, lineShape: 'before' }
  const archive = new CollectArchive(options, (name) => name, SILENT)
  const batch = new FlowBatch()
  batch.fixed(F.octetDeltaCount).present.fill(1, 0, 10)
  batch.rowCount = 10
  archive.append(batch)
  archive.setLineShape('after')
  archive.append(batch)
  archive.close()
  const [file] = liveFiles([folder])
  const reader = openArchive(file!.path)
  assert.equal([reader.lineShape(0), reader.lineShape(1)], ['before', 'after'])
  reader.close()
})

test('records of a group of exporters go to files of its name', () => {
  const network = (text: string) => parseNetwork(text)!
  const archive = new CollectArchive(
    {
      directory: folder,
      stream: 'flows',
      groups: [
        { name: 'core', network: network('10.1.0.0/16') },
        { name: 'edge', network: network('10.0.0.0/8') },
        { name: 'edge', network: network('192.0.2.0/24') },
      ],
      limits: {},
    },
    (name) => name,
    SILENT,
  )
  const batch = new FlowBatch()
  for (let round = 0; round < 3; round++) {
    batch.reset()
    const exporter = batch.fixed(F.exporterAddress)
    const octets = batch.fixed(F.octetDeltaCount)
    // Runs of ten rows by exporter.
    const addresses = [0x0a010001, 0x0a020001, 0xc0000201, 0xcb007101, 0x0a010002]
    for (let row = 0; row < 4000; row++) {
      exporter.words[row * 4 + 2] = 0xffff
      exporter.words[row * 4 + 3] = addresses[Math.floor(row / 10) % 5]!
      exporter.present[row] = 1
      octets.words[row * 2] = row
      octets.present[row] = 1
    }
    batch.rowCount = 4000
    archive.append(batch)
  }
  archive.close()
  assert.equal(streams(folder), { core: 4800, edge: 4800, flows: 2400 })
  assert.is(archive.hasLost, false)
})

test('live flows are archived by a thread of their own, told on the metrics page, and kept at the end', async () => {
  const words = ['collect', '--listen', 'netflow://127.0.0.1:0', '--state', 'none', '--addr', '127.0.0.1:0']
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', main, ...words, '--archive', 'flows', '--sync-every', '200ms'],
    { cwd: folder, env: { HOME: folder }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  running.add(child)
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exit = once(child, 'close')
  const said = async (pattern: RegExp): Promise<number> => {
    for (let i = 0; i < 1000 && !pattern.test(stderr); i++) await wait(10)
    return Number(pattern.exec(stderr)![1])
  }
  const port = await said(/msg=receiving .*at="?127\.0\.0\.1:(\d+)/)
  const http = await said(/msg="serving HTTP" .*port=(\d+)/)
  const socket = createSocket('udp4')
  for (let i = 0; i < 50; i++) {
    const datagram = netflow5Datagram(Array(30).fill({}))
    await new Promise((resolve) => socket.send(datagram, port, '127.0.0.1', resolve))
  }
  const metric = async (name: string) => {
    const page = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text()
    return Number(new RegExp(`^weir_archive_${name}_total\\{stream="flows"\\} (\\d+)`, 'm').exec(page)?.[1])
  }
  for (let i = 0; i < 500 && (await metric('acknowledged_rows')) !== 1500; i++) await wait(20)
  assert.is(await metric('acknowledged_rows'), 1500)
  assert.is(await metric('dropped_rows'), 0)
  assert.ok((await metric('octets')) > 0)
  // What is acknowledged is there for readers before the file is finished.
  assert.equal(streams(join(folder, 'flows')), { flows: 1500 })
  await new Promise((resolve) => socket.send(netflow5Datagram(Array(7).fill({})), port, '127.0.0.1', resolve))
  socket.close()
  await wait(50)
  child.kill('SIGTERM')
  assert.equal(await exit, [0, null], stderr)
  assert.is(stdout, '')
  assert.equal(streams(join(folder, 'flows')), { flows: 1507 })
  const names = readdirSync(join(folder, 'flows'), { recursive: true }).map(String)
  assert.equal(
    names.filter((name) => name.endsWith('.part') || name.endsWith('.lock')),
    [],
  )
})

test('an archive that another writer holds is refused at the start', async () => {
  const held = new CollectArchive(
    { directory: folder, stream: 'flows', groups: [], limits: {} },
    (name) => name,
    SILENT,
  )
  try {
    const words = ['collect', '--listen', 'netflow://127.0.0.1:0', '--state', 'none', '--addr', '']
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', main, ...words, '--archive', folder],
      { cwd: folder, env: { HOME: folder }, stdio: ['ignore', 'ignore', 'pipe'] },
    )
    running.add(child)
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    assert.equal(await once(child, 'close'), [1, null])
    assert.match(stderr, new RegExp(`^weir: archive is being written: .* by process ${process.pid} on `, 'm'))
  } finally {
    held.close()
  }
})

test('lines and an archive can be had at once', async () => {
  const demo = join(projectRoot, 'testdata/demo/office.pcap')
  const child = spawn(
    process.execPath,
    [
      ...['--disable-warning=ExperimentalWarning', main, 'collect', '--read', demo],
      ...['--archive', 'flows', '--output', 'lines', '--archive-stream', 'both'],
    ],
    { cwd: folder, env: { HOME: folder }, stdio: 'ignore' },
  )
  running.add(child)
  assert.equal(await once(child, 'close'), [0, null])
  assert.is(readFileSync(join(folder, 'lines'), 'utf8').split('\n').length, 875)
  assert.equal(streams(join(folder, 'flows')), { both: 874 })
})

test.run()
