import { hostname } from 'node:os'
import type { Log } from '../lib/diagnostics/log.ts'
import { type Definitions, readDefinitions } from '../lib/ecs/definitions.ts'
import type { DocumentStep } from '../lib/ecs/document-steps.ts'
import { constant, setValue } from '../lib/ecs/document-tree.ts'
import { LineDocuments } from '../lib/ecs/line-documents.ts'
import { LINE_KEYS } from '../lib/ecs/line-values.ts'
import { newNetflowDocuments } from '../lib/ecs/netflow-documents.ts'
import { readProcessors } from '../lib/ecs/processors.ts'
import { newSampleDocuments } from '../lib/ecs/sample-documents.ts'
import { openGeoSource } from '../lib/enrich/geo-databases.ts'
import type { FixedColumn, FlowBatch } from '../lib/flow/batch.ts'
import type { DocumentPage, DocumentWriter } from '../lib/flow/documents.ts'
import { F, PROTOCOL } from '../lib/flow/fields.ts'
import type { GeoSource } from '../lib/flow/geo.ts'
import { elasticLocality } from '../lib/flow/locality.ts'
import type { RowSink } from '../lib/goflow2/line-sink.ts'
import type { Mapping } from '../lib/goflow2/mapping-types.ts'
import { newWrittenSink } from '../lib/goflow2/written-sink.ts'
import { builtInNetworks } from './built-in-networks.ts'
import type { DocumentOptions } from './document-flags.ts'
import { newTrackedDocuments } from './tracked-documents.ts'
import { build } from './version.ts'

/** The integration's data set that a document belongs to. */
export type Dataset = 'netflow.log' | 'goflow2.sflow' | 'network_traffic.flow'

/** Rows that are printed as lines at a time. */
const LINES_AT_ONCE = 512

/** The lines that Elastic's integration asks goflow2 for: these keys, in this order. */
const ELASTIC_MAPPING: Mapping = {
  formatter: { fields: LINE_KEYS, key: [], render: {}, rename: {}, protobuf: [] },
  ipfix: [],
  netflowv9: [],
  sflowPorts: [],
  sflowMapping: [],
}

export interface RowDocumentSettings {
  readonly form: 'final' | 'agent'
  readonly options: DocumentOptions
  /** Of the data stream, where documents name it. */
  readonly namespace: string
  /** Documents of tracked flows are Packetbeat 6's. */
  readonly isPacketbeat6?: boolean
  readonly log: Log
}

/** The definitions of the user's elements, and what the decoder has to capture for them. */
export function definitionsOf(options: DocumentOptions): Definitions | null {
  return options.definitions.length === 0 ? null : readDefinitions(options.definitions)
}

/** Makes the documents of rows of every kind: NetFlow's of their columns, sFlow's as if goflow2's line had been sent. */
export class RowDocuments implements DocumentWriter {
  readonly #settings: RowDocumentSettings
  readonly #netflow: DocumentWriter
  readonly #samples: DocumentWriter
  readonly #tracked: DocumentWriter
  readonly #lines: RowSink
  readonly #geo: GeoSource | null
  #sflow: LineDocuments
  #timezone: string
  #text: Uint8Array = new Uint8Array(1 << 20)
  #textEnd = 0

  constructor(settings: RowDocumentSettings) {
    this.#settings = settings
    const { form, options } = settings
    this.#geo = form === 'final' ? geoSource(settings) : null
    const steps = rowSteps(options)
    this.#netflow = newNetflowDocuments({
      form,
      geo: this.#geo,
      locality: elasticLocality(options.internalNetworks),
      tags: tagsOf('netflow.log', settings),
      fields: agentFields('netflow.log', settings),
      definitions: definitionsOf(options),
      steps,
      isStrict: options.isStrict,
    })
    this.#samples = newSampleDocuments({
      locality: elasticLocality(options.internalNetworks),
      tags: tagsOf('goflow2.sflow', settings),
      fields: agentFields('goflow2.sflow', settings),
      steps,
    })
    this.#tracked = newTrackedDocuments(
      settings,
      tagsOf('network_traffic.flow', settings),
      agentFields('network_traffic.flow', settings),
      this.#geo,
    )
    this.#timezone = timezone()
    this.#sflow = this.#newSflow()
    // Rows of a log keep how their lines were written: what a line lacked is no zero, and what else it had is kept.
    this.#lines = newWrittenSink({
      format: 'json',
      compat: '2.2',
      mapping: ELASTIC_MAPPING,
      separator: Uint8Array.of(0x0a),
      write: (octets, from, to) => this.#append(octets, from, to),
    })
  }

  write(batch: FlowBatch, from: number, to: number, page: DocumentPage): number {
    if (batch.kind === 'counters' || batch.kind === 'discard')
      return this.#samples.write(batch, from, to, page)
    for (let at = from; at < to; ) {
      const dataset = rowDataset(batch, at)
      let end = at + 1
      while (end < to && rowDataset(batch, end) === dataset) end++
      const next =
        dataset === 'goflow2.sflow'
          ? this.#writeSflow(batch, at, end, page)
          : (dataset === 'netflow.log' ? this.#netflow : this.#tracked).write(batch, at, end, page)
      if (next < end) return next
      at = end
    }
    return to
  }

  #writeSflow(batch: FlowBatch, from: number, to: number, page: DocumentPage): number {
    for (let at = from; at < to; ) {
      const end = Math.min(at + LINES_AT_ONCE, to)
      this.#textEnd = 0
      this.#lines.writeRows(batch, at, end)
      if (timezone() !== this.#timezone) {
        this.#timezone = timezone()
        this.#sflow = this.#newSflow()
      }
      const first = page.count
      this.#sflow.writeLines(this.#text, 0, this.#textEnd, page)
      const written = page.count - first
      // Every row is a line and every line a document.
      for (let i = 0; i < written; i++) page.sources[first + i] = at + i
      at += written
      if (at < end) return at
    }
    return to
  }

  #append(octets: Uint8Array, from: number, to: number): void {
    const end = this.#textEnd + to - from
    if (end > this.#text.length) {
      const bigger = new Uint8Array(end * 2)
      bigger.set(this.#text.subarray(0, this.#textEnd))
      this.#text = bigger
    }
    this.#text.set(octets.subarray(from, to), this.#textEnd)
    this.#textEnd = end
  }

  #newSflow(): LineDocuments {
    return newLineDocuments(this.#settings, this.#geo)
  }
}

