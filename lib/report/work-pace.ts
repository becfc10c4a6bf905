/** Code that has just begun is slow: what the first pieces take says nothing of the rest. */
const WARM_MS = 40
/** Pieces whose time tells that of the rest. */
const LEAST_PIECES = 2

/** How fast a work of many like pieces gets on. */
export class WorkPace {
  readonly #now: () => number
  readonly #startedAt: number
  #warmAt = 0
  #pieces = 0

  /** `now` tells milliseconds that never go back: of the processor, where the machine may have other work. */
  constructor(now: () => number) {
    this.#now = now
    this.#startedAt = now()
  }

  /** To be called when a piece is done: milliseconds that `left` more will take; 0 while nobody can say. */
  restMs(left: number): number {
    const now = this.#now()
    if (this.#warmAt === 0) {
      if (now - this.#startedAt >= WARM_MS) this.#warmAt = now
      return 0
    }
    this.#pieces++
    return this.#pieces < LEAST_PIECES ? 0 : (left * (now - this.#warmAt)) / this.#pieces
  }
}
