import { headerLayout } from '../bytes/layout.ts'
import { PROTOCOL } from '../flow/fields.ts'
import type { MessageParts } from './message-parts.ts'
import type { Origin } from './origin.ts'
import type { Session } from './session.ts'
import { writeScaled } from './times.ts'

// RFC 3954 §5.1. The count is unreliable in the field and is not used.
const HEADER = headerLayout({ version: 2, count: 2, uptime: 4, seconds: 4, sequence: 4, sourceId: 4 })
const TEMPLATES = 0
const OPTIONS_TEMPLATES = 1
const FIRST_DATA = 256
/** Datagrams glued into one payload must be of one source and one day. */
const GLUE_SECONDS = 86_400

/** Decodes one NetFlow v9 datagram of a session; returns rows of flows. */
export function decodeNetflow9(session: Session, origin: Origin, nowMs: number, parts: MessageParts): number {
  const { datagram } = origin
  if (datagram.to - datagram.from < HEADER.octets) return parts.issues.note('datagramTooShort')
  parts.sets.rows = 0
  for (let at = datagram.from; at >= 0; ) at = readMessage(session, at, origin, nowMs, parts)
  return parts.sets.rows
}

/** Reads a header and its FlowSets; returns where another datagram was glued on, or -1. */
function readMessage(
  session: Session,
  start: number,
  origin: Origin,
  nowMs: number,
  parts: MessageParts,
): number {
  const { sets, templates, issues } = parts
  const { view, to } = origin.datagram
  origin.protocol = PROTOCOL.netflow9
  origin.systemUptime = view.getUint32(start + HEADER.at.uptime)
  writeScaled(parts.exportWords, 0, 0, view.getUint32(start + HEADER.at.seconds), 1e9)
  origin.sequenceNumber = view.getUint32(start + HEADER.at.sequence)
  origin.domain = view.getUint32(start + HEADER.at.sourceId)
  const domain = parts.sessions.domain(session, PROTOCOL.netflow9, origin.domain, 'datagrams')
  const counts = session.exporter.countsOf(PROTOCOL.netflow9)
  counts.datagrams++
  sets.begin()
  let glued = -1
  for (let at = start + HEADER.octets; to - at >= 4; ) {
    const id = view.getUint16(at)
    const length = view.getUint16(at + 2)
    if (id === PROTOCOL.netflow9 && isGlued(view, at, to, start)) {
      glued = at
      break
    }
    if (length < 4) {
      // Exporters fill up with zeros; anything else leaves no way to find the next set.
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
    else if (id === OPTIONS_TEMPLATES)
      templates.readNetflow9Options(domain, content, end, origin, counts, nowMs)
    // RFC 3954 §5.3: other ids below 256 are reserved; their sets are skipped by length.
    at = end
  }
  sets.replay(domain, counts, origin)
  domain.sequence.note(origin.sequenceNumber, sets.messageRecords, origin.systemUptime, parts.waiting)
  return glued
}

/** Whether a second header of the same source begins at `at`. */
function isGlued(view: DataView, at: number, to: number, start: number): boolean {
  if (to - at < HEADER.octets) return false
  const seconds = view.getUint32(at + HEADER.at.seconds) - view.getUint32(start + HEADER.at.seconds)
  if (Math.abs(seconds) > GLUE_SECONDS) return false
  return view.getUint32(at + HEADER.at.sourceId) === view.getUint32(start + HEADER.at.sourceId)
}
