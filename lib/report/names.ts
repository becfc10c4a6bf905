import { FlowError } from '../diagnostics/flow-error.ts'
import type { AddressFact } from '../flow/address-fact.ts'
import { F, type Field, findField } from '../flow/fields.ts'
import type { ApplicationName } from '../flow/said-texts.ts'
import type { BinStatistic, Counter, Direction, Key, Measure, Side } from './query.ts'

// The words that people type for keys and measures.

/** What words may refer to beyond the records' columns. */
export interface KnownNames {
  /** `local.net`, `local.name`, `country` and the user's labels, by name. */
  readonly facts: ReadonlyMap<string, AddressFact>
  readonly as: {
    readonly before: AddressFact | null
    readonly exporter: boolean
    readonly after: AddressFact | null
  }
  /** What an interface of an exporter is called, or the empty text; asked when results are told. */
  readonly interfaceName?: (exporter: string, index: number) => string
  /** What an exporter calls an application; asked while flows are read. */
  readonly applicationName?: ApplicationName
  /** A column by its element's name, for elements that no input has shown yet. */
  readonly field?: (name: string) => Field | undefined
  /** The one of some words that a misspelt one most probably means. */
  readonly nearest?: (word: string, words: readonly string[]) => string | undefined
}

const SIDES: Readonly<Record<string, Side>> = {
  src: 'source',
  source: 'source',
  dst: 'destination',
  destination: 'destination',
  local: 'local',
  remote: 'remote',
}

/** Words without a side: either end of a flow, told for its source. */
const EITHER_END: Readonly<Record<string, Field | null>> = {
  ip: null,
  port: null,
  as: null,
  'as.source': null,
  mac: F.sourceMacAddress,
  mask: F.sourcePrefixLength,
  if: F.ingressInterface,
}

/** Names of interfaces: exporter and number where nobody knows one. */
const INTERFACE_NAMES: Readonly<Record<string, Field>> = {
  'in.if.name': F.ingressInterface,
  'out.if.name': F.egressInterface,
  'if.name': F.ingressInterface,
}

/** Words for what exporters call the applications of flows. */
const APPLICATION: readonly string[] = ['application', 'app', 'app.name', 'network.application']

const FIELDS: Readonly<Record<string, Field>> = {
  proto: F.protocolIdentifier,
  protocol: F.protocolIdentifier,
  'network.iana_number': F.protocolIdentifier,
  exporter: F.exporterAddress,
  'exporter.ip': F.exporterAddress,
  'observer.ip': F.exporterAddress,
  agent: F.agentAddress,
  domain: F.observationDomainId,
  'in.if': F.ingressInterface,
  'out.if': F.egressInterface,
  'next.hop': F.nextHopAddress,
  nexthop: F.nextHopAddress,
  'bgp.next.hop': F.bgpNextHopAddress,
  tos: F.ipClassOfService,
  flags: F.tcpControlBits,
  'tcp.flags': F.tcpControlBits,
  ttl: F.ipTTL,
  icmp: F.icmpTypeCode,
  vlan: F.vlanId,
  'in.vlan': F.vlanId,
  'out.vlan': F.postVlanId,
  'src.mac': F.sourceMacAddress,
  'dst.mac': F.destinationMacAddress,
  'src.mask': F.sourcePrefixLength,
  'dst.mask': F.destinationPrefixLength,
  'src.nat.ip': F.postNatSourceAddress,
  'dst.nat.ip': F.postNatDestinationAddress,
  etype: F.ethernetType,
  'ip.version': F.ipVersion,
  sampling: F.samplingRate,
  'sampling.source': F.samplingSource,
  'flow.direction': F.flowDirection,
  'end.reason': F.flowEndReason,
  'forwarding.status': F.forwardingStatus,
  start: F.flowStart,
  end: F.flowEnd,
  received: F.timeReceived,
  bytes: F.octetDeltaCount,
  packets: F.packetDeltaCount,
}

/** Simple words for help and for proposals. */
export const KEY_NAMES: readonly string[] = [
  ...['src', 'dst', 'local', 'remote'].flatMap((side) =>
    ['ip', 'ip/24', 'port', 'as', 'as.source', 'net', 'name', 'country'].map((what) => `${side}.${what}`),
  ),
  ...['ip', 'ip/24', 'port', 'as', 'mac', 'if', ...Object.keys(INTERFACE_NAMES)],
  ...['direction', 'service', 'application', 'pair', 'time'],
  ...Object.keys(FIELDS).filter((name) => name !== 'bytes' && name !== 'packets'),
]

