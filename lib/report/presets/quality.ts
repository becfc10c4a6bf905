import type { FlowFile, FlowStream } from '../../flow/source.ts'
import { newQuality } from '../quality.ts'
import type { Quality, ResultTable } from '../query.ts'
import { EMPTY_QUESTION } from '../question.ts'
import type { Laid, ReportCell, ReportColumn, ReportRow, Section } from '../report.ts'
import { titleOf } from '../section.ts'
import { type ExporterSurvey, Survey } from '../survey/survey.ts'
import { greater, lesser } from '../window.ts'
import type { Preset } from './preset.ts'

const SOURCES = [
  'unknown',
  'default',
  "other domain's option",
  'option',
  'sampler',
  'header',
  'record',
  'override',
]
/** Rows that several exporters or both directions tell of, beyond which data look doubled. */
const DOUBLED = 0.2
const MOST_GAPS = 50

export const QUALITY: Preset = {
  name: 'quality',
  summary: 'How good the data are: exporters, loss, templates, sampling, clocks, timeouts, gaps, doubles.',
  description:
    'A row for each exporter: what it sends, its sampling rates and who said them, records lost by its sequence numbers ' +
    '(datagrams for NetFlow v9 and sFlow; those that held only templates count as lost, so it is at most that many), its ' +
    'active timeout as flow lengths show it, the delay from the end of flows to their reception (median and 99%), rows ' +
    'from the future (its clock is ahead) and rows more than 5 minutes late. Then templates with elements that no table ' +
    'knows, columns and how many rows have them, and gaps of more than 5 minutes. Filters and windows do not apply.',
  operand: null,
  flags: [],
  examples: [
    { says: 'All there is', line: 'weir analyze quality --in flows' },
    { says: 'For a script', line: 'weir analyze quality --in flows --format json' },
    { says: 'To keep, or to mail', line: 'weir analyze quality --in flows --format markdown' },
  ],
  plan: () => ({
    kind: 'reading',
    window: null,
    explanation: ['every record of the inputs, of all kinds'],
    async read(inputs, _, { onProgress }) {
      const survey = new Survey()
      await survey.read(inputs, onProgress)
      return { ...lay(survey), tables: [answered(survey, inputs)] }
    },
  }),
}

/** What the footer tells of the reading. */
function answered(survey: Survey, inputs: readonly (FlowFile | FlowStream)[]): ResultTable {
  const quality: Quality = newQuality()
  quality.files = inputs.length
  quality.rowsRead = survey.rows
  quality.rowsCounted = survey.rows
  for (const input of inputs) {
    quality.problems.push(...input.problems)
    if (!('blocks' in input)) quality.rejected += input.rejected
  }
  const times = [...survey.exporters.values()].filter(({ lastNs }) => lastNs > 0n)
  if (times.length > 0) {
    quality.fromNs = times.map(({ firstNs }) => firstNs).reduce(lesser)
    quality.toNs = times.map(({ lastNs }) => lastNs).reduce(greater)
  }
  return { name: 'quality', columns: [], rows: [], totals: [], others: [], groups: 0, outer: [], quality }
}

function lay(survey: Survey): Laid {
  const exporters = [...survey.exporters.values()].sort((a, b) => b.rows - a.rows)
  const sections = [exporterSection(exporters)]
  if (survey.layouts.size > 0) sections.push(templateSection(survey))
  if (survey.columns.size > 0) sections.push(columnSection(survey))
  if (survey.gaps.length > 0) sections.push(gapSection(survey))
  const question = { ...EMPTY_QUESTION, name: 'course', by: ['time', 'exporter'], sum: ['fps'] }
  const courses = [{ title: 'Flows of each exporter over time', question }]
  return { title: 'Quality of the data', sections, notes: warnings(survey, exporters), courses }
}

function exporterSection(exporters: readonly ExporterSurvey[]): Section {
  const columns = [
    column('exporter', 'address', 0, 'key'),
    column('protocol', 'text', 2),
    column('domains', 'number', 6),
    column('rows', 'flows', 0),
    column('sampling', 'text', 1),
    column('unknown.sampling', 'share', 4),
    column('lost', 'number', 1),
    column('lost.share', 'share', 1),
    column('restarts', 'number', 7),
    column('active.timeout', 'milliseconds', 3),
    column('longest', 'milliseconds', 5),
    column('delay', 'milliseconds', 3),
    column('delay.p99', 'milliseconds', 5),
    column('ahead', 'flows', 4),
    column('ahead.most', 'milliseconds', 6),
    column('late', 'flows', 4),
    column('first', 'time', 8),
    column('last', 'time', 8),
  ]
  const rows = exporters.map((one): ReportCell[] => {
    const lost = one.sequences.reduce((sum, sequence) => sum + sequence.lost, 0)
    const expected = one.sequences.reduce((sum, sequence) => sum + sequence.expected, 0)
    const timeout = one.timeout.seconds
    return [
      one.address,
      [...one.protocols].map(protocolText).sort().join(' '),
      one.domains.size,
      one.rows,
      samplingText(one),
      one.rows === 0 ? null : one.unknownRate / one.rows,
      one.sequences.length === 0 ? null : lost,
      expected === 0 ? null : lost / expected,
      one.sequences.reduce((sum, { restarts }) => sum + restarts, 0),
      timeout === null ? null : timeout * 1000,
      one.durations.count === 0 ? null : Math.round(one.durations.longestMs),
      rounded(one.delays.quantile(0.5)),
      rounded(one.delays.quantile(0.99)),
      one.ahead,
      one.ahead === 0 ? null : Math.round(one.mostAheadMs),
      one.late,
      one.firstNs === 0n ? null : one.firstNs,
      one.lastNs === 0n ? null : one.lastNs,
    ]
  })
  return sectionOf('exporters', 'Exporters', columns, rows)
}

