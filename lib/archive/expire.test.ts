import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { F } from '../flow/fields.ts'
import { type ExpiryRules, expireArchive } from './expire.ts'
import type { FileWriterOptions } from './file-writer.ts'
import { archiveFiles } from './live-files.ts'
import { archivePath } from './naming.ts'
import type { FileIdentity } from './schema.ts'
import { testWriter, withDirectory } from './testing/files.ts'
import { KEEPER, lockStream } from './write-lock.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.UTC(2026, 0, 31, 12)
const KEEP_ALL: ExpiryRules = { keepMs: null, keepRollupsMs: null, octets: null, free: null }

/** A file of one flow that was received `days` ago; returns its path. */
function write(
  directory: string,
  days: number,
  more: Partial<FileWriterOptions & { replaces: FileIdentity[] }> = {},
  kind = 'flow',
) {
  const ms = NOW_MS - days * DAY_MS
  let path = archivePath(directory, 'test', ms, 0)
  if (kind === 'rollup') path = path.replace('.weir', '.net.weir')
  mkdirSync(dirname(path), { recursive: true })
  const writer = testWriter(path, 1000, undefined, { createdNs: BigInt(ms) * 1_000_000n, ...more })
  writer.replaces = more.replaces ?? []
  const batch = new FlowBatch()
  batch.kind = kind as FlowBatch['kind']
  const column = batch.fixed(F.timeReceived)
  column.wide[0] = BigInt(ms) * 1_000_000n
  column.present[0] = 1
  batch.rowCount = 1
  writer.append(batch)
  return { path, writer, identity: writer.identity }
}

function finished(...args: Parameters<typeof write>) {
  const file = write(...args)
  assert.ok(file.writer.close())
  return file
}

const ROLLUP = {
  name: 'net',
  binNs: 60_000_000_000n,
  keys: [],
  measures: [],
  covers: [],
  basis: '',
  untimed: 0,
  unaddressed: 0,
}

test('files of records and rollups go by their own ages, and empty folders with them', () => {
  withDirectory((directory) => {
    const ages = [1, 29, 31, 40]
    const raw = ages.map((days) => finished(directory, days).path)
    const rollups = ages.map((days) => finished(directory, days, { rollup: ROLLUP }, 'rollup').path)
    const rules = { ...KEEP_ALL, keepMs: 30 * DAY_MS, keepRollupsMs: 35 * DAY_MS }
    const planned = expireArchive(directory, rules, NOW_MS, true)
    assert.is(archiveFiles([directory]).length, 8, 'a dry run removes nothing')
    const expired = expireArchive(directory, rules, NOW_MS, false)
    assert.equal(
      expired.map(({ file, why }) => [file.path, why]),
      [raw[3], raw[2], rollups[3]].map((path) => [path, 'age']),
    )
    assert.equal(planned, expired)
    assert.is(archiveFiles([directory]).length, 5)
    assert.not.ok(existsSync(dirname(raw[3]!)), 'the day is gone')
    assert.ok(existsSync(dirname(raw[2]!)), 'a rollup is there')
    assert.ok(existsSync(dirname(raw[0]!)))
  })
})

test('for size the oldest go first, rollups after all records', () => {
  withDirectory((directory) => {
    const files = [3, 2, 1].map((days) => finished(directory, days).path)
    const rollup = finished(directory, 9, { rollup: ROLLUP }, 'rollup').path
    const sizes = new Map(archiveFiles([directory]).map(({ path, fileOctets }) => [path, fileOctets]))
    const octets = sizes.get(rollup)! + sizes.get(files[2]!)!
    assert.equal(
      expireArchive(directory, { ...KEEP_ALL, octets }, NOW_MS, false).map(({ file }) => file.path),
      [files[0], files[1]],
    )
    assert.equal(
      expireArchive(directory, { ...KEEP_ALL, octets: 1 }, NOW_MS, false).map(({ file }) => file.path),
      [files[2], rollup],
    )
  })
})

test('for room the oldest go until there should be enough', () => {
  withDirectory((directory) => {
    finished(directory, 3)
    const free = { octets: Number.MAX_SAFE_INTEGER }
    assert.equal(
      expireArchive(directory, { ...KEEP_ALL, free }, NOW_MS, true).map(({ why }) => why),
      ['room'],
    )
    assert.equal(expireArchive(directory, { ...KEEP_ALL, free: { octets: 1 } }, NOW_MS, true), [])
  })
})

test('a file that is being written stays whatever the rules say', () => {
  withDirectory((directory) => {
    const { writer } = write(directory, 100)
    writer.sync()
    assert.equal(expireArchive(directory, { ...KEEP_ALL, keepMs: DAY_MS, octets: 1 }, NOW_MS, false), [])
    writer.close()
    assert.is(expireArchive(directory, { ...KEEP_ALL, keepMs: DAY_MS }, NOW_MS, false).length, 1)
  })
})

test('what a compaction left undone is finished, without any rule', () => {
  withDirectory((directory) => {
    const old = finished(directory, 3)
    finished(directory, 2, { replaces: [old.identity] })
    assert.equal(
      expireArchive(directory, KEEP_ALL, NOW_MS, false).map(({ file, why }) => [file.path, why]),
      [[old.path, 'replaced']],
    )
  })
})

test('strangers in a folder keep it, two runs at once do not happen, and a wrong name makes no folder', () => {
  withDirectory((directory) => {
    const { path } = finished(directory, 50)
    writeFileSync(join(dirname(path), 'notes.txt'), '')
    const lock = lockStream(directory, KEEPER)
    assert.throws(
      () => expireArchive(directory, { ...KEEP_ALL, keepMs: DAY_MS }, NOW_MS, false),
      /is being written/,
    )
    lock.release()
    assert.is(expireArchive(directory, { ...KEEP_ALL, keepMs: DAY_MS }, NOW_MS, false).length, 1)
    assert.ok(existsSync(join(dirname(path), 'notes.txt')))
    assert.throws(() => expireArchive(join(directory, 'typo'), KEEP_ALL, NOW_MS, false), /cannot read/)
    assert.not.ok(existsSync(join(directory, 'typo')))
  })
})

test.run()
