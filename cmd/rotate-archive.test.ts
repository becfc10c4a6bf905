import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ArchiveFile } from '../lib/archive/file-facts.ts'
import { liveFiles } from '../lib/archive/live-files.ts'
import { projectRoot } from '../lib/testing/project.ts'
import { archiveFaults } from './testing/archived-lines.ts'

// Runs of rotate that are killed; npm run fuzz -- rotate does it against a program that writes all the while.
const program = join(projectRoot, 'cmd/testing/killed-rotate.ts')
const cache = mkdtempSync(join(tmpdir(), 'weir-compiled-'))
test.after(() => rmSync(cache, { recursive: true, force: true }))

const NEVER = 1e9
const LINES = 300

/** A log of numbered flows in a folder that is gone afterwards. */
function withLog(
  use: (folder: string, run: (at: number, ...words: string[]) => ReturnType<typeof spawnSync>) => void,
) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-rotate-'))
  const lines = Array.from(
    { length: LINES },
    (_, i) => `{"type":"IPFIX","src_addr":"192.0.2.1","bytes":${i + 1}}\n`,
  )
  writeFileSync(join(folder, 'flows.log'), lines.join(''))
  try {
    use(folder, (at, ...words) => {
      const all = [
        '--disable-warning=ExperimentalWarning',
        program,
        String(at),
        ...['--log', join(folder, 'flows.log'), '--archive', join(folder, 'archive'), '--signal', 'none'],
        ...['--name', '{name}.old{ext}', ...words],
      ]
      const env = { ...process.env, NODE_COMPILE_CACHE: cache, HOME: folder }
      return spawnSync(process.execPath, all, { encoding: 'utf8', env })
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function filesOf(folder: string): ArchiveFile[] {
  return liveFiles([join(folder, 'archive')])
}

test('an old log is archived, and stays', () => {
  withLog((folder, run) => {
    const { status, stderr } = run(NEVER, '--compress', 'zstd')
    assert.is(status, 0, String(stderr))
    assert.match(String(stderr), /msg=archived .*rows=300 rejected=0/)
    assert.equal(archiveFaults(join(folder, 'archive'), LINES), [])
    assert.equal(readdirSync(folder).sort(), ['archive', 'flows.old.log.zst'])
    assert.equal(
      readdirSync(join(folder, 'archive')).filter((name) => name.startsWith('.')),
      [],
    )
    assert.is(filesOf(folder)[0]!.stream, 'rotate')
  })
})

test('lines that are no flows are counted, kept if asked, and are status 3', () => {
  withLog((folder, run) => {
    writeFileSync(
      join(folder, 'flows.log'),
      '{"type":"IPFIX","bytes":1}\nno flow\n{"type":"IPFIX","bytes":2}\n',
    )
    const { status, stderr } = run(NEVER, '--keep-rejects', '--archive-stream', 'own')
    assert.is(status, 3, String(stderr))
    assert.match(String(stderr), /not all of the log is flows.* rejected=1/)
    assert.equal(archiveFaults(join(folder, 'archive'), 2), [])
    assert.is(readFileSync(join(folder, 'flows.old.log.rejects'), 'utf8'), 'no flow\n')
    assert.is(filesOf(folder)[0]!.stream, 'own')
  })
})

test('a run that was killed anywhere is finished by the next, and every line is in the archive once', () => {
  let calls = 0
  withLog((_, run) => {
    calls = Number(run(NEVER, '--log-level', 'error').stdout)
  })
  assert.ok(calls > 30, `${calls} calls`)
  const random = () => 1 + Math.floor(Math.random() * calls)
  for (const places of [[random()], [random(), calls - 4]]) {
    withLog((folder, run) => {
      for (const at of places) run(at)
      const { status, stderr } = run(NEVER)
      const hasMore = existsSync(join(folder, 'flows.log'))
      assert.ok(status === 0 || (status === 1 && !hasMore), `${places}: ${stderr}`)
      assert.equal(archiveFaults(join(folder, 'archive'), LINES), [], `killed at ${places} of ${calls}`)
    })
  }
})

test('what was to be archived is not forgotten by a run that is told of no archive', () => {
  withLog((folder, run) => {
    writeFileSync(join(folder, 'archive'), 'in the way')
    const { status, stderr } = run(NEVER)
    assert.is(status, 1, String(stderr))
    rmSync(join(folder, 'archive'))
    const main = ['--disable-warning=ExperimentalWarning', join(projectRoot, 'cmd/main.ts'), 'rotate']
    const words = ['--log', join(folder, 'flows.log'), '--signal', 'none']
    const without = spawnSync(process.execPath, [...main, ...words], { encoding: 'utf8' })
    assert.is(without.status, 1)
    assert.match(without.stderr, 'name the archive with --archive')
    run(NEVER)
    assert.equal(archiveFaults(join(folder, 'archive'), LINES), [])
  })
})

test.run()
