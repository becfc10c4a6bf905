import { ANSWERED, SENT } from './probe-table.ts'
import type { ScanSearch, Sender } from './scan-search.ts'

export type ScanType = 'horizontal' | 'vertical' | 'block'

/** One source's probes over one protocol, judged. */
export interface Scan {
  readonly type: ScanType
  /** Probes came so seldom that limits on rates do not see them. */
  readonly isSlow: boolean
  readonly sender: Sender
  readonly targets: number
  /** Ports probed, in order. */
  readonly ports: readonly number[]
  /** Different pairs of target and port. */
  readonly probes: number
  /** In 0..1; null where no answers can be seen in these flows at all. */
  readonly answered: number | null
  /** Threshold random walk: whether failures outweigh successes far enough; null without answers or outside TCP. */
  readonly isWalk: boolean | null
  readonly score: number
}

export interface ScanLimits {
  /** Targets of one port that make a horizontal scan. */
  readonly targets: number
  /** Ports of one target that make a vertical one. */
  readonly ports: number
  readonly leastScore: number
  /** Whether hosts that answered are known to live. */
  readonly usesAnswers: boolean
}

const TCP = 6
const UDP = 17
/** A block scan asks most of its targets at most of its ports: at least so many of each. */
const BLOCK_SIDE = 4
const BLOCK_FILL = 0.5
/** More answers than this and it is somebody who is served. */
const MOST_ANSWERED = 0.5
const LEAST_SMALL = 0.6
/** Milliseconds between two probes from which a scan is slow. */
const SLOW_MS = 30_000
/** ln(99) / ln(4): with 0.8 and 0.2 for success and 1 % of errors, so many more failures than successes decide. */
const WALK_STEPS = 3.32
/** Without answers to look at, so many times the limits are asked for. */
const BLIND_FACTOR = 4
/** Answers that make sure that answers are seen at all. */
const SIGHT = 0.002

