import type { AddressFact } from '../flow/address-fact.ts'
import { type HavingNames, parseHaving } from './having.ts'
import { type KnownNames, parseKey, parseMeasure } from './names.ts'
import { type Allocation, EMPTY_QUERY, type Query, type Selector } from './query.ts'

/** A query in the words that people type: what a report asks, and what `--explain` shows. */
export interface Question {
  readonly name: string
  readonly by: readonly string[]
  readonly sum: readonly string[]
  /** Beside what the user's filter says. */
  readonly filter: string | null
  readonly binMs: number | null
  /** Groups kept; several numbers: of each key in each group of the keys before it. Empty keeps all. */
  readonly top: readonly number[]
  /** One of `sum`; null: the first. */
  readonly sort: string | null
  /** What sorts inner groups of a nested question where it is not `sort`. */
  readonly innerSort: string | null
  readonly isAscending: boolean
  readonly others: boolean
  readonly having: string | null
  /** Nanoseconds; where a question has a window of its own. */
  readonly window: { readonly fromNs: bigint | null; readonly toNs: bigint | null } | null
}

/** A question that asks for nothing: to be spread and overridden. */
export const EMPTY_QUESTION: Question = {
  name: 'query',
  by: [],
  sum: [],
  filter: null,
  binMs: null,
  top: [],
  sort: null,
  innerSort: null,
  isAscending: false,
  others: false,
  having: null,
  window: null,
}

/** What holds for all questions of a run. */
export interface Setting {
  readonly names: KnownNames
  readonly fromNs: bigint | null
  readonly toNs: bigint | null
  /** Whose clocks long bins begin by: an IANA name. */
  readonly timeZone: string
  readonly allocation: Allocation
  readonly activeTimeoutMs: number | null
  readonly counters: 'scaled' | 'raw'
  readonly deduplicate: 'none' | 'exporter' | 'edge'
  readonly local: AddressFact | null
  /** The rows of the user's filter and of the question's own; null for all. */
  selector(filter: string | null): Selector | null
}

/** The query that a question's words mean; throws QUERY_INVALID for words that nobody knows. */
export function queryOf(question: Question, setting: Setting): Query {
  const { by, sum, binMs, top, window } = question
  const keys = by.map((word) => parseKey(word, setting.names))
  const measures = sum.map((word) => parseMeasure(word, setting.names))
  const names: HavingNames = sum
  const isNested = top.length > 1
  return {
    ...EMPTY_QUERY,
    name: question.name,
    keys,
    measures,
    binMs,
    binZone: setting.timeZone,
    allocation: setting.allocation,
    activeTimeoutMs: setting.activeTimeoutMs,
    fromNs: window === null ? setting.fromNs : window.fromNs,
    toNs: window === null ? setting.toNs : window.toNs,
    filter: setting.selector(question.filter),
    having: question.having === null ? null : parseHaving(question.having, names),
    order: { measure: placeOf(question.sort, sum), ascending: question.isAscending },
    innerOrder:
      question.innerSort === null
        ? null
        : { measure: placeOf(question.innerSort, sum), ascending: question.isAscending },
    limit: isNested ? null : (top[0] ?? null),
    per: isNested ? top : [],
    others: question.others,
    counters: setting.counters,
    deduplicate: setting.deduplicate,
    local: setting.local,
  }
}

function placeOf(sort: string | null, sum: readonly string[]): number {
  return sort === null ? 0 : Math.max(0, sum.indexOf(sort))
}

/** The flags that ask the question without its report's name, ready for a shell. */
export function wordsOf(question: Question, userFilter: string | null): string[] {
  const { by, sum, binMs, top, sort, innerSort, isAscending, others, having, filter } = question
  const filters = [userFilter, filter].filter((text) => text !== null)
  const words: string[] = []
  if (filters.length === 1) words.push(quoted(filters[0]!))
  else if (filters.length > 1) words.push(quoted(filters.map((text) => `(${text})`).join(' and ')))
  const usesTime = by.includes('time')
  if (by.length > 0) words.push('--by', quoted(by.join(',')))
  words.push('--sum', quoted(sum.join(',')))
  if (binMs !== null && (usesTime || sum.some((word) => word.includes('('))))
    words.push('--bin', durationText(binMs))
  const sorts = innerSort === null ? [sort] : [sort ?? sum[0]!, innerSort]
  const isSortSaid = innerSort !== null || (sort !== null && sort !== sum[0])
  if (isSortSaid) words.push('--sort', quoted(sorts.join(',')))
  if (top.length > 0) words.push(isAscending ? '--bottom' : '--top', top.join(','))
  if (others) words.push('--others')
  if (having !== null) words.push('--having', quoted(having))
  return words
}

/** A word as a shell reads it back. */
export function quoted(word: string): string {
  return /^[\w.,/:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

function durationText(ms: number): string {
  for (const [unit, length] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const)
    if (ms % length === 0) return `${ms / length}${unit}`
  return `${ms}ms`
}
