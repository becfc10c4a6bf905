import { FlowError } from '../../diagnostics/flow-error.ts'
import { binSeconds, type Course, type Courses, coursesOf, percentileOf } from '../courses.ts'
import { plainCell } from '../formats/format.ts'
import type { Cell, ResultTable } from '../query.ts'
import { EMPTY_QUESTION, type Question } from '../question.ts'
import type { Laid, Names, ReportCell, ReportColumn, Section } from '../report.ts'
import { titleOf } from '../section.ts'
import { formatNs } from '../time-text.ts'
import type { Asked, Preset } from './preset.ts'
import { bitRate } from './rates.ts'
import { writeTextFile } from './text-file.ts'

const FIVE_MINUTES = 300_000
/** So many months of 5 minutes are as many rows as an answer may have. */
const MOST_GROUPS = 100
const METHODS = ['max', 'in', 'out', 'sum'] as const
type Method = (typeof METHODS)[number]

const METHOD_WORDS: Readonly<Record<Method, string>> = {
  max: 'billed is the larger one of the percentiles in and out',
  in: 'billed is the percentile of what came in',
  out: 'billed is the percentile of what went out',
  sum: 'billed is the percentile of in and out together, added bin by bin',
}

export const P95: Preset = {
  name: 'p95',
  summary: 'Billing: the 95th percentile of bit/s by customer, interface, AS or network.',
  description:
    'Bit/s in each bin of 5 minutes (--bin) are sorted ascending; the value at rank ceil(0.95 n) of n expected bins is the ' +
    'percentile: the 5% highest bins are dropped. Bins that no input covers count as zero, or with --missing exclude ' +
    'not at all. in and out are towards and from the local networks, of interfaces what came in and went out there. ' +
    'at is the first bin that has the billed value; over is what it exceeds --commit by. avg is over the same bins. ' +
    '--bins-out writes every bin, so that anybody can compute the values again.',
  operand: null,
  flags: [
    {
      name: 'commit',
      value: 'RATE',
      help: 'Bits per second that are paid for anyway: 100M, 2.5G.',
    },
    {
      name: 'method',
      value: 'METHOD',
      default: 'max',
      choices: METHODS,
      help: 'What is billed: the larger percentile of in and out, one of them, or that of their sum.',
    },
    {
      name: 'missing',
      value: 'HOW',
      default: 'zero',
      choices: ['zero', 'exclude'],
      help: 'Bins that no input covers.',
    },
    { name: 'percentile', value: 'PERCENT', default: '95', help: 'Another percentile.' },
    { name: 'bins-out', value: 'FILE', completes: 'file', help: 'Every bin of every row, as CSV.' },
  ],
  namesInterfaces: true,
  examples: [
    {
      says: 'Customers of a month',
      line: 'weir analyze p95 --in flows --local networks.txt --by customer --month 2026-01 --commit 100M',
    },
    {
      says: 'Interfaces, each way for itself',
      line: 'weir analyze p95 --in flows --by if --method sum --day 2026-01-01',
    },
    {
      says: 'With the bins, for whoever doubts it',
      line: 'weir analyze p95 --in flows --month 2026-01 --bins-out bins.csv',
    },
  ],
  pictures: ['time'],
  plan(asked) {
    const by = (asked.by ?? ['local.net']).filter((key) => key !== 'time')
    const percent = Number(asked.flag('percentile') ?? '95')
    if (!(percent > 0 && percent <= 100))
      throw new FlowError(
        'QUERY_INVALID',
        `--percentile ${asked.flag('percentile')}: want a number up to 100`,
      )
    const commitText = asked.flag('commit')
    const terms: Terms = {
      percent,
      method: (asked.flag('method') ?? 'max') as Method,
      excludes: asked.flag('missing') === 'exclude',
      commit: commitText === null ? null : bitRate('commit', commitText),
      binMs: asked.binMs ?? FIVE_MINUTES,
      binsOut: asked.flag('bins-out'),
      top: asked.top?.[0] ?? MOST_GROUPS,
    }
    const questions = questionsOf(asked, by, terms.binMs)
    return {
      kind: 'questions',
      questions,
      lay: (tables, names) => lay(tables, names, by, terms),
    }
  },
}

interface Terms {
  readonly percent: number
  readonly method: Method
  readonly excludes: boolean
  readonly commit: number | null
  readonly binMs: number
  readonly binsOut: string | null
  /** Rows shown; 0 is all. */
  readonly top: number
}

