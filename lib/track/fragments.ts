/** Packets that may be incomplete at one time, fragments of each, and how long they are waited for: Packetbeat's. */
const MOST_SETS = 512
const MOST_FRAGMENTS = 64
const HOLD_MS = 1000
const MOST_OCTETS = 65535

/** What fragments of one packet have in common; the addresses lie at `from` of the packet's octets. */
export interface FragmentKey {
  readonly from: number
  readonly addressOctets: number
  readonly id: number
  readonly protocol: number
}

/** Where a fragment's payload lies, and which part of the packet's it is. */
export interface Fragment {
  readonly from: number
  readonly to: number
  readonly offset: number
  readonly hasMore: boolean
  /** The capture does not have all of it. */
  readonly isCut: boolean
}

/** A packet put together; its octets are the caller's until the next call. */
export interface Whole {
  readonly octets: Uint8Array
  readonly packets: number
  readonly ipOctets: number
}

interface Gathering {
  readonly startedMs: number
  readonly pieces: { readonly offset: number; readonly octets: Uint8Array }[]
  octets: number
  /** Of the whole payload; -1 until the last fragment has come. */
  length: number
  ipOctets: number
}

/** Puts fragmented IP packets together, in bounded memory. Fragments that overlap never make a packet (RFC 5722). */
export class Fragments {
  /** Packets given up: incomplete, overlapping, or too many at one time. */
  abandoned = 0
  readonly #gatherings = new Map<string, Gathering>()

  /** Takes a copy of a fragment; returns the payload once all of it is there. */
  add(
    octets: Uint8Array,
    key: FragmentKey,
    fragment: Fragment,
    sizes: { readonly ipOctets: number },
    nowMs: number,
  ): Whole | null {
    const length = fragment.to - fragment.from
    this.#expire(nowMs)
    const addresses = Buffer.from(octets.buffer, octets.byteOffset + key.from, key.addressOctets).toString(
      'latin1',
    )
    const name = `${key.protocol} ${key.id} ${addresses}`
    const gathering = this.#gatherings.get(name) ?? this.#begin(name, nowMs)
    const isImpossible =
      length <= 0 ||
      fragment.isCut ||
      fragment.offset + length > MOST_OCTETS ||
      (fragment.hasMore && length % 8 !== 0) ||
      gathering.pieces.length + 1 >= MOST_FRAGMENTS
    if (isImpossible) {
      this.#abandon(name)
      return null
    }
    const twin = gathering.pieces.find((piece) => piece.offset === fragment.offset)
    if (twin !== undefined) {
      // Sent twice; one of another length cannot be right.
      if (twin.octets.length !== length) this.#abandon(name)
      return null
    }
    gathering.pieces.push({ offset: fragment.offset, octets: octets.slice(fragment.from, fragment.to) })
    gathering.octets += length
    gathering.ipOctets += sizes.ipOctets
    if (!fragment.hasMore) gathering.length = fragment.offset + length
    if (gathering.length < 0 || gathering.octets < gathering.length) return null
    this.#gatherings.delete(name)
    return this.#join(gathering)
  }

  #join({ pieces, length, ipOctets }: Gathering): Whole | null {
    pieces.sort((one, other) => one.offset - other.offset)
    const octets = new Uint8Array(length)
    let at = 0
    for (const piece of pieces) {
      if (piece.offset !== at || at + piece.octets.length > length) {
        this.abandoned++
        return null
      }
      octets.set(piece.octets, at)
      at += piece.octets.length
    }
    return { octets, packets: pieces.length, ipOctets }
  }

  #begin(name: string, nowMs: number): Gathering {
    if (this.#gatherings.size >= MOST_SETS) {
      for (const oldest of this.#gatherings.keys()) {
        this.#abandon(oldest)
        break
      }
    }
    const gathering: Gathering = {
      startedMs: nowMs,
      pieces: [],
      octets: 0,
      length: -1,
      ipOctets: 0,
    }
    this.#gatherings.set(name, gathering)
    return gathering
  }

  #abandon(name: string): void {
    if (this.#gatherings.delete(name)) this.abandoned++
  }

  /** Sets stand in the order in which they began. */
  #expire(nowMs: number): void {
    for (const [name, { startedMs }] of this.#gatherings) {
      if (nowMs - startedMs <= HOLD_MS && nowMs >= startedMs) return
      this.#abandon(name)
    }
  }
}
