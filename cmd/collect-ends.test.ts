import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { projectRoot } from '../lib/testing/project.ts'

// How runs of the command end: by signals, and where its output cannot be written.

const main = join(projectRoot, 'cmd/main.ts')
const running = new Set<ChildProcess>()

test.after.each(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})

function start(...args: string[]) {
  const words = ['--disable-warning=ExperimentalWarning', main, 'collect', ...args]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] })
  running.add(child)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return { child, stderr: () => stderr, exit: once(child, 'close') }
}

test('a signal that comes twice at once, as from timeout(1), is one wish to end', async () => {
  const { child, exit } = start('--listen', 'netflow://127.0.0.1:0', '--addr', '', '--state', 'none')
  await once(child.stderr!, 'data')
  child.kill('SIGTERM')
  child.kill('SIGINT')
  assert.equal(await exit, [0, null])
})

test('captures whose flows cannot be written are status 1', async () => {
  const demo = join(projectRoot, 'testdata/demo/office.pcap')
  const { stderr, exit } = start('--read', demo, '--output', '/dev/full')
  assert.equal(await exit, [1, null])
  assert.match(stderr(), /records are lost.*no space is left on the device/)
})

test.run()
