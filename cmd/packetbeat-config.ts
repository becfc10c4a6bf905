import type { Document, Pair, Scalar, YAMLMap } from 'yaml'
import type { Given, GivenFlags } from './flags.ts'
import { UsageError } from './usage-error.ts'

/** Our flag for each key of `packetbeat.flows`; `weir ship` has only those of documents. */
const FLAG_OF: Readonly<Record<string, string>> = {
  enabled: 'flow-enabled',
  timeout: 'flow-timeout',
  period: 'flow-period',
  enable_delta_flow_reports: 'delta',
  allow_mismatched_eth: 'allow-mismatched-eth',
  fields: 'flow-fields',
  fields_under_root: 'flow-fields-under-root',
  tags: 'tags',
  processors: 'flow-processors',
  keep_null: 'flow-keep-null',
  index: 'flow-index',
}
const STRUCTURED = ['fields', 'processors']
const SWITCHES = [
  'enabled',
  'enable_delta_flow_reports',
  'allow_mismatched_eth',
  'fields_under_root',
  'keep_null',
]
const SECTION = 'packetbeat.flows'

/** One setting of the file: its whole dotted name, where it stands, and what it is. */
interface Setting {
  readonly name: string
  readonly place: string
  readonly value: unknown
}

export interface PacketbeatConfiguration {
  /** For `weir collect` and `weir ship`. */
  readonly flags: GivenFlags
  /** A sentence for each setting that weir has no use for. */
  readonly ignored: readonly string[]
}

/** Whether a configuration file is one of Packetbeat's. */
export function isPacketbeat(contents: YAMLMap): boolean {
  return contents.items.some(({ key }) => /^packetbeat(\.|$)/.test(String(key)))
}

/**
 * What a packetbeat.yml says about flows, as flags; its other settings are named as ignored. `placeOf` tells file and line
 * of a node, `isMap` is that of the package. Throws UsageError where it has no `packetbeat.flows`, or a value of a wrong kind.
 */
export function readPacketbeat(
  document: Document,
  file: string,
  placeOf: (node: unknown) => string,
  isMap: (node: unknown) => node is YAMLMap,
): PacketbeatConfiguration {
  const settings: Setting[] = []
  let hasSection = false
  const walk = (map: YAMLMap, prefix: string) => {
    for (const { key, value } of map.items as Pair<Scalar, unknown>[]) {
      const name = `${prefix}${String(key)}`
      if (name === SECTION || name.startsWith(`${SECTION}.`)) hasSection = true
      // Dots in names are as good as maps in maps, down to what is ours to read.
      const isAbove = name === SECTION || SECTION.startsWith(`${name}.`)
      if (isAbove && isMap(value)) walk(value, `${name}.`)
      else if (!isAbove || (value as Scalar | null)?.value != null)
        settings.push({ name, place: placeOf(key), value })
    }
  }
  walk(document.contents as YAMLMap, '')
  if (!hasSection) {
    throw new UsageError(`${file}: no flows are asked for: there is no ${SECTION} section`)
  }
  const flags = new Map<string, Given>()
  const ignored: string[] = []
  const fields: Record<string, unknown> = {}
  for (const { name, place, value } of settings) {
    const key = name.startsWith(`${SECTION}.`) ? name.slice(SECTION.length + 1) : ''
    const source = `${place}: ${name}`
    if (key.startsWith('fields.')) {
      fields[key.slice('fields.'.length)] = plain(value, document)
      flags.set('flow-fields', { values: [JSON.stringify(fields)], source })
      continue
    }
    const flag = FLAG_OF[key]
    if (flag === undefined) ignored.push(`${place}: ${name} is ignored: weir takes ${SECTION} from this file`)
    else if (plain(value, document) !== null) {
      flags.set(flag, { values: valuesOf(key, plain(value, document), value, source), source })
    }
  }
  return { flags, ignored }
}

function plain(value: unknown, document: Document): unknown {
  const node = value as { toJS?(document: Document): unknown } | null
  return node?.toJS === undefined ? value : node.toJS(document)
}

function valuesOf(key: string, value: unknown, node: unknown, source: string): string[] {
  if (STRUCTURED.includes(key)) return [JSON.stringify(value)]
  if (Array.isArray(value)) {
    if (key === 'tags') return value.map(String)
    throw new UsageError(`${source}: want one value, not a list`)
  }
  if (typeof value === 'object') throw new UsageError(`${source}: want a value`)
  // Beats read YAML 1.1, where these are truth values.
  if (SWITCHES.includes(key) && /^(yes|on|y)$/i.test(String(value))) return ['true']
  if (SWITCHES.includes(key) && /^(no|off|n)$/i.test(String(value))) return ['false']
  return [(node as Scalar).source ?? String(value)]
}
