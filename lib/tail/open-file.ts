import { type BigIntStats, close, fstat, open, read } from 'node:fs'
import { promisify } from 'node:util'

/** A file that is open for reading. */
export interface OpenFile {
  /** Fills `into[from, to)` with what lies at `at`, as far as it can; returns how many octets that were. */
  read(into: Uint8Array, from: number, to: number, at: number): Promise<number>
  stat(): Promise<BigIntStats>
  close(): Promise<void>
}

const opened = promisify(open)
const closed = promisify(close)
const filled = promisify(read)
const facts = promisify<number, { bigint: true }, BigIntStats>(fstat)

/** Opens a file; rejects as node:fs does. node:fs/promises, which has the like, takes long to load. */
export async function openFile(path: string): Promise<OpenFile> {
  const fd = await opened(path, 'r')
  return {
    read: async (into, from, to, at) => (await filled(fd, into, from, to - from, at)).bytesRead,
    stat: () => facts(fd, { bigint: true }),
    close: () => closed(fd),
  }
}
