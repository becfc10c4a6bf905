import { FlowError } from '../../diagnostics/flow-error.ts'
import { plainCell } from '../formats/format.ts'
import type { Cell, ResultTable } from '../query.ts'
import { EMPTY_QUESTION, type Question } from '../question.ts'
import type { Laid, Names, ReportCell, ReportColumn, ReportRow, Section } from '../report.ts'
import { titleOf } from '../section.ts'
import { ALL_GROUPS } from './asked.ts'
import type { Asked, Preset } from './preset.ts'

const DEFAULT_SIZE = 10
const TOTAL = 'total'
const OTHERS = 'others'
const NOBODY = 'none'
const FORMATS = ['table', 'csv', 'tsv', 'json', 'ndjson', 'markdown', 'prom', 'html', 'dot']

export const MATRIX: Preset = {
  name: 'matrix',
  summary: 'A square table: networks against networks, AS against interfaces, any key against any.',
  description:
    "--by 'A x B' has a row for each A and a column for each B, those with most bytes first, then others and totals. The " +
    'same word twice, such as net x net or local.site x local.site, is source against destination. if is an interface: ' +
    'what came in there from sources and what went out there to destinations, together; of several exporters say ' +
    "which one: 'exporter ip 192.0.2.1'. none is what has no such key. " +
    '--long has a row for each pair instead.',
  operand: null,
  flags: [
    { name: 'long', help: 'A row for each pair, without others and totals.' },
    {
      name: 'format',
      value: 'FORMAT',
      choices: FORMATS,
      defaultHelp: 'table on a terminal, tsv elsewhere',
      help: 'How it is written; dot is a graph for Graphviz.',
    },
  ],
  examples: [
    { says: 'Local networks among one another', line: "weir analyze matrix --in flows --by 'net x net'" },
    {
      says: 'Sites of the local networks, as CSV',
      line: "weir analyze matrix --in flows --local networks.txt --by 'local.site x local.site' --format csv",
    },
    {
      says: 'Which AS comes by which interface',
      line: "weir analyze matrix --in flows --by 'as x if' --top 20",
    },
  ],
  pictures: [],
  plan(asked) {
    const [rowWord, columnWord] = wordsOf(asked)
    const pairs = pairsOf(rowWord, columnWord)
    const [measure = 'bytes'] = asked.sum ?? []
    const [rows = DEFAULT_SIZE, columns = rows] = asked.top ?? []
    const limits = { rows: rows || ALL_GROUPS, columns: columns || ALL_GROUPS }
    const isJoined = pairs.length > 1
    const questions = pairs.flatMap((by): Question[] => {
      const base = { ...EMPTY_QUESTION, sum: [measure] }
      // Sums of two questions are ranked only when both are known.
      const first = isJoined ? ALL_GROUPS : limits.rows
      return [
        { ...base, name: 'cells', by, top: [first, ALL_GROUPS] },
        { ...base, name: 'columns', by: [by[1]], top: [isJoined ? ALL_GROUPS : limits.columns] },
      ]
    })
    return {
      kind: 'questions',
      questions,
      lay: (tables, names) =>
        lay(tables, names, {
          words: [rowWord, columnWord],
          limits,
          isLong: asked.isOn('long'),
          isForPeople: asked.isForPeople,
        }),
    }
  },
}

function wordsOf({ by }: Asked): readonly [string, string] {
  const words = (by ?? ['net x net']).flatMap((word) => word.split(/\s+x\s+|×/)).map((word) => word.trim())
  if (words.length !== 2 || words.some((word) => word === ''))
    throw new FlowError('QUERY_INVALID', `--by ${(by ?? []).join(',')}: want two keys such as 'net x net'`)
  return words as [string, string]
}

/** The keys that a pair of words stands for; two pairs where what came in and what went out count together. */
function pairsOf(row: string, column: string): (readonly [string, string])[] {
  const words = [row, column]
  if (row === column) {
    const bare = row.replace(/^(local|src|dst|remote)\./, '')
    return [[`src.${bare}`, `dst.${bare}`]]
  }
  const told = (word: string, side: 'src' | 'dst' | null, interfaceWord: string): string => {
    if (word === 'if') return interfaceWord
    if (word === 'as') return `${side ?? 'remote'}.as`
    return word === 'net' || word === 'name' ? `local.${word}` : word
  }
  if (words.includes('if')) {
    return [
      [told(row, 'src', 'in.if'), told(column, 'src', 'in.if')],
      [told(row, 'dst', 'out.if'), told(column, 'dst', 'out.if')],
    ]
  }
  return [[told(row, null, ''), told(column, null, '')]]
}

interface Look {
  readonly words: readonly [string, string]
  readonly limits: { readonly rows: number; readonly columns: number }
  readonly isLong: boolean
  readonly isForPeople: boolean
}

/** Sums by row, by column, by both, and of all. */
class Sums {
  readonly rows = new Map<string, bigint>()
  readonly columns = new Map<string, bigint>()
  readonly cells = new Map<string, Map<string, bigint>>()
  all = 0n

