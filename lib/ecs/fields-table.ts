import { netflowElements, netflowEnterprises, type ValueType } from './element-table.ts'

/** A field of a data set and its Elasticsearch type, for index templates. */
export interface MappedField {
  readonly name: string
  readonly type: string
  /** What the mapping says beside the type. */
  readonly parameters?: Readonly<Record<string, unknown>>
}

/** Fields of elements by their type. */
const TYPES: Readonly<Record<ValueType, string>> = {
  o: 'short',
  u8: 'short',
  u16: 'integer',
  u32: 'long',
  u64: 'long',
  i8: 'byte',
  i16: 'short',
  i32: 'integer',
  i64: 'long',
  f32: 'float',
  f64: 'double',
  b: 'boolean',
  m: 'keyword',
  s: 'keyword',
  ts: 'date',
  tm: 'date',
  tu: 'date',
  tn: 'date',
  '4': 'ip',
  '6': 'ip',
  a: 'keyword',
}

/** Names with a type before them, one type a line. */
function fields(text: string): MappedField[] {
  return text
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [type, ...names] = line.trim().split(/\s+/)
      return names.map((name) => ({ name, type: type! }))
    })
}

/** What stands under `source`, `destination`, `client` and `server`. */
function endFields(end: string): MappedField[] {
  const place = 'city_name continent_name country_iso_code country_name region_iso_code region_name'
  const geo = place
    .split(' ')
    .map((name) => `${end}.geo.${name}`)
    .join(' ')
  return fields(`
    keyword ${end}.address ${end}.locality ${end}.mac ${end}.as.organization.name ${geo}
    long ${end}.port ${end}.bytes ${end}.packets ${end}.as.number
    ip ${end}.ip
    geo_point ${end}.geo.location
  `)
}

const COMMON: readonly MappedField[] = [
  ...fields(`
    date @timestamp event.ingested
    keyword ecs.version event.kind event.category event.type event.action event.timezone event.reason tags input.type
    keyword network.type network.transport network.direction network.name network.community_id network.iana_number
    keyword observer.ingress.interface.id observer.egress.interface.id observer.ingress.vlan.id observer.egress.vlan.id
    keyword log.file.path log.file.inode log.file.device_id
    long network.bytes network.packets log.offset
    ip observer.ip related.ip
    match_only_text error.message message
  `),
  { name: 'event.original', type: 'keyword', parameters: { index: false, doc_values: false } },
  ...endFields('source'),
  ...endFields('destination'),
]

const NETFLOW: readonly MappedField[] = [
  ...COMMON,
  ...endFields('client'),
  ...endFields('server'),
  ...fields(`
    keyword flow.id flow.locality netflow.type netflow.exporter.address netflow.tcp_flags
    date event.created event.start event.end netflow.exporter.timestamp
    long event.duration netflow.exporter.source_id netflow.exporter.uptime_millis netflow.exporter.sampling_interval
    integer netflow.exporter.version
    short netflow.exporter.engine_type netflow.exporter.engine_id
    short netflow.exporter.aggregation netflow.exporter.aggregation_version
  `),
]

const SFLOW: readonly MappedField[] = [
  ...COMMON,
  ...fields(`
    long sflow.bytes sflow.sample_rate sflow.sequence_num sflow.sample_sequence_num sflow.source_id sflow.sub_agent_id
    long sflow.uptime_millis sflow.drop.reason sflow.drop.count
    keyword observer.interface.id
  `),
]

const TRAFFIC: readonly MappedField[] = [
  ...COMMON,
  ...fields(`
    keyword type flow.id
    date event.start event.end
    long event.duration flow.vlan
    boolean flow.final
  `),
]

/** The fields of a data set's documents and their types; what an exporter adds beyond them is mapped as it comes. */
export function mappedFields(
  dataset: 'netflow.log' | 'goflow2.sflow' | 'network_traffic.flow',
): readonly MappedField[] {
  if (dataset === 'network_traffic.flow') return TRAFFIC
  return dataset === 'netflow.log' ? [...NETFLOW, ...netflowFields()] : SFLOW
}

/** A field for each element; where two of one name differ, the one that takes text wins. */
function netflowFields(): MappedField[] {
  const types = new Map<string, string>()
  for (const enterprise of netflowEnterprises()) {
    for (const { field, type } of netflowElements(enterprise).values()) {
      const own = TYPES[type]
      if (types.get(field) !== 'keyword') types.set(field, own)
    }
  }
  return [...types].map(([field, type]) => ({ name: `netflow.${field}`, type }))
}
