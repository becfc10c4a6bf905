import type { Log } from '../lib/diagnostics/log.ts'
import {
  type ArchiveOptions,
  type ArchiveTarget,
  CollectArchive,
  collectedShape,
  workerStream,
} from './collect-archive.ts'
import { ArchiveThread } from './collect-archive-link.ts'
import type { CaptureSpool } from './collect-capture-spool.ts'
import type { LaneStart } from './collect-lane.ts'
import type { CollectRun } from './collect-run.ts'
import { bothTargets, spoolOf } from './collect-spool.ts'

/** Starts the threads that write a worker's archive and spool, those of them that are wanted; rejects as `ArchiveThread.start`. */
export async function startArchives(
  { options, mapping, number, workers }: Pick<LaneStart, 'options' | 'mapping' | 'number' | 'workers'>,
  log: Log,
): Promise<ArchiveTarget | null> {
  const { archive, ship, compat, logLevel, errorCount, errorIntervalMs } = options
  const suffix = workerStream('', number, workers)
  const open = async (options: ArchiveOptions | null) =>
    options === null
      ? null
      : ArchiveThread.start({ archive: options, suffix, logLevel, errorCount, errorIntervalMs }, log)
  const lineShape = collectedShape(mapping, compat)
  const kept = await open(archive === null ? null : { ...archive, lineShape })
  return bothTargets(kept, await open(ship === null ? null : spoolOf(ship)))
}

/** Opens archive and spool for captures, which are written in this thread; throws ARCHIVE_LOCKED and FILE_UNWRITABLE. */
export function openArchives(
  { options, mapping }: Pick<CollectRun, 'options' | 'mapping'>,
  spool: CaptureSpool | null,
  log: Log,
): ArchiveTarget | null {
  const { archive, compat } = options
  const lineShape = collectedShape(mapping, compat)
  const open = (options: ArchiveOptions | null) =>
    options === null ? null : new CollectArchive(options, (name) => name, log)
  const kept = open(archive === null ? null : { ...archive, lineShape })
  return bothTargets(kept, open(spool?.archive ?? null))
}
