import { FlowError } from '../diagnostics/flow-error.ts'
import type { Log } from '../diagnostics/log.ts'
import { reasonOf } from '../diagnostics/reason.ts'
import { Backoff, retryAfterMs } from './backoff.ts'
import { type BulkBatch, bodyOf, itemsOf } from './bulk-batch.ts'
import { type ItemOutcome, readBulkResponse } from './bulk-response.ts'
import { errorReason } from './error-reason.ts'
import type { Reply, Transport } from './transport.ts'

/** The request of Elastic's Beats: the reply names only what must be known. */
export const BULK_PATH = '/_bulk?filter_path=errors,items.*.error,items.*.status,items.*.failure_store'

export interface BulkSenderOptions {
  readonly transports: readonly Transport[]
  /** Requests under way to one server. */
  readonly workers: number
  /** Use all servers at one time, or the next one only when one fails. */
  readonly isBalanced: boolean
  readonly backoffInitMs: number
  readonly backoffMaxMs: number
  /** Packs a request's body; null for none. */
  readonly compress: ((batch: BulkBatch) => Promise<Uint8Array> | Uint8Array) | null
  /** `parameters` of the request, as in a URL's query, with a leading `&`; empty for none. */
  readonly parameters: string
  /**
   * Takes an item that the server will never store, with its reason; what it has written is kept before the item counts
   * as done.
   */
  readonly onRejected: (batch: BulkBatch, item: number, status: number, reason: string) => void
  readonly log: Log
}

/** What was sent so far. */
export interface BulkCounts {
  requests: number
  octets: number
  acknowledged: number
  duplicates: number
  rejected: number
  failureStore: number
  retried: number
  throttled: number
  failedRequests: number
  splitBatches: number
}

/** How long to wait at most before the signal is looked at again. */
const MOST_WAIT_MS = 250

/** The body of a request about some items. */
interface PackedBody {
  readonly items: readonly number[]
  readonly octets: Uint8Array
  readonly unpackedLength: number
}

/** A server, and how it has behaved. */
interface Host {
  readonly transport: Transport
  readonly backoff: Backoff
  /** Requests under way, and how many there may be now. */
  active: number
  limit: number
  /** Not to be asked before this. */
  restsUntilMs: number
}

/**
 * Sends bulk requests until each item is stored or refused for good. What cannot be sent now is kept and sent again, for
 * ever; only wrong credentials end that. Nothing is reported as done that the server did not say it has.
 */
export class BulkSender {
  readonly counts: BulkCounts = {
    requests: 0,
    octets: 0,
    acknowledged: 0,
    duplicates: 0,
    rejected: 0,
    failureStore: 0,
    retried: 0,
    throttled: 0,
    failedRequests: 0,
    splitBatches: 0,
  }
  readonly #options: BulkSenderOptions
  readonly #hosts: Host[]
  /** Batches that wait for a server, by when they came: the first goes first, even when it is sent again. */
  readonly #waiting = new Set<number>()
  #turns = 0
  /** Resolved and replaced when a request ends, or another batch is the first that waits. */
  #freed = Promise.withResolvers<void>()
  /** Which host is preferred while they are not balanced. */
  #preferred = 0
  #turn = 0

