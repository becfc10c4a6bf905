import { formatAddress, isIpv4 } from '../../bytes/address.ts'
import type { FlowBlock, FlowFile, FlowStream, Problem } from '../../flow/source.ts'
import { isFlowFile, readBlocks } from '../block-pass.ts'
import type { FlowRows } from '../flow-rows.ts'
import { newQuality } from '../quality.ts'
import type { Quality, RunOptions, Selector } from '../query.ts'
import { AttackDetails, most, type Vector } from './attack-details.ts'
import { type AttackTime, attackTimes, type Floors } from './attack-times.ts'
import { BIN_MS, touches, VolumeSearch } from './volume-search.ts'

export interface AttackSettings extends Floors {
  readonly fromNs: bigint | null
  readonly toNs: bigint | null
  readonly filter: Selector | null
  readonly isRaw: boolean
}

/** An attack on an address, or on most of a prefix. */
export interface Attack {
  /** `10.1.2.3` or `10.1.2.0/24`. */
  readonly target: string
  readonly time: AttackTime
  readonly details: AttackDetails
  readonly vector: Vector
  /** The interface where most of it came in. */
  readonly ingress: number
}

/** Candidates that are looked at; the greatest come first. */
const MOST_CANDIDATES = 2000
/** A prefix is attacked as such where no address of it has more than this part. */
const MOST_OF_ONE = 0.5
const LEAST_HOSTS = 8
/** Octets of a row that is kept for a second look. */
const ROW_OCTETS = 80

/** Attacks in the inputs, greatest first. Files are read twice, of streams as many rows are kept as memory allows. */
export async function findAttacks(
  inputs: readonly (FlowFile | FlowStream)[],
  settings: AttackSettings,
  options: RunOptions,
): Promise<{ attacks: Attack[]; quality: Quality; notes: string[] }> {
  const { fromNs, toNs, filter, isRaw } = settings
  const window = {
    fromMs: fromNs === null ? Number.NEGATIVE_INFINITY : Number(fromNs) / 1e6,
    toMs: toNs === null ? Number.POSITIVE_INFINITY : Number(toNs) / 1e6,
  }
  const quality = newQuality()
  const search = new VolumeSearch(window, filter, isRaw, options.memoryOctets)
  const files = inputs.filter(isFlowFile)
  const streams = inputs.filter((input): input is FlowStream => !isFlowFile(input))
  await readBlocks(files, search, quality, options, settings)
  const kept: { rows: FlowRows; mask: Uint8Array | null }[] = []
  let room = options.memoryOctets / 2 / ROW_OCTETS
  let left = 0
  search.onRows = (rows, mask) => {
    room -= rows.count
    if (room < 0) left += rows.count
    else kept.push({ rows: copied(rows), mask: mask === null ? null : mask.slice(0, rows.count) })
  }
  await readBlocks(streams, search, quality, options, settings)
  search.onRows = null
  const candidates = candidatesOf(search, settings)
  const looked = new Look(candidates, search, isRaw)
  const again = {
    wants: (facts: FlowBlock['info']) => candidates.length > 0 && looked.wants(facts),
    take(block: FlowBlock, problems: Problem[]) {
      const { mayMatch } = filter ?? { mayMatch: () => true }
      if (filter !== null && !mayMatch.call(filter, block)) return 0
      const mask = filter === null ? null : new Uint8Array(block.info.rows)
      if (mask !== null) filter!.select(block, mask, problems)
      return looked.take(search.reader.read(block, problems), mask)
    },
  }
  // What was damaged has been told by the first reading.
  await readBlocks(files, again, newQuality(), { ...options, onProgress: () => {} })
  for (const { rows, mask } of kept) looked.take(rows, mask)
  const attacks = attacksOf(looked, search, settings)
  const notes: string[] = []
  if (left > 0)
    notes.push(`sources and vectors are those of the first rows: ${left} more had no room (--memory)`)
  if (search.hosts.forgotten > 0) notes.push('memory was full: small volumes were given up (--memory)')
  return { attacks, quality, notes }
}

interface Candidate {
  readonly time: AttackTime
  /** Whether it stands out of what is usual for its target. */
  readonly isUnusual: boolean
}

function candidatesOf(search: VolumeSearch, settings: AttackSettings): Candidate[] {
  const span = { first: search.firstBin, last: search.lastBin }
  if (span.last < span.first) return []
  const found: Candidate[] = []
  for (const [cells, isPrefix] of [
    [search.hosts, false],
    [search.prefixes, true],
  ] as const) {
    const unusual = attackTimes(cells, isPrefix, span, settings)
    found.push(...unusual.map((time) => ({ time, isUnusual: true })))
    const overlaps = (a: AttackTime, b: AttackTime) =>
      a.target === b.target && a.firstBin <= b.lastBin && b.firstBin <= a.lastBin
    const known = new Map<number, AttackTime[]>()
    for (const time of unusual) known.set(time.target, [...(known.get(time.target) ?? []), time])
    // An attack that lasts most of the window is usual in it: the vector alone may tell.
    for (const time of attackTimes(cells, isPrefix, span, { ...settings, factor: 0 }))
      if (!(known.get(time.target) ?? []).some((other) => overlaps(time, other)))
        found.push({ time, isUnusual: false })
  }
  found.sort((a, b) => b.time.peak.octets - a.time.peak.octets || b.time.peak.packets - a.time.peak.packets)
  return found.slice(0, MOST_CANDIDATES)
}

