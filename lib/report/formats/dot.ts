import type { Report, Section } from '../report.ts'
import type { Format } from './format.ts'
import { humanCell } from './human.ts'

const WIDEST = 8
/** Columns and rows of a matrix that are no nodes. */
const SUMS: ReadonlySet<string> = new Set(['others', 'total'])

interface Edge {
  readonly from: string
  readonly to: string
  readonly value: number
  readonly label: string
}

/** A graph in Graphviz' language: an edge for each pair of keys, as wide as its measure. */
export const DOT: Format = {
  name: 'dot',
  isForPeople: false,
  *write({ sections, name }: Report) {
    yield `digraph ${quoted(name)} {\n  rankdir=LR;\n  node [shape=box];\n`
    const edges = sections.flatMap(edgesOf)
    const most = edges.reduce((greatest, { value }) => Math.max(greatest, value), 0)
    for (const { from, to, value, label } of edges) {
      const width = (1 + (value / most) * (WIDEST - 1)).toFixed(2)
      yield `  ${quoted(from)} -> ${quoted(to)} [label=${quoted(label)}, penwidth=${width}];\n`
    }
    yield '}\n'
  },
}

function edgesOf({ columns, rows, look }: Section): Edge[] {
  const edges: Edge[] = []
  const put = (from: unknown, to: unknown, cell: unknown, column: Section['columns'][number]) => {
    const value = Number(cell ?? 0)
    if (value <= 0) return
    const label = humanCell(cell as bigint, column, 'UTC')
    edges.push({ from: String(from ?? 'none'), to: String(to ?? 'none'), value, label })
  }
  for (const row of rows) {
    if (look === 'matrix') {
      if (SUMS.has(String(row[0]))) continue
      for (const [i, column] of columns.entries())
        if (i > 0 && !SUMS.has(column.name)) put(row[0], column.name, row[i], column)
    } else {
      const measure = columns.findIndex(({ role }) => role === 'measure')
      put(row[0], row[1], row[measure], columns[measure]!)
    }
  }
  return edges
}

function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: names of others must not break lines
  return `"${text.replace(/[\u0000-\u001f\u007f]/g, ' ').replace(/["\\]/g, '\\$&')}"`
}
