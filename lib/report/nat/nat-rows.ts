import { protocolName } from '../../flow/protocol-names.ts'
import type { ReportColumn, ReportRow, ReportUnit, Section } from '../report.ts'
import { formatNs } from '../time-text.ts'
import { type Holding, holderOf } from './holdings.ts'
import type { Confidence, NatAnswer } from './nat-answer.ts'
import { END_OF_TIME, type Gap } from './reception.ts'

function column(
  name: string,
  unit: ReportUnit,
  rank: number,
  title = name.replaceAll('.', ' ').toUpperCase(),
) {
  return { name, title, role: 'key' as const, unit, rank, mayBeCut: unit === 'text' && rank > 0 }
}

/** For machines: one row per holder, or one that says why there is none. */
const PLAIN: readonly ReportColumn[] = [
  column('question', 'number', 0),
  column('address', 'address', 0),
  column('port', 'text', 0),
  column('protocol', 'text', 0),
  column('at', 'time', 0),
  column('status', 'text', 0),
  column('subscriber', 'address', 0),
  column('subscriber.port', 'text', 0),
  column('subscriber.vrf', 'text', 0),
  column('subscriber.label', 'text', 0),
  column('from', 'time', 0),
  column('to', 'time', 0),
  column('source', 'text', 0),
  column('confidence', 'text', 0),
  column('exporter', 'text', 0),
  column('records', 'text', 0),
  column('gap.from', 'time', 0),
  column('gap.to', 'time', 0),
  column('note', 'text', 0),
]

/** Answers as one section: as analysts read them, or with everything for machines. */
export function natSection(answers: Iterable<NatAnswer>, isPrivate: boolean, isForPeople: boolean): Section {
  const rows: ReportRow[] = []
  for (const answer of answers) rows.push(...(isForPeople ? shortRows(answer) : plainRows(answer)))
  const [self, other] = isPrivate ? ['PRIVATE', 'PUBLIC'] : ['PUBLIC', 'SUBSCRIBER']
  const short = [
    column('subscriber', 'address', 0, other),
    column('public', 'address', 0, self),
    column('at', 'time', 5),
    column('from', 'time', 0),
    column('to', 'time', 0),
    column('source', 'text', 3),
    column('confidence', 'text', 0),
  ]
  return {
    name: 'nat',
    title: null,
    columns: isForPeople ? short : PLAIN,
    rows,
    others: [],
    totals: null,
    groups: rows.length,
    look: 'table',
    outer: [],
  }
}

function shortRows(answer: NatAnswer): ReportRow[] {
  const { question, status, holdings } = answer
  const port = question.port === null ? '' : `:${question.port}`
  const self = `${question.address.includes(':') && port !== '' ? `[${question.address}]` : question.address}${port}`
  if (holdings.length === 0) return [[null, self, question.atNs, null, null, null, noteOf(answer)]]
  return holdings.map(({ holding, confidence }) => {
    const word = status === 'ambiguous' ? `ambiguous, ${confidence}` : confidence
    const { otherPort } = holding
    const name = question.isPrivate && otherPort > 0 ? `${holderOf(holding)}:${otherPort}` : holderOf(holding)
    return [name, self, question.atNs, holding.fromNs, holding.toNs, sourceOf(holding), word]
  })
}

function plainRows(answer: NatAnswer): ReportRow[] {
  const { question, status, holdings, gap } = answer
  const known = [
    question.number,
    question.address,
    question.port === null ? null : String(question.port),
    question.protocol === null ? null : protocolName(question.protocol).toLowerCase(),
    question.atNs,
    status,
  ]
  const gapCells = [
    gap === null || gap.fromNs === 0n ? null : gap.fromNs,
    gap === null || gap.toNs === END_OF_TIME ? null : gap.toNs,
  ]
  const note = noteOf(answer)
  if (holdings.length === 0) return [[...known, ...new Array<null>(10).fill(null), ...gapCells, note]]
  return holdings.map(({ holding, confidence }) => [
    ...known,
    holding.other,
    holding.otherPort < 0 ? null : String(holding.otherPort),
    holding.vrf === 0 ? null : String(holding.vrf),
    holding.label === '' ? null : holding.label,
    holding.fromNs,
    holding.toNs,
    sourceOf(holding),
    confidence satisfies Confidence,
    holding.exporter === '' ? null : holding.exporter,
    holding.rows === 0 ? null : String(holding.rows),
    ...gapCells,
    note,
  ])
}

/** What tells of a holding: `block 39936-40447`, `session`, `flow`. */
function sourceOf({ kind, firstPort, lastPort, portStep, isSuperseded }: Holding): string {
  const range = `${firstPort}-${lastPort}${portStep === 1 ? '' : ` step ${portStep}`}`
  const what = kind === 'block' || kind === 'formula' ? `${kind} ${range}` : kind
  return isSuperseded ? `${what}, end not told` : what
}

/** The sentence for an answer without a holder. */
export function noteOf({ status, gap, hint }: Pick<NatAnswer, 'status' | 'gap' | 'hint'>): string {
  const more = hint === '' ? '' : ` (${hint})`
  if (status === 'no data' && gap !== null) return `no data: gap ${gapText(gap)}${more}`
  return status === 'none' ? `none${more}` : status
}

/** `11:58-12:02`, with seconds where there are some and with dates where they differ. */
export function gapText({ fromNs, toNs }: Gap): string {
  if (fromNs === 0n) return `until ${formatNs(toNs).replace(/\.\d+/, '')}`
  if (toNs === END_OF_TIME) return `from ${formatNs(fromNs).replace(/\.\d+/, '')}`
  const [from, to] = [fromNs, toNs].map((ns) => formatNs(ns).replace(/\.\d+|Z/g, '')) as [string, string]
  const isOneDay = from.slice(0, 10) === to.slice(0, 10)
  const hasSeconds = !from.endsWith(':00') || !to.endsWith(':00')
  const cut = (text: string) => {
    const time = hasSeconds ? text.slice(11) : text.slice(11, 16)
    return isOneDay ? time : `${text.slice(0, 10)}T${time}`
  }
  return `${cut(from)}-${cut(to)}`
}
