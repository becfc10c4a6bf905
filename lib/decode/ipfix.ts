import { headerLayout } from '../bytes/layout.ts'
import { PROTOCOL } from '../flow/fields.ts'
import type { MessageParts } from './message-parts.ts'
import type { Origin } from './origin.ts'
import type { Session } from './session.ts'
import { writeScaled } from './times.ts'

// RFC 7011 §3.1.
const HEADER = headerLayout({ version: 2, length: 2, exportTime: 4, sequence: 4, domain: 4 })
const TEMPLATES = 2
const OPTIONS_TEMPLATES = 3
const FIRST_DATA = 256

/** Decodes the IPFIX Message or Messages in one datagram of a session; returns rows of flows. */
export function decodeIpfix(session: Session, origin: Origin, nowMs: number, parts: MessageParts): number {
  const { from, to, view } = origin.datagram
  const { issues, sets } = parts
  if (to - from < HEADER.octets) return issues.note('datagramTooShort')
  sets.rows = 0
  for (let at = from; to - at >= HEADER.octets && view.getUint16(at) === PROTOCOL.ipfix; ) {
    const length = view.getUint16(at + HEADER.at.length)
    let end = at + length
    // A length that cannot be is not worth losing the sets for: the payload's end bounds them as well.
    if (length < HEADER.octets || end > to) {
      issues.note('badLength')
      end = to
    }
    readMessage(session, at, end, origin, nowMs, parts)
    at = end
  }
  return sets.rows
}

/** Reads a Message Header and its Sets. */
function readMessage(
  session: Session,
  start: number,
  to: number,
  origin: Origin,
  nowMs: number,
  parts: MessageParts,
): void {
  const { sets, templates, issues } = parts
  const { view } = origin.datagram
  origin.protocol = PROTOCOL.ipfix
  writeScaled(parts.exportWords, 0, 0, view.getUint32(start + HEADER.at.exportTime), 1e9)
  origin.sequenceNumber = view.getUint32(start + HEADER.at.sequence)
  origin.domain = view.getUint32(start + HEADER.at.domain)
  const domain = parts.sessions.domain(session, PROTOCOL.ipfix, origin.domain, 'records')
  const counts = session.exporter.countsOf(PROTOCOL.ipfix)
  counts.datagrams++
  sets.begin()
  for (let at = start + HEADER.octets; to - at >= 4; ) {
    const id = view.getUint16(at)
    const length = view.getUint16(at + 2)
    if (length < 4) {
      if (id !== 0 || length !== 0) issues.note('setTooShort')
      break
    }
    let end = at + length
    if (end > to) {
      issues.note('setTooLong')
      end = to
    }
    const content = at + 4
    if (id >= FIRST_DATA) sets.decode(domain, id, content, end, origin, counts, nowMs)
    else if (id === TEMPLATES) templates.readTemplates(domain, content, end, origin, counts, nowMs)
    else if (id === OPTIONS_TEMPLATES) templates.readIpfixOptions(domain, content, end, origin, counts, nowMs)
    // RFC 7011 §3.3.2: set ids 0 and 1 are not used and 4 to 255 are reserved; they are skipped by length.
    at = end
  }
  sets.replay(domain, counts, origin)
  // RFC 7011 §3.1: the number of Data Records sent before this Message.
  domain.sequence.note(origin.sequenceNumber, sets.messageRecords, -1, parts.waiting)
}
