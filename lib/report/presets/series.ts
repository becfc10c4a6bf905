import { FlowError } from '../../diagnostics/flow-error.ts'
import type { ResultTable } from '../query.ts'
import { type ReportCell, type ReportColumn, type ReportRow, type Section, wholeColumn } from '../report.ts'
import { lacksLocal, NOTHING_LOCAL, nameColumns, sectionOf } from '../section.ts'
import { questionOf } from './asked.ts'
import type { Preset } from './preset.ts'

const FIVE_MINUTES = 300_000

export const SERIES: Preset = {
  name: 'series',
  summary: 'Traffic over time: bins of 5 minutes, 288 a day, or any length.',
  description:
    'Volume is shared out over bins in proportion to time. A bin without traffic has zeros; one that no input covers has ' +
    'empty cells (null in JSON), because nobody was listening. With --by there is a row for each group and bin. lost are ' +
    'records that exporters sent and that are not there, by their sequence numbers.',
  operand: null,
  flags: [
    { name: 'wide', help: 'A column for each group, of the first measure, instead of rows.' },
    { name: 'sparkline', help: 'One line for each group, its course drawn as small bars.' },
  ],
  examples: [
    {
      says: 'A day by minutes and direction',
      line: 'weir analyze series --in flows --day 2026-01-01 --bin 1m --by direction',
    },
    {
      says: 'The ten AS with most traffic, and all others, a column each',
      line: 'weir analyze series --in flows --day 2026-01-01 --by remote.as --top 10 --others --wide --format csv',
    },
    {
      says: 'At a glance',
      line: 'weir analyze series --in flows --day 2026-01-01 --by local.net --sparkline',
    },
  ],
  drawnBy: 'sparkline',
  pictures: ['ribbons'],
  plan(asked) {
    const groups = asked.by ?? []
    const by = ['time', ...groups.filter((key) => key !== 'time')]
    const question = questionOf(
      { ...asked, by },
      { name: 'series', by, sum: ['bytes', 'packets', 'flows', 'bps'], top: [], binMs: FIVE_MINUTES },
    )
    const isWide = asked.isOn('wide')
    if (isWide && by.length === 1)
      throw new FlowError('QUERY_INVALID', '--wide needs --by: a column for each group')
    return {
      kind: 'questions',
      questions: [question],
      lay([table], names) {
        const { quality } = table!
        const notes = lacksLocal(table!) ? [NOTHING_LOCAL] : []
        if (quality.missingBins > 0) {
          notes.push(
            `${quality.missingBins} of ${quality.bins} bins are empty: no input covers them. Zeros are bins without traffic.`,
          )
        }
        const title = `Traffic by ${question.by.join(', ')}`
        const added = asked.isForPeople ? nameColumns(table!, names) : []
        const told = sectionOf(table!, {}, added)
        // Scripts that name measures get these and no others.
        const plain = asked.sum === null ? withLosses(told, table!) : told
        const look = asked.isOn('sparkline') ? 'sparkline' : 'table'
        return { title, sections: [isWide ? wide(table!) : { ...plain, look }], notes }
      },
    }
  },
}

/** One more column: what exporters lost in each bin; where exporters are a key, of the row's own one. */
function withLosses(section: Section, table: ResultTable): Section {
  const { losses, toNs } = table.quality
  const timeAt = section.columns.findIndex(({ role, unit }) => role === 'key' && unit === 'time')
  const exporterAt = section.columns.findIndex(({ name, role }) => role === 'key' && name === 'exporter')
  const cells = new Set(section.columns.flatMap(({ role }, i) => (role === 'measure' ? [i] : [])))
  const starts = [...new Set([...section.rows, ...section.others].map((row) => row[timeAt] as bigint))].sort(
    (a, b) => (a < b ? -1 : 1),
  )
  const sums = new Map<string, number>()
  let bin = -1
  for (const { exporter, atNs, records } of (losses ?? []).toSorted((x, y) => (x.atNs < y.atNs ? -1 : 1))) {
    while (bin + 1 < starts.length && starts[bin + 1]! <= atNs) bin++
    if (bin < 0 || atNs >= toNs) continue
    for (const key of [`${starts[bin]}`, `${starts[bin]} ${exporter}`])
      sums.set(key, (sums.get(key) ?? 0) + records)
  }
  const lost = (row: ReportRow): ReportCell => {
    const isMissing = row.every((cell, i) => cell === null || !cells.has(i))
    if (losses === null || isMissing) return null
    if (exporterAt >= 0 && row[exporterAt] === null) return null
    const key = exporterAt < 0 ? `${row[timeAt]}` : `${row[timeAt]} ${row[exporterAt]}`
    return Math.round(sums.get(key) ?? 0)
  }
  const all = losses?.reduce((sum, { records }) => sum + records, 0) ?? null
  return {
    ...section,
    columns: [...section.columns, wholeColumn('lost', 'LOST', 'number', 9)],
    rows: section.rows.map((row) => [...row, lost(row)]),
    others: section.others.map((row) => [...row, lost(row)]),
    totals: section.totals === null ? null : [...section.totals, all === null ? null : Math.round(all)],
  }
}

/** One row a bin: the time, then the first measure of each group. */
function wide(table: ResultTable): Section {
  const keys = table.columns.filter(({ role }) => role === 'key').length
  const first = table.columns[keys]!
  const groups = new Map<string, number>()
  const rows = new Map<ReportCell, ReportCell[]>()
  const put = (name: string, time: ReportCell, cell: ReportCell): void => {
    let place = groups.get(name)
    if (place === undefined) {
      place = groups.size
      groups.set(name, place)
    }
    let row = rows.get(time)
    if (row === undefined) {
      row = [time]
      rows.set(time, row)
    }
    row[place + 1] = cell
  }
  for (const row of table.rows) {
    const name = row
      .slice(1, keys)
      .map((cell) => String(cell ?? ''))
      .join(' ')
    put(name, row[0]!, row[keys]!)
  }
  for (const row of table.others) put('others', row[0]!, row[keys]!)
  const columns: ReportColumn[] = [
    { name: 'time', title: 'TIME', role: 'key', unit: 'time', rank: 0, mayBeCut: false },
    ...[...groups.keys()].map((name, i) => ({
      name: name === '' ? 'none' : name,
      title: name === '' ? 'none' : name,
      role: 'measure' as const,
      unit: first.unit,
      rank: i + 1,
      mayBeCut: false,
    })),
  ]
  return {
    name: table.name,
    title: null,
    columns,
    rows: [...rows.values()].map((row) => columns.map((_, i) => row[i] ?? null)),
    others: [],
    totals: null,
    groups: table.groups,
    look: 'table',
    outer: [],
  }
}
