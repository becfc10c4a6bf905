import { FlowError } from '../../diagnostics/flow-error.ts'
import type { FlowFile, FlowStream } from '../../flow/source.ts'
import { columnsRead } from '../columns-read.ts'
import { controlOf } from '../control.ts'
import { binSeconds, type Course, coursesOf, percentileOf } from '../courses.ts'
import type { Cell, ResultTable, RunOptions } from '../query.ts'
import { EMPTY_QUESTION, type Question, queryOf, type Setting } from '../question.ts'
import {
  type Laid,
  type Names,
  type ReportCell,
  type ReportColumn,
  type ReportRow,
  type Section,
  wholeColumn,
} from '../report.ts'
import { runQueries } from '../run.ts'
import { titleOf } from '../section.ts'
import { greater } from '../window.ts'
import type { Asked, Preset } from './preset.ts'

const MINUTE = 60_000
const MINUTE_NS = 60_000_000_000n
const FIVE_MINUTES = 5
const DAY_NS = 86_400_000_000_000n
const DEFAULT_TOP = 10
const LEAST_VLANS = 20
/** A trend of fewer days is weather. */
const LEAST_DAYS = 3
const BORDERS = [0.7, 0.8, 0.9]
const FULL = 0.8
/** Lines that eyes can tell apart. */
const MOST_DRAWN = 8

export const CAPACITY: Preset = {
  name: 'capacity',
  summary:
    'How full interfaces or VLANs are: average, p95, peak minute, hours above 80%, when they are full.',
  description:
    'A row for each interface and way. peak is the highest minute (--bin), by whom: the address pair with most bytes then. ' +
    'p95 is of bins of 5 minutes. Hours above 70, 80 and 90% of the speed are counted by minutes. to.80 is in how many ' +
    'days the daily p95 reaches 80% by its linear trend over at least three days; empty where it does not rise. Speeds ' +
    "come from --ifs or the exporters' own records. control is what interface counters say: --control FILE with lines of " +
    'exporter,ifindex,in,out in bytes of the window, else sFlow counters of the archive; error is the sampling error ' +
    'to be expected of 95 in 100 cases. By vlan, the way is in.',
  operand: null,
  flags: [
    {
      name: 'control',
      value: 'FILE',
      completes: 'file',
      help: 'Bytes by counters of interfaces (SNMP): exporter,ifindex,in,out.',
    },
  ],
  namesInterfaces: true,
  examples: [
    {
      says: 'Interfaces of a day',
      line: 'weir analyze capacity --in flows --ifs interfaces.csv --day 2026-01-01',
    },
    {
      says: 'VLANs, the 20 with most traffic',
      line: 'weir analyze capacity --in flows --by vlan --top 20 --day 2026-01-01',
    },
    {
      says: 'As a table for another program',
      line: 'weir analyze capacity --in flows --ifs interfaces.csv --day 2026-01-01 --format csv',
    },
  ],
  plan(asked) {
    const [word = 'if', ...more] = asked.by ?? []
    if (more.length > 0 || (word !== 'if' && word !== 'vlan'))
      throw new FlowError('QUERY_INVALID', `capacity --by ${(asked.by ?? []).join(',')}: want if or vlan`)
    const questions = questionsOf(asked, word)
    return {
      kind: 'reading',
      window: null,
      explanation: questions.map(
        ({ by, filter }) =>
          `by ${by.join(', ')}, bytes and packets a minute${filter === null ? '' : `, ${filter}`}`,
      ),
      columns: (setting) => columnsRead(questions.map((question) => queryOf(question, setting))),
      read: (inputs, setting, options, names) => read(inputs, setting, options, names, asked, word),
    }
  },
}

function questionsOf(asked: Asked, word: 'if' | 'vlan'): Question[] {
  const binMs = asked.binMs ?? MINUTE
  const limit = limitOf(asked)
  // Flows without a VLAN are groups too, and are left out only later.
  const top = limit === 0 ? [] : [word === 'if' ? limit : Math.max(limit, LEAST_VLANS)]
  const ways = word === 'if' ? ['in', 'out'] : ['in']
  return ways.map((way) => ({
    ...EMPTY_QUESTION,
    name: way,
    by: ['time', 'exporter', word === 'if' ? `${way}.if` : 'vlan'],
    sum: ['bytes', 'bps', 'packets', 'sum(packets)'],
    binMs,
    top,
  }))
}

