import { documentFlags } from './document-table.ts'
import { COMMON_FLAGS, type Command, type Flag } from './flags.ts'
import { flowEventFlags } from './packet-flags.ts'
import { serverFlags } from './server-table.ts'

const SOURCES = 'Sources'
const SERVER = 'Server'
const DOCUMENTS = 'Documents'
const TRACKED = 'Documents of tracked flows'
const DELIVERY = 'Delivery'
const RUNNING = 'Running'

/** Data streams that documents belong to. */
export const DATASETS = ['goflow2.sflow', 'netflow.log', 'network_traffic.flow'] as const

/** The names of Elastic's presets. */
export const PRESETS = ['custom', 'balanced', 'throughput', 'scale', 'latency'] as const

/** Flags of sending, for every command that ships; `workers` is what it calls requests at one time. */
export function deliveryFlags(group: string, workers = 'workers'): readonly Flag[] {
  return [
    {
      name: 'preset',
      group,
      value: 'NAME',
      default: 'custom',
      choices: PRESETS,
      help: "Elastic's presets, which win over the flags that they set: balanced, throughput, scale, latency.",
    },
    {
      name: 'bulk-max-size',
      group,
      value: 'N',
      default: '1600',
      help: 'Documents of a request, at most; 0 for as many as 4 MiB hold.',
    },
    {
      name: workers,
      group,
      value: 'N',
      default: '1',
      help: 'Requests under way to each server at one time.',
    },
    {
      name: 'loadbalance',
      group,
      default: 'true',
      help: 'Use all servers at one time; =false: one, and the next only when it fails.',
    },
    {
      name: 'compression-level',
      group,
      value: 'LEVEL',
      default: '1',
      help: 'gzip of requests, 1 to 9; 0 for none.',
    },
    {
      name: 'flush-timeout',
      group,
      value: 'DURATION',
      default: '1s',
      help: 'Send what there is after at most this, even if the request could hold more.',
    },
    {
      name: 'backoff-init',
      aliases: ['backoff.init'],
      group,
      value: 'DURATION',
      default: '1s',
      help: 'First wait after a failure; it doubles from failure to failure.',
    },
    {
      name: 'backoff-max',
      aliases: ['backoff.max'],
      group,
      value: 'DURATION',
      default: '60s',
      help: 'Longest wait after a failure.',
    },
    {
      name: 'parameters',
      group,
      value: 'NAME=VALUE,…',
      many: 'list',
      help: "Parameters of each request's URL.",
    },
    {
      name: 'dead-letter',
      group,
      value: 'FILE',
      completes: 'file',
      defaultHelp: 'dead-letters.ndjson in the state folder',
      help: 'Keep documents that the server will never take, one JSON line each; none to count them only.',
    },
    {
      name: 'dead-letter-size',
      group,
      value: 'SIZE',
      default: '1G',
      help: 'Octets that they may take: at half of it the file becomes FILE.1, and the FILE.1 before is removed, its documents counted; 0 for no limit.',
    },
  ]
}

/** Flags of where documents go and what they are, for every command that ships. */
export function destinationFlags(group: string): readonly Flag[] {
  return [
    {
      name: 'namespace',
      group,
      value: 'NAME',
      default: 'default',
      help: 'Namespace of the data streams: logs-<dataset>-<namespace>.',
    },
    {
      name: 'dataset',
      group,
      value: 'NAME',
      default: 'auto',
      choices: ['auto', ...DATASETS],
      help: 'Data set of all documents; auto: what each record belongs to.',
    },
    {
      name: 'index',
      group,
      value: 'NAME',
      defaultHelp: 'the data stream',
      help: 'Send everything to this index or data stream.',
    },
    {
      name: 'document-form',
      group,
      value: 'FORM',
      default: 'final',
      choices: ['final', 'agent'],
      help: "final: as Elastic's pipeline would leave them, past every pipeline; agent: as the Agent sends them, through the index's own.",
    },
    {
      name: 'pipeline',
      group,
      value: 'NAME',
      defaultHelp: "_none with final, the index's own with agent",
      help: 'Ingest pipeline to send documents through.',
    },
  ]
}

