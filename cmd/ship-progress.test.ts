import { spawnSync } from 'node:child_process'
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readFileFacts } from '../lib/archive/file-facts.ts'
import { startBulkServer } from '../lib/elastic/testing/bulk-server.ts'
import { projectRoot } from '../lib/testing/project.ts'
import { runShip } from './ship/testing/run-ship.ts'

const test = suite('ship-progress')

function weir(...words: string[]) {
  const main = join(projectRoot, 'cmd/main.ts')
  const all = ['--disable-warning=ExperimentalWarning', main, ...words]
  return spawnSync(process.execPath, all, { encoding: 'utf8' })
}

const lines = Array.from(
  { length: 500 },
  (_, i) => `{"type":"SFLOW_5","time_flow_start_ns":1795165300000000000,"bytes":${i},"sampling_rate":1}\n`,
).join('')

test('octets are those of files, compressed or not, and what was sent before counts as passed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-progress-'))
  const server = await startBulkServer()
  try {
    const capture = join(projectRoot, 'testdata/demo/office.pcap')
    const [plain, packed] = [join(folder, 'a.log'), join(folder, 'b.log.gz')]
    writeFileSync(plain, lines)
    writeFileSync(packed, gzipSync(lines.replaceAll('SFLOW', 'sFlow')))
    const words = [plain, packed, capture, '--to', server.url, '--state', join(folder, 'state')]
    const octets = [plain, packed, capture].map((path) => readFileSync(path).length)
    const first = await runShip(words)
    assert.equal([first.octets, first.passedOctets], [octets[0]! + octets[1]! + octets[2]!, 0])
    const second = await runShip(words)
    assert.equal([second.octets, second.passedOctets], [octets[2], octets[0]! + octets[1]!])
  } finally {
    await server.close()
    rmSync(folder, { recursive: true })
  }
})

test('status says how far logs and archive files are, and what is left of each', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-status-'))
  const server = await startBulkServer()
  try {
    const archive = join(folder, 'flows.weir')
    copyFileSync(join(projectRoot, 'testdata/archive/v1/flows.weir'), archive)
    const log = join(folder, 'a.log')
    writeFileSync(log, lines)
    const state = ['--state', join(folder, 'state')]
    await runShip([log, '--to', server.url, ...state])
    appendFileSync(log, 'one more\n')
    // The second request is refused: the archive is sent in part.
    server.mood = (request) => (request > 1 ? 401 : null)
    await runShip([archive, '--to', server.url, ...state, '--bulk-max-size', '10']).catch(() => {})
    const status = weir('ship', 'status', ...state, '--format', 'json')
    type Source = { kind: string; sent: number; lag: number; position: number; done: boolean }
    const sources = JSON.parse(status.stdout) as Source[]
    const told = new Map(sources.map((source) => [source.kind, source]))
    assert.equal([told.get('log')?.sent, told.get('log')?.lag], [500, 9])
    const { sent, lag, position, done } = told.get('archive')!
    assert.is(done, false)
    assert.ok(sent > 0 && lag > 0, `${sent} sent, ${lag} left`)
    const { rows, otherRows } = readFileFacts(archive, 0)
    assert.is(position + lag, rows + otherRows)
    assert.match(weir('ship', 'status', ...state).stdout, `${position} rows`)
  } finally {
    await server.close()
    rmSync(folder, { recursive: true })
  }
})

test('a folder without state has no status, and says so in one line', () => {
  const { status, stderr } = weir('ship', 'status', '--state', '/nowhere')
  assert.is(status, 1)
  assert.is(stderr, 'weir: cannot read /nowhere: there is no such folder\n')
})

test.run()
