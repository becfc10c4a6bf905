import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowError } from '../diagnostics/flow-error.ts'
import { SILENT } from '../diagnostics/log.ts'
import { newRandom } from '../testing/workload.ts'
import { ARCHIVE_CALLS, type ArchiveCalls } from './archive-calls.ts'
import { openArchive } from './archive-reader.ts'
import { ArchiveWriter } from './archive-writer.ts'
import { parseArchiveName } from './naming.ts'
import { type PlainRow, plainRows, rowsOfKind, testWriter, withDirectory } from './testing/files.ts'
import { randomBatches } from './testing/random-batches.ts'
import { verifyArchive } from './verify.ts'

const START = Date.UTC(2026, 10, 21, 23, 59, 58)

function files(directory: string): string[] {
  return (readdirSync(directory, { recursive: true }) as string[])
    .filter((name) => name.includes('.weir'))
    .sort()
}

test('files are named by the UTC time they were begun and rotated on the hour', () => {
  withDirectory((directory) => {
    let now = START
    const options = { directory, stream: 'edge', log: SILENT, nowMs: () => now }
    const writer = new ArchiveWriter({ ...options, limits: { rotateEveryMs: 3_600_000 } })
    const next = randomBatches(1, 5)
    let rows = 0
    for (let i = 0; i < 8; i++) {
      const batch = next(10)
      writer.append(batch)
      rows += batch.rowCount
      now += 1000
    }
    assert.is(writer.acknowledgedRows, 20)
    writer.close()
    assert.is(writer.acknowledgedRows, rows)
    assert.equal(files(directory), [
      '2026/11/21/edge-20261121T235958Z-0.weir',
      '2026/11/22/edge-20261122T000000Z-0.weir',
    ])
    assert.equal(parseArchiveName('edge-20261121T235958Z-0.weir.part'), {
      stream: 'edge',
      startMs: START,
      isOpen: true,
    })
  })
})

test('a second writer of the same stream is told who holds it, and a dead one is succeeded', () => {
  withDirectory((directory) => {
    const options = { directory, stream: 'edge', log: SILENT }
    const first = new ArchiveWriter(options)
    try {
      new ArchiveWriter(options)
      assert.unreachable()
    } catch (error) {
      assert.ok(error instanceof FlowError && error.code === 'ARCHIVE_LOCKED')
      assert.match(error.message, `process ${process.pid} on `)
    }
    const other = new ArchiveWriter({ ...options, stream: 'core' })
    other.close()
    first.close()
    assert.not(existsSync(join(directory, '.edge.lock')))
    new ArchiveWriter(options).close()
    assert.equal(readdirSync(directory), [])
  })
})

test('what a dead writer left is finished by the next one of the stream', () => {
  withDirectory((directory) => {
    const path = join(directory, 'edge-20261121T000000Z-0.weir')
    const dead = testWriter(path, 1000)
    const next = randomBatches(2, 4)
    for (let i = 0; i < 5; i++) dead.append(next(30))
    dead.sync()
    const acknowledged = dead.acknowledgedRows
    // Its process does not exist, and its last frame is not whole.
    writeFileSync(`${path}.part`, 'WEIR', { flag: 'a' })
    const holder = { pid: 0x3fffff, begun: '1', host: 'x', space: 'y', nonce: 'z' }
    writeFileSync(join(directory, '.edge.lock'), JSON.stringify(holder))
    assert.throws(() => new ArchiveWriter({ directory, stream: 'edge', log: SILENT }), /process 4194303 on x/)
    const { space } = JSON.parse(lockText(directory))
    writeFileSync(join(directory, '.edge.lock'), JSON.stringify({ ...holder, space }))
    const writer = new ArchiveWriter({ directory, stream: 'edge', log: SILENT })
    assert.is(writer.repairs[0]?.rows, acknowledged)
    assert.is(writer.repairs[0]?.lostOctets, 4)
    writer.close()
    assert.is(verifyArchive(path).state, 'finished')
  })
})

test('a file whose writer died before its first frame was whole is removed', () => {
  withDirectory((directory) => {
    const options = { directory, stream: 'edge', log: SILENT }
    for (const text of ['', 'WEIRS']) {
      writeFileSync(join(directory, 'edge-20261121T000000Z-0.weir.part'), text)
      const writer = new ArchiveWriter(options)
      assert.is(writer.repairs[0]?.outcome, 'removed')
      writer.close()
      assert.equal(readdirSync(directory), [])
    }
  })
})

