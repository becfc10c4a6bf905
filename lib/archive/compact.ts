import { dirname } from 'node:path'
import { FlowError } from '../diagnostics/flow-error.ts'
import type { Log } from '../diagnostics/log.ts'
import { KEEPING_CALLS, type KeepingCalls } from './archive-calls.ts'
import { openArchive } from './archive-reader.ts'
import { DEFAULT_ARCHIVE_LIMITS } from './archive-writer.ts'
import { type CompactGroup, planCompaction, type Span } from './compact-plan.ts'
import { Damage } from './damage.ts'
import { DRAFT, guarded, removeDrafts, removeFiles } from './drafts.ts'
import type { ArchiveFile } from './file-facts.ts'
import { joinedParts } from './file-parts.ts'
import { FileWriter } from './file-writer.ts'
import { archiveFiles, requireFolder, splitReplaced } from './live-files.ts'
import { archivePath } from './naming.ts'
import { RowCopier } from './row-copier.ts'
import { verifyArchive } from './verify.ts'
import { KEEPER, lockStream } from './write-lock.ts'

export interface CompactOptions {
  /** Files that began in the same hour, day or month (UTC) are joined. */
  readonly into: Span
  /** Only files that were begun before this moment. */
  readonly beforeMs: number
  readonly nowMs: number
  readonly log: Log
  /** For tests. */
  readonly blockRows?: number
  readonly mostAddresses?: number
  readonly calls?: KeepingCalls
}

/** Files that became one. */
export interface Compacted {
  readonly path: string
  readonly files: readonly ArchiveFile[]
  readonly rows: number
  /** Octets on disk of the new file. */
  readonly octets: number
}

/**
 * Joins small files and half-full blocks, one new file after the other, and gives each when its old files are gone.
 * A new file says what it replaces and gets its name when all of it was read back from disk; only then the old ones
 * are removed. At every point a crash leaves each row in exactly one file that counts; the next run removes the rest.
 * A file that cannot be copied bit for bit is left alone, with a line in the log. Memory grows with the addresses of a
 * file. Throws ARCHIVE_LOCKED while another run joins or removes files, FILE_UNREADABLE and FILE_UNWRITABLE.
 */
export function* compactArchive(directory: string, options: CompactOptions): Generator<Compacted> {
  requireFolder(directory)
  const lock = lockStream(directory, KEEPER)
  try {
    removeDrafts(directory, calls(options))
    finishRemovals(directory, options)
    for (const group of compactGroups(directory, options)) yield* joinGroup(directory, group, options)
  } finally {
    lock.release()
  }
}

/** What `compactArchive` would join now. */
export function compactGroups(directory: string, options: CompactOptions): CompactGroup[] {
  const { into, nowMs, beforeMs } = options
  const { live } = splitReplaced(archiveFiles([directory]))
  const before = BigInt(beforeMs) * 1_000_000n
  const old = live.filter(({ identity }) => identity.createdNs < before)
  return planCompaction(old, { into, nowMs, blockRows: blockRows(options) })
}

function calls(options: CompactOptions): KeepingCalls {
  return options.calls ?? KEEPING_CALLS
}

function blockRows(options: CompactOptions): number {
  return options.blockRows ?? DEFAULT_ARCHIVE_LIMITS.blockRows
}

function finishRemovals(directory: string, options: CompactOptions): void {
  const { replaced } = splitReplaced(archiveFiles([directory]))
  removeFiles(
    replaced.filter(({ state }) => state === 'finished'),
    calls(options),
  )
}

/** Joins the files of a group, into several where one would have too many addresses. */
function* joinGroup(directory: string, group: CompactGroup, options: CompactOptions): Generator<Compacted> {
  let waiting = [...group.files]
  while (waiting.length > 0) {
    const joined = joinSome(directory, waiting, options)
    if ('unfit' in joined) {
      const { path } = joined.unfit
      options.log.warn('archive file is left as it is', { path, why: joined.why })
      // Files before it and behind it are joined by themselves, so that rows stay in order.
      const at = waiting.indexOf(joined.unfit)
      const before = waiting.slice(0, at)
      waiting = waiting.slice(at + 1)
      if (before.length > 1) yield* joinGroup(directory, { ...group, files: before }, options)
      continue
    }
    waiting = waiting.slice(joined.files.length)
    yield joined
    // What is left over is one file that is whole as it is.
    if (waiting.length === 1) return
  }
}

/** The first file that cannot be copied. */
interface Unfit {
  readonly unfit: ArchiveFile
  readonly why: string
}

/** Joins as many of the files as one can hold, the first ones, and removes them. */
function joinSome(
  directory: string,
  files: readonly ArchiveFile[],
  options: CompactOptions,
): Compacted | Unfit {
  const system = calls(options)
  const { stream, identity } = files[0]!
  const final = freePath(directory, stream, Number(identity.createdNs / 1_000_000n), system)
  const draft = `${final}${DRAFT}`
  guarded(draft, () => system.makeDirectory(dirname(draft)))
  const writer = new FileWriter({
    path: draft,
    stream,
    createdNs: identity.createdNs,
    blockRows: blockRows(options),
    mostAddresses: options.mostAddresses ?? DEFAULT_ARCHIVE_LIMITS.mostAddresses,
    calls: system,
    log: options.log,
  })
  const copier = new RowCopier(writer)
  const taken: ArchiveFile[] = []
  for (const file of files) {
    const why = copyInto(copier, file)
    if (why !== null) {
      guarded(draft, () => {
        writer.abandon()
        system.remove(`${draft}.part`)
      })
      return { unfit: file, why }
    }
    taken.push(file)
    // Only between two files: a row must never be in a file that replaces another only in part.
    if (writer.fullReason !== null) break
  }
  copier.flush()
  writer.replaces = taken.map(({ identity }) => identity)
  writer.parts = joinedParts(taken)
  const rows = taken.reduce((sum, file) => sum + file.rows + file.otherRows, 0)
  if (!writer.close() || writer.droppedRows > 0) {
    guarded(draft, () => (system.exists(draft) ? system.remove(draft) : system.remove(`${draft}.part`)))
    throw new FlowError('FILE_UNWRITABLE', `cannot compact archive: ${draft}: there is no room for it`)
  }
  const report = verifyArchive(draft)
  if (report.state !== 'finished' || report.rows !== rows) {
    guarded(draft, () => system.remove(draft))
    throw new FlowError('FILE_UNWRITABLE', `cannot compact archive: ${draft}: reads back other than written`)
  }
  // link(2) takes no name that another has; from now on the new file counts, and the old ones do not.
  guarded(final, () => {
    system.link(draft, final)
    system.remove(draft)
    system.syncDirectory(dirname(final))
  })
  removeFiles(taken, system)
  return { path: final, files: taken, rows, octets: report.octets }
}

/** Why the file cannot be copied, or null when all of it was. */
function copyInto(copier: RowCopier, file: ArchiveFile): string | null {
  try {
    const reader = openArchive(file.path)
    try {
      copier.copy(reader)
    } finally {
      reader.close()
    }
    return null
  } catch (error) {
    const isOfFile =
      error instanceof Damage || (error instanceof FlowError && error.code !== 'FILE_UNWRITABLE')
    if (isOfFile) return error.message
    throw error
  }
}

function freePath(directory: string, stream: string, ms: number, { exists }: KeepingCalls): string {
  for (let n = 0; ; n++) {
    const path = archivePath(directory, stream, ms, n)
    if (!exists(path) && !exists(`${path}.part`)) return path
  }
}
