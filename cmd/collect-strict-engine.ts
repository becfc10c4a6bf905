import type { MetricFamily } from '../lib/diagnostics/metrics.ts'
import type { Datagram, Scheme } from '../lib/flow/datagram.ts'
import { StrictCollector } from '../lib/goflow2/strict/collector.ts'
import type { LineFile } from '../lib/pipeline/line-file.ts'
import { fileMetrics } from '../lib/pipeline/output.ts'
import { type Engine, type EngineSettings, openOutput, type Templates } from './collect-engine.ts'
import { compileMapping } from './collect-mapping.ts'

/** The engine that does as goflow2 2.2.6 does, defects included, and that prints whole datagrams. */
export class StrictEngine implements Engine {
  readonly #settings: EngineSettings
  readonly #file: LineFile
  #collector: StrictCollector
  /** When something was first seen waiting; -1 while nothing is. */
  #since = -1
  #isWaiting = false
  readonly #faults = new Map<string, number>()

  constructor(settings: EngineSettings) {
    const { options } = settings
    this.#settings = settings
    this.#file = openOutput(settings, options.output ?? '', options.separator, options.format !== 'bin')
    this.#collector = this.#newCollector(settings.mapping)
    if (options.counters !== null || options.drops !== null) {
      settings.log.warn('--counters and --drops write nothing with --goflow2-compat strict or --produce raw')
    }
  }

  take(datagram: Datagram, scheme: Scheme): void {
    this.#isWaiting = true
    try {
      this.#collector.datagram(datagram, scheme)
    } catch (error) {
      this.#note('failure', error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
  }

  poll(steadyMs: number): void {
    this.#file.poll()
    if (!this.#isWaiting) return
    if (this.#since < 0) this.#since = steadyMs
    if (steadyMs - this.#since >= this.#settings.options.flushAfterMs) this.flush()
  }

  flush(): void {
    this.#collector.flush()
    this.#isWaiting = false
    this.#since = -1
  }

  close(): void {
    this.flush()
    this.#file.close()
  }

  metrics(): MetricFamily[] {
    const samples = [...this.#faults].map(([error, value]) => ({ labels: { error }, value }))
    return [
      {
        name: 'weir_strict_faults_total',
        help: 'Datagrams that goflow2 would refuse.',
        type: 'counter',
        samples,
      },
      ...fileMetrics('flows', this.#file.counts),
    ]
  }

  templates(): Templates {
    return this.#collector.templates()
  }

  /** goflow2 2.2.6 forgets everything when it ends. */
  saveState(): null {
    return null
  }

  restoreState(): void {}

  issues(): [string, number][] {
    return [...this.#faults]
  }

  remap(text: string): void {
    const collector = this.#newCollector(text)
    this.flush()
    this.#collector = collector
  }

  #newCollector(text: string | null): StrictCollector {
    const { options } = this.#settings
    const { mapping } = compileMapping(text, options)
    return new StrictCollector({
      produce: options.produce,
      // The flags refuse other formats here.
      format: options.format === 'text' || options.format === 'bin' ? options.format : 'json',
      mapping,
      separator: new TextEncoder().encode(options.separator),
      write: (octets) => {
        if (options.format !== 'none') this.#file.write(octets, 0, octets.length)
      },
      onError: (kind, message) => this.#note(kind, message),
    })
  }

  #note(kind: string, message: string): void {
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1)
    this.#settings.log.limited(`strict ${kind}`, 'error', { error: message })
  }
}
