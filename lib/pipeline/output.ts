import type { Log } from '../diagnostics/log.ts'
import type { MetricFamily } from '../diagnostics/metrics.ts'
import type { FlowBatch, RecordKind } from '../flow/batch.ts'
import { BatchWriter } from '../flow/batch-writer.ts'
import { F } from '../flow/fields.ts'
import type { FlowSink } from '../flow/stages.ts'
import { FlushClock } from './flush-clock.ts'
import type { LineFile, LineFileCounts } from './line-file.ts'

/** Columns that a batch may carry on; one that met more (a flood of odd templates) forgets them all. */
const MOST_COLUMNS = 256
/** Every so many batches the columns are forgotten anyway, so that those of an exporter that left are not kept. */
const TRIM_EVERY = 1024

export interface OutputSettings {
  /** Name in metrics: what is written there. */
  readonly name: string
  readonly kind: RecordKind
  /** The file that takes what the sink prints; null for a sink that has its own. */
  readonly file: LineFile | null
  readonly sink: FlowSink
  readonly flushAfterMs: number
  readonly log: Log
}

/** One place where records go: the batch being filled, the sink that prints it, the file that takes the lines. */
export class Output {
  readonly name: string
  readonly writer: BatchWriter
  readonly file: LineFile | null
  readonly #sink: FlowSink
  readonly #clock: FlushClock
  readonly #log: Log
  #rows = 0
  #batches = 0
  #failedRows = 0
  #lagSeconds = 0

  constructor(settings: OutputSettings) {
    this.name = settings.name
    this.file = settings.file
    this.#sink = settings.sink
    this.#log = settings.log
    this.writer = new BatchWriter(settings.kind, (full) => this.#pass(full))
    this.#clock = new FlushClock(this.writer, settings.flushAfterMs)
  }

  /** Flushes what has waited long enough and looks after the file; with a steady clock, every tenth of a second. */
  poll(nowMs: number): void {
    this.#clock.poll(nowMs)
    this.file?.poll()
  }

  flush(): void {
    this.#clock.flush()
    void this.#sink.flush()
  }

  close(): void {
    this.flush()
    void this.#sink.close()
    this.file?.close()
  }

  /** Passes a batch on that has met more columns than it should carry. */
  bound(): void {
    if (this.writer.reserve(0).columns().length > MOST_COLUMNS) this.writer.flush()
  }

  /** Passes the open batch on and forgets its columns: a decoder that threw may have left half a row in them. */
  discardSpoiled(): void {
    this.writer.flush()
    this.writer.reserve(0).trim()
  }

  #pass(full: FlowBatch): FlowBatch {
    const received = full.find(F.timeReceived)
    try {
      void this.#sink.write(full)
      this.#rows += full.rowCount
    } catch (error) {
      // A mistake of ours must cost one batch, not the collector.
      this.#failedRows += full.rowCount
      this.#log.limited('output', 'mistake in an output: please report', {
        output: this.name,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
    }
    this.#batches++
    if (received?.shape === 'fixed' && received.present[0] === 1) {
      this.#lagSeconds += Math.max(0, Date.now() / 1000 - Number(received.wide[0]!) / 1e9)
    }
    if (full.columns().length > MOST_COLUMNS || this.#batches % TRIM_EVERY === 0) full.trim()
    else full.reset()
    return full
  }

  /** Rows, octets and faults of this output. */
  metrics(): MetricFamily[] {
    const one = (name: string, help: string, value: number) => family(this.name, name, help, value)
    return [
      one('rows_total', 'Records printed.', this.#rows),
      one('failed_rows_total', 'Records that could not be printed: a mistake of weir.', this.#failedRows),
      one('batches_total', 'Batches of records written.', this.#batches),
      one(
        'lag_seconds_total',
        'Time between receiving the first record of a batch and having written it, summed over batches.',
        this.#lagSeconds,
      ),
      ...(this.file === null ? [] : fileMetrics(this.name, this.file.counts)),
    ]
  }
}

/** What a file has taken and lost, under the name of the output that it belongs to. */
export function fileMetrics(output: string, counts: LineFileCounts): MetricFamily[] {
  const one = (name: string, help: string, value: number) => family(output, name, help, value)
  return [
    one('octets_total', 'Octets written.', counts.octets),
    one('lost_lines_total', 'Lines that could not be written.', counts.lostLines),
    one('lost_octets_total', 'Octets that could not be written.', counts.lostOctets),
    one('write_errors_total', 'Writes that failed.', counts.writeErrors),
    one('reopened_total', 'Times that a file was opened anew.', counts.reopened),
    one('reopen_errors_total', 'Times that a file could not be opened anew.', counts.reopenErrors),
  ]
}

function family(output: string, name: string, help: string, value: number): MetricFamily {
  return { name: `weir_output_${name}`, help, type: 'counter', samples: [{ labels: { output }, value }] }
}
