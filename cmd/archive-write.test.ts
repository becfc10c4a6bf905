import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openArchive } from '../lib/archive/archive-reader.ts'
import { liveFiles } from '../lib/archive/live-files.ts'
import { F } from '../lib/flow/fields.ts'
import { projectRoot } from '../lib/testing/project.ts'

// `weir archive write` as a process of its own.

const main = join(projectRoot, 'cmd/main.ts')
const demo = join(projectRoot, 'testdata/demo/office.pcap')
const running = new Set<ChildProcess>()
let folder = ''
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-write-'))
})
test.after(() => rmSync(folder, { recursive: true }))
test.after.each(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})

const at = (name: string) => join(folder, name)
const node = ['--disable-warning=ExperimentalWarning', main]
const environment = () => ({ HOME: folder, PATH: process.env['PATH'], NODE_COMPILE_CACHE: at('cache') })

function write(words: readonly string[], input: Uint8Array = new Uint8Array(0)) {
  const { status, stderr } = spawnSync(process.execPath, [...node, 'archive', 'write', ...words], {
    cwd: folder,
    env: environment(),
    input,
    encoding: 'utf8',
  })
  return { status, stderr }
}

function start(...words: string[]) {
  const child = spawn(process.execPath, [...node, 'archive', 'write', ...words], {
    cwd: folder,
    env: environment(),
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  running.add(child)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.on('error', () => {})
  const acknowledged = () => Number([...stderr.matchAll(/^acknowledged (\d+) rows$/gm)].at(-1)?.[1] ?? 0)
  return { child, stderr: () => stderr, acknowledged, exit: once(child, 'close') }
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 10_000
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`waited too long for ${what}`)
    await wait(10)
  }
}

const line = (i: number) => `{"type":"IPFIX","src_addr":"192.0.2.1","dst_addr":"198.51.100.7","bytes":${i}}\n`
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => line(from + i)).join('')

