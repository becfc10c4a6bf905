import { headerLayout } from '../bytes/layout.ts'
import { type FixedColumn, FlowBatch } from '../flow/batch.ts'
import type { Datagram } from '../flow/datagram.ts'
import { defineField, F, PROTOCOL } from '../flow/fields.ts'
import { put, putWide } from './frame.ts'
import type { Issues } from './issues.ts'
import type { Origin } from './origin.ts'
import type { FrameReader } from './packet.ts'
import type { RowFinisher } from './records.ts'
import type { RecordWriters } from './settings.ts'
import { SampleRows, SFLOW_SAMPLE_KINDS, type SflowContext } from './sflow-context.ts'
import { COUNTER_STRUCTURES } from './sflow-counters.ts'
import { FlowRecordReader } from './sflow-flow-records.ts'
import { forwardingStatusOf, storeEgress, storeIngress } from './sflow-interfaces.ts'
import { StructureReader } from './sflow-structures.ts'
import { decodeSflow4 } from './sflow4.ts'
import { Xdr } from './xdr.ts'

/** Formats of samples (sFlow Version 5, "sample_data"; the last: "sFlow Dropped Packet Notification Structures"). */
const SAMPLE = { flow: 1, counters: 2, expandedFlow: 3, expandedCounters: 4, discard: 5 } as const

const FLOW = headerLayout({
  sequence: 4,
  source: 4,
  rate: 4,
  pool: 4,
  drops: 4,
  input: 4,
  output: 4,
  records: 4,
})

const EXPANDED_FLOW = headerLayout({
  sequence: 4,
  sourceClass: 4,
  sourceIndex: 4,
  rate: 4,
  pool: 4,
  drops: 4,
  inputFormat: 4,
  input: 4,
  outputFormat: 4,
  output: 4,
  records: 4,
})

const COUNTERS = headerLayout({ sequence: 4, source: 4, records: 4 })
const EXPANDED_COUNTERS = headerLayout({ sequence: 4, sourceClass: 4, sourceIndex: 4, records: 4 })

const DISCARD = headerLayout({
  sequence: 4,
  sourceClass: 4,
  sourceIndex: 4,
  drops: 4,
  input: 4,
  output: 4,
  reason: 4,
  records: 4,
})

/** Index of an expanded data source where the 24 bits of sourceId do not hold it. */
const SOURCE_INDEX = defineField('sourceIndex', 'u32', 'identifier')

/** The columns of every flow sample, looked up once per batch. */
class FlowSampleColumns {
  readonly packets: FixedColumn
  readonly source: FixedColumn
  readonly sequence: FixedColumn
  readonly pool: FixedColumn
  readonly drops: FixedColumn

  constructor(batch: FlowBatch) {
    this.packets = batch.fixed(F.packetDeltaCount)
    this.source = batch.fixed(F.sourceId)
    this.sequence = batch.fixed(F.sampleSequenceNumber)
    this.pool = batch.fixed(F.samplePool)
    this.drops = batch.fixed(F.sampleDrops)
  }
}

/** Decodes sFlow datagrams of versions 2, 4 and 5; one reader serves all agents. */
export class SflowReader {
  readonly #xdr = new Xdr()
  readonly #context: SflowContext
  readonly #flowRecords: FlowRecordReader
  readonly #counterStructures = new StructureReader(COUNTER_STRUCTURES)
  readonly #flows: SampleRows
  readonly #counters: SampleRows | null
  readonly #discards: SampleRows | null
  #columns = new FlowSampleColumns(new FlowBatch())
  #flowRows = 0

  /** Of the last datagram: its version, agent, sub-agent (-1 before version 5) and sequence number. */
  version = 0
  readonly agentAddress = new Uint32Array(4)
  subAgentId = -1
  sequenceNumber = 0
  /** Samples and records of the last datagram by kind, in the order of SFLOW_SAMPLE_KINDS. */
  readonly samples = new Uint32Array(SFLOW_SAMPLE_KINDS.length)
  readonly records = new Uint32Array(SFLOW_SAMPLE_KINDS.length)

