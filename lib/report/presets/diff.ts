import { FlowError } from '../../diagnostics/flow-error.ts'
import { keyText } from '../courses.ts'
import { lengthNs, momentNs } from '../moment.ts'
import type { Cell, ResultTable } from '../query.ts'
import { EMPTY_QUESTION, type Question } from '../question.ts'
import type { Laid, Names, ReportCell, ReportColumn, ReportRow, Section } from '../report.ts'
import { titleOf } from '../section.ts'
import { formatNs } from '../time-text.ts'
import type { Asked, Preset } from './preset.ts'

const DEFAULT_TOP = 20
/** Earlier windows that tell what change is usual. */
const REFERENCES = 5
/** Of fewer windows nobody can tell what is usual. */
const LEAST_REFERENCES = 3

export const DIFF: Preset = {
  name: 'diff',
  summary: 'What changed against another time: absolute, in per cent, new and gone keys.',
  description:
    'Compares the window (--day, --last, --from with --to) with the one before it (--compare prev), one so much earlier ' +
    '(-7d), or any other (FROM..TO), whose volume is scaled to the same length of time. Rows with the greatest change ' +
    'come first. typical is the median change from one window to the next among up to five earlier ones at the same ' +
    'distance; x.typical is how many times that the change is: small numbers are business as usual. Empty where fewer than ' +
    'three of those windows have data.',
  operand: null,
  flags: [
    {
      name: 'compare',
      value: 'WHEN',
      default: 'prev',
      help: 'What with: prev, a distance such as -7d, or FROM..TO.',
    },
    { name: 'top-change', value: 'N', default: String(DEFAULT_TOP), help: 'So many rows; 0 is all.' },
  ],
  examples: [
    {
      says: 'AS, against the same day a week ago',
      line: 'weir analyze diff --in flows --day 2026-01-08 --compare=-7d',
    },
    {
      says: 'Customers, this month against the last one',
      line: 'weir analyze diff --in flows --local networks.txt --by customer --month 2026-02 --compare 2026-01-01..2026-02-01',
    },
    {
      says: 'The last hour against the one before',
      line: 'weir analyze diff --in flows --last 1h --by service',
    },
  ],
  pictures: ['time'],
  plan(asked) {
    const by = (asked.by ?? ['remote.as']).filter((key) => key !== 'time')
    const [measure = 'bytes'] = asked.sum ?? []
    const topText = asked.flag('top-change') ?? String(DEFAULT_TOP)
    if (!/^\d{1,9}$/.test(topText))
      throw new FlowError('QUERY_INVALID', `--top-change ${topText}: want a number`)
    const top = asked.top?.[0] ?? Number(topText)
    const windows = windowsOf(asked)
    const questions = windows.map(
      (window, i): Question => ({
        ...EMPTY_QUESTION,
        name: i === 0 ? 'now' : i === 1 ? 'before' : `earlier-${i}`,
        by,
        sum: [measure],
        window,
      }),
    )
    return {
      kind: 'questions',
      questions,
      lay: (tables, names) => lay(tables, names, { by, measure, windows, top }),
    }
  },
}

interface Span {
  readonly fromNs: bigint
  readonly toNs: bigint
}

/** This window, the one it is compared with, and those at the same distance before. */
function windowsOf(asked: Asked): Span[] {
  const { fromNs, toNs } = asked
  if (fromNs === null || toNs === null)
    throw new FlowError('QUERY_INVALID', 'diff: say which time: --day, --month, --last, or --from with --to')
  const now = { fromNs, toNs }
  const before = comparedWith(asked.flag('compare') ?? 'prev', now)
  const distance = fromNs - before.fromNs
  const windows = [now, before]
  for (let i = 1; i < REFERENCES && distance > 0n; i++) {
    const earlier = { fromNs: before.fromNs - BigInt(i) * distance, toNs: before.toNs - BigInt(i) * distance }
    if (earlier.fromNs < 0n) break
    windows.push(earlier)
  }
  return windows
}

function comparedWith(text: string, { fromNs, toNs }: Span): Span {
  const length = toNs - fromNs
  if (text === 'prev') return { fromNs: fromNs - length, toNs: fromNs }
  const distance = text.startsWith('-') ? lengthNs(text.slice(1)) : null
  if (distance !== null && distance > 0n) return { fromNs: fromNs - distance, toNs: toNs - distance }
  const [from, to, ...more] = text.split('..').map(momentNs)
  if (more.length > 0 || from === undefined || to === undefined || from === null || to === null || from >= to)
    throw new FlowError(
      'QUERY_INVALID',
      `--compare ${text}: want prev, a distance such as -7d, or FROM..TO such as 2026-01-01..2026-01-08`,
    )
  return { fromNs: from, toNs: to }
}

interface Terms {
  readonly by: readonly string[]
  readonly measure: string
  readonly windows: readonly Span[]
  readonly top: number
}

