import { ECS_VERSION } from '../lib/ecs/document-form.ts'
import { newTrafficDocuments } from '../lib/ecs/traffic-documents.ts'
import type { DocumentWriter } from '../lib/flow/documents.ts'
import type { GeoSource } from '../lib/flow/geo.ts'
import type { RowDocumentSettings } from './row-documents.ts'

/** Makes the documents of tracked flows, with what the user adds to them; `own` is what the Agent adds. */
export function newTrackedDocuments(
  { form, isPacketbeat6 = false, events }: RowDocumentSettings,
  tags: readonly string[],
  own: Readonly<Record<string, unknown>>,
  geo: GeoSource | null,
): DocumentWriter {
  // The event's own data set stands there already.
  const { event: _, ...rest } = own
  const members: Record<string, unknown> = {
    ...(form === 'final' && !isPacketbeat6 && { ecs: { version: ECS_VERSION } }),
    ...(tags.length > 0 && { tags }),
    ...rest,
    ...fieldsOf(events),
  }
  return newTrafficDocuments({
    form: isPacketbeat6 ? 'packetbeat6' : 'ecs',
    communityIdForm: 'specified',
    dataset: 'network_traffic.flow',
    members: JSON.stringify(members).slice(1, -1),
    geo,
  })
}

function fieldsOf(events: RowDocumentSettings['events']): Record<string, unknown> {
  if (events === undefined) return {}
  const fields = events.keepsNull ? events.fields : withoutNull(events.fields)
  return Object.keys(fields).length === 0 ? {} : { fields }
}

function withoutNull(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = Object.entries(fields).filter(([, value]) => value !== null)
  return Object.fromEntries(
    kept.map(([name, value]) => {
      const isObject = typeof value === 'object' && !Array.isArray(value)
      return [name, isObject ? withoutNull(value as Record<string, unknown>) : value]
    }),
  )
}
