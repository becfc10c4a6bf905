import { lowerBound } from './asked-addresses.ts'
import type { Evidence } from './evidence.ts'
import { type Holding, holderOf, holdingsOf } from './holdings.ts'
import { insideOf, type NatRule, outsideOf } from './nat-formula.ts'
import type { NatQuestion } from './nat-question.ts'
import type { NatSearch } from './nat-search.ts'
import type { Gap, Reception } from './reception.ts'
import { ANY_EXPORTER } from './stretches.ts'

/**
 * `found`: one holder. `ambiguous`: several. `none`: nobody, and the records of that time are there. `no data`: records
 * that could tell are missing.
 */
export type NatStatus = 'found' | 'ambiguous' | 'none' | 'no data'

/**
 * `exact`: the moment lies within what records say, from begin to end or with nothing missing in between. `likely`: begin
 * or end was not told, and records of that time are lost. `near`: the moment lies outside by no more than the slack.
 * `formula`: computed.
 */
export type Confidence = 'exact' | 'likely' | 'near' | 'formula'

export interface NatAnswer {
  readonly question: NatQuestion
  readonly status: NatStatus
  readonly holdings: readonly { readonly holding: Holding; readonly confidence: Confidence }[]
  /** Where records are missing at the moment asked about. */
  readonly gap: Gap | null
  /** What there is instead of an answer: the holding before and the one after. */
  readonly hint: string
}

/** Records of flows come after flows have ended. */
const LATE_NS = 60_000_000_000n

/** Answers to all questions, once the inputs are read. */
export function* natAnswers(
  questions: readonly NatQuestion[],
  search: NatSearch,
  reception: Reception,
  rules: readonly NatRule[],
  slackNs: bigint,
): Iterable<NatAnswer> {
  const targets = new Targets(search)
  for (const question of questions) yield answerOf(question, targets, search, reception, rules, slackNs)
}

/** Holdings by address and port asked about, made when first asked for. */
class Targets {
  readonly #search: NatSearch
  /** By place of the address: its evidence by port, -1 for all of them. */
  readonly #byPort: (Map<number, Evidence[]> | undefined)[] = []
  readonly #holdings = new Map<string, Holding[]>()

  constructor(search: NatSearch) {
    this.#search = search
  }

  holdings(place: number, port: number | null): readonly Holding[] {
    const key = `${place} ${port ?? -1}`
    let known = this.#holdings.get(key)
    if (known === undefined) {
      known = holdingsOf(this.#evidence(place, port))
      this.#holdings.set(key, known)
    }
    return known
  }

  #evidence(place: number, port: number | null): readonly Evidence[] {
    const all = this.#search.evidence[place]!
    const { ports, sortedPorts } = this.#search.asked.list[place]!
    if (port === null) return all
    if (ports === null) return all.filter((each) => holdsPort(each, port))
    let byPort = this.#byPort[place]
    if (byPort === undefined) {
      byPort = new Map()
      for (const each of all) {
        for (let at = lowerBound(sortedPorts, each.firstPort); at < sortedPorts.length; at++) {
          const own = sortedPorts[at]!
          if (own > each.lastPort) break
          if (!holdsPort(each, own)) continue
          const list = byPort.get(own)
          if (list === undefined) byPort.set(own, [each])
          else list.push(each)
        }
      }
      this.#byPort[place] = byPort
    }
    return byPort.get(port) ?? []
  }
}

function holdsPort({ firstPort, lastPort, portStep }: Evidence, port: number): boolean {
  return port >= firstPort && port <= lastPort && (port - firstPort) % portStep === 0
}

