import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowError } from '../diagnostics/flow-error.ts'
import { SILENT } from '../diagnostics/log.ts'
import { newRandom } from '../testing/workload.ts'
import { openArchive } from './archive-reader.ts'
import { compactArchive } from './compact.ts'
import { expireArchive } from './expire.ts'
import { archiveFiles, liveFiles } from './live-files.ts'
import { archivePath } from './naming.ts'
import { repairArchive } from './repair.ts'
import { ROLLUP_KINDS } from './rollup-kinds.ts'
import { writeRollups } from './rollups.ts'
import { testWriter, UNSYNCED, withDirectory } from './testing/files.ts'
import { randomBatches } from './testing/random-batches.ts'
import { verifyArchive } from './verify.ts'

// Files whose octets were changed, seen by everything that keeps an archive.
const DAY = Date.UTC(2026, 0, 10)
const nothing = { name: 'local', fill() {}, text: String, find: () => -1 }
const KNOWLEDGE = { local: nothing, localName: 'none', as: null, asName: 'none' }
const KEEP_ALL = { keepMs: null, keepRollupsMs: null, octets: null, free: null }

test('damage anywhere is survived, and a damaged file is never joined and never removed', () => {
  const random = newRandom(31)
  const next = randomBatches(31, 12)
  const [octets, ...others] = [0, 1, 2].map((i) => {
    let written = Buffer.alloc(0)
    withDirectory((directory) => {
      const path = `${directory}/x.weir`
      const writer = testWriter(path, 16, UNSYNCED, { createdNs: BigInt(DAY + i * 1000) * 1_000_000n })
      for (let k = 0; k < 3; k++) writer.append(next(7))
      assert.ok(writer.close())
      written = readFileSync(path)
    })
    return written
  }) as [Buffer, Buffer, Buffer]
  for (let i = 0; i < 20; i++) {
    withDirectory((directory) => {
      const damaged = Buffer.from(octets)
      const bit = random(octets.length * 8)
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      const paths = [damaged, ...others].map((data, k) => {
        const path = archivePath(directory, 'a', DAY + k * 1000, 0)
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, data)
        return path
      })
      const options = { into: 'day', beforeMs: 4e12, nowMs: 3e12, log: SILENT, calls: UNSYNCED } as const
      const isFine = isWhole(paths[0]!)
      const done = [...compactArchive(directory, options)]
      const joined = done.flatMap(({ files }) => files.map(({ path }) => path))
      if (!isFine && joined.includes(paths[0]!)) {
        // What is not read for rows, such as the address directory, may be damaged: nothing is lost by that.
        assert.equal(joined.length, 3)
        assert.is(verifyArchive(done[0]!.path).rows, totalOf(octets, others), `bit ${bit}`)
      } else {
        assert.ok(readFileSync(isFine ? done[0]!.path : paths[0]!).length > 0, `bit ${bit}`)
        assert.equal(joined.length, isFine ? 3 : 2, `bit ${bit}`)
      }
      ;[
        ...writeRollups(directory, {
          kinds: ROLLUP_KINDS,
          knowledge: KNOWLEDGE,
          log: SILENT,
          calls: UNSYNCED,
        }),
      ]
      assert.equal(expireArchive(directory, KEEP_ALL, DAY, false), [], `bit ${bit}`)
      for (const { path } of archiveFiles([directory])) {
        try {
          repairArchive(path, true)
        } catch (error) {
          assert.ok(error instanceof FlowError, String(error))
        }
      }
      assert.ok(liveFiles([directory]).length >= 1)
    })
  }
})

function isWhole(path: string): boolean {
  try {
    return verifyArchive(path).state === 'finished'
  } catch {
    return false
  }
}

/** Rows of the three files as they were written. */
function totalOf(octets: Buffer, others: readonly Buffer[]): number {
  let rows = 0
  withDirectory((directory) => {
    for (const [i, data] of [octets, ...others].entries()) {
      writeFileSync(`${directory}/${i}.weir`, data)
      rows += verifyArchive(`${directory}/${i}.weir`).rows
    }
  })
  return rows
}

test('a FIFO is refused, and nobody waits for one who writes to it', () => {
  withDirectory((directory) => {
    const path = join(directory, 'fifo.weir')
    spawnSync('mkfifo', [path])
    assert.throws(
      () => openArchive(path),
      (error: FlowError) => error.code === 'FILE_UNREADABLE' && /it is no file/.test(error.message),
    )
  })
})

test.run()
