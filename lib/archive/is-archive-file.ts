import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { FRAME_MAGIC } from './frame.ts'

/** Whether a file lies there that begins as archive files and flow streams do; false too where it cannot be read. */
export function isArchiveFile(path: string): boolean {
  let fd: number
  try {
    // A FIFO would hold who opens it until somebody writes.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return false
  }
  try {
    const magic = Buffer.alloc(4)
    return (
      fstatSync(fd).isFile() && readSync(fd, magic, 0, 4, 0) === 4 && magic.readUInt32LE() === FRAME_MAGIC
    )
  } catch {
    return false
  } finally {
    closeSync(fd)
  }
}
