import { FlowError } from '../diagnostics/flow-error.ts'
import type { DocumentStep } from './document-steps.ts'
import {
  addFields,
  constant,
  type DocumentObject,
  objectAt,
  removeValue,
  setValue,
  valueAt,
} from './document-tree.ts'

/** What a configuration's `processors` ask for, under the names that Elastic's Beats have. */
export interface Processors {
  /** Change documents when they are compiled. */
  readonly steps: readonly DocumentStep[]
  /** `add_locale`: how the zone is written; null where it is not asked for. */
  readonly locale: 'offset' | 'abbreviation' | null
  /** `community_id`: Community IDs for documents that have none. */
  readonly hasCommunityId: boolean
  /** `drop_event`: filters of the flows that make no documents. */
  readonly dropped: readonly string[]
}

type Settings = Readonly<Record<string, unknown>>

function fail(path: string, what: string): never {
  throw new FlowError('CONFIG_INVALID', `${path}: ${what}`)
}

/**
 * The processors of a list as Beats have it: each an object of one key. `path` names the list in messages. Throws
 * CONFIG_INVALID for processors that there are not, and for settings of a wrong form.
 */
export function readProcessors(value: unknown, path: string): Processors {
  if (value === null || value === undefined)
    return { steps: [], locale: null, hasCommunityId: false, dropped: [] }
  if (!Array.isArray(value)) fail(path, 'processors must be a list')
  const steps: DocumentStep[] = []
  let locale: Processors['locale'] = null
  let hasCommunityId = false
  const dropped: string[] = []
  value.forEach((entry, i) => {
    const place = `${path}[${i}]`
    const pairs = typeof entry === 'object' && entry !== null ? Object.entries(entry) : []
    const [pair] = pairs
    if (pair === undefined || pairs.length !== 1) fail(place, 'a processor is an object of one key')
    const [name, given] = pair
    const settings = (given ?? {}) as Settings
    if (typeof settings !== 'object' || Array.isArray(settings)) fail(place, `${name} wants settings`)
    if ('when' in settings)
      fail(place, `${name} holds for every document: leave out when, or use drop_event with a filter`)
    if (name === 'add_locale') locale = settings['format'] === 'abbreviation' ? 'abbreviation' : 'offset'
    else if (name === 'community_id') hasCommunityId = true
    else if (name === 'drop_event') dropped.push(droppedFilter(settings, place))
    else steps.push(stepOf(name, settings, place))
  })
  return { steps, locale, hasCommunityId, dropped }
}

function stepOf(name: string, settings: Settings, place: string): DocumentStep {
  switch (name) {
    case 'add_fields':
      return addFieldsStep(settings, place)
    case 'add_tags':
      return addTagsStep(settings, place)
    case 'drop_fields':
      return dropFieldsStep(settings, place)
    case 'rename':
      return renameStep(settings, place)
    case 'fingerprint':
      // Every document has an _id made of its record, whatever fields are named.
      if (settings['target_field'] === '@metadata._id') return () => {}
      return fail(place, 'fingerprint makes ids only: give it target_field @metadata._id, or leave it out')
    default:
      return fail(
        place,
        `${name} is not known; there are add_fields, add_tags, add_locale, community_id, drop_event, drop_fields, rename`,
      )
  }
}

/** Which flows go is told by a filter of ours; Beats' conditions look at documents, which are not made of such flows. */
function droppedFilter({ filter }: Settings, place: string): string {
  if (typeof filter === 'string' && filter.trim() !== '') return filter
  return fail(place, 'drop_event wants filter, the text of a filter such as "dst port 53"')
}

function texts(value: unknown, place: string, name: string): string[] {
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) {
    fail(place, `${name} must be a list of texts`)
  }
  return value
}

/** Beats put fields under `fields` unless `target` says otherwise; an empty one is the document itself. */
function addFieldsStep(settings: Settings, place: string): DocumentStep {
  const { fields, target = 'fields' } = settings
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    fail(place, 'add_fields wants fields, a map')
  }
  if (typeof target !== 'string') fail(place, 'target must be a text')
  return (root) => addFields(target === '' ? root : objectAt(root, target), fields as Settings)
}

function addTagsStep(settings: Settings, place: string): DocumentStep {
  const tags = texts(settings['tags'], place, 'tags')
  const target = settings['target'] ?? 'tags'
  if (typeof target !== 'string') fail(place, 'target must be a text')
  return (root) => {
    const known = valueAt(root, target)
    const before = known?.kind === 'constant' ? (JSON.parse(known.json) as string[]) : []
    setValue(root, target, constant([...before, ...tags]))
  }
}

/** Documents need their time, as in Beats; a pattern between slashes is a regular expression over whole names. */
function dropFieldsStep(settings: Settings, place: string): DocumentStep {
  const fields = texts(settings['fields'], place, 'fields').filter((name) => name !== '@timestamp')
  const patterns = fields.filter(isPattern).map((text) => patternOf(text.slice(1, -1), place))
  const names = fields.filter((text) => !isPattern(text))
  return (root) => {
    for (const name of names) removeValue(root, name)
    if (patterns.length === 0) return
    for (const name of leafNames(root, '')) {
      if (name !== '@timestamp' && patterns.some((pattern) => pattern.test(name))) removeValue(root, name)
    }
  }
}

function patternOf(text: string, place: string): RegExp {
  try {
    return new RegExp(text)
  } catch {
    return fail(place, `/${text}/ is no regular expression`)
  }
}

function isPattern(text: string): boolean {
  return text.length > 2 && text.startsWith('/') && text.endsWith('/')
}

function leafNames({ entries }: DocumentObject, prefix: string): string[] {
  return [...entries].flatMap(([name, value]) =>
    value.kind === 'object' ? leafNames(value, `${prefix}${name}.`) : [`${prefix}${name}`],
  )
}

/** A field that is not there, or whose new name is taken, stays as it is. */
function renameStep(settings: Settings, place: string): DocumentStep {
  const { fields } = settings
  if (!Array.isArray(fields)) fail(place, 'rename wants fields, a list of from and to')
  const pairs = fields.map((pair: unknown) => {
    const { from, to } = (pair ?? {}) as Settings
    if (typeof from !== 'string' || typeof to !== 'string') fail(place, 'rename wants from and to')
    return [from, to] as const
  })
  return (root) => {
    for (const [from, to] of pairs) {
      const value = valueAt(root, from)
      if (value === undefined || valueAt(root, to) !== undefined) continue
      removeValue(root, from)
      setValue(root, to, value)
    }
  }
}
