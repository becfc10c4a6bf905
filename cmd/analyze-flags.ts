import { existsSync } from 'node:fs'
import { availableParallelism, tmpdir, totalmem } from 'node:os'
import { splitNames } from '../lib/report/names.ts'
import type { Asked, Preset } from '../lib/report/presets/preset.ts'
import { type ALLOCATIONS, ANALYZE, REPORT_COMMANDS } from './analyze-table.ts'
import { FlagReader } from './flag-reader.ts'
import type { Command, GivenFlags } from './flags.ts'
import { nearest } from './nearest.ts'
import type { ProgressMode } from './progress.ts'
import { isTerminal, STDOUT } from './terminal.ts'
import { ALL_TIMES, parseTime, type TimeRange, timeRange, timeZone } from './times.ts'
import { UsageError } from './usage-error.ts'

/** What `weir analyze` was asked, words of keys and measures not yet understood. */
export interface AnalyzeOptions {
  readonly preset: Preset
  readonly asked: Asked
  readonly inputs: readonly string[]
  readonly range: TimeRange
  readonly timeZone: string
  readonly filter: string | null
  readonly allocation: (typeof ALLOCATIONS)[number]
  readonly activeTimeoutMs: number | null
  readonly isRaw: boolean
  readonly deduplicate: 'none' | 'exporter' | 'edge'
  readonly local: string
  readonly as: string | undefined
  readonly asSource: string
  readonly format: string
  /** The file to write; empty for stdout. */
  readonly output: string
  readonly isExplained: boolean
  readonly isStrict: boolean
  /** How often to answer again; null: once. */
  readonly watchMs: number | null
  readonly memoryOctets: number
  readonly threads: number
  /** Whether rollups may stand for records. */
  readonly usesRollups: boolean
  readonly temporaryDirectory: string
  readonly progress: ProgressMode
  /** Flags that hold for any question, as they would be typed again. */
  readonly settingWords: readonly string[]
}

const MOST_THREADS = 64
const DEFAULT_THREADS = 4

/** Flags that `--explain` repeats as they were given. */
const SETTINGS = [
  ...['from', 'to', 'last', 'day', 'month', 'tz', 'alloc', 'active-timeout', 'raw-counters', 'dedup'],
  ...['local', 'ifs', 'as', 'as-source'],
]

/** Options from given flags and words; throws UsageError. */
export function analyzeOptions(
  preset: Preset,
  flagsGiven: GivenFlags,
  words: readonly string[],
  nowMs: number,
): AnalyzeOptions {
  const command = commandOf(preset)
  const flags = new FlagReader(command.flags, flagsGiven)
  const given = flags.list('in')
  // A filter may stand behind --in as well: it has blanks and is no file.
  const isInput = (word: string, i: number) => i === 0 || !/\s/.test(word) || existsSync(word)
  const behind = given.filter((word, i) => !isInput(word, i))
  const { operand, rest } = operandOf(preset, words)
  const filters = [flags.text('filter') ?? '', rest.join(' '), behind.join(' ')].filter(
    (text) => text.trim() !== '',
  )
  const zone = timeZone(flags)
  const range = rangeOf(flags, zone, nowMs)
  const filter =
    filters.length === 0
      ? null
      : filters.length === 1
        ? filters[0]!
        : filters.map((text) => `(${text})`).join(' and ')
  const isOpen = { from: range.from === ALL_TIMES.from, to: range.to === ALL_TIMES.to }
  const named = flags.text('output') ?? ''
  const output = named === '-' ? '' : named
  const isDrawn = preset.drawnBy !== undefined && flags.boolean(preset.drawnBy)
  const format = flags.isGiven('format') ? flags.choice('format') : isDrawn ? 'table' : defaultFormat(output)
  const sort = flags.isGiven('sort') ? sortOf(flags) : null
  const asked: Asked = {
    by: flags.isGiven('by') ? splitNames(flags.text('by') ?? '') : null,
    sum: flags.isGiven('sum') ? splitNames(flags.text('sum') ?? '') : null,
    binMs: flags.isGiven('bin') ? positive(flags, 'bin') : null,
    top: flags.isGiven('top') ? topOf(flags, 'top') : flags.isGiven('bottom') ? topOf(flags, 'bottom') : null,
    isAscending: flags.boolean('ascending') || flags.isGiven('bottom') || sort?.isAscending === true,
    per: flags.list('per'),
    sort: sort?.measures[0] ?? null,
    innerSort: sort?.measures[1] ?? null,
    others: flags.isGiven('others') ? flags.boolean('others') : null,
    having: flags.text('having') ?? null,
    leastShare: flags.isGiven('min') ? shareOf(flags, 'min') : null,
    hasShare: flags.boolean('share'),
    hasCumulative: flags.boolean('cumulative'),
    fromNs: isOpen.from ? null : range.from,
    toNs: isOpen.to ? null : range.to,
    timeZone: zone,
    filter,
    operand,
    isForPeople: format === 'table' || format === 'markdown' || format === 'html',
    flag: (name) => checked(command, flags, name),
    isOn: (name) => flags.boolean(name),
  }
  if (flags.isGiven('top') && flags.isGiven('bottom'))
    throw new UsageError('--top and --bottom exclude each other')
  return {
    preset,
    asked,
    inputs: given.filter(isInput),
    range,
    timeZone: zone,
    filter,
    allocation: flags.choice('alloc') as (typeof ALLOCATIONS)[number],
    activeTimeoutMs: flags.isGiven('active-timeout') ? positive(flags, 'active-timeout') : null,
    isRaw: flags.boolean('raw-counters'),
    deduplicate: flags.choice('dedup') as 'none' | 'exporter' | 'edge',
    local: flags.text('local')!,
    as: flags.text('as'),
    asSource: flags.text('as-source')!,
    format,
    output,
    isExplained: flags.boolean('explain'),
    isStrict: flags.boolean('strict'),
    watchMs: flags.isGiven('watch') ? positive(flags, 'watch') : null,
    memoryOctets: flags.octets('memory') ?? Math.floor(totalmem() / 4),
    usesRollups: !flags.boolean('raw'),
    threads: flags.isGiven('threads')
      ? flags.integer('threads', 1, MOST_THREADS)
      : Math.min(availableParallelism(), DEFAULT_THREADS),
    temporaryDirectory: tmpdir(),
    progress: flags.choice('progress') as ProgressMode,
    settingWords: SETTINGS.flatMap((name) => {
      const values = flagsGiven.get(name)?.values
      if (values === undefined) return []
      return name === 'raw-counters' ? [`--${name}`] : [`--${name}`, values.at(-1)!]
    }),
  }
}

