import { zoneOffset } from '../bytes/time-zone.ts'

const NS_PER_MS = 1_000_000n
const HOUR_MS = 3_600_000
/** Clocks are between 12 hours behind UTC and 14 ahead of it. */
const MOST_BEHIND_MS = 12 * HOUR_MS
const MOST_AHEAD_MS = 14 * HOUR_MS

/**
 * Bins that begin when the clocks of a zone show multiples of their length: of a day, at each midnight. The bin in which
 * clocks go forward is shorter, the one in which they go back is longer. Bins are numbered by what clocks show, since
 * 1970-01-01T00:00 there.
 */
export class ClockBins {
  readonly #zone: string
  readonly #lengthNs: bigint
  /** What clocks show when bin 0 begins. */
  readonly #offsetNs: bigint
  readonly #starts = new Map<bigint, bigint>()

  constructor(zone: string, lengthNs: bigint, offsetNs: bigint) {
    this.#zone = zone
    this.#lengthNs = lengthNs
    this.#offsetNs = offsetNs
  }

  /** Nanoseconds since the epoch: the first moment at which clocks show the bin's begin, or later where they leap over it. */
  startOf(bin: bigint): bigint {
    let start = this.#starts.get(bin)
    if (start === undefined) {
      const shown = bin * this.#lengthNs + this.#offsetNs
      // Zones are ahead of UTC by whole seconds.
      const shownMs = Number(shown / NS_PER_MS)
      start = shown + BigInt(this.#momentOf(shownMs) - shownMs) * NS_PER_MS
      this.#starts.set(bin, start)
    }
    return start
  }

  /** The bin that a moment lies in. */
  numberOf(ns: bigint): bigint {
    const shown = ns + BigInt(zoneOffset(Number(ns / NS_PER_MS), this.#zone)) * NS_PER_MS - this.#offsetNs
    let bin = shown / this.#lengthNs
    while (this.startOf(bin) > ns) bin--
    while (this.startOf(bin + 1n) <= ns) bin++
    return bin
  }

  /** When clocks first show this, milliseconds since the epoch. */
  #momentOf(shownMs: number): number {
    let low = shownMs - MOST_AHEAD_MS
    let high = shownMs + MOST_BEHIND_MS
    const before = zoneOffset(low, this.#zone)
    const behind = zoneOffset(high, this.#zone)
    if (before === behind) return shownMs - before
    // Clocks change between both: at `high`, once the loop is over.
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (zoneOffset(middle, this.#zone) === before) low = middle
      else high = middle
    }
    return shownMs - before < high ? shownMs - before : Math.max(high, shownMs - behind)
  }
}
