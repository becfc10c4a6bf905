import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startBulkServer } from '../lib/elastic/testing/bulk-server.ts'
import { projectRoot } from '../lib/testing/project.ts'
import { runShip } from './ship/testing/run-ship.ts'

const test = suite('ship-progress')

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

test('a folder without state has no status, and says so in one line', () => {
  const main = join(projectRoot, 'cmd/main.ts')
  const status = (...words: string[]) =>
    spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'ship', 'status', ...words], {
      encoding: 'utf8',
    })
  const { status: code, stderr } = status('--state', '/nowhere')
  assert.is(code, 1)
  assert.is(stderr, 'weir: cannot read /nowhere: there is no such folder\n')
})

test.run()
