import { createHash } from 'node:crypto'

/** A data set and the types of its fields. */
export interface DatasetFields {
  readonly dataset: string
  readonly fields: readonly {
    readonly name: string
    readonly type: string
    readonly parameters?: Readonly<Record<string, unknown>>
  }[]
}

export interface SetupOptions {
  readonly datasets: readonly DatasetFields[]
  /** Only data streams of this namespace; null for all. */
  readonly namespace: string | null
  /** As Elasticsearch writes durations, `30d`; null keeps everything. */
  readonly retention: string | null
}

/** What a server can do; the first of each is what a current Elasticsearch has. */
export interface ServerKind {
  /** `constant` also without a value; `valued` only with one; `plain` has neither them nor match_only_text. */
  readonly types: 'constant' | 'valued' | 'plain'
  /** `stream`: of data streams themselves; `ilm`: policies that indices name; none: the server removes nothing. */
  readonly lifecycle: 'stream' | 'ilm' | 'none'
  readonly hasDataStreams: boolean
  /** Whether indices may say how they are compressed; Serverless allows few settings. */
  readonly hasCodec: boolean
}

export const CURRENT: ServerKind = {
  types: 'constant',
  lifecycle: 'stream',
  hasDataStreams: true,
  hasCodec: true,
}

type Json = Readonly<Record<string, unknown>>

/** Something that setup puts on the server. */
export interface SetupItem {
  readonly kind: 'policy' | 'component template' | 'index template'
  readonly name: string
  readonly path: string
  readonly body: Json
  /** Of the whole body: what it was made from is compared, not what a server made of it. */
  readonly digest: string
}

/** Who made it. */
export const MANAGED_BY = 'weir'

/** Above the built-in template of `logs-*-*` (100), beside those of Fleet (200), whose names are the same. */
const PRIORITY = 200
const NAMESPACE_PRIORITY = 220
/** Longer words are stored and not searchable, as in Elastic's packages. */
const IGNORE_ABOVE = 1024
/** All fields of NetFlow, their objects, and room for what exporters add. */
const LIMIT = { total_fields: { limit: 3000 } }

/** What there should be on a server of this kind, each behind what it needs. */
export function planSetup(options: SetupOptions, server: ServerKind): SetupItem[] {
  const items: SetupItem[] = []
  if (server.lifecycle === 'ilm') items.push(policy(options))
  items.push(component(settingsName(options), settings(options, server)))
  for (const dataset of options.datasets) {
    items.push(component(mappingsName(dataset, options), mappings(dataset, options, server)))
    items.push(indexTemplate(dataset, options, server))
  }
  return items
}

const suffix = ({ namespace }: SetupOptions) => (namespace === null ? '' : `-${namespace}`)
const settingsName = (options: SetupOptions) => `weir${suffix(options)}@settings`
const mappingsName = ({ dataset }: DatasetFields, options: SetupOptions) =>
  `weir-${dataset}${suffix(options)}@mappings`

function item(kind: SetupItem['kind'], name: string, folder: string, body: Json): SetupItem {
  const digest = createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 32)
  return { kind, name, path: folder + encodeURIComponent(name).replaceAll('%40', '@'), body, digest }
}

/** What is sent: the body with the mark of who made it from what. */
export function markedBody({ kind, body, digest }: SetupItem): Json {
  const mark = { _meta: { managed_by: MANAGED_BY, digest } }
  return kind === 'policy' ? { policy: { ...body, ...mark } } : { ...body, ...mark }
}

function component(name: string, template: Json): SetupItem {
  return item('component template', name, '/_component_template/', { template })
}

/** As Elastic's policy `logs`; it ends in nothing unless told. */
function policy(options: SetupOptions): SetupItem {
  const { retention } = options
  const rollover = { max_primary_shard_size: '50gb', max_age: '30d' }
  return item('policy', `weir${suffix(options)}`, '/_ilm/policy/', {
    phases: {
      hot: {
        actions: { rollover: retention === null ? rollover : { ...rollover, max_age: ageOf(retention) } },
      },
      ...(retention === null ? {} : { delete: { min_age: retention, actions: { delete: {} } } }),
    },
  })
}