  constructor(options: BulkSenderOptions) {
    this.#options = options
    this.#hosts = options.transports.map((transport) => ({
      transport,
      backoff: new Backoff(options.backoffInitMs, options.backoffMaxMs),
      active: 0,
      limit: options.workers,
      restsUntilMs: 0,
    }))
  }

  /** Requests that may be under way at one time, if no server is slowed down. */
  get mostRequests(): number {
    const { workers, isBalanced } = this.#options
    return isBalanced ? workers * this.#hosts.length : workers
  }

  /**
   * Resolves once every item is done: stored, there before, or refused and handed to `onRejected`. Rejects with
   * SERVER_REFUSED where the credentials are wrong, and with the signal's reason when it ends; then nothing is known of
   * the items. The batch's octets are borrowed until then.
   */
  async send(batch: BulkBatch, signal: AbortSignal): Promise<void> {
    const all = Array.from({ length: batch.count }, (_, i) => i)
    const turn = this.#turns++
    try {
      await this.#sendItems(batch, all, turn, signal)
    } finally {
      this.#waiting.delete(turn)
      this.#wake()
    }
  }

  async #sendItems(
    batch: BulkBatch,
    numbers: readonly number[],
    turn: number,
    signal: AbortSignal,
  ): Promise<void> {
    let items = numbers
    let packed: PackedBody | undefined
    while (items.length > 0) {
      this.#waiting.add(turn)
      // Packed before there is a server to ask: while others are under way, and only once however often it is sent.
      if (packed?.items !== items) packed = await this.#pack(batch, items)
      const host = await this.#takeHost(turn, signal)
      let reply: Reply
      try {
        reply = await this.#request(host, packed, signal)
      } catch (error) {
        if (signal.aborted) throw signal.reason
        this.#fail(host, reasonOf(error), 0)
        this.#count(items.length, 'retried')
        continue
      } finally {
        // What of it is sent again goes before those that came later.
        this.#waiting.add(turn)
        this.#release(host)
      }
      if (reply.status === 413) return this.#split(batch, items, turn, signal)
      const left = this.#settle(batch, items, host, reply)
      // A smaller request gets a smaller answer; that to a single document cannot be mistaken.
      if (left === 'unclear' && items.length > 1) return this.#halve(batch, items, turn, signal)
      if (left !== 'unclear') items = left
    }
  }

  #count(by: number, name: keyof BulkCounts): void {
    this.counts[name] += by
  }

  async #pack(batch: BulkBatch, items: readonly number[]): Promise<PackedBody> {
    const { compress } = this.#options
    const some = itemsOf(batch, items)
    const body = bodyOf(some)
    return { items, octets: compress === null ? body : await compress(some), unpackedLength: body.length }
  }

  async #request(
    host: Host,
    { items, octets, unpackedLength }: PackedBody,
    signal: AbortSignal,
  ): Promise<Reply> {
    const { compress, parameters } = this.#options
    this.counts.requests++
    this.counts.octets += octets.length
    return host.transport.send({
      method: 'POST',
      path: BULK_PATH + parameters,
      headers: {
        'content-type': 'application/x-ndjson',
        'x-elastic-event-count': String(items.length),
        'x-elastic-uncompressed-request-length': String(unpackedLength),
        ...(compress === null ? {} : { 'content-encoding': 'gzip' }),
      },
      body: octets,
      signal,
    })
  }

  /** The body is too large for the server: each half is sent by itself. One document that is too large is refused. */
  async #split(batch: BulkBatch, items: readonly number[], turn: number, signal: AbortSignal): Promise<void> {
    if (items.length === 1) {
      this.#reject(batch, items[0]!, 413, '"the document is larger than the server takes"')
      return
    }
    await this.#halve(batch, items, turn, signal)
  }

  async #halve(batch: BulkBatch, items: readonly number[], turn: number, signal: AbortSignal): Promise<void> {
    this.counts.splitBatches++
    const half = Math.floor(items.length / 2)
    await this.#sendItems(batch, items.slice(0, half), turn, signal)
    await this.#sendItems(batch, items.slice(half), turn, signal)
  }

  /** Takes a reply apart; returns the items that are to be sent again, `unclear` for all of an answer to others. */
  #settle(batch: BulkBatch, items: readonly number[], host: Host, reply: Reply): number[] | 'unclear' {
    const { status, headers } = reply
    const { name } = host.transport
    if (status === 401 || status === 403) {
      throw refusal(name, `${status}${errorReason(reply.body)}`)
    }
    const outcomes = status === 200 ? readBulkResponse(reply.body, items.length) : null
    if (outcomes === 'stored') {
      this.#count(items.length, 'acknowledged')
      this.#succeed(host)
      return []
    }
    if (outcomes === null || outcomes === 'unclear') {
      const answer =
        outcomes === null ? 'is no bulk reply' : 'is about more or fewer documents than were sent'
      const why = status === 200 ? `its answer ${answer}` : `status ${status}${errorReason(reply.body)}`
      this.#fail(host, why, retryAfterMs(headers['retry-after'], Date.now()))
      if (status === 429 || status === 503) this.#slowDown(host)
      this.#count(items.length, 'retried')
      return outcomes === null ? [...items] : outcomes
    }
    return this.#settleItems(batch, items, outcomes, host, retryAfterMs(headers['retry-after'], Date.now()))
  }

  #settleItems(
    batch: BulkBatch,
    items: readonly number[],
    outcomes: readonly ItemOutcome[],
    host: Host,
    restMs: number,
  ): number[] {
    const again: number[] = []
    let isThrottled = false
    for (const [i, outcome] of outcomes.entries()) {
      const item = items[i]!
      if (outcome.kind === 'done') {
        this.#count(1, 'acknowledged')
        if (outcome.isDuplicate) this.#count(1, 'duplicates')
        if (outcome.isFailureStore) this.#count(1, 'failureStore')
      } else if (outcome.kind === 'rejected') {
        this.#reject(batch, item, outcome.status, outcome.reason)
      } else if (outcome.kind === 'forbidden') {
        throw refusal(host.transport.name, outcome.reason.slice(0, 400))
      } else {
        again.push(item)
        if (outcome.isThrottled) isThrottled = true
      }
    }
    this.#count(again.length, 'retried')
    if (isThrottled) {
      this.counts.throttled++
      this.#slowDown(host)
      this.#rest(host, host.backoff.delayMs(restMs))
    } else if (again.length > 0) this.#rest(host, host.backoff.delayMs(restMs))
    else this.#succeed(host)
    return again
  }

  #reject(batch: BulkBatch, item: number, status: number, reason: string): void {
    this.#count(1, 'rejected')
    this.#options.onRejected(batch, item, status, reason)
  }

  #succeed(host: Host): void {
    host.backoff.reset()
    // One more at a time, about once per round of requests.
    host.limit = Math.min(this.#options.workers, host.limit + 1 / Math.max(1, host.limit))
  }

  #fail(host: Host, why: string, restMs: number): void {
    this.counts.failedRequests++
    this.#options.log.limited(`bulk ${host.transport.name}`, 'documents could not be sent, trying again', {
      server: host.transport.name,
      why,
    })
    this.#rest(host, host.backoff.delayMs(restMs))
    if (!this.#options.isBalanced) this.#preferred = (this.#preferred + 1) % this.#hosts.length
  }

  #rest(host: Host, ms: number): void {
    host.restsUntilMs = Math.max(host.restsUntilMs, performance.now() + ms)
  }

  #slowDown(host: Host): void {
    host.limit = Math.max(1, host.limit / 2)
  }

  /** A server that may be asked now, or as soon as there is one and no batch that came before waits. */
  async #takeHost(turn: number, signal: AbortSignal): Promise<Host> {
    for (;;) {
      signal.throwIfAborted()
      const now = performance.now()
      const host = Math.min(...this.#waiting) === turn ? this.#findHost(now) : null
      if (host !== null) {
        host.active++
        this.#waiting.delete(turn)
        this.#wake()
        return host
      }
      await this.#waitForHost(now)
    }
  }

  #findHost(now: number): Host | null {
    const count = this.#hosts.length
    const first = this.#options.isBalanced ? this.#turn++ : this.#preferred
    for (let i = 0; i < count; i++) {
      const host = this.#hosts[(first + i) % count]!
      const isFree = host.restsUntilMs <= now && host.active < Math.floor(host.limit)
      if (isFree) return host
      // Another server only helps where the preferred one rests.
      if (!this.#options.isBalanced && host.restsUntilMs <= now) return null
    }
    return null
  }

  /** Until a request ends or the first resting server may be asked again; the signal is looked at now and then. */
  async #waitForHost(now: number): Promise<void> {
    const rests = this.#hosts.map((host) => host.restsUntilMs - now).filter((ms) => ms > 0)
    const over = Promise.withResolvers<void>()
    const timer = setTimeout(over.resolve, Math.min(...rests, MOST_WAIT_MS) + 1)
    await Promise.race([this.#freed.promise, over.promise])
    clearTimeout(timer)
  }

  #release(host: Host): void {
    host.active--
    this.#wake()
  }

  #wake(): void {
    this.#freed.resolve()
    this.#freed = Promise.withResolvers()
  }
}

function refusal(name: string, why: string): FlowError {
  return new FlowError(
    'SERVER_REFUSED',
    `${name} refuses the credentials (${why}); nothing was lost, set them right and start again`,
  )
}
