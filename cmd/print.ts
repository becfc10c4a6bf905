import { writeSync } from 'node:fs'
import { STDOUT } from './terminal.ts'

/** Writes all of `text` to stdout before it returns; process.exit after it loses nothing. */
export function print(text: string): void {
  const octets = new TextEncoder().encode(text)
  for (let at = 0; at < octets.length; ) {
    try {
      at += writeSync(STDOUT, octets, at)
    } catch (error) {
      // A pipe that somebody made non-blocking is full: wait for its reader.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}