/** Indices of a tenth of the time that they are kept, a day at least: what is removed is a whole index. */
function ageOf(retention: string): string {
  const days = /^(\d+)d$/.exec(retention)?.[1]
  return days === undefined ? '1d' : `${Math.min(30, Math.max(1, Math.round(Number(days) / 10)))}d`
}

function settings(options: SetupOptions, { lifecycle, hasCodec }: ServerKind): Json {
  const index = {
    ...(hasCodec ? { codec: 'best_compression' } : {}),
    ...(lifecycle === 'ilm' ? { lifecycle: { name: `weir${suffix(options)}` } } : {}),
  }
  const stream = options.retention === null ? {} : { data_retention: options.retention }
  return { settings: { index }, ...(lifecycle === 'stream' ? { lifecycle: stream } : {}) }
}

function mappings(dataset: DatasetFields, { namespace }: SetupOptions, { types }: ServerKind): Json {
  const properties: Properties = {}
  const constant = (value: string | null) => {
    if (types === 'plain' || (types === 'valued' && value === null)) {
      return { type: 'keyword', ignore_above: IGNORE_ABOVE }
    }
    return value === null ? { type: 'constant_keyword' } : { type: 'constant_keyword', value }
  }
  for (const { name, type, parameters } of dataset.fields) {
    const isText = type === 'match_only_text' && types === 'plain'
    const isSearched = type === 'keyword' && parameters?.['index'] !== false
    put(properties, name, {
      type: isText ? 'text' : type,
      ...(isSearched ? { ignore_above: IGNORE_ABOVE } : {}),
      ...parameters,
    })
  }
  put(properties, 'data_stream.type', constant('logs'))
  put(properties, 'data_stream.dataset', constant(dataset.dataset))
  put(properties, 'data_stream.namespace', constant(namespace))
  put(properties, 'event.dataset', constant(dataset.dataset))
  put(properties, 'event.module', constant(dataset.dataset.replace(/\..*/, '')))
  return {
    // The server checks each component by itself against the limit of fields.
    settings: { index: { mapping: LIMIT, query: { default_field: searched(dataset) } } },
    mappings: { date_detection: false, dynamic_templates: DYNAMIC, properties },
  }
}

/** Where a query without a field looks: all fields of NetFlow are more than a query may name. */
function searched({ fields }: DatasetFields): string[] {
  return fields
    .filter(
      ({ name, type }) => (type === 'keyword' || type === 'match_only_text') && !name.startsWith('netflow.'),
    )
    .filter(({ parameters }) => parameters?.['index'] !== false)
    .map(({ name }) => name)
}

/** Fields that the table lacks: text is not taken apart into words, and loads are fractions even if the first is 0. */
const DYNAMIC: readonly Json[] = [
  { loads: { path_match: 'sflow.counters.*_load_*', mapping: { type: 'double' } } },
  {
    words: {
      match_mapping_type: 'string',
      mapping: { type: 'keyword', ignore_above: IGNORE_ABOVE },
    },
  },
]

type Properties = Record<string, { type?: string; properties?: Properties }>

/** Puts a field where its dotted name says. */
function put(properties: Properties, name: string, field: { type: string }): void {
  const words = name.split('.')
  const last = words.pop()!
  let at = properties
  for (const word of words) {
    at[word] ??= {}
    at[word].properties ??= {}
    at = at[word].properties
  }
  at[last] = field
}

function indexTemplate(
  dataset: DatasetFields,
  options: SetupOptions,
  { hasDataStreams }: ServerKind,
): SetupItem {
  const { namespace } = options
  const name = `logs-${dataset.dataset}`
  return item('index template', name + suffix(options), '/_index_template/', {
    index_patterns: [`${name}-${namespace ?? '*'}`],
    ...(hasDataStreams ? { data_stream: {} } : {}),
    priority: namespace === null ? PRIORITY : NAMESPACE_PRIORITY,
    composed_of: [settingsName(options), mappingsName(dataset, options)],
  })
}
