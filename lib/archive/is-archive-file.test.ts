import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isArchiveFile } from './is-archive-file.ts'

const test = suite('is-archive-file')

let folder = ''
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-archive-'))
})
test.after.each(() => rmSync(folder, { recursive: true }))

const fileOf = (octets: string) => {
  const path = join(folder, 'file')
  writeFileSync(path, octets)
  return path
}

test('a file is told by its first four octets', () => {
  assert.ok(isArchiveFile(fileOf('WEIRS')))
  assert.not.ok(isArchiveFile(fileOf('{"type":"IPFIX"}')))
  assert.not.ok(isArchiveFile(fileOf('WEI')))
  assert.not.ok(isArchiveFile(fileOf('')))
})

test('what is no file is none, and nobody waits for it', () => {
  assert.not.ok(isArchiveFile(join(folder, 'nothing')))
  assert.not.ok(isArchiveFile(folder))
  const pipe = join(folder, 'pipe')
  spawnSync('mkfifo', [pipe])
  assert.not.ok(isArchiveFile(pipe))
})

test.run()
