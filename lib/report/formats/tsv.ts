import type { ResultTable } from '../query.ts'
import { allRows, type Format, plainCell } from './format.ts'

/** A line of names, then rows; tabs and line ends in texts become blanks. */
export const TSV: Format = {
  name: 'tsv',
  *write(table: ResultTable, isFirst: boolean) {
    if (!isFirst) yield '\n'
    yield `${table.columns.map(({ name }) => name).join('\t')}\n`
    for (const row of allRows(table)) {
      const cells = row.map((cell, i) => plainCell(cell, table.columns[i]!).replace(/[\t\r\n]/g, ' '))
      yield `${cells.join('\t')}\n`
    }
  },
}
