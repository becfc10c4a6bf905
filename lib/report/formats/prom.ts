import type { Report, ReportColumn, ReportRow, Section } from '../report.ts'
import { allRows, type Format, plainCell } from './format.ts'

/**
 * Prometheus' text exposition format 0.0.4: a gauge for each measure, keys and names as labels. Of rows by time only
 * those of the last bin with data: a sample is what is now.
 */
export const PROM: Format = {
  name: 'prom',
  isForPeople: false,
  *write(report) {
    for (const section of report.sections) yield* gauges(report, section)
    for (const { name, value } of report.footer) {
      if (typeof value === 'string') continue
      const metric = metricName('analyze', name)
      yield `# HELP ${metric} What is known of the answer: ${name}.\n# TYPE ${metric} gauge\n${metric}{report="${report.name}"} ${value}\n`
    }
  },
}

function* gauges(report: Report, section: Section): Iterable<string> {
  const { columns } = section
  const labels = columns.map((column, i) => ({ column, i })).filter(({ column }) => isLabel(column))
  const rows = [...lastBin(section)]
  const prefix = report.sections.length > 1 ? `${report.name}_${section.name}` : report.name
  for (const [at, column] of columns.entries()) {
    if (
      column.role !== 'measure' ||
      column.unit === 'text' ||
      column.unit === 'parts' ||
      column.unit === 'address'
    )
      continue
    const metric = metricName(prefix, column.name)
    yield `# HELP ${metric} ${helpText(column)}\n# TYPE ${metric} gauge\n`
    const seen = new Set<string>()
    for (const row of rows) {
      const cell = row[at]!
      if (cell === null || typeof cell === 'object') continue
      const told = labels.map(
        ({ column: label, i }) => `${labelName(label.name)}="${labelText(plainCell(row[i]!, label))}"`,
      )
      const name = told.length === 0 ? metric : `${metric}{${told.join(',')}}`
      // Two rows of the same labels would be no valid exposition.
      if (seen.has(name)) continue
      seen.add(name)
      const value = column.unit === 'time' ? String(Number(cell) / 1e9) : plainCell(cell, column)
      yield `${name} ${value}\n`
    }
  }
}

function isLabel({ role, unit }: ReportColumn): boolean {
  return (role === 'key' && unit !== 'time') || (role === 'measure' && unit === 'text')
}

function* lastBin(section: Section): Iterable<ReportRow> {
  const time = section.columns.findIndex(({ role, unit }) => role === 'key' && unit === 'time')
  if (time < 0) return yield* allRows(section)
  const first = section.columns.findIndex(({ role }) => role === 'measure')
  let last: unknown = null
  for (const row of allRows(section)) if (row[first] !== null) last = row[time]
  for (const row of allRows(section)) if (row[time] === last) yield row
}

function metricName(prefix: string, name: string): string {
  return `weir_${prefix}_${name}`.replace(/[^a-zA-Z0-9_:]+/g, '_').replace(/_+$/, '')
}

function labelName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]+/g, '_').replace(/^(?=\d)/, '_')
}

function labelText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

const UNIT_WORDS: Readonly<Record<string, string>> = {
  octets: 'in octets',
  bitsPerSecond: 'in bit/s',
  perSecond: 'per second',
  time: 'in seconds since the epoch',
  share: 'as a part of the whole, 0 to 1',
  milliseconds: 'in milliseconds',
}

function helpText({ title, unit }: ReportColumn): string {
  return `${title} ${UNIT_WORDS[unit] ?? ''}`.trim().replaceAll('\\', '\\\\').replaceAll('\n', ' ')
}
