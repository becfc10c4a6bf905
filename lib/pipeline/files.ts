import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'

/** The calls that a LineFile makes of the system; tests put others in their place. */
export interface FileCalls {
  /** Opens for appending, creating the file with mode 0644; throws as node:fs does. */
  open(path: string): number
  close(fd: number): void
  /** Octets taken, which may be fewer than offered. */
  write(fd: number, octets: Uint8Array, from: number, count: number): number
  /** Octets in a regular file, -1 for anything else. */
  size(fd: number): number
  truncate(fd: number, octets: number): void
}

export const FILES: FileCalls = {
  open: (path) => openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o644),
  close: closeSync,
  write: writeSync,
  size(fd) {
    const stats = fstatSync(fd)
    return stats.isFile() ? stats.size : -1
  },
  truncate: ftruncateSync,
}
