import { closeSync, globSync, openSync, readSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { isArchiveName } from '../../lib/archive/live-files.ts'
import { PACKED_HEAD_OCTETS, packingOf } from '../../lib/tail/content.ts'

/** What the words of a command line name. */
export interface ShipWords {
  readonly hasStdin: boolean
  /** Logs: files, folders and globs. */
  readonly logs: readonly string[]
  /** Archive files, flow streams in files, and folders. */
  readonly archives: readonly string[]
  /** Captures, and archive files that are compressed: what is read once, from start to end. */
  readonly inputs: readonly string[]
}

const ARCHIVE_MAGIC = Buffer.from('WEIR')
/** pcap in both byte orders, with micro- and nanoseconds, and pcapng. */
const CAPTURES = [0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0x0a0d0d0a]

/** What a file is by the octets that it begins with, decompressed. */
export function contentOf(head: Buffer): 'archive' | 'capture' | 'log' {
  if (head.subarray(0, 4).equals(ARCHIVE_MAGIC)) return 'archive'
  return head.length >= 4 && CAPTURES.includes(head.readUInt32BE(0)) ? 'capture' : 'log'
}

/** Tells what each word names; folders may hold archives and logs alike. */
export function sortWords(words: readonly string[]): ShipWords {
  const logs: string[] = []
  const archives: string[] = []
  const inputs: string[] = []
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
      const { head, isPacked } = headOf(word)
      const content = contentOf(head)
      const list = content === 'log' ? logs : content === 'archive' && !isPacked ? archives : inputs
      list.push(resolve(word))
    }
  }
  return { hasStdin: words.includes('-'), logs, archives, inputs }
}

/** What a file begins with, decompressed. */
function headOf(path: string): { readonly head: Buffer; readonly isPacked: boolean } {
  const octets = Buffer.alloc(PACKED_HEAD_OCTETS)
  try {
    const file = openSync(path, 'r')
    try {
      const raw = octets.subarray(0, readSync(file, octets))
      const packing = packingOf(raw)
      if (packing === 'plain') return { head: raw, isPacked: false }
      const head =
        packing === 'gzip'
          ? gunzipSync(raw, { finishFlush: constants.Z_SYNC_FLUSH })
          : zstdDecompressSync(raw, { finishFlush: constants.ZSTD_e_flush })
      return { head, isPacked: true }
    } finally {
      closeSync(file)
    }
  } catch {
    // Who reads it will say why.
    return { head: Buffer.alloc(0), isPacked: false }
  }
}
