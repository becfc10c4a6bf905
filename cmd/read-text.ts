import { closeSync, openSync, readSync } from 'node:fs'

/** Text that people write is short; a device or a sparse file that was named by mistake has no end. */
const MOST_OCTETS = 1 << 20

/** The text of a file, pipes included; throws as node:fs does, and where the file is too long to be text. */
export function readText(path: string): string {
  const file = openSync(path, 'r')
  try {
    const octets = Buffer.alloc(MOST_OCTETS + 1)
    let used = 0
    for (;;) {
      const count = readSync(file, octets, used, octets.length - used, null)
      used += count
      if (used > MOST_OCTETS) throw new Error('it is longer than 1 MiB')
      if (count === 0) return octets.toString('utf8', 0, used)
    }
  } finally {
    closeSync(file)
  }
}
