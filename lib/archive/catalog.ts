import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from '../bytes/crc32.ts'
import { type ArchiveFile, readFileFacts } from './file-facts.ts'
import { PART_EXTENSION } from './naming.ts'

// What is known of the files of one folder, kept in a hidden file beside them, so that a year of archive files need not
// be opened to be listed. It is a cache and nothing more: an entry holds only for the file of that size, time and inode
// that it was read from, a catalog that is missing, damaged or of another version is made anew, and where none can be
// written all goes on without.

const NAME = '.catalog'
/** To be counted up whenever facts change their meaning. */
const VERSION = 2

interface Entry {
  /** Size, time of change and inode of the file that the facts are of. */
  readonly stamp: string
  readonly facts: ArchiveFile
}

/**
 * The facts of the archive files `names` of one folder; those that vanished meanwhile are left out. `isAll`: there are no
 * others, so that the catalog can be made of these.
 */
export function folderFacts(folder: string, names: readonly string[], isAll: boolean): ArchiveFile[] {
  const known = readCatalog(folder)
  const entries = new Map<string, Entry>()
  const facts: ArchiveFile[] = []
  let isStale = false
  for (const name of names) {
    const path = join(folder, name)
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
    if (stat === undefined) continue
    const stamp = `${stat.size} ${stat.mtimeNs} ${stat.ino}`
    let entry = known.get(name)
    if (entry?.stamp === stamp) {
      entry = { stamp, facts: { ...entry.facts, path } }
    } else {
      try {
        entry = { stamp, facts: readFileFacts(path, Number(stat.size)) }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
        throw error
      }
      isStale ||= isKept(name)
    }
    facts.push(entry.facts)
    if (isKept(name)) entries.set(name, entry)
  }
  for (const name of known.keys()) isStale ||= !entries.has(name)
  if (isStale && isAll) writeCatalog(folder, entries)
  return facts
}

/** What is being written has other facts in a moment. */
function isKept(name: string): boolean {
  return !name.endsWith(PART_EXTENSION)
}

/** By file name; empty where there is none that can be believed. */
function readCatalog(folder: string): Map<string, Entry> {
  try {
    const text = readFileSync(join(folder, NAME), 'utf8')
    const end = text.indexOf('\n')
    const json = text.slice(end + 1)
    if (text.slice(0, end) !== headOf(json)) return new Map()
    return new Map(JSON.parse(json, revive) as [string, Entry][])
  } catch {
    return new Map()
  }
}

function writeCatalog(folder: string, entries: ReadonlyMap<string, Entry>): void {
  const json = JSON.stringify([...entries], replace)
  const draft = join(folder, `${NAME}.part`)
  try {
    writeFileSync(draft, `${headOf(json)}\n${json}`)
    renameSync(draft, join(folder, NAME))
  } catch {
    // A folder that is not ours, or a full disk: the next who lists looks into the files again.
  }
}

function headOf(json: string): string {
  return `weir catalog ${VERSION} ${crc32(Buffer.from(json))}`
}

function replace(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}

function revive(key: string, value: unknown): unknown {
  const isNumber = typeof value === 'string' && !TEXTS.has(key) && /^\d+n$/.test(value)
  return isNumber ? BigInt(value.slice(0, -1)) : value
}

/** Keys whose values are texts, whatever they look like. */
const TEXTS = new Set(['path', 'stream', 'trouble', 'stamp', 'address', 'name', 'basis'])
