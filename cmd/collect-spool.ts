import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ArchiveLimits } from '../lib/archive/archive-writer.ts'
import type { Log } from '../lib/diagnostics/log.ts'
import { type MetricFamily, mergeFamilies } from '../lib/diagnostics/metrics.ts'
import type { FlowBatch } from '../lib/flow/batch.ts'
import { type ArchiveOptions, type ArchiveTarget, CollectArchive } from './collect-archive.ts'
import type { CollectShipOptions } from './collect-ship-flags.ts'

/** A spool's files are small, so that what was sent is soon gone, and synced often, for what is synced can be sent. */
const SPOOL_LIMITS: Partial<ArchiveLimits> = {
  blockRows: 32_768,
  rotateEveryMs: 60_000,
  rotateOctets: 16 << 20,
  mostAddresses: 250_000,
}
const LEAST_SYNC_MS = 100
/** How often the folder is measured: by time, and by rows where they come faster than any exporter sends. */
const MEASURE_MS = 500
const MEASURE_ROWS = 200_000

/** The archive that is a spool: its flows wait there to be sent; null without one. */
export function spoolOf({ ship, spool, spoolOctets }: CollectShipOptions): ArchiveOptions | null {
  if (spool === null) return null
  return {
    directory: spool,
    stream: 'spool',
    groups: [],
    // What is synced can be sent: that is what a flow waits for.
    limits: { ...SPOOL_LIMITS, syncEveryMs: Math.max(LEAST_SYNC_MS, ship.delivery.flushMs / 2) },
    mostOctets: spoolOctets,
  }
}

/** An archive that takes no more rows while its folder holds as much as it may. */
export class CollectSpool implements ArchiveTarget {
  readonly #archive: CollectArchive
  readonly #directory: string
  readonly #mostOctets: number
  readonly #log: Log
  #measuredMs = Number.NEGATIVE_INFINITY
  #octets = 0
  #rowsSince = 0
  #dropped = 0
  #isFull = false

  /** Throws as CollectArchive. */
  constructor(options: ArchiveOptions, suffix: (stream: string) => string, log: Log) {
    this.#archive = new CollectArchive(options, suffix, log)
    this.#directory = options.directory
    this.#mostOctets = options.mostOctets ?? Number.POSITIVE_INFINITY
    this.#log = log
  }

  get hasLost(): boolean {
    return this.#dropped > 0 || this.#archive.hasLost
  }

  append(batch: FlowBatch): void {
    this.#measure()
    if (this.#isFull) this.#dropped += batch.rowCount
    else {
      this.#rowsSince += batch.rowCount
      this.#archive.append(batch)
    }
  }

  /** Nobody prints lines of a spool. */
  setLineShape(): void {}

  poll(): void {
    this.#archive.poll()
    this.#measure()
  }

  close(): void {
    this.#archive.close()
  }

  metrics(): MetricFamily[] {
    const own = (name: string, help: string, type: MetricFamily['type'], value: number): MetricFamily => ({
      name: `weir_spool_${name}`,
      help,
      type,
      samples: [{ labels: {}, value }],
    })
    return [
      ...this.#archive.metrics(),
      own('octets', 'Octets on disk that wait to be sent.', 'gauge', this.#octets),
      own('dropped_rows_total', 'Rows dropped because the spool was full.', 'counter', this.#dropped),
    ]
  }

  #measure(): void {
    const now = performance.now()
    if (now - this.#measuredMs < MEASURE_MS && this.#rowsSince < MEASURE_ROWS) return
    this.#measuredMs = now
    this.#rowsSince = 0
    this.#octets = octetsBelow(this.#directory)
    const isFull = this.#octets >= this.#mostOctets
    if (isFull && !this.#isFull) {
      this.#log.error('spool is full: flows are dropped until a server takes some', {
        spool: this.#directory,
        octets: this.#octets,
      })
    } else if (!isFull && this.#isFull) {
      this.#log.warn('spool has room again', { spool: this.#directory, dropped: this.#dropped })
    }
    this.#isFull = isFull
  }
}

/** Octets of all files below a folder; those that vanish meanwhile count nothing. */
export function octetsBelow(directory: string): number {
  let octets = 0
  for (const name of readdirSync(directory, { recursive: true })) {
    const stat = statSync(join(directory, String(name)), { throwIfNoEntry: false })
    if (stat?.isFile() === true) octets += stat.size
  }
  return octets
}

/** Gives every batch to both, where there are two. */
export function bothTargets(one: ArchiveTarget | null, other: ArchiveTarget | null): ArchiveTarget | null {
  return one === null || other === null ? (one ?? other) : new BothTargets(one, other)
}

class BothTargets implements ArchiveTarget {
  readonly #one: ArchiveTarget
  readonly #other: ArchiveTarget

  constructor(one: ArchiveTarget, other: ArchiveTarget) {
    this.#one = one
    this.#other = other
  }

  get hasLost(): boolean {
    return this.#one.hasLost || this.#other.hasLost
  }

  append(batch: FlowBatch): void {
    this.#one.append(batch)
    this.#other.append(batch)
  }

  setLineShape(shape: string): void {
    this.#one.setLineShape(shape)
    this.#other.setLineShape(shape)
  }

  poll(): void {
    this.#one.poll()
    this.#other.poll()
  }

  close(): void {
    this.#one.close()
    this.#other.close()
  }

  metrics(): MetricFamily[] {
    return mergeFamilies([this.#one.metrics(), this.#other.metrics()])
  }
}