/** The scans among all senders, surest first. */
export function scansOf(search: ScanSearch, limits: ScanLimits): Scan[] {
  const { probes } = search
  const counts = new Map<number, number>()
  const keyOf = (entry: number) => probes.sources[entry]! * 256 + (probes.services[entry]! >>> 16)
  for (let entry = 0; entry < probes.size; entry++) {
    if ((probes.seen[entry]! & SENT) === 0) continue
    const key = keyOf(entry)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const least = Math.min(limits.targets, limits.ports)
  const lists = new Map<number, number[]>()
  for (const [key, count] of counts) if (count >= least) lists.set(key, [])
  for (let entry = 0; entry < probes.size; entry++)
    if ((probes.seen[entry]! & SENT) !== 0) lists.get(keyOf(entry))?.push(entry)
  const seesAnswers = limits.usesAnswers && seesAnswersOf(search)
  const scans: Scan[] = []
  for (const [key, entries] of lists) {
    const sender = search.senders.get(key)
    if (sender === undefined) continue
    const scan = judge(search, sender, entries, limits, seesAnswers)
    if (scan !== null) scans.push(scan)
  }
  return scans.sort((a, b) => b.score - a.score || b.probes - a.probes || a.sender.source - b.sender.source)
}

/** Whether both directions of conversations are in these flows. */
function seesAnswersOf({ probes }: ScanSearch): boolean {
  let sent = 0
  let both = 0
  for (let entry = 0; entry < probes.size; entry++) {
    if ((probes.seen[entry]! & SENT) === 0) continue
    sent++
    if ((probes.seen[entry]! & ANSWERED) !== 0) both++
  }
  // A lone scan has no answers and shows so: then what it asked is all there is.
  return both > sent * SIGHT || sent < 1000 || both > 100
}

function judge(
  { probes }: ScanSearch,
  sender: Sender,
  entries: readonly number[],
  limits: ScanLimits,
  seesAnswers: boolean,
): Scan | null {
  const targets = new Map<number, number>()
  const ports = new Map<number, number>()
  let answers = 0
  for (const entry of entries) {
    const target = probes.targets[entry]!
    const port = probes.services[entry]! & 0xffff
    targets.set(target, (targets.get(target) ?? 0) + 1)
    ports.set(port, (ports.get(port) ?? 0) + 1)
    if ((probes.seen[entry]! & ANSWERED) !== 0) answers++
  }
  const mostTargets = greatest(ports)
  const mostPorts = greatest(targets)
  const isBlind = !seesAnswers
  const factor = isBlind ? BLIND_FACTOR : 1
  const isGrid =
    targets.size >= BLOCK_SIDE &&
    ports.size >= BLOCK_SIDE &&
    entries.length >= limits.targets &&
    entries.length >= targets.size * ports.size * BLOCK_FILL
  const type: ScanType | null = isGrid
    ? 'block'
    : mostPorts >= limits.ports * factor && mostPorts >= mostTargets
      ? 'vertical'
      : mostTargets >= limits.targets * factor
        ? 'horizontal'
        : null
  if (type === null) return null
  const answered = isBlind ? null : answers / entries.length
  const small = sender.smallFlows / sender.flows
  const bare = sender.protocol === TCP ? sender.bareFlows / sender.flows : small
  if (small < LEAST_SMALL || (answered !== null && answered > MOST_ANSWERED)) return null
  // Of UDP without answers nothing tells a resolver's questions from a scan but the ports of one host.
  if (
    isBlind &&
    (type === 'horizontal' || sender.protocol !== TCP) &&
    (sender.protocol === UDP || bare < 0.9)
  )
    return null
  const size =
    type === 'vertical' ? mostPorts / limits.ports : type === 'horizontal' ? mostTargets / limits.targets : 2
  const failures = entries.length - answers
  const isWalk = answered === null || sender.protocol !== TCP ? null : failures - answers >= WALK_STEPS
  const score = scoreOf(answered ?? 0.3, small, bare, size)
  if (score < limits.leastScore) return null
  const listed = [...ports.keys()].sort((a, b) => a - b)
  const lasting = sender.lastMs - sender.firstMs
  return {
    type,
    isSlow: entries.length > 1 && lasting / (entries.length - 1) >= SLOW_MS,
    sender,
    targets: targets.size,
    ports: listed,
    probes: entries.length,
    answered,
    isWalk,
    score,
  }
}

/** Logistic, as rwscan's: misses, small flows, flows without a connection, and size against the limit. */
function scoreOf(answered: number, small: number, bare: number, size: number): number {
  const z = -6 + 6 * (1 - answered) + 2 * small + 1.5 * bare + Math.min(2, Math.log2(size))
  return 1 / (1 + Math.exp(-z))
}

function greatest(counts: ReadonlyMap<number, number>): number {
  let most = 0
  for (const count of counts.values()) if (count > most) most = count
  return most
}

/** `445`, `1-5000`, `22,23,80`: runs are joined, many ports are a range, and at most `most` runs are written. */
export function portsText(ports: readonly number[], protocol: number, most = 5): string {
  if (protocol === 1 || protocol === 58) return 'echo'
  const name = protocol === TCP ? 'tcp' : protocol === UDP ? 'udp' : String(protocol)
  if (ports.length > 100 && ports.at(-1)! - ports[0]! < ports.length * 3)
    return `${ports[0]}-${ports.at(-1)}/${name}`
  const runs: string[] = []
  for (let i = 0; i < ports.length; ) {
    let j = i
    while (j + 1 < ports.length && ports[j + 1] === ports[j]! + 1) j++
    runs.push(i === j ? String(ports[i]) : `${ports[i]}-${ports[j]}`)
    i = j + 1
  }
  const more = runs.length > most ? `,+${runs.length - most}` : ''
  return `${runs.slice(0, most).join(',')}${more}/${name}`
}