const COUNTERS: Readonly<Record<string, Counter>> = { bytes: 'octets', packets: 'packets', flows: 'flows' }
const RATES: Readonly<Record<string, Counter>> = { bps: 'octets', pps: 'packets', fps: 'flows' }
const DIRECTIONS: readonly string[] = ['in', 'out', 'internal', 'transit']

export const MEASURE_NAMES: readonly string[] = [
  ...Object.keys(COUNTERS),
  ...Object.keys(RATES),
  'bpp',
  'uniq(KEY)',
  'min(COLUMN)',
  'max(COLUMN)',
  'avg(COLUMN)',
  'sum(COLUMN)',
  'p95(bps)',
  'max(bps)',
  'trend(bps)',
  'share(MEASURE)',
  'cumulative(MEASURE)',
  'ratio(MEASURE,MEASURE)',
]

/** `more` says what else there is. */
function unknown(
  what: string,
  name: string,
  words: readonly string[],
  known: KnownNames,
  more = '',
): FlowError {
  const near = known.nearest?.(name, words)
  const proposal =
    near === undefined ? `there are ${[...new Set(words)].join(', ')}${more}` : `did you mean ${near}?`
  return new FlowError('QUERY_INVALID', `there is no ${what} ${name}; ${proposal}`)
}

/** The pieces of a list whose commas stand outside parentheses. */
export function splitNames(text: string): string[] {
  const names: string[] = []
  let depth = 0
  let name = ''
  for (const letter of text) {
    if (letter === '(') depth++
    if (letter === ')') depth--
    if (letter === ',' && depth === 0) {
      names.push(name)
      name = ''
    } else name += letter
  }
  names.push(name)
  return names.map((each) => each.trim()).filter((each) => each !== '')
}

/** The key that a word stands for; throws QUERY_INVALID with the words there are. */
export function parseKey(text: string, known: KnownNames): Key {
  const name = text.trim()
  if (name === 'time' || name === 'direction' || name === 'service' || name === 'pair')
    return { kind: name, name }
  const fact = known.facts.get(name)
  if (fact !== undefined) return { kind: 'fact', name, side: name === 'country' ? 'remote' : 'local', fact }
  const dot = name.indexOf('.')
  const side = SIDES[name.slice(0, dot)]
  if (dot > 0 && side !== undefined) {
    const key = sideKey(name, side, name.slice(dot + 1), known)
    if (key !== null) return key
  }
  const named = INTERFACE_NAMES[name]
  if (named !== undefined) {
    const text = (exporter: string, index: number) =>
      known.interfaceName?.(exporter, index) || `${exporter} ${index}`
    const key: Key = { kind: 'exporterNumber', name, field: named, text }
    return name === 'if.name' ? { ...key, eitherEnd: true } : key
  }
  if (APPLICATION.includes(name))
    return { kind: 'application', name, text: known.applicationName ?? ((_, id) => id) }
  const either = eitherEndKey(name, known)
  if (either !== null) return { ...either, eitherEnd: true }
  const field = fieldOf(name, known)
  if (field !== undefined) return { kind: 'field', name, field }
  throw unknown(
    'key',
    name,
    [...KEY_NAMES, ...known.facts.keys()],
    known,
    ' and any element by its IANA name',
  )
}

/** The key that a word without a side is for sources; null for other words. */
function eitherEndKey(name: string, known: KnownNames): Key | null {
  const field = EITHER_END[name]
  if (field != null) return { kind: 'field', name, field }
  return field === null || /^ip\/\d/.test(name) ? sideKey(name, 'source', name, known) : null
}

function sideKey(name: string, side: Side, what: string, known: KnownNames): Key | null {
  if (what === 'ip' || what === 'address') return { kind: 'address', name, side }
  if (what === 'port') return { kind: 'port', name, side }
  const prefix = /^(?:ip|address)\/(\d{1,3})(?:\/(\d{1,3}))?$/.exec(what)
  if (prefix !== null) return prefixKey(name, side, Number(prefix[1]), prefix[2])
  if (what === 'as' || what === 'as.number') return { kind: 'as', name, side, ...known.as, shows: 'number' }
  if (what === 'as.source') return { kind: 'as', name, side, ...known.as, shows: 'origin' }
  const fact = known.facts.get(what) ?? known.facts.get(`local.${what}`)
  return fact === undefined ? null : { kind: 'fact', name, side, fact }
}

