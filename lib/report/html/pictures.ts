import { OTHERS } from '../formats/format.ts'
import type { ResultTable } from '../query.ts'
import { EMPTY_QUESTION, type Question } from '../question.ts'
import type { Course, Names, ReportColumn, ReportRow, Section } from '../report.ts'
import { sectionOf } from '../section.ts'

/** What a page can draw beside a report's own tables: traffic by direction over time; local networks by remote AS. */
export type Picture = 'time' | 'ribbons'

const NETWORKS = 7
const SYSTEMS = 10
const MOST_BINS = 600
const STEPS_MS = [60, 300, 900, 3600, 4 * 3600, 86_400, 7 * 86_400, 30 * 86_400].map((s) => s * 1000)
/** Of courses, which have no bins of their own. */
const SHORT_STEPS_MS = [1000, 10_000]
const COURSE_BINS = 400
const DIRECTIONS = ['in', 'out', 'internal', 'transit'] as const

/** The questions whose answers the pictures of a report are drawn from; `main` is the report's first one. */
export function pictureQuestions(
  pictures: readonly Picture[],
  main: Question,
  span: { readonly fromNs: bigint; readonly toNs: bigint },
): Question[] {
  return pictures.map((picture) => {
    if (picture === 'time') {
      return {
        ...EMPTY_QUESTION,
        name: 'course',
        by: ['time'],
        sum: DIRECTIONS.map((direction) => `bps.${direction}`),
        filter: main.filter,
        binMs: binFor(span, main.binMs ?? STEPS_MS[1]!),
        window: main.window,
      }
    }
    const crossing = 'in or out'
    return {
      ...EMPTY_QUESTION,
      name: 'flow',
      by: ['local.net', 'remote.as'],
      sum: ['bytes'],
      filter: main.filter === null ? crossing : `(${main.filter}) and (${crossing})`,
      top: [NETWORKS, SYSTEMS],
      window: main.window,
    }
  })
}

/** Groups of a course that are asked for: as many as a chart has lines. */
const MOST_GROUPS = 8

/** The question of a course, with bins for a picture of the span. */
export function courseQuestion(
  { question }: Course,
  span: { readonly fromNs: bigint; readonly toNs: bigint },
): Question {
  const isGrouped = question.by.length > 1
  const ms = Number((span.toNs - span.fromNs) / 1_000_000n)
  const binMs = [...SHORT_STEPS_MS, ...STEPS_MS].find((step) => ms / step <= COURSE_BINS)
  return { ...question, binMs: binMs ?? STEPS_MS.at(-1)!, top: isGrouped ? [MOST_GROUPS] : [] }
}

/** The answer to a course as a section to be drawn. */
export function courseSection({ title }: Course, table: ResultTable): Section {
  return { ...sectionOf(table), title, look: 'chart' }
}

/** The report's own bins, or longer ones where they would be more than a picture has dots. */
function binFor({ fromNs, toNs }: { fromNs: bigint; toNs: bigint }, asked: number): number {
  const ms = Number((toNs - fromNs) / 1_000_000n)
  if (ms <= 0 || ms / asked <= MOST_BINS) {
    // A short window is drawn by the minute.
    return ms > 0 && ms / asked < 24 ? Math.min(asked, STEPS_MS[0]!) : asked
  }
  return STEPS_MS.find((step) => step > asked && ms / step <= MOST_BINS) ?? STEPS_MS.at(-1)!
}

/** The answers as sections to be drawn. */
export function pictureSections(
  pictures: readonly Picture[],
  tables: readonly ResultTable[],
  names: Names,
): Section[] {
  return pictures.map((picture, i) => {
    const table = tables[i]!
    if (picture === 'ribbons') return ribbons(table, names)
    const words = Object.fromEntries(DIRECTIONS.map((name) => [`bps.${name}`, { title: name }]))
    return { ...sectionOf(table, words), title: 'Traffic over time by direction', look: 'chart' }
  })
}

/** Pairs of network and system, the smaller systems and networks joined. */
function ribbons(table: ResultTable, names: Names): Section {
  const [outer] = table.outer
  const sums = new Map<string, number>()
  for (const row of table.rows)
    sums.set(String(row[1]), (sums.get(String(row[1])) ?? 0) + Number(row[2] ?? 0))
  const largest = [...sums].toSorted((a, b) => b[1] - a[1]).slice(0, SYSTEMS)
  const kept = new Set(largest.map(([system]) => system))
  const rows: ReportRow[] = []
  for (const network of outer?.rows ?? []) {
    let rest = Number(network[1] ?? 0)
    for (const row of table.rows) {
      if (row[0] !== network[0] || !kept.has(String(row[1]))) continue
      rest -= Number(row[2] ?? 0)
      rows.push(row)
    }
    if (rest > 0) rows.push([network[0]!, OTHERS, rest])
  }
  const shown = (outer?.rows ?? []).reduce((sum, row) => sum + Number(row[1] ?? 0), 0)
  const left = Number(table.totals[2] ?? 0) - shown
  if (left > 0) rows.push([OTHERS, OTHERS, left])
  const column = (name: string, unit: ReportColumn['unit']): ReportColumn => ({
    name,
    title: name,
    role: unit === 'octets' ? 'measure' : 'key',
    unit,
    rank: 0,
    mayBeCut: false,
  })
  return {
    name: 'flow',
    title: rows.length === 0 ? null : 'Local networks and remote AS',
    columns: [column('local.net', 'text'), column('remote.as', 'number'), column('bytes', 'octets')],
    rows,
    others: [],
    totals: null,
    groups: rows.length,
    look: 'ribbons',
    outer: [],
    keyNames: (name, text) =>
      name === 'remote.as' && /^\d+$/.test(text) ? names.system(Number(text)) : null,
  }
}