/** The second look at flows: those of candidates. */
class Look {
  readonly candidates: readonly (Candidate & { readonly details: AttackDetails })[]
  readonly #hosts = new Map<number, AttackDetails[]>()
  readonly #prefixes = new Map<number, AttackDetails[]>()
  readonly #search: VolumeSearch
  readonly #isRaw: boolean

  constructor(candidates: readonly Candidate[], search: VolumeSearch, isRaw: boolean) {
    this.#search = search
    this.#isRaw = isRaw
    this.candidates = candidates.map((candidate) => ({
      ...candidate,
      details: new AttackDetails(candidate.time),
    }))
    for (const { time, details } of this.candidates) {
      const map = time.isPrefix ? this.#prefixes : this.#hosts
      map.set(time.target, [...(map.get(time.target) ?? []), details])
    }
  }

  wants(facts: FlowBlock['info']): boolean {
    return this.candidates.some(({ time }) =>
      touches(facts, { fromMs: time.firstBin * BIN_MS, toMs: (time.lastBin + 1) * BIN_MS }),
    )
  }

  take(rows: FlowRows, mask: Uint8Array | null): number {
    for (let row = 0; row < rows.count; row++) {
      const target = rows.destinations[row]!
      if (target === 0 || (mask !== null && mask[row] === 0)) continue
      const rate = this.#isRaw ? 1 : rows.rates[row]!
      const own = this.#hosts.get(target)
      if (own !== undefined) addTo(own, rows, row, rate)
      const shared = this.#prefixes.size === 0 ? undefined : this.#prefixes.get(this.#search.prefixOf(target))
      if (shared !== undefined) addTo(shared, rows, row, rate)
    }
    return 0
  }
}

function addTo(all: readonly AttackDetails[], rows: FlowRows, row: number, rate: number): void {
  for (const details of all)
    if (details.holds(rows.starts[row]!, rows.ends[row]!)) details.add(rows, row, rate)
}

function attacksOf({ candidates }: Look, search: VolumeSearch, settings: AttackSettings): Attack[] {
  const words = search.reader.addresses.words()
  const prefixWords = search.prefixNumbers.words()
  const attacks: Attack[] = []
  for (const { time, details, isUnusual } of candidates) {
    if (details.packets === 0) continue
    const vector = details.vector()
    if (vector === null || (!isUnusual && !details.isPlain(vector))) continue
    if (time.isPrefix) {
      const [, ofOne] = most(details.hosts)
      if (details.hosts.size < LEAST_HOSTS || ofOne > details.packets * MOST_OF_ONE) continue
    }
    const known = time.isPrefix ? prefixWords : words
    const at = time.target * 4
    const length = isIpv4(known, at) ? '/24' : '/64'
    const target = `${formatAddress(known, at)}${time.isPrefix ? length : ''}`
    attacks.push({ target, time, details, vector, ingress: most(details.interfaces)[0] })
  }
  return attacks.filter((attack) => !isExplained(attack, attacks, search, settings))
}

/** A prefix whose attacked addresses account for most of it, or an address whose part of a carpet is small. */
function isExplained(
  attack: Attack,
  attacks: readonly Attack[],
  search: VolumeSearch,
  { pps, bps }: AttackSettings,
): boolean {
  const { time, details } = attack
  const meets = (other: Attack) => other.time.firstBin <= time.lastBin && time.firstBin <= other.time.lastBin
  if (time.isPrefix) {
    let explained = 0
    for (const other of attacks) {
      if (other.time.isPrefix || !meets(other) || search.prefixOf(other.time.target) !== time.target) continue
      if (other.details.packets > details.packets / LEAST_HOSTS) explained += other.details.packets
    }
    return explained > details.packets * MOST_OF_ONE
  }
  const carpet = attacks.find(
    (other) => other.time.isPrefix && meets(other) && search.prefixOf(time.target) === other.time.target,
  )
  if (carpet === undefined) return false
  const isOwn = time.peak.packets > pps * 10 || time.peak.octets * 8 > bps * 10
  return details.packets < carpet.details.packets / LEAST_HOSTS && !isOwn
}

/** Columns of streams may be used again for their next block. */
function copied(rows: FlowRows): FlowRows {
  const { sourcePorts, destinationPorts, protocols, flags, icmpTypes, ingress } = rows
  return {
    ...rows,
    sourcePorts: sourcePorts.slice(0, rows.count),
    destinationPorts: destinationPorts.slice(0, rows.count),
    protocols: protocols.slice(0, rows.count),
    flags: flags.slice(0, rows.count),
    icmpTypes: icmpTypes.slice(0, rows.count),
    ingress: ingress.slice(0, rows.count),
  }
}
