import type { BatchWriter } from '../flow/batch-writer.ts'
import { NO_CAPTURES } from '../flow/captures.ts'
import { SAMPLING_SOURCE } from '../flow/fields.ts'
import { assignColumns } from './assign.ts'
import { elementOf } from './elements/registry.ts'
import type { Issues } from './issues.ts'
import type { Origin } from './origin.ts'
import { RecordReader, type RowFinisher } from './records.ts'
import { Shape, Shelf } from './shape.ts'
import { Template } from './template.ts'

/** An element by its IANA name and its octets, or a gap. */
export type FixedField = readonly [name: string, octets: number] | readonly ['skip', octets: number]

/** The IANA elements that the old formats speak of, by name. */
const NUMBERS: Readonly<Record<string, number>> = {
  octetDeltaCount: 1,
  packetDeltaCount: 2,
  deltaFlowCount: 3,
  protocolIdentifier: 4,
  ipClassOfService: 5,
  tcpControlBits: 6,
  sourceTransportPort: 7,
  sourceIPv4Address: 8,
  sourceIPv4PrefixLength: 9,
  ingressInterface: 10,
  destinationTransportPort: 11,
  destinationIPv4Address: 12,
  destinationIPv4PrefixLength: 13,
  egressInterface: 14,
  ipNextHopIPv4Address: 15,
  bgpSourceAsNumber: 16,
  bgpDestinationAsNumber: 17,
  flowEndSysUpTime: 21,
  flowStartSysUpTime: 22,
  ipv4RouterSc: 43,
  sourceIPv4Prefix: 44,
  destinationIPv4Prefix: 45,
  postIpClassOfService: 55,
  flagsAndSamplerId: 87,
  droppedPacketDeltaCount: 133,
  /** paddingOctets. */
  skip: 210,
}

/**
 * The template that a fixed format would have if it sent one. Throws where the table does not cover `octets` octets,
 * which only a mistake in the table can cause.
 */
export function fixedTemplate(protocol: number, octets: number, table: readonly FixedField[]): Template {
  const specifiers = table.map(([name, length]) => {
    const element = NUMBERS[name]
    if (element === undefined) throw new Error(`no element is called ${name}`)
    if (name !== 'skip' && elementOf(0, element)?.name !== name) throw new Error(`${element} is not ${name}`)
    return { enterprise: 0, element, octets: length }
  })
  const columns = assignColumns(protocol, specifiers, false)
  const fields = specifiers.map((specifier, i) => ({ ...specifier, field: columns[i]! }))
  const layout = { protocol, scopeCount: 0, fields }
  const shape = new Shape(layout, '', new Shelf(NO_CAPTURES, () => layout))
  if (shape.minimumOctets !== octets)
    throw new Error(`table covers ${shape.minimumOctets} of ${octets} octets`)
  return new Template(0, shape)
}

/** The start of every record that is not an aggregate (Cisco, "NetFlow Export Datagram Format", tables B-2 to B-8). */
export const COMMON_HEAD: readonly FixedField[] = [
  ['sourceIPv4Address', 4],
  ['destinationIPv4Address', 4],
  ['ipNextHopIPv4Address', 4],
  ['ingressInterface', 2],
  ['egressInterface', 2],
  ['packetDeltaCount', 4],
  ['octetDeltaCount', 4],
  ['flowStartSysUpTime', 4],
  ['flowEndSysUpTime', 4],
  ['sourceTransportPort', 2],
  ['destinationTransportPort', 2],
]

const scratch = new BigUint64Array(1)
const words = new Uint32Array(scratch.buffer)

/**
 * Fills the origin from what all headers of version 1 to 8 begin with: version, count, uptime, seconds,
 * nanoseconds. What a format has beyond that is its own to fill.
 */
export function readFixedHeader(origin: Origin, protocol: number): void {
  const { view, from } = origin.datagram
  origin.protocol = protocol
  origin.systemUptime = view.getUint32(from + 4)
  const seconds = view.getUint32(from + 8)
  // seconds * 10^9 + nanoseconds without a BigInt: the upper and lower half of seconds apart.
  const upper = (seconds >>> 16) * 1e9
  const carry = Math.floor(upper / 65536)
  const sum = (upper - carry * 65536) * 65536 + (seconds & 0xffff) * 1e9 + view.getUint32(from + 12)
  const over = Math.floor(sum / 4294967296)
  words[0] = sum - over * 4294967296
  words[1] = carry + over
  origin.exportTime[0] = scratch[0]!
  origin.sequenceNumber = 0
  origin.domain = -1
  origin.engineType = -1
  origin.engineId = -1
  origin.samplingWord = -1
  origin.aggregation = -1
  origin.aggregationVersion = -1
  origin.templateId = 0
  origin.samplingRate = 0
  origin.samplingSource = SAMPLING_SOURCE.unknown
}

const reader = new RecordReader(null)

/**
 * Appends the records behind a header of `headerOctets` octets and returns their number. Only whole records count:
 * a header's count that the payload does not hold is noted. A count of 0 means as many as there are.
 */
export function readFixedRecords(
  template: Template,
  headerOctets: number,
  origin: Origin,
  writer: BatchWriter,
  finisher: RowFinisher,
  issues: Issues,
): number {
  const { view, from, to } = origin.datagram
  const start = from + headerOctets
  const whole = Math.floor((to - start) / template.minimumOctets)
  const told = view.getUint16(from + 2)
  if (told > whole) issues.note('recordTruncated', told - whole)
  const count = told === 0 || told > whole ? whole : told
  origin.layout = template.layout
  return reader.read(
    template,
    start,
    start + count * template.minimumOctets,
    origin,
    writer,
    finisher,
    issues,
  )
}
