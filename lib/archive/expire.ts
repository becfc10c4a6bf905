import { readdirSync, rmdirSync, statfsSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FlowError } from '../diagnostics/flow-error.ts'
import type { ArchiveFile } from './file-facts.ts'
import { archiveFiles, requireFolder, splitReplaced } from './live-files.ts'
import { archivePath } from './naming.ts'
import { syncFolders } from './sync-folders.ts'
import { KEEPER, lockStream } from './write-lock.ts'

/** What may stay; null is no bound. */
export interface ExpiryRules {
  /** Age of the latest record of a file, by the time it was received. */
  readonly keepMs: number | null
  readonly keepRollupsMs: number | null
  /** Octets of all files together. */
  readonly octets: number | null
  /** Room that the file system must have left, in octets or as a part of its size. */
  readonly free: { readonly octets: number } | { readonly part: number } | null
}

export interface ExpiredFile {
  readonly file: ArchiveFile
  /** `replaced`: all its rows are in a compacted file, and a crash left it. */
  readonly why: 'replaced' | 'age' | 'size' | 'room'
}

/**
 * Removes whole files that the rules let go, oldest first, and folders that became empty; returns what it removed, or
 * with `isDryRun` would remove. For want of room files of records go before rollups. Files being written always stay.
 * Throws ARCHIVE_LOCKED while another run joins or removes files, FILE_UNREADABLE and FILE_UNWRITABLE.
 */
export function expireArchive(
  directory: string,
  rules: ExpiryRules,
  nowMs: number,
  isDryRun: boolean,
): ExpiredFile[] {
  requireFolder(directory)
  if (isDryRun) return choose(directory, rules, nowMs)
  const lock = lockStream(directory, KEEPER)
  try {
    const expired = choose(directory, rules, nowMs)
    const folders = new Set<string>()
    for (const { file } of expired) {
      remove(file.path)
      folders.add(dirname(file.path))
    }
    syncFolders(folders)
    for (const folder of folders) removeEmpty(folder, directory, nowMs)
    return expired
  } finally {
    lock.release()
  }
}

function choose(directory: string, rules: ExpiryRules, nowMs: number): ExpiredFile[] {
  const { live, replaced } = splitReplaced(archiveFiles([directory]))
  const expired = replaced
    .filter(({ state }) => state === 'finished')
    .map((file): ExpiredFile => ({ file, why: 'replaced' }))
  const sumOf = (files: readonly ArchiveFile[]) => files.reduce((sum, { fileOctets }) => sum + fileOctets, 0)
  let total = sumOf(live)
  let lacking = lackingRoom(directory, rules.free) - sumOf(expired.map(({ file }) => file))
  const isRollup = ({ rollup }: ArchiveFile) => rollup !== null
  const inOrder = [
    ...live.filter((file) => !isRollup(file)).sort(byAge),
    ...live.filter(isRollup).sort(byAge),
  ]
  for (const file of inOrder) {
    if (file.state === 'open') continue
    const keepMs = isRollup(file) ? rules.keepRollupsMs : rules.keepMs
    let why: ExpiredFile['why']
    if (keepMs !== null && BigInt(nowMs - keepMs) * 1_000_000n > latest(file)) why = 'age'
    else if (rules.octets !== null && total > rules.octets) why = 'size'
    else if (lacking > 0) why = 'room'
    else continue
    total -= file.fileOctets
    lacking -= file.fileOctets
    expired.push({ file, why })
  }
  return expired
}

/** When the latest record of a file was received; of one without records, when it was begun. */
function latest(file: ArchiveFile): bigint {
  return file.receivedTo ?? file.to ?? file.identity.createdNs
}

function byAge(a: ArchiveFile, b: ArchiveFile): number {
  const [first, second] = [latest(a), latest(b)]
  if (first !== second) return first < second ? -1 : 1
  return a.path < b.path ? -1 : 1
}

/** Octets that must go until the file system has the room that is wanted. */
function lackingRoom(directory: string, free: ExpiryRules['free']): number {
  if (free === null) return 0
  const { bavail, blocks, bsize } = statfsSync(directory)
  const wanted = 'octets' in free ? free.octets : free.part * blocks * bsize
  return wanted - bavail * bsize
}

function remove(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return
    throw new FlowError('FILE_UNWRITABLE', `cannot remove archive: ${path}: ${message}`, { cause: error })
  }
}

/** Removes a folder without files, and those above it; never today's, in which a writer may be about to begin a file. */
function removeEmpty(folder: string, root: string, nowMs: number): void {
  const today = dirname(archivePath(root, 'x', nowMs, 0))
  for (let at = folder; at !== root && at.startsWith(root) && !today.startsWith(at); at = dirname(at)) {
    try {
      const names = readdirSync(at)
      if (names.some((name) => !name.startsWith('.catalog'))) return
      for (const name of names) unlinkSync(join(at, name))
      rmdirSync(at)
    } catch {
      // Somebody put a file there: then it is not empty.
      return
    }
  }
}