const FLAGS: readonly Flag[] = [
  {
    name: 'to',
    group: SERVER,
    value: 'URL,…',
    many: 'list',
    help: 'Servers of one cluster, as https://host:9200; - prints the bulk body instead.',
  },
  ...serverFlags(SERVER),
  {
    name: 'follow',
    aliases: ['f'],
    group: SOURCES,
    help: 'Go on as files grow, are rotated and new ones come, until a signal.',
  },
  {
    name: 'scan-interval',
    group: SOURCES,
    value: 'DURATION',
    default: '10s',
    help: 'How often --follow looks for new files.',
  },
  {
    name: 'ignore-older',
    group: SOURCES,
    value: 'DURATION',
    default: '72h',
    help: 'With --follow: pass over files that nobody has read yet and nobody has written to for this long; 0 for none.',
  },
  {
    name: 'exclude-files',
    group: SOURCES,
    value: 'REGEXP,…',
    many: 'list',
    help: 'Leave out files whose path one of these matches (RE2).',
  },
  {
    name: 'max-lag',
    group: SOURCES,
    value: 'SIZE',
    defaultHelp: 'no limit',
    help: 'With --follow: where a log is further behind than this, skip to its last octets of this size and count what was skipped.',
  },
  {
    name: 'filter',
    group: SOURCES,
    value: 'FILTER',
    help: 'Ship only flows that this filter takes.',
  },
  ...destinationFlags(DOCUMENTS),
  ...documentFlags(DOCUMENTS),
  ...flowEventFlags(TRACKED),
  ...deliveryFlags(DELIVERY),
  {
    name: 'state',
    group: RUNNING,
    value: 'DIR',
    completes: 'directory',
    environment: 'STATE_DIRECTORY',
    defaultHelp: '$STATE_DIRECTORY, or /var/lib/weir if it can be written; none with --to -',
    help: 'Keep here how far each source was sent; none keeps nothing.',
  },
  {
    name: 'rejects',
    group: RUNNING,
    value: 'FILE',
    completes: 'file',
    help: 'Append lines that are no flows; their documents are sent all the same.',
  },
  {
    name: 'documents-only',
    group: RUNNING,
    help: 'With --to -: print documents without the action lines.',
  },
  {
    name: 'addr',
    group: RUNNING,
    value: 'ADDRESS',
    defaultHelp: 'none',
    help: 'With --follow: serve /metrics, /healthz and /readyz over HTTP here, as 127.0.0.1:8080.',
  },
  {
    name: 'progress',
    group: RUNNING,
    value: 'WHEN',
    default: 'auto',
    choices: ['auto', 'never', 'always'],
    help: 'auto shows documents, MB/s and time left on a terminal; always also prints "acknowledged N documents" on stderr each time that a server has more of them.',
  },
  {
    name: 'log-level',
    group: RUNNING,
    value: 'LEVEL',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
    help: 'Least important lines to log on stderr.',
  },
  {
    name: 'log-format',
    group: RUNNING,
    value: 'FORMAT',
    default: 'text',
    choices: ['text', 'json'],
    help: 'How log lines are written.',
  },
  ...COMMON_FLAGS,
]

export const SHIP: Command = {
  name: 'ship',
  operands: '[...files]',
  summary: 'Send flows to Elasticsearch or OpenSearch as finished ECS documents.',
  description:
    "Logs of goflow2 (json, text, bin), archives, flow streams, captures and standard input (-), compressed or not, become the documents of Elastic's GoFlow2 and NetFlow " +
    'integrations. What was acknowledged is remembered per file, whatever it is renamed to; the same record has the same ' +
    'id, so nothing is there twice. Credentials are read from $WEIR_API_KEY, or $WEIR_USERNAME and $WEIR_PASSWORD, or files.',
  flags: FLAGS,
  examples: [
    {
      says: 'Follow the logs of goflow2, for ever',
      line: "weir ship '/var/log/goflow2/*.log*' --to https://es:9200 --ca /etc/weir/ca.pem --follow --state /var/lib/weir",
    },
    {
      says: 'Send an archive again to another cluster',
      line: 'weir ship flows --to https://es2:9200 --api-key-file key --state none',
    },
    { says: 'What would be sent', line: 'weir ship old.log --to - --documents-only' },
  ],
  hints: {
    'api-key': 'it would be seen by everybody on this machine: use $WEIR_API_KEY or --api-key-file FILE',
    api_key: 'use $WEIR_API_KEY or --api-key-file FILE',
    password: 'it would be seen by everybody on this machine: use $WEIR_PASSWORD or --password-file FILE',
    hosts: 'use --to URL,URL',
    'dead-letter-index': 'use --dead-letter FILE, or a failure store in Elasticsearch',
  },
}
