import { isInNetwork } from '../bytes/address.ts'
import type { Column, FlowBatch } from '../flow/batch.ts'
import { F, type Field, SAMPLING_SOURCE } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import { numberAt } from './column-values.ts'
import { type OptionsPlan, planOptions, rateAt, rateColumns } from './options-data.ts'
import { DIRECTION, type Rates } from './rates.ts'
import type { Domain } from './session.ts'
import type { SamplingSettings } from './settings.ts'

/** What a data layout says about sampling, row by row. */
export interface SamplingPlan {
  /** Elements of the record that are a rate themselves. */
  readonly rate: OptionsPlan | null
  /** The element that names a sampler. */
  readonly sampler: Field | null
}

/** Finds the sampling elements of a data layout. */
export function planSampling(layout: Layout): SamplingPlan {
  const plan = planOptions(layout)
  return { rate: plan.isRate ? plan : null, sampler: plan.sampler }
}

/** Gives the user's rate for an exporter's address, or 0. */
export function overrideFinder(settings: SamplingSettings): (words: Uint32Array) => number {
  return (words) => settings.overrides.find(({ network }) => isInNetwork(words, 0, network))?.rate ?? 0
}

/** Domains looked at when an exporter announces its rate in another domain than its data. */
const MOST_DOMAINS = 1_000

/** Settles the rate for rows of a domain that say nothing themselves, as far as rates were learnt meanwhile. */
export function settleRate(domain: Domain, defaultRate: number): void {
  const { exporter } = domain.session
  if (domain.rateEpoch === exporter.rateEpoch) return
  domain.rateEpoch = exporter.rateEpoch
  domain.rate = domain.rates?.common ?? 0
  domain.rateSource = SAMPLING_SOURCE.options
  if (domain.rate > 0) return
  domain.rate = rateElsewhere(domain, (rates) => rates.common)
  domain.rateSource = SAMPLING_SOURCE.otherDomain
  if (domain.rate > 0) return
  domain.rate = defaultRate
  domain.rateSource = defaultRate > 0 ? SAMPLING_SOURCE.default : SAMPLING_SOURCE.unknown
}

/** The rate that all other domains of the session agree on, else all other ports of the address; 0 if they differ. */
function rateElsewhere(domain: Domain, pick: (rates: Rates) => number): number {
  const { session } = domain
  let budget = MOST_DOMAINS
  let found = 0
  for (const other of session.domains.values()) {
    if (budget-- === 0) return 0
    const rate = other === domain || other.rates === null ? 0 : pick(other.rates)
    if (rate === 0) continue
    if (found > 0 && found !== rate) return 0
    found = rate
  }
  if (found > 0) return found
  for (const sibling of session.exporter.teachers) {
    if (sibling === session) continue
    for (const other of sibling.domains.values()) {
      if (budget-- === 0) return 0
      const rate = other.rates === null ? 0 : pick(other.rates)
      if (rate === 0) continue
      if (found > 0 && found !== rate) return 0
      found = rate
    }
  }
  return found
}

/** Whether rows of the layout must be looked at one by one to know their rate. */
export function isByRow(plan: SamplingPlan, domain: Domain): boolean {
  return plan.rate !== null || plan.sampler !== null || domain.rates?.isByRow === true
}

/**
 * Overwrites the rate of those rows in `[from, to)` that say more than their domain: in the record, by sampler id, by
 * interface and direction. Returns how many are left without any rate.
 */
export function sampleRows(
  batch: FlowBatch,
  from: number,
  to: number,
  plan: SamplingPlan,
  domain: Domain,
): number {
  const { values: rates, present } = batch.fixed(F.samplingRate)
  const { values: sources, present: sourcePresent } = batch.fixed(F.samplingSource)
  const samplers = plan.sampler === null ? undefined : batch.find(plan.sampler)
  const byInterface = domain.rates?.isByRow ? domain.rates : null
  const ownRates = plan.rate === null ? null : rateColumns(batch, plan.rate)
  let lastSampler = -1
  let rate = 0
  let source: number = SAMPLING_SOURCE.unknown
  let unknown = 0
  for (let row = from; row < to; row++) {
    let isFound = false
    if (ownRates !== null) {
      const own = rateAt(ownRates, row)
      if (own > 0) {
        rate = own
        source = SAMPLING_SOURCE.record
        lastSampler = -1
        isFound = true
      }
    }
    if (!isFound && samplers !== undefined) {
      const id = numberAt(samplers, row)
      if (id > 0) {
        if (id !== lastSampler) {
          rate = samplerRate(domain, id)
          source = domain.rates?.samplers.has(id) ? SAMPLING_SOURCE.sampler : SAMPLING_SOURCE.otherDomain
          lastSampler = id
        }
        // Another sampler's rate is no help: a rate must be the system's or the user's to stand in.
        if (rate === 0) clearAgreed(batch, row, domain)
        else isFound = true
      }
    }
    if (!isFound && byInterface !== null) {
      const near = interfaceRate(batch, row, byInterface)
      if (near > 0) {
        rates[row] = near
        sources[row] = SAMPLING_SOURCE.options
        present[row] = 1
        sourcePresent[row] = 1
        continue
      }
    }
    if (isFound) {
      rates[row] = rate
      sources[row] = source
      present[row] = 1
      sourcePresent[row] = 1
    } else if (sources[row] === SAMPLING_SOURCE.unknown) unknown++
  }
  return unknown
}

function samplerRate(domain: Domain, id: number): number {
  return domain.rates?.samplers.get(id) ?? rateElsewhere(domain, (rates) => rates.samplers.get(id) ?? 0)
}

/** Takes back a rate that was only what other samplers agree on. */
function clearAgreed(batch: FlowBatch, row: number, domain: Domain): void {
  if (domain.rates === null || domain.rates.system > 0) return
  const { values: sources, present: sourcePresent } = batch.fixed(F.samplingSource)
  if (sources[row] !== SAMPLING_SOURCE.options) return
  const { values: rates, present } = batch.fixed(F.samplingRate)
  rates[row] = 0
  sources[row] = SAMPLING_SOURCE.unknown
  present[row] = 0
  sourcePresent[row] = 0
}

/** The rate announced for the interface that metered the row, or for its direction. */
function interfaceRate(batch: FlowBatch, row: number, rates: Rates): number {
  const direction = numberAt(batch.find(F.flowDirection), row)
  const ingress = numberAt(batch.find(F.ingressInterface), row)
  const egress = numberAt(batch.find(F.egressInterface), row)
  const { interfaces, directions } = rates
  let rate = 0
  if (direction !== 1)
    rate =
      interfaces.get(ingress * 4 + DIRECTION.ingress) ?? interfaces.get(ingress * 4 + DIRECTION.both) ?? 0
  if (rate === 0 && direction !== 0)
    rate = interfaces.get(egress * 4 + DIRECTION.egress) ?? interfaces.get(egress * 4 + DIRECTION.both) ?? 0
  if (rate > 0 || direction < 0) return rate
  return directions.get(direction === 1 ? DIRECTION.egress : DIRECTION.ingress) ?? 0
}

/** Seconds between the end of the flow in `row` and its arrival; NaN where the record has no end. */
export function delayOf(received: Uint32Array, ends: Column | undefined, row: number): number {
  if (ends === undefined || ends.shape !== 'fixed' || ends.present[row] === 0) return Number.NaN
  const at = row * 2
  return (received[1]! - ends.words[at + 1]!) * 4.294967296 + (received[0]! - ends.words[at]!) / 1e9
}