function lay(tables: readonly ResultTable[], names: Names, { by, measure, windows, top }: Terms): Laid {
  const [now, before] = tables as [ResultTable, ResultTable]
  const keys = by.length
  const [nowSpan, beforeSpan] = windows as [Span, Span]
  const scaleOf = (span: Span) => Number(nowSpan.toNs - nowSpan.fromNs) / Number(span.toNs - span.fromNs)
  const isRate = now.columns[keys]!.unit === 'bitsPerSecond' || now.columns[keys]!.unit === 'perSecond'
  const volumes = tables.map((table, i) => {
    const scale = isRate ? 1 : scaleOf(windows[i]!)
    return new Map(table.rows.map((row) => [keyText(row.slice(0, keys)), scaled(row[keys]!, scale)]))
  })
  const keyCells = new Map<string, readonly Cell[]>()
  for (const { rows } of [now, before])
    for (const row of rows) keyCells.set(keyText(row.slice(0, keys)), row.slice(0, keys))
  // Windows that nobody recorded say nothing of what is usual.
  const earlier = volumes.slice(1).filter((_, i) => tables[i + 1]!.quality.rowsCounted > 0)
  const changes = [...keyCells].map(([name, cells]) => {
    const [a, b] = [volumes[0]!.get(name) ?? 0, volumes[1]!.get(name) ?? 0]
    return {
      name,
      cells,
      now: a,
      before: b,
      change: a - b,
      isNew: !volumes[1]!.has(name),
      isGone: !volumes[0]!.has(name),
    }
  })
  changes.sort((a, b) => Math.abs(b.change) - Math.abs(a.change) || (a.name < b.name ? -1 : 1))
  const shown = top === 0 ? changes : changes.slice(0, top)
  const systemAt = by.findIndex((key) => key.endsWith('.as'))
  const rows = shown.map((one): ReportRow => {
    const usual = typicalChange(earlier.map((volume) => volume.get(one.name) ?? 0))
    return [
      ...one.cells,
      ...(systemAt < 0 ? [] : [names.system(Number(one.cells[systemAt] ?? 0))]),
      one.now,
      one.before,
      one.change,
      one.before === 0 ? null : one.change / one.before,
      one.isNew ? 'new' : one.isGone ? 'gone' : one.change === 0 ? 'same' : one.change > 0 ? 'more' : 'less',
      usual,
      usual === null || usual === 0 ? null : Math.abs(one.change) / usual,
    ]
  })
  const total = (table: ResultTable, i: number) =>
    scaled(table.totals[keys]!, isRate ? 1 : scaleOf(windows[i]!))
  const [all, allBefore] = [total(now, 0), total(before, 1)]
  const section: Section = {
    name: 'diff',
    title: null,
    columns: columnsOf(now, keys, measure, systemAt >= 0),
    rows,
    others: [],
    totals: totalsOf(keys + (systemAt < 0 ? 0 : 1), all, allBefore),
    groups: changes.length,
    look: 'table',
    outer: [],
  }
  return {
    title: `Changes by ${by.join(', ')}`,
    sections: [section],
    notes: notesOf(tables, windows, scaleOf(beforeSpan)),
  }
}

function totalsOf(keys: number, now: number, before: number): ReportCell[] {
  const change = now - before
  return [
    ...new Array<null>(keys).fill(null),
    now,
    before,
    change,
    before === 0 ? null : change / before,
    null,
    null,
    null,
  ]
}

function notesOf(tables: readonly ResultTable[], [now, before]: readonly Span[], scale: number): string[] {
  const text = (span: Span) => `${formatNs(span.fromNs)} to ${formatNs(span.toNs)}`
  const factor = scale === 1 ? '' : `, its volume times ${scale.toFixed(4)} for the same length`
  const notes = [`${text(now!)} compared with ${text(before!)}${factor}`]
  if (tables[0]!.quality.rowsCounted === 0) notes.push('there are no flows in this window')
  if (tables[1]!.quality.rowsCounted === 0) notes.push('there are no flows in the window it is compared with')
  return notes
}

/** The median of changes between windows that follow one another; null of too few. */
function typicalChange(volumes: readonly number[]): number | null {
  if (volumes.length < LEAST_REFERENCES) return null
  const steps = volumes.slice(1).map((volume, i) => Math.abs(volume - volumes[i]!))
  steps.sort((a, b) => a - b)
  const half = steps.length >> 1
  return steps.length % 2 === 1 ? steps[half]! : Math.round((steps[half - 1]! + steps[half]!) / 2)
}

function scaled(cell: Cell, scale: number): number {
  const value = Number(cell ?? 0)
  return scale === 1 ? value : Math.round(value * scale)
}

function columnsOf(table: ResultTable, keys: number, measure: string, hasName: boolean): ReportColumn[] {
  const { unit } = table.columns[keys]!
  const column = (name: string, title: string, own: ReportColumn['unit'], rank: number): ReportColumn => ({
    name,
    title,
    role: 'measure',
    unit: own,
    rank,
    mayBeCut: own === 'text',
  })
  return [
    ...table.columns
      .slice(0, keys)
      .map(
        (key): ReportColumn => ({ ...key, title: titleOf(key.name), rank: 0, mayBeCut: key.unit === 'text' }),
      ),
    ...(hasName ? [column('name', 'NAME', 'text', 2)] : []),
    column(measure, titleOf(measure), unit, 1),
    column('before', 'BEFORE', unit, 1),
    column('change', 'CHANGE', unit, 0),
    column('change.share', 'CHANGE %', 'share', 1),
    column('state', 'STATE', 'text', 2),
    column('typical', 'TYPICAL', unit, 4),
    column('x.typical', 'x TYPICAL', 'ratio', 3),
  ]
}
