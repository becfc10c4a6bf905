import { FlowError } from '../diagnostics/flow-error.ts'
import { type DocumentObject, emptyObject, setValue, valueAt } from './document-tree.ts'
import { type EventCondition, readCondition } from './event-conditions.ts'
import { type Processors, readProcessors } from './processors.ts'

/** Changes one finished document; false drops it. */
export type EventChange = (root: DocumentObject) => boolean

type Settings = Readonly<Record<string, unknown>>

/** Fields that Beats keep whatever `include_fields` says. */
const ALWAYS = ['@timestamp', 'type']

/**
 * The processors of a list as Beats have it, for documents that are changed one by one: those of `readProcessors`, and
 * `drop_event`, `include_fields`, `when` and `if`. `path` names the list in messages. Throws CONFIG_INVALID.
 */
export function readEventProcessors(value: unknown, path: string): EventChange[] {
  if (value === null || value === undefined) return []
  if (!Array.isArray(value)) throw new FlowError('CONFIG_INVALID', `${path}: processors must be a list`)
  return value.map((entry: unknown, i) => changeOf(entry, `${path}[${i}]`))
}

function changeOf(entry: unknown, place: string): EventChange {
  const settings = typeof entry === 'object' && entry !== null ? undotted(entry as Settings) : {}
  if ('if' in settings) return choice(settings, place)
  const [pair] = Object.entries(settings)
  const inner = pair?.[1]
  if (pair === undefined || typeof inner !== 'object' || inner === null) return plainChange(settings, place)
  const { when, ...rest } = inner as Settings
  const change = namedChange(pair[0], Array.isArray(inner) ? inner : rest, place)
  if (when === undefined) return change
  const condition: EventCondition = readCondition(when, `${place}.${pair[0]}.when`)
  return (root) => (condition(root) ? change(root) : true)
}

/** `drop_event.when.…: 1` is as good as maps in maps. */
function undotted(settings: Settings): Settings {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => {
      const [first = '', ...rest] = name.split('.')
      return [first, rest.reduceRight<unknown>((inner, part) => ({ [part]: inner }), value)]
    }),
  )
}

function namedChange(name: string, settings: unknown, place: string): EventChange {
  if (name === 'drop_event') return () => false
  if (name !== 'include_fields') return plainChange({ [name]: settings }, place)
  const { fields } = settings as Settings
  if (!Array.isArray(fields)) throw new FlowError('CONFIG_INVALID', `${place}: include_fields wants fields`)
  const names = [...ALWAYS, ...fields.map(String)]
  return (root) => {
    const kept = emptyObject()
    for (const name of names) {
      const value = valueAt(root, name)
      if (value !== undefined) setValue(kept, name, value)
    }
    root.entries.clear()
    for (const [name, value] of kept.entries) root.entries.set(name, value)
    return true
  }
}

/** A processor that documents of every kind know. */
function plainChange(entry: unknown, place: string): EventChange {
  let steps: Processors['steps']
  try {
    steps = readProcessors([entry], place).steps
  } catch (error) {
    // The list that it stands in alone is ours.
    throw new FlowError('CONFIG_INVALID', (error as Error).message.replace(`${place}[0]`, place))
  }
  return (root) => {
    for (const step of steps) step(root)
    return true
  }
}

function choice(settings: Settings, place: string): EventChange {
  const condition = readCondition(settings['if'], `${place}.if`)
  const branch = (value: unknown, name: string) =>
    readEventProcessors(Array.isArray(value) || value === undefined ? value : [value], `${place}.${name}`)
  const yes = branch(settings['then'], 'then')
  const no = branch(settings['else'], 'else')
  return (root) => (condition(root) ? yes : no).every((change) => change(root))
}
