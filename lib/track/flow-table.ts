import { KeyStore } from './key-store.ts'
import type { PacketKey } from './packet-key.ts'

const FIRST_PLACES = 2048
/** No flow: ends lists, and marks free places of the index. */
export const NONE = 0xffff_ffff

/** Octets of a flow's record, so that a packet touches few lines of the processor's cache; and how many of each size that is. */
const RECORD_OCTETS = 128
export const RECORD = { words: 32, halves: 64, wide: 16, octets: 128 } as const

/** Places of 32 bits in a record. */
export const WORD = { hash: 0, path: 1, keyPlace: 2, older: 3, newer: 4 } as const
/** Places of 16 bits. The ICMP type and code are those of the latest packet that way. */
export const HALF = {
  etherType: 10,
  tcpFlags: 11,
  destinationTcpFlags: 56,
  icmpTypeCode: 57,
  destinationIcmpTypeCode: 58,
} as const
/**
 * Places of 64 bits. Nanoseconds: first packet, latest packet, first packet since the last report. Then doubles, all below
 * 2^53: since the flow's start, octets as on the wire, link headers among them; `new…`: since the last report, octets of
 * IP packets.
 */
export const WIDE = {
  created: 3,
  latest: 4,
  since: 5,
  sourceOctets: 6,
  sourcePackets: 7,
  destinationOctets: 8,
  destinationPackets: 9,
  newSourceOctets: 10,
  newSourcePackets: 11,
  newDestinationOctets: 12,
  newDestinationPackets: 13,
} as const
/** Places of 8 bits. `direction` is that of the flow's first packet: others are the destination's. */
export const OCTET = {
  classOfService: 118,
  timeToLive: 119,
  destinationClassOfService: 120,
  destinationTimeToLive: 121,
  protocol: 122,
  direction: 123,
  keyOctets: 124,
  seen: 125,
} as const
/** Bits of `OCTET.seen`: what a record holds. */
export const SEEN = {
  destination: 1,
  ip: 2,
  destinationIp: 4,
  icmp: 8,
  destinationIcmp: 16,
  protocol: 32,
  etherType: 64,
  since: 128,
} as const

/**
 * The flows that are alive, a record each in one memory: found by key, listed by idleness. The memory for all of them is
 * reserved at the start; the system gives it when it is first written to.
 */
export class FlowTable {
  readonly words: Uint32Array
  readonly halves: Uint16Array
  readonly octets: Uint8Array
  readonly wide: BigUint64Array
  readonly doubles: Float64Array
  readonly keys = new KeyStore()
  count = 0
  /** The longest idle flow; NONE where there is none. */
  oldest = NONE
  #newest = NONE
  #used = 0
  /** Free slots, chained by `newer`. */
  #free = NONE
  /** Open addressing: a slot + 1, or 0 where nothing is. */
  #index = new Uint32Array(FIRST_PLACES)
  readonly #most: number

  /** Throws RangeError where the machine cannot have that much memory. */
  constructor(most: number) {
    this.#most = most
    const memory = new ArrayBuffer(most * RECORD_OCTETS)
    this.words = new Uint32Array(memory)
    this.halves = new Uint16Array(memory)
    this.octets = new Uint8Array(memory)
    this.wide = new BigUint64Array(memory)
    this.doubles = new Float64Array(memory)
  }

  get isFull(): boolean {
    return this.count >= this.#most
  }

  /** The slot of the flow that has this key, or NONE. */
  find(key: PacketKey, hash: number): number {
    const index = this.#index
    const { words } = this
    const mask = index.length - 1
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = index[at]! - 1
      if (slot < 0) return NONE
      const record = slot * RECORD.words
      if (words[record + WORD.hash] !== hash || words[record + WORD.path] !== key.path) continue
      if (this.keys.isEqual(words[record + WORD.keyPlace]!, key.length, key.words)) return slot
    }
  }

  /** Adds a flow as the latest, its counters zero and its times missing; the table must not be full. */
  add(key: PacketKey, hash: number): number {
    const slot = this.#takeSlot()
    const { words, octets } = this
    const record = slot * RECORD.words
    words.fill(0, record, record + RECORD.words)
    words[record + WORD.hash] = hash
    words[record + WORD.path] = key.path
    words[record + WORD.keyPlace] = this.keys.add(key.words, key.length)
    octets[slot * RECORD.octets + OCTET.keyOctets] = key.length
    octets[slot * RECORD.octets + OCTET.direction] = key.direction
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
    return this.words[slot * RECORD.words + WORD.newer]!
  }

  /** The octets of a flow's key: good until the next flow is added. */
  keyOf(slot: number): Uint8Array {
    const place = this.words[slot * RECORD.words + WORD.keyPlace]!
    return this.keys.octets(place, this.octets[slot * RECORD.octets + OCTET.keyOctets]!)
  }

  remove(slot: number): void {
    const { words } = this
    const record = slot * RECORD.words
    this.#unlink(slot)
    this.#displace(slot)
    this.keys.remove(words[record + WORD.keyPlace]!, this.octets[slot * RECORD.octets + OCTET.keyOctets]!)
    words[record + WORD.newer] = this.#free
    this.#free = slot
    this.count--
  }

  #takeSlot(): number {
    const free = this.#free
    if (free === NONE) return this.#used++
    this.#free = this.words[free * RECORD.words + WORD.newer]!
    return free
  }

  #hashOf(slot: number): number {
    return this.words[slot * RECORD.words + WORD.hash]!
  }

  #place(slot: number): void {
    const index = this.#index
    const mask = index.length - 1
    let at = this.#hashOf(slot) & mask
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
    let gap = this.#hashOf(slot) & mask
    while (index[gap] !== slot + 1) gap = (gap + 1) & mask
    for (let at = (gap + 1) & mask; index[at] !== 0; at = (at + 1) & mask) {
      const home = this.#hashOf(index[at]! - 1) & mask
      // What may not stand before its home stays.
      if (((at - home) & mask) < ((at - gap) & mask)) continue
      index[gap] = index[at]!
      gap = at
    }
    index[gap] = 0
  }

  #append(slot: number): void {
    const { words } = this
    words[slot * RECORD.words + WORD.older] = this.#newest
    words[slot * RECORD.words + WORD.newer] = NONE
    if (this.#newest === NONE) this.oldest = slot
    else words[this.#newest * RECORD.words + WORD.newer] = slot
    this.#newest = slot
  }

  #unlink(slot: number): void {
    const { words } = this
    const before = words[slot * RECORD.words + WORD.older]!
    const behind = words[slot * RECORD.words + WORD.newer]!
    if (before === NONE) this.oldest = behind
    else words[before * RECORD.words + WORD.newer] = behind
    if (behind === NONE) this.#newest = before
    else words[behind * RECORD.words + WORD.older] = before
  }
}
