import type { Cell, ResultColumn, ResultTable } from '../query.ts'
import { allRows, type Format, plainCell, plainNumber } from './format.ts'

/** One object a row and line. Integers are written in full, beyond 2^53 too. */
export const NDJSON: Format = {
  name: 'ndjson',
  *write(table: ResultTable) {
    for (const row of allRows(table)) yield `${objectOf(row, table.columns)}\n`
  },
}

/** One array of objects, a row each. */
export const JSON_ARRAY: Format = {
  name: 'json',
  *write(table: ResultTable) {
    yield '['
    let before = '\n'
    for (const row of allRows(table)) {
      yield `${before}${objectOf(row, table.columns)}`
      before = ',\n'
    }
    yield '\n]\n'
  },
}

function objectOf(row: readonly Cell[], columns: readonly ResultColumn[]): string {
  const members = row.map((cell, i) => `${JSON.stringify(columns[i]!.name)}:${jsonOf(cell, columns[i]!)}`)
  return `{${members.join(',')}}`
}

function jsonOf(cell: Cell, column: ResultColumn): string {
  if (cell === null) return 'null'
  if (typeof cell === 'number') return plainNumber(cell)
  if (typeof cell === 'bigint' && column.unit !== 'time') return String(cell)
  return JSON.stringify(plainCell(cell, column))
}
