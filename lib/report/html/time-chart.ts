import { OTHERS } from '../formats/format.ts'
import { humanCell, shortened, timeText } from '../formats/human.ts'
import type { ReportCell, Section } from '../report.ts'
import { dataText, escaped } from './markup.ts'

/** Lines that eyes can tell apart. */
const MOST_LINES = 8
const MOST_POINTS = 20_000
const WIDTH = 900
const HEIGHT = 220
const LEFT = 62
const BOTTOM = 24
const TOP = 10
const UNIT_WORDS: Readonly<Record<string, string>> = {
  octets: 'bytes',
  bitsPerSecond: 'bit/s',
  packets: 'packets',
  flows: 'flows',
  perSecond: 'per second',
  share: 'share',
}

interface Course {
  /** Seconds since the epoch. */
  readonly times: readonly number[]
  readonly unit: string
  readonly lines: readonly { readonly name: string; readonly values: readonly (number | null)[] }[]
  /** Lines that are left out: those with the smallest sums. */
  readonly hidden: number
  /** Bins that a dot stands for. */
  readonly step: number
}

/** What becomes of each group over time, or null where rows have no time: a drawing, and the data for one to zoom into. */
export function chartMarkup(section: Section, timeZone: string): string | null {
  const course = courseOf(section, timeZone)
  if (course === null || course.times.length < 2) return null
  const { times, unit, lines, hidden, step } = course
  const legend = lines.map(({ name }, i) => `<li class="c${i}">${escaped(name)}</li>`).join('')
  const data = dataText({ times, unit, lines, zone: timeZone })
  const left = hidden === 0 ? '' : `<p class="note">${hidden} smaller groups are not drawn.</p>\n`
  return (
    `<figure class="chart">\n<ul class="legend">${legend}</ul>\n${drawing(course, timeZone)}\n` +
    `<script type="application/json">${data}</script>\n` +
    `<figcaption>${escaped(UNIT_WORDS[unit] ?? unit)}${step > 1 ? `, the greatest of each ${step} bins` : ''}<span class="hint">: drag to zoom, double click for all</span></figcaption>\n</figure>\n${left}`
  )
}

function courseOf({ columns, rows, others }: Section, timeZone: string): Course | null {
  // Other times among keys are when something began: one row each, no course.
  const timeAt = columns.findIndex(
    ({ name, role, unit }) => name === 'time' && role === 'key' && unit === 'time',
  )
  if (timeAt < 0) return null
  const counted = columns.filter(
    ({ role, unit }) => role === 'measure' && UNIT_WORDS[unit] !== undefined && unit !== 'share',
  )
  const first = counted.find(({ unit }) => unit === 'bitsPerSecond') ?? counted[0]
  if (first === undefined) return null
  const keys = columns
    .map((column, i) => ({ column, i }))
    .filter(({ column, i }) => column.role === 'key' && i !== timeAt)
  const measures = columns
    .map((column, i) => ({ column, i }))
    .filter(({ column }) => (keys.length === 0 ? column.unit === first.unit : column === first))
  const places = new Map<bigint, number>()
  for (const row of rows) if (!places.has(row[timeAt] as bigint)) places.set(row[timeAt] as bigint, 0)
  const moments = [...places.keys()].sort((a, b) => (a < b ? -1 : 1))
  for (const [place, moment] of moments.entries()) places.set(moment, place)
  const lines = new Map<string, (number | null)[]>()
  const put = (name: string, time: ReportCell, cell: ReportCell): void => {
    const place = places.get(time as bigint)
    if (place === undefined) return
    let values = lines.get(name)
    if (values === undefined) {
      values = new Array<number | null>(moments.length).fill(null)
      lines.set(name, values)
    }
    values[place] = cell === null ? null : Number(cell as bigint)
  }
  for (const row of rows) {
    const group = keys.map(({ column, i }) => humanCell(row[i]!, column, timeZone) || 'none').join(' ')
    for (const { column, i } of measures) put(group === '' ? column.title : group, row[timeAt]!, row[i]!)
  }
  for (const row of others) for (const { i } of measures) put(OTHERS, row[timeAt]!, row[i]!)
  const sums = new Map(
    [...lines].map(([name, values]) => [name, values.reduce<number>((a, b) => a + (b ?? 0), 0)]),
  )
  // Directions without any traffic say nothing.
  const busy = [...lines].filter(([name]) => keys.length > 0 || measures.length === 1 || sums.get(name)! > 0)
  const largest = busy.toSorted((a, b) => sums.get(b[0])! - sums.get(a[0])!).slice(0, MOST_LINES)
  const kept = busy.filter((line) => largest.includes(line))
  // Of more bins than a page can hold each dot is the greatest of some.
  const step = Math.ceil((moments.length * Math.max(1, kept.length)) / MOST_POINTS)
  return {
    times: everyOf(moments, step).map((own) => Number(own[0]! / 1_000_000n) / 1000),
    unit: first.unit,
    lines: kept.map(([name, values]) => ({ name, values: everyOf(values, step).map(greatestOf) })),
    hidden: busy.length - kept.length,
    step,
  }
}