/** One question, or one for each way of interfaces: they are told apart by their exporters. */
function questionsOf(asked: Asked, by: readonly string[], binMs: number): Question[] {
  const limit = asked.top?.[0] ?? MOST_GROUPS
  const common = { ...EMPTY_QUESTION, binMs, top: limit === 0 ? [] : [limit] }
  if (by.includes('if')) {
    // The first ones of each way need not be the same: rows are chosen when both are known.
    if (limit > 0) common.top = [Math.max(limit, MOST_GROUPS)]
    return (['in', 'out'] as const).map((way) => ({
      ...common,
      name: way,
      by: ['time', ...by.flatMap((key) => (key === 'if' ? ['exporter', `${way}.if`] : [key]))],
      sum: ['bytes', 'bps'],
    }))
  }
  const keys = by.map((key) => (key === 'as' ? 'remote.as' : key))
  const crossing = keys.some((key) => /^(local|remote)\.|^customer$/.test(key))
    ? 'in or out or internal'
    : null
  return [
    {
      ...common,
      name: 'p95',
      by: ['time', ...keys],
      sum: ['bytes', 'bytes.in', 'bytes.out', 'bps.in', 'bps.out'],
      filter: crossing,
    },
  ]
}

interface Account {
  readonly key: readonly Cell[]
  /** Octets and bit/s each way by bin; null where no input covers the bin. */
  readonly bins: readonly (readonly [bytesIn: Cell, bytesOut: Cell, bpsIn: number, bpsOut: number] | null)[]
}

/** The bins of each row, whichever questions they came from. */
function accountsOf(tables: readonly ResultTable[]): { times: readonly bigint[]; accounts: Account[] } {
  const [first, second] = tables.map(coursesOf) as [Courses, Courses | undefined]
  if (second === undefined) {
    const accounts = [...first.groups.values()].map(({ key, bins }) => ({
      key,
      bins: Array.from(first.times, (_, i) =>
        way(bins[i], (cells) => [cells[1]!, cells[2]!, Number(cells[3]), Number(cells[4])] as const),
      ),
    }))
    return { times: first.times, accounts }
  }
  const times = [...new Set([...first.times, ...second.times])].sort((a, b) => (a < b ? -1 : 1))
  const places = [first, second].map((courses) => new Map(courses.times.map((time, i) => [time, i])))
  const binAt = (course: Course | undefined, side: number, time: bigint) => {
    const place = places[side]!.get(time)
    return place === undefined || course === undefined ? undefined : course.bins[place]
  }
  const isMissing = (time: bigint) =>
    [first, second].every((courses, side) => {
      const [any] = courses.groups.values()
      return any === undefined || (binAt(any, side, time) ?? null) === null
    })
  const missing = times.map(isMissing)
  // What one way left out may be there all the same.
  const isWhole = [first, second].map(({ groups }, side) => groups.size >= tables[side]!.groups)
  const names = [...new Set([...first.groups.keys(), ...second.groups.keys()])].filter((name) => {
    const key = (first.groups.get(name) ?? second.groups.get(name))!.key
    // Flows that no exporter gave an interface went by none.
    if (key.includes(null)) return false
    return [first, second].every(({ groups }, side) => isWhole[side] || groups.has(name))
  })
  const accounts = names.map((name) => {
    const sides = [first.groups.get(name), second.groups.get(name)]
    const bins = times.map((time, i) => {
      if (missing[i]) return null
      const [into, out] = sides.map((course, side) => binAt(course, side, time) ?? [0n, 0n])
      return [into![0]!, out![0]!, Number(into![1]), Number(out![1])] as const
    })
    return { key: (sides[0] ?? sides[1])!.key, bins }
  })
  return { times, accounts }
}

function way<T>(bin: readonly Cell[] | null | undefined, of: (cells: readonly Cell[]) => T): T | null {
  return bin === null || bin === undefined ? null : of(bin)
}

function lay(tables: readonly ResultTable[], names: Names, by: readonly string[], terms: Terms): Laid {
  const { times, accounts } = accountsOf(tables)
  const [table] = tables as [ResultTable]
  const keyColumns = table.columns.filter(({ role, unit }) => role === 'key' && unit !== 'time')
  const isInterface = by.includes('if')
  const columns = columnsOf(keyColumns, terms, isInterface)
  const systemAt = keyColumns.findIndex(({ name }) => name.endsWith('.as'))
  const nameOf = (key: readonly Cell[]): string | null => {
    if (isInterface) return names.interfaceName?.(String(key[0]), Number(key[1])) ?? ''
    return systemAt < 0 ? null : names.system(Number(key[systemAt] ?? 0))
  }
  const rows = accounts.map((account) => rowOf(account, times, terms, nameOf(account.key)))
  const billedAt = columns.findIndex(({ name }) => name === 'billed')
  rows.sort((a, b) => Number(b[billedAt] ?? 0) - Number(a[billedAt] ?? 0))
  if (terms.top > 0) rows.splice(terms.top)
  if (terms.binsOut !== null) {
    const { fromNs, toNs } = table.quality
    const seconds = binSeconds(times, fromNs, toNs)
    writeTextFile(terms.binsOut, auditLines(keyColumns, accounts, times, seconds))
  }
  const section: Section = {
    name: 'p95',
    title: null,
    columns,
    rows,
    others: [],
    totals: null,
    groups: Math.max(...tables.map(({ groups }) => groups)),
    look: 'table',
    outer: [],
  }
  const left = section.groups - rows.length
  const notes = [definition(terms, times.length)]
  if (left > 0) notes.push(`${left} smaller groups are left out: say --top 0, or a filter, for all`)
  return { title: `Percentiles by ${by.join(', ')}`, sections: [section], notes }
}