/** The command with the flags of a report. */
export function commandOf({ name }: Preset): Command {
  return REPORT_COMMANDS.find((command) => command.name === `analyze ${name}`) ?? ANALYZE
}

function checked(command: Command, flags: FlagReader, name: string): string | null {
  const flag = command.flags.find((each) => each.name === name)
  if (flag?.choices !== undefined && flags.isGiven(name)) return flags.choice(name)
  return flags.text(name) ?? null
}

function operandOf(
  { name, operand }: Preset,
  words: readonly string[],
): { operand: string | null; rest: readonly string[] } {
  if (operand === null) return { operand: null, rest: words }
  const [first, ...rest] = words
  if (first === undefined) {
    if (operand.isRequired) throw new UsageError(`analyze ${name}: ${operand.value} is missing`)
    return { operand: null, rest: words }
  }
  const { choices } = operand
  if (choices === null || choices.includes(first)) return { operand: first, rest }
  const near = /\s/.test(first) || rest.length > 0 ? undefined : nearest(first, choices)
  if (near !== undefined) throw new UsageError(`analyze ${name}: there is no ${first}; did you mean ${near}?`)
  if (operand.isRequired)
    throw new UsageError(`analyze ${name}: got ${first}, want one of ${choices.join(', ')}`)
  return { operand: null, rest: words }
}

/** What a file's name says of its format. */
const FORMATS_BY_EXTENSION: Readonly<Record<string, string>> = {
  csv: 'csv',
  html: 'html',
  json: 'json',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  md: 'markdown',
  prom: 'prom',
  txt: 'table',
}

function defaultFormat(output: string): string {
  const extension = /\.([a-z]+)$/.exec(output)?.[1] ?? ''
  const byName = FORMATS_BY_EXTENSION[extension]
  if (byName !== undefined) return byName
  return output === '' && isTerminal(STDOUT) ? 'table' : 'tsv'
}

function sortOf(flags: FlagReader): { measures: string[]; isAscending: boolean } {
  const text = flags.text('sort') ?? ''
  const match = /^(.*?)(?::(asc|desc))?$/.exec(text)!
  return { measures: splitNames(match[1]!), isAscending: match[2] === 'asc' }
}

function positive(flags: FlagReader, name: string): number {
  const ms = flags.durationMs(name)
  if (ms > 0) return ms
  throw flags.wrong(name, flags.text(name) ?? '', 'a duration above 0, such as 5m')
}

function shareOf(flags: FlagReader, name: string): number {
  const text = flags.text(name) ?? ''
  const match = /^(\d{1,3}(?:\.\d{1,6})?)%$/.exec(text)
  if (match === null || Number(match[1]) > 100)
    throw flags.wrong(name, text, 'a part of the whole such as 1%')
  return Number((Number(match[1]) / 100).toFixed(8))
}

function topOf(flags: FlagReader, name: string): number[] {
  const text = flags.text(name) ?? ''
  return text.split(',').map((part) => {
    if (!/^\d{1,9}$/.test(part.trim())) throw flags.wrong(name, text, 'a number such as 10, or some: 10,3')
    return Number(part)
  })
}

function rangeOf(flags: FlagReader, zone: string, nowMs: number): TimeRange {
  const named = ['day', 'month'].filter((name) => flags.isGiven(name))
  const [name] = named
  if (name === undefined) return timeRange(flags, nowMs)
  const other = named[1] ?? ['from', 'to', 'last'].find((each) => flags.isGiven(each))
  if (other !== undefined) throw new UsageError(`--${name} and --${other} exclude each other`)
  return name === 'day' ? dayOf(flags, zone, nowMs) : monthOf(flags, zone, nowMs)
}

function dayOf(flags: FlagReader, zone: string, nowMs: number): TimeRange {
  const text = flags.text('day') ?? ''
  const from = /^\d{4}-\d\d-\d\d$/.test(text) ? parseTime(text, nowMs, zone) : undefined
  if (from === undefined) throw flags.wrong('day', text, 'a date such as 2026-11-20')
  const next = new Date(Date.parse(`${text}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
  return { from, to: parseTime(next, nowMs, zone) ?? ALL_TIMES.to }
}

function monthOf(flags: FlagReader, zone: string, nowMs: number): TimeRange {
  const text = flags.text('month') ?? ''
  const from = /^\d{4}-\d\d$/.test(text) ? parseTime(`${text}-01`, nowMs, zone) : undefined
  if (from === undefined) throw flags.wrong('month', text, 'a month such as 2026-11')
  const [year, month] = text.split('-').map(Number) as [number, number]
  const next = new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10)
  return { from, to: parseTime(next, nowMs, zone) ?? ALL_TIMES.to }
}
