import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fileId } from './file-id.ts'
import { takeLock } from './run-lock.ts'
import { NODE } from './testing/numbered-lines.ts'
import { type Bench, newBench } from './testing/rotation.ts'

const test = suite<{ bench: Bench }>('rotate')
test.before.each((context) => {
  context.bench = newBench()
})
test.after.each(({ bench }) => bench.remove())

const main = join(import.meta.dirname, '../../cmd/main.ts')
const OLD = 'flows_20261121_1005.log'

test('a log that nobody writes gets its new name, and nothing else is left', async ({ bench }) => {
  writeFileSync(bench.path('flows.log'), 'a\n')
  const { counts } = await bench.rotate()
  assert.equal(counts, { rotated: 1 })
  assert.equal(bench.names(), [OLD])
  assert.is(readFileSync(bench.path(OLD), 'utf8'), 'a\n')
})

test('a compressed log has the mode and time of its original', async ({ bench }) => {
  writeFileSync(bench.path('flows.log'), 'a\n')
  chmodSync(bench.path('flows.log'), 0o640)
  utimesSync(bench.path('flows.log'), 1_000_000, 1_000_000)
  await bench.rotate({ compression: 'zstd' })
  assert.equal(bench.names(), [`${OLD}.zst`])
  const stat = statSync(bench.path(`${OLD}.zst`))
  assert.is(stat.mode & 0o777, 0o640)
  assert.is(stat.mtimeMs, 1_000_000_000)
  assert.is(zstdDecompressSync(readFileSync(bench.path(`${OLD}.zst`))).toString(), 'a\n')
})

test('a name that is there, compressed or not, is left alone', async ({ bench }) => {
  for (const [i, name] of [OLD, 'flows_20261121_1005.1.log.gz'].entries())
    writeFileSync(bench.path(name), String(i))
  writeFileSync(bench.path('flows.log'), 'a\n')
  await bench.rotate()
  assert.is(readFileSync(bench.path(OLD), 'utf8'), '0')
  assert.is(readFileSync(bench.path('flows_20261121_1005.2.log'), 'utf8'), 'a\n')
})

test('a clock that steps back gives no name twice', async ({ bench }) => {
  for (const time of ['10:05', '10:06', '10:05', '10:04']) {
    writeFileSync(bench.path('flows.log'), `${time}\n`)
    const { counts } = await bench.rotate({ now: () => new Date(`2026-11-21T${time}:00Z`) })
    assert.equal(counts, { rotated: 1 })
  }
  assert.equal(bench.names(), [
    'flows_20261121_1004.log',
    'flows_20261121_1005.1.log',
    OLD,
    'flows_20261121_1006.log',
  ])
})

test('a missing log is said, and an empty one left alone', async ({ bench }) => {
  const missing = await bench.rotate()
  assert.equal(missing.counts, { missing: 1 })
  assert.match(missing.logged, /error: there is no such log, nothing to rotate \{"log":"flows.log"\}/)
  writeFileSync(bench.path('flows.log'), '')
  assert.equal((await bench.rotate()).counts, { empty: 1 })
  assert.equal(bench.names(), ['flows.log'])
  const nowhere = await bench.rotate({ logs: [bench.path('none/flows.log'), bench.path('*.txt')] })
  assert.equal(nowhere.counts, { missing: 2 })
})

test('a folder, a FIFO and a link are refused by name, and other logs rotated all the same', async ({
  bench,
}) => {
  mkdirSync(bench.path('folder'))
  spawnSync('mkfifo', [bench.path('fifo')])
  writeFileSync(bench.path('flows.log'), 'a\n')
  symlinkSync('flows.log', bench.path('link'))
  const logs = ['folder', 'fifo', 'link', 'flows.log'].map(bench.path)
  const { counts, logged } = await bench.rotate({ logs })
  assert.equal(counts, { failed: 3, rotated: 1 })
  assert.match(logged, /this is a folder, only plain files .*"folder"/)
  assert.match(logged, /this is a FIFO, .*"fifo"/)
  assert.match(logged, /this is a symbolic link \(name the file itself\), .*"link"/)
  assert.equal(bench.names(), ['fifo', OLD, 'folder', 'link'])
})

test('a folder that may not be written keeps its log, and says so', async ({ bench }) => {
  if (process.getuid?.() !== 0) return
  mkdirSync(bench.path('closed'))
  writeFileSync(bench.path('closed/flows.log'), 'a\n')
  chmodSync(bench.folder, 0o755)
  const tries: string[] = []
  for (const mode of [0o755, 0o700]) {
    chmodSync(bench.path('closed'), mode)
    process.seteuid?.(65_534)
    try {
      const { counts, logged } = await bench.rotate({ logs: [bench.path('closed/flows.log')] })
      assert.equal(counts, { failed: 1 })
      tries.push(logged)
    } finally {
      process.seteuid?.(0)
    }
  }
  for (const logged of tries) assert.match(logged, /^error: EACCES: permission denied/)
  assert.is(readFileSync(bench.path('closed/flows.log'), 'utf8'), 'a\n')
})

