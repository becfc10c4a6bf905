import { readEventProcessors } from '../lib/ecs/event-processors.ts'
import type { FlagReader } from './flag-reader.ts'
import type { Flag } from './flags.ts'
import { structuredValue } from './structured-value.ts'
import { UsageError } from './usage-error.ts'
import { parseDuration } from './values.ts'

/** What users add to the documents of tracked flows, as Packetbeat's `packetbeat.flows` says it; plain data. */
export interface FlowEventOptions {
  readonly fields: Readonly<Record<string, unknown>>
  readonly isUnderRoot: boolean
  /** Beats' list of processors, as it was written; null for none. */
  readonly processors: unknown
  /** Where the list stands, for messages. */
  readonly processorsSource: string
  /** Fields without a value are kept as null. */
  readonly keepsNull: boolean
  /** Index or data stream that the documents go to, null for their own. */
  readonly index: string | null
}

/** How flows of packets are tracked; plain data, so that it can cross threads. */
export interface PacketOptions {
  readonly interfaces: readonly string[]
  /** Capture files, `-` = stdin. */
  readonly files: readonly string[]
  readonly isEnabled: boolean
  readonly timeoutMs: number
  /** 0 or less: flows are reported when they end, and not before. */
  readonly periodMs: number
  readonly isDelta: boolean
  /** A filter in pcap-filter's language, null for none. */
  readonly filter: string | null
  readonly isPromiscuous: boolean
  readonly mostFlows: number
  /** Whether MACs tell flows apart. */
  readonly isMacKey: boolean
  /** Packets of captures come when they are read, and not when they were captured. */
  readonly isWallClock: boolean
  readonly ringOctets: number
  readonly events: FlowEventOptions
}

const LEAST_MS = 1000
const LEAST_RING_OCTETS = 2 << 20

/** The flags of tracking, for the table of `weir collect`. */
export function packetFlags(group: string): readonly Flag[] {
  return [
    {
      name: 'interface',
      group,
      value: 'IF,…',
      many: 'list',
      help: 'Track flows of the packets on these network interfaces (Linux; needs the capability CAP_NET_RAW, which is given up once they are open).',
    },
    {
      name: 'read-packets',
      group,
      value: 'FILE…',
      many: 'words',
      completes: 'file',
      help: 'Track flows of the packets in capture files: pcap or pcapng, plain, gzip or zstd; - is stdin.',
    },
    {
      name: 'flow-timeout',
      group,
      value: 'DURATION',
      default: '30s',
      help: 'A flow without a packet for longer than this has ended; 1s or more.',
    },
    {
      name: 'flow-period',
      group,
      value: 'DURATION',
      default: '10s',
      help: 'Report flows that go on this often, 1s or more; -1s reports them only when they end.',
    },
    {
      name: 'delta',
      group,
      help: "Documents count what came since the flow's last report, and not since its start.",
    },
    {
      name: 'bpf',
      group,
      value: 'EXPR',
      help: "Take only packets that match this expression in pcap-filter's language (tcpdump's); needs libpcap on this machine.",
    },
    {
      name: 'promiscuous',
      group,
      help: 'Take packets that are not for this machine as well.',
    },
    {
      name: 'max-flows',
      group,
      value: 'N',
      default: '1000000',
      help: 'Flows tracked at one time; with one more, that which is idle for longest is reported early.',
    },
    {
      name: 'allow-mismatched-eth',
      group,
      help: 'Leave MAC addresses out of what makes a flow: for networks where answers take another way.',
    },
    {
      name: 'wall-clock',
      group,
      help: 'Track captures as Packetbeat does: packets come when they are read, and not when they were captured.',
    },
    {
      name: 'ring-size',
      group,
      value: 'SIZE',
      default: '64MiB',
      help: 'Memory in which packets of an interface wait for us.',
    },
    ...flowEventFlags(group),
    { name: 'flow-enabled', group: 'Hidden', default: 'true', help: '', isHidden: true },
  ]
}

