import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { FlowError } from '../diagnostics/flow-error.ts'
import { folderFacts } from './catalog.ts'
import type { ArchiveFile } from './file-facts.ts'
import { EXTENSION, PART_EXTENSION } from './naming.ts'
import { identityText } from './schema.ts'

export interface LiveFilesOptions {
  /** Files of records (the rule) or of rollups. */
  readonly kind?: 'raw' | 'rollup'
  /** Only files with flows, or where there are none with records received, in this span of nanoseconds. */
  readonly from?: bigint
  readonly to?: bigint
}

/**
 * The archive files that `paths` name, files or folders with all that lies below them, those being written among them
 * and without those that another one replaces, sorted by stream and time. A file that its reader finds gone has been
 * replaced meanwhile: ask again. Throws FILE_UNREADABLE where a path is not there.
 */
export function liveFiles(paths: readonly string[], options: LiveFilesOptions = {}): ArchiveFile[] {
  const { kind = 'raw', from = 0n, to = 2n ** 64n } = options
  return splitReplaced(archiveFiles(paths)).live.filter(
    (file) => (file.rollup === null) === (kind === 'raw') && touches(file, from, to),
  )
}

/** Whether the file may hold flows, or where there are none records received, in a span of nanoseconds. */
export function touches(file: ArchiveFile, from: bigint, to: bigint): boolean {
  const begins = [file.from, file.receivedFrom].filter((time) => time !== null)
  const ends = [file.to, file.receivedTo].filter((time) => time !== null)
  // Of files without rows or facts nothing says that they do not matter, as long as no time is asked for.
  if (begins.length === 0 || ends.length === 0) return from === 0n && to >= 2n ** 64n
  // Flows that say no time were when they were received, beside others that say theirs.
  return begins.some((begin) => begin < to) && ends.some((end) => end >= from)
}

/** The paths of all archive files that `paths` name, without looking into any. Throws FILE_UNREADABLE. */
export function archivePaths(paths: readonly string[]): string[] {
  return [...foldersOf(paths)]
    .flatMap(([folder, { names }]) => [...names].map((name) => join(folder, name)))
    .sort()
}

/** All archive files that `paths` name, of every kind, replaced ones too, sorted by stream and time. */
export function archiveFiles(paths: readonly string[]): ArchiveFile[] {
  const files = [...foldersOf(paths)].flatMap(([folder, { names, isAll }]) =>
    folderFacts(folder, [...names], isAll),
  )
  return files.sort(byStreamAndTime)
}

/** Names of archive files by folder, and whether those are all that the folder has. */
function foldersOf(paths: readonly string[]): Map<string, { names: Set<string>; isAll: boolean }> {
  const folders = new Map<string, { names: Set<string>; isAll: boolean }>()
  const add = (folder: string, name: string, isAll: boolean) => {
    const known = folders.get(folder)
    if (known === undefined) folders.set(folder, { names: new Set([name]), isAll })
    else {
      known.names.add(name)
      known.isAll ||= isAll
    }
  }
  for (const path of paths) {
    if (isFolder(path)) for (const [folder, name] of archivesBelow(path)) add(folder, name, true)
    else add(dirname(path), basename(path), false)
  }
  return folders
}

/** Throws FILE_UNREADABLE where there is no such folder. */
export function requireFolder(path: string): void {
  if (!isFolder(path)) throw unreadable(path, new Error('it is no folder'))
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (error) {
    throw unreadable(path, error)
  }
}

function* archivesBelow(root: string): Generator<[folder: string, name: string]> {
  const waiting = [root]
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    let entries: ReturnType<typeof entriesOf>
    try {
      entries = entriesOf(folder)
    } catch (error) {
      // Somebody removed an empty day.
      if (folder !== root && (error as NodeJS.ErrnoException).code === 'ENOENT') continue
      throw unreadable(folder, error)
    }
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue
      if (entry.isDirectory()) waiting.push(join(folder, entry.name))
      else if (isArchiveName(entry.name)) yield [folder, entry.name]
    }
  }
}

function entriesOf(folder: string) {
  return readdirSync(folder, { withFileTypes: true })
}

/** Whether a file is called as archive files are. */
export function isArchiveName(name: string): boolean {
  return name.endsWith(EXTENSION) || name.endsWith(PART_EXTENSION)
}

function unreadable(path: string, error: unknown): FlowError {
  const reason = error instanceof Error ? error.message : String(error)
  return new FlowError('FILE_UNREADABLE', `cannot read archive: ${path}: ${reason}`, { cause: error })
}

function byStreamAndTime(a: ArchiveFile, b: ArchiveFile): number {
  if (a.stream !== b.stream) return a.stream < b.stream ? -1 : 1
  const [first, second] = [a.identity.createdNs, b.identity.createdNs]
  if (first !== second) return first < second ? -1 : 1
  // Numbers of files that began in one second may have more digits than one.
  if (a.path.length !== b.path.length) return a.path.length - b.path.length
  return a.path < b.path ? -1 : 1
}

/**
 * Tells the files that count from those whose rows are all in another. A damaged file takes the place of what it
 * replaces only if not all of that is there any more; else it is the one that does not count.
 */
export function splitReplaced(files: readonly ArchiveFile[]): {
  live: ArchiveFile[]
  replaced: ArchiveFile[]
} {
  const there = new Set(files.map(({ identity }) => identityText(identity)))
  const gone = new Set<string>()
  const spare = new Set<ArchiveFile>()
  for (const file of files) {
    const names = file.replaces.map(identityText)
    if (names.length === 0) continue
    if (file.state !== 'finished' && names.every((name) => there.has(name))) spare.add(file)
    else for (const name of names) gone.add(name)
  }
  const live: ArchiveFile[] = []
  const replaced: ArchiveFile[] = []
  for (const file of files) {
    const isLive = !spare.has(file) && !gone.has(identityText(file.identity))
    if (isLive) live.push(file)
    else replaced.push(file)
  }
  return { live, replaced }
}
