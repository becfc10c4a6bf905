import { closeSync, globSync, openSync, readSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { isArchiveName } from '../../lib/archive/live-files.ts'

/** What the words of a command line name. */
export interface ShipWords {
  readonly hasStdin: boolean
  /** Logs: files, folders and globs. */
  readonly logs: readonly string[]
  /** Archive files, flow streams in files, and folders. */
  readonly archives: readonly string[]
  /** Captures. */
  readonly captures: readonly string[]
}

const ARCHIVE_MAGIC = Buffer.from('WEIR')
/** pcap in both byte orders, with micro- and nanoseconds, and pcapng. */
const CAPTURES = [0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0x0a0d0d0a]

/** What a file is by the octets that it begins with. */
export function contentOf(head: Buffer): 'archive' | 'capture' | 'log' {
  if (head.subarray(0, 4).equals(ARCHIVE_MAGIC)) return 'archive'
  return head.length >= 4 && CAPTURES.includes(head.readUInt32BE(0)) ? 'capture' : 'log'
}

/** Tells what each word names; folders may hold archives and logs alike. */
export function sortWords(words: readonly string[]): ShipWords {
  const logs: string[] = []
  const archives: string[] = []
  const captures: string[] = []
  for (const word of words.filter((one) => one !== '-')) {
    const stat = statSync(word, { throwIfNoEntry: false })
    if (stat?.isDirectory() === true) {
      logs.push(word)
      archives.push(resolve(word))
    } else if (isArchiveName(word) && stat === undefined) {
      archives.push(...globSync(word).map((path) => resolve(path)))
    } else if (stat === undefined) {
      logs.push(word)
    } else {
      const content = contentOf(headOf(word))
      const list = content === 'archive' ? archives : content === 'capture' ? captures : logs
      list.push(resolve(word))
    }
  }
  return { hasStdin: words.includes('-'), logs, archives, captures }
}

function headOf(path: string): Buffer {
  const head = Buffer.alloc(4)
  try {
    const file = openSync(path, 'r')
    try {
      return head.subarray(0, readSync(file, head))
    } finally {
      closeSync(file)
    }
  } catch {
    // Who reads it will say why.
    return head.subarray(0, 0)
  }
}
