/**
 * Waits between attempts: half of a time that doubles up to `maxMs`, and a random part of the other half (Beats' equal
 * jitter). A success begins anew.
 */
export class Backoff {
  readonly #initMs: number
  readonly #maxMs: number
  readonly #random: () => number
  #nextMs: number

  constructor(initMs: number, maxMs: number, random: () => number = Math.random) {
    this.#initMs = initMs
    this.#maxMs = Math.max(initMs, maxMs)
    this.#random = random
    this.#nextMs = Math.min(2 * initMs, this.#maxMs)
  }

  reset(): void {
    this.#nextMs = Math.min(2 * this.#initMs, this.#maxMs)
  }

  /** How long to wait this time; at least what the server asked for. */
  delayMs(atLeastMs = 0): number {
    const half = this.#nextMs / 2
    this.#nextMs = Math.min(this.#nextMs * 2, this.#maxMs)
    return Math.max(half + this.#random() * half, atLeastMs)
  }
}

/** Longest time for which a server may ask to be left alone. */
const MOST_RETRY_AFTER_MS = 300_000

/** What a Retry-After header asks for, in milliseconds from `nowMs` (RFC 9110 §10.2.3); 0 for none or a wrong one. */
export function retryAfterMs(value: string | undefined, nowMs: number): number {
  if (value === undefined) return 0
  const wanted = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - nowMs
  return Number.isFinite(wanted) ? Math.min(Math.max(wanted, 0), MOST_RETRY_AFTER_MS) : 0
}