/** The data set that a row's document belongs to, by its protocol. */
export function rowDataset(batch: FlowBatch, row: number): Dataset {
  const protocol = (batch.fixed(F.exportProtocol) as FixedColumn).values[row]!
  if (protocol === PROTOCOL.packets) return 'network_traffic.flow'
  return protocol >= PROTOCOL.sflow2 ? 'goflow2.sflow' : 'netflow.log'
}

/** What the processors do to documents of rows: those of NetFlow have Community IDs anyhow, and no zone unless asked. */
function rowSteps({ processors }: DocumentOptions): readonly DocumentStep[] {
  const { steps, locale } = readProcessors(processors, 'processors')
  if (locale === null) return steps
  const zone = locale === 'abbreviation' ? zoneName() : timezone()
  return [(root) => setValue(root, 'event.timezone', constant(zone)), ...steps]
}

/** Makes documents of goflow2's lines as the settings say. */
export function newLineDocuments(settings: RowDocumentSettings, geo: GeoSource | null): LineDocuments {
  const { form, options } = settings
  const { steps, locale, hasCommunityId } = readProcessors(options.processors, 'processors')
  return new LineDocuments({
    form,
    tags: tagsOf('goflow2.sflow', settings),
    geo,
    timezone: locale === 'abbreviation' ? zoneName() : timezone(),
    hasCommunityId,
    fields: agentFields('goflow2.sflow', settings),
    steps,
    isStrict: options.isStrict,
    now: Date.now,
  })
}

/** Where addresses are and whose they are: the user's databases, else the built-in table for AS. */
export function geoSource({ options, log }: RowDocumentSettings): GeoSource | null {
  const { geoipCity, geoipAsn } = options
  if (geoipCity === null && geoipAsn === '') return null
  return openGeoSource({
    cityPath: geoipCity,
    asnPath: geoipAsn || null,
    builtIn: geoipAsn === null ? builtInNetworks() : null,
    log,
  })
}

function tagsOf(dataset: Dataset, { form, options }: RowDocumentSettings): string[] {
  const isBare = dataset === 'network_traffic.flow' || (form === 'agent' && !options.agentFields)
  const own = isBare ? [] : [dataset === 'netflow.log' ? 'netflow' : 'sflow', 'forwarded']
  const tags = [...(options.tags ?? own)]
  if (options.preserveOriginal && dataset === 'goflow2.sflow') tags.push('preserve_original_event')
  return tags
}

function agentFields(dataset: Dataset, { options, namespace }: RowDocumentSettings): Record<string, unknown> {
  if (!options.agentFields) return {}
  return {
    agent: { name: hostname(), type: 'weir', version: build().version },
    data_stream: { type: 'logs', dataset, namespace },
    event: { dataset },
    ...(dataset !== 'network_traffic.flow' && {
      input: { type: dataset === 'netflow.log' ? 'netflow' : 'filestream' },
    }),
  }
}

/** Offset of the local zone now, as Elastic's add_locale writes it: `+02:00`. */
function timezone(): string {
  const minutes = -new Date().getTimezoneOffset()
  const pad = (value: number) => String(value).padStart(2, '0')
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`
}

/** The name of the local zone now: `CET`. */
function zoneName(): string {
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts()
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC'
}
