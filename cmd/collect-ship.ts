import { setTimeout as wait } from 'node:timers/promises'
import type { Log, LogAttributes, LogLevel } from '../lib/diagnostics/log.ts'
import type { MetricFamily } from '../lib/diagnostics/metrics.ts'
import { describeFailure, errorOf, type LaneFailure } from './collect-failure.ts'
import type { CollectOptions } from './collect-flags.ts'
import { startWorker } from './runtime.ts'
import type { ShipOptions } from './ship-flags.ts'

/** What the thread that ships is given. */
export interface ShipThreadStart {
  readonly options: ShipOptions
  readonly spool: string
}

/** What it says. */
export type ShipNews =
  | { readonly kind: 'metrics'; readonly families: MetricFamily[] }
  | { readonly kind: 'done'; readonly failure: LaneFailure | null }
  | {
      readonly kind: 'log'
      readonly level: LogLevel
      readonly message: string
      readonly attributes: LogAttributes
    }

/**
 * What it is told: to open files anew; to send what there is and end, unless the server is away (`drain`) or however long
 * that takes (`finish`); to end.
 */
export type ShipQuestion = 'reopen' | 'drain' | 'finish' | 'end'

/** How long a thread that failed is left alone: wrong credentials may be set right meanwhile. */
const AGAIN_MS = 30_000
/** How long the rest may take at the end; what is left is sent after the next start. */
const DRAIN_MS = 10_000

/** The thread that sends what the spool holds, started again when it fails: the spool keeps the flows meanwhile. */
export class ShipThread {
  families: MetricFamily[] = []
  isHealthy = true
  readonly #start: ShipThreadStart
  readonly #log: Log
  readonly #stopping = new AbortController()
  #tell: (question: ShipQuestion) => void = () => {}
  readonly #ended: Promise<LaneFailure | null>

  constructor(start: ShipThreadStart, log: Log) {
    this.#start = start
    this.#log = log
    this.#ended = this.#run()
  }

  reopen(): void {
    this.#tell('reopen')
  }

  /** Sends what is left, `isHurried`: for at most a while. Throws where that failed for good. */
  async stop(isHurried = true): Promise<void> {
    this.#stopping.abort()
    this.#tell(isHurried ? 'drain' : 'finish')
    if (isHurried) {
      const timer = new AbortController()
      await Promise.race([this.#ended, wait(DRAIN_MS, undefined, { signal: timer.signal }).catch(() => {})])
      timer.abort()
    }
    if (isHurried) this.#tell('end')
    const failure = await this.#ended
    if (failure !== null) throw errorOf(failure)
  }

  /** Ends it at once. */
  async end(): Promise<void> {
    this.#stopping.abort()
    this.#tell('end')
    await this.#ended
  }

  async #run(): Promise<LaneFailure | null> {
    for (;;) {
      const failure = await this.#once()
      this.isHealthy = failure === null
      if (this.#stopping.signal.aborted) return failure
      this.#log.error('shipping failed, flows are kept in the spool', {
        error: failure?.message ?? 'it ended without a word',
        again_in_seconds: AGAIN_MS / 1000,
      })
      await wait(AGAIN_MS, undefined, { signal: this.#stopping.signal }).catch(() => {})
      if (this.#stopping.signal.aborted) return failure
    }
  }

  async #once(): Promise<LaneFailure | null> {
    const worker = startWorker('ship-worker', this.#start)
    const { promise, resolve } = Promise.withResolvers<LaneFailure | null>()
    this.#tell = (question) => worker.postMessage(question)
    worker.on('message', (news: ShipNews) => {
      if (news.kind === 'log') this.#log[news.level](news.message, news.attributes)
      else if (news.kind === 'metrics') this.families = news.families
      else resolve(news.failure)
    })
    worker.once('error', (error: unknown) => resolve(describeFailure(error)))
    worker.once('exit', () => resolve({ code: null, message: 'the thread that ships ended without a word' }))
    return promise
  }
}

/** Starts the thread that ships what a collector receives; null where nothing is shipped. */
export function startShipper({ ship }: Pick<CollectOptions, 'ship'>, log: Log): ShipThread | null {
  if (ship === null || ship.spool === null) return null
  return new ShipThread({ options: ship.ship, spool: ship.spool }, log)
}
