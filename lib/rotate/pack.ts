import {
  chmodSync,
  chownSync,
  closeSync,
  createReadStream,
  createWriteStream,
  fsyncSync,
  mkdirSync,
  openSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip, createZstdCompress } from 'node:zlib'
import { FlowError } from '../diagnostics/flow-error.ts'
import { unlinkIfThere } from './file-id.ts'
import type { SUFFIXES } from './name-pattern.ts'

export type Compression = keyof typeof SUFFIXES

const CHUNK = 1 << 20
/** A file that nobody writes any more has its size at once; one that does may grow while it is read. */
const MOST_TRIES = 3

/** Where the copy of an old log grows: in the folder of its final name, hidden. */
export function partPath(target: string): string {
  return join(dirname(target), `.${basename(target)}.weir-part`)
}

/**
 * Copies `from` to `part`, compressed if asked, with its mode, owner and time, and has it on disk when it returns.
 * Throws, and leaves no part, when that fails or the file never stops growing.
 */
export async function packFile(from: string, part: string, how: Compression): Promise<number> {
  mkdirSync(dirname(part), { recursive: true })
  try {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      let taken = 0
      const input = createReadStream(from, { highWaterMark: CHUNK })
      input.on('data', (chunk) => {
        taken += chunk.length
      })
      await pipeline(
        input,
        compressor(how),
        createWriteStream(part, { flags: 'w', mode: 0o600, highWaterMark: CHUNK }),
      )
      const stat = statSync(from)
      if (stat.size !== taken) continue
      likeFile(part, stat)
      return taken
    }
  } catch (error) {
    unlinkIfThere(part)
    throw error
  }
  unlinkIfThere(part)
  throw new FlowError(
    'ROTATION_FAILED',
    `${from} still grows, although its writer seemed to have let go of it`,
  )
}

/** Gives a copy the mode, owner and time of its original, and puts it on disk. */
export function likeFile(part: string, stat: ReturnType<typeof statSync> & object): void {
  chmodSync(part, Number(stat.mode) & 0o7777)
  try {
    chownSync(part, Number(stat.uid), Number(stat.gid))
  } catch {
    // Only root may give files away; for others the copy is theirs.
  }
  utimesSync(part, stat.atime, stat.mtime)
  const fd = openSync(part, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function compressor(how: Compression) {
  if (how === 'gzip') return createGzip({ chunkSize: CHUNK })
  if (how === 'zstd') return createZstdCompress({ chunkSize: CHUNK })
  return new PassThrough()
}
