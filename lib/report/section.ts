import type { ResultColumn, ResultTable } from './query.ts'
import type { Names, Part, ReportCell, ReportColumn, ReportRow, Section } from './report.ts'

/** What a report calls a column that a question calls by its words. */
export interface ColumnWords {
  readonly name?: string
  readonly title?: string
  readonly rank?: number
}

/** A column of a report beside those of the answer. */
export interface AddedColumn {
  readonly column: ReportColumn
  /** Stands behind the column of this name; null: at the end. */
  readonly behind: string | null
  /** The cell, by the row of the answer and its number. */
  cell(row: readonly ReportCell[], place: number): ReportCell
}

/** A section that shows an answer as it is, its columns called by `words`. */
export function sectionOf(
  table: ResultTable,
  words: Readonly<Record<string, ColumnWords>> = {},
  added: readonly AddedColumn[] = [],
): Section {
  const columns = table.columns.map((column, i) => reportColumn(column, i, words[column.name] ?? {}))
  let section: Section = {
    name: table.name,
    title: null,
    columns,
    rows: table.rows,
    others: table.others,
    totals: table.totals,
    groups: table.groups,
    look: 'table',
    outer: table.outer,
  }
  for (const addition of added) section = withColumn(section, table, addition)
  return section
}

function reportColumn({ name, role, unit }: ResultColumn, place: number, words: ColumnWords): ReportColumn {
  return {
    name: words.name ?? name,
    title: words.title ?? titleOf(name),
    role,
    unit,
    rank: words.rank ?? (role === 'key' ? 0 : place),
    mayBeCut: unit === 'text',
  }
}

/** `local.net` is LOCAL NET, `p95(bps.in)` is BPS IN P95. */
export function titleOf(name: string): string {
  const call = /^([a-z0-9]+)\((.*)\)$/.exec(name)
  if (call === null) return name.replaceAll('.', ' ').toUpperCase()
  const [, word = '', inner = ''] = call
  if (word === 'uniq' || word === 'distinct') return `DISTINCT ${titleOf(inner)}`
  if (word === 'ratio') return titleOf(inner.replace(',', ' / '))
  return `${titleOf(inner)} ${word.toUpperCase()}`
}

function withColumn(section: Section, table: ResultTable, { column, behind, cell }: AddedColumn): Section {
  const found = section.columns.findIndex(({ name }) => name === behind)
  const at = found < 0 ? section.columns.length : found + 1
  const inserted = <T>(row: readonly T[], value: T): T[] => [...row.slice(0, at), value, ...row.slice(at)]
  const empty = (row: ReportRow): ReportRow => inserted<ReportCell>(row, null)
  return {
    ...section,
    columns: inserted(section.columns, column),
    rows: section.rows.map((row, i) => inserted(row, cell(table.rows[i]!, i))),
    others: section.others.map(empty),
    totals: section.totals === null ? null : empty(section.totals),
  }
}

/** Columns with names for people beside keys that are numbers: systems, services, protocols. */
export function nameColumns(table: ResultTable, names: Names): AddedColumn[] {
  const added: AddedColumn[] = []
  for (const [place, { name, role }] of table.columns.entries()) {
    const nameOf = role === 'key' ? nameReader(name, names) : null
    if (nameOf === null) continue
    const column: ReportColumn = {
      name: `${name}.name`,
      title: `${titleOf(name)} NAME`,
      role: 'measure',
      unit: 'text',
      rank: 1,
      mayBeCut: true,
    }
    added.push({ column, behind: name, cell: (row) => nameOf(row[place]!) })
  }
  return added
}

function nameReader(name: string, names: Names): ((cell: ReportCell) => string | null) | null {
  if (/(^|\.)as$/.test(name)) return (cell) => systemText(cell, names)
  if (name === 'service') return (cell) => (cell === null ? null : serviceText(String(cell), names))
  if (name === 'proto' || name === 'protocol')
    return (cell) => (cell === null ? null : names.protocol(Number(cell)))
  return null
}

function systemText(cell: ReportCell, names: Names): string | null {
  if (cell === null) return null
  // 0 is what nobody's table knows.
  return Number(cell) === 0 ? 'unknown' : names.system(Number(cell)) || null
}

/** The name of `443/tcp`, or null. */
export function serviceText(service: string, names: Names): string | null {
  const match = /^(\d+)\/(.+)$/.exec(service)
  if (match === null) return null
  const protocols: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 }
  return names.service(protocols[match[2]!] ?? 0, Number(match[1])) || null
}

/** What to say where no flow has to do with the local networks. */
export const NOTHING_LOCAL = 'no flow has a local end: say with --local FILE which networks are yours'

/** Whether an answer is by local networks, and there are none in it. */
export function lacksLocal({ columns, rows }: ResultTable): boolean {
  const places = columns.flatMap(({ name, role }, i) =>
    role === 'key' && name.startsWith('local.') ? [i] : [],
  )
  return (
    places.length > 0 && rows.length > 0 && rows.every((row) => places.every((place) => row[place] === null))
  )
}

/** A column of short lists. */
export function partsColumn(name: string, title: string, rank: number): ReportColumn {
  return { name, title, role: 'measure', unit: 'parts', rank, mayBeCut: true }
}

/**
 * What each outer group of a nested answer of two keys consists of: its inner groups with their part of `whole`, which
 * gets the outer key's text. `measure` is the number of the measure that is shared.
 */
export function partsOf(
  table: ResultTable,
  measure: number,
  whole: (outer: string) => number,
  nameOf: (key: ReportCell) => { readonly key: string; readonly name: string },
): ReadonlyMap<string, Part[]> {
  const parts = new Map<string, Part[]>()
  const at = table.columns.length - measures(table) + measure
  for (const row of table.rows) {
    const outer = String(row[0])
    const volume = Number(row[at] ?? 0)
    const all = whole(outer)
    if (volume === 0 || all === 0) continue
    const part = { ...nameOf(row[1]!), share: volume / all }
    const list = parts.get(outer)
    if (list === undefined) parts.set(outer, [part])
    else list.push(part)
  }
  return parts
}

function measures(table: ResultTable): number {
  return table.columns.filter(({ role }) => role === 'measure').length
}