function limitOf({ top }: Asked): number {
  return top?.[0] ?? DEFAULT_TOP
}

interface Line {
  readonly way: string
  readonly course: Course
  readonly times: readonly bigint[]
  readonly seconds: readonly number[]
}

async function read(
  inputs: readonly (FlowFile | FlowStream)[],
  setting: Setting,
  options: RunOptions,
  names: Names,
  asked: Asked,
  word: 'if' | 'vlan',
): Promise<Laid & { tables: readonly ResultTable[] }> {
  const questions = questionsOf(asked, word)
  const tables = await runQueries(
    questions.map((question) => queryOf(question, setting)),
    inputs,
    options,
  )
  const lines = tables.flatMap((table): Line[] => {
    const { times, groups } = coursesOf(table)
    const seconds = binSeconds(times, table.quality.fromNs, table.quality.toNs)
    // Flows without such a key went by none.
    const known = [...groups.values()].filter(({ key }) => key[1] !== null)
    const first = limitOf(asked) === 0 ? known : known.slice(0, limitOf(asked))
    return first.map((course) => ({ way: table.name, course, times, seconds }))
  })
  const measured = lines.map((line) => measure(line, names))
  const isAgain = inputs.every((input) => 'blocks' in input)
  const whom = isAgain ? await contributors(inputs, setting, options, measured, word) : []
  const control = controlOf(asked.flag('control'), inputs, tables[0]!.quality)
  const rows = measured.map((one, i) => rowOf(one, whom[i] ?? null, word === 'if' ? control : null))
  const places = rows.map((_, i) => i).sort((a, b) => fullness(measured[b]!) - fullness(measured[a]!))
  const section: Section = {
    name: 'capacity',
    title: null,
    columns: columnsOf(word, control.isKnown && word === 'if'),
    rows: places.map((place) =>
      control.isKnown && word === 'if' ? rows[place]! : rows[place]!.slice(0, -3),
    ),
    others: [],
    totals: null,
    groups: tables.reduce((sum, { groups }) => sum + groups, 0),
    look: 'table',
    outer: [],
  }
  const notes: string[] = []
  if (!isAgain) notes.push('who made the peaks is not known: logs and streams are read only once')
  if (measured.length > 0 && measured.every(({ speed }) => speed === 0))
    notes.push('no speed is known: say with --ifs FILE how fast interfaces are')
  if (control.isCut) notes.push('control does not reach to the end: there are too many readings of counters')
  if (section.groups > rows.length)
    notes.push(`${section.groups - rows.length} with less traffic are left out: say --top`)
  const drawings = [drawingOf(places.slice(0, MOST_DRAWN).map((place) => measured[place]!))]
  return { title: `Capacity by ${word}`, sections: [section], notes, drawings, tables }
}

/** The rates of the fullest ones over time, for a page. */
function drawingOf(measured: readonly Measured[]): Section {
  const columns: ReportColumn[] = [
    wholeColumn('time', 'TIME', 'time', 0, 'key'),
    wholeColumn('line', 'LINE', 'text', 0, 'key'),
    wholeColumn('bps', 'BIT/S', 'bitsPerSecond', 0),
  ]
  const rows = measured.flatMap(({ line, exporter, index, name }) =>
    line.times.map((time, i): ReportCell[] => [
      time,
      `${exporter} ${name || index} ${line.way}`,
      line.course.bins[i]?.[1] ?? null,
    ]),
  )
  const base = { name: 'course', title: 'Rates over time', columns, rows, others: [], totals: null }
  return { ...base, groups: measured.length, look: 'chart', outer: [] }
}

interface Measured {
  readonly line: Line
  readonly exporter: string
  readonly index: number
  readonly name: string
  readonly speed: number
  readonly bytes: bigint
  readonly average: number
  readonly p95: number
  readonly peak: number
  readonly peakAt: bigint | null
  readonly peakSeconds: number
  /** Hours above each of the borders. */
  readonly hours: readonly number[]
  readonly daysToFull: number | null
  /** Expected relative error in 95 of 100 cases; 0 where nothing was sampled. */
  readonly error: number | null
}

