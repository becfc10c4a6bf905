import { parse } from 'yaml'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../lib/diagnostics/reason.ts'
import { readProcessors } from '../lib/ecs/processors.ts'
import { NAMED_NETWORKS, unknownNetworks } from '../lib/flow/locality.ts'
import type { FlagReader } from './flag-reader.ts'
import type { FlowEventOptions } from './packet-flags.ts'
import { readText } from './read-text.ts'
import { structuredValue } from './structured-value.ts'
import { UsageError } from './usage-error.ts'

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
  /** Elastic's list of processors, as it was written; null for none. */
  readonly processors?: unknown
  /** What is added to documents of tracked flows, where packets are tracked. */
  readonly events?: FlowEventOptions
}

/**
 * What the flags of `documentFlags` say; throws UsageError, and FlowError for files. Who can leave flows out says so:
 * others refuse the processor drop_event.
 */
export function documentOptions(flags: FlagReader, { dropsEvents = false } = {}): DocumentOptions {
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
    processors: processors(flags, dropsEvents),
  }
}

/** The list as it is, so that it can cross threads; read once to see that it can be. */
function processors(flags: FlagReader, dropsEvents: boolean): unknown {
  const value = structuredValue(flags, 'processors')
  const source = flags.sourceOf('processors')
  let dropped: readonly string[]
  try {
    dropped = readProcessors(value, source).dropped
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  if (dropped.length > 0 && !dropsEvents) {
    throw new UsageError(`${source}: drop_event is for weir ship only: use a filter`)
  }
  return value
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
