// A disk that is full at random places: what is acknowledged stays, what is dropped is counted, and the writer goes on by
// itself when there is room. With root rights the disk is a small tmpfs, else calls that fail as a full disk's do.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ARCHIVE_CALLS } from '../../lib/archive/archive-calls.ts'
import { ArchiveWriter } from '../../lib/archive/archive-writer.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { FlowBatch } from '../../lib/flow/batch.ts'
import { allNumbers, fillNumbered } from './numbered-flows.mjs'

const BATCH = 600
const BATCHES = 60
const DISK_OCTETS = 4 * 2 ** 20

/** A disk of its own, or null without the rights for it. */
function mountDisk(root) {
  const path = join(root, 'disk')
  mkdirSync(path)
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_OCTETS}`, 'weir-crash', path])
  if (status !== 0) return null
  return {
    path,
    /** Leaves only so much room. */
    fill(octets) {
      const { bavail, bsize } = statfsSync(path)
      writeFileSync(join(path, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - octets)))
    },
    free: () => rmSync(join(path, 'ballast'), { force: true }),
    close: () => spawnSync('umount', [path]),
  }
}

/** Calls that take so many octets in all until `free`. */
function limitedCalls() {
  let room = Number.POSITIVE_INFINITY
  const full = () => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  return {
    calls: {
      ...ARCHIVE_CALLS,
      write(fd, octets, from, length, at) {
        if (room <= 0) throw full()
        const taken = ARCHIVE_CALLS.write(fd, octets, from, Math.min(length, room), at)
        room -= taken
        return taken
      },
    },
    fill: (octets) => {
      room = octets
    },
    free: () => {
      room = Number.POSITIVE_INFINITY
    },
  }
}

function run(directory, disk, calls, octets) {
  const limits = { blockRows: 1024, rotateOctets: 48_000, syncEveryMs: 1_000_000, rotateEveryMs: 0 }
  const writer = new ArchiveWriter({ directory, stream: 'full', limits, log: SILENT, calls })
  // Without room for its lock a writer does not begin.
  disk.fill(octets)
  const batch = new FlowBatch()
  const kept = new Set()
  let acknowledged = 0
  for (let i = 0; i < BATCHES; i++) {
    // From here on there is room again.
    if (i === Math.floor(BATCHES / 2)) disk.free()
    fillNumbered(batch, i * BATCH, (i + 1) * BATCH)
    if (writer.append(batch) === 0) kept.add(i)
    if (i % 7 === 0) writer.sync()
    acknowledged = writer.acknowledgedRows
  }
  const isLateTaken = kept.has(BATCHES - 1)
  writer.close()
  const numbers = allNumbers(directory)
  if (numbers.size < acknowledged) throw new Error(`${numbers.size} rows of ${acknowledged} acknowledged`)
  if (numbers.size + writer.droppedRows !== BATCHES * BATCH)
    throw new Error(`${numbers.size} rows and ${writer.droppedRows} counted as dropped of ${BATCHES * BATCH}`)
  if (!isLateTaken) throw new Error('the writer did not go on when there was room')
  return { rows: numbers.size, dropped: writer.droppedRows }
}

/** Writes on `count` disks that are full at random places; throws where an acknowledged row is lost or the sums differ. */
export function runFull({ root, count, random, report }) {
  const disk = mountDisk(root)
  const calls = limitedCalls()
  let rows = 0
  let dropped = 0
  try {
    for (let i = 0; i < count; i++) {
      const directory = mkdtempSync(join(disk?.path ?? root, 'full-'))
      const sums = run(directory, disk ?? calls, disk === null ? calls.calls : ARCHIVE_CALLS, random(200_000))
      rows += sums.rows
      dropped += sums.dropped
      rmSync(directory, { recursive: true })
    }
  } finally {
    disk?.close()
  }
  const how = disk === null ? 'calls that fail so' : 'a tmpfs'
  report(`${count} times a full disk (${how}): ${rows} rows kept, ${dropped} dropped and counted`)
}
