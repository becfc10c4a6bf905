import type { Report, ReportCell, ReportColumn, ReportRow, Section } from '../report.ts'
import { formatNs } from '../time-text.ts'

/** What formats for people are fitted to. */
export interface Look {
  /** Columns of the terminal. */
  readonly width: number
  readonly isColored: boolean
  /** Zone of times for people. Machines get UTC. */
  readonly timeZone: string
}

/** How reports are written down; one file beside this for each. */
export interface Format {
  readonly name: string
  /** Whether it is for people: notes and footer belong to it then. */
  readonly isForPeople: boolean
  /** The text of a report, in pieces. */
  write(report: Report, look: Look): Iterable<string>
  /** Of formats in which several reports make one text. */
  writeTogether?(reports: readonly Report[], look: Look): Iterable<string>
}

/** What people see where a group has no such key. */
export const NO_KEY = '-'

/** What stands for the key of the row of all groups that are not shown. */
export const OTHERS = 'others'

/** A cell for machines: plain digits, RFC 3339 in UTC, nothing for null, lists as `15169=0.52;64500=0.1`. */
export function plainCell(cell: ReportCell, { unit }: Pick<ReportColumn, 'unit'>): string {
  if (cell === null) return ''
  if (typeof cell === 'bigint') return unit === 'time' ? formatNs(cell) : String(cell)
  if (typeof cell === 'number') return plainNumber(cell)
  if (typeof cell === 'string') return cell
  return cell.map(({ key, share }) => `${key}=${plainNumber(share)}`).join(';')
}

/** At most six digits behind the point, never an exponent. */
export function plainNumber(value: number): string {
  if (Number.isInteger(value)) return String(value)
  return value.toFixed(6).replace(/\.?0+$/, '')
}

/** The rows of a section, then what they leave: `others` stands in its first key that is no time. */
export function* allRows({ columns, rows, others }: Section): Iterable<ReportRow> {
  yield* rows
  if (others.length === 0) return
  const place = othersPlace(columns)
  for (const row of others) yield row.map((cell, i) => (i === place ? OTHERS : cell))
}

/** The column that names the others, or -1. */
export function othersPlace(columns: readonly ReportColumn[]): number {
  return columns.findIndex(({ role, unit }) => role === 'key' && unit !== 'time')
}