function measure(line: Line, names: Names): Measured {
  const { course, times, seconds } = line
  const [exporterCell, indexCell] = course.key
  const [exporter, index] = [String(exporterCell ?? ''), Number(indexCell ?? 0)]
  const speed = names.interfaceSpeed?.(exporter, index) ?? 0
  let [bytes, packets, sampled, covered, peak] = [0n, 0n, 0n, 0, 0]
  let [peakAt, peakSeconds]: [bigint | null, number] = [null, 0]
  const hours = BORDERS.map(() => 0)
  for (const [i, bin] of course.bins.entries()) {
    if (bin === null || bin === undefined) continue
    bytes += amount(bin[0])
    packets += amount(bin[2])
    sampled += amount(bin[3])
    covered += seconds[i]!
    const rate = Number(bin[1] ?? 0)
    if (rate > peak) [peak, peakAt, peakSeconds] = [rate, times[i]!, seconds[i]!]
    for (const [k, border] of BORDERS.entries())
      if (speed > 0 && rate > border * speed) hours[k]! += seconds[i]! / 3600
  }
  const fives = joined(line)
  return {
    line,
    exporter,
    index,
    name: names.interfaceName?.(exporter, index) ?? '',
    speed,
    bytes,
    average: covered === 0 ? 0 : Math.round((Number(bytes) * 8) / covered),
    p95:
      percentileOf(
        fives.map(({ rate }) => rate),
        95,
      )?.value ?? 0,
    peak,
    peakAt,
    peakSeconds,
    hours,
    daysToFull: speed === 0 ? null : daysToFull(fives, FULL * speed),
    error: packets > sampled && sampled > 0n ? 1.96 / Math.sqrt(Number(sampled)) : packets > 0n ? 0 : null,
  }
}

interface Five {
  readonly time: bigint
  readonly rate: number
}

/** Rates of 5 minutes, of bins that data cover. */
function joined({ course, times, seconds }: Line): Five[] {
  const length = MINUTE_NS * BigInt(FIVE_MINUTES)
  const sums = new Map<bigint, { bytes: number; seconds: number }>()
  for (const [i, bin] of course.bins.entries()) {
    if (bin === null || bin === undefined) continue
    const time = times[i]! - (times[i]! % length)
    const sum = sums.get(time) ?? { bytes: 0, seconds: 0 }
    sums.set(time, sum)
    sum.bytes += Number(amount(bin[0]))
    sum.seconds += seconds[i]!
  }
  return [...sums].map(([time, sum]) => ({
    time,
    rate: sum.seconds === 0 ? 0 : Math.round((sum.bytes * 8) / sum.seconds),
  }))
}

/** In how many days from the last one on the daily p95 reaches `full` by least squares; null if it does not rise. */
export function daysToFull(fives: readonly Five[], full: number): number | null {
  const days = new Map<bigint, number[]>()
  for (const { time, rate } of fives) {
    const day = time / DAY_NS
    const rates = days.get(day)
    if (rates === undefined) days.set(day, [rate])
    else rates.push(rate)
  }
  if (days.size < LEAST_DAYS) return null
  const points = [...days].map(([day, rates]) => ({ x: Number(day), y: percentileOf(rates, 95)!.value }))
  const n = points.length
  const [meanX, meanY] = [
    points.reduce((sum, { x }) => sum + x, 0) / n,
    points.reduce((sum, { y }) => sum + y, 0) / n,
  ]
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread
  const lastX = Math.max(...points.map(({ x }) => x))
  const last = meanY + slope * (lastX - meanX)
  if (last >= full) return 0
  return slope <= 0 ? null : (full - last) / slope
}

