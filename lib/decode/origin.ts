import type { FlowBatch } from '../flow/batch.ts'
import type { Datagram } from '../flow/datagram.ts'
import { F } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'

/** What all records of a set or sample share; one object is reused for every datagram. */
export interface Origin {
  /** A PROTOCOL value. */
  protocol: number
  datagram: Datagram
  /** Nanoseconds since the epoch at which the exporter sent it. */
  readonly exportTime: BigUint64Array
  /** Milliseconds; -1 where the protocol has none. */
  systemUptime: number
  sequenceNumber: number
  /** Observation domain, source id; -1 where the protocol has none. */
  domain: number
  /** -1 where the protocol has none. */
  engineType: number
  engineId: number
  /** What only NetFlow v5, v6 and v8 say; -1 elsewhere. */
  samplingWord: number
  aggregation: number
  aggregationVersion: number
  /** 0 where no template stands behind the rows. */
  templateId: number
  layout: Layout | null
  samplingRate: number
  /** A SAMPLING_SOURCE value. */
  samplingSource: number
}

/** An origin of nothing yet, for datagrams described by `datagram`. */
export function newOrigin(datagram: Datagram): Origin {
  return {
    protocol: 0,
    datagram,
    exportTime: new BigUint64Array(1),
    systemUptime: -1,
    sequenceNumber: 0,
    domain: -1,
    engineType: -1,
    engineId: -1,
    samplingWord: -1,
    aggregation: -1,
    aggregationVersion: -1,
    templateId: 0,
    layout: null,
    samplingRate: 0,
    samplingSource: 0,
  }
}

/** Makes an origin what `newOrigin` gives, for reuse by the next datagram. */
export function resetOrigin(origin: Origin, datagram: Datagram): void {
  origin.protocol = 0
  origin.datagram = datagram
  origin.systemUptime = -1
  origin.sequenceNumber = 0
  origin.domain = -1
  origin.engineType = -1
  origin.engineId = -1
  origin.samplingWord = -1
  origin.aggregation = -1
  origin.aggregationVersion = -1
  origin.templateId = 0
  origin.layout = null
  origin.samplingRate = 0
  origin.samplingSource = 0
}

/** Fills the origin columns of rows `[from, to)`. For one row, stores beat `fill`; both are needed. */
export function fillOrigin(batch: FlowBatch, from: number, to: number, origin: Origin): void {
  const { datagram } = origin
  fillNumber(batch, F.exportProtocol, from, to, origin.protocol)
  fillWide(batch, F.timeReceived, from, to, datagram.receivedNs)
  fillWide(batch, F.exportTime, from, to, origin.exportTime)
  const exporter = batch.fixed(F.exporterAddress)
  const { address } = datagram
  for (let row = from, at = from * 4; row < to; row++, at += 4) {
    exporter.values[at] = address[0]!
    exporter.values[at + 1] = address[1]!
    exporter.values[at + 2] = address[2]!
    exporter.values[at + 3] = address[3]!
  }
  fillOnes(exporter.present, from, to)
  fillNumber(batch, F.exporterPort, from, to, datagram.port)
  fillNumber(batch, F.sequenceNumber, from, to, origin.sequenceNumber)
  if (origin.systemUptime >= 0) fillNumber(batch, F.systemUptime, from, to, origin.systemUptime)
  if (origin.domain >= 0) fillNumber(batch, F.observationDomainId, from, to, origin.domain)
  if (origin.engineType >= 0) {
    fillNumber(batch, F.engineType, from, to, origin.engineType)
    fillNumber(batch, F.engineId, from, to, origin.engineId)
  }
  if (origin.samplingWord >= 0) fillNumber(batch, F.headerSampling, from, to, origin.samplingWord)
  if (origin.aggregation >= 0) {
    fillNumber(batch, F.aggregation, from, to, origin.aggregation)
    fillNumber(batch, F.aggregationVersion, from, to, origin.aggregationVersion)
  }
  if (origin.templateId > 0) fillNumber(batch, F.templateId, from, to, origin.templateId)
  if (origin.layout !== null) fillNumber(batch, F.layout, from, to, batch.layoutNumber(origin.layout))
  if (origin.samplingSource > 0) {
    fillNumber(batch, F.samplingRate, from, to, origin.samplingRate)
    fillNumber(batch, F.samplingSource, from, to, origin.samplingSource)
  }
}

type NumberField = Parameters<FlowBatch['fixed']>[0]

/** Sets rows `[from, to)` of a column of one word or less a row. */
export function fillNumber(
  batch: FlowBatch,
  field: NumberField,
  from: number,
  to: number,
  value: number,
): void {
  const { values, present } = batch.fixed(field)
  if (to - from < 16) {
    for (let row = from; row < to; row++) {
      values[row] = value
      present[row] = 1
    }
    return
  }
  values.fill(value, from, to)
  present.fill(1, from, to)
}

function fillWide(
  batch: FlowBatch,
  field: NumberField,
  from: number,
  to: number,
  value: BigUint64Array,
): void {
  const { wide, present } = batch.fixed(field)
  for (let row = from; row < to; row++) wide[row] = value[0]!
  fillOnes(present, from, to)
}

function fillOnes(present: Uint8Array, from: number, to: number): void {
  if (to - from < 16) for (let row = from; row < to; row++) present[row] = 1
  else present.fill(1, from, to)
}
