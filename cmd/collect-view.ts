import { type MetricFamily, mergeFamilies } from '../lib/diagnostics/metrics.ts'
import { encodeFamilies } from '../lib/http/prometheus-text.ts'
import type { CollectorView } from '../lib/http/routes.ts'
import type { Control } from '../lib/pipeline/control.ts'
import { processMetrics } from '../lib/pipeline/process-metrics.ts'
import type { Templates } from './collect-engine.ts'
import { askAll, type Lane } from './collect-lane.ts'
import type { ShipThread } from './collect-ship.ts'

/** What the pages show of workers; `lanes` may still grow. */
export class LaneView implements CollectorView {
  readonly #lanes: readonly Lane[]
  readonly #control: Control
  readonly #startedMs: number
  /** The thread that ships, if there is one. */
  shipper: Pick<ShipThread, 'families' | 'isHealthy'> | null = null

  constructor(lanes: readonly Lane[], control: Control, startedMs: number) {
    this.#lanes = lanes
    this.#control = control
    this.#startedMs = startedMs
  }

  isReady(): boolean {
    return this.#lanes.length > 0 && !this.#control.isStopping
  }

  isHealthy(): boolean {
    return this.#lanes.every((lane) => lane.isAlive) && this.shipper?.isHealthy !== false
  }

  async metrics(): Promise<Uint8Array[]> {
    const own = [...(this.shipper?.families ?? []), ...processMetrics(this.#startedMs)]
    if (this.#lanes.length !== 1) return [encodeFamilies(await this.#merged(own))]
    try {
      const text = (await this.#lanes[0]!.ask('metrics-text')) as Uint8Array
      return [text, encodeFamilies([silent(0), ...own])]
    } catch {
      return [encodeFamilies([silent(1), ...own])]
    }
  }

  /** Of all workers that answer: one that a pipe holds must not hide the others. */
  async #merged(own: readonly MetricFamily[]): Promise<MetricFamily[]> {
    const answers = await Promise.allSettled(this.#lanes.map((lane) => lane.ask('metrics')))
    const lists = answers
      .filter((answer) => answer.status === 'fulfilled')
      .map(({ value }) => value as MetricFamily[])
    return [...mergeFamilies(lists), silent(answers.length - lists.length), ...own]
  }

  async templates(): Promise<Templates> {
    const all: Templates = {}
    for (const templates of await askAll<Templates>(this.#lanes, 'templates')) {
      for (const [session, own] of Object.entries(templates)) all[session] = { ...all[session], ...own }
    }
    return all
  }
}

function silent(workers: number): MetricFamily {
  return {
    name: 'weir_silent_workers',
    help: 'Workers that did not answer in time: a pipe that nobody reads may hold them.',
    type: 'gauge',
    samples: [{ labels: {}, value: workers }],
  }
}
