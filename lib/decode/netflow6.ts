import type { BatchWriter } from '../flow/batch-writer.ts'
import type { Datagram } from '../flow/datagram.ts'
import { PROTOCOL } from '../flow/fields.ts'
import { COMMON_HEAD, type FixedField, fixedTemplate, readFixedHeader, readFixedRecords } from './fixed.ts'
import type { Issues } from './issues.ts'
import { readNetflow5Tail } from './netflow5.ts'
import type { Origin } from './origin.ts'
import type { RowFinisher } from './records.ts'
import type { Template } from './template.ts'

const HEADER_OCTETS = 24

// Cisco never printed a table for v6. As flow-tools reads it: v5's record, then octets of encapsulation in and out
// and the peer's next hop, which later versions dropped.
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
  ['skip', 6],
]
let template: Template | undefined

/** Decodes one NetFlow v6 datagram into rows and returns their number. */
export function decodeNetflow6(
  datagram: Datagram,
  origin: Origin,
  writer: BatchWriter,
  finisher: RowFinisher,
  issues: Issues,
): number {
  if (datagram.to - datagram.from < HEADER_OCTETS) return issues.note('datagramTooShort')
  origin.datagram = datagram
  readFixedHeader(origin, PROTOCOL.netflow6)
  readNetflow5Tail(origin)
  template ??= fixedTemplate(PROTOCOL.netflow6, 52, RECORD)
  return readFixedRecords(template, HEADER_OCTETS, origin, writer, finisher, issues)
}
