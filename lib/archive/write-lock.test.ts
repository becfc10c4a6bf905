import { existsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { FlowError } from '../diagnostics/flow-error.ts'
import { SILENT } from '../diagnostics/log.ts'
import { FlowBatch } from '../flow/batch.ts'
import { FlowGenerator } from '../testing/flow-generator.ts'
import { ArchiveWriter } from './archive-writer.ts'
import { withDirectory } from './testing/files.ts'
import { KEEPER, lockStream, streamHolder, writerOf } from './write-lock.ts'

test('who writes a file is known from the file, as long as the writer lives', () => {
  withDirectory((directory) => {
    const writer = new ArchiveWriter({ directory, stream: 'main', log: SILENT })
    const batch = new FlowBatch()
    new FlowGenerator(1).fill(batch)
    writer.append(batch)
    const part = `${writer.path}.part`
    assert.ok(existsSync(part) && dirname(part) !== directory, 'the lock lies above the day')
    assert.is(writerOf(part)?.split(' on ')[0], `process ${process.pid}`)
    assert.is(writerOf(part.replace('main-', 'other-')), null)
    writer.close()
    assert.is(writerOf(part), null)
  })
})

test('a dead writer holds nothing, and names that are not of an archive have no writer', () => {
  withDirectory((directory) => {
    const lock = lockStream(directory, 'main')
    assert.ok(streamHolder(directory, 'main') !== null)
    lock.release()
    assert.is(streamHolder(directory, 'main'), null)
    const dead = { pid: 2 ** 22 + 1, begun: '1', host: 'here', space: 'another', nonce: 'x' }
    writeFileSync(join(directory, '.main.lock'), JSON.stringify(dead))
    assert.match(
      streamHolder(directory, 'main') ?? '',
      /^process 4194305 on here$/,
      'elsewhere, and not silent yet',
    )
    assert.is(writerOf(join(directory, 'flows.weir')), null)
  })
})

test('one run at a time joins and removes files, beside any writer', () => {
  withDirectory((directory) => {
    const keeper = lockStream(directory, KEEPER)
    const writer = lockStream(directory, 'keeper')
    assert.throws(() => lockStream(directory, KEEPER), /is being written: .* by process \d+ on /)
    writer.release()
    keeper.release()
  })
})

test('a folder that cannot be written is named with the reason', () => {
  withDirectory((directory) => {
    const path = join(directory, 'file')
    writeFileSync(path, '')
    assert.throws(
      () => lockStream(join(path, 'below'), KEEPER),
      (error: FlowError) =>
        error.code === 'FILE_UNWRITABLE' && error.message.startsWith('cannot write archive: '),
    )
  })
})

test.run()
