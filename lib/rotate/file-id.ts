import { closeSync, fsyncSync, lstatSync, openSync, readdirSync, renameSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * What tells a file from any other over renames and reboots: its inode and birth. The device's number is left out, as
 * it may change at a reboot; a path says which file system is meant. Undefined where there is no file.
 */
export function fileId(path: string): string | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? undefined : `${stat.ino}.${stat.birthtimeNs}`
}

/** Octets of the file, or undefined where there is none. */
export function fileOctets(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.size
}

/** Takes a name with an empty file; false when somebody has it. */
function claim(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o600))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Renames, and never over somebody's file: false when the name is taken. An empty file may be the claim of a run that
 * was killed, and is taken over only when `isResumed`. The folder is on disk when it returns.
 */
export function moveToNew(from: string, to: string, isResumed: boolean): boolean {
  if (!claim(to) && !(isResumed && lstatSync(to).isFile() && fileOctets(to) === 0)) return false
  try {
    renameSync(from, to)
  } catch (error) {
    unlinkSync(to)
    throw error
  }
  syncFolder(dirname(to))
  if (dirname(from) !== dirname(to)) syncFolder(dirname(from))
  return true
}

/** Puts a folder's names on disk. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } catch (error) {
    // Some network file systems cannot do it for folders.
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
  } finally {
    closeSync(fd)
  }
}

export function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** Names in a folder; none where there is no folder. */
export function namesIn(folder: string, isDeep = false): string[] {
  try {
    return readdirSync(folder, { recursive: isDeep, encoding: 'utf8' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