function answerOf(
  question: NatQuestion,
  targets: Targets,
  search: NatSearch,
  reception: Reception,
  rules: readonly NatRule[],
  slackNs: bigint,
): NatAnswer {
  const { atNs, protocol, isPrivate } = question
  const place = search.asked.find(question.address)
  // From the private side, blocks and bindings hold for any port.
  const all = targets
    .holdings(place, isPrivate ? null : question.port)
    .filter((each) => protocol === null || each.protocol < 0 || each.protocol === protocol)
    .filter(
      (each) =>
        !isPrivate ||
        question.port === null ||
        each.kind === 'block' ||
        each.kind === 'binding' ||
        each.firstPort === question.port,
    )
  let chosen: { holding: Holding; confidence: Confidence }[] = []
  const unsure: { holding: Holding; gap: Gap }[] = []
  for (const holding of all) {
    const { fromNs, toNs, exporter } = holding
    if ((fromNs !== null && fromNs > atNs) || (toNs !== null && toNs < atNs)) continue
    // At its last moment a flow is there, a session that ends is gone.
    if (toNs === atNs && holding.kind !== 'flow' && fromNs !== toNs) continue
    if (fromNs !== null && toNs !== null && !holding.isSuperseded) {
      chosen.push({ holding, confidence: 'exact' })
      continue
    }
    const [from, to] = fromNs === null ? [atNs, toNs ?? atNs] : [fromNs, atNs]
    const gaps = reception.gaps(exporter, from, to)
    const silent = gaps.find(({ isSilent }) => isSilent)
    if (silent !== undefined) unsure.push({ holding, gap: silent })
    else chosen.push({ holding, confidence: gaps.length > 0 ? 'likely' : 'exact' })
  }
  // Whose end was perhaps lost gives way to whom everything is known of.
  if (!isPrivate && chosen.some(({ confidence }) => confidence === 'exact'))
    chosen = chosen.filter(({ confidence }) => confidence === 'exact')
  if (chosen.length === 0 && unsure.length === 0) {
    for (const holding of all) {
      const { fromNs, toNs, isSuperseded } = holding
      const isBefore = toNs !== null && !isSuperseded && toNs <= atNs && atNs <= toNs + slackNs
      const isAfter = fromNs !== null && fromNs > atNs && fromNs - slackNs <= atNs
      if (isBefore || isAfter) chosen.push({ holding, confidence: 'near' })
    }
  }
  const holders = new Set(chosen.map(({ holding }) => (isPrivate ? publicOf(holding) : holderOf(holding))))
  if (holders.size > 0) {
    const best = isPrivate ? chosen : bestByHolder(chosen)
    return {
      question,
      status: isPrivate || holders.size === 1 ? 'found' : 'ambiguous',
      holdings: best,
      gap: null,
      hint: '',
    }
  }
  const computed = formulaHoldings(question, rules)
  if (computed.length > 0) {
    const several = new Set(computed.map(({ other }) => other)).size > 1 && !isPrivate
    const holdings = computed.map((holding) => ({ holding, confidence: 'formula' as const }))
    return { question, status: several ? 'ambiguous' : 'found', holdings, gap: null, hint: '' }
  }
  const gap = unsure[0]?.gap ?? gapAt(atNs, slackNs, search, place, reception)
  const hint = hintOf(all, atNs)
  return { question, status: gap === null ? 'none' : 'no data', holdings: [], gap, hint }
}

/** Several records of one holder are one answer: the surest, and of those the one that tells most. */
function bestByHolder(
  chosen: readonly { holding: Holding; confidence: Confidence }[],
): { holding: Holding; confidence: Confidence }[] {
  const rank = (kind: Holding['kind']) => ['session', 'flow', 'block', 'binding', 'formula'].indexOf(kind)
  const sure = (confidence: Confidence) => ['exact', 'likely', 'near', 'formula'].indexOf(confidence)
  const best = new Map<string, { holding: Holding; confidence: Confidence }>()
  for (const each of chosen) {
    const key = holderOf(each.holding)
    const before = best.get(key)
    const order =
      before === undefined
        ? -1
        : sure(each.confidence) - sure(before.confidence) ||
          rank(each.holding.kind) - rank(before.holding.kind)
    if (order < 0) best.set(key, each)
  }
  return [...best.values()].sort((a, b) => (a.holding.other < b.holding.other ? -1 : 1))
}

function publicOf({ other, firstPort, lastPort, otherPort }: Holding): string {
  return `${other} ${otherPort} ${firstPort}-${lastPort}`
}

/** The gap of an exporter that tells of this address; of all of them, where none does. */
function gapAt(
  atNs: bigint,
  slackNs: bigint,
  search: NatSearch,
  place: number,
  reception: Reception,
): Gap | null {
  const known = [...search.exporters[place]!].sort()
  const late = search.hasFlows(place) ? LATE_NS : 0n
  for (const exporter of known.length === 0 ? [ANY_EXPORTER] : known) {
    const gaps = reception.gaps(exporter, atNs - slackNs, atNs + slackNs + late)
    // What is lost within the slack matters; silence that begins later only to those who tell of the past.
    const gap = gaps.find(({ fromNs, toNs }) => fromNs <= atNs + slackNs + late && toNs >= atNs - slackNs)
    if (gap !== undefined) return gap
  }
  return null
}

function formulaHoldings(
  { address, port, atNs, isPrivate }: NatQuestion,
  rules: readonly NatRule[],
): Holding[] {
  if (rules.length === 0 || (!isPrivate && port === null)) return []
  const answers = isPrivate ? outsideOf(rules, address, atNs) : insideOf(rules, address, port!, atNs)
  return answers.map(({ rule, inside, outside, firstPort, lastPort }) => ({
    kind: 'formula',
    other: isPrivate ? outside : inside,
    otherPort: -1,
    vrf: 0,
    label: '',
    protocol: -1,
    firstPort,
    lastPort,
    portStep: 1,
    exporter: '',
    peer: '',
    fromNs: rule.fromNs,
    toNs: rule.toNs,
    isSuperseded: false,
    rows: 0,
  }))
}

/** The nearest holding before the moment and the nearest one after. */
function hintOf(holdings: readonly Holding[], atNs: bigint): string {
  let before: Holding | null = null
  let after: Holding | null = null
  for (const each of holdings) {
    const end = each.toNs ?? each.fromNs!
    if (end <= atNs && (before === null || end > (before.toNs ?? before.fromNs!))) before = each
    const begin = each.fromNs ?? each.toNs!
    if (begin > atNs && (after === null || begin < (after.fromNs ?? after.toNs!))) after = each
  }
  const parts: string[] = []
  if (before !== null) parts.push(`before: ${holderOf(before)}`)
  if (after !== null) parts.push(`after: ${holderOf(after)}`)
  return parts.join(', ')
}
