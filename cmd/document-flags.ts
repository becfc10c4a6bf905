import { parse } from 'yaml'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../lib/diagnostics/reason.ts'
import { DEFAULT_INTERNAL_NETWORKS, NAMED_NETWORKS, unknownNetworks } from '../lib/flow/locality.ts'
import type { FlagReader } from './flag-reader.ts'
import type { Flag } from './flags.ts'
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

/** The flags of documents, for the table of a command. */
export function documentFlags(group: string): readonly Flag[] {
  return [
    {
      name: 'internal-networks',
      group,
      value: 'LIST',
      many: 'list',
      default: DEFAULT_INTERNAL_NETWORKS.join(','),
      help: `Which addresses documents call internal: prefixes, and names of Elastic's: ${NAMED_NETWORKS.join(', ')}.`,
    },
    {
      name: 'geoip-city',
      group,
      value: 'FILE',
      completes: 'file',
      help: 'City database in MaxMind format: where addresses are.',
    },
    {
      name: 'geoip-asn',
      group,
      value: 'FILE',
      completes: 'file',
      defaultHelp: 'the built-in table',
      help: 'ASN database in MaxMind format: whose addresses are; none for no AS at all.',
    },
    {
      name: 'tags',
      group,
      value: 'TAG,…',
      many: 'list',
      defaultHelp: 'as Elastic: netflow,forwarded or sflow,forwarded; none with ecs-agent',
      help: 'Tags of every document.',
    },
    {
      name: 'preserve-original-event',
      group,
      help: "Keep goflow2's line in event.original.",
    },
    {
      name: 'agent-fields',
      group,
      help: 'Add what Elastic Agent itself adds: agent, data_stream, event.dataset, input.',
    },
    {
      name: 'strict-elastic',
      group,
      help: 'Copy Elastic where it is plainly wrong: products of 32 bits, Community IDs of ICMPv6.',
    },
    {
      name: 'custom-definitions',
      group,
      value: 'FILE…',
      many: 'words',
      completes: 'file',
      help: "Elements of your own, in Elastic's (Logstash's) YAML form; later files win.",
    },
  ]
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
