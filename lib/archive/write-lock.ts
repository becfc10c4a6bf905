import { randomBytes } from 'node:crypto'
import {
  linkSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { FlowError } from '../diagnostics/flow-error.ts'
import { reasonOf } from '../diagnostics/reason.ts'
import { makeDirectories } from './make-directories.ts'
import { parseArchiveName } from './naming.ts'

/** Who writes a stream, as the lock file tells it. */
interface Holder {
  readonly pid: number
  /** Clock ticks after boot at which the process began, so that a reused pid is not taken for it. */
  readonly begun: string
  readonly host: string
  /** Boot id and pid namespace: where they equal ours, pids can be compared. */
  readonly space: string
  readonly nonce: string
}

/** A holder elsewhere, in another container say, is gone when it has not touched the lock for so long. */
const SILENCE_MS = 180_000

export interface WriteLock {
  /** Says that the holder lives; to be called at every sync. False if the lock is no longer ours. */
  touch(nowMs: number): boolean
  release(): void
}

/**
 * Takes the right to write `stream` in `directory`; throws ARCHIVE_LOCKED, saying who holds it, and FILE_UNWRITABLE. A
 * lock whose holder is dead is taken over.
 */
export function lockStream(directory: string, stream: string): WriteLock {
  try {
    return takeLock(directory, stream)
  } catch (error) {
    if (error instanceof FlowError) throw error
    throw new FlowError('FILE_UNWRITABLE', `cannot write archive: ${directory}: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

function takeLock(directory: string, stream: string): WriteLock {
  makeDirectories(directory)
  const path = lockPath(directory, stream)
  const mine: Holder = {
    pid: process.pid,
    begun: beginOf(process.pid) ?? '',
    host: hostname(),
    space: ourSpace(),
    nonce: randomBytes(8).toString('hex'),
  }
  const draft = `${path}.${mine.nonce}`
  writeFileSync(draft, `${JSON.stringify(mine)}\n`)
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      if (linkIfFree(draft, path)) return heldLock(path, mine)
      const holder = readHolder(path)
      if (holder === undefined) continue
      if (!isGone(path, holder)) {
        throw new FlowError('ARCHIVE_LOCKED', `archive is being written: ${path}: by ${textOf(holder)}`)
      }
      removeStale(path, `${draft}.stale`, holder)
    }
    throw new FlowError('ARCHIVE_LOCKED', `archive is being written: ${path}: by several that start at once`)
  } finally {
    unlinkSync(draft)
  }
}

/** Who writes `stream` in `directory` now, or null where nobody does. */
export function streamHolder(directory: string, stream: string): string | null {
  const path = lockPath(directory, stream)
  const holder = readHolder(path)
  return holder === undefined || isGone(path, holder) ? null : textOf(holder)
}

/** Days lie this deep below the folder that has the locks. */
const MOST_DEPTH = 3

/** Who may be writing the file at `path`, or null: its stream's lock lies in its folder or, as days do, above it. */
export function writerOf(path: string): string | null {
  const stream = parseArchiveName(basename(path))?.stream
  if (stream === undefined) return null
  let folder = dirname(resolve(path))
  for (let depth = 0; depth <= MOST_DEPTH; depth++, folder = dirname(folder)) {
    const holder = streamHolder(folder, stream)
    if (holder !== null) return holder
  }
  return null
}

/** The name of the lock under which files are joined, removed and repaired; no stream can have it. */
export const KEEPER = '-keeper'

function lockPath(directory: string, stream: string): string {
  return join(directory, `.${stream}.lock`)
}

function textOf(holder: Holder | null): string {
  return holder === null ? 'an unknown writer' : `process ${holder.pid} on ${holder.host}`
}

function heldLock(path: string, mine: Holder): WriteLock {
  const isMine = () => readHolder(path)?.nonce === mine.nonce
  return {
    touch(nowMs) {
      if (!isMine()) return false
      utimesSync(path, nowMs / 1000, nowMs / 1000)
      return true
    },
    release() {
      if (isMine()) unlinkSync(path)
    },
  }
}

/** link(2) fails where the name exists: the one call that only one can win. */
function linkIfFree(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Undefined where there is no lock, null where it cannot be understood. */
function readHolder(path: string): Holder | null | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
  try {
    const holder = JSON.parse(text) as Holder
    return typeof holder.pid === 'number' && typeof holder.nonce === 'string' ? holder : null
  } catch {
    return null
  }
}

function isGone(path: string, holder: Holder | null): boolean {
  if (holder !== null && holder.space === ourSpace()) {
    const begun = beginOf(holder.pid)
    return begun === null || begun !== holder.begun
  }
  try {
    return Date.now() - statSync(path).mtimeMs > SILENCE_MS
  } catch {
    return false
  }
}

/** Moves the stale lock away; where another was quicker and what was moved is a live one, that goes back. */
function removeStale(path: string, aside: string, stale: Holder | null): void {
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  const moved = readHolder(aside)
  if (moved?.nonce !== stale?.nonce) linkIfFree(aside, path)
  unlinkSync(aside)
}

/** Field 22 of /proc/<pid>/stat; null where there is no such process. */
function beginOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is a name in brackets that may hold anything.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

function ourSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}