/** The flags of what is added to documents of tracked flows, for every command that makes such documents to be sent. */
export function flowEventFlags(group: string): readonly Flag[] {
  return [
    {
      name: 'flow-fields',
      group,
      value: 'JSON',
      isStructured: true,
      help: `Fields that every document of a tracked flow has under fields: {"site":"east"}; Packetbeat's fields.`,
    },
    {
      name: 'flow-fields-under-root',
      group,
      help: 'Those fields stand beside the others and replace them, and not under fields.',
    },
    {
      name: 'flow-processors',
      group,
      value: 'JSON',
      isStructured: true,
      help: "Change documents of tracked flows: Packetbeat's list of processors.",
    },
    {
      name: 'flow-keep-null',
      group,
      help: 'Fields whose value is null are written, and not left out.',
    },
    {
      name: 'flow-index',
      group,
      value: 'NAME',
      help: 'Index or data stream that documents of tracked flows are sent to, just as it stands here.',
    },
  ]
}

/** What the flags of `packetFlags` say, null where no packets are asked for; throws UsageError. */
export function packetOptions(flags: FlagReader): PacketOptions | null {
  const interfaces = flags.list('interface')
  const files = flags.list('read-packets')
  if (flags.isGiven('interface') && interfaces.length === 0) {
    throw flags.wrong('interface', '', 'a network interface such as eth0')
  }
  if (flags.isGiven('read-packets') && files.length === 0) {
    throw flags.wrong('read-packets', '', 'a file, or - for stdin')
  }
  const sources = [
    ...(interfaces.length > 0 ? ['interface'] : []),
    ...(files.length > 0 ? ['read-packets'] : []),
  ]
  if (sources.length === 0) return null
  // What is given by hand wins over another source in a configuration file.
  const isByHand = (name: string) => flags.sourceOf(name).startsWith('-')
  const others = ['listen', 'read'].filter(
    (name) => flags.isGiven(name) && (isByHand(name) || !sources.some(isByHand)),
  )
  const [first, second] = [...sources, ...others]
  if (second !== undefined) {
    throw new UsageError(`--${first} and --${second} exclude each other: run one weir for each`)
  }
  if (files.filter((path) => path === '-').length > 1) {
    throw new UsageError('--read-packets: - is there twice, but standard input can be read only once')
  }
  return {
    interfaces: [...new Set(interfaces)],
    files,
    isEnabled: flags.boolean('flow-enabled'),
    timeoutMs: timeout(flags),
    periodMs: period(flags),
    isDelta: flags.boolean('delta'),
    filter: flags.text('bpf') || null,
    isPromiscuous: flags.boolean('promiscuous'),
    mostFlows: flags.integer('max-flows', 1, 50_000_000),
    isMacKey: !flags.boolean('allow-mismatched-eth'),
    isWallClock: flags.boolean('wall-clock'),
    ringOctets: ring(flags),
    events: flowEventOptions(flags),
  }
}

function timeout(flags: FlagReader): number {
  const ms = flags.durationMs('flow-timeout')
  if (ms < LEAST_MS) throw flags.wrong('flow-timeout', flags.text('flow-timeout')!, '1s or more')
  return ms
}

function period(flags: FlagReader): number {
  const text = flags.text('flow-period')!
  const isNegative = text.startsWith('-')
  const ms = parseDuration(isNegative ? text.slice(1) : text)
  if (ms === undefined) throw flags.wrong('flow-period', text, 'a duration such as 10s, or -1s for none')
  if (isNegative || ms === 0) return -1
  if (ms < LEAST_MS) throw flags.wrong('flow-period', text, '1s or more, or -1s for none')
  return ms
}

function ring(flags: FlagReader): number {
  const octets = flags.octets('ring-size')!
  if (octets < LEAST_RING_OCTETS || octets > 1 << 30) {
    throw flags.wrong('ring-size', flags.text('ring-size')!, '2MiB to 1GiB')
  }
  return octets
}

/** What the flags of `flowEventFlags` say; throws UsageError. */
export function flowEventOptions(flags: FlagReader): FlowEventOptions {
  const fields = structuredValue(flags, 'flow-fields') ?? {}
  if (typeof fields !== 'object' || Array.isArray(fields)) {
    throw flags.wrong('flow-fields', flags.text('flow-fields')!, 'an object such as {"site":"east"}')
  }
  const processors = structuredValue(flags, 'flow-processors')
  const processorsSource = flags.sourceOf('flow-processors')
  try {
    readEventProcessors(processors, processorsSource)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  return {
    fields: fields as Record<string, unknown>,
    isUnderRoot: flags.boolean('flow-fields-under-root'),
    processors,
    processorsSource,
    keepsNull: flags.boolean('flow-keep-null'),
    index: flags.text('flow-index') || null,
  }
}
