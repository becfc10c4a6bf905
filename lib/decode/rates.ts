/** Flow direction in an options record: of both, ingress, egress. */
export const DIRECTION = { both: 0, ingress: 1, egress: 2 } as const

/** Plain form for the state file: numbers only. */
export interface RatesState {
  readonly system: number
  readonly samplers: readonly (readonly [number, number])[]
  readonly lineCards: readonly (readonly [number, number])[]
  readonly interfaces: readonly (readonly [number, number])[]
  readonly directions: readonly (readonly [number, number])[]
  readonly templates: readonly (readonly [number, number])[]
}

/** What one rate costs. */
export const RATE_OCTETS = 48

/** Sampling rates that one observation domain announced, by what they hold for. */
export class Rates {
  /** For all that is not named below; 0 unknown. */
  system = 0
  readonly samplers = new Map<number, number>()
  readonly lineCards = new Map<number, number>()
  /** By interface index * 4 + direction. */
  readonly interfaces = new Map<number, number>()
  readonly directions = new Map<number, number>()
  readonly templates = new Map<number, number>()
  #common = 0
  #isCommonKnown = false

  /** Entries, for the bound on what a session may make us keep. */
  get size(): number {
    return (
      this.samplers.size +
      this.lineCards.size +
      this.interfaces.size +
      this.directions.size +
      this.templates.size
    )
  }

  /** Whether rows must be looked at one by one. */
  get isByRow(): boolean {
    return this.interfaces.size > 0 || this.directions.size > 0
  }

  /** Sets or, with 0, forgets a rate. Returns whether anything changed. */
  set(rates: Map<number, number> | null, key: number, rate: number): boolean {
    this.#isCommonKnown = false
    if (rates === null) {
      if (this.system === rate) return false
      this.system = rate
      return true
    }
    if (rate === 0) return rates.delete(key)
    if (rates.get(key) === rate) return false
    rates.set(key, rate)
    return true
  }

  /** The rate for rows of which nothing more is known: the system's, else the one that all others agree on, else 0. */
  get common(): number {
    if (this.system > 0) return this.system
    if (!this.#isCommonKnown) {
      this.#common = this.#agreed()
      this.#isCommonKnown = true
    }
    return this.#common
  }

  save(): RatesState {
    return {
      system: this.system,
      samplers: [...this.samplers],
      lineCards: [...this.lineCards],
      interfaces: [...this.interfaces],
      directions: [...this.directions],
      templates: [...this.templates],
    }
  }

  restore(state: RatesState): void {
    this.#isCommonKnown = false
    if (this.system === 0) this.system = state.system
    merge(this.samplers, state.samplers)
    merge(this.lineCards, state.lineCards)
    merge(this.interfaces, state.interfaces)
    merge(this.directions, state.directions)
    merge(this.templates, state.templates)
  }

  #agreed(): number {
    let rate = 0
    for (const rates of [this.samplers, this.lineCards, this.interfaces, this.directions]) {
      for (const each of rates.values()) {
        if (rate === 0) rate = each
        else if (rate !== each) return 0
      }
    }
    return rate
  }
}

/** What was heard since the start is newer than what was saved. */
function merge(rates: Map<number, number>, saved: readonly (readonly [number, number])[]): void {
  for (const [key, rate] of saved) if (!rates.has(key)) rates.set(key, rate)
}
