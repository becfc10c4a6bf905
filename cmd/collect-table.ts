import { writingFlags } from './archive-writing-flags.ts'
import { COLLECT_SHIP_FLAGS } from './collect-ship-table.ts'
import { documentFlags } from './document-table.ts'
import { COMMON_FLAGS, type Command, type Flag } from './flags.ts'
import { packetFlags } from './packet-flags.ts'

const INPUT = 'Input'
const PACKETS = 'Packets'
const DECODING = 'Decoding'
const OUTPUT = 'Output'
const DOCUMENTS = 'Documents (--format ecs, ecs-agent, --ship)'
const ARCHIVE = 'Archive'
const MONITORING = 'Monitoring'

const FLAGS: readonly Flag[] = [
  {
    name: 'listen',
    group: INPUT,
    value: 'URL,…',
    many: 'list',
    default: 'sflow://:6343,netflow://:2055',
    help: 'Receive on these addresses: sflow://, netflow:// or flow:// (either), a host or none, and a port. ?count=N gives the port N sockets and threads; an exporter stays with one of them. workers= and blocking= are taken and change nothing: each thread decodes what it receives. The socket buffer is the queue; queue_size= counts with --receiver dgram.',
  },
  {
    name: 'read',
    group: INPUT,
    value: 'FILE…',
    many: 'words',
    completes: 'file',
    help: 'Read capture files instead of listening: pcap or pcapng, plain, gzip or zstd; - is stdin.',
  },
  {
    name: 'read-port',
    group: INPUT,
    value: 'PORT,…',
    many: 'list',
    defaultHelp: 'any UDP port',
    help: 'Take only datagrams sent to these ports from the captures.',
  },
  {
    name: 'receive-buffer',
    group: INPUT,
    value: 'SIZE',
    defaultHelp: 'the largest that can be had, up to 32MiB',
    help: "Size of each socket's receive buffer.",
  },
  {
    name: 'receiver',
    group: INPUT,
    value: 'HOW',
    default: 'auto',
    choices: ['auto', 'dgram'],
    help: "auto receives many datagrams by one system call (recvmmsg) where that can be had; dgram keeps to Node's own sockets, several times slower.",
  },
  {
    name: 'max-datagram',
    group: INPUT,
    value: 'OCTETS',
    default: '9000',
    help: 'Longest datagram that is received whole, 9000 to 65535.',
  },
  ...packetFlags(PACKETS),
  {
    name: 'state',
    group: DECODING,
    value: 'DIR',
    completes: 'directory',
    environment: 'STATE_DIRECTORY',
    defaultHelp: '$STATE_DIRECTORY, or /var/lib/weir if it can be written; none with --read',
    help: 'Keep templates, samplers and option tables here over restarts; none keeps nothing.',
  },
  {
    name: 'sampling',
    group: DECODING,
    value: 'NETWORK=RATE,…',
    many: 'list',
    help: 'Sampling rate of the exporters in these networks, whatever they say themselves.',
  },
  {
    name: 'sampling-default',
    group: DECODING,
    value: 'RATE',
    default: '0',
    defaultHelp: '0, unknown',
    help: 'Sampling rate where nothing is known.',
  },
  {
    name: 'keep-unknown',
    group: DECODING,
    help: 'Keep elements that no table knows, as octets.',
  },
  {
    name: 'expiration-timeout',
    aliases: ['templates.ttl'],
    group: DECODING,
    value: 'DURATION',
    default: '24h',
    help: 'Forget what an exporter announced after this long a silence; 0 is never.',
  },
  {
    name: 'detect-sequence-reset',
    group: DECODING,
    default: 'true',
    help: 'Take a sequence number that starts again as a restart of the exporter, and not as loss.',
  },
  {
    name: 'goflow2-compat',
    group: OUTPUT,
    value: 'VERSION',
    default: '2.2',
    choices: ['2.2', '2.1', 'strict'],
    help: "Shape of goflow2's lines: 2.2 or 2.1 with right values, or strict, 2.2.6's results with its defects.",
  },
  {
    name: 'format',
    group: OUTPUT,
    value: 'FORMAT',
    default: 'json',
    defaultHelp: 'json; flows where packets are tracked and stdout is a terminal',
    choices: ['json', 'text', 'bin', 'ecs', 'ecs-agent', 'packetbeat6', 'flows', 'weir', 'raw'],
    help: "goflow2's json, text or bin (length-delimited protobuf) for each flow; ecs: the document that Elastic's integration makes of it, or ecs-agent: what Elastic Agent sends before; packetbeat6: Packetbeat 6's document of a tracked flow; flows: lines for people; weir: a binary stream of everything, for another weir; or raw: each datagram as JSON.",
  },
  {
    name: 'produce',
    group: OUTPUT,
    value: 'WHAT',
    default: 'sample',
    choices: ['sample', 'raw'],
    help: 'Flows (sample), or decoded datagrams (raw).',
  },
  {
    name: 'mapping',
    group: OUTPUT,
    value: 'FILE',
    completes: 'file',
    help: "goflow2's mapping.yaml: which fields, their order, names and printing, and fields of your own.",
  },
  {
    name: 'output',
    aliases: ['transport.file'],
    group: OUTPUT,
    value: 'FILE',
    default: '-',
    completes: 'file',
    defaultHelp: '-; none with --archive and --ship, unless --format is given',
    help: 'Append to this file and reopen it on SIGHUP; - is stdout.',
  },
  {
    name: 'separator',
    aliases: ['transport.file.sep'],
    group: OUTPUT,
    value: 'TEXT',
    default: '\n',
    defaultHelp: 'a newline',
    help: 'Written after each message; may be empty.',
  },
  ...documentFlags(DOCUMENTS),
  {
    name: 'archive',
    group: ARCHIVE,
    value: 'DIR',
    completes: 'directory',
    help: 'Write flows, options, counters and discards into this archive. No lines are printed then, unless --output or --format is given.',
  },
  {
    name: 'archive-stream',
    group: ARCHIVE,
    value: 'NAME',
    default: 'flows',
    help: 'What the files are called: DIR/YYYY/MM/DD/NAME-TIME-N.weir, in UTC. With ?count=N each worker writes NAME-0, NAME-1, ….',
  },
  {
    name: 'archive-groups',
    group: ARCHIVE,
    value: 'NAME=NETWORK,…',
    many: 'list',
    help: 'Records of exporters in these networks go to files called NAME instead; the first network that has an exporter counts.',
  },
  ...writingFlags(ARCHIVE),
  ...COLLECT_SHIP_FLAGS,
  {
    name: 'counters',
    group: OUTPUT,
    value: 'FILE',
    completes: 'file',
    help: 'Append sFlow counter samples to this file, as JSON lines.',
  },
  {
    name: 'drops',
    group: OUTPUT,
    value: 'FILE',
    completes: 'file',
    help: 'Append sFlow discard samples to this file, as JSON lines.',
  },
  {
    name: 'flush-after',
    group: OUTPUT,
    value: 'DURATION',
    default: '200ms',
    help: 'Longest time that a flow waits to be written.',
  },
  {
    name: 'transport',
    group: OUTPUT,
    value: 'NAME',
    default: 'file',
    help: 'file. There is no kafka here; pipe stdout to a producer.',
  },
  {
    name: 'addr',
    group: MONITORING,
    value: 'HOST:PORT',
    default: ':8080',
    defaultHelp: ':8080; none with --read',
    help: "Serve /metrics, /templates, /healthz, /readyz and goflow2's /__health over HTTP; empty serves nothing.",
  },
  {
    name: 'templates.path',
    group: MONITORING,
    value: 'PATH',
    default: '/templates',
    help: 'Where the templates are served; empty serves none.',
  },
  {
    name: 'log-level',
    aliases: ['loglevel'],
    group: MONITORING,
    value: 'LEVEL',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
    help: 'Least important log lines to print on stderr.',
  },
  {
    name: 'log-format',
    aliases: ['logfmt'],
    group: MONITORING,
    value: 'FORMAT',
    default: 'text',
    choices: ['text', 'json'],
    help: 'How log lines are written.',
  },
  {
    name: 'err.cnt',
    group: MONITORING,
    value: 'N',
    default: '10',
    help: 'Log at most this many lines of one kind per interval; the rest is counted.',
  },
  {
    name: 'err.int',
    group: MONITORING,
    value: 'DURATION',
    default: '10s',
    help: 'That interval.',
  },
  { name: 'v', group: 'General', help: "Print the version as goflow2's -v does." },
  ...COMMON_FLAGS,
]

