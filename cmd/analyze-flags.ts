import { existsSync } from 'node:fs'
import { tmpdir, totalmem } from 'node:os'
import { type ALLOCATIONS, ANALYZE } from './analyze-table.ts'
import { FlagReader } from './flag-reader.ts'
import type { GivenFlags } from './flags.ts'
import type { ProgressMode } from './progress.ts'
import { ALL_TIMES, parseTime, type TimeRange, timeRange, timeZone } from './times.ts'
import { UsageError } from './usage-error.ts'

/** What `weir analyze` was asked, words of keys and measures not yet understood. */
export interface AnalyzeOptions {
  readonly inputs: readonly string[]
  readonly range: TimeRange
  readonly timeZone: string
  readonly filter: string | null
  readonly by: string
  readonly sum: string
  readonly binMs: number | null
  readonly allocation: (typeof ALLOCATIONS)[number]
  readonly activeTimeoutMs: number | null
  readonly top: readonly number[]
  readonly isAscending: boolean
  readonly others: boolean
  readonly isRaw: boolean
  readonly deduplicate: 'none' | 'exporter' | 'edge'
  readonly local: string
  readonly as: string | undefined
  readonly asSource: string
  /** Null: as the output wants it. */
  readonly format: string | null
  readonly isExplained: boolean
  readonly memoryOctets: number
  readonly temporaryDirectory: string
  readonly progress: ProgressMode
}

/** Options from given flags and words; throws UsageError. */
export function analyzeOptions(
  flagsGiven: GivenFlags,
  words: readonly string[],
  nowMs: number,
): AnalyzeOptions {
  const flags = new FlagReader(ANALYZE.flags, flagsGiven)
  const given = flags.list('in')
  // A filter may stand behind --in as well: it has blanks and is no file.
  const isInput = (word: string, i: number) => i === 0 || !/\s/.test(word) || existsSync(word)
  const behind = given.filter((word, i) => !isInput(word, i))
  const filters = [flags.text('filter') ?? '', words.join(' '), behind.join(' ')].filter(
    (text) => text.trim() !== '',
  )
  const zone = timeZone(flags)
  return {
    inputs: given.filter(isInput),
    range: flags.isGiven('day') ? dayOf(flags, zone, nowMs) : timeRange(flags, nowMs),
    timeZone: zone,
    filter: filters.length === 0 ? null : filters.map((text) => `(${text})`).join(' and '),
    by: flags.text('by') ?? '',
    sum: flags.text('sum')!,
    binMs: flags.isGiven('bin') ? positive(flags, 'bin') : null,
    allocation: flags.choice('alloc') as (typeof ALLOCATIONS)[number],
    activeTimeoutMs: flags.isGiven('active-timeout') ? positive(flags, 'active-timeout') : null,
    top: flags.isGiven('top') ? topOf(flags) : [],
    isAscending: flags.boolean('ascending'),
    others: flags.boolean('others'),
    isRaw: flags.boolean('raw-counters'),
    deduplicate: flags.choice('dedup') as 'none' | 'exporter' | 'edge',
    local: flags.text('local')!,
    as: flags.text('as'),
    asSource: flags.text('as-source')!,
    format: flags.isGiven('format') ? flags.choice('format') : null,
    isExplained: flags.boolean('explain'),
    memoryOctets: flags.octets('memory') ?? Math.floor(totalmem() / 4),
    temporaryDirectory: tmpdir(),
    progress: flags.choice('progress') as ProgressMode,
  }
}

function positive(flags: FlagReader, name: string): number {
  const ms = flags.durationMs(name)
  if (ms > 0) return ms
  throw flags.wrong(name, flags.text(name) ?? '', 'a duration above 0, such as 5m')
}

function topOf(flags: FlagReader): number[] {
  const text = flags.text('top') ?? ''
  return text.split(',').map((part) => {
    if (!/^\d{1,9}$/.test(part.trim())) throw flags.wrong('top', text, 'a number such as 10, or some: 10,3')
    return Number(part)
  })
}

function dayOf(flags: FlagReader, zone: string, nowMs: number): TimeRange {
  for (const name of ['from', 'to', 'last'])
    if (flags.isGiven(name)) throw new UsageError(`--day and --${name} exclude each other`)
  const text = flags.text('day') ?? ''
  const from = /^\d{4}-\d\d-\d\d$/.test(text) ? parseTime(text, nowMs, zone) : undefined
  if (from === undefined) throw flags.wrong('day', text, 'a date such as 2026-11-20')
  const next = new Date(Date.parse(`${text}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
  return { from, to: parseTime(next, nowMs, zone) ?? ALL_TIMES.to }
}
