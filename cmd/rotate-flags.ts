import { constants } from 'node:os'
import { resolve } from 'node:path'
import type { LogLevel } from '../lib/diagnostics/log.ts'
import { parseNamePattern } from '../lib/rotate/name-pattern.ts'
import type { RotateSettings } from '../lib/rotate/rotate.ts'
import type { WriterAddress } from '../lib/rotate/writer.ts'
import { streamName } from './archive-writing-flags.ts'
import { FlagReader } from './flag-reader.ts'
import type { GivenFlags } from './flags.ts'
import { keepRules } from './keep-rules.ts'
import type { RotateArchive } from './rotate-archiver.ts'
import { ROTATE } from './rotate-table.ts'
import { UsageError } from './usage-error.ts'

/** What `weir rotate` was asked to do, but for what the running program adds. */
export type RotateOptions = Omit<RotateSettings, 'now' | 'log' | 'say' | 'archiver'> & {
  /** Where the lines of old logs go, or null. */
  readonly archive: RotateArchive | null
  readonly logLevel: LogLevel
  readonly logFormat: 'text' | 'json'
}

/** Options from given flags; throws UsageError. That no log is named is left to the run: a file need not name one. */
export function rotateOptions(given: GivenFlags): RotateOptions {
  const flags = new FlagReader(ROTATE.flags, given)
  const writer = address(flags)
  const isCopyTruncate = flags.boolean('copytruncate')
  if (isCopyTruncate && writer !== null) {
    throw new UsageError(
      '--copytruncate tells nobody: leave it out, or --signal-pid, --signal-pid-file, --signal-unit, --signal-command',
    )
  }
  const isUntold = flags.text('signal') === 'none'
  if (isUntold && writer !== null) throw new UsageError('--signal none tells nobody: leave out whom to tell')
  return {
    logs: flags.list('log'),
    names: names(flags),
    writer,
    signal: isUntold ? 'SIGHUP' : signal(flags),
    isUntold,
    waitMs: flags.durationMs('wait'),
    isCopyTruncate,
    archive: archive(flags),
    compression: flags.choice('compress') as RotateOptions['compression'],
    command: flags.text('then') || null,
    keep: keepRules(flags),
    stateFolder: flags.text('state') || null,
    waitsForLock: flags.boolean('wait-lock'),
    isDryRun: flags.boolean('dry-run'),
    logLevel: flags.choice('log-level') as LogLevel,
    logFormat: flags.choice('log-format') as RotateOptions['logFormat'],
  }
}

function archive(flags: FlagReader): RotateArchive | null {
  const directory = flags.text('archive') || null
  const stream = streamName(flags, 'archive-stream')
  const own = ['mapping', 'keep-rejects', 'archive-stream'].find((name) => flags.isGiven(name))
  if (directory === null && own !== undefined) throw new UsageError(`--${own} is of use with --archive only`)
  const mapping = flags.text('mapping') || null
  return directory === null
    ? null
    : { directory: resolve(directory), stream, mapping, keepsRejects: flags.boolean('keep-rejects') }
}

function names(flags: FlagReader): RotateOptions['names'] {
  const isLocal = flags.boolean('local-time')
  if (isLocal && flags.isGiven('tz')) throw new UsageError('--tz and --local-time exclude each other')
  const zone = isLocal ? new Intl.DateTimeFormat().resolvedOptions().timeZone : flags.text('tz')!
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: zone })
  } catch {
    throw flags.wrong('tz', zone, 'a time zone such as UTC or Europe/Berlin')
  }
  const pattern = parseNamePattern(flags.text('name')!, zone)
  if (typeof pattern === 'string') throw flags.wrong('name', flags.text('name')!, `a pattern; ${pattern}`)
  return pattern
}

function address(flags: FlagReader): WriterAddress | null {
  const ways = ['signal-pid', 'signal-pid-file', 'signal-unit', 'signal-command']
  const given = ways.filter((name) => flags.text(name))
  if (given.length > 1) {
    throw new UsageError(`--${given.join(' and --')} exclude each other: one writer, one way to tell it`)
  }
  const way = given[0]
  if (way === undefined) return null
  const text = flags.text(way)!
  if (way === 'signal-pid') {
    if (!/^[1-9]\d{0,9}$/.test(text)) throw flags.wrong(way, text, 'the number of a process')
    return { by: 'pid', pid: Number(text) }
  }
  if (way === 'signal-pid-file') return { by: 'pid-file', path: text }
  return way === 'signal-unit' ? { by: 'unit', name: text } : { by: 'command', command: text }
}

function signal(flags: FlagReader): NodeJS.Signals {
  const text = flags.text('signal')!
  const known = Object.keys(constants.signals)
  const name = text.toUpperCase().replace(/^(SIG)?/, 'SIG')
  if (known.includes(name)) return name as NodeJS.Signals
  const number = Object.entries(constants.signals).find(([, value]) => String(value) === text)
  if (number !== undefined) return number[0] as NodeJS.Signals
  throw flags.wrong('signal', text, 'a signal such as SIGHUP, USR1 or 1, or none')
}