function everyOf<T>(list: readonly T[], step: number): (readonly T[])[] {
  const pieces: (readonly T[])[] = []
  for (let at = 0; at < list.length; at += step) pieces.push(list.slice(at, at + step))
  return pieces
}

function greatestOf(values: readonly (number | null)[]): number | null {
  return values.reduce(
    (most, value) => (most === null || (value !== null && value > most) ? value : most),
    null,
  )
}

/** The same as a picture that needs no script, and that prints. */
function drawing({ times, lines }: Course, timeZone: string): string {
  const from = times[0]!
  const length = times.at(-1)! - from
  const most = lines.reduce(
    (greatest, { values }) => values.reduce<number>((a, b) => Math.max(a, b ?? 0), greatest),
    0,
  )
  const top = niceAbove(most)
  const x = (time: number) => LEFT + ((time - from) / length) * (WIDTH - LEFT - 10)
  const y = (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM)
  const parts: string[] = []
  for (let i = 0; i <= 4; i++) {
    const at = y((top * i) / 4).toFixed(1)
    parts.push(`<line class="grid" x1="${LEFT}" x2="${WIDTH - 10}" y1="${at}" y2="${at}"/>`)
    parts.push(
      `<text x="${LEFT - 6}" y="${at}" class="left" dy="4">${escaped(shortened((top * i) / 4))}</text>`,
    )
  }
  const isLong = length > 2 * 86_400
  const isShort = length < 1200
  for (let i = 0; i <= 4; i++) {
    const time = from + (length * i) / 4
    const text = timeText(BigInt(Math.round(time)) * 1_000_000_000n, timeZone)
    const side = i === 0 ? 'first' : i === 4 ? 'last' : 'middle'
    const label = isLong ? text.slice(0, 10) : text.slice(i === 0 ? 0 : 11, isShort ? 19 : 16)
    parts.push(`<text x="${x(time).toFixed(1)}" y="${HEIGHT - 6}" class="${side}">${escaped(label)}</text>`)
  }
  for (const [i, { values }] of lines.entries()) {
    let path = ''
    let isDrawn = false
    for (const [at, value] of values.entries()) {
      if (value !== null) path += `${isDrawn ? 'L' : 'M'}${x(times[at]!).toFixed(1)} ${y(value).toFixed(1)}`
      isDrawn = value !== null
    }
    parts.push(`<path class="c${i}" d="${path}"/>`)
  }
  return `<svg class="static" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Traffic over time">${parts.join('')}</svg>`
}

/** The least of 1, 2, 4, 5 or 8 times a power of ten that is not below. */
function niceAbove(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 4, 5, 8, 10].find((step) => step * power >= value) ?? 10) * power
}
