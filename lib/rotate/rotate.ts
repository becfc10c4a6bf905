import { lstatSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { FlowError } from '../diagnostics/flow-error.ts'
import type { Log } from '../diagnostics/log.ts'
import { archiveLog, isToArchive, type LogArchiver } from './archive-step.ts'
import { expireOldLogs, type KeepRules } from './expire.ts'
import { findLogs } from './find-logs.ts'
import { findHolders, type Holders } from './holders.ts'
import { type Journal, journalPath, openJournal, type Rotation } from './journal.ts'
import { waitUntilLetGo } from './let-go.ts'
import type { NamePattern } from './name-pattern.ts'
import { makeNewLog } from './new-log.ts'
import type { Compression } from './pack.ts'
import { planRotation } from './plan.ts'
import { type RunLock, takeLock } from './run-lock.ts'
import { advance, beginRotation, copyAndTruncate, dropCopy, finishRotation, renameLog } from './steps.ts'
import { findWriter, objection, tellWriter, type Writer, type WriterAddress } from './writer.ts'

export interface RotateSettings {
  /** Paths and globs of logs. */
  readonly logs: readonly string[]
  readonly names: NamePattern
  /** How the writer is told, or null for nobody. */
  readonly writer: WriterAddress | null
  readonly signal: NodeJS.Signals
  /** The writer opens its log anew by itself: nobody is told, and nobody need be. */
  readonly isUntold: boolean
  readonly waitMs: number
  readonly isCopyTruncate: boolean
  /** Takes the lines of old logs before they are compressed, or null. */
  readonly archiver: LogArchiver | null
  readonly compression: Compression
  /** A shell command for each finished file, or null. */
  readonly command: string | null
  readonly keep: KeepRules
  readonly stateFolder: string | null
  readonly waitsForLock: boolean
  readonly isDryRun: boolean
  readonly now: () => Date
  readonly log: Log
  /** Takes the lines of a dry run. */
  readonly say: (line: string) => void
}

/** How many logs and rotations came to what end. */
export interface RotateCounts {
  rotated: number
  /** Empty logs: nothing to do. */
  empty: number
  missing: number
  /** Rotated, but something an operator should know of, such as a writer that does not run. */
  doubtful: number
  failed: number
}

interface Place {
  readonly path: string
  readonly journal: Journal
  readonly lock: RunLock | null
  /** What this run finishes, in order. */
  readonly rotations: Rotation[]
  readonly finals: string[]
}

/**
 * Finishes what killed runs left, rotates every log that is named, and removes old logs by the rules. One log's
 * trouble is logged, counted and keeps no other from being rotated; it throws only what concerns all.
 */
export async function rotateLogs(settings: RotateSettings): Promise<RotateCounts> {
  const { log } = settings
  const counts: RotateCounts = { rotated: 0, empty: 0, missing: 0, doubtful: 0, failed: 0 }
  const { logs, old, unmatched } = findLogs(settings.logs, settings.names, settings.stateFolder)
  for (const path of old) log.info('this has the name of an old log, left as it is', { log: path })
  for (const pattern of unmatched) {
    log.warn('no log has such a name', { log: pattern })
    counts.missing++
  }
  const writer = findWriter(settings.isCopyTruncate ? null : settings.writer)
  const places: Place[] = []
  try {
    for (const path of logs) {
      await attempt(settings, counts, path, async () => {
        const place = await openPlace(path, settings, counts)
        if (place !== null) places.push(place)
      })
    }
    if (settings.isDryRun) planAll(places, settings, writer, counts)
    else await rotateAll(places, settings, writer, counts)
  } finally {
    for (const { lock } of places) lock?.release()
  }
  return counts
}

async function openPlace(
  path: string,
  settings: RotateSettings,
  counts: RotateCounts,
): Promise<Place | null> {
  const { stateFolder, waitsForLock, isDryRun, log } = settings
  let lock: RunLock | null = null
  // A folder that is missing has no log and needs no lock.
  if (lstatSync(stateFolder ?? dirname(path), { throwIfNoEntry: false }) === undefined) {
    if (stateFolder !== null) throw new FlowError('ROTATION_FAILED', `the folder ${stateFolder} is not there`)
    log.error('there is no such log, nothing to rotate', { log: path })
    counts.missing++
    return null
  }
  if (!isDryRun) {
    lock = await takeLock(journalPath(path, stateFolder).replace(/\.json$/, '.lock'), waitsForLock)
    if (lock === null) {
      log.error('another weir rotate is at work on this log, nothing done', { log: path })
      counts.failed++
      return null
    }
  }
  try {
    const journal = openJournal(path, stateFolder)
    return { path, journal, lock, rotations: [...journal.rotations], finals: [] }
  } catch (error) {
    lock?.release()
    throw error
  }
}

function planAll(
  places: readonly Place[],
  settings: RotateSettings,
  writer: Writer,
  counts: RotateCounts,
): void {
  for (const { path, journal } of places) {
    const isGood = checkLog(path, journal, settings, counts)
    const against = isGood ? objectionTo(places, path, writer, settings) : undefined
    if (against !== undefined) {
      settings.log.error(against, { log: path })
      counts.failed++
    }
    planRotation(path, journal, isGood && against === undefined, writer, settings)
  }
}

async function rotateAll(
  places: readonly Place[],
  settings: RotateSettings,
  writer: Writer,
  counts: RotateCounts,
): Promise<void> {
  const { log } = settings
  // Objections look at all logs as they are before anything has moved.
  const objections = new Map(
    places.map((place) => [place, objectionTo(places, place.path, writer, settings)] as const),
  )
  for (const place of places) {
    await attempt(settings, counts, place.path, () =>
      setAside(place, objections.get(place), settings, counts),
    )
  }
  const waiting = places.flatMap(({ rotations }) => rotations.filter(({ step }) => step === 'rename'))
  let trouble: string | undefined
  if (waiting.length > 0) {
    trouble = await tellAll(places, settings, writer, counts)
  }
  for (const place of places) {
    for (const rotation of place.rotations) {
      await attempt(settings, counts, place.path, () =>
        finish(place, rotation, settings, writer, trouble, counts),
      )
    }
    await attempt(settings, counts, place.path, async () => {
      const spared = new Set([
        ...place.finals,
        ...place.journal.rotations.flatMap(({ aside, target, final }) => [aside, target, final ?? '']),
      ])
      const nowMs = settings.now().getTime()
      for (const { path, octets, why } of expireOldLogs(
        place.path,
        settings.names,
        settings.keep,
        spared,
        nowMs,
        false,
      )) {
        log.info('removed', { file: path, octets, why })
      }
    })
  }
}

async function tellAll(
  places: readonly Place[],
  settings: RotateSettings,
  writer: Writer,
  counts: RotateCounts,
): Promise<string | undefined> {
  const { log, signal, waitMs } = settings
  if (writer.is === 'gone') {
    log.warn('the writer does not run, nobody was told', { why: writer.why })
    counts.doubtful++
    return undefined
  }
  // A process that has none of these files any more is not to be signalled: its number may be another's by now.
  if (writer.is === 'process') {
    const files = places.flatMap(({ path, rotations }) => [path, ...rotations.map(({ aside }) => aside)])
    const told = files.map((file) => findHolders(file))
    const against = objection(writer, { writing: [], isComplete: false }, told, places[0]!.path)
    if (against !== undefined) {
      log.warn('nobody was told', { why: against })
      counts.doubtful++
      return undefined
    }
  }
  const trouble = await tellWriter(writer, signal, Math.max(waitMs, 1000))
  if (trouble !== undefined) {
    log.error('the writer could not be told', { why: trouble })
    counts.doubtful++
  }
  return trouble
}

/** Why a log may not be touched; none where the writer needs not be told. */
function objectionTo(
  places: readonly Place[],
  path: string,
  writer: Writer,
  settings: RotateSettings,
): string | undefined {
  if (settings.isCopyTruncate || settings.isUntold) return undefined
  const files = places.flatMap((place) => [place.path, ...place.rotations.map(({ aside }) => aside)])
  const told: Holders[] = files.map((file) => findHolders(file))
  return objection(writer, findHolders(path), told, path)
}

/** Whether there is a log to rotate; says and counts it when there is none or it is of the wrong kind. */
function checkLog(path: string, journal: Journal, settings: RotateSettings, counts: RotateCounts): boolean {
  const { log } = settings
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) {
    if (journal.rotations.length > 0) return false
    log.error('there is no such log, nothing to rotate', { log: path })
    counts.missing++
    return false
  }
  if (!stat.isFile()) {
    log.error(`this is ${kindOf(stat)}, only plain files can be rotated`, { log: path })
    counts.failed++
    return false
  }
  if (stat.size === 0) {
    log.info('the log is empty, left as it is', { log: path })
    counts.empty++
    return false
  }
  return true
}

