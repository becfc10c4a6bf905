import { FlowError } from '../../diagnostics/flow-error.ts'
import type { ResultTable } from '../query.ts'
import type { Question } from '../question.ts'
import type { ReportColumn } from '../report.ts'
import {
  type AddedColumn,
  type ColumnWords,
  nameColumns,
  partsColumn,
  partsOf,
  sectionOf,
} from '../section.ts'
import { ALL_GROUPS, questionOf } from './asked.ts'
import type { Asked, Preset } from './preset.ts'
import { bitRate } from './rates.ts'

const FIVE_MINUTES = 300_000
const SUM = [
  'bytes',
  'bytes.in',
  'bytes.out',
  'share(bytes)',
  'p95(bps.in)',
  'p95(bps.out)',
  'ratio(bytes.out,bytes.in)',
  'uniq(local.ip)',
  'flows',
  'min(start)',
  'trend(bps)',
]
const WORDS: Readonly<Record<string, ColumnWords>> = {
  'remote.as': { title: 'AS' },
  'src.as': { title: 'SOURCE AS' },
  'dst.as': { title: 'DESTINATION AS' },
  'bytes.in': { name: 'in', title: 'IN', rank: 1 },
  'bytes.out': { name: 'out', title: 'OUT', rank: 1 },
  'share(bytes)': { name: 'share', title: 'SHARE', rank: 3 },
  'p95(bps.in)': { name: 'in.p95', title: 'IN p95', rank: 4 },
  'p95(bps.out)': { name: 'out.p95', title: 'OUT p95', rank: 4 },
  'ratio(bytes.out,bytes.in)': { name: 'ratio', title: 'OUT/IN', rank: 7 },
  'uniq(local.ip)': { name: 'users', title: 'USERS', rank: 5 },
  flows: { rank: 8 },
  'min(start)': { name: 'first', title: 'FIRST SEEN', rank: 9 },
  'trend(bps)': { name: 'trend', title: 'TREND', rank: 8 },
}

export const AS: Preset = {
  name: 'as',
  summary: 'What networks are accessed: AS by bytes each way, 95th percentiles, local users.',
  description:
    'By the AS of the remote end, by that of sources (--src) or destinations (--dst), or by both (--path). in and out are ' +
    'bytes towards and from the local networks, users the local addresses. from says whose number it is: ' +
    "the user's table (--as), the exporter's, or the built-in table's; --as-source orders them. " +
    'first is the earliest start of its flows within the window, trend the later half of the window against the earlier. ' +
    '--uplinks shows by which interfaces and next hops it is reached; --flow-to-peer the systems that may be worth a ' +
    'peering: those above a rate each way, behind the interfaces of --via if these are your transit.',
  operand: null,
  flags: [
    { name: 'src', help: 'By the AS of sources.' },
    { name: 'dst', help: 'By the AS of destinations.' },
    { name: 'path', help: 'By source and destination AS together.' },
    {
      name: 'via',
      value: 'NUMBERS',
      help: 'Only flows that came in or went out by one of these interfaces: 1,2.',
    },
    { name: 'uplinks', help: 'By which interfaces and next hops traffic goes there.' },
    {
      name: 'flow-to-peer',
      value: 'RATE',
      help: 'Only systems whose 95th percentile in or out reaches so many bits per second: 10M.',
    },
  ],
  examples: [
    { says: 'Remote systems with most traffic', line: 'weir analyze as --in flows' },
    { says: 'Where traffic goes, 20 systems', line: 'weir analyze as --dst --in flows --top 20' },
    {
      says: 'A month by sums of days (weir archive compact), which outlive the records',
      line: "weir analyze as --in flows --from 2026-01-01 --to 2026-02-01 --sum 'bytes,bytes.in,bytes.out,share(bytes),flows'",
    },
    {
      says: 'Candidates for a peering behind two transits',
      line: 'weir analyze as --in flows --via 1,2 --flow-to-peer 10M --uplinks',
    },
  ],
  plan(asked) {
    const by = asked.by ?? keysOf(asked)
    const via = asked.flag('via')
    if (via !== null && !/^\d{1,10}(,\d{1,10})*$/.test(via))
      throw new FlowError('QUERY_INVALID', `--via ${via}: want numbers of interfaces`)
    const interfaces = via === null ? [] : via.split(',')
    const filter = via === null ? null : interfaces.map((one) => `in if ${one} or out if ${one}`).join(' or ')
    const main = questionOf(
      { ...asked, by, having: havingOf(asked) },
      { name: 'as', by, sum: SUM, top: [10], filter, binMs: FIVE_MINUTES, others: true },
    )
    const key = by.length === 1 && /^(src|dst|remote|local)\.as$/.test(by[0]!) ? by[0]! : null
    const isWhole = key !== null && asked.sum === null
    const ways = isWhole && asked.isOn('uplinks') ? WAYS : []
    if (asked.isOn('uplinks') && ways.length === 0)
      throw new FlowError('QUERY_INVALID', '--uplinks is of one AS each: leave out --path and --sum')
    const hasOrigins = isWhole && main.having === null
    const questions = [
      main,
      ...(hasOrigins ? [originsOf(main, key)] : []),
      ...ways.map(({ by: way }) => wayOf(main, key!, way)),
    ]
    return {
      kind: 'questions',
      questions,
      lay([table, ...others], names) {
        const added: AddedColumn[] = nameColumns(table!, names)
        const list = (of: ResultTable, measure: string, column: ReportColumn) => {
          const at = table!.columns.findIndex(({ name }) => name === measure)
          const volumes = new Map(table!.rows.map((row) => [String(row[0]), Number(row[at] ?? 0)]))
          const parts = partsOf(
            of,
            0,
            (system) => volumes.get(system) ?? 0,
            (cell) => ({ key: String(cell ?? 'unknown'), name: '' }),
          )
          added.push({ column, behind: null, cell: (row) => parts.get(String(row[0])) ?? [] })
        }
        if (hasOrigins) list(others[0]!, 'bytes', partsColumn('from', 'FROM', 6))
        for (const [i, { name, title }] of ways.entries())
          list(others.at(i - ways.length)!, 'bytes.out', partsColumn(name, title, 2))
        const section = sectionOf(table!, WORDS, added)
        return { title: `Traffic by ${by.join(' and ')}`, sections: [section], notes: [] }
      },
    }
  },
}