test("another user's process is not signalled, and its log stays", async ({ bench }) => {
  const nobody = { uid: 65_534, gid: 65_534, encoding: 'utf8' } as const
  const words = [...NODE.slice(1), main, 'rotate', '--log', bench.path('flows.log'), '--signal-pid']
  if (process.getuid?.() !== 0 || spawnSync(NODE[0], ['--version'], nobody).status !== 0) return
  writeFileSync(bench.path('flows.log'), 'a\n')
  chmodSync(bench.folder, 0o777)
  const stranger = spawn('sleep', ['20'])
  const { status, stderr } = spawnSync(NODE[0], [...words, String(stranger.pid)], nobody)
  assert.ok(stranger.kill())
  assert.is(status, 1, stderr)
  assert.match(stderr, /process \d+ \(sleep\) is not ours to signal; nothing done/)
  assert.equal(bench.names(), ['flows.log'])
})

test('a writer that may not make files in the folder of its log finds a new one', async ({ bench }) => {
  if (process.getuid?.() !== 0) return
  writeFileSync(bench.path('flows.log'), 'a\n', { mode: 0o640 })
  chownSync(bench.path('flows.log'), 65_534, 65_534)
  await bench.rotate()
  assert.equal(bench.names(), ['flows.log', OLD])
  const { uid, gid, mode, size } = statSync(bench.path('flows.log'))
  assert.equal([uid, gid, mode & 0o777, size], [65_534, 65_534, 0o640, 0])
  writeFileSync(bench.path('flows.log'), 'b\n')
  chownSync(bench.folder, 65_534, 65_534)
  await bench.rotate()
  assert.equal(bench.names(), ['flows_20261121_1005.1.log', OLD])
})

test('a name that is a link to nowhere is taken', async ({ bench }) => {
  symlinkSync('nowhere', bench.path(OLD))
  writeFileSync(bench.path('flows.log'), 'a\n')
  assert.equal((await bench.rotate()).counts, { rotated: 1 })
  assert.equal(bench.names(), ['flows_20261121_1005.1.log', OLD])
})

test('old logs that a shell has put among the logs are left as they are', async ({ bench }) => {
  for (const name of ['flows.log', 'flows_20261121_0905.log']) writeFileSync(bench.path(name), 'a\n')
  const logs = bench.names().map(bench.path)
  const { counts, logged } = await bench.rotate({ logs })
  assert.equal(counts, { rotated: 1 })
  assert.match(logged, /has the name of an old log, left as it is \{"log":"flows_20261121_0905.log"\}/)
})

test('a log that somebody else has moved since is not taken for the one that was begun', async ({
  bench,
}) => {
  const rotation = { log: bench.path('flows.log'), step: 'rename', id: '1.1' }
  const rotations = [{ ...rotation, aside: bench.path(OLD), target: bench.path(OLD) }]
  writeFileSync(bench.path('.flows.log.weir-rotate.json'), JSON.stringify({ version: 1, rotations }))
  writeFileSync(bench.path(OLD), '')
  writeFileSync(bench.path('flows.log'), 'a\n')
  assert.equal((await bench.rotate()).counts, { rotated: 1 })
  assert.equal(bench.names(), [OLD])
  assert.is(readFileSync(bench.path(OLD), 'utf8'), 'a\n')
})

test('lines that came after it was packed are packed as well', async ({ bench }) => {
  writeFileSync(bench.path(OLD), 'a\nb\n')
  writeFileSync(bench.path(`${OLD}.gz`), gzipSync('a\n'))
  utimesSync(bench.path(`${OLD}.gz`), 1_000_000, 1_000_000)
  const rotation = {
    log: bench.path('flows.log'),
    step: 'place',
    id: fileId(bench.path(OLD)),
    aside: bench.path(OLD),
    target: bench.path(OLD),
    partId: fileId(bench.path(`${OLD}.gz`)),
    final: bench.path(`${OLD}.gz`),
  }
  const journal = { version: 1, rotations: [rotation] }
  writeFileSync(bench.path('.flows.log.weir-rotate.json'), JSON.stringify(journal))
  assert.equal((await bench.rotate({ compression: 'gzip' })).counts, { rotated: 1 })
  assert.equal(bench.names(), [`${OLD}.gz`])
  assert.is(gunzipSync(readFileSync(bench.path(`${OLD}.gz`))).toString(), 'a\nb\n')
})

test('a second run at the same time does nothing and says so, or waits', async ({ bench }) => {
  writeFileSync(bench.path('flows.log'), 'a\n')
  const lock = (await takeLock(bench.path('.flows.log.weir-rotate.lock'), false))!
  const second = await bench.rotate()
  assert.equal(second.counts, { failed: 1 })
  assert.match(second.logged, /another weir rotate is at work on this log, nothing done/)
  assert.ok(existsSync(bench.path('flows.log')))
  const waiting = bench.rotate({ waitsForLock: true })
  lock.release()
  assert.equal((await waiting).counts, { rotated: 1 })
  assert.equal(bench.names(), [OLD])
})

