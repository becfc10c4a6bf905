import type { BatchWriter } from '../flow/batch-writer.ts'
import type { Datagram } from '../flow/datagram.ts'
import { PROTOCOL } from '../flow/fields.ts'
import { COMMON_HEAD, type FixedField, fixedTemplate, readFixedHeader, readFixedRecords } from './fixed.ts'
import type { Issues } from './issues.ts'
import type { Origin } from './origin.ts'
import type { RowFinisher } from './records.ts'
import type { Template } from './template.ts'

// Cisco, "NetFlow Export Datagram Format", tables B-1 and B-2.
const HEADER_OCTETS = 16
const RECORD: readonly FixedField[] = [
  ...COMMON_HEAD,
  ['skip', 2],
  ['protocolIdentifier', 1],
  ['ipClassOfService', 1],
  ['tcpControlBits', 1],
  // TCP retransmission counts that no router filled, and four reserved octets.
  ['skip', 7],
]
let template: Template | undefined

/** Decodes one NetFlow v1 datagram into rows and returns their number. */
export function decodeNetflow1(
  datagram: Datagram,
  origin: Origin,
  writer: BatchWriter,
  finisher: RowFinisher,
  issues: Issues,
): number {
  if (datagram.to - datagram.from < HEADER_OCTETS) return issues.note('datagramTooShort')
  origin.datagram = datagram
  readFixedHeader(origin, PROTOCOL.netflow1)
  template ??= fixedTemplate(PROTOCOL.netflow1, 48, RECORD)
  return readFixedRecords(template, HEADER_OCTETS, origin, writer, finisher, issues)
}
