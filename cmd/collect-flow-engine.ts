import { formatAddress } from '../lib/bytes/address.ts'
import { type Decoder, newDecoder } from '../lib/decode/decoder.ts'
import { DEFAULT_LIMITS } from '../lib/decode/settings.ts'
import type { CollectorState } from '../lib/decode/state-file.ts'
import type { MetricFamily } from '../lib/diagnostics/metrics.ts'
import type { Captures } from '../lib/flow/captures.ts'
import type { Datagram, Scheme } from '../lib/flow/datagram.ts'
import type { Engine, EngineSettings, Templates } from './collect-engine.ts'
import { compileMapping } from './collect-mapping.ts'
import { CollectOutputs } from './collect-outputs.ts'
import { definitionsOf } from './row-documents.ts'

/** How often stale sessions, templates and held sets are looked for. */
const TICK_MS = 1000

/** The engine for flows as columns: every protocol, and a memory that lasts. Throws where a file is refused. */
export class FlowEngine implements Engine {
  readonly #settings: EngineSettings
  readonly #outputs: CollectOutputs
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
    this.#outputs = new CollectOutputs(settings, mapping)
    this.#decoder = this.#newDecoder(captures)
  }

  take(datagram: Datagram, scheme: Scheme): void {
    try {
      this.#decoder.decode(datagram, scheme)
    } catch (error) {
      // A mistake of ours must cost one datagram, not the collector.
      this.#failures++
      this.#outputs.discardSpoiled()
      this.#settings.log.limited('decoder', 'mistake in the decoder: please report', {
        exporter: formatAddress(datagram.address, 0),
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
    }
    this.#outputs.flows.bound()
  }

  poll(steadyMs: number, wallMs: number): void {
    this.#outputs.poll(steadyMs)
    if (wallMs - this.#tickedMs >= TICK_MS || wallMs < this.#tickedMs) {
      this.#tickedMs = wallMs
      this.#decoder.tick(wallMs)
    }
  }

  flush(): void {
    this.#outputs.flush()
  }

  close(): void {
    this.#outputs.close()
  }

  metrics(): MetricFamily[] {
    const failures: MetricFamily = {
      name: 'weir_decoder_failures_total',
      help: 'Datagrams on which the decoder failed: a mistake of weir.',
      type: 'counter',
      samples: [{ labels: {}, value: this.#failures }],
    }
    return [failures, ...this.#decoder.metrics(), ...this.#outputs.metrics()]
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
    this.#outputs.remap(mapping, text)
    // What is captured is compiled into the templates' plans: they begin anew with what the old ones knew.
    const state = this.#decoder.saveState()
    this.#decoder = this.#newDecoder(captures)
    this.#decoder.restoreState(state)
  }

  #newDecoder(captures: Captures): Decoder {
    const { options, log } = this.#settings
    const { keepUnknown, sampling, expireMs, detectSequenceReset } = options
    return newDecoder({
      writers: this.#outputs.writers,
      captures: { ...captures, elements: [...captures.elements, ...this.#definedElements] },
      keepUnknown,
      sampling,
      limits: { ...DEFAULT_LIMITS, expireMs },
      detectSequenceReset,
      log,
    })
  }
}
