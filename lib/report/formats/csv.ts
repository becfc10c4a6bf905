import type { ResultTable } from '../query.ts'
import { allRows, type Format, plainCell } from './format.ts'

/** RFC 4180 with plain line feeds: a header, then rows. */
export const CSV: Format = {
  name: 'csv',
  *write(table: ResultTable, isFirst: boolean) {
    if (!isFirst) yield '\n'
    yield `${table.columns.map(({ name }) => quoted(name)).join(',')}\n`
    for (const row of allRows(table))
      yield `${row.map((cell, i) => quoted(plainCell(cell, table.columns[i]!))).join(',')}\n`
  },
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
