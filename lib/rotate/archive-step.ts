import { randomBytes } from 'node:crypto'
import { linkSync, lstatSync, mkdirSync, rmSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { FlowError } from '../diagnostics/flow-error.ts'
import { fileId, fileOctets, syncFolder, unlinkIfThere } from './file-id.ts'
import type { Journal, Rotation } from './journal.ts'
import { advance } from './steps.ts'

/** Puts the lines of old logs into an archive. */
export interface LogArchiver {
  /** A folder of the archive for the work of one rotation, at which no reader of the archive looks. */
  workFolder(key: string): string
  /** Writes all of `log` into finished files in the work folder, which is not there yet, and has them on disk. */
  write(log: string, folder: string): Promise<ArchivedLog>
  /** What a file of the work folder is called in the archive; `number` tells names apart that are taken. */
  finalPath(file: string, folder: string, number: number): string
}

/** What became of a log. */
export interface ArchivedLog {
  readonly files: readonly string[]
  readonly rows: number
  /** Lines that are no flows. */
  readonly rejected: number
  /** What else could not be read. */
  readonly problems: number
}

/** A log that nobody writes any more has its size at once; one that somebody does may grow while it is read. */
const MOST_TRIES = 3

/**
 * Puts an old log into the archive, exactly once however often the run is killed: its files are written in a folder of
 * their own, their places are put into the journal, and only then they get the names under which they count. Returns
 * what became of the log, or null where an earlier run had come so far.
 */
export async function archiveLog(
  rotation: Rotation,
  archiver: LogArchiver,
  journal: Journal,
): Promise<ArchivedLog | null> {
  let archived: ArchivedLog | null = null
  if (rotation.step === 'archive') archived = await writeDrafts(rotation, archiver, journal)
  const { folder, files } = rotation.archive!
  for (const file of files) enter(file, folder, archiver, journal)
  rmSync(folder, { recursive: true, force: true })
  rotation.archive = { folder, files, isDone: true }
  advance(rotation, 'pack', journal)
  return archived
}

/** Whether a rotation that comes to be packed is to be archived first. */
export function isToArchive(rotation: Rotation): boolean {
  return rotation.step === 'pack' && rotation.archive === undefined
}

async function writeDrafts(
  rotation: Rotation,
  archiver: LogArchiver,
  journal: Journal,
): Promise<ArchivedLog> {
  const { aside } = rotation
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    // What a killed run wrote may be of half the log.
    if (rotation.archive !== undefined) rmSync(rotation.archive.folder, { recursive: true, force: true })
    const folder = archiver.workFolder(randomBytes(6).toString('hex'))
    rotation.archive = { folder, files: [] }
    journal.save()
    const octets = fileOctets(aside)
    const archived = await archiver.write(aside, folder)
    if (fileOctets(aside) !== octets) continue
    const files = archived.files.map((draft) => ({
      draft,
      final: archiver.finalPath(draft, folder, 0),
      id: fileId(draft)!,
    }))
    rotation.archive = { folder, files }
    advance(rotation, 'enter', journal)
    return archived
  }
  throw new FlowError(
    'ROTATION_FAILED',
    `${aside} still grows, although its writer seemed to have let go of it`,
  )
}

type ArchivedFile = NonNullable<Rotation['archive']>['files'][number]

/** Gives a file its name in the archive, unless a killed run has done so. */
function enter(file: ArchivedFile, folder: string, archiver: LogArchiver, journal: Journal): void {
  for (let number = 1; ; number++) {
    const { draft, final, id } = file
    if (fileId(final) === id) {
      unlinkIfThere(draft)
      return
    }
    // Nothing removes it but this run: an earlier one has entered it, and it was joined with others since.
    if (fileId(draft) !== id) return
    const made = mkdirSync(dirname(final), { recursive: true })
    if (made !== undefined) syncFolder(dirname(made))
    try {
      // link(2) takes no name that another has.
      linkSync(draft, final)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (lstatSync(final, { throwIfNoEntry: false }) === undefined) continue
      file.final = archiver.finalPath(draft, folder, number)
      journal.save()
      continue
    }
    syncFolder(dirname(final))
    unlinkSync(draft)
    return
  }
}
