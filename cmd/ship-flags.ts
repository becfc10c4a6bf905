import { accessSync, constants } from 'node:fs'
import type { LogLevel } from '../lib/diagnostics/log.ts'
import { readProcessors } from '../lib/ecs/processors.ts'
import { type DocumentOptions, documentOptions } from './document-flags.ts'
import { FlagReader } from './flag-reader.ts'
import type { GivenFlags } from './flags.ts'
import { flowEventOptions } from './packet-flags.ts'
import type { ProgressMode } from './progress.ts'
import { type ServerOptions, serverOptions } from './server-flags.ts'
import { SHIP } from './ship-table.ts'
import { UsageError } from './usage-error.ts'
import { parseHostPort } from './values.ts'

/** How documents are sent. */
export interface DeliveryOptions {
  /** Documents of a request. */
  readonly bulkDocuments: number
  /** Requests under way to one server. */
  readonly workers: number
  readonly isBalanced: boolean
  /** 0 for none. */
  readonly compressionLevel: number
  readonly flushMs: number
  readonly idleTimeoutMs: number
  readonly backoffInitMs: number
  readonly backoffMaxMs: number
  /** As in a URL's query, with a leading `&`; empty for none. */
  readonly parameters: string
  /** A file, `''` for that of the state folder, null for none. */
  readonly deadLetter: string | null
  /** 0 for no limit. */
  readonly deadLetterOctets: number
}

/** Where documents go, and in which form. */
export interface DestinationOptions {
  readonly namespace: string
  /** Null for what each record belongs to. */
  readonly dataset: string | null
  /** Null for the data stream. */
  readonly index: string | null
  /** Of documents of tracked flows; null for that of all. */
  readonly flowIndex?: string | null
  readonly form: 'final' | 'agent'
  /** Null for the index's own. */
  readonly pipeline: string | null
}

/** What `weir ship` was asked to do. Holds secrets. */
export interface ShipOptions {
  /** Null for standard output. */
  readonly servers: ServerOptions | null
  readonly isDocumentsOnly: boolean
  readonly destination: DestinationOptions
  readonly documents: DocumentOptions
  readonly delivery: DeliveryOptions
  readonly isFollowing: boolean
  readonly scanEveryMs: number
  readonly ignoreOlderMs: number
  readonly excludeFiles: readonly string[]
  /** 0 for no limit. */
  readonly maxLagOctets: number
  readonly filter: string | null
  /** Null for none. */
  readonly stateFolder: string | null
  readonly rejects: string | null
  readonly http: { readonly host: string; readonly port: number } | null
  readonly progress: ProgressMode
  readonly logLevel: LogLevel
  readonly logFormat: 'text' | 'json'
}

type Preset = Pick<
  DeliveryOptions,
  'bulkDocuments' | 'workers' | 'compressionLevel' | 'flushMs' | 'idleTimeoutMs'
> &
  Partial<Pick<DeliveryOptions, 'backoffInitMs' | 'backoffMaxMs'>>

/** Elastic's presets: all that they set wins over the flags. */
const PRESETS: Readonly<Record<string, Preset>> = {
  balanced: { bulkDocuments: 1600, workers: 1, compressionLevel: 1, flushMs: 10_000, idleTimeoutMs: 3000 },
  throughput: { bulkDocuments: 1600, workers: 4, compressionLevel: 1, flushMs: 5000, idleTimeoutMs: 15_000 },
  scale: {
    bulkDocuments: 1600,
    workers: 1,
    compressionLevel: 1,
    flushMs: 20_000,
    idleTimeoutMs: 1000,
    backoffInitMs: 5000,
    backoffMaxMs: 300_000,
  },
  latency: { bulkDocuments: 50, workers: 1, compressionLevel: 1, flushMs: 1000, idleTimeoutMs: 60_000 },
}

/** Most documents of a request: a page of them holds no more. */
const MOST_BULK_DOCUMENTS = 16_384
const MOST_WORKERS = 64