function templateSection({ layouts }: Survey): Section {
  const columns = [
    column('exporter', 'address', 0, 'key'),
    column('template', 'number', 0, 'key'),
    column('protocol', 'text', 3),
    column('records', 'flows', 1),
    column('unknown.elements', 'text', 1),
    column('elements', 'text', 2),
  ]
  const rows = [...layouts.values()]
    .sort((a, b) => b.rows - a.rows)
    .map((one): ReportCell[] => [
      one.exporter,
      one.id,
      protocolText(one.protocol),
      one.rows,
      one.unknown.join(' ') || null,
      one.fields,
    ])
  return sectionOf('templates', 'Templates', columns, rows)
}

function columnSection({ columns: found, rows: all }: Survey): Section {
  const columns = [
    column('column', 'text', 0, 'key'),
    column('rows', 'flows', 1),
    column('share', 'share', 1),
  ]
  const rows = [...found]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([name, count]): ReportCell[] => [name, count, all === 0 ? null : count / all])
  return sectionOf('columns', 'Columns', columns, rows)
}

function gapSection({ gaps }: Survey): Section {
  const columns = [
    column('exporter', 'address', 0, 'key'),
    column('from', 'time', 0),
    column('to', 'time', 0),
    column('length', 'milliseconds', 1),
  ]
  const rows = gaps
    .map(({ exporter, fromNs, toNs }) => ({
      exporter,
      fromNs,
      toNs,
      ms: Number((toNs - fromNs) / 1_000_000n),
    }))
    .sort((a, b) => b.ms - a.ms)
    .slice(0, MOST_GAPS)
    .map(({ exporter, fromNs, toNs, ms }): ReportCell[] => [exporter, fromNs, toNs, ms])
  return { ...sectionOf('gaps', 'Gaps', columns, rows), groups: gaps.length }
}

function warnings(survey: Survey, exporters: readonly ExporterSurvey[]): string[] {
  const notes: string[] = []
  const part = survey.compared === 0 ? 0 : survey.repeated / survey.compared
  if (part > DOUBLED)
    notes.push(
      `${Math.round(part * 100)}% of flows were told by another exporter before: data look doubled, say --dedup exporter`,
    )
  for (const { address, directions } of exporters) {
    const [into, out] = directions
    if (Math.min(into, out) > DOUBLED * (into + out))
      notes.push(
        `${address} tells of flows on ingress (${into}) and egress (${out}): data look doubled, say --dedup edge`,
      )
  }
  for (const { address, ahead, rows } of exporters)
    if (ahead > rows / 10)
      notes.push(`the clock of ${address} is ahead: ${ahead} flows end after they came in`)
  const unknown = new Set([...survey.layouts.values()].flatMap((layout) => layout.unknown))
  if (unknown.size > 0)
    notes.push(`elements that no table knows (enterprise/element): ${[...unknown].slice(0, 20).join(' ')}`)
  return notes
}

function samplingText({ ratesBySource }: ExporterSurvey): string | null {
  const rates = [...ratesBySource].sort((a, b) => b[1] - a[1]).slice(0, 3)
  const texts = rates.map(([key]) => {
    return `1:${Math.floor(key / 256)} by ${SOURCES[key % 256] ?? 'other'}`
  })
  return texts.length === 0 ? null : texts.join(', ')
}

function protocolText(version: number): string {
  if (version === 0) return 'unknown'
  if (version === 10) return 'IPFIX'
  if (version === 250) return 'packets'
  return version >= 200 ? `sFlow ${version - 200}` : `NetFlow ${version}`
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value)
}

function column(
  name: string,
  unit: ReportColumn['unit'],
  rank: number,
  role: ReportColumn['role'] = 'measure',
): ReportColumn {
  return { name, title: titleOf(name), role, unit, rank, mayBeCut: unit === 'text' }
}

function sectionOf(
  name: string,
  title: string,
  columns: readonly ReportColumn[],
  rows: ReportRow[],
): Section {
  return {
    name,
    title,
    columns,
    rows,
    others: [],
    totals: null,
    groups: rows.length,
    look: 'table',
    outer: [],
  }
}
