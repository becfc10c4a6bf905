import { allRows, othersPlace } from '../formats/format.ts'
import { humanCell } from '../formats/human.ts'
import { isLeft } from '../formats/table.ts'
import type { ReportCell, ReportColumn, ReportRow, Section } from '../report.ts'
import { escaped } from './markup.ts'

/** Rows that a page shows of a table; beyond it browsers get slow. */
const MOST_ROWS = 5000
const BAR_UNITS: ReadonlySet<string> = new Set(['octets', 'packets', 'flows', 'bitsPerSecond', 'perSecond'])

/** The table of a section, numbers with bars where they are ranked. */
export function* tableMarkup(section: Section, timeZone: string): Iterable<string> {
  const { columns } = section
  if (section.rows.length === 0 && section.others.length === 0) {
    yield '<p class="empty">No flow matches.</p>\n'
    return
  }
  const bars = barColumn(section)
  const most = bars < 0 ? 0 : section.rows.reduce((greatest, row) => Math.max(greatest, size(row[bars]!)), 0)
  yield '<div class="wide"><table>\n<thead><tr>'
  for (const column of columns) yield `<th scope="col"${side(column)}>${escaped(column.title)}</th>`
  yield '</tr></thead>\n<tbody>\n'
  let shown = 0
  for (const row of allRows(section)) {
    if (++shown > MOST_ROWS) break
    yield `<tr${shown > section.rows.length ? ' class="others"' : ''}>`
    for (const [i, cell] of row.entries())
      yield cellMarkup(cell, columns[i]!, timeZone, i === bars ? most : 0, section)
    yield '</tr>\n'
  }
  yield '</tbody>\n'
  if (section.totals?.some((cell) => cell !== null) && section.rows.length > 1)
    yield totalsMarkup(section, section.totals, timeZone)
  yield '</table></div>\n'
  if (shown > MOST_ROWS) {
    const all = section.rows.length + section.others.length
    yield `<p class="note">The first ${MOST_ROWS} of ${all} rows; --format csv has all.</p>\n`
  } else if (section.groups > section.rows.length && section.others.length === 0 && !hasTime(section))
    yield `<p class="note">${section.rows.length} of ${section.groups} groups.</p>\n`
}

/** Names and values of a single row below one another. */
export function* factsMarkup({ columns, rows }: Section, timeZone: string): Iterable<string> {
  const [row] = rows
  if (row === undefined) return
  yield '<dl>\n'
  for (const [i, column] of columns.entries()) {
    const text = humanCell(row[i]!, column, timeZone)
    yield `<div><dt>${escaped(column.title)}</dt><dd>${text === '' ? '–' : escaped(text)}</dd></div>\n`
  }
  yield '</dl>\n'
}

/** Whether rows are told apart by time. */
export function hasTime({ columns }: Section): boolean {
  return columns.some(({ role, unit }) => role === 'key' && unit === 'time')
}

function cellMarkup(
  cell: ReportCell,
  column: ReportColumn,
  timeZone: string,
  most: number,
  { keyNames }: Section,
): string {
  const text = escaped(humanCell(cell, column, timeZone))
  const name = column.role === 'key' && typeof cell !== 'object' ? (keyNames?.(column.name, text) ?? '') : ''
  const named = name === '' ? text : `${text} ${escaped(name)}`
  const tag = column.role === 'key' && column.unit !== 'time' ? 'th scope="row"' : 'td'
  const end = tag.startsWith('th') ? 'th' : 'td'
  if (most === 0) return `<${tag}${side(column)}>${named}</${end}>`
  const width = Math.round((size(cell) / most) * 1000) / 10
  return (
    `<td class="number bar">${named}<svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">` +
    `<rect width="${width}" height="1"/></svg></td>`
  )
}

function totalsMarkup({ columns }: Section, totals: ReportRow, timeZone: string): string {
  const place = Math.max(0, othersPlace(columns))
  const cells = totals.map((cell, i) => {
    const text = i === place ? 'all' : humanCell(cell, columns[i]!, timeZone)
    return `<td${side(columns[i]!)}>${escaped(text)}</td>`
  })
  return `<tfoot><tr>${cells.join('')}</tr></tfoot>\n`
}

/** The measure whose cells have bars: the first one that counts something, in rows of groups. */
function barColumn(section: Section): number {
  if (hasTime(section) || section.look === 'matrix' || section.rows.length < 2) return -1
  return section.columns.findIndex(({ role, unit }) => role === 'measure' && BAR_UNITS.has(unit))
}

function size(cell: ReportCell): number {
  return typeof cell === 'number' || typeof cell === 'bigint' ? Math.max(0, Number(cell)) : 0
}

function side(column: ReportColumn): string {
  if (column.unit === 'parts') return ' class="parts"'
  return isLeft(column) ? (column.unit === 'time' ? ' class="time"' : '') : ' class="number"'
}