/** goflow2's flags that are understood so that its unit files work, and do nothing here; the text goes to the log. */
export const IGNORED: Readonly<Record<string, string>> = {
  'templates.ttl.extend-on-access':
    'a template expires by the silence of its exporter (--expiration-timeout)',
  'templates.sweep-interval': 'expired templates are found without it',
  'templates.json.path': 'templates are kept in the folder that --state names',
  'templates.json.interval': 'templates are kept in the folder that --state names',
}

const KAFKA =
  'brokers srv topic sasl tls.client tls.key tls.ca maxmsgbytes flushbytes flushfreq version compression'
const HIDDEN: readonly Flag[] = [
  ...KAFKA.split(' ').map((name) => `transport.kafka.${name}`),
  'templates.sweep-interval',
  'templates.json.path',
  'templates.json.interval',
].map((name) => ({ name, value: 'TEXT', group: 'Hidden', help: '', isHidden: true }))

const HIDDEN_SWITCHES: readonly Flag[] = [
  ...['tls', 'tls.insecure', 'hashing'].map((name) => `transport.kafka.${name}`),
  'templates.ttl.extend-on-access',
].map((name) => ({ name, group: 'Hidden', help: '', isHidden: true }))

const toMapping = 'use -mapping FILE with'
const reuse = 'write the number of sockets into the listen URL: -listen netflow://:2055?count=4'
const fixedLength = 'use -format bin: each message has its length before it'
const kafkaHint = 'Kafka is not built in: write to stdout and pipe it to a producer'

