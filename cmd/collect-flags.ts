import { accessSync, constants } from 'node:fs'
import { isStreamName } from '../lib/archive/naming.ts'
import type { SamplingSettings } from '../lib/decode/settings.ts'
import type { LogLevel } from '../lib/diagnostics/log.ts'
import { parseListenUrls } from '../lib/receive/listen-url.ts'
import { streamName, writingLimits } from './archive-writing-flags.ts'
import type { ArchiveOptions } from './collect-archive.ts'
import { type CollectShipOptions, collectShipOptions } from './collect-ship-flags.ts'
import { COLLECT, IGNORED } from './collect-table.ts'
import { type DocumentOptions, documentOptions } from './document-flags.ts'
import { FlagReader } from './flag-reader.ts'
import type { GivenFlags } from './flags.ts'
import { type PacketOptions, packetOptions } from './packet-flags.ts'
import { parseFlags } from './parse-flags.ts'
import { isTerminal, STDOUT } from './terminal.ts'
import { UsageError } from './usage-error.ts'
import { parseHostPort, parseInteger, parseNetworkText } from './values.ts'

/** What `weir collect` was asked to do: every value typed, checked and with its default in place. */
export interface CollectOptions {
  /** goflow2's listen URLs, one each, as text for the receiver's parser; empty when captures are read. */
  readonly listen: readonly string[]
  /** Capture files, `-` = stdin; empty = listen. */
  readonly read: readonly string[]
  /** UDP destination ports taken from captures; empty = any. */
  readonly readPorts: readonly number[]
  /** Packets whose flows are tracked; null = flow records are collected. */
  readonly packets: PacketOptions | null
  /** Receive buffer asked for, or null for the largest that can be had up to 32 MiB. */
  readonly receiveBufferOctets: number | null
  readonly maxDatagramOctets: number
  readonly receiver: 'auto' | 'dgram'
  /** Folder of the state file, or null for none. */
  readonly stateDirectory: string | null
  /** Whether the folder was chosen by the user (trouble with it is an error) or found by default (a warning). */
  readonly isStateExplicit: boolean
  readonly sampling: SamplingSettings
  readonly keepUnknown: boolean
  /** Silence after which an exporter's templates and samplers are forgotten; 0 = never. */
  readonly expireMs: number
  readonly detectSequenceReset: boolean
  readonly compat: '2.2' | '2.1' | 'strict'
  /** `sample` is flows; `raw` is decoded datagrams and comes with json or text only. */
  readonly produce: 'sample' | 'raw'
  /** `none`: flows are only archived. */
  readonly format: 'json' | 'text' | 'bin' | 'ecs' | 'ecs-agent' | 'packetbeat6' | 'flows' | 'weir' | 'none'
  readonly documents: DocumentOptions
  readonly archive: ArchiveOptions | null
  readonly ship: CollectShipOptions | null
  readonly mapping: string | null
  /** Output file, or null for stdout. */
  readonly output: string | null
  readonly separator: string
  readonly counters: string | null
  readonly drops: string | null
  readonly flushAfterMs: number
  /** Where HTTP is served, or null; an empty host is every address, an empty templatesPath serves no templates. */
  readonly http: { readonly host: string; readonly port: number; readonly templatesPath: string } | null
  readonly logLevel: LogLevel
  readonly logFormat: 'text' | 'json'
  /** Log lines of one kind per interval; 0 = unlimited, as in goflow2. */
  readonly errorCount: number
  readonly errorIntervalMs: number
  /** Sentences to log as warnings at start: flags that were accepted and do nothing. */
  readonly warnings: readonly string[]
}

/** Options from the words after `collect`; throws UsageError. For tests and tools: no configuration file is read. */
export function parseCollectFlags(words: readonly string[]): CollectOptions {
  const { given, operands } = parseFlags(COLLECT, words)
  if (operands.length > 0) throw new UsageError(strayWord(operands[0]!))
  return collectOptions(given)
}

/** What to say to a word that belongs to no flag. */
export function strayWord(word: string): string {
  return `collect: ${JSON.stringify(word)} belongs to no flag; to read a capture file: weir collect --read ${word}`
}

