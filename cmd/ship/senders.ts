import type { Log } from '../../lib/diagnostics/log.ts'
import { newBodyPacker } from '../../lib/elastic/body-packer.ts'
import { type BulkBatch, bodyOf } from '../../lib/elastic/bulk-batch.ts'
import { type BulkCounts, BulkSender, type BulkSenderOptions } from '../../lib/elastic/bulk-sender.ts'
import type { Transport } from '../../lib/elastic/transport.ts'
import { ExportOutput } from '../archive-export-output.ts'
import { openTransports } from '../open-transports.ts'
import type { ServerOptions } from '../server-flags.ts'
import type { DeliveryOptions } from '../ship-flags.ts'

/** Where batches go. */
export interface Sender {
  /** Batches that may be under way at one time. */
  readonly most: number
  readonly counts: BulkCounts | null
  /** Resolves when batches can be sent; rejects with what keeps them from it for ever. */
  readonly ready: Promise<unknown>
  /** Every item is done when it returns, or when the promise is resolved; the batch is borrowed until then. */
  send(batch: BulkBatch, signal: AbortSignal): Promise<void> | void
  close(): Promise<void>
}

/** Prints bodies on stdout. */
export function newPrinter(): Sender {
  const output = new ExportOutput('')
  return {
    most: 1,
    counts: null,
    ready: Promise.resolve(),
    send(batch) {
      const body = bodyOf(batch)
      output.write(body, 0, body.length)
    },
    async close() {},
  }
}

/** Sends to servers; they are connected to when the first batch comes. */
export function newServerSender(
  servers: ServerOptions,
  delivery: DeliveryOptions,
  onRejected: BulkSenderOptions['onRejected'],
  log: Log,
): Sender {
  const { workers, compressionLevel: level, idleTimeoutMs } = delivery
  const opening = openTransports(servers, { connections: workers, idleTimeoutMs })
  const sending = opening.then((transports) => newBulkSender(transports, delivery, level, onRejected, log))
  let sender: BulkSender | null = null
  return {
    // One more than there are requests: it is made, and packed, while the others are under way.
    most: workers * (delivery.isBalanced ? servers.addresses.length : 1) + 1,
    ready: sending,
    get counts() {
      return sender?.counts ?? null
    },
    async send(batch, signal) {
      sender ??= await sending
      await sender.send(batch, signal)
    },
    async close() {
      for (const transport of await opening) await transport.close()
    },
  }
}

function newBulkSender(
  transports: readonly Transport[],
  delivery: DeliveryOptions,
  level: number,
  onRejected: BulkSenderOptions['onRejected'],
  log: Log,
): BulkSender {
  const { workers, isBalanced, backoffInitMs, backoffMaxMs, parameters } = delivery
  return new BulkSender({
    transports,
    workers,
    isBalanced,
    backoffInitMs,
    backoffMaxMs,
    parameters,
    compress: newBodyPacker(level),
    onRejected,
    log,
  })
}
