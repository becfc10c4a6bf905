import { parse } from 'yaml'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../lib/diagnostics/reason.ts'
import { NAMED_NETWORKS, unknownNetworks } from '../lib/flow/locality.ts'
import type { FlagReader } from './flag-reader.ts'
import type { FlowEventOptions } from './packet-flags.ts'
import { readText } from './read-text.ts'

/** How documents are made; plain data, so that it can cross threads. */
export interface DocumentOptions {
  readonly internalNetworks: readonly string[]
  /** A City database, null for none; an ASN database, null for the built-in table, '' for none. */
  readonly geoipCity: string | null
  readonly geoipAsn: string | null
  /** Null for the data set's own. */
  readonly tags: readonly string[] | null
  readonly preserveOriginal: boolean
  /** Whether documents hold what Elastic Agent itself adds. */
  readonly agentFields: boolean
  /** Where Elastic is plainly wrong, so are we. */
  readonly isStrict: boolean
  /** Files of element definitions, parsed. */
  readonly definitions: readonly { readonly path: string; readonly value: unknown }[]
  /** What is added to documents of tracked flows, where packets are tracked. */
  readonly events?: FlowEventOptions
}

/** What the flags of `documentFlags` say; throws UsageError, and FlowError for files. */
export function documentOptions(flags: FlagReader): DocumentOptions {
  const internalNetworks = flags.list('internal-networks')
  const [unknown] = unknownNetworks(internalNetworks)
  if (unknown !== undefined) {
    throw flags.wrong(
      'internal-networks',
      unknown,
      `prefixes such as 10.0.0.0/8, or ${NAMED_NETWORKS.join(', ')}`,
    )
  }
  const asn = flags.text('geoip-asn')
  return {
    internalNetworks,
    geoipCity: flags.text('geoip-city') || null,
    geoipAsn: asn === 'none' ? '' : (asn ?? null),
    tags: flags.isGiven('tags') ? flags.list('tags') : null,
    preserveOriginal: flags.boolean('preserve-original-event'),
    agentFields: flags.boolean('agent-fields'),
    isStrict: flags.boolean('strict-elastic'),
    definitions: flags.list('custom-definitions').map(readYaml),
  }
}

function readYaml(path: string): { path: string; value: unknown } {
  try {
    return { path, value: parse(readText(path), { uniqueKeys: true }) }
  } catch (error) {
    throw new FlowError('MAPPING_INVALID', `cannot read definitions ${path}: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}
