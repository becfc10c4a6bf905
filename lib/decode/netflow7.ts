import type { BatchWriter } from '../flow/batch-writer.ts'
import type { Datagram } from '../flow/datagram.ts'
import { PROTOCOL } from '../flow/fields.ts'
import { COMMON_HEAD, type FixedField, fixedTemplate, readFixedHeader, readFixedRecords } from './fixed.ts'
import type { Issues } from './issues.ts'
import type { Origin } from './origin.ts'
import type { RowFinisher } from './records.ts'
import type { Template } from './template.ts'

const HEADER_OCTETS = 24

// Cisco, "NetFlow Export Datagram Format", table B-6: v5's record with flags that tell which fields are not valid,
// and the address of the router that the switch bypasses.
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
  ['flagsAndSamplerId', 2],
  ['ipv4RouterSc', 4],
]
let template: Template | undefined

/** Decodes one NetFlow v7 datagram (Catalyst switches) into rows and returns their number. */
export function decodeNetflow7(
  datagram: Datagram,
  origin: Origin,
  writer: BatchWriter,
  finisher: RowFinisher,
  issues: Issues,
): number {
  if (datagram.to - datagram.from < HEADER_OCTETS) return issues.note('datagramTooShort')
  origin.datagram = datagram
  readFixedHeader(origin, PROTOCOL.netflow7)
  // Table B-5: a sequence number and four reserved octets.
  origin.sequenceNumber = datagram.view.getUint32(datagram.from + 16)
  template ??= fixedTemplate(PROTOCOL.netflow7, 52, RECORD)
  return readFixedRecords(template, HEADER_OCTETS, origin, writer, finisher, issues)
}
