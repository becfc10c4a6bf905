import { existsSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { FlowError } from '../diagnostics/flow-error.ts'
import { copyLog, truncateLog } from './copy-truncate.ts'
import { fileId, fileOctets, moveToNew, syncFolder, unlinkIfThere } from './file-id.ts'
import type { Journal, Rotation } from './journal.ts'
import { type NamePattern, SUFFIXES } from './name-pattern.ts'
import { type Compression, packFile, partPath } from './pack.ts'
import { runCommand } from './writer.ts'

/** Names of one minute that are tried before giving up. */
const MOST_NAMES = 100_000

/** A name for an old log that nobody has, compressed or not. `folder` overrides where it lies. */
export function freeName(
  log: string,
  pattern: NamePattern,
  at: Date,
  rotations: readonly Rotation[],
  folder?: string,
): string {
  for (let number = 0; number < MOST_NAMES; number++) {
    let path = pattern.path(log, at, number)
    if (folder !== undefined) path = join(folder, basename(path))
    const isTaken =
      Object.values(SUFFIXES).some((suffix) => fileId(path + suffix) !== undefined) ||
      rotations.some(({ aside, target, final }) => [aside, target, final].includes(path))
    if (!isTaken) return path
  }
  throw new FlowError('ROTATION_FAILED', `every name like ${pattern.path(log, at, 0)} is taken`)
}

/** Begins a rotation of a log that is there: puts its intention on disk, and does nothing else yet. */
export function beginRotation(
  log: string,
  pattern: NamePattern,
  at: Date,
  journal: Journal,
  step: 'rename' | 'copy',
): Rotation {
  const target = freeName(log, pattern, at, journal.rotations)
  mkdirSync(dirname(target), { recursive: true })
  const rotation: Rotation = { log, step, id: fileId(log)!, aside: target, target }
  journal.rotations.push(rotation)
  try {
    journal.save()
  } catch (error) {
    journal.rotations.pop()
    throw error
  }
  return rotation
}

/**
 * Gives the log its new name, unless a killed run has done so. Returns false, with the rotation struck out, when the
 * log is not the one any more that this rotation was begun for: then somebody else has moved it.
 */
export function renameLog(
  rotation: Rotation,
  pattern: NamePattern,
  at: Date,
  journal: Journal,
  isResumed: boolean,
): boolean {
  const { log } = rotation
  for (let mayBeOurs = isResumed; ; mayBeOurs = false) {
    if (fileId(rotation.aside) === rotation.id) return true
    if (fileId(log) !== rotation.id) {
      if (mayBeOurs && fileOctets(rotation.aside) === 0) unlinkSync(rotation.aside)
      strike(rotation, journal)
      return false
    }
    try {
      if (moveToNew(log, rotation.aside, mayBeOurs)) break
      // Somebody took the name since it was looked for.
      rotation.target = rotation.aside = freeName(log, pattern, at, journal.rotations)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
      // Another file system: set aside in the log's own, and copied when it no longer grows.
      rotation.aside = freeName(log, pattern, at, journal.rotations, dirname(log))
    }
    journal.save()
  }
  const id = fileId(rotation.aside)!
  if (id !== rotation.id) {
    rotation.id = id
    journal.save()
  }
  return true
}

/** Copies the log and empties it, unless a killed run has done so; then the copy has the old log's name. */
export function copyAndTruncate(
  rotation: Rotation,
  pattern: NamePattern,
  at: Date,
  journal: Journal,
  isResumed: boolean,
): void {
  const part = partPath(rotation.target)
  if (rotation.step === 'copy') {
    copyLog(rotation.log, part)
    rotation.partId = fileId(part)!
    advance(rotation, 'truncate', journal)
  }
  if (fileId(part) === rotation.partId) {
    if (fileId(rotation.log) === rotation.id) truncateLog(rotation.log, part)
    for (let mayBeOurs = isResumed; !moveToNew(part, rotation.aside, mayBeOurs); mayBeOurs = false) {
      rotation.target = rotation.aside = freeName(rotation.log, pattern, at, journal.rotations)
      journal.save()
    }
  }
  rotation.id = rotation.partId!
  advance(rotation, 'pack', journal)
}

/**
 * Compresses what was set aside, puts it where it belongs and hands it on; returns its path. Each step finds out how
 * far a killed run came. Throws when one fails; the rotation then stays at that step.
 */
export async function finishRotation(
  rotation: Rotation,
  compression: Compression,
  command: string | null,
  journal: Journal,
): Promise<string> {
  if (rotation.step === 'pack' || rotation.step === 'place' || rotation.step === 'remove') {
    await packAndPlace(rotation, compression, journal)
  }
  const final = rotation.final ?? rotation.aside
  if (command !== null && existsSync(final)) {
    const trouble = await runCommand(withPath(command, final))
    if (trouble !== undefined) throw new FlowError('ROTATION_FAILED', trouble)
  }
  strike(rotation, journal)
  return final
}

async function packAndPlace(rotation: Rotation, compression: Compression, journal: Journal): Promise<void> {
  const { aside, target } = rotation
  const part = partPath(target)
  for (;;) {
    if (rotation.step === 'pack') {
      if (compression === 'none' && aside === target) {
        // A killed run may have been told to compress.
        unlinkIfThere(part)
        rotation.final = aside
        advance(rotation, 'hand', journal)
        return
      }
      await packFile(aside, part, compression)
      rotation.partId = fileId(part)!
      rotation.final = target + SUFFIXES[compression]
      advance(rotation, 'place', journal)
    }
    if (rotation.step === 'place') {
      // Lines that came while it was packed, from a writer that /proc did not show, are in no part: pack it again.
      if (!place(rotation, part, journal) || isOlderThan(rotation.final!, aside)) {
        if (fileId(rotation.final!) === rotation.partId) unlinkSync(rotation.final!)
        advance(rotation, 'pack', journal)
        continue
      }
      advance(rotation, 'remove', journal)
    }
    if (fileId(rotation.final!) !== rotation.partId && existsSync(aside)) {
      advance(rotation, 'pack', journal)
      continue
    }
    if (fileId(aside) === rotation.id) {
      unlinkSync(aside)
      syncFolder(dirname(aside))
    }
    advance(rotation, 'hand', journal)
    return
  }
}

/** Gives the part its final name, unless a killed run has done so; false when there is no such part. */
function place(rotation: Rotation, part: string, journal: Journal): boolean {
  for (let number = 0; ; number++) {
    const final = rotation.final!
    if (fileId(final) === rotation.partId) return true
    if (fileId(part) !== rotation.partId) return false
    if (moveToNew(part, final, number === 0)) return true
    rotation.final = numbered(rotation, number + 1)
    journal.save()
  }
}

/** The final name with a number before the extensions, for one that was taken while the file was packed. */
function numbered(rotation: Rotation, number: number): string {
  const suffix = /\.(gz|zst)$/.exec(rotation.final!)?.[0] ?? ''
  const [, stem, ext] = /^(.*?)((?:\.[^./]*)?)$/s.exec(basename(rotation.target))!
  return join(dirname(rotation.target), `${stem}.${number}${ext}${suffix}`)
}

/** A packed file has the time that its original had; a later write moves only the original's. */
function isOlderThan(final: string, aside: string): boolean {
  const [packed, original] = [final, aside].map((path) => lstatSync(path, { throwIfNoEntry: false }))
  if (packed === undefined || original === undefined) return false
  return original.mtimeMs - packed.mtimeMs >= 1
}

/** Gives up a rotation that was only copying, so that the next run begins anew. */
export function dropCopy(rotation: Rotation, journal: Journal): void {
  unlinkIfThere(partPath(rotation.target))
  strike(rotation, journal)
}

export function advance(rotation: Rotation, step: Rotation['step'], journal: Journal): void {
  rotation.step = step
  journal.save()
}

export function strike(rotation: Rotation, journal: Journal): void {
  journal.rotations.splice(journal.rotations.indexOf(rotation), 1)
  journal.save()
}

/** %f is the path, quoted for the shell; %% a percent sign. */
function withPath(command: string, path: string): string {
  const quoted = `'${path.replaceAll("'", "'\\''")}'`
  return command.replaceAll(/%[f%]/g, (word) => (word === '%f' ? quoted : '%'))
}
