import type { FlowBatch } from '../flow/batch.ts'
import { F, PROTOCOL, SAMPLING_SOURCE } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import { addSystemInitTime } from './normalise.ts'
import { learnOptions, type OptionsPlan, planOptions } from './options-data.ts'
import { fillOrigin, type Origin } from './origin.ts'
import type { RowFinisher } from './records.ts'
import { delayOf, isByRow, planSampling, type SamplingPlan, sampleRows, settleRate } from './sampling.ts'
import type { Domain, Exporter, ProtocolCounts } from './session.ts'
import type { Sessions } from './sessions.ts'
import type { SamplingSettings } from './settings.ts'

const NO_SAMPLING: SamplingPlan = { rate: null, sampler: null }

/** Fills what the records of a set share, finds their sampling rate, and learns from options records. */
export class Finisher implements RowFinisher {
  readonly #sampling: SamplingSettings
  readonly #sessions: Sessions
  readonly #samplingPlans = new WeakMap<Layout, SamplingPlan>()
  readonly #optionsPlans = new WeakMap<Layout, OptionsPlan>()
  #exporter: Exporter | null = null
  #counts: ProtocolCounts | null = null
  #domain: Domain | null = null
  #samplingPlan = NO_SAMPLING
  #optionsPlan: OptionsPlan | null = null
  #lastLayout: Layout | null = null
  /** The datagram's receive time and its words, for the delay. */
  readonly #receivedNs = new BigUint64Array(1)
  readonly #received = new Uint32Array(this.#receivedNs.buffer)

  constructor(sampling: SamplingSettings, sessions: Sessions) {
    this.#sampling = sampling
    this.#sessions = sessions
  }

  /** Says whose rows come next: a protocol without templates. */
  begin(exporter: Exporter, counts: ProtocolCounts): void {
    this.#exporter = exporter
    this.#counts = counts
    this.#domain = null
    this.#samplingPlan = NO_SAMPLING
    this.#optionsPlan = null
  }

  /** Says that the next rows are flows of a template; settles what their domain knows of sampling. */
  beginFlows(domain: Domain, counts: ProtocolCounts, origin: Origin): void {
    this.#exporter = domain.session.exporter
    this.#counts = counts
    this.#domain = domain
    this.#optionsPlan = null
    const layout = origin.layout!
    if (layout !== this.#lastLayout) {
      let plan = this.#samplingPlans.get(layout)
      if (plan === undefined) {
        plan = planSampling(layout)
        this.#samplingPlans.set(layout, plan)
      }
      this.#samplingPlan = plan
      this.#lastLayout = layout
      this.#lastPlan = plan
    } else this.#samplingPlan = this.#lastPlan
    settleRate(domain, this.#sampling.default)
    const ofTemplate = domain.rates?.templates.get(origin.templateId)
    origin.samplingRate = ofTemplate ?? domain.rate
    origin.samplingSource = ofTemplate === undefined ? domain.rateSource : SAMPLING_SOURCE.options
  }

  /** Says that the next rows are options records. */
  beginOptions(domain: Domain, counts: ProtocolCounts, origin: Origin): void {
    this.#exporter = domain.session.exporter
    this.#counts = counts
    this.#domain = domain
    const layout = origin.layout!
    let plan = this.#optionsPlans.get(layout)
    if (plan === undefined) {
      plan = planOptions(layout)
      this.#optionsPlans.set(layout, plan)
    }
    this.#optionsPlan = plan
    origin.samplingRate = 0
    origin.samplingSource = SAMPLING_SOURCE.unknown
  }

  finish(batch: FlowBatch, from: number, to: number, origin: Origin): void {
    if (to <= from) return
    const plan = this.#optionsPlan
    if (plan !== null) {
      // First, for some scopes name what the origin then overwrites: the domain, the template.
      learnOptions(batch, from, to, plan, this.#domain!, this.#sessions)
      fillOrigin(batch, from, to, origin)
      return
    }
    if (batch.kind !== 'flow') {
      fillOrigin(batch, from, to, origin)
      return
    }
    const exporter = this.#exporter!
    const rate = origin.samplingRate
    const source = origin.samplingSource
    if (exporter.override > 0) {
      origin.samplingRate = exporter.override
      origin.samplingSource = SAMPLING_SOURCE.override
    } else if (source === SAMPLING_SOURCE.unknown && this.#sampling.default > 0) {
      origin.samplingRate = this.#sampling.default
      origin.samplingSource = SAMPLING_SOURCE.default
    }
    fillOrigin(batch, from, to, origin)
    const domain = this.#domain
    if (origin.protocol === PROTOCOL.ipfix && domain?.session.names != null) {
      const { systemInitTimeMs } = domain.session.names
      if (systemInitTimeMs > 0) addSystemInitTime(batch, from, to, systemInitTimeMs)
    }
    if (exporter.override === 0 && domain !== null && isByRow(this.#samplingPlan, domain))
      exporter.unknownRateRows += sampleRows(batch, from, to, this.#samplingPlan, domain)
    else if (origin.samplingSource === SAMPLING_SOURCE.unknown) exporter.unknownRateRows += to - from
    origin.samplingRate = rate
    origin.samplingSource = source
    this.#count(batch, from, to, origin)
  }

  #lastPlan = NO_SAMPLING

  #count(batch: FlowBatch, from: number, to: number, origin: Origin): void {
    const counts = this.#counts!
    counts.rows += to - from
    this.#receivedNs[0] = origin.datagram.receivedNs[0]!
    // One flow of a set stands for all.
    const delay = delayOf(this.#received, batch.find(F.flowEnd), from)
    if (Number.isNaN(delay)) return
    counts.delaySeconds += delay
    counts.delays++
  }
}
