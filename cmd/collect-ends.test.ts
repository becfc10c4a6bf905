import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { projectRoot } from '../lib/testing/project.ts'

// How runs of the command end: by signals, and where its output cannot be written.

const main = join(projectRoot, 'cmd/main.ts')
const running = new Set<ChildProcess>()
let cache = ''

test.before(() => {
  cache = mkdtempSync(join(tmpdir(), 'weir-cache-'))
})
test.after(() => rmSync(cache, { recursive: true }))

test.after.each(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})

function start(...args: string[]) {
  const words = ['--disable-warning=ExperimentalWarning', main, 'collect', ...args]
  const env = { HOME: cache, NODE_COMPILE_CACHE: cache }
  const child = spawn(process.execPath, words, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  running.add(child)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  return { child, stdout: () => stdout, stderr: () => stderr, exit: once(child, 'close') }
}

test('a signal that comes twice at once, as from timeout(1), is one wish to end', async () => {
  const { child, exit } = start('--listen', 'netflow://127.0.0.1:0', '--addr', '', '--state', 'none')
  await once(child.stderr!, 'data')
  child.kill('SIGTERM')
  child.kill('SIGINT')
  assert.equal(await exit, [0, null])
})

test('a pipe that stays open holds back neither the flows that came through it nor the end', async () => {
  const { child, stdout, exit } = start('--read', '-')
  child.stdin!.write(readFileSync(join(projectRoot, 'testdata/demo/office.pcap')))
  while (stdout().split('\n').length < 800) await once(child.stdout!, 'data')
  child.kill('SIGTERM')
  assert.equal(await exit, [0, null])
})

test('when nobody reads the flows any more, a pipe that stays open does not hold back the end', async () => {
  const { child, exit } = start('--read', '-')
  child.stdout!.destroy()
  child.stdin!.write(readFileSync(join(projectRoot, 'testdata/demo/office.pcap')))
  assert.equal(await exit, [0, null])
})

test('captures whose flows cannot be written are status 1', async () => {
  const demo = join(projectRoot, 'testdata/demo/office.pcap')
  const { stderr, exit } = start('--read', demo, '--output', '/dev/full')
  assert.equal(await exit, [1, null])
  assert.match(stderr(), /records are lost.*no space is left on the device/)
})

test('a signal ends a process that waits for somebody to read its output pipe', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-ends-'))
  try {
    const pipe = join(folder, 'pipe')
    spawnSync('mkfifo', [pipe])
    const demo = join(projectRoot, 'testdata/demo/office.pcap')
    const { child, exit } = start('--read', demo, '--output', pipe)
    await wait(500)
    child.kill('SIGTERM')
    assert.equal(await exit, [null, 'SIGTERM'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.run()
