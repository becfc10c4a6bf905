import { humanCell, shortened } from '../formats/human.ts'
import type { ReportRow, Section } from '../report.ts'
import { escaped } from './markup.ts'

const WIDTH = 900
const BAR = 14
const GAP = 10
const LABELS = 270
const SCALE = 300

interface End {
  readonly name: string
  sum: number
  top: number
  used: number
}

/**
 * Who on the left has to do how much with whom on the right, as ribbons. Rows are pairs of keys with one measure, others
 * among them; the keys' own names follow them in text columns.
 */
export function ribbonsMarkup(section: Section, timeZone: string): string {
  const { columns } = section
  const keys = columns.map((_, i) => i).filter((i) => columns[i]!.role === 'key')
  const measure = columns.findIndex(({ role, unit }) => role === 'measure' && unit !== 'text')
  const [leftAt, rightAt] = keys as [number, number]
  const lefts = new Map<string, End>()
  const rights = new Map<string, End>()
  const pairs: { left: End; right: End; volume: number }[] = []
  for (const row of section.rows) {
    const volume = Number(row[measure] ?? 0)
    if (volume <= 0) continue
    const left = endOf(lefts, nameOf(section, row, leftAt, timeZone))
    const right = endOf(rights, nameOf(section, row, rightAt, timeZone))
    left.sum += volume
    right.sum += volume
    pairs.push({ left, right, volume })
  }
  const all = pairs.reduce((sum, { volume }) => sum + volume, 0)
  if (all === 0) return ''
  const scale = SCALE / all
  const [leftHeight, rightHeight] = [place(lefts, scale), place(rights, scale)]
  const height = Math.max(leftHeight, rightHeight)
  for (const end of lefts.values()) end.top += (height - leftHeight) / 2
  for (const end of rights.values()) end.top += (height - rightHeight) / 2
  const parts: string[] = []
  const [x1, x2] = [LABELS + BAR, WIDTH - LABELS - BAR]
  const middle = (x1 + x2) / 2
  const color = new Map([...lefts.values()].map((end, i) => [end, i % 8]))
  for (const { left, right, volume } of pairs.toSorted((a, b) => a.right.top - b.right.top)) {
    const thick = Math.max(0.5, volume * scale)
    const [y1, y2] = [left.top + left.used + thick / 2, right.top + right.used + thick / 2]
    left.used += volume * scale
    right.used += volume * scale
    parts.push(
      `<path class="ribbon c${color.get(left)}" d="M${x1} ${y1.toFixed(1)}C${middle} ${y1.toFixed(1)} ${middle} ${y2.toFixed(1)} ${x2} ${y2.toFixed(1)}" ` +
        `stroke-width="${thick.toFixed(1)}"><title>${escaped(`${left.name} – ${right.name}: ${shortened(volume)}B`)}</title></path>`,
    )
  }
  for (const [end, i] of color) parts.push(endMarkup(end, `c${i}`, LABELS, LABELS - 6, 'left', scale))
  for (const end of rights.values())
    parts.push(endMarkup(end, 'far', WIDTH - LABELS - BAR, WIDTH - LABELS + 6, 'right', scale))
  return `<figure class="ribbons"><svg viewBox="0 0 ${WIDTH} ${Math.ceil(height)}" role="img" aria-label="${escaped(section.title ?? section.name)}">${parts.join('')}</svg></figure>\n`
}

function nameOf({ columns, keyNames }: Section, row: ReportRow, at: number, timeZone: string): string {
  const column = columns[at]!
  const text = humanCell(row[at]!, column, timeZone) || 'none'
  const name = keyNames?.(column.name, text) ?? ''
  return column.name.endsWith('.as') && /^\d+$/.test(text)
    ? `AS${text} ${name}`.trim()
    : `${text} ${name}`.trim()
}

function endOf(ends: Map<string, End>, name: string): End {
  let end = ends.get(name)
  if (end === undefined) {
    end = { name, sum: 0, top: 0, used: 0 }
    ends.set(name, end)
  }
  return end
}

/** Puts ends below one another; returns how far down they reach. */
function place(ends: ReadonlyMap<string, End>, scale: number): number {
  let y = 4
  for (const end of ends.values()) {
    end.top = y
    y += Math.max(end.sum * scale, 14) + GAP
  }
  return y
}

function endMarkup(end: End, color: string, x: number, textX: number, side: string, scale: number): string {
  const height = Math.max(1, end.sum * scale)
  const label = end.name.length > 27 ? `${end.name.slice(0, 26)}…` : end.name
  return (
    `<rect class="${color}" x="${x}" y="${end.top.toFixed(1)}" width="${BAR}" height="${height.toFixed(1)}"/>` +
    `<text class="${side}" x="${textX}" y="${(end.top + Math.max(height, 14) / 2).toFixed(1)}" dy="4">` +
    `${escaped(label)} <tspan>${escaped(shortened(end.sum))}B</tspan><title>${escaped(end.name)}</title></text>`
  )
}
