import { Address } from './address.ts'
import { CUT_SHORT, Fault } from './fault.ts'
import { OctetReader } from './octet-reader.ts'
import { readCounterData, readFlowData } from './sflow-records.ts'
import { type Sample, type SampleHeader, type SampleRecord, SflowPacket } from './sflow-tree.ts'

/** Samples of a datagram and records of a sample that goflow2 allows. */
const MAX_PARTS = 1000

/** Records claimed by an expanded flow sample; goflow2 knows no bound there and dies of a great number. */
const MAX_EXPANDED = 65_536

/** The datagram; one bad sample loses it whole, one that is too long for it ends it. */
export function decodeSflow(reader: OctetReader): SflowPacket | Fault {
  const version = reader.u32()
  if (reader.isShort) return fault(CUT_SHORT)
  if (version !== 5) return fault(`unknown version ${version}`)
  const ipVersion = reader.u32()
  if (reader.isShort) return fault(CUT_SHORT)
  if (ipVersion !== 1 && ipVersion !== 2) return fault(`unknown IP version ${ipVersion}`)
  const packet = new SflowPacket(new Address(reader.exactly(ipVersion === 1 ? 4 : 16)))
  if (reader.isShort) return fault(`${ipVersion === 1 ? 'IPv4' : 'IPv6'} [${CUT_SHORT}]`)
  packet['ip-version'] = ipVersion
  packet['sub-agent-id'] = reader.u32()
  packet['sequence-number'] = reader.u32()
  packet.uptime = reader.u32()
  packet['samples-count'] = reader.u32()
  if (reader.isShort) return fault(CUT_SHORT)
  const count = packet['samples-count']
  if (count > MAX_PARTS) return fault(`too many samples: ${count}`)
  packet.samples = new Array<Sample | null>(count).fill(null)
  for (let i = 0; i < count && reader.left >= 8; i++) {
    const format = reader.u32()
    const length = reader.u32()
    if (length > reader.left) break
    const sample = readSample(format, length, new OctetReader(reader.upTo(length)))
    if (sample instanceof Fault) return fault(`sample [${sample.message}]`)
    packet.samples[i] = sample
  }
  return packet
}

function fault(message: string): Fault {
  return new Fault('decode', `sFlow ${message}`)
}

function readSample(format: number, length: number, reader: OctetReader): Sample | Fault {
  const sequence = reader.u32()
  if (reader.isShort) return new Fault('decode', `header seq [${CUT_SHORT}]`)
  const context = `[format:${format} seq:${sequence}] `
  const refuse = (message: string) => new Fault('decode', context + message)
  if (format < 1 || format > 5) return refuse(`unknown format ${format}`)
  const header: SampleHeader = {
    format,
    length,
    'sample-sequence-number': sequence,
    'source-id-type': 0,
    'source-id-value': 0,
  }
  const source = reader.u32()
  if (format === 1 || format === 2) {
    header['source-id-type'] = source >>> 24
    header['source-id-value'] = source & 0xffffff
  } else {
    header['source-id-type'] = source
    header['source-id-value'] = reader.u32()
  }
  if (reader.isShort) return refuse(`header source [${CUT_SHORT}]`)
  const sample = readBody(header, reader)
  if (reader.isShort) return refuse(`${BODY_NAMES[format]} [${CUT_SHORT}]`)
  const count =
    'counter-records-count' in sample ? sample['counter-records-count'] : sample['flow-records-count']
  if (count > (format === 3 ? MAX_EXPANDED : MAX_PARTS)) return refuse(`too many flow records: ${count}`)
  const refused = readRecords(sample, count, reader)
  return refused === null ? sample : refused.within(context)
}

/** What goflow2 calls a sample that is cut short. */
const BODY_NAMES = ['', 'raw', 'eth', 'IPv4', 'eth', 'raw']

function readBody(header: SampleHeader, reader: OctetReader): Sample {
  switch (header.format) {
    case 1:
      return {
        header,
        'sampling-rate': reader.u32(),
        'sample-pool': reader.u32(),
        drops: reader.u32(),
        input: reader.u32(),
        output: reader.u32(),
        'flow-records-count': reader.u32(),
        records: [],
      }
    case 3:
      return {
        header,
        'sampling-rate': reader.u32(),
        'sample-pool': reader.u32(),
        drops: reader.u32(),
        'input-if-format': reader.u32(),
        'input-if-value': reader.u32(),
        'output-if-format': reader.u32(),
        'output-if-value': reader.u32(),
        'flow-records-count': reader.u32(),
        records: [],
      }
    case 5:
      return {
        header,
        drops: reader.u32(),
        input: reader.u32(),
        output: reader.u32(),
        reason: reader.u32(),
        'flow-records-count': reader.u32(),
        records: [],
      }
    default:
      return { header, 'counter-records-count': reader.u32(), records: [] }
  }
}

const NO_RECORD: SampleRecord = { header: { 'data-format': 0, length: 0 }, data: null }

/** Fills the records of a sample, empty ones where octets are missing. */
function readRecords(sample: Sample, count: number, reader: OctetReader): Fault | null {
  const isCounters = 'counter-records-count' in sample
  const { records } = sample
  while (records.length < count && reader.left >= 8) {
    const header = { 'data-format': reader.u32(), length: reader.u32() }
    if (header.length > reader.left) break
    const body = new OctetReader(reader.upTo(header.length))
    const data = (isCounters ? readCounterData : readFlowData)(header['data-format'], body)
    if (data instanceof Fault) {
      return new Fault('decode', `${isCounters ? 'counter' : 'record'} [${data.message}]`)
    }
    records.push({ header, data })
  }
  while (records.length < count) records.push(NO_RECORD)
  return null
}
