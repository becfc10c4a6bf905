import type { RecordWriters } from '../lib/decode/settings.ts'
import type { MetricFamily } from '../lib/diagnostics/metrics.ts'
import { newFlowLines } from '../lib/export/flow-lines.ts'
import type { RecordKind } from '../lib/flow/batch.ts'
import type { FlowSink } from '../lib/flow/stages.ts'
import { newLineSink } from '../lib/goflow2/line-sink.ts'
import type { Mapping } from '../lib/goflow2/mapping-types.ts'
import { newJsonRows } from '../lib/pipeline/json-rows.ts'
import type { LineFile } from '../lib/pipeline/line-file.ts'
import { Output } from '../lib/pipeline/output.ts'
import { collectedShape } from './collect-archive.ts'
import { type EngineSettings, openOutput } from './collect-engine.ts'
import { CollectStream } from './collect-stream.ts'
import { newDocumentSink } from './document-sink.ts'
import type { RowDocumentSettings } from './row-documents.ts'

/** For measurements: nothing is printed. */
const NO_SINK: FlowSink = { write() {}, flush() {}, close() {} }

/** Where records of one thread go: lines, documents or a stream in a file, and an archive, all of them at once. */
export class CollectOutputs {
  /** Where each kind of record is written. */
  readonly writers: RecordWriters
  readonly flows: Output
  readonly #settings: EngineSettings
  readonly #outputs: Output[] = []
  /** Null where flows are only archived. */
  readonly #flowFile: LineFile | null
  readonly #stream: CollectStream | null
  /** Null unless documents are printed. */
  readonly #documents: FlowSink | null
  #sink: FlowSink

  /** Throws FILE_UNWRITABLE where a file is refused. */
  constructor(settings: EngineSettings, mapping: Mapping | null) {
    const { options } = settings
    this.#settings = settings
    const isText = options.format !== 'bin' && options.format !== 'weir'
    const file =
      options.format === 'none' ? null : openOutput(settings, options.output ?? '', options.separator, isText)
    this.#flowFile = file
    this.#stream = options.format === 'weir' && file !== null ? new CollectStream(file, settings) : null
    this.#documents = file === null ? null : newDocuments(settings, file)
    this.#sink = this.#newSink(mapping)
    this.flows = this.#addOutput('flows', 'flow', file, {
      // Not the sink itself, which changes with the mapping.
      write: (batch) => this.#sink.write(batch),
      flush: () => this.#sink.flush(),
      close: () => this.#sink.close(),
    })
    // Documents, a flow stream and an archive take every kind of record.
    const taker = this.#stream ?? this.#documents
    const own = taker === null && settings.archive === null ? null : (taker ?? NO_SINK)
    this.writers = {
      flow: this.flows.writer,
      ...this.#kind('options', 'options', null, own),
      ...this.#kind('counters', 'counters', options.counters, own),
      ...this.#kind('discard', 'drops', options.drops, own),
    }
  }

  /** To be called ten times a second with a steady clock: writes what has waited long enough, reopens files. */
  poll(steadyMs: number): void {
    this.#stream?.poll(steadyMs)
    for (const output of this.#outputs) output.poll(steadyMs)
    this.#settings.archive?.poll()
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

  /** Forgets what one who failed may have left half written. */
  discardSpoiled(): void {
    for (const output of this.#outputs) output.discardSpoiled()
  }

  metrics(): MetricFamily[] {
    return [
      ...this.#outputs.flatMap((output) => output.metrics()),
      ...(this.#settings.archive?.metrics() ?? []),
    ]
  }

  /** Prints lines by another mapping from now on; `text` is that of its file. */
  remap(mapping: Mapping | null, text: string): void {
    this.flows.flush()
    this.#settings.archive?.setLineShape(collectedShape(text, this.#settings.options.compat))
    this.#sink = this.#newSink(mapping)
  }

  #newSink(mapping: Mapping | null): FlowSink {
    const { format, compat, separator } = this.#settings.options
    const file = this.#flowFile
    if (this.#stream !== null) return this.#stream
    if (this.#documents !== null) return this.#documents
    if (file !== null && format === 'flows') {
      return newFlowLines((octets, from, to) => file.write(octets, from, to))
    }
    if (file === null || (format !== 'json' && format !== 'text' && format !== 'bin')) return NO_SINK
    return newLineSink({
      format,
      compat: compat === '2.1' ? '2.1' : '2.2',
      mapping,
      separator: new TextEncoder().encode(separator),
      write: (octets, from, to) => file.write(octets, from, to),
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
  const isPacketbeat6 = options.format === 'packetbeat6'
  if (options.format !== 'ecs' && options.format !== 'ecs-agent' && !isPacketbeat6) return null
  const settings: RowDocumentSettings = {
    form: options.format === 'ecs' ? 'final' : 'agent',
    options: options.documents,
    namespace: 'default',
    isPacketbeat6,
    log,
  }
  return newDocumentSink(settings, options.separator, (octets, from, to) => file.write(octets, from, to))
}