  take(cells: ResultTable, columns: ResultTable): void {
    const [rowColumn, columnColumn] = cells.columns as [ResultTable['columns'][0], ResultTable['columns'][0]]
    this.all += amountOf(cells.totals[2])
    for (const [key, value] of cells.outer[0]?.rows ?? [])
      add(this.rows, textOf(key!, rowColumn), amountOf(value))
    for (const [key, value] of columns.rows) add(this.columns, textOf(key!, columnColumn), amountOf(value))
    for (const [row, column, value] of cells.rows) {
      const name = textOf(row!, rowColumn)
      const own = this.cells.get(name) ?? new Map<string, bigint>()
      this.cells.set(name, own)
      add(own, textOf(column!, columnColumn), amountOf(value))
    }
  }
}

function lay(tables: readonly ResultTable[], names: Names, look: Look): Laid {
  const sums = new Sums()
  for (let i = 0; i < tables.length; i += 2) sums.take(tables[i]!, tables[i + 1]!)
  const unit = tables[0]!.columns.at(-1)!.unit
  const rowNames = largest(sums.rows, look.limits.rows)
  const columnNames = largest(sums.columns, look.limits.columns)
  const section = look.isLong
    ? long(sums, rowNames, look, unit)
    : square(sums, rowNames, columnNames, look, unit)
  const [rowWord, columnWord] = look.words
  const nameOf = (word: string, text: string) =>
    word.endsWith('as') && /^\d+$/.test(text) ? names.system(Number(text)) : null
  return {
    title: `${rowWord} x ${columnWord}`,
    sections: [{ ...section, keyNames: (_, text) => nameOf(rowWord, text) }],
    notes: [],
  }
}

function square(
  sums: Sums,
  rowNames: readonly string[],
  columnNames: readonly string[],
  { words }: Look,
  unit: ReportColumn['unit'],
): Section {
  const shownColumns = columnNames.reduce((sum, name) => sum + sums.columns.get(name)!, 0n)
  const shownRows = rowNames.reduce((sum, name) => sum + sums.rows.get(name)!, 0n)
  const hasOtherColumns = shownColumns < sums.all
  const measure = (name: string, rank: number): ReportColumn => ({
    name,
    title: name,
    role: 'measure',
    unit,
    rank,
    mayBeCut: false,
  })
  const line = (name: string, values: readonly bigint[], total: bigint): ReportCell[] => {
    const rest = total - values.reduce((sum, value) => sum + value, 0n)
    return [name, ...values, ...(hasOtherColumns ? [rest] : []), total]
  }
  const cellOf = (row: string, column: string) => sums.cells.get(row)?.get(column) ?? 0n
  const rows: ReportRow[] = rowNames.map((row) =>
    line(
      row,
      columnNames.map((column) => cellOf(row, column)),
      sums.rows.get(row)!,
    ),
  )
  if (shownRows < sums.all) {
    const rest = columnNames.map((column) =>
      rowNames.reduce((left, row) => left - cellOf(row, column), sums.columns.get(column)!),
    )
    rows.push(line(OTHERS, rest, sums.all - shownRows))
  }
  const totals = line(
    TOTAL,
    columnNames.map((column) => sums.columns.get(column)!),
    sums.all,
  )
  return {
    name: 'matrix',
    title: null,
    columns: [
      keyColumn(words[0], `${titleOf(words[0])} \\ ${titleOf(words[1])}`),
      ...columnNames.map((name, i) => measure(name, i + 2)),
      ...(hasOtherColumns ? [measure(OTHERS, 1)] : []),
      measure(TOTAL, 1),
    ],
    rows: rows.length === 0 ? [] : [...rows, totals],
    others: [],
    totals: null,
    groups: rowNames.length,
    look: 'matrix',
    outer: [],
  }
}

function long(sums: Sums, rowNames: readonly string[], { words }: Look, unit: ReportColumn['unit']): Section {
  const [row, column] = words[0] === words[1] ? ['src', 'dst'].map((side) => `${side}.${words[0]}`) : words
  const rows = rowNames.flatMap((name) =>
    [...(sums.cells.get(name) ?? [])]
      .sort((a, b) => (a[1] < b[1] ? 1 : a[1] > b[1] ? -1 : 0))
      .map(([other, value]): ReportRow => [name, other, value]),
  )
  return {
    name: 'matrix',
    title: null,
    columns: [
      keyColumn(row!, titleOf(row!)),
      keyColumn(column!, titleOf(column!)),
      { name: 'bytes', title: titleOf('bytes'), role: 'measure', unit, rank: 1, mayBeCut: false },
    ],
    rows,
    others: [],
    totals: null,
    groups: rows.length,
    look: 'table',
    outer: [],
  }
}

function keyColumn(name: string, title: string): ReportColumn {
  return { name, title, role: 'key', unit: 'text', rank: 0, mayBeCut: false }
}

function add(sums: Map<string, bigint>, key: string, value: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + value)
}

function amountOf(cell: Cell | undefined): bigint {
  return typeof cell === 'bigint' ? cell : BigInt(Math.round(Number(cell ?? 0)))
}

function textOf(cell: Cell, column: Pick<ReportColumn, 'unit'>): string {
  return cell === null || cell === '' ? NOBODY : plainCell(cell, column)
}

/** Keys with the greatest sums first, none last of equals. */
function largest(sums: ReadonlyMap<string, bigint>, limit: number): string[] {
  return [...sums]
    .sort(([a, x], [b, y]) => (x < y ? 1 : x > y ? -1 : a < b ? -1 : 1))
    .slice(0, limit)
    .map(([name]) => name)
}