/** What this process writes into a lock. */
function lockText(directory: string): string {
  const writer = new ArchiveWriter({ directory, stream: 'probe', log: SILENT })
  const text = readFileSync(join(directory, '.probe.lock')).toString()
  writer.close()
  return text
}

test('a file that meets its limit of addresses is followed by another', () => {
  withDirectory((directory) => {
    const limits = { mostAddresses: 200, blockRows: 64 }
    const said: unknown[] = []
    const log = { ...SILENT, info: (message: string, facts?: object) => void said.push([message, facts]) }
    const writer = new ArchiveWriter({ directory, stream: 's', log, limits })
    const next = randomBatches(3)
    let rows = 0
    for (let i = 0; i < 12; i++) {
      const batch = next(50)
      rows += batch.rowCount
      writer.append(batch)
    }
    writer.close()
    const names = files(directory)
    assert.ok(names.length > 2)
    assert.match(
      JSON.stringify(said),
      /"archive file is full: beginning another",\{[^}]*"reason":"addresses"/,
    )
    const found = names.reduce((sum, name) => sum + verifyArchive(join(directory, name)).rows, 0)
    assert.is(found, rows)
  })
})

/** Calls on a disk of `room` octets. */
function fullDisk(disk: { room: number }): ArchiveCalls {
  return {
    ...ARCHIVE_CALLS,
    syncData() {},
    sync() {},
    syncDirectory() {},
    write(fd, octets, from, count, at) {
      const free = disk.room - at
      if (free <= 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
      return ARCHIVE_CALLS.write(fd, octets, from, Math.min(count, free), at)
    },
  }
}

test('a full disk keeps what was acknowledged, counts what is dropped, and writing goes on when there is room', () => {
  withDirectory((directory) => {
    const random = newRandom(5)
    for (let round = 0; round < 15; round++) {
      const path = join(directory, `${round}.weir`)
      const disk = { room: 500 + random(12_000) }
      const writer = testWriter(path, 64, fullDisk(disk))
      const next = randomBatches(round + 1, 8)
      const kept: PlainRow[] = []
      let dropped = 0
      let acknowledged = 0
      for (let i = 0; i < 24; i++) {
        const batch = next(20)
        batch.kind = 'flow'
        const lost = writer.append(batch)
        dropped += lost
        if (lost === 0) kept.push(...plainRows(batch))
        else assert.is(lost, 20)
        if (i % 5 === 4) {
          writer.sync()
          assert.ok(writer.acknowledgedRows >= acknowledged)
          acknowledged = writer.acknowledgedRows
        }
        // A reader never sees more or less than whole blocks.
        if (i === 14) {
          const rows = verifyRows(`${path}.part`)
          assert.ok(rows >= acknowledged && rows <= kept.length)
        }
        if (i === 16) disk.room = 2 ** 30
      }
      assert.is(writer.droppedRows, dropped)
      assert.ok(writer.close())
      const reader = openArchive(path)
      assert.equal(rowsOfKind(reader, 'flow'), kept)
      reader.close()
    }
  })
})

function verifyRows(path: string): number {
  try {
    const report = verifyArchive(path)
    assert.is(report.state, 'open')
    return report.rows
  } catch (error) {
    // Not even the first frame had room.
    assert.ok(error instanceof FlowError && error.code === 'ARCHIVE_CORRUPT')
    return 0
  }
}

test('a reader follows a file while it is written and across its finishing', () => {
  withDirectory((directory) => {
    const path = join(directory, 'f.weir')
    const writer = testWriter(path, 50)
    const next = randomBatches(8, 4)
    const wanted: PlainRow[] = []
    const add = () => {
      const batch = next(30)
      batch.kind = 'flow'
      wanted.push(...plainRows(batch))
      writer.append(batch)
    }
    add()
    writer.sync()
    const reader = openArchive(`${path}.part`)
    assert.is(reader.rows('flow'), 30)
    for (let i = 0; i < 6; i++) {
      add()
      reader.readOn()
      assert.ok(reader.rows('flow') <= wanted.length)
    }
    assert.ok(writer.close())
    reader.readOn()
    assert.is(reader.state, 'finished')
    assert.equal(rowsOfKind(reader, 'flow'), wanted)
    assert.equal(reader.problems, [])
    reader.close()
  })
})

test.run()
