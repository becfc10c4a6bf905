import { closeSync, openSync, readSync } from 'node:fs'

/** Text that people write is short; a device or a sparse file that was named by mistake has no end. */
const MOST_OCTETS = 1 << 20
const FIRST_OCTETS = 16 * 1024

/** The text of a file, pipes included; throws as node:fs does, and where the file is too long to be text. */
export function readText(path: string): string {
  const file = openSync(path, 'r')
  try {
    let octets = Buffer.alloc(FIRST_OCTETS)
    let used = 0
    for (;;) {
      if (used === octets.length) octets = Buffer.concat([octets, Buffer.alloc(octets.length)])
      const count = readSync(file, octets, used, octets.length - used, null)
      used += count
      if (used > MOST_OCTETS) throw new Error('it is longer than 1 MiB')
      if (count === 0) return octets.toString('utf8', 0, used)
    }
  } finally {
    closeSync(file)
  }
}
