import { parseAddress } from '../bytes/address.ts'
import { FlowError } from '../diagnostics/flow-error.ts'
import { networkTest } from '../flow/locality.ts'
import { type DocumentObject, valueAt } from './document-tree.ts'

/** Whether a finished document is one of those that a processor's `when` means. */
export type EventCondition = (root: DocumentObject) => boolean

type Settings = Readonly<Record<string, unknown>>

const COMPARISONS: Readonly<Record<string, (value: number, limit: number) => boolean>> = {
  gt: (value, limit) => value > limit,
  gte: (value, limit) => value >= limit,
  lt: (value, limit) => value < limit,
  lte: (value, limit) => value <= limit,
}

function fail(place: string, what: string): never {
  throw new FlowError('CONFIG_INVALID', `${place}: ${what}`)
}

/** A condition in the form of Beats; `place` names it in messages. Throws CONFIG_INVALID for what is none. */
export function readCondition(value: unknown, place: string): EventCondition {
  const entries = Object.entries(mapOf(value, place))
  if (entries.length === 0) fail(place, 'a condition is missing')
  const conditions = entries.map(([name, settings]) => conditionOf(name, settings, `${place}.${name}`))
  return (root) => conditions.every((condition) => condition(root))
}

function conditionOf(name: string, settings: unknown, place: string): EventCondition {
  switch (name) {
    case 'and':
    case 'or': {
      if (!Array.isArray(settings)) fail(place, 'want a list of conditions')
      const list = settings.map((each, i) => readCondition(each, `${place}[${i}]`))
      return name === 'and'
        ? (root) => list.every((condition) => condition(root))
        : (root) => list.some((condition) => condition(root))
    }
    case 'not': {
      const condition = readCondition(settings, place)
      return (root) => !condition(root)
    }
    case 'has_fields': {
      if (!Array.isArray(settings)) fail(place, 'want a list of fields')
      return (root) => settings.every((field) => valueAt(root, String(field)) !== undefined)
    }
    case 'equals':
      return every(settings, place, (wanted) => (value) => value === wanted)
    case 'contains':
      return every(settings, place, (wanted) => containing(String(wanted)))
    case 'regexp':
      return every(settings, place, (wanted) => matching(String(wanted), place))
    case 'network':
      return every(settings, place, (wanted) => withinNetworks(wanted, place), true)
    case 'range':
      return rangeOf(settings, place)
    default:
      return fail(place, 'there are and, contains, equals, has_fields, network, not, or, range, regexp')
  }
}

/** A test for each field, all of which must hold. */
function every(
  settings: unknown,
  place: string,
  testOf: (wanted: unknown) => (value: unknown) => boolean,
  isListWhole = false,
): EventCondition {
  const tests = flat(mapOf(settings, place), isListWhole).map(
    ([field, wanted]) => [field, testOf(wanted)] as const,
  )
  return (root) => tests.every(([field, test]) => test(plainAt(root, field)))
}

function containing(wanted: string): (value: unknown) => boolean {
  return (value) =>
    Array.isArray(value) ? value.includes(wanted) : typeof value === 'string' && value.includes(wanted)
}

function matching(pattern: string, place: string): (value: unknown) => boolean {
  let compiled: RegExp
  try {
    compiled = new RegExp(pattern)
  } catch {
    return fail(place, `${pattern} is no regular expression`)
  }
  const test = (value: unknown) => typeof value === 'string' && compiled.test(value)
  return (value) => (Array.isArray(value) ? value.some(test) : test(value))
}

function withinNetworks(wanted: unknown, place: string): (value: unknown) => boolean {
  const tests = (Array.isArray(wanted) ? wanted : [wanted]).map(
    (item) => networkTest(String(item)) ?? fail(place, `${String(item)} is no network`),
  )
  const words = new Uint32Array(4)
  const isWithin = (value: unknown) =>
    typeof value === 'string' && parseAddress(value, words) && tests.some((test) => test(words, 0))
  return (value) => (Array.isArray(value) ? value.some(isWithin) : isWithin(value))
}

/** `{field: {gte: 1}}` or `{field.gte: 1}`. */
function rangeOf(settings: unknown, place: string): EventCondition {
  const tests = flat(mapOf(settings, place)).map(([name, limit]) => {
    const dot = name.lastIndexOf('.')
    const compare = COMPARISONS[name.slice(dot + 1)]
    if (dot <= 0 || compare === undefined || typeof limit !== 'number') {
      fail(place, 'want numbers for gt, gte, lt, lte of a field')
    }
    return { field: name.slice(0, dot), compare, limit }
  })
  return (root) =>
    tests.every(({ field, compare, limit }) => {
      const value = plainAt(root, field)
      return typeof value === 'number' && compare(value, limit)
    })
}

function mapOf(value: unknown, place: string): Settings {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(place, 'want a map')
  return value as Settings
}

/** Leaves under their dotted names. */
function flat(map: Settings, isListWhole = false, prefix = ''): (readonly [string, unknown])[] {
  return Object.entries(map).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && !(isListWhole && Array.isArray(value))
      ? flat(value as Settings, isListWhole, `${prefix}${name}.`)
      : [[`${prefix}${name}`, value] as const],
  )
}

function plainAt(root: DocumentObject, field: string): unknown {
  const value = valueAt(root, field)
  return value?.kind === 'constant' ? (JSON.parse(value.json) as unknown) : undefined
}
