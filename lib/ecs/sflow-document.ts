import { type DocumentForm, ECS_VERSION } from './document-form.ts'
import { compileDocument, type DocumentProgram, PRINT, SKIP } from './document-program.ts'
import type { DocumentStep } from './document-steps.ts'
import { addFields, constant, emptyObject, rowValue, setValue } from './document-tree.ts'
import { KEY, type LINE_KEYS } from './line-values.ts'

/** The tag that keeps the line as `event.original`. */
export const PRESERVE_ORIGINAL = 'preserve_original_event'

export interface SflowDocumentSettings {
  readonly form: DocumentForm
  readonly tags: readonly string[]
  readonly hasGeo: boolean
  /** Whether flows get a Community ID, which Elastic's pipeline does not give them. */
  readonly hasCommunityId: boolean
  /** Offset of the zone, as `+02:00`; null leaves `event.timezone` out. */
  readonly timezone: string | null
  readonly fields: Readonly<Record<string, unknown>>
  readonly steps: readonly DocumentStep[]
}

/** Bit of a mask that stands for keys which no field takes; the keys' own bits are their numbers. */
export const HAS_LEFTOVERS = 16
/** Side of a flow, as PRINT.address and PRINT.geo count them. */
export const SOURCE = 0
export const DESTINATION = 1

type Key = (typeof LINE_KEYS)[number]

/** Compiles the document of lines that hold the keys of `mask`. */
export function compileSflow(mask: number, settings: SflowDocumentSettings): DocumentProgram {
  const has = (key: Key) => (mask & (1 << KEY[key])) !== 0
  const root = commonTree(settings)
  /** Puts a key's value under a path, if lines have it. */
  const put = (path: string, key: Key, print: number, isQuoted = false) => {
    if (has(key)) setValue(root, path, rowValue(print, KEY[key], 0, isQuoted))
  }
  setValue(root, '@timestamp', rowValue(PRINT.lineTime, KEY.time_flow_start_ns, 0, true))
  setValue(root, 'event.kind', constant('event'))
  if (settings.tags.includes(PRESERVE_ORIGINAL))
    setValue(root, 'event.original', rowValue(PRINT.line, 0, 0, true))
  if (has('bytes') && has('sampling_rate')) setValue(root, 'network.bytes', rowValue(PRINT.lineProduct))
  put('event.action', 'type', PRINT.span)
  put('observer.ip', 'sampler_address', PRINT.spanList)
  put('sflow.sequence_num', 'sequence_num', PRINT.span)
  put('observer.ingress.interface.id', 'in_if', PRINT.spanText, true)
  put('observer.egress.interface.id', 'out_if', PRINT.spanText, true)
  put('observer.ingress.vlan.id', 'src_vlan', PRINT.spanText, true)
  put('observer.egress.vlan.id', 'dst_vlan', PRINT.spanText, true)
  put('network.type', 'etype', PRINT.spanLower, true)
  put('network.transport', 'proto', PRINT.spanLower, true)
  put('network.packets', 'sampling_rate', PRINT.span)
  put('sflow.sample_rate', 'sampling_rate', PRINT.span)
  put('sflow.bytes', 'bytes', PRINT.span)
  for (const [name, side, address, port] of [
    ['source', SOURCE, 'src_addr', 'src_port'],
    ['destination', DESTINATION, 'dst_addr', 'dst_port'],
  ] as const) {
    put(`${name}.ip`, address, PRINT.span)
    put(`${name}.address`, address, PRINT.spanList)
    put(`${name}.port`, port, PRINT.span)
    if (!has(address) || !settings.hasGeo) continue
    setValue(root, `${name}.geo`, rowValue(PRINT.geo, side, 0, false, { skip: SKIP.ifNoGeo, a: side }))
    setValue(root, `${name}.as`, rowValue(PRINT.as, side, 0, false, { skip: SKIP.ifNoAs, a: side }))
  }
  if (settings.hasCommunityId && has('src_addr') && has('dst_addr') && has('proto')) {
    setValue(root, 'network.community_id', rowValue(PRINT.communityId, 0, 0, true))
  }
  if (has('src_addr') || has('dst_addr')) setValue(root, 'related.ip', rowValue(PRINT.lineRelated))
  if ((mask & (1 << HAS_LEFTOVERS)) !== 0) setValue(root, 'goflow2', rowValue(PRINT.leftovers))
  return finish(root, settings)
}

/** The document of a line that is no flow: the line as it was, and why. */
export function compileFailure(settings: SflowDocumentSettings): DocumentProgram {
  const tags = settings.tags.includes(PRESERVE_ORIGINAL)
    ? settings.tags
    : [...settings.tags, PRESERVE_ORIGINAL]
  const root = commonTree({ ...settings, tags })
  setValue(root, '@timestamp', rowValue(PRINT.readTime, 0, 0, true))
  setValue(root, 'event.kind', constant('pipeline_error'))
  setValue(root, 'event.original', rowValue(PRINT.line, 0, 0, true))
  setValue(root, 'message', rowValue(PRINT.line, 0, 0, true))
  setValue(root, 'error.message', rowValue(PRINT.lineError, 0, 0, true))
  return finish(root, settings)
}

/** What the Agent sends of any line. */
export function compileAgent(settings: SflowDocumentSettings): DocumentProgram {
  const root = emptyObject()
  setValue(root, '@timestamp', rowValue(PRINT.readTime, 0, 0, true))
  setValue(root, 'message', rowValue(PRINT.line, 0, 0, true))
  if (settings.tags.length > 0) setValue(root, 'tags', constant(settings.tags))
  if (settings.timezone !== null) setValue(root, 'event.timezone', constant(settings.timezone))
  return finish(root, settings)
}

function commonTree({ tags, timezone }: SflowDocumentSettings) {
  const root = emptyObject()
  setValue(root, 'ecs.version', constant(ECS_VERSION))
  setValue(root, 'event.category', constant(['network']))
  setValue(root, 'event.type', constant(['connection']))
  if (timezone !== null) setValue(root, 'event.timezone', constant(timezone))
  if (tags.length > 0) setValue(root, 'tags', constant(tags))
  return root
}

function finish(root: ReturnType<typeof emptyObject>, settings: SflowDocumentSettings): DocumentProgram {
  addFields(root, settings.fields)
  for (const step of settings.steps) step(root)
  return compileDocument(root, 0)
}
