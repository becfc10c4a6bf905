const SUB = 8
const SMALLEST_MS = 1
const BUCKETS = 40 * SUB

/** How long something took, in milliseconds, and how often: to within 9%. */
export class Durations {
  count = 0
  longestMs = 0
  readonly #buckets = new Uint32Array(BUCKETS)

  add(ms: number): void {
    this.count++
    if (ms > this.longestMs) this.longestMs = ms
    const place = ms < SMALLEST_MS ? 0 : 1 + Math.floor(Math.log2(ms) * SUB)
    this.#buckets[Math.min(BUCKETS - 1, place)]!++
  }

  /** The value that this part of all does not exceed; null of none. */
  quantile(part: number): number | null {
    if (this.count === 0) return null
    const rank = Math.max(1, Math.ceil(part * this.count))
    let seen = 0
    for (let place = 0; place < BUCKETS; place++) {
      seen += this.#buckets[place]!
      if (seen >= rank) return place === 0 ? 0 : Math.min(this.longestMs, 2 ** (place / SUB))
    }
    return this.longestMs
  }
}

/** What exporters are set to, in seconds. */
const TIMEOUTS = [1, 2, 5, 10, 15, 20, 30, 60, 90, 120, 180, 240, 300, 600, 900, 1200, 1800, 3600, 7200]
/** A flow is cut a little late. */
const SLACK = 1.1
/** A heap at a timeout is so many times what is as far below it. */
const HEAP = 2
const LEAST_FLOWS = 20

/** Finds the active timeout of an exporter: where flows that would go on are cut. */
export class ActiveTimeout {
  /** Flows whose length is that of a timeout, flows a little shorter, and longer ones. */
  readonly #at = new Uint32Array(TIMEOUTS.length)
  readonly #below = new Uint32Array(TIMEOUTS.length)
  readonly #beyond = new Uint32Array(TIMEOUTS.length)

  add(ms: number): void {
    for (let i = 0; i < TIMEOUTS.length; i++) {
      const timeout = TIMEOUTS[i]! * 1000
      const from = timeout * 0.97
      const to = timeout * SLACK + 2000
      if (ms > to) this.#beyond[i]!++
      else if (ms >= from) this.#at[i]!++
      else if (ms >= from - (to - from)) this.#below[i]!++
      // The next ones are longer still.
      else return
    }
  }

  /** Seconds; null where flows are cut nowhere. */
  get seconds(): number | null {
    for (let i = TIMEOUTS.length - 1; i >= 0; i--) {
      const at = this.#at[i]!
      if (at < LEAST_FLOWS) continue
      const isEnd = this.#beyond[i]! <= (at + this.#beyond[i]!) * 0.02
      return isEnd && at >= HEAP * this.#below[i]! ? TIMEOUTS[i]! : null
    }
    return null
  }
}
