import {
  closeSync,
  constants,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { makeDirectories } from './make-directories.ts'

/** The calls a writer makes of the system; tests put others in their place. All throw as node:fs does. */
export interface ArchiveCalls {
  /** Makes a file that must not exist yet. */
  create(path: string): number
  exists(path: string): boolean
  makeDirectory(path: string): void
  /** Octets taken, which may be fewer than offered. */
  write(fd: number, octets: Uint8Array, from: number, count: number, at: number): number
  truncate(fd: number, octets: number): void
  syncData(fd: number): void
  sync(fd: number): void
  close(fd: number): void
  rename(from: string, to: string): void
  syncDirectory(path: string): void
}

export const ARCHIVE_CALLS: ArchiveCalls = {
  create: (path) => openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o644),
  exists: existsSync,
  makeDirectory: makeDirectories,
  write: writeSync,
  truncate: ftruncateSync,
  syncData: fdatasyncSync,
  sync: fsyncSync,
  close: closeSync,
  rename: renameSync,
  syncDirectory(path) {
    const fd = openSync(path, 'r')
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  },
}

/** What those need besides who put files in the place of others. */
export interface KeepingCalls extends ArchiveCalls {
  /** Gives a file a second name, which must be free. */
  link(from: string, to: string): void
  remove(path: string): void
}

export const KEEPING_CALLS: KeepingCalls = { ...ARCHIVE_CALLS, link: linkSync, remove: unlinkSync }
