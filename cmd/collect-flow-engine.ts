import { formatAddress } from '../lib/bytes/address.ts'
import { type Decoder, newDecoder } from '../lib/decode/decoder.ts'
import { DEFAULT_LIMITS, type RecordWriters } from '../lib/decode/settings.ts'
import type { CollectorState } from '../lib/decode/state-file.ts'
import type { MetricFamily } from '../lib/diagnostics/metrics.ts'
import type { RecordKind } from '../lib/flow/batch.ts'
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
import { CollectStream } from './collect-stream.ts'
import { newDocumentSink } from './document-sink.ts'
import { definitionsOf } from './row-documents.ts'

/** How often stale sessions, templates and held sets are looked for. */
const TICK_MS = 1000

/** For measurements: nothing is printed. */
const NO_SINK: FlowSink = { write() {}, flush() {}, close() {} }

/** The engine for flows as columns: every protocol, and a memory that lasts. Throws where a file is refused. */
export class FlowEngine implements Engine {
  readonly #settings: EngineSettings
  readonly #outputs: Output[] = []
  readonly #flows: Output
  /** Null where flows are only archived. */
  readonly #flowFile: LineFile | null
  readonly #stream: CollectStream | null
  /** Null unless documents are printed. */
  readonly #documents: FlowSink | null
  readonly #writers: RecordWriters
  #sink: FlowSink
  #decoder: Decoder
  /** What is kept of elements that the user defined. */
  readonly #definedElements: Captures['elements']
  #tickedMs = 0
  #failures = 0

  constructor(settings: EngineSettings) {
    const { options } = settings
    this.#settings = settings
    this.#definedElements = definitionsOf(options.documents)?.captures ?? []
    const { mapping, captures } = compileMapping(settings.mapping, options)
    const isText = options.format !== 'bin' && options.format !== 'weir'
    const file =
      options.format === 'none' ? null : openOutput(settings, options.output ?? '', options.separator, isText)
    this.#flowFile = file
    this.#stream = options.format === 'weir' && file !== null ? new CollectStream(file, settings) : null
    this.#documents = file === null ? null : newDocuments(settings, file)
    this.#sink = this.#newSink(mapping)
    this.#flows = this.#addOutput('flows', 'flow', file, {
      // Not the sink itself, which changes with the mapping.
      write: (batch) => this.#sink.write(batch),
      flush: () => this.#sink.flush(),
      close: () => this.#sink.close(),
    })
    // Documents, a flow stream and an archive take every kind of record.
    const taker = this.#stream ?? this.#documents
    const own = taker === null && settings.archive === null ? null : (taker ?? NO_SINK)
    this.#writers = {
      flow: this.#flows.writer,
      ...this.#kind('options', 'options', null, own),
      ...this.#kind('counters', 'counters', options.counters, own),
      ...this.#kind('discard', 'drops', options.drops, own),
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
    this.#stream?.poll(steadyMs)
    for (const output of this.#outputs) output.poll(steadyMs)
    this.#settings.archive?.poll()
    if (wallMs - this.#tickedMs >= TICK_MS || wallMs < this.#tickedMs) {
      this.#tickedMs = wallMs
      this.#decoder.tick(wallMs)
    }
  }

  flush(): void {
    for (const output of this.#outputs) output.flush()
  }

  close(): void {
    // The stream's file is that of the flows, and its last block may have records of other kinds.
    for (const output of this.#outputs.toReversed()) output.flush()
    for (const output of this.#outputs) output.close()
    this.#settings.archive?.close()
  }

  metrics(): MetricFamily[] {
    const failures: MetricFamily = {
      name: 'weir_decoder_failures_total',
      help: 'Datagrams on which the decoder failed: a mistake of weir.',
      type: 'counter',
      samples: [{ labels: {}, value: this.#failures }],
    }
    return [
      failures,
      ...this.#decoder.metrics(),
      ...this.#outputs.flatMap((output) => output.metrics()),
      ...(this.#settings.archive?.metrics() ?? []),
    ]
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
    const file = this.#flowFile
    if (this.#stream !== null) return this.#stream
    if (this.#documents !== null) return this.#documents
    if (file === null || (format !== 'json' && format !== 'text' && format !== 'bin')) return NO_SINK
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
      captures: { ...captures, elements: [...captures.elements, ...this.#definedElements] },
      keepUnknown,
      sampling,
      limits: { ...DEFAULT_LIMITS, expireMs },
      detectSequenceReset,
      log,
    })
  }

  /** The writer of a kind of records beside flows, if anyone wants them: the JSON lines of `path`, and `own`. */
  #kind(
    kind: 'options' | 'counters' | 'discard',
    name: string,
    path: string | null,
    own: FlowSink | null,
  ): Partial<RecordWriters> {
    if (path === null && own === null) return {}
    const file = path === null ? null : openOutput(this.#settings, path, '\n', true)
    const rows = file === null ? null : newJsonRows((octets, from, to) => file.write(octets, from, to))
    const sink: FlowSink = {
      write(batch) {
        void rows?.write(batch)
        void own?.write(batch)
      },
      flush: () => rows?.flush(),
      close: () => rows?.close(),
    }
    return { [kind]: this.#addOutput(name, kind, file, sink).writer }
  }

  #addOutput(name: string, kind: RecordKind, file: LineFile | null, sink: FlowSink): Output {
    const { archive, log } = this.#settings
    const { flushAfterMs } = this.#settings.options
    const both: FlowSink = {
      write(batch) {
        // The archive first: a line file that loses lines must not cost it the batch.
        archive?.append(batch)
        return sink.write(batch)
      },
      flush: () => sink.flush(),
      close: () => sink.close(),
    }
    const output = new Output({ name, kind, file, sink: archive === null ? sink : both, flushAfterMs, log })
    this.#outputs.push(output)
    return output
  }
}

function newDocuments({ options, log }: EngineSettings, file: LineFile): FlowSink | null {
  if (options.format !== 'ecs' && options.format !== 'ecs-agent') return null
  const form = options.format === 'ecs' ? 'final' : 'agent'
  const settings = { form, options: options.documents, namespace: 'default', log } as const
  return newDocumentSink(settings, options.separator, (octets, from, to) => file.write(octets, from, to))
}