function definition({ percent, method, excludes, binMs }: Terms, expected: number): string {
  const missing = excludes ? 'bins without data are left out of n' : 'bins without data count as zero'
  return (
    `p${percent}: bit/s of bins of ${binMs / 1000} s, sorted ascending; the value at rank ceil(${percent / 100} n), so that the ` +
    `${Math.round((100 - percent) * 100) / 100}% highest are dropped; n is the ${expected} expected bins, ${missing}; ${METHOD_WORDS[method]}`
  )
}

function columnsOf(
  keys: readonly { readonly name: string; readonly unit: ReportColumn['unit'] }[],
  { percent, commit }: Terms,
  isInterface: boolean,
): ReportColumn[] {
  const column = (
    name: string,
    title: string,
    unit: ReportColumn['unit'],
    rank: number,
    role: ReportColumn['role'] = 'measure',
  ): ReportColumn => ({ name, title, role, unit, rank, mayBeCut: unit === 'text' })
  const p = `p${percent}`
  return [
    ...keys.map(({ name, unit }) =>
      column(name === 'in.if' ? 'if' : name, titleOf(name === 'in.if' ? 'if' : name), unit, 0, 'key'),
    ),
    ...(keys.some(({ name }) => name.endsWith('.as')) || isInterface
      ? [column('name', 'NAME', 'text', 2)]
      : []),
    column('samples', 'SAMPLES', 'number', 6),
    column('expected', 'EXPECTED', 'number', 7),
    column(`in.${p}`, `IN ${p}`, 'bitsPerSecond', 1),
    column(`out.${p}`, `OUT ${p}`, 'bitsPerSecond', 1),
    column('billed', 'BILLED', 'bitsPerSecond', 0),
    column('billed.by', 'BY', 'text', 5),
    column('at', 'AT', 'time', 3),
    column('max', 'MAX', 'bitsPerSecond', 4),
    column('avg', 'AVG', 'bitsPerSecond', 4),
    ...(commit === null ? [] : [column('over', 'OVER COMMIT', 'bitsPerSecond', 0)]),
  ]
}

function rowOf(
  { key, bins }: Account,
  times: readonly bigint[],
  { percent, method, excludes, commit }: Terms,
  /** Null where there is no such column. */
  name: string | null,
): ReportCell[] {
  const values = (of: (bin: NonNullable<Account['bins'][number]>) => number) =>
    bins.map((bin) => (bin === null ? (excludes ? null : 0) : of(bin)))
  const into = values((bin) => bin[2])
  const out = values((bin) => bin[3])
  const [inP, outP] = [percentileOf(into, percent), percentileOf(out, percent)]
  const isOut = method === 'out' || (method === 'max' && (outP?.value ?? 0) > (inP?.value ?? 0))
  const billedValues = method === 'sum' ? values((bin) => bin[2] + bin[3]) : isOut ? out : into
  const billed = percentileOf(billedValues, percent)
  const known = billedValues.filter((value) => value !== null)
  return [
    ...key,
    ...(name === null ? [] : [name]),
    bins.filter((bin) => bin !== null).length,
    bins.length,
    inP?.value ?? null,
    outP?.value ?? null,
    billed?.value ?? null,
    method === 'sum' ? 'sum' : isOut ? 'out' : 'in',
    billed === null ? null : times[billed.bin]!,
    known.length === 0 ? null : known.reduce((a, b) => Math.max(a, b), 0),
    known.length === 0 ? null : Math.round(known.reduce((a, b) => a + b, 0) / known.length),
    ...(commit === null ? [] : [billed === null ? null : Math.max(0, billed.value - commit)]),
  ]
}

function* auditLines(
  keys: readonly ReportColumn[] | ResultTable['columns'],
  accounts: readonly Account[],
  times: readonly bigint[],
  seconds: readonly number[],
): Iterable<string> {
  yield `${keys.map(({ name }) => (name === 'in.if' ? 'if' : name)).join(',')},time,seconds,bytes.in,bytes.out,bps.in,bps.out,data\n`
  for (const { key, bins } of accounts) {
    const texts = key.map((cell, i) => quoted(plainCell(cell, keys[i]!)))
    for (const [place, bin] of bins.entries()) {
      const cells = bin === null ? ['', '', '', '', 'missing'] : [...bin.map(String), 'yes']
      yield `${[...texts, formatNs(times[place]!), seconds[place]!, ...cells].join(',')}\n`
    }
  }
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