/** Options from given flags; throws UsageError. That no server is named is left to the run: a file need not name one. */
export function shipOptions(
  given: GivenFlags,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ShipOptions {
  const flags = new FlagReader(SHIP.flags, given)
  const urls = flags.list('to')
  const isPrinting = urls.length === 1 && urls[0] === '-'
  if (urls.length > 1 && urls.includes('-')) throw new UsageError('--to: - stands alone')
  const isDocumentsOnly = flags.boolean('documents-only')
  if (isDocumentsOnly && urls.length > 0 && !isPrinting) {
    throw new UsageError('--documents-only is of use with --to - only')
  }
  const isFollowing = flags.boolean('follow')
  const events = flowEventOptions(flags)
  const documents = { ...documentOptions(flags, { dropsEvents: true }), events }
  return {
    servers: isPrinting ? null : serverOptions(flags, urls, environment),
    isDocumentsOnly,
    destination: { ...destinationOptions(flags), flowIndex: events.index },
    documents,
    delivery: deliveryOptions(flags),
    isFollowing,
    scanEveryMs: flags.durationMs('scan-interval'),
    ignoreOlderMs: flags.durationMs('ignore-older'),
    excludeFiles: flags.list('exclude-files'),
    maxLagOctets: flags.octets('max-lag') ?? 0,
    filter: filterText(flags, documents),
    stateFolder: stateFolder(flags.text('state'), isPrinting, environment),
    rejects: flags.text('rejects') || null,
    http: http(flags),
    progress: flags.choice('progress') as ProgressMode,
    logLevel: flags.choice('log-level') as LogLevel,
    logFormat: flags.choice('log-format') as ShipOptions['logFormat'],
  }
}

/** Which flows are sent: those that `--filter` takes and no drop_event drops; null for all. */
function filterText(flags: FlagReader, { processors }: DocumentOptions): string | null {
  const { dropped } = readProcessors(processors, flags.sourceOf('processors'))
  const parts = dropped.map((text) => `not (${text})`)
  const given = flags.text('filter')
  if (given) parts.unshift(`(${given})`)
  return parts.length === 0 ? null : parts.length === 1 && given ? given : parts.join(' and ')
}

/** What the flags of `deliveryFlags` say; throws UsageError. */
export function deliveryOptions(flags: FlagReader, workers = 'workers'): DeliveryOptions {
  const size = flags.text('bulk-max-size')!
  // Elastic takes numbers below 1 as no limit.
  const documents = /^-\d+$/.test(size) ? 0 : flags.integer('bulk-max-size', 0, Number.MAX_SAFE_INTEGER)
  const deadLetter = flags.text('dead-letter')
  const options: DeliveryOptions = {
    bulkDocuments: documents,
    workers: flags.integer(workers, 1, MOST_WORKERS),
    isBalanced: flags.boolean('loadbalance'),
    compressionLevel: flags.integer('compression-level', 0, 9),
    flushMs: flags.durationMs('flush-timeout'),
    idleTimeoutMs: 3000,
    backoffInitMs: flags.durationMs('backoff-init'),
    backoffMaxMs: flags.durationMs('backoff-max'),
    parameters: parameters(flags),
    deadLetter:
      deadLetter === undefined ? '' : deadLetter === 'none' || deadLetter === '' ? null : deadLetter,
    deadLetterOctets: flags.octets('dead-letter-size') ?? 0,
    ...PRESETS[flags.choice('preset')],
  }
  const { bulkDocuments } = options
  return {
    ...options,
    bulkDocuments: bulkDocuments === 0 ? MOST_BULK_DOCUMENTS : Math.min(bulkDocuments, MOST_BULK_DOCUMENTS),
  }
}

/** What the flags of `destinationFlags` say; throws UsageError. */
export function destinationOptions(flags: FlagReader): DestinationOptions {
  const namespace = flags.text('namespace')!
  if (!isNamespace(namespace)) {
    throw flags.wrong('namespace', namespace, 'lower case, without - and blanks, at most 100 characters')
  }
  const dataset = flags.choice('dataset')
  const form = flags.choice('document-form') as DestinationOptions['form']
  // Elastic's names of pipelines are sent in lower case.
  const pipeline = flags.text('pipeline')?.toLowerCase()
  return {
    namespace,
    dataset: dataset === 'auto' ? null : dataset,
    index: flags.text('index') || null,
    form,
    pipeline: pipeline || (form === 'final' ? '_none' : null),
  }
}

/** What Elastic allows in names of data streams. */
export function isNamespace(text: string): boolean {
  return /^[^\\/*?"<>|\s,#:A-Z-]{1,100}$/u.test(text)
}

function parameters(flags: FlagReader): string {
  return flags
    .list('parameters')
    .map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw flags.wrong('parameters', text, 'NAME=VALUE')
      return `&${encodeURIComponent(text.slice(0, at))}=${encodeURIComponent(text.slice(at + 1))}`
    })
    .join('')
}

function http(flags: FlagReader): ShipOptions['http'] {
  const text = flags.text('addr')
  if (text === undefined || text === '') return null
  return parseHostPort(text) ?? fail(flags, text)
}

function fail(flags: FlagReader, text: string): never {
  throw flags.wrong('addr', text, 'an address such as 127.0.0.1:8080')
}

/** Where state is kept: as told, else where systemd says or /var/lib/weir; null for none. */
export function stateFolder(
  given: string | undefined,
  isPrinting: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): string | null {
  if (given !== undefined) return given === 'none' || given === '' ? null : given
  if (isPrinting) return null
  // systemd gives a list when the unit names several folders.
  const fromSystemd = environment['STATE_DIRECTORY']?.split(':')[0]
  if (fromSystemd) return fromSystemd
  try {
    accessSync('/var/lib/weir', constants.W_OK)
    return '/var/lib/weir'
  } catch {
    return null
  }
}
