import type { Evidence } from './evidence.ts'

/** A time in which somebody held a translation, as far as records tell. */
export interface Holding {
  readonly kind: Evidence['kind'] | 'formula'
  readonly other: string
  /** -1 where records do not say, or where the holding is of many ports. */
  readonly otherPort: number
  readonly vrf: number
  readonly label: string
  readonly protocol: number
  readonly firstPort: number
  readonly lastPort: number
  readonly portStep: number
  readonly exporter: string
  /** Of a session, with whom it is; the empty text where nobody says. */
  readonly peer: string
  /** Null: its begin was not seen. */
  readonly fromNs: bigint | null
  /** Null: its end was not seen. */
  toNs: bigint | null
  /** The end was not told: another one had the translation from then on. */
  isSuperseded: boolean
  /** Rows that tell of it. */
  rows: number
}

/** Which records tell of one and the same holding. */
function identity(told: Evidence | Holding): string {
  const { kind, protocol, other, otherPort, vrf, peer, exporter, firstPort, lastPort } = told
  return `${kind} ${exporter} ${protocol} ${other} ${otherPort} ${vrf} ${peer} ${firstPort}-${lastPort}`
}

/** Holdings by what records of begins, ends and spans say, in order of time. */
export function holdingsOf(evidence: readonly Evidence[]): Holding[] {
  const ordered = [...evidence].sort(byTime)
  const open = new OpenHoldings()
  const holdings: Holding[] = []
  for (let from = 0, to = 1; from < ordered.length; from = to++) {
    while (to < ordered.length && ordered[to]!.atNs === ordered[from]!.atNs) to++
    const moment = ordered.slice(from, to)
    // Of one moment, who was there leaves before others come, and who came may leave at once.
    const late: Evidence[] = []
    const ended = new Map<string, Holding>()
    for (const each of moment) {
      if (each.change === 'begin') continue
      const known = each.change === 'end' ? open.end(each) : holding(each, each.fromNs, each.atNs)
      if (known === null) late.push(each)
      else ended.set(holderText(known), known)
      if (known !== null && each.change === 'span') holdings.push(known)
    }
    for (const each of moment) {
      // Told twice: by a second datagram of the same event, or the end of the first one was lost.
      if (each.change !== 'begin' || open.repeat(each)) continue
      const begun = holding(each, each.atNs, null)
      open.add(begun)
      holdings.push(begun)
    }
    for (const each of late) {
      if (open.end(each) !== null) continue
      const last = ended.get(holderText(each))
      if (last !== undefined) last.rows++
      else {
        const unbegun = holding(each, each.fromNs, each.atNs)
        ended.set(holderText(unbegun), unbegun)
        holdings.push(unbegun)
      }
    }
  }
  supersede(holdings)
  return holdings
}

/** Holdings that one record without peer or protocol is compared with. */
const MOST_COMPARED = 256
/** Holdings that wait for another one to begin; more at once on one port are mischief. */
const MOST_WAITING = 1024

/** Holdings whose end was not told so far. */
class OpenHoldings {
  readonly #exact = new Map<string, Holding>()
  readonly #byHolder = new Map<string, Set<Holding>>()

  add(begun: Holding): void {
    this.#exact.set(identity(begun), begun)
    const key = holderKey(begun)
    const own = this.#byHolder.get(key)
    if (own === undefined) this.#byHolder.set(key, new Set([begun]))
    else own.add(begun)
  }

  /** Counts one more record of a holding that is open; false where there is none. */
  repeat(evidence: Evidence): boolean {
    const known = this.#exact.get(identity(evidence))
    if (known !== undefined) known.rows++
    return known !== undefined
  }

  /**
   * Ends the holding that a record is about; null where none is open. Some exporters say less of an end than of its
   * begin: of several that it may be about, it is the one that began first.
   */
  end(evidence: Evidence): Holding | null {
    const own = this.#byHolder.get(holderKey(evidence))
    if (own === undefined) return null
    const known = this.#exact.get(identity(evidence)) ?? firstLike(own, evidence)
    if (known === null) return null
    this.#exact.delete(identity(known))
    own.delete(known)
    known.toNs = evidence.atNs
    known.rows++
    return known
  }
}

