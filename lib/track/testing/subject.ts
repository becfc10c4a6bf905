import { formatAddress } from '../../bytes/address.ts'
import type { FlowBatch } from '../../flow/batch.ts'
import { BatchWriter } from '../../flow/batch-writer.ts'
import { F, type Field } from '../../flow/fields.ts'
import { Tracker, type TrackerOptions } from '../tracker.ts'

/** One row as values that tests compare; absent fields are undefined. */
export type TrackedRow = Readonly<Record<string, string | number | bigint | undefined>>

const ETHERNET = 1

/** A tracker whose rows are kept; `at` sends it a packet at so many milliseconds after the epoch. */
export class Subject {
  readonly rows: TrackedRow[] = []
  readonly tracker: Tracker
  readonly #writer: BatchWriter
  readonly #timeNs = new BigUint64Array(1)
  readonly #timeWords = new Uint32Array(this.#timeNs.buffer)

  constructor(options: Partial<TrackerOptions> = {}) {
    this.#writer = new BatchWriter('flow', (batch) => {
      for (let row = 0; row < batch.rowCount; row++) this.rows.push(rowOf(batch, row))
      batch.reset()
      return batch
    })
    this.tracker = new Tracker({
      writer: this.#writer,
      observer: null,
      ingressInterface: 0,
      isReportingIdle: true,
      isDelta: false,
      timeoutMs: 30_000,
      periodMs: 10_000,
      alignMs: 10_000,
      mostFlows: 1000,
      isMacKey: true,
      ...options,
    })
  }

  at(timeMs: number, octets: Uint8Array, link = ETHERNET, wireOctets = octets.length): void {
    this.#timeNs[0] = BigInt(timeMs) * 1_000_000n
    const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
    this.tracker.take(octets, view, link, 0, octets.length, wireOctets, this.#timeNs, this.#timeWords)
  }

  /** The rows reported since the last call, the time being `timeMs`. */
  rowsAt(timeMs: number): TrackedRow[] {
    this.tracker.advance(timeMs)
    return this.take()
  }

  /** What is reported when everything ends. */
  close(): TrackedRow[] {
    this.tracker.close(null)
    return this.take()
  }

  take(): TrackedRow[] {
    this.#writer.flush()
    return this.rows.splice(0)
  }
}

function rowOf(batch: FlowBatch, row: number): TrackedRow {
  const values: Record<string, string | number | bigint> = {}
  for (const column of batch.columns()) {
    if (column.present[row] !== 1) continue
    const { name } = column.field
    if (column.shape === 'octets') {
      const from = column.starts[row]!
      const octets = column.data.subarray(from, from + column.lengths[row]!)
      values[name] = Buffer.from(octets).toString('base64').replace(/=+$/, '')
    } else if (column.shape === 'fixed') values[name] = fixedValue(column.field, column, row)
  }
  return values
}

function fixedValue(
  field: Field,
  column: { values: ArrayLike<number>; wide: BigUint64Array; words: Uint32Array },
  row: number,
): string | number | bigint {
  if (field.kind === 'address') return formatAddress(column.words, row * 4)
  if (field.kind === 'mac') {
    const high = column.words[row * 2]!.toString(16).padStart(4, '0')
    return high + column.words[row * 2 + 1]!.toString(16).padStart(8, '0')
  }
  if (field === F.flowStart || field === F.flowEnd || field === F.timeReceived || field === F.trackedStart) {
    return Number(column.wide[row]! / 1_000_000n)
  }
  return field.kind === 'u64' ? Number(column.wide[row]!) : column.values[row]!
}
