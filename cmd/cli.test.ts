import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { projectRoot, testdata } from '../lib/testing/project.ts'
import { runTxtar } from '../lib/testing/txtar.ts'

const main = join(projectRoot, 'cmd/main.ts')
const node = [process.execPath, '--disable-warning=ExperimentalWarning']
let folder = ''
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-cli-'))
  symlinkSync(main, join(folder, 'goflow2'))
})
test.after(() => rmSync(folder, { recursive: true }))

for (const name of readdirSync(testdata('cli'))) {
  test(`testdata/cli/${name} holds`, () => {
    runTxtar(testdata('cli', name), {
      programs: { weir: [...node, main], goflow2: [...node, join(folder, 'goflow2')] },
      // No configuration of this machine's user; compiled once for all runs.
      environment: { HOME: folder, TZ: 'UTC', NODE_COMPILE_CACHE: join(folder, 'cache') },
    })
  })
}

test('a reader who has enough ends the command quietly with 0', () => {
  const shell = `{ ${[...node, main].join(' ')} man; echo "status $?" >&2; } | true`
  const { stderr } = spawnSync('sh', ['-c', shell], { encoding: 'utf8' })
  assert.is(stderr, 'status 0\n')
})

test("bash's completion completes commands, flags and values", () => {
  const weir = `${[...node, main].join(' ')}`
  const complete = (...words: string[]) => {
    const script =
      `source <(${weir} completion bash); COMP_WORDS=(weir ${words.map((word) => `'${word}'`).join(' ')}); ` +
      `COMP_CWORD=${words.length}; _weir; echo "\${COMPREPLY[@]}"`
    return spawnSync('bash', ['-c', script], { encoding: 'utf8', cwd: folder }).stdout.trim()
  }
  assert.is(complete('col'), 'collect')
  assert.is(complete('collect', '--transport.file.'), '--transport.file.sep')
  assert.is(complete('collect', '--format', 't'), 'text')
})

test.run()
