import type { ReportRow, Section } from '../report.ts'
import { type Look, NO_KEY } from './format.ts'
import { humanCell } from './human.ts'

interface Line {
  readonly texts: readonly string[]
}

/** Groups within groups: the key indented by its depth, sums of its own to the right. */
export function* treeLines(section: Section, look: Look): Iterable<string> {
  const { columns, outer } = section
  const keys = columns.filter(({ role }) => role === 'key').length
  const measures = columns.slice(keys)
  const lines: Line[] = [{ texts: [keyTitle(section, keys), ...measures.map(({ title }) => title)] }]
  const levels: (readonly ReportRow[])[] = [...outer.map(({ rows }) => rows), section.rows]
  const add = (depth: number, above: readonly string[]) => {
    for (const row of levels[depth] ?? []) {
      const texts = row
        .slice(0, depth + 1)
        .map((cell, i) => humanCell(cell, columns[i]!, look.timeZone) || NO_KEY)
      if (above.some((text, i) => text !== texts[i])) continue
      const sums = measures.map((column, i) => humanCell(row[depth + 1 + i]!, column, look.timeZone))
      lines.push({ texts: [`${'  '.repeat(depth)}${named(section, texts[depth]!, depth)}`, ...sums] })
      add(depth + 1, texts)
    }
  }
  add(0, [])
  const widths = lines[0]!.texts.map((_, i) =>
    lines.reduce((most, { texts }) => Math.max(most, texts[i]!.length), 0),
  )
  // Measures leave from the last on where it is too narrow.
  let shown = widths.length
  while (shown > 2 && widths.slice(0, shown).reduce((sum, width) => sum + width + 2, -2) > look.width) shown--
  for (const { texts } of lines) {
    const cells = texts
      .slice(0, shown)
      .map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)))
    yield `${cells.join('  ').trimEnd()}\n`
  }
}

function keyTitle({ columns }: Section, keys: number): string {
  return columns
    .slice(0, keys)
    .map(({ title }) => title)
    .join(' / ')
}

function named({ columns, keyNames }: Section, text: string, depth: number): string {
  const name = keyNames?.(columns[depth]!.name, text) ?? null
  return name === null || name === '' ? text : `${text} ${name}`
}
