import { unlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { ArchiveWriter } from '../lib/archive/archive-writer.ts'
import { archivePaths } from '../lib/archive/live-files.ts'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import type { Log } from '../lib/diagnostics/log.ts'
import type { ArchivedLog, LogArchiver } from '../lib/rotate/archive-step.ts'
import { ArchiveFull, ArchiveWriteJob } from './archive-write-job.ts'
import { compileMapping, readMapping } from './collect-mapping.ts'
import { type Input, openInput } from './inputs/open-input.ts'
import { Progress } from './progress.ts'
import { RejectsFile } from './rejects-file.ts'

/** Where rotated logs go. */
export interface RotateArchive {
  readonly directory: string
  readonly stream: string
  /** goflow2's mapping file with which the logs were written, or null. */
  readonly mapping: string | null
  /** Whether lines that are no flows are kept beside the old log. */
  readonly keepsRejects: boolean
}

/** Puts old logs into an archive, as `weir archive write` does; throws what reading the mapping throws. */
export function rotateArchiver(archive: RotateArchive, log: Log): LogArchiver {
  const { directory, stream, keepsRejects } = archive
  const mappingText = archive.mapping === null ? null : readMapping(archive.mapping)
  const { mapping, captures, warnings } = compileMapping(mappingText, archive)
  for (const warning of warnings) log.warn(warning)

  async function write(path: string, folder: string): Promise<ArchivedLog> {
    const rejects = keepsRejects ? newRejects(`${path}.rejects`) : null
    const settings = { log, mapping, mappingText, captures }
    try {
      const input = await openInput(path, {
        keepsWritten: true,
        ...settings,
        onReject: (octets, from, to, _, __, isLine) => rejects?.file().add(octets, from, to, isLine),
      })
      return await take(input, path, folder)
    } catch (error) {
      // What cannot be told to be a log at all stays as it is: there is nothing to archive.
      const isNoLog =
        error instanceof FlowError && error.code === 'FILE_UNREADABLE' && error.cause === undefined
      if (!isNoLog) throw error
      log.error('the old log cannot be archived', { error: error.message })
      return { files: [], rows: 0, rejected: 0, problems: 1 }
    } finally {
      rejects?.close()
    }
  }

  async function take(input: Input, path: string, folder: string): Promise<ArchivedLog> {
    const writer = new ArchiveWriter({ directory: folder, stream, limits: { rotateEveryMs: 0 }, log })
    try {
      const job = new ArchiveWriteJob(writer, new Progress('never'), false, 0)
      const problems = await job.take(input, false)
      job.finish()
      if (writer.droppedRows > 0) throw new ArchiveFull()
      const rejected = input.kind === 'records' ? input.rejected : 0
      return { files: archivePaths([folder]), rows: job.counts.flows, rejected, problems: problems.length }
    } catch (error) {
      if (!(error instanceof ArchiveFull)) throw error
      throw new FlowError(
        'FILE_UNWRITABLE',
        `archive has no room left: ${directory}: ${path} is kept as it is, and the next run archives it`,
      )
    }
  }

  return {
    workFolder: (key) => join(directory, `.rotate-${key}`),
    write,
    finalPath(file, folder, number) {
      const path = join(dirname(folder), relative(folder, file))
      return path.replace(/-(\d+)\.weir$/, (_, n: string) => `-${Number(n) + number}.weir`)
    },
  }
}

/** Made when the first line comes; what an earlier try left is removed. */
function newRejects(path: string) {
  let open: RejectsFile | null = null
  try {
    unlinkSync(path)
  } catch {
    // There was none.
  }
  return {
    file: () => (open ??= new RejectsFile(path)),
    close: () => open?.close(),
  }
}
