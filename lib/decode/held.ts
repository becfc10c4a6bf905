import type { Datagram } from '../flow/datagram.ts'
import type { Issues } from './issues.ts'
import type { Origin } from './origin.ts'
import type { Domain } from './session.ts'
import type { DecodeLimits } from './settings.ts'

/** A set that came before its template: its content, and what its datagram said. */
export interface HeldSet {
  readonly octets: Uint8Array
  readonly heldMs: number
  readonly receivedNs: bigint
  readonly exportTime: bigint
  readonly systemUptime: number
  readonly sequenceNumber: number
  readonly localAddress: string
  readonly localPort: number
}

/** Sets of one session, domain and template id, in order of arrival. */
export interface HeldQueue {
  octets: number
  readonly sets: HeldSet[]
}

/** What became of sets that had to wait. */
export interface HeldCounts {
  held: number
  replayed: number
  expired: number
  dropped: number
}

/** Octets that one waiting set costs beyond its own. */
const OVERHEAD = 200

/** Keeps sets until their template comes: bounded per session and template, bounded in all, expiring. */
export class HeldSets {
  readonly counts: HeldCounts = { held: 0, replayed: 0, expired: 0, dropped: 0 }
  octets = 0
  readonly #limits: DecodeLimits
  readonly #waiting = new Set<Domain>()

  constructor(limits: DecodeLimits) {
    this.#limits = limits
  }

  /** Copies `[from, to)` of the datagram to wait for template `id`; counts it as dropped if there is no room. */
  hold(
    domain: Domain,
    id: number,
    from: number,
    to: number,
    origin: Origin,
    nowMs: number,
    issues: Issues,
  ): void {
    const cost = to - from + OVERHEAD
    const queue = domain.held?.get(id)
    const queued = queue?.octets ?? 0
    const { heldOctets, heldOctetsPerTemplate } = this.#limits
    if (domain.isForgotten || this.octets + cost > heldOctets || queued + cost > heldOctetsPerTemplate) {
      this.counts.dropped++
      issues.note('heldBackDropped')
      return
    }
    const { datagram } = origin
    const set: HeldSet = {
      // A copy even where the receiver's octets are a Buffer, whose `slice` is a view.
      octets: new Uint8Array(datagram.octets.subarray(from, to)),
      heldMs: nowMs,
      receivedNs: datagram.receivedNs[0]!,
      exportTime: origin.exportTime[0]!,
      systemUptime: origin.systemUptime,
      sequenceNumber: origin.sequenceNumber,
      localAddress: datagram.localAddress,
      localPort: datagram.localPort,
    }
    if (queue !== undefined) {
      queue.octets += cost
      queue.sets.push(set)
    } else {
      domain.held ??= new Map()
      domain.held.set(id, { octets: cost, sets: [set] })
      this.#waiting.add(domain)
    }
    this.octets += cost
    this.counts.held++
  }

  /** Takes the sets that wait for template `id` out of the store, in order; null if there are none. */
  take(domain: Domain, id: number): readonly HeldSet[] | null {
    const queue = domain.held?.get(id)
    if (queue === undefined) return null
    this.#remove(domain, id, queue)
    this.counts.replayed += queue.sets.length
    return queue.sets
  }

  /** Forgets all that waits in a domain. */
  forget(domain: Domain): void {
    if (domain.held === null) return
    for (const queue of domain.held.values()) {
      this.octets -= queue.octets
      this.counts.dropped += queue.sets.length
    }
    domain.held = null
    this.#waiting.delete(domain)
  }

  /** Forgets sets that waited too long. */
  expire(nowMs: number): void {
    const before = nowMs - this.#limits.heldMs
    for (const domain of this.#waiting) {
      for (const [id, queue] of domain.held ?? []) {
        let gone = 0
        while (gone < queue.sets.length && queue.sets[gone]!.heldMs < before) {
          const cost = queue.sets[gone]!.octets.length + OVERHEAD
          queue.octets -= cost
          this.octets -= cost
          gone++
        }
        this.counts.expired += gone
        queue.sets.splice(0, gone)
        if (queue.sets.length === 0) this.#remove(domain, id, queue)
      }
    }
  }

  #remove(domain: Domain, id: number, queue: HeldQueue): void {
    this.octets -= queue.octets
    domain.held!.delete(id)
    if (domain.held!.size > 0) return
    domain.held = null
    this.#waiting.delete(domain)
  }
}

/** Makes `datagram` and `origin` what they were when the set came, with only the set as payload. */
export function recall(set: HeldSet, datagram: Datagram, origin: Origin): void {
  datagram.octets = set.octets
  datagram.view = new DataView(set.octets.buffer, set.octets.byteOffset, set.octets.length)
  datagram.from = 0
  datagram.to = set.octets.length
  datagram.receivedNs[0] = set.receivedNs
  datagram.localAddress = set.localAddress
  datagram.localPort = set.localPort
  origin.exportTime[0] = set.exportTime
  origin.systemUptime = set.systemUptime
  origin.sequenceNumber = set.sequenceNumber
}
