import { COMMON_FLAGS, type Command } from './flags.ts'
import { serverFlags } from './server-table.ts'

const SERVER = 'Server'
const TEMPLATES = 'Templates'

export const SHIP_SETUP: Command = {
  name: 'ship setup',
  operands: '',
  summary: 'Make the index templates and the lifecycle of the data streams that ship fills.',
  description:
    'Templates for logs-goflow2.sflow, logs-netflow.log and logs-network_traffic.flow with the types of all their fields, ' +
    'and a lifecycle where the server has one. What is there already stays as it is; what somebody else made, such as ' +
    "Fleet's own templates of these names, is left alone unless --force. Status 3: something was left.",
  flags: [
    {
      name: 'to',
      group: SERVER,
      value: 'URL,…',
      many: 'list',
      help: 'Servers of one cluster, as https://host:9200; the first that answers is asked.',
    },
    ...serverFlags(SERVER),
    {
      name: 'namespace',
      group: TEMPLATES,
      value: 'NAME',
      defaultHelp: 'all',
      help: 'Only for data streams of this namespace, which then may have another retention.',
    },
    {
      name: 'retention',
      group: TEMPLATES,
      value: 'DURATION',
      defaultHelp: 'for ever',
      help: 'Remove documents after this time, such as 30d; whole days or hours.',
    },
    { name: 'force', group: TEMPLATES, help: 'Replace what somebody else made.' },
    {
      name: 'print',
      group: TEMPLATES,
      help: 'Print what a current Elasticsearch would be sent, as JSON by path, and do nothing; needs no server.',
    },
    ...COMMON_FLAGS,
  ],
  examples: [
    {
      says: 'Once, before the first weir ship',
      line: 'weir ship setup --to https://es:9200 --ca /etc/weir/ca.pem --retention 90d',
    },
    {
      says: 'Keep one namespace longer',
      line: 'weir ship setup --to https://es:9200 --namespace border --retention 365d',
    },
    { says: 'What would be sent', line: 'weir ship setup --print' },
  ],
  hints: {
    'api-key': 'it would be seen by everybody on this machine: use $WEIR_API_KEY or --api-key-file FILE',
    password: 'it would be seen by everybody on this machine: use $WEIR_PASSWORD or --password-file FILE',
    hosts: 'use --to URL,URL',
  },
}
