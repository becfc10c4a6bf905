import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseTxtar, runTxtar } from './txtar.ts'

const programs = { cat: ['cat'], sh: ['sh'] }

function run(text: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'weir-txtar-test-'))
  const path = join(folder, 'a.txtar')
  writeFileSync(path, text)
  try {
    runTxtar(path, { programs, environment: { PATH: process.env['PATH'] ?? '' } })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('an archive is a comment and files', () => {
  const { comment, files } = parseTxtar('say\n-- a --\none\ntwo\n-- b/c --\n')
  assert.is(comment, 'say\n')
  assert.equal(
    [...files],
    [
      ['a', 'one\ntwo\n'],
      ['b/c', ''],
    ],
  )
})

test('a script that holds passes', () => {
  run(
    `stdin a\nexec cat\ncmp stdout a\nexec cat a b/c\nmatch stdout ^two$\n! exec sh -c 'exit 3'\nstatus 3\n-- a --\none\n-- b/c --\ntwo\n`,
  )
})

test('what does not hold throws with its line', () => {
  assert.throws(() => run('exec cat a\ncmp stdout b\n-- a --\none\n-- b --\ntwo\n'), /cmp stdout b/)
  assert.throws(() => run('exec cat absent\n'), /status 1/)
  assert.throws(() => run('! exec cat a\n-- a --\n'), /status 0/)
  assert.throws(() => run(`! exec sh -c 'exit 3'\nstatus 2\n`), /status 3/)
  assert.throws(() => run('exec cat a\nmatch stdout two\n-- a --\none\n'), /no match/)
  assert.throws(() => run('exce cat\n'), /unknown word/)
})

test.run()