function keysOf(asked: Asked): string[] {
  const given = ['src', 'dst', 'path'].filter((name) => asked.isOn(name))
  if (given.length > 1) throw new FlowError('QUERY_INVALID', `--${given.join(' and --')} exclude each other`)
  switch (given[0]) {
    case 'src':
      return ['src.as']
    case 'dst':
      return ['dst.as']
    case 'path':
      return ['src.as', 'dst.as']
    default:
      return ['remote.as']
  }
}

/** How traffic to a system leaves: columns of --uplinks. */
const WAYS = [
  { name: 'uplinks', title: 'UPLINKS (share of out)', by: 'out.if.name' },
  { name: 'next.hops', title: 'NEXT HOPS', by: 'next.hop' },
] as const

function wayOf(main: Question, key: string, way: string): Question {
  const limit = main.having === null ? (main.top[0] ?? ALL_GROUPS) : ALL_GROUPS
  const rest = { binMs: null, having: null, sort: null, others: false, top: [limit, 3] }
  return {
    ...main,
    ...rest,
    name: 'ways',
    by: [key, way],
    sum: ['bytes.out', 'bytes'],
    sort: 'bytes',
    innerSort: 'bytes.out',
  }
}

/** Which systems are shown: those that the user wants, and of --flow-to-peer those with so much traffic. */
function havingOf(asked: Asked): string | null {
  const rate = asked.flag('flow-to-peer')
  if (rate === null) return asked.having
  const least = bitRate('flow-to-peer', rate)
  const peers = `p95(bps.in) >= ${least} or p95(bps.out) >= ${least}`
  return asked.having === null ? peers : `(${asked.having}) and (${peers})`
}

/** Whose table the number of each system is of. */
function originsOf(main: Question, key: string): Question {
  const limit = main.top[0] ?? ALL_GROUPS
  return {
    ...main,
    name: 'origins',
    by: [key, `${key}.source`],
    sum: ['bytes'],
    binMs: null,
    top: [limit, 3],
    sort: null,
    others: false,
  }
}
