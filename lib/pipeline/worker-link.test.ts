import { Worker } from 'node:worker_threads'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newLog } from '../diagnostics/log-writer.ts'
import { Control } from './control.ts'
import { MainEnd } from './worker-link.ts'

const lines: string[] = []
const log = newLog({
  level: 'info',
  limits: { count: 0, intervalMs: 0 },
  now: () => 0,
  write: (level, message, attributes) => lines.push(`${level} ${message} ${JSON.stringify(attributes)}`),
})
const control = new Control()
let end: MainEnd
const ready = Promise.withResolvers<unknown>()

test.before(() => {
  const worker = new Worker(new URL('./testing/blocked-worker.ts', import.meta.url), {
    workerData: control.memory,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  end = new MainEnd(worker, control, log, (name, value) => ready.resolve([name, value]))
})

test('a worker that turns no event loop tells events and answers questions', async () => {
  assert.equal(await ready.promise, ['ready', 42])
  assert.equal(await Promise.all([1, 2, 3].map((n) => end.ask('double', n, 1000))), [2, 4, 6])
})

test('its log lines reach the log', async () => {
  await end.ask('log', null, 1000)
  assert.equal(lines, ['warn from the worker {"n":1}'])
})

test('what it cannot answer is told to the asker', async () => {
  await rejects(end.ask('nonsense', null, 1000), 'what is nonsense?')
})

test('one that does not answer in time is not waited for', async () => {
  await rejects(end.ask('sleep', 100, 20), 'a worker has not answered for 20 ms')
  assert.is(await end.ask('double', 4, 1000), 8)
})

test('questions to a worker that has ended fail at once', async () => {
  const late = end.ask('sleep', 30, 1000)
  const never = end.ask('double', 1, 1000)
  control.stop()
  await Promise.allSettled([late, never])
  assert.is(await end.ended, undefined)
  assert.not(end.isAlive)
  await rejects(end.ask('double', 1, 1000), 'the worker has ended')
})

test('a worker that fails says why', async () => {
  const worker = new Worker('throw new Error("out of luck")', { eval: true })
  const failed = await new MainEnd(worker, control, log).ended
  assert.is(failed?.message, 'out of luck')
})

async function rejects(promise: Promise<unknown>, message: string): Promise<void> {
  const failed = await promise.then(
    () => undefined,
    (error: Error) => error,
  )
  assert.is(failed?.message, message)
}

test.run()
