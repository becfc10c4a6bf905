import type { SamplingRates } from './produce-netflow.ts'

/** Rates that exporters can make us remember, where goflow2 knows no bound. */
const MAX_RATES = 262_144

/** Sampling rates by exporter's address, version and domain. The oldest are forgotten when there are too many. */
export class RateStore {
  readonly #rates = new Map<string, number>()

  /** The rates of one exporter. */
  of(address: string): SamplingRates {
    return {
      get: (version, domain) => this.#rates.get(`${address} ${version} ${domain}`) ?? 0,
      set: (version, domain, rate) => {
        this.#rates.set(`${address} ${version} ${domain}`, rate)
        if (this.#rates.size <= MAX_RATES) return
        for (const oldest of this.#rates.keys()) {
          this.#rates.delete(oldest)
          return
        }
      },
    }
  }
}
