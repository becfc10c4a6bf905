import type { Section } from '../report.ts'
import type { Look } from './format.ts'
import { humanCell } from './human.ts'

/** Names and values of the first row below one another. */
export function* factLines({ columns, rows }: Section, { timeZone }: Look): Iterable<string> {
  const [row] = rows
  if (row === undefined) return
  const shown = columns.map((column, i) => [column.title, humanCell(row[i]!, column, timeZone)] as const)
  const width = shown.reduce((most, [title]) => Math.max(most, title.length), 0)
  for (const [title, text] of shown) yield `${title.padEnd(width)}  ${text}`.trimEnd().concat('\n')
}
