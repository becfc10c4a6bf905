import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs'
import { unlinkIfThere } from './file-id.ts'
import { likeFile } from './pack.ts'

const CHUNK = 1 << 20
/** When what was added while copying is no more than this, the rest is copied and the log emptied in one go. */
const SMALL = 64 << 10

/** Copies the log as it is now to `part`, on disk when it returns; the log stays as it is. */
export function copyLog(log: string, part: string): void {
  const from = openSync(log, 'r')
  const to = openSync(part, 'w', 0o600)
  try {
    for (let at = 0; ; ) {
      const end = copyFrom(from, to, at)
      fdatasyncSync(to)
      if (end - at <= SMALL) return
      at = end
    }
  } catch (error) {
    unlinkIfThere(part)
    throw error
  } finally {
    closeSync(from)
    closeSync(to)
  }
}

/**
 * Adds to `part` what the log has gained, and empties the log. Does nothing when a run that was killed has emptied it
 * already: then the log no longer begins as its copy does. What is written between the last read and the cut is lost.
 */
export function truncateLog(log: string, part: string): void {
  const from = openSync(log, 'r+')
  const to = openSync(part, 'r+')
  try {
    const copied = fstatSync(to).size
    if (!beginsAlike(from, to, copied)) return
    let end = copied
    for (let before = -1; before !== end; ) {
      before = end
      end = copyFrom(from, to, end)
    }
    ftruncateSync(from, 0)
    fdatasyncSync(to)
  } finally {
    closeSync(from)
    closeSync(to)
  }
  likeFile(part, statSync(log))
}

/** Copies from `at` to the end; returns where that was. */
function copyFrom(from: number, to: number, at: number): number {
  const chunk = Buffer.allocUnsafe(CHUNK)
  for (let end = at; ; ) {
    const octets = readSync(from, chunk, 0, CHUNK, end)
    if (octets === 0) return end
    for (let done = 0; done < octets; ) done += writeSync(to, chunk, done, octets - done, end + done)
    end += octets
  }
}

function beginsAlike(a: number, b: number, octets: number): boolean {
  const [first, second] = [Buffer.allocUnsafe(CHUNK), Buffer.allocUnsafe(CHUNK)]
  for (let at = 0; at < octets; ) {
    const want = Math.min(CHUNK, octets - at)
    const got = readSync(a, first, 0, want, at)
    if (got === 0 || readSync(b, second, 0, got, at) !== got) return false
    if (first.compare(second, 0, got, 0, got) !== 0) return false
    at += got
  }
  return true
}