/** Options from given flags; throws UsageError. */
export function collectOptions(given: GivenFlags): CollectOptions {
  const flags = new FlagReader(COLLECT.flags, given)
  if (flags.text('transport') === 'kafka') {
    throw new UsageError(
      'Kafka is not built in: leave out -transport kafka and pipe stdout to a producer, for example: ' +
        'weir collect … | kcat -P -b BROKER -t flow-messages',
    )
  }
  if (flags.text('transport') !== 'file') throw flags.wrong('transport', flags.text('transport')!, 'file')
  const packets = packetOptions(flags)
  const read = packets === null ? flags.list('read') : []
  if (read.length > 0 && flags.isGiven('listen')) {
    throw new UsageError(
      '--read and --listen exclude each other: run one weir for the captures and one for the network',
    )
  }
  if (packets === null && flags.isGiven('read') && read.length === 0)
    throw flags.wrong('read', '', 'a file, or - for stdin')
  if (packets === null && read.length === 0 && flags.list('listen').length === 0) {
    throw flags.wrong('listen', flags.text('listen')!, 'a URL such as netflow://:2055')
  }
  if (read.filter((path) => path === '-').length > 1) {
    throw new UsageError('--read: - is there twice, but standard input can be read only once')
  }
  const isReading = read.length > 0 || (packets !== null && packets.files.length > 0)
  const warnings: string[] = []
  for (const [name, why] of Object.entries(IGNORED)) {
    if (flags.isGiven(name)) warnings.push(`-${name} does nothing: ${why}`)
  }
  if (packets?.isEnabled === false) {
    warnings.push(`no flows are tracked: ${flags.sourceOf('flow-enabled')} is false`)
  }
  return {
    listen: read.length > 0 || packets !== null ? [] : listen(flags),
    read,
    packets,
    readPorts: flags.list('read-port').map((text) => port(flags, text)),
    receiveBufferOctets: flags.octets('receive-buffer') ?? null,
    maxDatagramOctets: maxDatagram(flags),
    receiver: flags.choice('receiver') as CollectOptions['receiver'],
    ...state(flags, isReading),
    sampling: {
      overrides: flags.list('sampling').map((text) => override(flags, text)),
      default: flags.integer('sampling-default', 0, 0xffffffff),
    },
    keepUnknown: flags.boolean('keep-unknown'),
    expireMs: flags.durationMs('expiration-timeout'),
    detectSequenceReset: flags.boolean('detect-sequence-reset'),
    compat: flags.choice('goflow2-compat') as CollectOptions['compat'],
    ...lines(flags, packets !== null),
    documents: documents(flags, packets),
    archive: archive(flags),
    ship: ship(flags, packets, isReading),
    mapping: file(flags, 'mapping'),
    output: flags.text('output') === '-' ? null : file(flags, 'output'),
    separator: flags.text('separator')!,
    counters: file(flags, 'counters'),
    drops: file(flags, 'drops'),
    flushAfterMs: flags.durationMs('flush-after'),
    http: http(flags, isReading),
    logLevel: logLevel(flags),
    logFormat: logFormat(flags, warnings),
    errorCount: flags.integer('err.cnt', 0, Number.MAX_SAFE_INTEGER),
    errorIntervalMs: flags.durationMs('err.int'),
    warnings,
  }
}

