import type { IpPacket } from './ip.ts'

/** Packets that may be incomplete at one time; each takes at most 64 KiB and its map. */
const MOST_PACKETS = 512
/** RFC 8200 §4.5 gives the fragments of one packet 60 seconds, RFC 1122 §3.3.2 for IPv4 60 to 120. */
const LIFE_S = 60
const MOST_OCTETS = 65535
const FIRST_OCTETS = 4096

/** A packet of which fragments have come; whole once `reassemble` returns it. */
export interface Reassembled {
  octets: Uint8Array<ArrayBuffer>
  view: DataView
  /** Octets of the whole payload; -1 until the last fragment has come. */
  length: number
}

interface Gathering extends Reassembled {
  readonly key: Uint32Array
  readonly startedS: number
  /** Octets that have come, and the end of the furthest of them. */
  filled: number
  furthest: number
  /** One per unit of 8 octets (the unit of fragment offsets): 1 where they have come. */
  units: Uint8Array
}

/** Puts fragmented IP packets together, in bounded memory; time is the capture's. */
export class Reassembly {
  /** Packets given up: overlapping, too old, or pushed out by others. */
  abandoned = 0
  readonly #gatherings = new Map<number, Gathering>()
  readonly #key = new Uint32Array(10)

  /** Packets of which something is missing. */
  get pending(): number {
    return this.#gatherings.size
  }

  /**
   * Takes a fragment, whose octets it copies; returns the payload once it is whole, which is the caller's until the
   * next call.
   */
  add(octets: Uint8Array, view: DataView, packet: IpPacket, nowS: number): Reassembled | null {
    const length = packet.end - packet.at
    const from = packet.fragmentOffset
    // A piece of a fragment is of no use, and all but the last end on a unit (RFC 791 §2.3, RFC 8200 §4.5).
    if (packet.isCut || length === 0 || from + length > MOST_OCTETS) return null
    if (packet.hasMoreFragments && length % 8 !== 0) return null

    const hash = this.#hash(view, packet)
    let gathering = this.#gatherings.get(hash)
    if (gathering !== undefined && (!this.#isKey(gathering.key) || nowS - gathering.startedS > LIFE_S)) {
      this.#abandon(hash)
      gathering = undefined
    }
    if (gathering === undefined) {
      gathering = newGathering(this.#key.slice(), nowS)
      if (this.#gatherings.size >= MOST_PACKETS) {
        for (const [oldest] of this.#gatherings) {
          this.#abandon(oldest)
          break
        }
      }
      this.#gatherings.set(hash, gathering)
    }
    if (!place(gathering, octets, packet, from, length)) {
      this.#abandon(hash)
      return null
    }
    if (gathering.length < 0 || gathering.filled < gathering.length) return null
    this.#gatherings.delete(hash)
    return gathering
  }

  #abandon(hash: number): void {
    this.#gatherings.delete(hash)
    this.abandoned++
  }

  /** Writes the packet's identity into `#key` and returns a hash of it. */
  #hash(view: DataView, packet: IpPacket): number {
    const key = this.#key
    const words = packet.version === 4 ? 1 : 4
    key.fill(0)
    for (let i = 0; i < words; i++) {
      key[i] = view.getUint32(packet.sourceAt + i * 4)
      key[4 + i] = view.getUint32(packet.destinationAt + i * 4)
    }
    key[8] = packet.identification
    key[9] = packet.protocol | (packet.version << 8)
    let hash = 0
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key[i]!, 0x9e37_79b1) ^ (hash >>> 15)
    return hash
  }

  #isKey(key: Uint32Array): boolean {
    for (let i = 0; i < key.length; i++) if (key[i] !== this.#key[i]) return false
    return true
  }
}

/** Copies a fragment to its place; false where the packet cannot become whole any more. */
function place(
  gathering: Gathering,
  octets: Uint8Array,
  packet: IpPacket,
  from: number,
  length: number,
): boolean {
  const end = from + length
  if (!packet.hasMoreFragments) {
    if (gathering.length >= 0 && gathering.length !== end) return false
    gathering.length = end
  }
  gathering.furthest = Math.max(gathering.furthest, end)
  if (gathering.length >= 0 && gathering.furthest > gathering.length) return false
  const firstUnit = from >> 3
  const endUnit = (end + 7) >> 3
  if (end > gathering.octets.length) grow(gathering, end)
  const { units } = gathering
  let known = 0
  for (let i = firstUnit; i < endUnit; i++) known += units[i]!
  // One sent twice is harmless; RFC 5722 §4: what overlaps otherwise is an attack, and the packet is dropped.
  if (known === endUnit - firstUnit) return true
  if (known > 0) return false
  units.fill(1, firstUnit, endUnit)
  gathering.octets.set(octets.subarray(packet.at, packet.end), from)
  gathering.filled += length
  return true
}

function newGathering(key: Uint32Array, startedS: number): Gathering {
  const octets = new Uint8Array(FIRST_OCTETS)
  const view = new DataView(octets.buffer)
  return {
    key,
    startedS,
    octets,
    view,
    length: -1,
    filled: 0,
    furthest: 0,
    units: new Uint8Array(FIRST_OCTETS / 8),
  }
}

function grow(gathering: Gathering, atLeast: number): void {
  const size = Math.min(65536, Math.max(gathering.octets.length * 2, (atLeast + 7) & ~7))
  const octets = new Uint8Array(size)
  octets.set(gathering.octets)
  const units = new Uint8Array(size / 8)
  units.set(gathering.units)
  gathering.octets = octets
  gathering.view = new DataView(octets.buffer)
  gathering.units = units
}
