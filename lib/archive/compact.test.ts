import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SILENT } from '../diagnostics/log.ts'
import type { FlowBatch } from '../flow/batch.ts'
import { newRandom } from '../testing/workload.ts'
import { KEEPING_CALLS, type KeepingCalls } from './archive-calls.ts'
import { openArchive } from './archive-reader.ts'
import { type CompactOptions, compactArchive } from './compact.ts'
import { RECORD_KINDS } from './encoding.ts'
import { liveFiles } from './live-files.ts'
import { archivePath } from './naming.ts'
import { dyingCalls } from './testing/dying-calls.ts'
import { rowsOfKind, testWriter, UNSYNCED, withDirectory } from './testing/files.ts'
import { randomBatches } from './testing/random-batches.ts'
import { verifyArchive } from './verify.ts'

const DAY_MS = 86_400_000
const DAY = Date.UTC(2026, 0, 10)
const OPTIONS: CompactOptions = {
  into: 'day',
  beforeMs: DAY + 1000 * DAY_MS,
  nowMs: DAY + 2 * DAY_MS,
  log: SILENT,
  blockRows: 64,
  calls: UNSYNCED,
}

function write(directory: string, stream: string, ms: number, batches: readonly FlowBatch[], n = 0): string {
  const path = archivePath(directory, stream, ms, n)
  mkdirSync(dirname(path), { recursive: true })
  const writer = testWriter(path, 16, UNSYNCED, { stream, createdNs: BigInt(ms) * 1_000_000n })
  for (const [i, batch] of batches.entries()) {
    writer.lineShape = i % 2 === 0 ? '{"format":"json"}' : ''
    writer.append(batch)
  }
  assert.ok(writer.close())
  return path
}

/** Some hours of two streams, of all kinds of records. */
function fill(directory: string, seed: number, files = 4, streams = ['a', 'b']): void {
  const next = randomBatches(seed, 6)
  for (let i = 0; i < files; i++) {
    const batches = () => Array.from({ length: 5 }, () => next(7))
    for (const stream of streams) write(directory, stream, DAY + i * 3_600_000, batches())
  }
}

/** Rows of each stream and kind, in the order of files and blocks. */
function rowsOf(directory: string): string {
  const rows = new Map<string, unknown[]>()
  for (const { path, stream } of liveFiles([directory])) {
    const reader = openArchive(path)
    for (const kind of RECORD_KINDS) {
      const key = `${stream} ${kind}`
      rows.set(key, [...(rows.get(key) ?? []), ...rowsOfKind(reader, kind)])
    }
    assert.equal(reader.problems, [])
    reader.close()
  }
  return JSON.stringify([...rows], (_, value) => (typeof value === 'bigint' ? `${value}n` : value))
}

function shapesOf(directory: string): string[] {
  return liveFiles([directory]).flatMap(({ path }) => {
    const reader = openArchive(path)
    const shapes = reader.blocks.flatMap(({ kind, rows }, index) =>
      kind === 'flow' ? Array.from({ length: rows }, () => reader.lineShape(index)) : [],
    )
    reader.close()
    return shapes
  })
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== '.catalog')
    .map(({ name }) => name)
    .sort()
}

test('files of a stream and day become one with full blocks, every row bit for bit and in order', () => {
  withDirectory((directory) => {
    fill(directory, 1)
    const [before, shapes] = [rowsOf(directory), shapesOf(directory)]
    const done = [...compactArchive(directory, OPTIONS)]
    assert.equal(
      done.map(({ files }) => files.length),
      [4, 4],
    )
    const live = liveFiles([directory])
    assert.equal(
      live.map(({ stream, state }) => `${stream} ${state}`),
      ['a finished', 'b finished'],
    )
    assert.is(rowsOf(directory), before)
    assert.equal(shapesOf(directory), shapes, 'how the lines looked')
    assert.equal(filesBelow(directory), ['a-20260110T000000Z-1.weir', 'b-20260110T000000Z-1.weir'])
    for (const { path } of live) assert.is(verifyArchive(path).state, 'finished')
    assert.equal([...compactArchive(directory, OPTIONS)], [], 'once is enough')
  })
})

test('spans are kept apart: hours, days, months', () => {
  withDirectory((directory) => {
    const next = randomBatches(2, 3)
    const times = [0, 1, 25, 26, 24 * 40].map((hours) => DAY + hours * 3_600_000)
    for (const ms of times) {
      write(directory, 'a', ms, [next(5)])
      write(directory, 'a', ms + 60_000, [next(5)])
    }
    const nowMs = DAY + 400 * DAY_MS
    const before = rowsOf(directory)
    for (const [into, files] of [
      ['hour', 5],
      ['day', 3],
      ['month', 2],
    ] as const) {
      ;[...compactArchive(directory, { ...OPTIONS, nowMs, into })]
      assert.is(liveFiles([directory]).length, files, into)
      assert.is(rowsOf(directory), before)
    }
  })
})