function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return 'a folder'
  if (stat.isFIFO()) return 'a FIFO'
  if (stat.isSymbolicLink()) return 'a symbolic link (name the file itself)'
  return stat.isSocket() ? 'a socket' : 'a device'
}

/** Renames or copies the log, after what killed runs had begun so. */
async function setAside(
  place: Place,
  against: string | undefined,
  settings: RotateSettings,
  counts: RotateCounts,
): Promise<void> {
  const { path, journal, rotations } = place
  const { names, now, log, isCopyTruncate } = settings
  for (const rotation of [...rotations]) {
    if (rotation.step === 'rename' && !renameLog(rotation, names, now(), journal, true)) {
      rotations.splice(rotations.indexOf(rotation), 1)
    } else if (rotation.step === 'rename') makeNewLog(path, rotation.aside)
    else if (rotation.step === 'copy') {
      dropCopy(rotation, journal)
      rotations.splice(rotations.indexOf(rotation), 1)
    } else if (rotation.step === 'truncate') copyAndTruncate(rotation, names, now(), journal, true)
  }
  if (!checkLog(path, journal, settings, counts)) return
  if (against !== undefined) throw new FlowError('ROTATION_FAILED', `${against}; nothing done`)
  const rotation = beginRotation(path, names, now(), journal, isCopyTruncate ? 'copy' : 'rename')
  if (isCopyTruncate) {
    log.warn('emptied while it may be written: lines of that moment can be lost', { log: path })
    try {
      copyAndTruncate(rotation, names, now(), journal, false)
    } catch (error) {
      if (rotation.step === 'copy') dropCopy(rotation, journal)
      throw error
    }
  } else if (!renameLog(rotation, names, now(), journal, false)) {
    throw new FlowError('ROTATION_FAILED', 'somebody else has moved the log; nothing done')
  }
  rotations.push(rotation)
  if (!isCopyTruncate) makeNewLog(path, rotation.aside)
}

