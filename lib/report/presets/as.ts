import { FlowError } from '../../diagnostics/flow-error.ts'
import type { Question } from '../question.ts'
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
}

export const AS: Preset = {
  name: 'as',
  summary: 'What networks are accessed: AS by bytes each way, 95th percentiles, local users.',
  description:
    'By the AS of the remote end, by that of sources (--src) or destinations (--dst), or by both (--path). in and out are ' +
    'bytes towards and from the local networks, users the local addresses. from says whose number it is: ' +
    "the user's table (--as), the exporter's, or the built-in table's; --as-source orders them. " +
    'first is the earliest start of its flows within the window.',
  operand: null,
  flags: [
    { name: 'src', help: 'By the AS of sources.' },
    { name: 'dst', help: 'By the AS of destinations.' },
    { name: 'path', help: 'By source and destination AS together.' },
    { name: 'via', value: 'NUMBER', help: 'Only flows that came in or went out by this interface.' },
  ],
  examples: [
    { says: 'Remote systems with most traffic', line: 'weir analyze as --in flows' },
    { says: 'Where traffic goes, 20 systems', line: 'weir analyze as --dst --in flows --top 20' },
    { says: 'By one uplink only', line: 'weir analyze as --in flows --via 1 --format csv' },
  ],
  plan(asked) {
    const by = asked.by ?? keysOf(asked)
    const via = asked.flag('via')
    if (via !== null && !/^\d{1,10}$/.test(via))
      throw new FlowError('QUERY_INVALID', `--via ${via}: want the number of an interface`)
    const filter = via === null ? null : `in if ${via} or out if ${via}`
    const main = questionOf(
      { ...asked, by },
      { name: 'as', by, sum: SUM, top: [10], filter, binMs: FIVE_MINUTES, others: true },
    )
    const key = by.length === 1 && /^(src|dst|remote|local)\.as$/.test(by[0]!) ? by[0]! : null
    const isWhole = key !== null && asked.sum === null && asked.having === null
    const questions = isWhole ? [main, originsOf(main, key)] : [main]
    return {
      kind: 'questions',
      questions,
      lay([table, origins], names) {
        const added: AddedColumn[] = nameColumns(table!, names)
        if (origins !== undefined) {
          const at = table!.columns.findIndex(({ name }) => name === 'bytes')
          const volumes = new Map(table!.rows.map((row) => [String(row[0]), Number(row[at] ?? 0)]))
          const parts = partsOf(
            origins,
            0,
            (system) => volumes.get(system) ?? 0,
            (cell) => ({ key: String(cell ?? 'unknown'), name: '' }),
          )
          added.push({
            column: partsColumn('from', 'FROM', 6),
            behind: null,
            cell: (row) => parts.get(String(row[0])) ?? [],
          })
        }
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
