import { closeSync, fsyncSync, globSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { basename, dirname, join, matchesGlob } from 'node:path'
import { FlowError } from '../diagnostics/flow-error.ts'
import { namesIn, syncFolder, unlinkIfThere } from './file-id.ts'

/**
 * Where a rotation stands. Each step can be done again from its beginning, however far a killed run came with it:
 *
 * - `rename`: the log gets the name `aside`, the writer is told, and lets go;
 * - `copy`, `truncate`: instead of that, its octets are copied to `part`, and the log is emptied;
 * - `archive`: its lines are written into files of an archive that do not count yet;
 * - `enter`: these get the names under which they count;
 * - `pack`: `aside` is compressed, or copied to another file system, into `part`;
 * - `place`: `part` gets the name `final`;
 * - `remove`: `aside` goes, as all of it is in `final`;
 * - `hand`: the command of --then gets `final`.
 */
export type Step = 'rename' | 'copy' | 'truncate' | 'archive' | 'enter' | 'pack' | 'place' | 'remove' | 'hand'

export interface Rotation {
  readonly log: string
  step: Step
  /** The log's identity: after the rename that of `aside`. */
  id: string
  aside: string
  /** The path of the old log, without what compressing adds; another than `aside` across file systems. */
  target: string
  part?: string
  partId?: string
  final?: string
  /** The archive's files with the lines of this log, and the folder in which they are written. */
  archive?: {
    readonly folder: string
    readonly files: readonly { readonly draft: string; final: string; readonly id: string }[]
    readonly isDone?: true
  }
}

const VERSION = 1
const ENDING = '.weir-rotate.json'

/** The rotations of one log that are under way, on disk. */
export interface Journal {
  readonly path: string
  readonly rotations: Rotation[]
  /** Puts all of it on disk before it returns; removes the file when nothing is under way. */
  save(): void
}

/** The file that keeps the journal of a log: beside it, or in the folder for state. */
export function journalPath(log: string, stateFolder: string | null): string {
  if (stateFolder === null) return join(dirname(log), `.${basename(log)}${ENDING}`)
  return join(stateFolder, `${encodeURIComponent(log)}${ENDING}`)
}

/** Logs whose path matches the glob and that have a journal: a killed run may have left no file of their name. */
export function logsUnderWay(glob: string, stateFolder: string | null): string[] {
  if (stateFolder === null) {
    const journals = globSync(join(dirname(glob), `.${basename(glob)}${ENDING}`))
    return journals.map((path) => join(dirname(path), basename(path).slice(1, -ENDING.length)))
  }
  return namesIn(stateFolder)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => decodeURIComponent(name.slice(0, -ENDING.length)))
    .filter((log) => log === glob || matchesGlob(log, glob))
}

/** Reads the journal of a log; throws FlowError when it says what we did not write. */
export function openJournal(log: string, stateFolder: string | null): Journal {
  const path = journalPath(log, stateFolder)
  const rotations = read(path)
  return {
    path,
    rotations,
    save() {
      const draft = `${path}.part`
      if (rotations.length === 0) {
        unlinkIfThere(draft)
        unlinkIfThere(path)
        syncFolder(dirname(path))
        return
      }
      const octets = Buffer.from(`${JSON.stringify({ version: VERSION, rotations })}\n`)
      const fd = openSync(draft, 'w', 0o600)
      try {
        for (let at = 0; at < octets.length; ) at += writeSync(fd, octets, at)
        fsyncSync(fd)
      } catch (error) {
        unlinkIfThere(draft)
        throw error
      } finally {
        closeSync(fd)
      }
      renameSync(draft, path)
      syncFolder(dirname(path))
    },
  }
}

function read(path: string): Rotation[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  try {
    const { version, rotations } = JSON.parse(text) as { version: number; rotations: Rotation[] }
    if (version === VERSION && Array.isArray(rotations)) return rotations
  } catch {
    // Said below.
  }
  throw new FlowError(
    'ROTATION_FAILED',
    `${path} is not a journal of this version: look at it, then remove it`,
  )
}
