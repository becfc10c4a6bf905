import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { FlowError } from '../diagnostics/flow-error.ts'

/** Reads anywhere in one open file. */
export interface FileAccess {
  readonly path: string
  /** Octets in the file now. */
  size(): number
  /** Size, time of change and inode: another one whenever the octets may be others. */
  stamp(): string
  /** `octets` octets at `at`, put at the start of `into` where it is given; fewer where the file ends. */
  read(at: number, octets: number, into?: Uint8Array): Buffer
  close(): void
}

/** Opens a file for reading; throws FILE_UNREADABLE. */
export function openFile(path: string): FileAccess {
  const guarded = <T>(action: () => T): T => {
    try {
      return action()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new FlowError('FILE_UNREADABLE', `cannot read archive: ${path}: ${reason}`, { cause: error })
    }
  }
  // A FIFO would hold who opens it until somebody writes.
  const fd = guarded(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))
  if (!fstatSync(fd).isFile()) {
    closeSync(fd)
    throw new FlowError('FILE_UNREADABLE', `cannot read archive: ${path}: it is no file`)
  }
  return {
    path,
    size: () => guarded(() => fstatSync(fd).size),
    stamp() {
      const { size, mtimeNs, ino } = guarded(() => fstatSync(fd, { bigint: true }))
      return `${size} ${mtimeNs} ${ino}`
    },
    read(at, octets, into) {
      const out =
        into === undefined
          ? Buffer.allocUnsafeSlow(octets)
          : Buffer.from(into.buffer, into.byteOffset, octets)
      let got = 0
      while (got < octets) {
        const more = guarded(() => readSync(fd, out, got, octets - got, at + got))
        if (more === 0) break
        got += more
      }
      return got === octets ? out : out.subarray(0, got)
    },
    close: () => closeSync(fd),
  }
}
