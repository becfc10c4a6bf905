import type { Cell, ResultColumn, ResultTable } from '../query.ts'
import { allRows, type Format, plainCell } from './format.ts'

const UNITS = ['', ' k', ' M', ' G', ' T', ' P', ' E']

/** Aligned columns for people: numbers shortened to three digits, shares as per cent. */
export const TABLE: Format = {
  name: 'table',
  *write(table: ResultTable, isFirst: boolean) {
    if (!isFirst) yield '\n'
    const { columns } = table
    const texts = [
      columns.map(({ name }) => name.toUpperCase()),
      ...table.rows.map((row) => row.map((cell, i) => humanCell(cell, columns[i]!))),
      ...allRows(table)
        .slice(table.rows.length)
        .map((row) => row.map((cell, i) => (i === 0 ? 'others' : humanCell(cell, columns[i]!)))),
    ]
    const widths = columns.map((_, i) => Math.max(...texts.map((row) => row[i]!.length)))
    for (const row of texts) {
      const cells = row.map((text, i) =>
        isLeft(columns[i]!) ? text.padEnd(widths[i]!) : text.padStart(widths[i]!),
      )
      yield `${cells.join('  ').trimEnd()}\n`
    }
  },
}

function isLeft({ unit }: ResultColumn): boolean {
  return unit === 'text' || unit === 'address' || unit === 'time'
}

function humanCell(cell: Cell, column: ResultColumn): string {
  if (cell === null) return ''
  const { unit, role } = column
  if (unit === 'share') return `${(Number(cell) * 100).toFixed(1)}%`
  if (unit === 'ratio') return Number(cell).toFixed(2)
  if (role === 'key' || unit === 'time' || typeof cell === 'string') return plainCell(cell, column)
  return shortened(Number(cell))
}

function shortened(value: number): string {
  let power = 0
  let rest = value
  while (Math.abs(rest) >= 999.5 && power < UNITS.length - 1) {
    rest /= 1000
    power++
  }
  const digits = power === 0 || rest >= 100 ? 0 : rest >= 10 ? 1 : 2
  return `${rest.toFixed(digits)}${UNITS[power]}`
}
