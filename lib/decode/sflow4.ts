import { defineField, F } from '../flow/fields.ts'
import { put, putWide } from './frame.ts'
import type { Issues } from './issues.ts'
import type { SampleRows, SflowContext } from './sflow-context.ts'
import {
  type FlowRecordReader,
  readGateway,
  readPacket,
  readRouter,
  readSwitch,
} from './sflow-flow-records.ts'
import { storeEgress, storeIngress } from './sflow-interfaces.ts'
import type { StructureReader } from './sflow-structures.ts'
import type { Xdr } from './xdr.ts'

/** RFC 3176 §4: sample_types, packet_information_type, extended_information_type. */
const SAMPLE = { flow: 1, counters: 2 } as const
const PACKET = { header: 1, ipv4: 2, ipv6: 3 } as const
const EXTENDED = { switch: 1, router: 2, gateway: 3, user: 4, url: 5 } as const

/** counters_version: which structures of version 5 follow one another; the second 0 where there is only one. */
const COUNTERS: Readonly<Record<number, readonly [number, number]>> = {
  1: [1, 0], // generic
  2: [1, 2], // Ethernet
  3: [1, 3], // token ring
  4: [1, 0], // FDDI
  5: [1, 4], // 100BaseVG
  6: [1, 0], // WAN
  7: [5, 0], // VLAN
}

/** Octets of these structures, as nothing in a datagram of the old versions says them. */
const STRUCTURE_OCTETS: Readonly<Record<number, number>> = { 1: 88, 2: 52, 3: 72, 4: 80, 5: 28 }

const C = {
  samplingInterval: defineField('counterSamplingInterval', 'u32', 'quantity'),
  sourceUser: defineField('sourceUser', 'text'),
  destinationUser: defineField('destinationUser', 'text'),
  urlDirection: defineField('urlDirection', 'u32'),
  url: defineField('url', 'text'),
} as const

/** What a reader of version 5 lends for reading the old ones. */
export interface Sflow4Parts {
  readonly flows: SampleRows
  readonly counters: SampleRows | null
  readonly flowRecords: FlowRecordReader
  readonly counterStructures: StructureReader
}

/**
 * Decodes the samples of versions 2 and 4 (RFC 3176 §4) from where `xdr` stands; returns flow rows. Nothing in them
 * has a length: what is unknown or cut ends the datagram.
 */
export function decodeSflow4(
  version: number,
  count: number,
  xdr: Xdr,
  context: SflowContext,
  parts: Sflow4Parts,
  issues: Issues,
): number {
  let flowRows = 0
  for (let i = 0; i < count; i++) {
    const type = xdr.u32()
    if (xdr.isBroken) {
      issues.note('sampleTruncated')
      break
    }
    if (type === SAMPLE.flow) {
      context.samples[0]!++
      if (xdr.left >= 32) flowRows++
      if (!readFlow(version, xdr, context, parts, issues)) break
    } else if (type === SAMPLE.counters) {
      context.samples[1]!++
      if (!readCounters(xdr, context, parts, issues)) break
    } else {
      context.samples[5]!++
      issues.note('unknownSample')
      break
    }
  }
  return flowRows
}

function readFlow(
  version: number,
  xdr: Xdr,
  context: SflowContext,
  { flows, flowRecords }: Sflow4Parts,
  issues: Issues,
): boolean {
  const at = xdr.skip(32)
  if (at < 0) {
    issues.note('sampleTruncated')
    return false
  }
  const { view } = xdr
  const row = flows.open(view.getUint32(at + 8))
  const { batch } = flows
  putWide(batch.fixed(F.packetDeltaCount), row, 0, 1)
  put(batch.fixed(F.sampleSequenceNumber), row, view.getUint32(at))
  put(batch.fixed(F.sourceId), row, view.getUint32(at + 4))
  put(batch.fixed(F.samplePool), row, view.getUint32(at + 12))
  put(batch.fixed(F.sampleDrops), row, view.getUint32(at + 16))
  const input = view.getUint32(at + 20)
  const output = view.getUint32(at + 24)
  // Only the top bit has a meaning before version 5, and only for the output: several interfaces.
  storeIngress(batch, row, input, 0, input)
  storeEgress(batch, row, output, (output >>> 31) * 2, output)
  context.records[0]!++
  switch (view.getUint32(at + 28)) {
    case PACKET.header:
      flowRecords.header(xdr, version, batch, row, issues)
      break
    case PACKET.ipv4:
      readPacket(xdr, 4, batch, row)
      break
    case PACKET.ipv6:
      readPacket(xdr, 6, batch, row)
      break
    default:
      issues.note('unknownSampleRecord')
      return false
  }
  const extensions = xdr.u32()
  for (let i = 0; i < extensions && !xdr.isBroken; i++) {
    const type = xdr.u32()
    if (xdr.isBroken) break
    context.records[0]!++
    switch (type) {
      case EXTENDED.switch:
        readSwitch(xdr, batch, row)
        break
      case EXTENDED.router:
        readRouter(xdr, batch, row)
        break
      case EXTENDED.gateway:
        readGateway(xdr, version, batch, row)
        break
      case EXTENDED.user:
        xdr.text(batch.octets(C.sourceUser), row)
        xdr.text(batch.octets(C.destinationUser), row)
        break
      case EXTENDED.url:
        put(batch.fixed(C.urlDirection), row, xdr.u32())
        xdr.text(batch.octets(C.url), row)
        break
      default:
        issues.note('unknownSampleRecord')
        return false
    }
  }
  if (xdr.isBroken) issues.note('sampleTruncated')
  return !xdr.isBroken
}

function readCounters(
  xdr: Xdr,
  context: SflowContext,
  { counters, counterStructures }: Sflow4Parts,
  issues: Issues,
): boolean {
  const at = xdr.skip(16)
  if (at < 0) {
    issues.note('sampleTruncated')
    return false
  }
  const { view } = xdr
  const formats = COUNTERS[view.getUint32(at + 12)]
  if (formats === undefined) {
    issues.note('unknownSampleRecord')
    return false
  }
  const row = counters === null ? 0 : counters.open(0)
  if (counters !== null) {
    const { batch } = counters
    put(batch.fixed(F.sampleSequenceNumber), row, view.getUint32(at))
    put(batch.fixed(F.sourceId), row, view.getUint32(at + 4))
    put(batch.fixed(C.samplingInterval), row, view.getUint32(at + 8))
  }
  for (const format of formats) {
    if (format === 0) continue
    const end = xdr.at + STRUCTURE_OCTETS[format]!
    if (end > xdr.to) {
      issues.note('sampleTruncated')
      return false
    }
    context.records[1]!++
    if (counters !== null) counterStructures.read(format, xdr, counters.batch, row)
    xdr.at = end
  }
  return true
}