/** The listen URLs, each of which the receiver understands. */
function listen(flags: FlagReader): readonly string[] {
  const urls = flags.list('listen')
  try {
    for (const url of urls) parseListenUrls(url)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  return urls
}

/** Documents of tracked flows hold what the user adds to them. */
function documents(flags: FlagReader, packets: PacketOptions | null): DocumentOptions {
  const options = documentOptions(flags)
  return packets === null ? options : { ...options, events: packets.events }
}

function ship(
  flags: FlagReader,
  packets: PacketOptions | null,
  isReading: boolean,
): CollectShipOptions | null {
  const options = collectShipOptions(flags, {
    isReading,
    stateFolder: state(flags, isReading).stateDirectory,
    logLevel: logLevel(flags),
    logFormat: logFormat(flags, []),
  })
  if (options === null || packets === null) return options
  const destination = { ...options.ship.destination, flowIndex: packets.events.index }
  return { ...options, ship: { ...options.ship, documents: documents(flags, packets), destination } }
}

/** An empty file name means none, as in goflow2. */
function file(flags: FlagReader, name: string): string | null {
  return flags.text(name) || null
}

function port(flags: FlagReader, text: string): number {
  const value = parseInteger(text)
  if (value === undefined || value < 1 || value > 65_535)
    throw flags.wrong('read-port', text, 'ports, 1 to 65535')
  return value
}

function maxDatagram(flags: FlagReader): number {
  const octets = flags.octets('max-datagram')!
  if (octets < 9000 || octets > 65_535)
    throw flags.wrong('max-datagram', flags.text('max-datagram')!, '9000 to 65535')
  return octets
}

function override(flags: FlagReader, text: string): SamplingSettings['overrides'][number] {
  const at = text.lastIndexOf('=')
  const network = parseNetworkText(text.slice(0, Math.max(at, 0)))
  const rate = parseInteger(text.slice(at + 1))
  if (network === undefined || rate === undefined || rate > 0xffffffff) {
    throw flags.wrong('sampling', text, 'NETWORK=RATE such as 10.0.0.0/8=1000')
  }
  return { network, rate }
}

function state(
  flags: FlagReader,
  isReading: boolean,
): Pick<CollectOptions, 'stateDirectory' | 'isStateExplicit'> {
  const given = flags.text('state')
  if (given !== undefined) {
    return { stateDirectory: given === 'none' || given === '' ? null : given, isStateExplicit: true }
  }
  if (isReading) return { stateDirectory: null, isStateExplicit: false }
  // systemd gives a list when the unit names several folders.
  const fromSystemd = process.env['STATE_DIRECTORY']?.split(':')[0]
  if (fromSystemd) return { stateDirectory: fromSystemd, isStateExplicit: false }
  try {
    accessSync('/var/lib/weir', constants.W_OK)
    return { stateDirectory: '/var/lib/weir', isStateExplicit: false }
  } catch {
    return { stateDirectory: null, isStateExplicit: false }
  }
}

function lines(flags: FlagReader, isTracking: boolean): Pick<CollectOptions, 'produce' | 'format'> {
  // For measurements, and not in the table: everything but the printing.
  const given = flags.text('format') === 'none' ? 'none' : flags.choice('format')
  const isForPeople = isTracking && !flags.isGiven('format') && isToTerminal(flags)
  const format = isForPeople ? 'flows' : given
  if (isTracking) refuseDatagrams(flags, format)
  else if (format === 'packetbeat6') {
    throw new UsageError('--format packetbeat6 is for tracked flows: give --interface or --read-packets')
  }
  const produce = flags.choice('produce')
  if (format === 'raw') return { produce: 'raw', format: 'json' }
  // Who archives wants lines too only if they say where or how.
  const isKept = flags.text('archive') || flags.list('ship').length > 0
  if (isKept && !flags.isGiven('format') && !flags.isGiven('output')) {
    return { produce: produce as CollectOptions['produce'], format: 'none' }
  }
  if (produce === 'raw' && format !== 'json' && format !== 'text') {
    throw new UsageError(`--produce raw has no form for --format ${format}: use json or text`)
  }
  if (
    flags.choice('goflow2-compat') === 'strict' &&
    (format === 'weir' || format === 'flows' || format.startsWith('ecs'))
  ) {
    throw new UsageError(
      `--format ${format} has no defects of goflow2's to keep: leave out --goflow2-compat strict`,
    )
  }
  return { produce: produce as CollectOptions['produce'], format: format as CollectOptions['format'] }
}

/** Whether lines go to somebody's eyes. */
function isToTerminal(flags: FlagReader): boolean {
  const output = flags.text('output')
  return (output === '-' || !output) && isTerminal(STDOUT)
}

function refuseDatagrams(flags: FlagReader, format: string): void {
  if (format === 'raw' || flags.choice('produce') === 'raw') {
    throw new UsageError('tracked flows come in no datagrams: leave out --produce raw and --format raw')
  }
  if (flags.choice('goflow2-compat') === 'strict') {
    throw new UsageError('tracked flows have no defects of goflow2: leave out --goflow2-compat strict')
  }
}

function archive(flags: FlagReader): ArchiveOptions | null {
  const directory = flags.text('archive')
  const groups = flags.list('archive-groups').map((text) => group(flags, text))
  const limits = writingLimits(flags)
  const stream = streamName(flags, 'archive-stream')
  if (!directory) return null
  const isRaw = flags.text('format') === 'raw' || flags.choice('produce') === 'raw'
  if (isRaw || flags.choice('goflow2-compat') === 'strict') {
    throw new UsageError(
      '--archive keeps flows as they are: leave out --goflow2-compat strict, --produce raw and --format raw',
    )
  }
  return { directory, stream, groups, limits }
}

function group(flags: FlagReader, text: string): ArchiveOptions['groups'][number] {
  const at = text.indexOf('=')
  const name = text.slice(0, Math.max(at, 0))
  const network = parseNetworkText(text.slice(at + 1))
  if (network === undefined || !isStreamName(name)) {
    throw flags.wrong('archive-groups', text, 'NAME=NETWORK such as core=10.0.0.0/8')
  }
  return { name, network }
}

function http(flags: FlagReader, isReading: boolean): CollectOptions['http'] {
  const address = isReading && !flags.isGiven('addr') ? '' : flags.text('addr')!
  if (address === '') return null
  const place = parseHostPort(address)
  if (place === undefined) throw flags.wrong('addr', address, 'HOST:PORT such as :8080 or 127.0.0.1:8080')
  return { ...place, templatesPath: flags.text('templates.path')! }
}

/** Levels of goflow2's log libraries, old and new. */
const LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  fatal: 'error',
  panic: 'error',
}

function logLevel(flags: FlagReader): LogLevel {
  const text = flags.text('log-level')!
  const level = LEVELS[text.toLowerCase()]
  if (level === undefined) throw flags.wrong('log-level', text, 'one of debug, info, warn, error')
  return level
}

function logFormat(flags: FlagReader, warnings: string[]): CollectOptions['logFormat'] {
  const text = flags.text('log-format')!
  if (text === 'json') return 'json'
  // goflow2 takes any word but json for text; its own default is `normal`.
  if (text !== 'text' && text !== 'normal') warnings.push(`--log-format ${text} is taken as text`)
  return 'text'
}