test('of a day that is not over only small files are joined, and what is being written never', () => {
  withDirectory((directory) => {
    const next = randomBatches(3, 3)
    write(directory, 'a', DAY, [next(5)])
    write(directory, 'a', DAY + 1000, [next(5)])
    const large = Array.from({ length: 130 }, () => next(5))
    write(directory, 'a', DAY + 2000, large)
    const open = testWriter(archivePath(directory, 'a', DAY + 3000, 0), 16)
    open.append(next(5))
    open.sync()
    const done = [...compactArchive(directory, { ...OPTIONS, nowMs: DAY + 3_600_000 })]
    assert.equal(
      done.map(({ files }) => files.length),
      [2],
    )
    assert.ok(existsSync(`${open.path}.part`))
    assert.ok(open.close())
  })
})

test('files that began after a moment wait', () => {
  withDirectory((directory) => {
    fill(directory, 4)
    const beforeMs = DAY + 2 * 3_600_000
    const done = [...compactArchive(directory, { ...OPTIONS, beforeMs })]
    assert.equal(
      done.map(({ files }) => files.length),
      [2, 2],
    )
  })
})

test('a file with too many addresses ends where an old file ends', () => {
  withDirectory((directory) => {
    fill(directory, 5, 6)
    const before = rowsOf(directory)
    const done = [...compactArchive(directory, { ...OPTIONS, mostAddresses: 100 })]
    assert.ok(done.length > 2)
    assert.is(rowsOf(directory), before)
  })
})

test('a damaged file is left alone, and its neighbours are joined', () => {
  withDirectory((directory) => {
    const next = randomBatches(6, 4)
    const paths = [0, 1, 2, 3, 4].map((i) => write(directory, 'a', DAY + i * 1000, [next(7), next(7)]))
    const octets = readFileSync(paths[2]!)
    const reader = openArchive(paths[2]!)
    const { at, headOctets, bodyOctets } = reader.blocks[0]!
    reader.close()
    octets[at + 32 + headOctets + (bodyOctets >> 1)]! ^= 4
    writeFileSync(paths[2]!, octets)
    const done = [...compactArchive(directory, OPTIONS)]
    assert.equal(
      done.map(({ files }) => files.map(({ path }) => paths.indexOf(path))),
      [
        [0, 1],
        [3, 4],
      ],
    )
    assert.ok(readFileSync(paths[2]!).equals(octets))
  })
})

test('whatever call is the last, each row is in exactly one file that counts, and the next run ends the work', () => {
  const count = dyingCalls(Number.MAX_SAFE_INTEGER)
  withDirectory((directory) => {
    fill(directory, 7, 2, ['a'])
    ;[...compactArchive(directory, { ...OPTIONS, calls: count.calls })]
  })
  assert.ok(count.made() > 15, `${count.made()}`)
  for (let last = 0; last < count.made(); last++) {
    withDirectory((directory) => {
      fill(directory, 7, 2, ['a'])
      const before = rowsOf(directory)
      try {
        ;[...compactArchive(directory, { ...OPTIONS, calls: dyingCalls(last).calls })]
        assert.unreachable(`call ${last}`)
      } catch (error) {
        assert.ok((error as Error).name !== 'Assertion', String(error))
      }
      assert.is(rowsOf(directory), before, `killed at call ${last}`)
      ;[...compactArchive(directory, OPTIONS)]
      assert.is(rowsOf(directory), before, `killed at call ${last}, then run again`)
      assert.equal(filesBelow(directory).length, 1, `killed at call ${last}`)
    })
  }
})

test('a disk that is full leaves everything as it was', () => {
  const random = newRandom(5)
  for (let i = 0; i < 5; i++) {
    withDirectory((directory) => {
      fill(directory, 8, 2)
      const [before, files] = [rowsOf(directory), filesBelow(directory)]
      let room = random(9000)
      const write: KeepingCalls['write'] = (fd, octets, from, count, at) => {
        const taken = Math.min(room, count)
        room -= taken
        if (taken === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
        return KEEPING_CALLS.write(fd, octets, from, taken, at)
      }
      assert.throws(
        () => [...compactArchive(directory, { ...OPTIONS, calls: { ...UNSYNCED, write } })],
        /cannot (compact|change) archive/,
      )
      assert.is(rowsOf(directory), before)
      assert.equal(filesBelow(directory), files)
    })
  }
})

test.run()
