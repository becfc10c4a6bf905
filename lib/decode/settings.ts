import type { Network } from '../bytes/address.ts'
import type { Log } from '../diagnostics/log.ts'
import type { BatchWriter } from '../flow/batch-writer.ts'
import type { Captures } from '../flow/captures.ts'

/** Bounds on what exporters can make a decoder keep. */
export interface DecodeLimits {
  /** Exporter sessions (transport, address, port) remembered; the longest silent one goes first. */
  readonly sessions: number
  /** Templates of one session, all domains together, and of all sessions. */
  readonly templatesPerSession: number
  readonly templates: number
  /**
   * Octets of Field Specifiers of one session, and of all, equal ones counted once; where there is no room for more,
   * the session silent for longest is forgotten.
   */
  readonly templateOctetsPerSession: number
  readonly templateOctets: number
  readonly fieldsPerTemplate: number
  /** Octets of sets waiting for their template: per session and template id, and in all. */
  readonly heldOctetsPerTemplate: number
  readonly heldOctets: number
  readonly heldMs: number
  /** Samplers and option-table rows (interfaces, applications, VRFs) remembered per session. */
  readonly optionRowsPerSession: number
  /** Octets of them in all; where there is no room for more, the session silent for longest is forgotten. */
  readonly optionOctets: number
  /** Silence after which templates and samplers of a session are forgotten; 0 = never. */
  readonly expireMs: number
}

export const DEFAULT_LIMITS: DecodeLimits = {
  sessions: 65_536,
  templatesPerSession: 4_096,
  templates: 1_000_000,
  templateOctetsPerSession: 2 * 1024 * 1024,
  templateOctets: 64 * 1024 * 1024,
  fieldsPerTemplate: 1_024,
  heldOctetsPerTemplate: 65_536,
  heldOctets: 16 * 1024 * 1024,
  heldMs: 30 * 60 * 1000,
  optionRowsPerSession: 65_536,
  optionOctets: 64 * 1024 * 1024,
  expireMs: 24 * 60 * 60 * 1000,
}

export interface SamplingSettings {
  /** The first network that holds the exporter's address wins over all that the exporter says. */
  readonly overrides: readonly { readonly network: Network; readonly rate: number }[]
  /** Where nothing is known; 0 leaves it unknown. */
  readonly default: number
}

/** Where records go; kinds without a writer are decoded for their effect only (options) or skipped. */
export interface RecordWriters {
  readonly flow: BatchWriter
  readonly options?: BatchWriter
  readonly counters?: BatchWriter
  readonly discard?: BatchWriter
}

export interface DecoderSettings {
  readonly writers: RecordWriters
  readonly captures: Captures
  /** Elements that no table knows are kept as octets under `e<enterprise>.id<number>`. */
  readonly keepUnknown: boolean
  readonly sampling: SamplingSettings
  readonly limits: DecodeLimits
  /** A sequence number that starts again is a restart of the exporter, not loss. True unless told otherwise. */
  readonly detectSequenceReset?: boolean
  readonly log: Log
}
