import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowError } from '../diagnostics/flow-error.ts'
import type { LogArchiver } from './archive-step.ts'
import { type Bench, newBench } from './testing/rotation.ts'

const test = suite<{ bench: Bench }>('archiving')
test.before.each((context) => {
  context.bench = newBench()
  writeFileSync(context.bench.path('flows.log'), 'one\ntwo\n')
})
test.after.each(({ bench }) => bench.remove())

/** Puts each line of a log into a file of its own; what it is told to do first may fail. */
function archiver(bench: Bench, first: (log: string) => void = () => {}): LogArchiver {
  return {
    workFolder: (key) => bench.path(`archive/.work-${key}`),
    async write(log, folder) {
      assert.not.ok(existsSync(folder), 'a work folder is new')
      mkdirSync(folder, { recursive: true })
      const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1)
      const files = lines.map((line, i) => {
        writeFileSync(join(folder, `${i}-0`), line)
        return join(folder, `${i}-0`)
      })
      first(log)
      return { files, rows: lines.length, rejected: 0, problems: 0 }
    },
    finalPath: (file, _, number) => bench.path(`archive/day/${basename(file).replace('-0', `-${number}`)}`),
  }
}

/** Lines of the archive, by name. */
function archived(bench: Bench): string[] {
  const folder = bench.path('archive/day')
  return readdirSync(folder)
    .sort()
    .map((name) => `${name} ${readFileSync(join(folder, name), 'utf8')}`)
}

test('all files of a log are entered, and their work folder goes', async ({ bench }) => {
  const { counts, logged } = await bench.rotate({ archiver: archiver(bench) })
  assert.equal(counts, { rotated: 1 })
  assert.match(logged, /info: archived .*"rows":2/)
  assert.equal(archived(bench), ['0-0 one', '1-0 two'])
  assert.equal(readdirSync(bench.path('archive')), ['day'])
  assert.equal(bench.names(), ['archive', 'flows_20261121_1005.log'])
})

test('a name that somebody has is left to them', async ({ bench }) => {
  mkdirSync(bench.path('archive/day'), { recursive: true })
  for (const name of ['0-0', '0-1', '1-0']) writeFileSync(bench.path(`archive/day/${name}`), 'theirs')
  await bench.rotate({ archiver: archiver(bench) })
  assert.equal(archived(bench), ['0-0 theirs', '0-1 theirs', '0-2 one', '1-0 theirs', '1-1 two'])
})

test('lines that come while it is read are in the archive too, and once', async ({ bench }) => {
  let times = 0
  const late = (log: string) => {
    if (++times === 1) appendFileSync(log, 'three\n')
  }
  await bench.rotate({ archiver: archiver(bench, late) })
  assert.is(times, 2)
  assert.equal(archived(bench), ['0-0 one', '1-0 two', '2-0 three'])
  assert.equal(readdirSync(bench.path('archive')), ['day'])
})

test('a log that never stops growing is left for the next run', async ({ bench }) => {
  const always = (log: string) => appendFileSync(log, 'more\n')
  const { counts, logged } = await bench.rotate({ archiver: archiver(bench, always) })
  assert.equal(counts, { failed: 1 })
  assert.match(logged, /still grows/)
  assert.not.ok(existsSync(bench.path('archive/day')))
  assert.equal((await bench.rotate({ archiver: archiver(bench) })).counts, { rotated: 1 })
  assert.is(archived(bench).length, 5)
})

test('what fails is done again by the next run, from the beginning', async ({ bench }) => {
  const fails = () => {
    throw new FlowError('FILE_UNWRITABLE', 'the archive has no room')
  }
  const { counts, logged } = await bench.rotate({ archiver: archiver(bench, fails), compression: 'zstd' })
  assert.equal(counts, { failed: 1 })
  assert.match(logged, /no room/)
  assert.ok(existsSync(bench.path('flows_20261121_1005.log')), 'not compressed before it is archived')
  await bench.rotate({ archiver: archiver(bench), compression: 'zstd' })
  assert.equal(archived(bench), ['0-0 one', '1-0 two'])
  assert.equal(bench.names(), ['archive', 'flows_20261121_1005.log.zst'])
})

test('a log that could not all be archived is told of', async ({ bench }) => {
  const partly: LogArchiver = {
    ...archiver(bench),
    write: async () => ({ files: [], rows: 0, rejected: 2, problems: 0 }),
  }
  const { counts, logged } = await bench.rotate({ archiver: partly })
  assert.equal(counts, { rotated: 1, doubtful: 1 })
  assert.match(logged, /not all of the log is flows .*"rejected":2/)
})

test('a dry run says so, and does nothing', async ({ bench }) => {
  const { said } = await bench.rotate({ archiver: archiver(bench), isDryRun: true })
  assert.match(said.join('\n'), /would archive it in archive$/m)
  assert.equal(bench.names(), ['flows.log'])
})

test.run()
