import { KeyStore } from './key-store.ts'
import type { PacketKey } from './packet-key.ts'

const FIRST_SLOTS = 1024
/** No flow: ends lists, and marks free places of the index. */
export const NONE = 0xffff_ffff

/** What is kept of each flow, by slot. Octets and packets count from the flow's start; all are below 2^53. */
export interface TrackedColumns {
  readonly hash: Uint32Array
  readonly path: Uint32Array
  readonly keyPlace: Uint32Array
  readonly keyOctets: Uint8Array
  /** DIRECTION of the flow's first packet: packets of another one go to the destination's counters. */
  readonly direction: Uint8Array
  /** Nanoseconds: first packet, latest packet, first packet since the last report (0: none). */
  readonly created: BigUint64Array
  readonly latest: BigUint64Array
  readonly since: BigUint64Array
  /** Since the flow's start: octets as on the wire, link headers among them. */
  readonly sourceOctets: Float64Array
  readonly sourcePackets: Float64Array
  readonly destinationOctets: Float64Array
  readonly destinationPackets: Float64Array
  /** Since the last report: octets of IP packets. */
  readonly newSourceOctets: Float64Array
  readonly newSourcePackets: Float64Array
  readonly newDestinationOctets: Float64Array
  readonly newDestinationPackets: Float64Array
  /** 1 once a packet went the other way than the first. */
  readonly hasDestination: Uint8Array
  readonly sourceTcpFlags: Uint16Array
  readonly destinationTcpFlags: Uint16Array
  /** Of the source's latest packet; -1 where it is no ICMP. */
  readonly icmpTypeCode: Int32Array
  readonly destinationIcmpTypeCode: Int32Array
  readonly protocol: Int16Array
  readonly etherType: Int32Array
  readonly classOfService: Int16Array
  readonly destinationClassOfService: Int16Array
  readonly timeToLive: Int16Array
  readonly destinationTimeToLive: Int16Array
  /** Neighbours in the list from the longest idle to the latest flow. */
  readonly older: Uint32Array
  readonly newer: Uint32Array
}

function newColumns(slots: number): TrackedColumns {
  return {
    hash: new Uint32Array(slots),
    path: new Uint32Array(slots),
    keyPlace: new Uint32Array(slots),
    keyOctets: new Uint8Array(slots),
    direction: new Uint8Array(slots),
    created: new BigUint64Array(slots),
    latest: new BigUint64Array(slots),
    since: new BigUint64Array(slots),
    sourceOctets: new Float64Array(slots),
    sourcePackets: new Float64Array(slots),
    destinationOctets: new Float64Array(slots),
    destinationPackets: new Float64Array(slots),
    newSourceOctets: new Float64Array(slots),
    newSourcePackets: new Float64Array(slots),
    newDestinationOctets: new Float64Array(slots),
    newDestinationPackets: new Float64Array(slots),
    hasDestination: new Uint8Array(slots),
    sourceTcpFlags: new Uint16Array(slots),
    destinationTcpFlags: new Uint16Array(slots),
    icmpTypeCode: new Int32Array(slots),
    destinationIcmpTypeCode: new Int32Array(slots),
    protocol: new Int16Array(slots),
    etherType: new Int32Array(slots),
    classOfService: new Int16Array(slots),
    destinationClassOfService: new Int16Array(slots),
    timeToLive: new Int16Array(slots),
    destinationTimeToLive: new Int16Array(slots),
    older: new Uint32Array(slots),
    newer: new Uint32Array(slots),
  }
}

/** The flows that are alive, in typed arrays: found by key, listed by idleness. Grows up to its bound and not beyond. */
export class FlowTable {
  columns = newColumns(FIRST_SLOTS)
  readonly keys = new KeyStore()
  count = 0
  /** The longest idle flow; NONE where there is none. */
  oldest = NONE
  #newest = NONE
  #slots = FIRST_SLOTS
  #used = 0
  /** Free slots, chained by `newer`. */
  #free = NONE
  /** Open addressing: a slot + 1, or 0 where nothing is. */
  #index = new Uint32Array(FIRST_SLOTS * 2)
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  get isFull(): boolean {
    return this.count >= this.#most
  }