function firstLike(holdings: Iterable<Holding>, evidence: Evidence): Holding | null {
  let compared = 0
  for (const each of holdings) {
    if (mayBeSame(each, evidence)) return each
    if (++compared === MOST_COMPARED) return null
  }
  return null
}

/** What all records of one holding say. */
function holderKey({ kind, exporter, other, vrf, firstPort }: Evidence | Holding): string {
  return `${kind} ${exporter} ${other} ${vrf} ${firstPort}`
}

/** Whether a holding and a record that says less, or more, may be about the same. */
function mayBeSame(a: Holding, b: Evidence): boolean {
  const isSameProtocol = a.protocol === b.protocol || a.protocol < 0 || b.protocol < 0
  const isSamePort = a.otherPort === b.otherPort || a.otherPort < 0 || b.otherPort < 0
  const isSamePeer = a.peer === b.peer || a.peer === '' || b.peer === ''
  return isSameProtocol && isSamePort && isSamePeer && a.lastPort === b.lastPort
}

function byTime(a: Evidence, b: Evidence): number {
  if (a.atNs !== b.atNs) return a.atNs < b.atNs ? -1 : 1
  // Which record comes first must not hang on who read it first.
  return compareTexts(wholeText(a), wholeText(b))
}

function wholeText(evidence: Evidence): string {
  return `${identity(evidence)} ${evidence.change} ${evidence.fromNs} ${evidence.portStep} ${evidence.label}`
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function holding(evidence: Evidence, fromNs: bigint | null, toNs: bigint | null): Holding {
  const { kind, other, otherPort, vrf, label, protocol, firstPort, lastPort, portStep, exporter } = evidence
  const ports = { firstPort, lastPort, portStep }
  const who = { kind, other, otherPort, vrf, label, protocol, exporter, peer: evidence.peer }
  return { ...who, ...ports, fromNs, toNs, isSuperseded: false, rows: 1 }
}

function holderText({ other, vrf, kind, otherPort }: Evidence | Holding): string {
  return `${kind} ${other} ${otherPort} ${vrf}`
}

/**
 * Gives ends to holdings whose end was not told: a translator gives nobody what somebody has, so where another holder
 * of the same kind begins, the one before had ended. Only sessions with different peers may share a port (RFC 7857 §3).
 */
function supersede(holdings: Holding[]): void {
  const begun = holdings.filter(({ fromNs }) => fromNs !== null)
  begun.sort((a, b) => (a.fromNs! < b.fromNs! ? -1 : a.fromNs! > b.fromNs! ? 1 : 0))
  const waiting = new Map<string, Holding[]>()
  for (const next of begun) {
    if (next.kind === 'flow') continue
    // Sessions are of one port each; a busy address has more of them than can be compared one by one.
    const group = `${next.kind} ${next.exporter} ${next.kind === 'session' ? next.firstPort : ''}`
    const list = waiting.get(group) ?? []
    const left: Holding[] = []
    for (const before of list) {
      const isOther = before.other !== next.other || before.vrf !== next.vrf
      const isSameProtocol = before.protocol === next.protocol || before.protocol < 0 || next.protocol < 0
      const isSamePeer = before.peer === next.peer || before.peer === '' || next.peer === ''
      if (isOther && isSameProtocol && isSamePeer && overlaps(before, next)) {
        before.toNs = next.fromNs
        before.isSuperseded = true
      } else left.push(before)
    }
    if (next.toNs === null) left.push(next)
    waiting.set(group, left.length > MOST_WAITING ? left.slice(-MOST_WAITING) : left)
  }
}

function overlaps(a: Holding, b: Holding): boolean {
  return a.firstPort <= b.lastPort && b.firstPort <= a.lastPort
}

/** Who holds: private addresses of several customers may be alike. */
export function holderOf({ other, vrf }: Holding): string {
  return vrf === 0 ? other : `${other} vrf ${vrf}`
}
