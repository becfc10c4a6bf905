import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startBulkServer } from '../lib/elastic/testing/bulk-server.ts'
import { projectRoot } from '../lib/testing/project.ts'

const test = suite('ship-metrics')

const lines = (from: number, to: number) =>
  Array.from(
    { length: to - from },
    (_, i) =>
      `{"type":"SFLOW_5","time_flow_start_ns":1795165300000000000,"bytes":${from + i},"sampling_rate":1}\n`,
  ).join('')

test('while it follows, Prometheus is told what was sent, refused and is left', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-ship-metrics-'))
  const server = await startBulkServer()
  server.refuses = (text) => (text.includes('"bytes":3,') ? { status: 400, error: { type: 'odd' } } : null)
  const log = join(folder, 'a.log')
  writeFileSync(log, `${lines(0, 10)}no flow\n`)
  const fast = ['--flush-timeout', '10ms', '--scan-interval', '50ms', '--ignore-older', '0']
  const words = [
    'ship',
    log,
    '--to',
    server.url,
    '--follow',
    '--state',
    folder,
    '--addr',
    '127.0.0.1:0',
    ...fast,
  ]
  const main = join(projectRoot, 'cmd/main.ts')
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = once(child, 'exit')
  try {
    const port = await found(() => /serving HTTP.*port=(\d+)/.exec(stderr)?.[1])
    const metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const until = (text: string) => found(async () => ((await metrics()).includes(text) ? text : undefined))
    await until('weir_ship_acknowledged_documents_total 10\n')
    const told = await metrics()
    for (const line of [
      'weir_ship_documents_total 11',
      'weir_ship_rejected_documents_total 1',
      'weir_ship_unreadable_lines_total 1',
      'weir_ship_removed_dead_letters_total 0',
      'weir_ship_duplicate_documents_total 0',
    ]) {
      assert.match(told, `${line}\n`)
    }
    assert.match(told, /^# TYPE weir_ship_lag_octets gauge$/m)
    await until('weir_ship_lag_octets 0\n')
    server.mood = () => 503
    appendFileSync(log, lines(10, 20))
    await until(`weir_ship_lag_octets ${lines(10, 20).length}\n`)
    assert.is((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200)
  } finally {
    child.kill('SIGKILL')
    await ended
    await server.close()
    rmSync(folder, { recursive: true })
  }
})

/** What `look` gives as soon as it gives anything. */
async function found<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + 20_000; Date.now() < end; await wait(20)) {
    const value = await look()
    if (value !== undefined) return value
  }
  throw new Error('waited too long')
}

test.run()