/** The numbers that the lines of an archive have. */
function numbers(directory: string): number[] {
  const found: number[] = []
  for (const { path } of liveFiles([at(directory)])) {
    const reader = openArchive(path)
    for (let index = 0; index < reader.blocks.length; index++) {
      const block = reader.block(index)!
      const column = block.read(F.octetDeltaCount, reader.problems)?.column
      if (column?.shape === 'fixed') for (const value of column.wide) found.push(Number(value))
    }
    reader.close()
  }
  return found
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

test('logs, compressed logs, flow streams, captures and archives are told by what they hold', () => {
  writeFileSync(at('a'), lines(0, 1000))
  writeFileSync(at('b'), gzipSync(lines(1000, 2000)))
  writeFileSync(
    at('c'),
    Buffer.concat([zstdCompressSync(lines(2000, 2500)), zstdCompressSync(lines(2500, 3000))]),
  )
  assert.equal(write(['a', 'b', 'c', '--archive', 'mixed']).status, 0)
  assert.equal(numbers('mixed'), upTo(3000))
  const again = write(['mixed', demo, '--archive', 'again', '--stream', 'x'])
  assert.is(again.status, 0, again.stderr)
  assert.match(again.stderr, /^2 files, 3874 rows, 2 other records, 0 rejected/)
  const [day] = readdirSync(at('again/'), { recursive: true }).filter((name) =>
    String(name).endsWith('.weir'),
  )
  assert.match(String(day), /^\d{4}\/\d\d\/\d\d\/x-\d{8}T\d{6}Z-0\.weir$/)
})

test('what cannot be read whole is read in part, and said', () => {
  const cut = gzipSync(lines(0, 3000)).subarray(0, 3000)
  const { status, stderr } = write(['-', '--archive', 'cut'], cut)
  assert.is(status, 3)
  assert.match(stderr, /its compressed data are cut off/)
  const found = numbers('cut')
  assert.ok(found.length > 100)
  assert.equal(found, upTo(found.length))
  const long = `${'x'.repeat(11 << 20)}\n`
  const mixed = write(['-', '--archive', 'long'], Buffer.from(`${line(0)}${long}${line(1)}`))
  assert.is(mixed.status, 3)
  assert.match(mixed.stderr, /^1 file, 2 rows, 1 rejected/)
})

test('how lines looked is kept for each of the logs', () => {
  writeFileSync(at('renamed'), '{"type":"IPFIX","bytes":7,"own":"x","src_addr":"192.0.2.9"}\n')
  assert.is(write(['a', 'renamed', '--archive', 'shapes']).status, 0)
  const reader = openArchive(liveFiles([at('shapes')])[0]!.path)
  const keys = reader.blocks.map((_, index) => {
    const shape = JSON.parse(reader.lineShape(index)) as { format: string; keys: { key: string }[] }
    return [shape.format, ...shape.keys.map(({ key }) => key)].join(' ')
  })
  reader.close()
  assert.equal(keys, ['json type src_addr dst_addr bytes', 'json type bytes own src_addr'])
})

test('a pipe is synced at its pace, and a signal closes the file', async () => {
  const { child, exit, stderr, acknowledged } = start(
    '-',
    '--archive',
    'slow',
    '--sync-every',
    '100ms',
    '--progress',
    'always',
  )
  child.stdin.write(lines(0, 10))
  await until(() => acknowledged() === 10, 'ten rows')
  child.stdin.write(lines(10, 30))
  await until(() => acknowledged() === 30, 'thirty rows')
  // The rest of a line that is cut by the end of the run is not bad input.
  child.stdin.write('{"type":"IPF')
  child.kill('SIGTERM')
  assert.equal(await exit, [0, null])
  assert.match(stderr(), /^1 file, 30 rows, 0 rejected/m)
  assert.equal(numbers('slow'), upTo(30))
})

test('an archive that cannot be made is refused in one line', () => {
  // Nothing can be made below /proc, and Node's recursive mkdir would try for ever.
  const refused = write(['a', '--archive', '/proc/none/flows'])
  assert.is(refused.status, 1)
  assert.is(
    refused.stderr,
    'weir: cannot write archive: /proc/none/flows: there is no such file or directory\n',
  )
  assert.is(write(['a', '--archive', 'made/with/all/above']).status, 0)
})

test('a second writer says who holds the archive', async () => {
  const first = start('-', '--archive', 'held', '--sync-every', '50ms', '--progress', 'always')
  first.child.stdin.write(line(0))
  await until(() => first.acknowledged() === 1, 'the first row')
  const { status, stderr } = write(['a', '--archive', 'held'])
  assert.is(status, 1)
  assert.match(stderr, new RegExp(`^weir: archive is being written: .* by process ${first.child.pid} `))
  assert.is(write(['a', '--archive', 'held', '--stream', 'other']).status, 0)
  first.child.stdin.end()
  assert.equal(await first.exit, [0, null])
})

test('a writer that is killed loses no row that it acknowledged, and the next one goes on', async () => {
  for (let i = 0; i < 3; i++) {
    const name = `killed-${i}`
    const { child, exit, acknowledged } = start(
      '-',
      '--archive',
      name,
      '--sync-every',
      '30ms',
      '--progress',
      'always',
    )
    let sent = 0
    const feeding = setInterval(() => {
      child.stdin.write(lines(sent, sent + 500))
      sent += 500
    }, 5)
    await until(() => acknowledged() > 1000, 'a thousand rows')
    await wait(i * 17)
    const promised = acknowledged()
    child.kill('SIGKILL')
    await exit
    clearInterval(feeding)
    const found = numbers(name)
    assert.ok(found.length >= promised, `${found.length} of ${promised}`)
    assert.equal(found, upTo(found.length))
    writeFileSync(at('rest'), lines(found.length, found.length + 10))
    assert.is(write(['rest', '--archive', name]).status, 0)
    assert.equal(numbers(name), upTo(found.length + 10))
    const parts = readdirSync(at(name), { recursive: true }).filter((file) => String(file).endsWith('.part'))
    assert.equal(parts, [])
  }
})

test('what collect prints as a flow stream is archived as if it had been archived at once', () => {
  const weir = `${process.execPath} ${node.join(' ')}`
  const shell = `${weir} collect --read ${demo} --format weir | ${weir} archive write - --archive piped`
  const options = { cwd: folder, env: environment(), encoding: 'utf8' } as const
  const piped = spawnSync('sh', ['-c', shell], options)
  assert.is(piped.status, 0, piped.stderr)
  assert.match(piped.stderr, /^1 file, 874 rows, 2 other records/m)
  const direct = spawnSync(
    process.execPath,
    [...node, 'collect', '--read', demo, '--archive', 'direct'],
    options,
  )
  assert.equal([direct.status, direct.stdout], [0, ''])
  const sizes = ['piped', 'direct'].map((name) => {
    return readFileSync(liveFiles([at(name)])[0]!.path).length
  })
  assert.ok(Math.abs(sizes[0]! - sizes[1]!) < 1000, String(sizes))
  assert.equal(numbers('piped'), numbers('direct'))
})

test.run()
