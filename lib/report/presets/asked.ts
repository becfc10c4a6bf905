import { FlowError } from '../../diagnostics/flow-error.ts'
import { EMPTY_QUESTION, type Question } from '../question.ts'
import type { Asked } from './preset.ts'

/** What a report asks where the user does not say otherwise. */
export interface Defaults {
  readonly name: string
  readonly by: readonly string[]
  readonly sum: readonly string[]
  readonly top: readonly number[]
  readonly filter?: string | null
  readonly binMs?: number | null
  readonly others?: boolean
  /** What sorts if it is not the first of `sum`. */
  readonly sort?: string
}

/** The question of a report's defaults and what the user asked of it. */
export function questionOf(asked: Asked, defaults: Defaults): Question {
  const sum = [...(asked.sum ?? defaults.sum)]
  const first = sum[0]
  if (asked.hasShare && first !== undefined) add(sum, `share(${first})`)
  if (asked.hasCumulative && first !== undefined) add(sum, `cumulative(${first})`)
  // Sorting by what is not told tells it as well.
  for (const word of [asked.sort, asked.innerSort]) if (word !== null) add(sum, word)
  const having = havingOf(asked, asked.sort ?? defaults.sort ?? first ?? 'bytes', sum)
  // Conditions may be about measures that nobody asked to see.
  for (const word of measuresIn(having ?? '', sum)) add(sum, word)
  const by = [...(asked.by ?? defaults.by)]
  return {
    ...EMPTY_QUESTION,
    name: defaults.name,
    by,
    sum,
    filter: defaults.filter ?? null,
    binMs: asked.binMs ?? defaults.binMs ?? null,
    top: topOf(asked, by, defaults.top),
    sort: asked.sort ?? (defaults.sort !== undefined && sum.includes(defaults.sort) ? defaults.sort : null),
    innerSort: asked.innerSort,
    isAscending: asked.isAscending,
    others: asked.others ?? defaults.others ?? false,
    having,
  }
}

/** The user's condition, and that of --min about what sorts. Throws QUERY_INVALID. */
function havingOf({ having, leastShare }: Asked, sort: string, sum: string[]): string | null {
  if (leastShare === null) return having
  if (!/^(bytes|packets|flows|[bpf]ps)(\.|$)/.test(sort))
    throw new FlowError(
      'QUERY_INVALID',
      `--min: ${sort} is no sum that groups have parts of; say --sort bytes`,
    )
  add(sum, `share(${sort})`)
  const least = `share(${sort}) >= ${leastShare}`
  return having === null ? least : `(${having}) and (${least})`
}

/** Simple measures that a condition names beside those known. */
function measuresIn(having: string, known: readonly string[]): string[] {
  let rest = having
  for (const name of [...known].sort((a, b) => b.length - a.length)) rest = rest.replaceAll(name, ' ')
  return (
    rest.match(
      /(?<![\w.(])(?:bytes|packets|flows|[bpf]ps|bpp)(?:\.(?:in|out|internal|transit))?(?![\w.(])/g,
    ) ?? []
  )
}

function add(words: string[], word: string): void {
  if (!words.includes(word)) words.push(word)
}

/** Groups of a key that nothing limits, where others are limited. */
export const ALL_GROUPS = 1_000_000

/**
 * The limits that `--top` and `--per` mean: `--top 10 --per local.net` keeps ten groups of the next key in each local
 * network, `--top 10,3` ten and three of each of them, `--top 0` all. Throws QUERY_INVALID.
 */
function topOf({ top, per }: Asked, by: readonly string[], defaults: readonly number[]): readonly number[] {
  const wanted = top ?? defaults
  if (per.length > 0) {
    const wrong = per.find((key) => !by.slice(0, -1).includes(key))
    if (wrong !== undefined)
      throw new FlowError('QUERY_INVALID', `--per ${wrong}: want a key of --by that another one follows`)
    const limit = wanted.at(-1) ?? 10
    return by.map((_, i) => (i > 0 && per.includes(by[i - 1]!) ? limit : ALL_GROUPS))
  }
  if (wanted.length === 1 && wanted[0] === 0) return []
  return wanted.map((limit) => (limit === 0 ? ALL_GROUPS : limit))
}
