import { formatAddress } from '../bytes/address.ts'
import type { MetricFamily, MetricSample } from '../diagnostics/metrics.ts'
import { PROTOCOL } from '../flow/fields.ts'
import type { HeldSets } from './held.ts'
import type { Issues } from './issues.ts'
import type { KnownTemplates } from './known-templates.ts'
import type { Exporter, ProtocolCounts, Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import { SFLOW_SAMPLE_KINDS } from './sflow-context.ts'

/** Exporters with label sets of their own, in order of appearance; the others are summed as `other`. */
const MOST_EXPORTERS = 1_000
/** sFlow agents with label sets of their own; an exporter's others are summed. */
const MOST_AGENTS = 5_000
/** Label sets of the templates' metric. */
const MOST_TEMPLATES = 10_000
/** Label of what has no label set of its own. */
const OTHER = 'other'

/** How long decoding took, estimated from a part of the datagrams. */
export interface Timing {
  readonly datagrams: number
  readonly timed: number
  readonly seconds: number
}

/** The decoder's metrics: goflow2's under goflow2's names (specs: its README and source), ours as weir_decode_*. */
export function decoderMetrics(
  sessions: Sessions,
  issues: Issues,
  held: HeldSets,
  templates: KnownTemplates,
  timing: Timing,
): MetricFamily[] {
  const exporters = [...sessions.exporters.values()]
  const named = new Named(exporters)
  return [
    ...netflowFamilies(exporters, named),
    templateFamily(sessions),
    ...sflowFamilies(exporters, named),
    ...timingFamilies(timing),
    counter(
      'goflow2_flow_decoder_error_total',
      'Datagrams with at least one fault.',
      named.sum(exporters, (exporter) => exporter.faultyDatagrams, { name: 'flow' }),
    ),
    counter(
      'weir_decode_issues_total',
      'Input faults by code.',
      issues.entries().map(([code, value]) => ({ labels: { code }, value })),
    ),
    counter(
      'weir_decode_datagrams_total',
      'Datagrams decoded.',
      named.sum(exporters, (exporter) => exporter.datagrams),
    ),
    counter(
      'weir_decode_octets_total',
      'Octets decoded.',
      named.sum(exporters, (exporter) => exporter.octets),
    ),
    counter(
      'weir_decode_faults_total',
      'Input faults by exporter.',
      named.sum(exporters, (exporter) => exporter.faults),
    ),
    counter('weir_decode_rows_total', 'Flows decoded.', rowSamples(exporters, named)),
    counter(
      'weir_decode_unknown_template_sets_total',
      'Data sets that came before, or without, their template.',
      named.sum(exporters, (exporter) => exporter.unknownTemplateSets),
    ),
    counter(
      'weir_decode_sampling_unknown_rows_total',
      'Flows of which nobody said how they were sampled.',
      named.sum(exporters, (exporter) => exporter.unknownRateRows),
    ),
    counter(
      'weir_decode_sequence_lost_total',
      "Lost on the way by the exporter's sequence numbers: datagrams or records, as the protocol counts.",
      named.sum(exporters, (exporter) => exporter.sequences.lost),
    ),
    counter(
      'weir_decode_sequence_reordered_total',
      'Datagrams that were overtaken by later ones.',
      named.sum(exporters, (exporter) => exporter.sequences.reordered),
    ),
    counter(
      'weir_decode_sequence_duplicates_total',
      'Datagrams that came twice.',
      named.sum(exporters, (exporter) => exporter.sequences.duplicates),
    ),
    counter(
      'weir_decode_sequence_resets_total',
      'Times an exporter began to count anew.',
      named.sum(exporters, (exporter) => exporter.sequences.resets),
    ),
    counter(
      'weir_decode_held_sets_total',
      'Data sets that had to wait for their template, by what became of them.',
      [
        { labels: { result: 'held' }, value: held.counts.held },
        { labels: { result: 'replayed' }, value: held.counts.replayed },
        { labels: { result: 'expired' }, value: held.counts.expired },
        { labels: { result: 'dropped' }, value: held.counts.dropped },
      ],
    ),
    gauge('weir_decode_held_octets', 'Octets of data sets that wait for their template.', held.octets),
    gauge('weir_decode_sessions', 'Exporter sessions remembered: address and port.', sessions.count),
    gauge('weir_decode_templates', 'Templates remembered.', sessions.templateCount),
    gauge('weir_decode_template_octets', 'Octets of Field Specifiers remembered.', sessions.texts.octets),
    gauge('weir_decode_option_octets', 'Octets of samplers and names remembered.', sessions.optionOctets),
    one('weir_decode_sessions_evicted_total', 'Sessions forgotten for lack of room.', sessions.evicted),
    one('weir_decode_templates_adopted_total', 'Templates taken over from another port.', templates.adopted),
    one('weir_decode_templates_refused_total', 'Templates refused for lack of room.', templates.refused),
    one(
      'weir_decode_unknown_elements_total',
      'Field Specifiers of templates in use that no table knows.',
      templates.unknownElements,
    ),
  ]
}

/** Which exporters have label sets of their own. */
class Named {
  readonly #others = new Set<Exporter>()

  constructor(exporters: readonly Exporter[]) {
    for (const exporter of exporters.slice(MOST_EXPORTERS)) this.#others.add(exporter)
  }

  of(exporter: Exporter): string {
    return this.#others.has(exporter) ? OTHER : exporter.address
  }

  sum(
    exporters: readonly Exporter[],
    value: (exporter: Exporter) => number,
    more: Readonly<Record<string, string>> = {},
  ): MetricSample[] {
    const samples: MetricSample[] = []
    let others = 0
    for (const exporter of exporters) {
      const own = value(exporter)
      if (own === 0) continue
      if (this.#others.has(exporter)) others += own
      else samples.push({ labels: { router: exporter.address, ...more }, value: own })
    }
    if (others > 0) samples.push({ labels: { router: OTHER, ...more }, value: others })
    return samples
  }
}

/** Samples by labels; those that stayed 0 are left out. */
class Sums {
  readonly #sums = new Map<string, { labels: Readonly<Record<string, string>>; value: number }>()

  add(labels: Readonly<Record<string, string>>, value: number): void {
    if (value === 0) return
    const key = Object.values(labels).join('\n')
    const known = this.#sums.get(key)
    if (known === undefined) this.#sums.set(key, { labels, value })
    else known.value += value
  }

  samples(): MetricSample[] {
    return [...this.#sums.values()]
  }
}

const SET_TYPES = ['TemplateFlowSet', 'OptionsTemplateFlowSet', 'DataFlowSet', 'OptionsDataFlowSet']

function netflowFamilies(exporters: readonly Exporter[], named: Named): MetricFamily[] {
  const datagrams = new Sums()
  const sets = new Sums()
  const records = new Sums()
  const delays = new Sums()
  const delayCounts = new Sums()
  eachCounts(exporters, named, (router, counts) => {
    if (counts.protocol >= PROTOCOL.sflow2) return
    const version = String(counts.protocol)
    datagrams.add({ router, version }, counts.datagrams)
    SET_TYPES.forEach((type, i) => {
      sets.add({ router, version, type }, counts.sets[i]!)
      records.add({ router, version, type }, counts.records[i]!)
    })
    delays.add({ router, version }, counts.delaySeconds)
    delayCounts.add({ router, version }, counts.delays)
  })
  const errors = named.sum(exporters, (exporter) => exporter.unknownTemplateSets, {
    error: 'template_not_found',
  })
  return [
    counter('goflow2_flow_process_nf_total', 'NetFlows processed.', datagrams.samples()),
    counter('goflow2_flow_process_nf_errors_total', 'NetFlows processed errors.', errors),
    counter('goflow2_flow_process_nf_flowset_total', 'NetFlows FlowSets sum.', sets.samples()),
    counter(
      'goflow2_flow_process_nf_flowset_records_total',
      'NetFlows FlowSets sum of records.',
      records.samples(),
    ),
    ...summary(
      'goflow2_flow_process_nf_delay_seconds',
      'NetFlows time difference between time of flow and processing.',
      delays.samples(),
      delayCounts.samples(),
    ),
  ]
}

function templateFamily(sessions: Sessions): MetricFamily {
  const samples: MetricSample[] = []
  sessions.each((session: Session) => {
    const { address } = session.exporter
    const router = address.includes(':') ? `[${address}]:${session.port}` : `${address}:${session.port}`
    for (const domain of session.domains.values()) {
      for (const [id, entry] of domain.templates) {
        if (samples.length >= MOST_TEMPLATES) return
        if (entry.isWithdrawn) continue
        const labels = {
          router,
          version: String(domain.protocol),
          obs_domain_id: String(domain.id),
          template_id: String(id),
          type: entry.isOptions ? 'options_template' : 'template',
        }
        samples.push({ labels, value: entry.announced })
      }
    }
  })
  return counter('goflow2_flow_process_nf_templates_total', 'NetFlows Template count.', samples)
}

function sflowFamilies(exporters: readonly Exporter[], named: Named): MetricFamily[] {
  const datagrams = new Sums()
  const samples = new Sums()
  const records = new Sums()
  let agents = 0
  for (const exporter of exporters) {
    const router = named.of(exporter)
    for (const counts of exporter.sessions.flatMap(({ agents }) => agents ?? [])) {
      const agent = router === OTHER || agents++ >= MOST_AGENTS ? OTHER : formatAddress(counts.words, 0)
      const version = String(counts.version)
      datagrams.add({ router, agent, version }, counts.datagrams)
      SFLOW_SAMPLE_KINDS.forEach((type, i) => {
        samples.add({ router, agent, version, type }, counts.samples[i]!)
        records.add({ router, agent, version, type }, counts.records[i]!)
      })
    }
  }
  return [
    counter('goflow2_flow_process_sf_total', 'sFlows processed.', datagrams.samples()),
    counter('goflow2_flow_process_sf_samples_total', 'SFlows samples sum.', samples.samples()),
    counter(
      'goflow2_flow_process_sf_samples_records_total',
      'SFlows samples sum of records.',
      records.samples(),
    ),
  ]
}

/** The sum is what the timed part would come to for all. */
function timingFamilies({ datagrams, timed, seconds }: Timing): MetricFamily[] {
  const sum = timed === 0 ? 0 : (seconds * datagrams) / timed
  return summary(
    'goflow2_flow_decoding_time_seconds',
    'Decoding time summary.',
    [{ labels: { name: 'flow' }, value: sum }],
    [{ labels: { name: 'flow' }, value: datagrams }],
  )
}

function rowSamples(exporters: readonly Exporter[], named: Named): MetricSample[] {
  const rows = new Sums()
  eachCounts(exporters, named, (router, counts) => {
    rows.add({ router, protocol: NAMES[counts.protocol] ?? String(counts.protocol) }, counts.rows)
  })
  return rows.samples()
}

const NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(PROTOCOL).map(([name, value]) => [value, name]),
)

function eachCounts(
  exporters: readonly Exporter[],
  named: Named,
  visit: (router: string, counts: ProtocolCounts) => void,
): void {
  for (const exporter of exporters) for (const counts of exporter.counts) visit(named.of(exporter), counts)
}

/** Sum and count of a summary; quantiles cannot be added over workers and are left out. */
function summary(
  name: string,
  help: string,
  sums: readonly MetricSample[],
  counts: readonly MetricSample[],
): MetricFamily[] {
  return [
    { name, help, type: 'summary', samples: [] },
    { name: `${name}_sum`, help, type: 'summary', samples: sums },
    { name: `${name}_count`, help, type: 'summary', samples: counts },
  ]
}

function counter(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'counter', samples }
}

function one(name: string, help: string, value: number): MetricFamily {
  return counter(name, help, [{ labels: {}, value }])
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'gauge', samples: [{ labels: {}, value }] }
}
