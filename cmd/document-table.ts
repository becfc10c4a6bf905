import { DEFAULT_INTERNAL_NETWORKS, NAMED_NETWORKS } from '../lib/flow/locality.ts'
import type { Flag } from './flags.ts'

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
      name: 'processors',
      group,
      value: 'JSON',
      isStructured: true,
      help: "Change documents of flows: a list of Elastic's processors add_fields, add_tags, add_locale, community_id, drop_event (ship), drop_fields, rename.",
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
