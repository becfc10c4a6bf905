import type { NamesState } from './name-tables.ts'
import type { RatesState } from './rates.ts'
import type { SequenceState } from './sequence.ts'
import type { AgentState, DomainState, SessionState, TemplateState } from './state-file.ts'

/** A session of the state file, checked part by part; null where it is not one. */
export function parseSession(value: unknown): SessionState | null {
  if (!isObject(value)) return null
  const { address, port, lastSeenMs } = value
  const domains = listOf(value['domains'], parseDomain)
  const agents = listOf(value['agents'], parseAgent)
  if (typeof address !== 'string' || !isCount(port, 65_535) || !isCount(lastSeenMs)) return null
  if (domains === null || agents === null) return null
  return { address, port, lastSeenMs, domains, agents, names: parseNames(value['names']) }
}

function parseDomain(value: unknown): DomainState | null {
  if (!isObject(value)) return null
  const { protocol, id } = value
  const templates = listOf(value['templates'], parseTemplate)
  if (!isCount(protocol, 255) || !isCount(id, 0xffffffff) || templates === null) return null
  return {
    protocol,
    id,
    templates,
    rates: parseRates(value['rates']),
    sequence: parseSequence(value['sequence']),
  }
}

function parseTemplate(value: unknown): TemplateState | null {
  if (!Array.isArray(value)) return null
  const [id, isOptions, scopeCount, specifiers] = value as unknown[]
  if (!isCount(id, 65_535) || !isCount(scopeCount, 65_535)) return null
  if (typeof isOptions !== 'boolean' || typeof specifiers !== 'string') return null
  return [id, isOptions, scopeCount, Buffer.from(specifiers, 'base64').toString('latin1')]
}

function parseAgent(value: unknown): AgentState | null {
  if (!Array.isArray(value)) return null
  const [address, subAgentId, version, state] = value as unknown[]
  const sequence = parseSequence(state)
  if (typeof address !== 'string' || typeof subAgentId !== 'number' || sequence === null) return null
  return isCount(version, 255) ? [address, subAgentId, version, sequence] : null
}

function parseSequence(value: unknown): SequenceState | null {
  if (!isObject(value)) return null
  const { next, unit } = value
  if (!isCount(next, 0xffffffff) || (unit !== 'datagrams' && unit !== 'records')) return null
  return { next, unit }
}

function parseRates(value: unknown): RatesState | null {
  if (!isObject(value)) return null
  const { system } = value
  const samplers = listOf(value['samplers'], parseRate)
  const lineCards = listOf(value['lineCards'], parseRate)
  const interfaces = listOf(value['interfaces'], parseRate)
  const directions = listOf(value['directions'], parseRate)
  const templates = listOf(value['templates'], parseRate)
  if (!isCount(system, 0xffffffff) || samplers === null || lineCards === null) return null
  if (interfaces === null || directions === null || templates === null) return null
  return { system, samplers, lineCards, interfaces, directions, templates }
}

function parseRate(value: unknown): [number, number] | null {
  if (!Array.isArray(value)) return null
  const [key, rate] = value as unknown[]
  return isNumber(key) && isCount(rate, 0xffffffff) ? [key, rate] : null
}

function parseNames(value: unknown): NamesState | null {
  if (!isObject(value)) return null
  // Files of the first days have no start time.
  const { activeTimeout, idleTimeout, systemInitTimeMs = 0 } = value
  const interfaces = listOf(value['interfaces'], (each) => parseNamed(each, isNumber))
  const applications = listOf(value['applications'], (each) => parseNamed(each, isText))
  const vrfs = listOf(value['vrfs'], parseName)
  const samplers = listOf(value['samplers'], parseName)
  if (!isCount(activeTimeout) || !isCount(idleTimeout) || !isCount(systemInitTimeMs)) return null
  if (interfaces === null || applications === null || vrfs === null || samplers === null) return null
  return { interfaces, applications, vrfs, samplers, activeTimeout, idleTimeout, systemInitTimeMs }
}

function parseNamed<Key>(value: unknown, isKey: (key: unknown) => key is Key): [Key, string, string] | null {
  if (!Array.isArray(value)) return null
  const [key, name, description] = value as unknown[]
  return isKey(key) && isText(name) && isText(description) ? [key, name, description] : null
}

function parseName(value: unknown): [number, string] | null {
  if (!Array.isArray(value)) return null
  const [key, name] = value as unknown[]
  return isNumber(key) && isText(name) ? [key, name] : null
}

function listOf<Item>(value: unknown, parse: (item: unknown) => Item | null): Item[] | null {
  if (!Array.isArray(value)) return null
  const items: Item[] = []
  for (const each of value as unknown[]) {
    const item = parse(each)
    if (item === null) return null
    items.push(item)
  }
  return items
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** An id of 64 bits may be beyond what is exact. */
function isNumber(value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}

function isCount(value: unknown, most = Number.MAX_SAFE_INTEGER): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most
}
