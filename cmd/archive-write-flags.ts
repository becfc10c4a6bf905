import type { ArchiveLimits } from '../lib/archive/archive-writer.ts'
import type { LogLevel } from '../lib/diagnostics/log.ts'
import { ARCHIVE_WRITE } from './archive-write-table.ts'
import { streamName, writingLimits } from './archive-writing-flags.ts'
import { FlagReader } from './flag-reader.ts'
import type { GivenFlags } from './flags.ts'
import type { InputFormat } from './inputs/formats.ts'
import type { ProgressMode } from './progress.ts'
import { parseInteger } from './values.ts'

/** What `weir archive write` was asked to do. */
export interface ArchiveWriteOptions {
  /** Null where none was named: that is left to the run. */
  readonly archive: string | null
  readonly stream: string
  readonly limits: Partial<ArchiveLimits>
  readonly inputFormat: InputFormat
  readonly mapping: string | null
  readonly readPorts: readonly number[]
  readonly rejects: string | null
  readonly progress: ProgressMode
  readonly logLevel: LogLevel
  readonly logFormat: 'text' | 'json'
}

/** Options from given flags; throws UsageError. */
export function archiveWriteOptions(given: GivenFlags): ArchiveWriteOptions {
  const flags = new FlagReader(ARCHIVE_WRITE.flags, given)
  return {
    archive: flags.text('archive') || null,
    stream: streamName(flags, 'stream'),
    limits: { ...writingLimits(flags), blockRows: flags.integer('block-rows', 1024, 1 << 20) },
    inputFormat: flags.choice('input-format') as InputFormat,
    mapping: flags.text('mapping') || null,
    readPorts: flags.list('read-port').map((text) => port(flags, text)),
    rejects: flags.text('rejects') || null,
    progress: flags.choice('progress') as ProgressMode,
    logLevel: flags.choice('log-level') as LogLevel,
    logFormat: flags.choice('log-format') as ArchiveWriteOptions['logFormat'],
  }
}

/** A UDP port that captures are read for. */
export function port(flags: FlagReader, text: string): number {
  const value = parseInteger(text)
  if (value === undefined || value < 1 || value > 65_535)
    throw flags.wrong('read-port', text, 'ports, 1 to 65535')
  return value
}