/** The pair of addresses with most bytes in the peak minute of each line. */
async function contributors(
  inputs: readonly (FlowFile | FlowStream)[],
  setting: Setting,
  options: RunOptions,
  measured: readonly Measured[],
  word: 'if' | 'vlan',
): Promise<(string | null)[]> {
  const asked = measured.flatMap(({ peakAt, peakSeconds, exporter, index, line }, place) => {
    if (peakAt === null || exporter === '') return []
    // The window may begin within the bin.
    const fromNs = greater(peakAt, setting.fromNs ?? 0n)
    const key = word === 'if' ? `${line.way} if ${index}` : `vlan ${index}`
    const question: Question = {
      ...EMPTY_QUESTION,
      name: 'peak',
      by: ['src.ip', 'dst.ip'],
      sum: ['bytes'],
      top: [1],
      filter: `exporter ip ${exporter} and ${key}`,
      window: { fromNs, toNs: fromNs + BigInt(Math.round(peakSeconds * 1e9)) },
    }
    return [{ place, question }]
  })
  const found = measured.map((): string | null => null)
  if (asked.length === 0) return found
  const tables = await runQueries(
    asked.map(({ question }) => queryOf(question, setting)),
    inputs,
    options,
  )
  for (const [i, { rows, totals }] of tables.entries()) {
    const [row] = rows
    if (row === undefined) continue
    const share = Number(row[2] ?? 0) / Math.max(1, Number(totals[2] ?? 0))
    found[asked[i]!.place] = `${row[0]} > ${row[1]} ${Math.round(share * 100)}%`
  }
  return found
}

/** What makes a row come first: the part of its speed it uses, or its rate where that is not known. */
function fullness({ speed, p95 }: Measured): number {
  return speed === 0 ? p95 / 1e18 : p95 / speed
}

function rowOf(one: Measured, whom: string | null, control: ReturnType<typeof controlOf> | null): ReportRow {
  const { speed, line } = one
  const part = (rate: number): number | null => (speed === 0 ? null : rate / speed)
  const counted = control?.octets(one.exporter, one.index, line.way) ?? null
  const difference = counted === null || counted === 0n ? null : Number(one.bytes - counted) / Number(counted)
  const cells: ReportCell[] = [
    line.course.key[0] ?? null,
    line.course.key[1] ?? null,
    line.way,
    one.name,
    speed === 0 ? null : speed,
    one.average,
    one.p95,
    part(one.p95),
    one.peak,
    part(one.peak),
    one.peakAt,
    whom,
    ...one.hours.map((hours) => (speed === 0 ? null : Math.round(hours * 100) / 100)),
    one.daysToFull === null ? null : Math.round(one.daysToFull * 10) / 10,
    counted,
    difference,
    one.error,
  ]
  return cells
}

function columnsOf(word: 'if' | 'vlan', hasControl: boolean): ReportColumn[] {
  const column = (
    name: string,
    unit: ReportColumn['unit'],
    rank: number,
    title = titleOf(name),
    role: ReportColumn['role'] = 'measure',
  ): ReportColumn => ({ name, title, role, unit, rank, mayBeCut: unit === 'text' && name !== 'top' })
  return [
    column('exporter', 'address', 0, 'EXPORTER', 'key'),
    column(word, 'number', 0, word.toUpperCase(), 'key'),
    column('way', 'text', 0, 'WAY', 'key'),
    column('name', 'text', 2),
    column('speed', 'bitsPerSecond', 4),
    column('avg', 'bitsPerSecond', 5),
    column('p95', 'bitsPerSecond', 1),
    column('p95.share', 'share', 1, '% P95'),
    column('peak', 'bitsPerSecond', 2),
    column('peak.share', 'share', 2, '% PEAK'),
    column('peak.at', 'time', 3, 'PEAK AT'),
    column('top', 'text', 6, 'TOP AT PEAK'),
    ...BORDERS.map((border) => column(`hours.${border * 100}`, 'number', 5, `h > ${border * 100}%`)),
    column('to.80', 'number', 4, 'DAYS TO 80%'),
    ...(hasControl
      ? [column('control', 'octets', 7), column('difference', 'share', 6), column('error', 'share', 7)]
      : []),
  ]
}

function amount(cell: Cell | undefined): bigint {
  return typeof cell === 'bigint' ? cell : BigInt(Math.round(Number(cell ?? 0)))
}
