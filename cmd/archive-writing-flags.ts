import type { ArchiveLimits } from '../lib/archive/archive-writer.ts'
import { isStreamName } from '../lib/archive/naming.ts'
import type { FlagReader } from './flag-reader.ts'
import type { Flag } from './flags.ts'

/** The flags that say how archive files are written, for the table of a command. */
export function writingFlags(group: string): readonly Flag[] {
  return [
    {
      name: 'rotate-every',
      group,
      value: 'DURATION',
      default: '1h',
      help: 'Begin a new file at each multiple of this in UTC, by the clock of the writing; 0 for never.',
    },
    {
      name: 'rotate-size',
      group,
      value: 'SIZE',
      defaultHelp: 'no limit',
      help: 'Begin a new file when one has grown to this size.',
    },
    {
      name: 'sync-every',
      group,
      value: 'DURATION',
      default: '10s',
      help: 'Flows are on disk for certain after at most this; a crash costs no more.',
    },
  ]
}

/** What the flags of `writingFlags` say. */
export function writingLimits(flags: FlagReader): Partial<ArchiveLimits> {
  return {
    rotateEveryMs: flags.durationMs('rotate-every'),
    rotateOctets: flags.octets('rotate-size') ?? 0,
    syncEveryMs: flags.durationMs('sync-every'),
  }
}

/** A flag's value that can stand in a file name. */
export function streamName(flags: FlagReader, name: string): string {
  const text = flags.text(name)!
  if (isStreamName(text)) return text
  throw flags.wrong(name, text, 'letters, digits, - _ . and no dash or dot first, at most 100')
}