export const COLLECT: Command = {
  name: 'collect',
  operands: '',
  summary: 'Receive NetFlow, IPFIX and sFlow, and write flows as lines or into an archive.',
  description:
    'NetFlow v1, v5, v6, v7, v8, v9, IPFIX and sFlow v2, v4, v5 come in by UDP or from capture files; lines as goflow2 writes them go out. Or flows of packets are tracked, as Packetbeat does. ' +
    "goflow2's flags work as they are, with one dash or two. SIGHUP reopens the output file; SIGTERM and SIGINT write what is left and end.",
  flags: [...FLAGS, ...HIDDEN, ...HIDDEN_SWITCHES],
  examples: [
    {
      says: 'Show what a capture holds',
      line: 'weir collect --read testdata/demo/office.pcap --format text',
    },
    {
      says: 'Collect into an archive, files of their own for one group of exporters, with metrics on port 8080',
      line: 'weir collect --listen netflow://:2055 --archive flows --archive-groups core=10.0.0.0/8 --addr :8080',
    },
    {
      says: 'Show the flows of the packets in a capture',
      line: 'weir collect --read-packets testdata/demo/office.pcap --format flows',
    },
    {
      says: 'Take the place of goflow2, with its flags',
      line: 'weir collect -listen sflow://:6343 -transport.file=flows.jsonl -logfmt json',
    },
  ],
  hints: {
    reuseport: reuse,
    workers: 'write the number of workers into the listen URL: -listen netflow://:2055?workers=4',
    'metrics.addr': 'use -addr: it serves /metrics',
    'metrics.path': 'the metrics are at /metrics of -addr',
    'netflow.templates': 'templates are kept over restarts in the folder that --state names',
    'format.selector': `${toMapping} formatter.fields`,
    'format.hash': `${toMapping} formatter.key`,
    'format.protobuf.fixedlen': fixedLength,
    'format.tag': `${toMapping} formatter.rename`,
    'transport.kafka.compression.type': 'goflow2 calls it -transport.kafka.compression',
    sflow: 'choose by the listen URL: -listen sflow://:6343',
    nf: 'choose by the listen URL: -listen netflow://:2055',
    nfl: 'choose by the listen URL: -listen netflow://:2055',
    'sflow.addr': 'write it into the listen URL: -listen sflow://ADDRESS:6343',
    'sflow.port': 'write it into the listen URL: -listen sflow://:PORT',
    'nf.addr': 'write it into the listen URL: -listen netflow://ADDRESS:2055',
    'nf.port': 'write it into the listen URL: -listen netflow://:PORT',
    'nfl.addr': 'write it into the listen URL: -listen netflow://ADDRESS:2056',
    'nfl.port': 'write it into the listen URL: -listen netflow://:PORT',
    'sflow.reuserport': reuse,
    'nf.reuserport': reuse,
    'nfl.reuserport': reuse,
    'proto.fixedlen': fixedLength,
    kafka: kafkaHint,
    'kafka.brokers': kafkaHint,
    'kafka.topic': kafkaHint,
    'kafka.tls': kafkaHint,
    'kafka.sasl': kafkaHint,
    'kafka.srv': kafkaHint,
  },
}
