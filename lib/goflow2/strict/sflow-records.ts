import { Address } from './address.ts'
import { CUT_SHORT, Fault } from './fault.ts'
import type { OctetReader } from './octet-reader.ts'
import { type SampledIp, Text } from './sflow-tree.ts'

/** Path elements and communities that goflow2 takes from one record. */
const MAX_ELEMENTS = 1000

/** The data of a flow record by its data format; goflow2 keeps the octets of those that it does not know. */
export function readFlowData(format: number, reader: OctetReader): object | Fault {
  const data = readKnown(format, reader)
  if (data instanceof Fault) return data.within(`[data-format:${format}] `)
  if (reader.isShort) return new Fault('decode', `[data-format:${format}] ${CUT_SHORT}`)
  return data
}

function readKnown(format: number, reader: OctetReader): object | Fault {
  switch (format) {
    case 1:
      return {
        protocol: reader.u32(),
        'frame-length': reader.u32(),
        stripped: reader.u32(),
        'original-length': reader.u32(),
        'header-data': reader.upTo(reader.left),
      }
    case 2:
      return {
        length: reader.u32(),
        'src-mac': reader.exactly(6),
        'dst-mac': reader.exactly(6),
        'eth-type': reader.u32(),
      }
    case 3:
      return readIp(reader, 4)
    case 4:
      return readIp(reader, 16)
    case 1001:
      return {
        'src-vlan': reader.u32(),
        'src-priority': reader.u32(),
        'dst-vlan': reader.u32(),
        'dst-priority': reader.u32(),
      }
    case 1002: {
      const nextHop = readAddress(reader)
      if (nextHop instanceof Fault) return nextHop
      return {
        'next-hop-ip-version': nextHop.version,
        'next-hop': nextHop.address,
        'src-mask-len': reader.u32(),
        'dst-mask-len': reader.u32(),
      }
    }
    case 1003:
      return readGateway(reader)
    case 1036:
      return { queue: reader.u32() }
    case 1037:
      return { number: reader.u32(), name: readText(reader), direction: reader.u32() }
    case 1038:
      return { symbol: readText(reader) }
    default:
      return { data: reader.upTo(reader.left) }
  }
}

function readIp(reader: OctetReader, octets: number): SampledIp {
  const ip: SampledIp = {
    length: reader.u32(),
    protocol: reader.u32(),
    'src-ip': new Address(reader.exactly(octets)),
    'dst-ip': new Address(reader.exactly(octets)),
    'src-port': reader.u32(),
    'dst-port': reader.u32(),
    'tcp-flags': reader.u32(),
  }
  if (octets === 4) ip.tos = reader.u32()
  else ip.priority = reader.u32()
  return ip
}

/** goflow2 skips no padding behind the text, so that what follows an odd length is read askew. */
function readText(reader: OctetReader): Text {
  return new Text(reader.exactly(reader.u32()))
}

function readAddress(reader: OctetReader): { version: number; address: Address } | Fault {
  const version = reader.u32()
  if (reader.isShort) return new Fault('decode', `DecodeIP: [${CUT_SHORT}]`)
  const octets = version === 1 ? 4 : version === 2 ? 16 : 0
  if (octets === 0) return new Fault('decode', `DecodeIP: unknown IP version ${version}`)
  if (reader.left < octets) {
    return new Fault('decode', `DecodeIP: truncated data (need ${octets}, got ${reader.left})`)
  }
  return { version, address: new Address(reader.exactly(octets)) }
}

function readGateway(reader: OctetReader): object | Fault {
  const nextHop = readAddress(reader)
  if (nextHop instanceof Fault) return nextHop
  const as = reader.u32()
  const sourceAs = reader.u32()
  const sourcePeerAs = reader.u32()
  const destinations = reader.u32()
  let pathType = 0
  let pathLength = 0
  let path: number[] | null = null
  if (destinations !== 0 && !reader.isShort) {
    pathType = reader.u32()
    pathLength = reader.u32()
    if (reader.isShort) return new Fault('decode', CUT_SHORT)
    if (pathLength > MAX_ELEMENTS) {
      return new Fault('decode', `as-path length of ${pathLength} seems quite large`)
    }
    // goflow2 compares elements with octets; what passes that may still be cut short.
    if (pathLength > reader.left - 4) return new Fault('decode', `invalid AS path length: ${pathLength}`)
    path = readWords(reader, pathLength)
  }
  const communitiesLength = reader.u32()
  if (reader.isShort) return new Fault('decode', CUT_SHORT)
  // Both sentences name the length of the path, as goflow2's do.
  if (communitiesLength > MAX_ELEMENTS) {
    return new Fault('decode', `communities length of ${pathLength} seems quite large`)
  }
  if (communitiesLength > reader.left - 4) {
    return new Fault('decode', `invalid communities length: ${pathLength}`)
  }
  return {
    'next-hop-ip-version': nextHop.version,
    'next-hop': nextHop.address,
    as,
    'src-as': sourceAs,
    'src-peer-as': sourcePeerAs,
    'as-destinations': destinations,
    'as-path-type': pathType,
    'as-path-length': pathLength,
    'as-path': path,
    'communities-length': communitiesLength,
    communities: readWords(reader, communitiesLength),
    'local-pref': reader.u32(),
  }
}

function readWords(reader: OctetReader, count: number): number[] {
  const words: number[] = []
  for (let i = 0; i < count; i++) words.push(reader.u32())
  return words
}

const INTERFACE_COUNTERS = [
  'if-index',
  'if-type',
  'if-speed',
  'if-direction',
  'if-status',
  'if-in-octets',
  'if-in-ucast-pkts',
  'if-in-multicast-pkts',
  'if-in-broadcast-pkts',
  'if-in-discards',
  'if-in-errors',
  'if-in-unknown-protos',
  'if-out-octets',
  'if-out-ucast-pkts',
  'if-out-multicast-pkts',
  'if-out-broadcast-pkts',
  'if-out-discards',
  'if-out-errors',
  'if-promiscuous-mode',
]

const WIDE_COUNTERS = new Set(['if-speed', 'if-in-octets', 'if-out-octets'])

/** goflow2's spellings. */
const ETHERNET_COUNTERS = [
  'aligment-errors',
  'fcse-errors',
  'single-collision-frames',
  'multiple-collision-frames',
  'seq-test-errors',
  'deferred-transmissions',
  'late-collisions',
  'excessive-collisions',
  'internal-mac-transmit-errors',
  'carrier-sense-errors',
  'frame-too-longs',
  'internal-mac-receive-errors',
  'symbol-errors',
].map((name) => `dot3-stats-${name}`)

/** The data of a counter record, as `readFlowData`. */
export function readCounterData(format: number, reader: OctetReader): object | Fault {
  if (format !== 1 && format !== 2) return { data: reader.upTo(reader.left) }
  const data: Record<string, number | bigint> = {}
  for (const name of format === 1 ? INTERFACE_COUNTERS : ETHERNET_COUNTERS) {
    data[name] = WIDE_COUNTERS.has(name) ? reader.u64() : reader.u32()
  }
  return reader.isShort ? new Fault('decode', `[data-format:${format}] ${CUT_SHORT}`) : data
}
