import type { Report, ReportCell, ReportColumn, Section } from '../report.ts'
import { factLines } from './facts.ts'
import { type Format, type Look, NO_KEY, OTHERS, othersPlace } from './format.ts'
import { humanCell } from './human.ts'
import { sparkLines } from './sparkline.ts'
import { treeLines } from './tree.ts'

const GAP = '  '
/** Texts that are cut keep so many letters at least, lists more. */
const LEAST_CUT = 16
const LEAST_LIST = 28
const BOLD = '\u001b[1m'
const DIM = '\u001b[2m'
const PLAIN = '\u001b[0m'

/** Aligned columns for people, as wide as the terminal is: what does not fit is left out, least important first. */
export const TABLE: Format = {
  name: 'table',
  isForPeople: true,
  *write(report, look) {
    const dim = (text: string) => (look.isColored ? `${DIM}${text}${PLAIN}` : text)
    for (const [i, section] of report.sections.entries()) {
      if (i > 0) yield '\n'
      if (section.title !== null)
        yield `${look.isColored ? `${BOLD}${section.title}${PLAIN}` : section.title}\n`
      yield* sectionLines(section, look)
    }
    for (const note of report.notes) yield `${dim(note)}\n`
    for (const line of footerLines(report, look.width)) yield `${dim(line)}\n`
  },
}

function sectionLines(section: Section, look: Look): Iterable<string> {
  switch (section.look) {
    case 'tree':
      return treeLines(section, look)
    case 'sparkline':
      return sparkLines(section, look)
    case 'facts':
      return factLines(section, look)
    default:
      return tableLines(section, look)
  }
}

function* tableLines(section: Section, { width, isColored, timeZone }: Look): Iterable<string> {
  const { columns } = section
  const place = othersPlace(columns)
  const hidden = section.groups - section.rows.length
  const label = hidden > 0 && columns[0]!.unit !== 'time' ? `${OTHERS} (${hidden})` : OTHERS
  const texts = [
    columns.map(({ title }) => title),
    ...section.rows.map((row) => row.map((cell, i) => keyOrCell(cell, columns[i]!, timeZone))),
    ...section.others.map((row) =>
      row.map((cell, i) => (i === place ? label : humanCell(cell, columns[i]!, timeZone))),
    ),
  ]
  const { shown, widths } = fitted(columns, texts, width)
  for (const [number, row] of texts.entries()) {
    const cells = shown.map((i) => {
      const text = cut(row[i]!, widths[i]!)
      return isLeft(columns[i]!) ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)
    })
    const line = cells.join(GAP).trimEnd()
    yield `${isColored && number === 0 ? `${BOLD}${line}${PLAIN}` : line}\n`
  }
}

function keyOrCell(cell: ReportCell, column: ReportColumn, timeZone: string): string {
  return cell === null && column.role === 'key' ? NO_KEY : humanCell(cell, column, timeZone)
}

/** Which columns are shown, and how wide: texts are cut before columns are left out, as far as they stay readable. */
export function fitted(
  columns: readonly ReportColumn[],
  texts: readonly (readonly string[])[],
  width: number,
): { shown: number[]; widths: number[] } {
  const full = columns.map((_, i) => texts.reduce((most, row) => Math.max(most, row[i]!.length), 0))
  const least = columns.map(({ mayBeCut, unit }, i) =>
    mayBeCut ? Math.min(full[i]!, unit === 'parts' ? LEAST_LIST : LEAST_CUT) : full[i]!,
  )
  const shown = columns.map((_, i) => i)
  const sumOf = (widths: readonly number[]) =>
    shown.reduce((sum, i) => sum + widths[i]! + GAP.length, -GAP.length)
  while (sumOf(least) > width) {
    const worst = shown.reduce((a, b) => (columns[b]!.rank >= columns[a]!.rank ? b : a))
    if (columns[worst]!.rank === 0) break
    shown.splice(shown.indexOf(worst), 1)
  }
  const widths = [...full]
  // The widest text gives first.
  for (let excess = sumOf(widths) - width; excess > 0; excess--) {
    const widest = shown.reduce((a, b) => (widths[b]! - least[b]! > widths[a]! - least[a]! ? b : a))
    if (widths[widest]! <= least[widest]!) break
    widths[widest]!--
  }
  return { shown, widths }
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}

export function isLeft({ unit, role }: ReportColumn): boolean {
  return role === 'key'
    ? unit !== 'number'
    : unit === 'text' || unit === 'address' || unit === 'time' || unit === 'parts'
}

/** The remarks one after the other, folded. */
export function footerLines({ footer }: Report, width: number): string[] {
  const lines: string[] = []
  for (const { text } of footer) {
    if (text === '') continue
    const last = lines.at(-1)
    if (last !== undefined && last.length + text.length + 2 <= Math.min(width, 120))
      lines[lines.length - 1] = `${last}  ${text}`
    else lines.push(text)
  }
  return lines
}