test('a journal that nobody understands stops its log, and is named', async ({ bench }) => {
  writeFileSync(bench.path('flows.log'), 'a\n')
  writeFileSync(bench.path('.flows.log.weir-rotate.json'), '{"version":2}')
  const { counts, logged } = await bench.rotate()
  assert.equal(counts, { failed: 1 })
  assert.match(logged, /\.flows\.log\.weir-rotate\.json is not a journal of this version/)
  assert.ok(existsSync(bench.path('flows.log')))
})

test('a name on another file system is copied to, once nobody writes', async ({ bench }) => {
  const other = '/dev/shm'
  if (!existsSync(other) || statSync(other).dev === statSync(bench.folder).dev) return
  const folder = join(other, `weir-rotate-${process.pid}`)
  try {
    for (const compression of ['none', 'gzip'] as const) {
      writeFileSync(bench.path('flows.log'), 'a\n')
      const { counts } = await bench.rotate({ compression, pattern: `${folder}/{name}_%H%M{ext}` })
      assert.equal(counts, { rotated: 1 })
      assert.equal(bench.names(), [])
    }
    assert.is(readFileSync(join(folder, 'flows_1005.log'), 'utf8'), 'a\n')
    assert.ok(existsSync(join(folder, 'flows_1005.1.log.gz')))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('a full disk keeps the old log as it is, and the next run goes on', async ({ bench }) => {
  // A folder in the place of the packed file fails as a full disk does, at the same call.
  writeFileSync(bench.path('flows.log'), 'a\n')
  mkdirSync(bench.path(`.${OLD}.weir-part`))
  const first = await bench.rotate({ compression: 'zstd' }).catch((error: Error) => error)
  assert.ok(!(first instanceof Error), String(first))
  assert.equal((first as { counts: object }).counts, { failed: 1 })
  assert.is(readFileSync(bench.path(OLD), 'utf8'), 'a\n')
  rmSync(bench.path(`.${OLD}.weir-part`), { recursive: true })
  writeFileSync(bench.path('flows.log'), 'b\n')
  const second = await bench.rotate({ compression: 'zstd' })
  assert.equal(second.counts, { rotated: 2 })
  assert.equal(bench.names(), ['flows_20261121_1005.1.log.zst', `${OLD}.zst`])
})

test('a command gets each finished file, and again when it failed', async ({ bench }) => {
  writeFileSync(bench.path("it's a.log"), 'a\n')
  const settings = { logs: [bench.path("it's a.log")], pattern: '{name}.%H{ext}' }
  const failed = await bench.rotate({ ...settings, command: 'exit 3' })
  assert.equal(failed.counts, { failed: 1 })
  assert.match(failed.logged, /error: exit 3 ended with status 3/)
  const done = await bench.rotate({ ...settings, command: `cp %f '${bench.path('copy')}' # 100%%` })
  assert.equal(done.counts, { rotated: 1 })
  assert.equal(bench.names(), ['copy', "it's a.10.log"])
})

test('a glob finds logs, no old ones, and those of which a killed run left only the journal', async ({
  bench,
}) => {
  for (const name of ['a.log', 'b.log', 'a_20261121_0905.log', 'c.log.gz'])
    writeFileSync(bench.path(name), 'x\n')
  const logs = [bench.path('*.log')]
  assert.equal((await bench.rotate({ logs, command: 'false' })).counts, { failed: 2 })
  const { counts, said } = await bench.rotate({ logs, isDryRun: true })
  assert.equal(counts, {})
  assert.equal(
    said,
    ['a', 'b'].map((name) => `would go on with ${name}_20261121_1005.log at the step hand`),
  )
  assert.equal((await bench.rotate({ logs })).counts, { rotated: 2 })
})

test('copying empties the log in its place, and says what can be lost', async ({ bench }) => {
  writeFileSync(bench.path('flows.log'), 'a\n')
  const before = statSync(bench.path('flows.log')).ino
  const { counts, logged } = await bench.rotate({ isCopyTruncate: true, compression: 'gzip' })
  assert.equal(counts, { rotated: 1 })
  assert.match(logged, /warn: emptied while it may be written: lines of that moment can be lost/)
  assert.equal(bench.names(), ['flows.log', `${OLD}.gz`])
  assert.is(statSync(bench.path('flows.log')).ino, before)
  assert.is(statSync(bench.path('flows.log')).size, 0)
})

test('state may lie in a folder of its own', async ({ bench }) => {
  mkdirSync(bench.path('state'))
  writeFileSync(bench.path('flows.log'), 'a\n')
  const stateFolder = bench.path('state')
  assert.equal((await bench.rotate({ stateFolder, command: 'false' })).counts, { failed: 1 })
  const logs = [bench.path('fl*.log')]
  assert.equal((await bench.rotate({ logs, stateFolder })).counts, { rotated: 1 })
  assert.equal(bench.names(), [OLD, 'state'])
})

test.run()