  /** The slot of the flow that has this key, or NONE. */
  find(key: PacketKey, hash: number): number {
    const index = this.#index
    const mask = index.length - 1
    const { hash: hashes, path, keyPlace } = this.columns
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = index[at]! - 1
      if (slot < 0) return NONE
      if (hashes[slot] !== hash || path[slot] !== key.path) continue
      if (this.keys.isEqual(keyPlace[slot]!, key.length, key.words)) return slot
    }
  }

  /** Adds a flow as the latest, its counters zero; the table must not be full. TrackedColumns may be new arrays afterwards. */
  add(key: PacketKey, hash: number): number {
    const slot = this.#takeSlot()
    const columns = this.columns
    columns.hash[slot] = hash
    columns.path[slot] = key.path
    columns.keyOctets[slot] = key.length
    columns.keyPlace[slot] = this.keys.add(key.words, key.length)
    columns.direction[slot] = key.direction
    columns.sourceOctets[slot] = columns.sourcePackets[slot] = 0
    columns.destinationOctets[slot] = columns.destinationPackets[slot] = 0
    columns.newSourceOctets[slot] = columns.newSourcePackets[slot] = 0
    columns.newDestinationOctets[slot] = columns.newDestinationPackets[slot] = 0
    columns.hasDestination[slot] = 0
    columns.sourceTcpFlags[slot] = columns.destinationTcpFlags[slot] = 0
    columns.icmpTypeCode[slot] = columns.destinationIcmpTypeCode[slot] = -1
    columns.protocol[slot] = columns.etherType[slot] = -1
    columns.classOfService[slot] = columns.destinationClassOfService[slot] = -1
    columns.timeToLive[slot] = columns.destinationTimeToLive[slot] = -1
    columns.since[slot] = 0n
    this.count++
    if (this.count * 2 > this.#index.length) this.#rebuildIndex(this.#index.length * 2)
    this.#place(slot)
    this.#append(slot)
    return slot
  }

  /** Makes a flow the latest. */
  touch(slot: number): void {
    if (this.#newest === slot) return
    this.#unlink(slot)
    this.#append(slot)
  }

  /** The flow that was idle next longest after `slot`, or NONE. */
  after(slot: number): number {
    return this.columns.newer[slot]!
  }

  remove(slot: number): void {
    const { columns } = this
    this.#unlink(slot)
    this.#displace(slot)
    this.keys.remove(columns.keyPlace[slot]!, columns.keyOctets[slot]!)
    columns.newer[slot] = this.#free
    this.#free = slot
    this.count--
  }

  #takeSlot(): number {
    const free = this.#free
    if (free !== NONE) {
      this.#free = this.columns.newer[free]!
      return free
    }
    if (this.#used === this.#slots) this.#grow()
    return this.#used++
  }

  #grow(): void {
    const slots = Math.min(Math.max(this.#most, FIRST_SLOTS), this.#slots * 2)
    const bigger = newColumns(slots)
    for (const name of Object.keys(bigger) as (keyof TrackedColumns)[]) {
      const from = this.columns[name]
      const to = bigger[name]
      if (to instanceof BigUint64Array) to.set(from as BigUint64Array)
      else to.set(from as Uint32Array)
    }
    this.columns = bigger
    this.#slots = slots
  }

  #place(slot: number): void {
    const index = this.#index
    const mask = index.length - 1
    let at = this.columns.hash[slot]! & mask
    while (index[at] !== 0) at = (at + 1) & mask
    index[at] = slot + 1
  }

  #rebuildIndex(places: number): void {
    const known = this.#index
    this.#index = new Uint32Array(places)
    for (const entry of known) if (entry !== 0) this.#place(entry - 1)
  }

  /** Takes a slot out of the index and closes the gap, so that every chain stays whole. */
  #displace(slot: number): void {
    const index = this.#index
    const mask = index.length - 1
    const { hash } = this.columns
    let gap = hash[slot]! & mask
    while (index[gap] !== slot + 1) gap = (gap + 1) & mask
    for (let at = (gap + 1) & mask; index[at] !== 0; at = (at + 1) & mask) {
      const home = hash[index[at]! - 1]! & mask
      // What may not stand before its home stays.
      if (((at - home) & mask) < ((at - gap) & mask)) continue
      index[gap] = index[at]!
      gap = at
    }
    index[gap] = 0
  }

  #append(slot: number): void {
    const { older, newer } = this.columns
    older[slot] = this.#newest
    newer[slot] = NONE
    if (this.#newest === NONE) this.oldest = slot
    else newer[this.#newest] = slot
    this.#newest = slot
  }

  #unlink(slot: number): void {
    const { older, newer } = this.columns
    const before = older[slot]!
    const behind = newer[slot]!
    if (before === NONE) this.oldest = behind
    else newer[before] = behind
    if (behind === NONE) this.#newest = before
    else older[behind] = before
  }
}
