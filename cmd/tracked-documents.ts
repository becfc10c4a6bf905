import { newChangedDocuments } from '../lib/ecs/changed-documents.ts'
import { ECS_VERSION } from '../lib/ecs/document-form.ts'
import { addFields } from '../lib/ecs/document-tree.ts'
import { type EventChange, readEventProcessors } from '../lib/ecs/event-processors.ts'
import { newTrafficDocuments } from '../lib/ecs/traffic-documents.ts'
import type { DocumentWriter } from '../lib/flow/documents.ts'
import type { GeoSource } from '../lib/flow/geo.ts'
import type { RowDocumentSettings } from './row-documents.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * Makes the documents of tracked flows, with what the user adds to them; `own` is what the Agent adds. Throws
 * CONFIG_INVALID for processors that there are not.
 */
export function newTrackedDocuments(
  { form, options: { events }, isPacketbeat6 = false }: RowDocumentSettings,
  tags: readonly string[],
  own: Fields,
  geo: GeoSource | null,
): DocumentWriter {
  // The event's own data set stands there already.
  const { event: _, ...rest } = own
  const fields = events === undefined ? {} : events.keepsNull ? events.fields : withoutNull(events.fields)
  const isBeside = events?.isUnderRoot === true
  const members: Record<string, unknown> = {
    ...(form === 'final' && !isPacketbeat6 && { ecs: { version: ECS_VERSION } }),
    ...(tags.length > 0 && { tags }),
    ...rest,
    ...(Object.keys(fields).length > 0 && !isBeside && { fields }),
  }
  const documents = newTrafficDocuments({
    form: isPacketbeat6 ? 'packetbeat6' : 'ecs',
    communityIdForm: 'specified',
    dataset: 'network_traffic.flow',
    members: JSON.stringify(members).slice(1, -1),
    geo,
  })
  return newChangedDocuments(documents, [
    ...(isBeside ? [fieldsChange(fields)] : []),
    ...(events === undefined ? [] : readEventProcessors(events.processors, events.processorsSource)),
  ])
}

/** Fields stand beside the event's own, and win. */
function fieldsChange(fields: Fields): EventChange {
  return (root) => {
    addFields(root, fields)
    return true
  }
}

function withoutNull(fields: Fields): Record<string, unknown> {
  const kept = Object.entries(fields).filter(([, value]) => value !== null)
  return Object.fromEntries(
    kept.map(([name, value]) => {
      const isObject = typeof value === 'object' && !Array.isArray(value)
      return [name, isObject ? withoutNull(value as Fields) : value]
    }),
  )
}
