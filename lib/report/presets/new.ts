import { FlowError } from '../../diagnostics/flow-error.ts'
import { plainCell } from '../formats/format.ts'
import type { Cell, ResultColumn, ResultTable } from '../query.ts'
import { EMPTY_QUESTION, type Question } from '../question.ts'
import type { Laid, ReportRow } from '../report.ts'
import { type ColumnWords, nameColumns, sectionOf } from '../section.ts'
import { greater } from '../window.ts'
import type { Asked, Preset } from './preset.ts'
import { SeenFile } from './seen-file.ts'

const DEFAULT_TOP = 50
const DAY_NS = 86_400_000_000_000n
const SUM = ['bytes', 'packets', 'flows', 'min(start)', 'max(end)']
const WORDS: Readonly<Record<string, ColumnWords>> = {
  'min(start)': { name: 'first', title: 'FIRST' },
  'max(end)': { name: 'last', title: 'LAST' },
}

export const NEW: Preset = {
  name: 'new',
  summary: 'Keys that were never seen in the days before.',
  description:
    'Which keys of the window were not there in the --days before it: exact, by looking at those days, or with --seen ' +
    'FILE by a list of keys that each run brings up to date, so that only the window is read. The list has the keys as ' +
    'text with the times of their first and last flow; keys that were away longer than --days are new again and are taken ' +
    'off it. Running it twice over the same window gives the same answer. Rows with most bytes come first.',
  operand: null,
  flags: [
    { name: 'days', value: 'N', default: '30', help: 'How many days before the window count.' },
    {
      name: 'seen',
      value: 'FILE',
      completes: 'file',
      help: 'The list of keys seen; made when there is none.',
    },
  ],
  examples: [
    {
      says: 'Remote AS of a day that the week before did not have',
      line: 'weir analyze new --in flows --day 2026-01-08 --days 7',
    },
    {
      says: 'Each night, services of local addresses, with a list',
      line: 'weir analyze new --in flows --last 1d --by local.ip,service --seen services.seen',
    },
    {
      says: 'Sources that were never seen before, for a script',
      line: 'weir analyze new --in flows --last 1d --by src.ip --format csv',
    },
  ],
  pictures: [],
  plan(asked) {
    const by = (asked.by ?? ['remote.as']).filter((key) => key !== 'time')
    const days = Number(asked.flag('days') ?? '30')
    if (!Number.isInteger(days) || days < 1 || days > 36_500)
      throw new FlowError('QUERY_INVALID', `--days ${asked.flag('days')}: want a number of days`)
    const seen = asked.flag('seen')
    const awayNs = BigInt(days) * DAY_NS
    const now: Question = { ...EMPTY_QUESTION, name: 'new', by, sum: SUM }
    if (seen === null)
      return {
        kind: 'questions',
        questions: [now, before(asked, now, awayNs)],
        lay: ([table, old], names) => layOf(table!, old!, by, days, asked, names),
      }
    return {
      kind: 'questions',
      questions: [now],
      lay([table], names) {
        const file = SeenFile.open(seen, by)
        const { size } = file
        const isKnown = knownBy(file, table!, by.length, awayNs, asked)
        const notes = file.isNew
          ? [`${seen} is new: all keys are, and it is made now`]
          : [`compared with ${size} keys in ${seen}, of ${days} days`]
        const laid = laidOut(table!, isKnown, by, days, asked, names, notes)
        file.write(table!.quality.toNs - awayNs)
        return laid
      },
    }
  },
}

/** The same keys in the days before the window. */
function before({ fromNs }: Asked, now: Question, awayNs: bigint): Question {
  if (fromNs === null)
    throw new FlowError('QUERY_INVALID', 'new: say since when: --day, --last or --from; or give --seen FILE')
  const least = fromNs > awayNs ? fromNs - awayNs : 0n
  return { ...now, name: 'before', sum: ['flows'], window: { fromNs: least, toNs: fromNs } }
}

type NamesOf = Parameters<typeof nameColumns>[1]

function layOf(
  table: ResultTable,
  old: ResultTable,
  by: readonly string[],
  days: number,
  asked: Asked,
  names: NamesOf,
): Laid {
  const known = new Set(old.rows.map((row) => textOf(row, table.columns, by.length)))
  const notes = [`compared with ${known.size} keys of the ${days} days before`]
  if (old.quality.rowsCounted === 0) notes.push('there are no flows in the days before: everything is new')
  return laidOut(
    table,
    (row) => known.has(textOf(row, table.columns, by.length)),
    by,
    days,
    asked,
    names,
    notes,
  )
}

/** Puts all keys into the file, and tells which of them it knew before the window. */
function knownBy(
  file: SeenFile,
  table: ResultTable,
  keys: number,
  awayNs: bigint,
  { fromNs }: Asked,
): (row: readonly Cell[]) => boolean {
  const since = fromNs ?? table.quality.fromNs
  const known = new Set<readonly Cell[]>()
  for (const row of table.rows) {
    const [first, last] = row.slice(-2) as [bigint | null, bigint | null]
    const begin = first === null || first < since ? since : first
    const end = last ?? begin
    const text = textOf(row, table.columns, keys)
    if (file.meet(text, begin, greater(end, begin), awayNs) < since) known.add(row)
  }
  return (row) => known.has(row)
}

function laidOut(
  table: ResultTable,
  isKnown: (row: readonly Cell[]) => boolean,
  by: readonly string[],
  days: number,
  asked: Asked,
  names: NamesOf,
  notes: readonly string[],
): Laid {
  const top = asked.top?.[0] ?? DEFAULT_TOP
  const fresh: ReportRow[] = table.rows.filter((row) => !isKnown(row)) as ReportRow[]
  const shown = top === 0 ? fresh : fresh.slice(0, top)
  const own: ResultTable = { ...table, rows: shown as ResultTable['rows'], groups: fresh.length }
  const section = { ...sectionOf(own, WORDS, nameColumns(own, names)), totals: null }
  const said = `${fresh.length} of ${table.rows.length} keys are new`
  return { title: `New ${by.join(', ')} in ${days} days`, sections: [section], notes: [said, ...notes] }
}

function textOf(row: readonly Cell[], columns: readonly ResultColumn[], keys: number): string {
  return row
    .slice(0, keys)
    .map((cell, i) => plainCell(cell, columns[i]!).replace(/[\\\t\n\r]/g, (letter) => ESCAPES[letter]!))
    .join('\t')
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
