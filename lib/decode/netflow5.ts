import type { BatchWriter } from '../flow/batch-writer.ts'
import type { Datagram } from '../flow/datagram.ts'
import { PROTOCOL, SAMPLING_SOURCE } from '../flow/fields.ts'
import { COMMON_HEAD, type FixedField, fixedTemplate, readFixedHeader, readFixedRecords } from './fixed.ts'
import type { Issues } from './issues.ts'
import type { Origin } from './origin.ts'
import type { RowFinisher } from './records.ts'
import type { Template } from './template.ts'

const HEADER_OCTETS = 24

// Cisco, "NetFlow Export Datagram Format", table B-4.
const RECORD: readonly FixedField[] = [
  ...COMMON_HEAD,
  ['skip', 1],
  ['tcpControlBits', 1],
  ['protocolIdentifier', 1],
  ['ipClassOfService', 1],
  ['bgpSourceAsNumber', 2],
  ['bgpDestinationAsNumber', 2],
  ['sourceIPv4PrefixLength', 1],
  ['destinationIPv4PrefixLength', 1],
  ['skip', 2],
]
let template: Template | undefined

/** Decodes one NetFlow v5 datagram into rows and returns their number. */
export function decodeNetflow5(
  datagram: Datagram,
  origin: Origin,
  writer: BatchWriter,
  finisher: RowFinisher,
  issues: Issues,
): number {
  if (datagram.to - datagram.from < HEADER_OCTETS) return issues.note('datagramTooShort')
  origin.datagram = datagram
  readFixedHeader(origin, PROTOCOL.netflow5)
  readNetflow5Tail(origin)
  template ??= fixedTemplate(PROTOCOL.netflow5, 48, RECORD)
  return readFixedRecords(template, HEADER_OCTETS, origin, writer, finisher, issues)
}

/** The header's part that only v5 and v6 have (table B-3): sequence, engine, sampling. */
export function readNetflow5Tail(origin: Origin): void {
  const { view, from } = origin.datagram
  origin.sequenceNumber = view.getUint32(from + 16)
  origin.engineType = view.getUint8(from + 20)
  origin.engineId = view.getUint8(from + 21)
  // Two bits of mode, fourteen of interval. Many exporters leave the mode 0.
  origin.samplingWord = view.getUint16(from + 22)
  const rate = origin.samplingWord & 0x3fff
  origin.samplingRate = rate
  origin.samplingSource = rate > 0 ? SAMPLING_SOURCE.header : SAMPLING_SOURCE.unknown
}
