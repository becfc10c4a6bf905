import { appendFileSync, closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { faultsOf, type NumberedWriter, startNumberedWriter } from './testing/numbered-lines.ts'
import { type Bench, newBench } from './testing/rotation.ts'

const NOBODY = 99_999_999

const deaf = suite<{ bench: Bench; writer: NumberedWriter }>('a writer that does not listen')
deaf.before(async (context) => {
  context.bench = newBench()
  context.writer = await startNumberedWriter(context.bench.folder, 'deaf')
  while (readFileSync(context.writer.log).length === 0) await new Promise(setImmediate)
})
deaf.after(({ bench }) => bench.remove())

deaf('a process that does not have the log open is never signalled', async ({ bench, writer }) => {
  const heard: string[] = []
  const hear = () => heard.push('SIGHUP')
  process.on('SIGHUP', hear)
  const { counts, logged } = await bench.rotate({ writer: { by: 'pid', pid: process.pid } })
  await new Promise((resolve) => setTimeout(resolve, 20))
  process.off('SIGHUP', hear)
  assert.equal(counts, { failed: 1 })
  assert.match(
    logged,
    new RegExp(`process ${process.pid} \\(.*\\) does not have .* open, but ${writer.pid} \\(`),
  )
  assert.equal(heard, [])
  assert.ok(existsSync(writer.log))
})

deaf('a process that is gone while another writes is a mistake, and nothing is done', async ({ bench }) => {
  const { counts, logged } = await bench.rotate({ writer: { by: 'pid', pid: NOBODY } })
  assert.equal(counts, { failed: 1 })
  assert.match(logged, /process 99999999 is not there, but \d+ \(.*\) has flows\.log open; nothing done/)
  const path = bench.path('no-pid')
  const missing = await bench.rotate({ writer: { by: 'pid-file', path } })
  assert.match(missing.logged, /the PID file no-pid is not there, but \d+ /)
  assert.equal(bench.names(), ['flows.log', 'pid'])
})

deaf('a PID file that holds no number is named', async ({ bench }) => {
  const path = bench.path('.pid')
  for (const text of ['', '0', '-1', 'pid: 7', '1e3']) {
    writeFileSync(path, text)
    const error = await bench.rotate({ writer: { by: 'pid-file', path } }).catch((thrown: Error) => thrown)
    assert.ok(error instanceof Error)
    assert.match(error.message, /the PID file .* holds/)
  }
  writeFileSync(path, String(NOBODY))
})

deaf('a log that is written needs somebody to be told', async ({ bench }) => {
  const { counts, logged } = await bench.rotate()
  assert.equal(counts, { failed: 1 })
  assert.match(logged, /has flows.log open: say how to tell it .*--copytruncate; nothing done/)
})

deaf('when the time is over the old log is kept, and the next run goes on', async ({ bench, writer }) => {
  const settings = { writer: { by: 'pid', pid: writer.pid }, compression: 'gzip' } as const
  for (let i = 0; i < 2; i++) {
    const { counts, logged } = await bench.rotate({ ...settings, waitMs: 60 })
    assert.equal(counts, { failed: 1 })
    assert.match(
      logged,
      /still has flows_20261121_1005\.log open after 0\.06 s; kept as .*, the next run goes on/,
    )
  }
  const failing = await bench.rotate({ ...settings, writer: { by: 'command', command: 'exit 7' } })
  assert.equal(failing.counts, { failed: 1, doubtful: 1 })
  assert.match(failing.logged, /the writer could not be told .*exit 7 ended with status 7/)
  const late = await bench.rotate({ ...settings, writer: { by: 'command', command: 'sleep 9' }, waitMs: 1 })
  assert.match(late.logged, /sleep 9 did not end within/)
  const count = await writer.stop()
  const { counts, logged } = await bench.rotate(settings)
  assert.equal(counts, { doubtful: 1, rotated: 1 })
  assert.match(logged, /the writer does not run, nobody was told/)
  assert.equal(faultsOf(bench.folder, count), ['.pid was left'])
})
deaf.run()

const test = suite<{ bench: Bench }>('a writer')
test.before.each((context) => {
  context.bench = newBench()
})
test.after.each(({ bench }) => bench.remove())

test('is told by a command, and readers of the old log do not matter', async ({ bench }) => {
  const writer = await startNumberedWriter(bench.folder)
  while (readFileSync(writer.log).length === 0) await new Promise(setImmediate)
  const reading = openSync(writer.log, 'r')
  const { counts } = await bench.rotate({
    writer: { by: 'command', command: `kill -HUP ${writer.pid}` },
    logs: [bench.path('*.log')],
    compression: 'zstd',
  })
  closeSync(reading)
  assert.equal(counts, { rotated: 1 })
  assert.equal(faultsOf(bench.folder, await writer.stop()), [])
})

test('that is gone is no hindrance, and said', async ({ bench }) => {
  writeFileSync(bench.path('flows.log'), 'a\n')
  const { counts } = await bench.rotate({ writer: { by: 'pid', pid: NOBODY } })
  assert.equal(counts, { doubtful: 1, rotated: 1 })
})

test('of a recycled number is not signalled', async ({ bench }) => {
  writeFileSync(bench.path('flows.log'), 'a\n')
  const { counts, logged } = await bench.rotate({ writer: { by: 'pid', pid: process.pid } })
  assert.equal(counts, { failed: 1 })
  assert.match(logged, /does not have flows.log open; nothing done/)
})

test('is the main process of a unit, or gone when that does not run', async ({ bench }) => {
  const { PATH } = process.env
  process.env['PATH'] = `${bench.folder}:${PATH}`
  const systemctl = (text: string) =>
    writeFileSync(bench.path('systemctl'), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  const log = () => writeFileSync(bench.path('flows.log'), 'a\n')
  const asUnit = { writer: { by: 'unit', name: 'goflow2.service' } } as const
  try {
    log()
    systemctl(`test "$*" = "show --property=MainPID --value -- goflow2.service" && echo ${process.pid}`)
    assert.match((await bench.rotate(asUnit)).logged, new RegExp(`process ${process.pid} .* does not have`))
    systemctl('echo 0')
    const { logged } = await bench.rotate(asUnit)
    assert.match(logged, /the writer does not run, nobody was told .*the unit goflow2.service does not run/)
    systemctl('echo no bus >&2; exit 1')
    const error = await bench.rotate(asUnit).catch((thrown: Error) => thrown)
    assert.match(String(error), /systemctl cannot tell the process of goflow2\.service: no bus/)
  } finally {
    process.env['PATH'] = PATH
  }
})

test('needs not be told when it opens its log for each line', async ({ bench }) => {
  const write = () => appendFileSync(bench.path('flows.log'), 'a\n')
  write()
  const later = setTimeout(write, 20)
  try {
    assert.equal((await bench.rotate({ isUntold: true })).counts, { rotated: 1 })
  } finally {
    // The folder goes with the test.
    clearTimeout(later)
  }
})

test.run()
