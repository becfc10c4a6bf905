import type { Cell, ResultColumn, ResultTable } from '../query.ts'
import { formatNs } from '../time-text.ts'

/** How results are written down; one file beside this for each. */
export interface Format {
  readonly name: string
  /** The texts of a table, in pieces; `isFirst` where none was written before into the same output. */
  write(table: ResultTable, isFirst: boolean): Iterable<string>
}

/** A cell for machines: plain digits, RFC 3339, nothing for null. */
export function plainCell(cell: Cell, { unit }: ResultColumn): string {
  if (cell === null) return ''
  if (unit === 'time' && typeof cell === 'bigint') return formatNs(cell)
  return typeof cell === 'number' ? plainNumber(cell) : String(cell)
}

/** At most six digits behind the point, never an exponent. */
export function plainNumber(value: number): string {
  if (Number.isInteger(value)) return String(value)
  return value.toFixed(6).replace(/\.?0+$/, '')
}

/** The rows of a table, and what they leave. */
export function allRows(table: ResultTable): readonly (readonly Cell[])[] {
  return table.others.length === 0 ? table.rows : [...table.rows, ...table.others]
}
