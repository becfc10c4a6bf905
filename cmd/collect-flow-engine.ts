import { formatAddress } from '../lib/bytes/address.ts'
import { type Decoder, newDecoder } from '../lib/decode/decoder.ts'
import { DEFAULT_LIMITS, type RecordWriters } from '../lib/decode/settings.ts'
import type { CollectorState } from '../lib/decode/state-file.ts'
import type { MetricFamily } from '../lib/diagnostics/metrics.ts'
import type { RecordKind } from '../lib/flow/batch.ts'
import type { BatchWriter } from '../lib/flow/batch-writer.ts'
import type { Captures } from '../lib/flow/captures.ts'
import type { Datagram, Scheme } from '../lib/flow/datagram.ts'
import type { FlowSink } from '../lib/flow/stages.ts'
import { newLineSink } from '../lib/goflow2/line-sink.ts'
import type { Mapping } from '../lib/goflow2/mapping-types.ts'
import { newJsonRows } from '../lib/pipeline/json-rows.ts'
import type { LineFile } from '../lib/pipeline/line-file.ts'
import { Output } from '../lib/pipeline/output.ts'
import { type Engine, type EngineSettings, openOutput, type Templates } from './collect-engine.ts'
import { compileMapping } from './collect-mapping.ts'

/** How often stale sessions, templates and held sets are looked for. */
const TICK_MS = 1000

/** For measurements: nothing is printed. */
const NO_SINK: FlowSink = { write() {}, flush() {}, close() {} }

/** The engine for flows as columns: every protocol, and a memory that lasts. Throws where a file is refused. */
export class FlowEngine implements Engine {
  readonly #settings: EngineSettings
  readonly #outputs: Output[] = []
  readonly #flows: Output
  readonly #flowFile: LineFile
  readonly #writers: RecordWriters
  #sink: FlowSink
  #decoder: Decoder
  #tickedMs = 0
  #failures = 0

  constructor(settings: EngineSettings) {
    const { options } = settings
    this.#settings = settings
    const { mapping, captures } = compileMapping(settings.mapping, options)
    this.#flowFile = openOutput(settings, options.output ?? '', options.separator, options.format !== 'bin')
    this.#sink = this.#newSink(mapping)
    this.#flows = this.#addOutput('flows', 'flow', this.#flowFile, {
      // Not the sink itself, which changes with the mapping.
      write: (batch) => this.#sink.write(batch),
      flush: () => this.#sink.flush(),
      close: () => this.#sink.close(),
    })
    this.#writers = {
      flow: this.#flows.writer,
      ...(options.counters === null
        ? {}
        : { counters: this.#addRows('counters', 'counters', options.counters) }),
      ...(options.drops === null ? {} : { discard: this.#addRows('drops', 'discard', options.drops) }),
    }
    this.#decoder = this.#newDecoder(captures)
  }

  take(datagram: Datagram, scheme: Scheme): void {
    try {
      this.#decoder.decode(datagram, scheme)
    } catch (error) {
      // A mistake of ours must cost one datagram, not the collector.
      this.#failures++
      for (const output of this.#outputs) output.discardSpoiled()
      this.#settings.log.limited('decoder', 'mistake in the decoder: please report', {
        exporter: formatAddress(datagram.address, 0),
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
    }
    this.#flows.bound()
  }

  poll(steadyMs: number, wallMs: number): void {
    for (const output of this.#outputs) output.poll(steadyMs)
    if (wallMs - this.#tickedMs >= TICK_MS || wallMs < this.#tickedMs) {
      this.#tickedMs = wallMs
      this.#decoder.tick(wallMs)
    }
  }

  flush(): void {
    for (const output of this.#outputs) output.flush()
  }

  close(): void {
    for (const output of this.#outputs) output.close()
  }

  metrics(): MetricFamily[] {
    const failures: MetricFamily = {
      name: 'weir_decoder_failures_total',
      help: 'Datagrams on which the decoder failed: a mistake of weir.',
      type: 'counter',
      samples: [{ labels: {}, value: this.#failures }],
    }
    return [failures, ...this.#decoder.metrics(), ...this.#outputs.flatMap((output) => output.metrics())]
  }

  templates(): Templates {
    return this.#decoder.templates()
  }

  saveState(): CollectorState {
    return this.#decoder.saveState()
  }

  restoreState(state: CollectorState): void {
    this.#decoder.restoreState(state)
  }

  issues(): [string, number][] {
    return this.#decoder.issues.entries()
  }

  remap(text: string): void {
    const { mapping, captures } = compileMapping(text, this.#settings.options)
    this.#flows.flush()
    this.#sink = this.#newSink(mapping)
    // What is captured is compiled into the templates' plans: they begin anew with what the old ones knew.
    const state = this.#decoder.saveState()
    this.#decoder = this.#newDecoder(captures)
    this.#decoder.restoreState(state)
  }

  #newSink(mapping: Mapping | null): FlowSink {
    const { format, compat, separator } = this.#settings.options
    if (format === 'none') return NO_SINK
    const file = this.#flowFile
    return newLineSink({
      format,
      compat: compat === '2.1' ? '2.1' : '2.2',
      mapping,
      separator: new TextEncoder().encode(separator),
      write: (octets, from, to) => file.write(octets, from, to),
    })
  }

  #newDecoder(captures: Captures): Decoder {
    const { options, log } = this.#settings
    const { keepUnknown, sampling, expireMs, detectSequenceReset } = options
    return newDecoder({
      writers: this.#writers,
      captures,
      keepUnknown,
      sampling,
      limits: { ...DEFAULT_LIMITS, expireMs },
      detectSequenceReset,
      log,
    })
  }

  #addRows(name: string, kind: RecordKind, path: string): BatchWriter {
    const file = openOutput(this.#settings, path, '\n', true)
    const sink = newJsonRows((octets, from, to) => file.write(octets, from, to))
    return this.#addOutput(name, kind, file, sink).writer
  }

  #addOutput(name: string, kind: RecordKind, file: LineFile, sink: FlowSink): Output {
    const { options, log } = this.#settings
    const output = new Output({ name, kind, file, sink, flushAfterMs: options.flushAfterMs, log })
    this.#outputs.push(output)
    return output
  }
}
