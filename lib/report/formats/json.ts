import type { Report, ReportCell, ReportColumn, ReportRow, Section } from '../report.ts'
import { allRows, type Format, plainCell, plainNumber } from './format.ts'

/** One object a row and line; integers are written in full, beyond 2^53 too. With several sections each row names its own. */
export const NDJSON: Format = {
  name: 'ndjson',
  isForPeople: false,
  *write({ sections }) {
    for (const section of sections) {
      const first = sections.length > 1 ? `"section":${JSON.stringify(section.name)},` : ''
      for (const row of allRows(section)) yield `{${first}${members(row, section.columns)}}\n`
    }
  },
}

/** One object: the question, then columns, rows, totals of the first section, those of the others, the footer. */
export const JSON_OBJECT: Format = {
  name: 'json',
  isForPeople: false,
  *write(report) {
    const [first, ...more] = report.sections
    yield `{\n"report":${JSON.stringify(report.name)},\n"query":${JSON.stringify(report.queries)},\n`
    if (first !== undefined) yield* sectionText(first)
    if (more.length > 0) {
      yield ',\n"sections":['
      for (const [i, section] of more.entries()) {
        yield `${i === 0 ? '' : ','}\n{"name":${JSON.stringify(section.name)},\n`
        yield* sectionText(section)
        yield '}'
      }
      yield '\n]'
    }
    yield `,\n"notes":${JSON.stringify(report.notes)},\n"footer":${footerText(report)}\n}\n`
  },
}

function* sectionText(section: Section): Iterable<string> {
  const { columns, totals } = section
  yield `"columns":[${columns.map(({ name, unit }) => JSON.stringify({ name, unit })).join(',')}],\n"rows":[`
  let before = '\n'
  for (const row of allRows(section)) {
    yield `${before}{${members(row, columns)}}`
    before = ',\n'
  }
  yield '\n],\n"totals":'
  if (totals === null) yield 'null'
  else {
    const sums = columns.map((column, i) => ({ column, i })).filter(({ column }) => column.role === 'measure')
    const told = sums.filter(({ i }) => totals[i] !== null)
    yield `{${members(
      told.map(({ i }) => totals[i]!),
      told.map(({ column }) => column),
    )}}`
  }
}

function footerText({ footer }: Report): string {
  const facts = footer.map(({ name, value }) => {
    const text = typeof value === 'bigint' ? String(value) : JSON.stringify(value)
    return `${JSON.stringify(name)}:${text}`
  })
  return `{${facts.join(',')}}`
}

function members(row: ReportRow, columns: readonly ReportColumn[]): string {
  return row.map((cell, i) => `${JSON.stringify(columns[i]!.name)}:${jsonOf(cell, columns[i]!)}`).join(',')
}

function jsonOf(cell: ReportCell, column: ReportColumn): string {
  if (cell === null) return 'null'
  if (typeof cell === 'number') return plainNumber(cell)
  if (typeof cell === 'bigint' && column.unit !== 'time') return String(cell)
  if (typeof cell === 'string' || typeof cell === 'bigint') return JSON.stringify(plainCell(cell, column))
  const parts = cell.map(
    ({ key, name, share }) =>
      `{"key":${JSON.stringify(key)},"name":${JSON.stringify(name)},"share":${plainNumber(share)}}`,
  )
  return `[${parts.join(',')}]`
}
