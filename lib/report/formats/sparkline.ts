import type { Cell } from '../query.ts'
import type { ReportCell, Section } from '../report.ts'
import { type Look, NO_KEY, OTHERS } from './format.ts'
import { humanCell, printable } from './human.ts'

const BARS = '▁▂▃▄▅▆▇█'
const MISSING = ' '
/** The course is at least this wide, and never wider than there are bins. */
const LEAST_WIDTH = 10
/** Files and pipes have no width. */
const MOST_WIDTH = 1000
const USUAL_WIDTH = 120

/** One line a group: its name, the course of the first measure, its greatest bin and its mean. */
export function* sparkLines(section: Section, { width, timeZone }: Look): Iterable<string> {
  const { columns } = section
  const measure = columns.findIndex(({ role, unit }) => role === 'measure' && unit !== 'text')
  const keys = columns
    .map((column, i) => ({ column, i }))
    .filter(({ column }) => column.role === 'key' && column.unit !== 'time')
  const groups = new Map<string, (number | null)[]>()
  const put = (name: string, cell: ReportCell) => {
    const values = groups.get(name)
    const value = cell === null ? null : Number(cell as Cell)
    if (values === undefined) groups.set(name, [value])
    else values.push(value)
  }
  for (const row of section.rows)
    put(keys.map(({ column, i }) => humanCell(row[i]!, column, timeZone) || NO_KEY).join(' '), row[measure]!)
  for (const row of section.others) put(OTHERS, row[measure]!)
  if (groups.size === 0) return
  const column = columns[measure]!
  const lines = [...groups].map(([name, values]) => {
    const known = values.filter((value) => value !== null)
    const mean = known.length === 0 ? null : Math.round(known.reduce((a, b) => a + b, 0) / known.length)
    const most = known.length === 0 ? null : Math.max(...known)
    const texts = [most, mean].map((value) => humanCell(value, column, timeZone))
    return { name: printable(name), values, most: texts[0]!, mean: texts[1]! }
  })
  const widest = (of: (line: (typeof lines)[number]) => string, title: string) =>
    lines.reduce((length, line) => Math.max(length, of(line).length), title.length)
  const names = widest(({ name }) => name, '')
  const mosts = widest(({ most }) => most, 'MAX')
  const means = widest(({ mean }) => mean, 'MEAN')
  const room = Math.max(LEAST_WIDTH, (width > MOST_WIDTH ? USUAL_WIDTH : width) - names - mosts - means - 6)
  const bins = Math.min(room, Math.max(...lines.map(({ values }) => values.length)))
  yield `${''.padEnd(names)}  ${column.title.padEnd(bins)}  ${'MAX'.padStart(mosts)}  ${'MEAN'.padStart(means)}\n`
  for (const { name, values, most, mean } of lines)
    yield `${name.padEnd(names)}  ${sparkline(values, bins).padEnd(bins)}  ${most.padStart(mosts)}  ${mean.padStart(means)}\n`
}

/** A bar a place, the highest for the greatest value; where there are more values than places, each shows its greatest. */
export function sparkline(values: readonly (number | null)[], places: number): string {
  const count = Math.min(places, values.length)
  const shown = Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * values.length) / count)
    const to = Math.floor(((i + 1) * values.length) / count)
    const known = values.slice(from, to).filter((value) => value !== null)
    return known.length === 0 ? null : Math.max(...known)
  })
  const most = shown.reduce<number>((greatest, value) => Math.max(greatest, value ?? 0), 0)
  return shown.map((value) => (value === null ? MISSING : barOf(value, most))).join('')
}

function barOf(value: number, most: number): string {
  if (most === 0) return BARS[0]!
  return BARS[Math.min(BARS.length - 1, Math.round((value / most) * (BARS.length - 1)))]!
}
