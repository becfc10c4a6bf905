import type { ResultTable } from '../query.ts'
import { EMPTY_QUESTION, type Question } from '../question.ts'
import type { Laid, Names, Part, ReportCell } from '../report.ts'
import {
  type AddedColumn,
  type ColumnWords,
  NOTHING_LOCAL,
  nameColumns,
  partsColumn,
  partsOf,
  sectionOf,
  serviceText,
} from '../section.ts'
import { ALL_GROUPS, questionOf } from './asked.ts'
import type { Asked, Preset } from './preset.ts'

const FIVE_MINUTES = 300_000
const LISTED = 3
const NOT_TRANSIT = 'in or out or internal'
const SUM = ['uniq(local.ip)', 'bytes.in', 'bytes.out', 'p95(bps.in)', 'p95(bps.out)', 'bytes', 'flows']
const WORDS: Readonly<Record<string, ColumnWords>> = {
  'local.net': { title: 'LOCAL NET' },
  'local.name': { name: 'local.name', title: 'NAME', rank: 1 },
  'uniq(local.ip)': { name: 'hosts', title: 'HOSTS', rank: 4 },
  'bytes.in': { name: 'in', title: 'IN', rank: 1 },
  'bytes.out': { name: 'out', title: 'OUT', rank: 1 },
  'p95(bps.in)': { name: 'in.p95', title: 'IN p95', rank: 3 },
  'p95(bps.out)': { name: 'out.p95', title: 'OUT p95', rank: 3 },
  bytes: { rank: 5 },
  flows: { rank: 6 },
}

export const LOCAL: Preset = {
  name: 'local',
  summary: 'What local networks, customers or hosts access: bytes each way, AS and services.',
  description:
    'in and out are bytes towards and from the local networks, bytes also those between them. p95 is the 95th percentile ' +
    'of bit/s over bins of 5 minutes (--bin), bins without traffic included. Of each row the three remote AS with most ' +
    'outgoing bytes are shown with their part of it, and the three services with their part of all bytes. Flows past the ' +
    'local networks are left out; the footer says how many bytes that is.',
  operand: null,
  flags: [],
  examples: [
    { says: 'By local network, the private ones', line: 'weir analyze local --in flows' },
    {
      says: 'By host, one network only',
      line: "weir analyze local 'net 10.0.0.0/8' --in flows --by local.ip",
    },
    {
      says: 'The same for a script',
      line: 'weir analyze local --in flows --day 2026-01-01 --top 0 --format ndjson',
    },
  ],
  plan(asked) {
    const by = asked.by ?? ['local.net']
    // The name belongs to the network or address: it makes no groups of its own.
    const isNamed = by.length === 1 && /^local\.(net|ip)$/.test(by[0]!)
    const main = questionOf(
      { ...asked, by: isNamed ? [by[0]!, 'local.name'] : by },
      {
        name: 'local',
        by,
        sum: SUM,
        sort: 'bytes',
        top: [10],
        filter: NOT_TRANSIT,
        binMs: FIVE_MINUTES,
        others: true,
      },
    )
    const lists = by.length === 1 && asked.sum === null ? listQuestions(main, by[0]!) : []
    const directions = { ...EMPTY_QUESTION, name: 'directions', by: ['direction'], sum: ['bytes'] }
    return {
      kind: 'questions',
      questions: [main, ...lists, directions],
      lay: (tables, names) => lay(asked, by, tables, names),
    }
  },
}

/** The systems and services of each row. */
function listQuestions(main: Question, key: string): Question[] {
  const limit = main.top[0] ?? ALL_GROUPS
  const nested = { ...main, others: false, having: null, sort: 'bytes', binMs: null, top: [limit, LISTED] }
  const systems = { ...nested, name: 'systems', by: [key, 'remote.as'], sum: ['bytes', 'bytes.out'] }
  const services = { ...nested, name: 'services', by: [key, 'service'], sum: ['bytes'] }
  return [{ ...systems, innerSort: 'bytes.out' }, services]
}

function lay(asked: Asked, by: readonly string[], tables: readonly ResultTable[], names: Names): Laid {
  const main = tables[0]!
  const [systems, services] = tables.length > 2 ? tables.slice(1, 3) : []
  const added: AddedColumn[] = nameColumns(main, names)
  if (systems !== undefined && services !== undefined) {
    const volumes = (name: string) => {
      const at = main.columns.findIndex((column) => column.name === name)
      const byKey = new Map(main.rows.map((row) => [String(row[0]), Number(row[at] ?? 0)]))
      return (key: string) => byKey.get(key) ?? 0
    }
    const systemNames = (cell: ReportCell) => ({
      key: cell === null ? '' : String(cell),
      name: Number(cell ?? 0) === 0 ? 'unknown' : names.system(Number(cell)),
    })
    const serviceNames = (cell: ReportCell) => {
      const key = cell === null ? '' : String(cell)
      return { key, name: serviceText(key, names) ?? '' }
    }
    const lists: [string, string, number, ReadonlyMap<string, Part[]>][] = [
      ['top.as', 'TOP REMOTE AS (share of out)', 2, partsOf(systems, 1, volumes('bytes.out'), systemNames)],
      ['top.services', 'TOP SERVICES', 2, partsOf(services, 0, volumes('bytes'), serviceNames)],
    ]
    for (const [name, title, rank, parts] of lists) {
      const cell = (row: readonly ReportCell[]) => parts.get(String(row[0])) ?? []
      added.push({ column: partsColumn(name, title, rank), behind: null, cell })
    }
  }
  const section = sectionOf(main, WORDS, added)
  const directions = tables.at(-1)!
  return {
    title: `What ${asked.by === null ? 'local networks' : by.join(', ')} access`,
    sections: [section],
    ...passedBy(directions),
  }
}

/** What part of the traffic has no local end. */
function passedBy({ rows }: ResultTable): Pick<Laid, 'notes' | 'remarks'> {
  const all = rows.reduce((sum, row) => sum + Number(row[1]), 0)
  const transit = Number(rows.find(([direction]) => direction === 'transit')?.[1] ?? 0)
  if (all === 0) return { notes: [] }
  const share = transit / all
  const text = `unlabelled ${(share * 100).toFixed(1)}%`
  const remarks = [{ name: 'unlabelled_share', value: Number(share.toFixed(6)), text }]
  if (transit === all) return { notes: [NOTHING_LOCAL], remarks }
  const notes =
    transit === 0 ? [] : [`${(share * 100).toFixed(1)}% of the bytes have no local end and are not shown`]
  return { notes, remarks }
}