  constructor(frames: FrameReader, writers: RecordWriters) {
    this.#context = {
      origin: NO_ORIGIN,
      finisher: NO_FINISHER,
      agentAddress: this.agentAddress,
      subAgentId: -1,
      samples: this.samples,
      records: this.records,
    }
    this.#flowRecords = new FlowRecordReader(frames)
    this.#flows = new SampleRows(writers.flow, this.#context)
    this.#counters = writers.counters === undefined ? null : new SampleRows(writers.counters, this.#context)
    this.#discards = writers.discard === undefined ? null : new SampleRows(writers.discard, this.#context)
  }

  /** Appends one row per flow sample, and per counter and discard sample where there is a writer; returns flow rows. */
  decode(datagram: Datagram, origin: Origin, finisher: RowFinisher, issues: Issues): number {
    const { octets, view, from, to } = datagram
    this.samples.fill(0)
    this.records.fill(0)
    this.#flowRows = 0
    if (to - from < 8) return issues.note('datagramTooShort')
    this.version = view.getUint32(from)
    const xdr = this.#xdr
    xdr.reset(octets, view, from + 4, to)
    const { version } = this
    if (version !== 5 && version !== 4 && version !== 2) return issues.note('unknownVersion')
    if (!xdr.addressWords(this.agentAddress, 0)) {
      if (xdr.isBroken) return issues.note('datagramTooShort')
      this.agentAddress.fill(0)
    }
    this.subAgentId = version === 5 ? xdr.u32() : -1
    this.sequenceNumber = xdr.u32()
    const uptime = xdr.u32()
    const count = xdr.u32()
    if (xdr.isBroken) return issues.note('datagramTooShort')

    origin.protocol = version === 5 ? PROTOCOL.sflow5 : version === 4 ? PROTOCOL.sflow4 : PROTOCOL.sflow2
    // sFlow has no clock but the uptime.
    origin.exportTime[0] = datagram.receivedNs[0]!
    origin.systemUptime = uptime
    origin.sequenceNumber = this.sequenceNumber
    origin.domain = -1
    origin.engineType = -1
    origin.engineId = -1
    origin.templateId = 0
    origin.layout = null
    const context = this.#context
    context.origin = origin
    context.finisher = finisher
    context.subAgentId = this.subAgentId

    if (version === 5) this.#samples(count, issues)
    else this.#flowRows = decodeSflow4(version, count, xdr, this.#context, this.#parts, issues)
    this.#flows.finish()
    this.#counters?.finish()
    this.#discards?.finish()
    return this.#flowRows
  }

  get #parts() {
    return {
      flows: this.#flows,
      counters: this.#counters,
      flowRecords: this.#flowRecords,
      counterStructures: this.#counterStructures,
    }
  }

  #samples(count: number, issues: Issues): void {
    const xdr = this.#xdr
    const { octets, view, to } = xdr
    let { at } = xdr
    // Every sample takes eight octets at least, so that the payload bounds the count.
    for (let i = 0; i < count; i++) {
      if (to - at < 8) {
        issues.note('sampleTruncated')
        return
      }
      const format = view.getUint32(at)
      const length = view.getUint32(at + 4)
      at += 8
      if (length > to - at) {
        issues.note('sampleTruncated')
        return
      }
      xdr.reset(octets, view, at, at + length)
      this.#sample(format, issues)
      at += length
    }
  }

  #sample(format: number, issues: Issues): void {
    const kind = format >= SAMPLE.flow && format <= SAMPLE.discard ? format - 1 : UNKNOWN_KIND
    this.samples[kind]!++
    switch (format) {
      case SAMPLE.flow:
        this.#flow(issues)
        break
      case SAMPLE.expandedFlow:
        this.#expandedFlow(issues)
        break
      case SAMPLE.counters:
      case SAMPLE.expandedCounters:
        this.#counterSample(format, issues)
        break
      case SAMPLE.discard:
        this.#discard(issues)
        break
      default:
        issues.note('unknownSample')
    }
  }

  #flow(issues: Issues): void {
    const xdr = this.#xdr
    const at = xdr.skip(FLOW.octets)
    if (at < 0) {
      issues.note('sampleTruncated')
      return
    }
    const { view } = xdr
    const { batch, row } = this.#openFlow(at, view.getUint32(at + FLOW.at.rate), FLOW.at.pool)
    put(this.#columns.source, row, view.getUint32(at + FLOW.at.source))
    const input = view.getUint32(at + FLOW.at.input)
    const output = view.getUint32(at + FLOW.at.output)
    storeIngress(batch, row, input, input >>> 30, input & 0x3fffffff)
    storeEgress(batch, row, output, output >>> 30, output & 0x3fffffff)
    this.#flowRecordsOf(SAMPLE.flow, view.getUint32(at + FLOW.at.records), batch, row, issues)
  }

  #expandedFlow(issues: Issues): void {
    const xdr = this.#xdr
    const at = xdr.skip(EXPANDED_FLOW.octets)
    if (at < 0) {
      issues.note('sampleTruncated')
      return
    }
    const { view } = xdr
    const { at: field } = EXPANDED_FLOW
    const { batch, row } = this.#openFlow(at, view.getUint32(at + field.rate), field.pool)
    storeSource(batch, row, view.getUint32(at + field.sourceClass), view.getUint32(at + field.sourceIndex))
    const input = view.getUint32(at + field.input)
    const output = view.getUint32(at + field.output)
    storeIngress(batch, row, input, view.getUint32(at + field.inputFormat), input)
    storeEgress(batch, row, output, view.getUint32(at + field.outputFormat), output)
    this.#flowRecordsOf(SAMPLE.expandedFlow, view.getUint32(at + field.records), batch, row, issues)
  }

  readonly #opened: { batch: FlowBatch; row: number } = { batch: new FlowBatch(), row: 0 }

  /** Opens a flow row and stores what both forms of the sample have at the same offsets from `poolAt` on. */
  #openFlow(at: number, rate: number, poolAt: number): { readonly batch: FlowBatch; readonly row: number } {
    const { view } = this.#xdr
    const row = this.#flows.open(rate)
    const { batch } = this.#flows
    this.#flowRows++
    if (batch.find(F.samplePool) !== this.#columns.pool) this.#columns = new FlowSampleColumns(batch)
    const columns = this.#columns
    putWide(columns.packets, row, 0, 1)
    put(columns.sequence, row, view.getUint32(at))
    put(columns.pool, row, view.getUint32(at + poolAt))
    put(columns.drops, row, view.getUint32(at + poolAt + 4))
    this.#opened.batch = batch
    this.#opened.row = row
    return this.#opened
  }

  /** Reads the records that follow the sample's header, each within its own length. */
  #flowRecordsOf(format: number, count: number, batch: FlowBatch, row: number, issues: Issues): void {
    const xdr = this.#xdr
    const { octets, view, to } = xdr
    let { at } = xdr
    for (let i = 0; i < count; i++) {
      if (to - at < 8 || view.getUint32(at + 4) > to - at - 8) {
        issues.note('sampleTruncated')
        return
      }
      const end = at + 8 + view.getUint32(at + 4)
      xdr.reset(octets, view, at + 8, end)
      this.records[format - 1]!++
      this.#flowRecords.read(view.getUint32(at), xdr, batch, row, issues)
      at = end
    }
  }

  #counterSample(format: number, issues: Issues): void {
    const xdr = this.#xdr
    const isExpanded = format === SAMPLE.expandedCounters
    const at = xdr.skip(isExpanded ? EXPANDED_COUNTERS.octets : COUNTERS.octets)
    if (at < 0) {
      issues.note('sampleTruncated')
      return
    }
    const { octets, view, to } = xdr
    const rows = this.#counters
    const count = view.getUint32(at + (isExpanded ? EXPANDED_COUNTERS.at.records : COUNTERS.at.records))
    const row = rows === null ? 0 : rows.open(0)
    if (rows !== null) {
      const { batch } = rows
      put(batch.fixed(F.sampleSequenceNumber), row, view.getUint32(at))
      const source = view.getUint32(at + 4)
      if (isExpanded) storeSource(batch, row, source, view.getUint32(at + 8))
      else put(batch.fixed(F.sourceId), row, source)
    }
    let next = xdr.at
    for (let i = 0; i < count; i++) {
      if (to - next < 8 || view.getUint32(next + 4) > to - next - 8) {
        issues.note('sampleTruncated')
        return
      }
      const end = next + 8 + view.getUint32(next + 4)
      this.records[format - 1]!++
      if (rows !== null) {
        xdr.reset(octets, view, next + 8, end)
        const isKnown = this.#counterStructures.read(view.getUint32(next), xdr, rows.batch, row)
        if (!isKnown) issues.note('unknownSampleRecord')
        if (xdr.isBroken) issues.note('badLength')
      }
      next = end
    }
  }

  /** A notification of dropped packets: never traffic. */
  #discard(issues: Issues): void {
    const xdr = this.#xdr
    const at = xdr.skip(DISCARD.octets)
    if (at < 0) {
      issues.note('sampleTruncated')
      return
    }
    const rows = this.#discards
    if (rows === null) return
    const { view } = xdr
    const { at: field } = DISCARD
    const row = rows.open(0)
    const { batch } = rows
    put(batch.fixed(F.sampleSequenceNumber), row, view.getUint32(at))
    storeSource(batch, row, view.getUint32(at + field.sourceClass), view.getUint32(at + field.sourceIndex))
    put(batch.fixed(F.sampleDrops), row, view.getUint32(at + field.drops))
    const input = view.getUint32(at + field.input)
    const output = view.getUint32(at + field.output)
    storeIngress(batch, row, input, 0, input)
    storeEgress(batch, row, output, 0, output)
    const reason = view.getUint32(at + field.reason)
    put(batch.fixed(F.dropReason), row, reason)
    put(batch.fixed(F.forwardingStatus), row, forwardingStatusOf(reason))
    this.#flowRecordsOf(SAMPLE.discard, view.getUint32(at + field.records), batch, row, issues)
  }
}

const UNKNOWN_KIND = SFLOW_SAMPLE_KINDS.indexOf('unknown')

/** Stores an expanded data source in the form of the compact one: class above, index below. */
function storeSource(batch: FlowBatch, row: number, sourceClass: number, index: number): void {
  put(batch.fixed(F.sourceId), row, (sourceClass << 24) | (index & 0xffffff))
  if (index > 0xffffff) put(batch.fixed(SOURCE_INDEX), row, index)
}

const NO_ORIGIN = {} as Origin
const NO_FINISHER: RowFinisher = { finish: () => {} }