async function finish(
  place: Place,
  rotation: Rotation,
  settings: RotateSettings,
  writer: Writer,
  trouble: string | undefined,
  counts: RotateCounts,
): Promise<void> {
  const { path, journal } = place
  if (rotation.step === 'rename') {
    // Whom nobody knows of will hardly open the log anew; a writer that does so by itself will.
    const hasWriter = writer.is === 'untold' ? settings.isUntold : writer.is !== 'gone'
    const pid = writer.is === 'process' ? writer.pid : null
    const waitMs = trouble === undefined ? settings.waitMs : 0
    const seen = await waitUntilLetGo({ log: path, aside: rotation.aside, hasWriter, pid, waitMs })
    if (seen !== undefined)
      throw new FlowError('ROTATION_FAILED', `${seen}; kept as ${rotation.aside}, the next run goes on`)
    advance(rotation, 'pack', journal)
  }
  await archive(rotation, path, journal, settings, counts)
  const file = await finishRotation(rotation, settings.compression, settings.command, journal)
  place.finals.push(file)
  settings.log.info('rotated', { log: path, file })
  counts.rotated++
}

async function archive(
  rotation: Rotation,
  path: string,
  journal: Journal,
  { archiver, log }: RotateSettings,
  counts: RotateCounts,
): Promise<void> {
  if (archiver !== null && isToArchive(rotation)) advance(rotation, 'archive', journal)
  if (rotation.step !== 'archive' && rotation.step !== 'enter') return
  const { aside } = rotation
  if (archiver === null)
    throw new FlowError(
      'ROTATION_FAILED',
      `${aside} was to be archived by an earlier run: name the archive with --archive`,
    )
  const archived = await archiveLog(rotation, archiver, journal)
  if (archived === null) return
  const { rows, rejected, problems } = archived
  log.info('archived', { log: path, file: aside, rows, rejected })
  if (rejected + problems === 0) return
  log.warn('not all of the log is flows', { file: aside, rejected, problems })
  counts.doubtful++
}

/** What goes wrong with one log is said and counted. */
async function attempt(
  settings: RotateSettings,
  counts: RotateCounts,
  path: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    const { name, code, message } = error as NodeJS.ErrnoException
    if (name !== 'FlowError' && (code === undefined || !/^E[A-Z0-9]+$/.test(code))) throw error
    settings.log.error(message, { log: path })
    counts.failed++
  }
}
