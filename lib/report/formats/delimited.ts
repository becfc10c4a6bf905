import type { Report } from '../report.ts'
import { allRows, type Format, plainCell } from './format.ts'

/** RFC 4180 with plain line feeds, quoted as csv-stringify does: a header, then rows; a blank line between sections. */
export const CSV: Format = {
  name: 'csv',
  isForPeople: false,
  write: (report) => lines(report, ',', quoted),
}

/** As CSV with tabs; tabs and line ends in texts become blanks. */
export const TSV: Format = {
  name: 'tsv',
  isForPeople: false,
  write: (report) => lines(report, '\t', (text) => text.replace(/[\t\r\n]/g, ' ')),
}

function* lines(
  { sections }: Report,
  delimiter: string,
  escaped: (text: string) => string,
): Iterable<string> {
  for (const [i, section] of sections.entries()) {
    if (i > 0) yield '\n'
    const { columns } = section
    yield `${columns.map(({ name }) => escaped(name)).join(delimiter)}\n`
    for (const row of allRows(section))
      yield `${row.map((cell, at) => escaped(plainCell(cell, columns[at]!))).join(delimiter)}\n`
  }
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
