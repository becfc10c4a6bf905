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
function identity(evidence: Evidence): string {
  const { kind, protocol, other, otherPort, vrf, peer, exporter, firstPort, lastPort } = evidence
  return `${kind} ${exporter} ${protocol} ${other} ${otherPort} ${vrf} ${peer} ${firstPort}-${lastPort}`
}

/** Holdings by what records of begins, ends and spans say, in order of time. */
export function holdingsOf(evidence: readonly Evidence[]): Holding[] {
  const ordered = [...evidence].sort(byTime)
  const open = new Map<string, Holding>()
  const holdings: Holding[] = []
  for (const each of ordered) {
    const key = identity(each)
    if (each.change === 'begin') {
      const known = open.get(key)
      if (known !== undefined) {
        // Told twice: by a second datagram of the same event, or the end of the first one was lost.
        known.rows++
        continue
      }
      const begun = holding(each, each.atNs, null)
      open.set(key, begun)
      holdings.push(begun)
    } else if (each.change === 'end') {
      const known = open.get(key)
      if (known === undefined) {
        const last = holdings.findLast((before) => before.toNs === each.atNs && sameHolder(before, each))
        if (last === undefined) holdings.push(holding(each, each.fromNs, each.atNs))
        else last.rows++
        continue
      }
      known.toNs = each.atNs
      known.rows++
      open.delete(key)
    } else holdings.push(holding(each, each.fromNs, each.atNs))
  }
  supersede(holdings)
  return holdings
}

function byTime(a: Evidence, b: Evidence): number {
  if (a.atNs !== b.atNs) return a.atNs < b.atNs ? -1 : 1
  // Of one moment, who leaves goes before who comes; what else comes first must not hang on who read it first.
  const order = Number(a.change === 'begin') - Number(b.change === 'begin')
  return order !== 0 ? order : compareTexts(wholeText(a), wholeText(b))
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

function sameHolder(holding: Holding, { other, vrf, kind, otherPort }: Evidence): boolean {
  return (
    holding.other === other && holding.vrf === vrf && holding.kind === kind && holding.otherPort === otherPort
  )
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
    const group = `${next.kind} ${next.exporter}`
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
    waiting.set(group, left)
  }
}

function overlaps(a: Holding, b: Holding): boolean {
  return a.firstPort <= b.lastPort && b.firstPort <= a.lastPort
}

/** Who holds: private addresses of several customers may be alike. */
export function holderOf({ other, vrf }: Holding): string {
  return vrf === 0 ? other : `${other} vrf ${vrf}`
}
