import { globSync, stat as statLater, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Packing, readHead } from './content.ts'
import { type Fingerprint, fingerprintOf } from './fingerprint.ts'
import { openFile } from './open-file.ts'

const stat = promisify(statLater)

/** A file that a pattern names, and what its content is known by. */
export interface FoundFile {
  readonly path: string
  readonly inode: bigint
  readonly device: bigint
  readonly octets: number
  readonly modifiedMs: number
  readonly packing: Packing
  /** Null while the file is too young to be known again. */
  readonly fingerprint: Fingerprint | null
  /** What the content begins with, at most 1024 octets. */
  readonly head: Buffer
  /** That is all of it, and nothing will be added. */
  readonly isEnded: boolean
}

export interface ScanOptions {
  /** Files, folders (all files below them) and globs. */
  readonly patterns: readonly string[]
  readonly isExcluded: (path: string) => boolean
  /** Nothing will be added to files any more: short ones are known by what they hold. */
  readonly isFinal: boolean
  /** What the last scan found, by path: files that did not change since are not opened again. */
  readonly known: ReadonlyMap<string, FoundFile>
}

export interface Scan {
  readonly files: readonly FoundFile[]
  /** Patterns that name nothing, and files that could not be read: path and why. */
  readonly unmatched: readonly string[]
  readonly unreadable: readonly { readonly path: string; readonly error: unknown }[]
}

/** Looks at all files that the patterns name, oldest first; never throws. */
export async function scanFiles({ patterns, isExcluded, isFinal, known }: ScanOptions): Promise<Scan> {
  const unmatched: string[] = []
  const paths = new Set<string>()
  for (const pattern of patterns) {
    const found = expand(pattern)
    if (found.length === 0) unmatched.push(pattern)
    for (const path of found) if (!isExcluded(path)) paths.add(path)
  }
  const files: FoundFile[] = []
  const unreadable: { path: string; error: unknown }[] = []
  for (const path of paths) {
    try {
      const before = known.get(path)
      files.push(before !== undefined && (await isUnchanged(before)) ? before : await lookAt(path, isFinal))
    } catch (error) {
      // One that was removed meanwhile was never there.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') unreadable.push({ path, error })
    }
  }
  files.sort((one, other) => one.modifiedMs - other.modifiedMs || (one.path < other.path ? -1 : 1))
  return { files, unmatched, unreadable }
}

/** Whether nobody wrote to the file since, nor put another in its place. */
async function isUnchanged({ path, inode, device, octets, modifiedMs }: FoundFile): Promise<boolean> {
  const { ino, dev, size, mtimeMs } = await stat(path, { bigint: true })
  return (
    ino === inode && dev === device && Number(size) === octets && Number(mtimeMs) === modifiedMs && octets > 0
  )
}

async function lookAt(path: string, isFinal: boolean): Promise<FoundFile> {
  const file = await openFile(path)
  try {
    const { ino, dev, size, mtimeMs } = await file.stat()
    const { packing, octets, isWhole } = await readHead(file)
    const isEnded = isWhole && (isFinal || packing !== 'plain')
    return {
      path,
      inode: ino,
      device: dev,
      octets: Number(size),
      modifiedMs: Number(mtimeMs),
      packing,
      fingerprint: fingerprintOf(octets, isEnded),
      head: octets,
      isEnded,
    }
  } finally {
    await file.close()
  }
}

function expand(pattern: string): string[] {
  const path = resolve(pattern)
  const stats = statSync(path, { throwIfNoEntry: false })
  // A file with a glob's signs in its name is that file.
  if (stats?.isFile() === true) return [path]
  if (stats?.isDirectory() === true)
    return filesOf(globSync('**/*', { cwd: path }).map((name) => join(path, name)))
  return /[*?[{]/.test(pattern) ? filesOf(globSync(path)) : []
}

function filesOf(paths: readonly string[]): string[] {
  return paths.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true).sort()
}