/** `/24` is IPv4's, with /64 for IPv6; above 32 it is IPv6's, with /24 for IPv4; `/24/48` names both. */
function prefixKey(name: string, side: Side, first: number, second: string | undefined): Key {
  const [ipv4Bits, ipv6Bits] =
    second !== undefined ? [first, Number(second)] : first > 32 ? [24, first] : [first, 64]
  if (ipv4Bits > 32 || ipv6Bits > 128)
    throw new FlowError('QUERY_INVALID', `${name}: a prefix has at most 32 bits of IPv4, 128 of IPv6`)
  return { kind: 'prefix', name, side, ipv4Bits, ipv6Bits }
}

const SIDE_FIELDS: Readonly<Record<string, Field>> = {
  'src.ip': F.sourceAddress,
  'dst.ip': F.destinationAddress,
  'src.port': F.sourceTransportPort,
  'dst.port': F.destinationTransportPort,
  'src.as': F.bgpSourceAsNumber,
  'dst.as': F.bgpDestinationAsNumber,
}

/** The records' own column that a word stands for; throws QUERY_INVALID with the nearest word there is. */
export function parseColumn(text: string, known: KnownNames): Field {
  const name = text.trim()
  const field = SIDE_FIELDS[name] ?? fieldOf(name, known)
  if (field !== undefined) return field
  throw unknown('column', name, [...Object.keys(SIDE_FIELDS), ...Object.keys(FIELDS)], known)
}

function fieldOf(name: string, known: KnownNames): Field | undefined {
  return FIELDS[name] ?? findField(name) ?? known.field?.(name)
}

/** The measure that a word stands for; throws QUERY_INVALID with the words there are. */
export function parseMeasure(text: string, known: KnownNames): Measure {
  const name = text.trim()
  const call = /^([a-z0-9.]+)\((.*)\)$/.exec(name)
  if (call !== null) return callMeasure(name, call[1]!, call[2]!, known)
  const [word = '', direction] = name.split('.') as [string, string | undefined]
  if (direction === undefined || DIRECTIONS.includes(direction)) {
    const own = { name, direction: (direction ?? null) as Direction | null }
    if (COUNTERS[word] !== undefined) return { kind: 'counter', counter: COUNTERS[word], ...own }
    if (RATES[word] !== undefined) return { kind: 'rate', counter: RATES[word], ...own }
  }
  if (name === 'bpp') return { kind: 'perPacket', name }
  throw unknown('measure', name, MEASURE_NAMES, known)
}

function callMeasure(name: string, word: string, inner: string, known: KnownNames): Measure {
  const percentile = /^p(\d{1,2}(?:\.\d+)?)$/.exec(word)
  if (percentile !== null) return overBins(name, inner, 'percentile', Number(percentile[1]), known)
  switch (word) {
    case 'uniq':
    case 'distinct':
      return { kind: 'distinct', name, key: parseKey(inner, known) }
    case 'share':
    case 'cumulative':
      return { kind: 'share', name, of: parseMeasure(inner, known), cumulative: word === 'cumulative' }
    case 'ratio': {
      const [left, right, ...more] = splitNames(inner)
      if (left === undefined || right === undefined || more.length > 0)
        throw new FlowError('QUERY_INVALID', `${name} needs two measures: ratio(bytes.out,bytes.in)`)
      return { kind: 'ratio', name, left: parseMeasure(left, known), right: parseMeasure(right, known) }
    }
    case 'min':
    case 'max':
      if (RATES[inner.split('.')[0]!] !== undefined) return overBins(name, inner, word, 0, known)
      return column(name, inner, word, known)
    case 'trend':
      return overBins(name, inner, word, 0, known)
    case 'avg':
      return column(name, inner, 'average', known)
    case 'sum':
      return column(name, inner, 'sum', known)
    default:
      throw unknown('measure', name, MEASURE_NAMES, known)
  }
}

function overBins(
  name: string,
  inner: string,
  statistic: BinStatistic,
  rank: number,
  known: KnownNames,
): Measure {
  const of = parseMeasure(inner, known)
  if (of.kind !== 'rate') throw new FlowError('QUERY_INVALID', `${name} needs bps, pps or fps: p95(bps)`)
  const { counter, direction = null } = of
  return { kind: 'overBins', name, counter, direction, statistic, rank }
}

function column(
  name: string,
  inner: string,
  operation: 'sum' | 'min' | 'max' | 'average',
  known: KnownNames,
): Measure {
  const field = fieldOf(inner, known)
  if (field === undefined) throw unknown('column', inner, Object.keys(FIELDS), known)
  return { kind: 'column', name, field, operation }
}
