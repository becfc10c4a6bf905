import type { Log } from '../diagnostics/log.ts'
import { PROTOCOL } from '../flow/fields.ts'
import type { TemplateEntry } from './session.ts'
import type { Sessions } from './sessions.ts'

/** Fields shown, for each makes 150 octets of the page: beyond, sessions are left out whole. */
const MOST_FIELDS = 100_000

/** A Field Specifier without enterprise. */
const FIELD_OCTETS = 4

interface PageField {
  readonly 'pen-provided': boolean
  readonly type: number
  readonly length: number
  readonly pen: number
}

/**
 * Templates as goflow2 2.2.6 shows them: by `address:port`, then by version << 48 | domain << 16 | id. All of them,
 * unless they are so many that the page would fill the memory; the log says how many are left out.
 */
export function templatePage(sessions: Sessions, log: Log): Record<string, Record<string, unknown>> {
  let octets = 0
  let omitted = 0
  const page: [string, Record<string, unknown>][] = []
  sessions.each((session) => {
    if (session.templateCount === 0) return
    if (octets + session.templateOctets > MOST_FIELDS * FIELD_OCTETS) {
      omitted += session.templateCount
      return
    }
    octets += session.templateOctets
    const { address } = session.exporter
    const source = address.includes(':') ? `[${address}]:${session.port}` : `${address}:${session.port}`
    const templates: [string, unknown][] = []
    for (const domain of session.domains.values()) {
      for (const [id, entry] of domain.templates) {
        if (entry.isWithdrawn) continue
        const key = (BigInt(domain.protocol) << 48n) | (BigInt(domain.id) << 16n) | BigInt(id)
        templates.push([String(key), describe(domain.protocol, id, entry)])
      }
    }
    page.push([source, Object.fromEntries(sorted(templates))])
  })
  if (omitted > 0) {
    const shown = sessions.templateCount - omitted
    log.limited('templates-page', 'too many templates for one page', { shown, omitted })
  }
  return Object.fromEntries(sorted(page))
}

function describe(protocol: number, id: number, entry: TemplateEntry): unknown {
  const fields = fieldsOf(protocol, entry.specifiers)
  if (!entry.isOptions) return { 'template-id': id, 'field-count': fields.length, fields }
  const scopes = fields.slice(0, entry.scopeCount)
  const options = fields.slice(entry.scopeCount)
  if (protocol === PROTOCOL.netflow9)
    return {
      'template-id': id,
      'scope-length': scopes.length * 4,
      'option-length': options.length * 4,
      scopes,
      options,
    }
  return {
    'template-id': id,
    'field-count': fields.length,
    'scope-field-count': scopes.length,
    options,
    scopes,
  }
}

function fieldsOf(protocol: number, specifiers: string): PageField[] {
  const octets = Buffer.from(specifiers, 'latin1')
  const fields: PageField[] = []
  for (let at = 0; at + 4 <= octets.length; ) {
    const type = octets.readUInt16BE(at)
    const length = octets.readUInt16BE(at + 2)
    at += 4
    const hasPen = protocol === PROTOCOL.ipfix && type >= 0x8000 && at + 4 <= octets.length
    fields.push({
      'pen-provided': hasPen,
      type: hasPen ? type & 0x7fff : type,
      length,
      pen: hasPen ? octets.readUInt32BE(at) : 0,
    })
    if (hasPen) at += 4
  }
  return fields
}

function sorted<Value>(entries: [string, Value][]): [string, Value][] {
  return entries.sort(([a], [b]) => (a < b ? -1 : 1))
}
