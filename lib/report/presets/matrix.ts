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
    'what came in there from sources and what went out there to destinations, together. none is what has no such key. ' +
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
  namesInterfaces: true,
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
    const base = { ...EMPTY_QUESTION, sum: [measure] }
    const questions = pairs.flatMap(([row, column]): Question[] => {
      // Sums of two questions are ranked only when both are known.
      if (pairs.length > 1 || row.length + column.length > 2)
        return [{ ...base, name: 'cells', by: [...row, ...column] }]
      return [
        { ...base, name: 'cells', by: [...row, ...column], top: [limits.rows, ALL_GROUPS] },
        { ...base, name: 'columns', by: column, top: [limits.columns] },
      ]
    })
    return {
      kind: 'questions',
      questions,
      lay: (tables, names) =>
        lay(tables, names, {
          words: [rowWord, columnWord],
          pairs,
          limits,
          isLong: asked.isOn('long'),
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

/** The keys that the words of a matrix stand for. */
type Pair = readonly [rows: readonly string[], columns: readonly string[]]

/** Two pairs where what came in and what went out count together. */
function pairsOf(row: string, column: string): Pair[] {
  if (row === column && row !== 'if') {
    const bare = row.replace(/^(local|src|dst|remote)\./, '')
    return [[[`src.${bare}`], [`dst.${bare}`]]]
  }
  const keys = (word: string, way: 'in' | 'out' | null): string[] => {
    // Numbers of interfaces are their exporter's own.
    if (word === 'if') return ['exporter', `${way}.if`]
    if (word === 'as') return [way === null ? 'remote.as' : way === 'in' ? 'src.as' : 'dst.as']
    return [word === 'net' || word === 'name' ? `local.${word}` : word]
  }
  if (row === 'if' && column === 'if') return [[keys('if', 'in'), keys('if', 'out')]]
  if (row !== 'if' && column !== 'if') return [[keys(row, null), keys(column, null)]]
  return (['in', 'out'] as const).map((way): Pair => [keys(row, way), keys(column, way)])
}

interface Look {
  readonly words: readonly [string, string]
  readonly pairs: readonly Pair[]
  readonly limits: { readonly rows: number; readonly columns: number }
  readonly isLong: boolean
}

/** Sums by row, by column, by both, and of all. */
class Sums {
  readonly rows = new Map<string, bigint>()
  readonly columns = new Map<string, bigint>()
  readonly cells = new Map<string, Map<string, bigint>>()
  all = 0n

  /** Takes all pairs there are; the first `width` keys are the row's. */
  takeAll({ columns, rows, totals }: ResultTable, width: number, names: Names): void {
    const keys = columns.length - 1
    this.all += amountOf(totals[keys])
    for (const cells of rows) {
      const value = amountOf(cells[keys])
      const row = keyText(cells.slice(0, width), columns, names)
      const column = keyText(cells.slice(width, keys), columns.slice(width), names)
      add(this.rows, row, value)
      add(this.columns, column, value)
      this.#add(row, column, value)
    }
  }

  /** Takes pairs of the first rows, whose sums are in the outer table, and the sums of the first columns. */
  takeFirst(cells: ResultTable, columns: ResultTable, names: Names): void {
    this.all += amountOf(cells.totals[2])
    for (const [key, value] of cells.outer[0]?.rows ?? [])
      add(this.rows, keyText([key!], cells.columns, names), amountOf(value))
    for (const [key, value] of columns.rows)
      add(this.columns, keyText([key!], columns.columns, names), amountOf(value))
    for (const [row, column, value] of cells.rows) {
      const name = keyText([column!], cells.columns.slice(1), names)
      this.#add(keyText([row!], cells.columns, names), name, amountOf(value))
    }
  }

  #add(row: string, column: string, value: bigint): void {
    const own = this.cells.get(row) ?? new Map<string, bigint>()
    this.cells.set(row, own)
    add(own, column, value)
  }
}

/** A key as one text; of an interface its exporter, and its name or number. */
function keyText(key: readonly Cell[], columns: readonly Pick<ReportColumn, 'unit'>[], names: Names): string {
  if (key.length === 2) {
    const [exporter, index] = key as [Cell, Cell]
    if (index === null) return NOBODY
    return `${exporter} ${names.interfaceName?.(String(exporter), Number(index)) || index}`
  }
  return textOf(key[0]!, columns[0]!)
}

function lay(tables: readonly ResultTable[], names: Names, look: Look): Laid {
  const sums = new Sums()
  const { pairs } = look
  const [first] = pairs as [Pair]
  if (pairs.length === 1 && first[0].length + first[1].length === 2)
    sums.takeFirst(tables[0]!, tables[1]!, names)
  else for (const [i, [row]] of pairs.entries()) sums.takeAll(tables[i]!, row.length, names)
  const unit = tables[0]!.columns.at(-1)!.unit
  const rowNames = largest(sums.rows, look.limits.rows)
  const columnNames = largest(sums.columns, look.limits.columns)
  const section = look.isLong
    ? long(sums, rowNames, look, unit)
    : square(sums, rowNames, columnNames, look, unit)
  const [rowWord, columnWord] = look.words
  const nameOf = (text: string) =>
    /(^|\.)as$/.test(rowWord) && /^\d+$/.test(text) ? names.system(Number(text)) : null
  return {
    title: `${rowWord} x ${columnWord}`,
    sections: [{ ...section, keyNames: (_, text) => nameOf(text) }],
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
