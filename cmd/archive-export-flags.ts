import type { TimeForm } from '../lib/export/cells.ts'
import { ARCHIVE_EXPORT, EXPORT_KINDS, type ExportFormat } from './archive-export-table.ts'
import { type DocumentOptions, documentOptions } from './document-flags.ts'
import { FlagReader } from './flag-reader.ts'
import type { GivenFlags } from './flags.ts'
import type { ProgressMode } from './progress.ts'
import { type TimeRange, timeRange, timeZone } from './times.ts'
import { UsageError } from './usage-error.ts'

/** What `weir archive export` was asked to do. */
export interface ArchiveExportOptions {
  readonly format: ExportFormat
  /** Empty for stdout. */
  readonly output: string
  readonly kinds: ReadonlySet<string>
  readonly range: TimeRange
  /** Null for all rows. */
  readonly filter: string | null
  readonly timeZone: string
  readonly isAsWritten: boolean
  readonly mapping: string | null
  readonly compat: '2.2' | '2.1'
  readonly separator: string
  /** Empty: the default's. */
  readonly columns: readonly string[]
  readonly times: TimeForm
  readonly header: boolean
  readonly documents: DocumentOptions
  readonly progress: ProgressMode
}

/** Options from given flags; throws UsageError. */
export function archiveExportOptions(given: GivenFlags, nowMs: number): ArchiveExportOptions {
  const flags = new FlagReader(ARCHIVE_EXPORT.flags, given)
  const format = flags.choice('format') as ExportFormat
  const kinds = flags.isGiven('kinds') ? flags.list('kinds') : kindsOf(format)
  const strange = kinds.find((kind) => !(EXPORT_KINDS as readonly string[]).includes(kind))
  if (strange !== undefined || kinds.length === 0) {
    throw flags.wrong('kinds', strange ?? '', `some of ${EXPORT_KINDS.join(', ')}`)
  }
  if (
    flags.isGiven('columns') &&
    ['text', 'bin', 'weir', 'nfdump-csv', 'ecs', 'ecs-agent'].includes(format)
  ) {
    throw new UsageError(`--columns is for json, csv, tsv and parquet: ${format} has columns of its own`)
  }
  const output = flags.text('output') ?? '-'
  const isShaped = flags.isGiven('mapping') || flags.isGiven('goflow2-compat')
  return {
    format,
    output: output === '-' ? '' : output,
    kinds: new Set(kinds),
    range: timeRange(flags, nowMs),
    filter: flags.text('filter') || null,
    timeZone: timeZone(flags),
    isAsWritten: flags.isGiven('as-written') ? flags.boolean('as-written') : !isShaped,
    mapping: flags.text('mapping') || null,
    compat: flags.choice('goflow2-compat') as '2.2' | '2.1',
    separator: flags.text('separator')!,
    columns: flags.list('columns'),
    times: flags.choice('times') as TimeForm,
    header: flags.boolean('header'),
    documents: documentOptions(flags),
    progress: flags.choice('progress') as ProgressMode,
  }
}

/** What takes every kind of record gets them all. */
function kindsOf(format: ExportFormat): readonly string[] {
  return ['weir', 'ecs', 'ecs-agent'].includes(format) ? EXPORT_KINDS : ['flow']
}
