import { formatAddress } from '../bytes/address.ts'
import type { HeldQueue } from './held.ts'
import { NameTables } from './name-tables.ts'
import type { Rates } from './rates.ts'
import { newSequenceTotals, Sequence, type SequenceTotals } from './sequence.ts'
import { SFLOW_SAMPLE_KINDS } from './sflow-context.ts'
import type { Template } from './template.ts'

/** A template as one session knows it. */
export interface TemplateEntry {
  /** Field Specifiers as they came (latin1). */
  specifiers: string
  scopeCount: number
  isOptions: boolean
  /** Its data are dropped until it is defined again. */
  isWithdrawn: boolean
  /** Compiled when its first data arrive: of a million templates most have none for long. */
  template: Template | null
  /** When it was announced or used last. */
  usedMs: number
  /** How often it was announced, and how often with another layout than before. */
  announced: number
  changed: number
  /** Taken over from another port of the same address, not announced here. */
  isAdopted: boolean
}

/** One observation domain or source id of a session; for older protocols one engine of it. */
export interface Domain {
  readonly session: Session
  readonly protocol: number
  readonly id: number
  readonly templates: Map<number, TemplateEntry>
  /** Sets waiting for their template, by its id. */
  held: Map<number, HeldQueue> | null
  /** Dropped for lack of room while its datagram was still being read: nothing is to be remembered for it. */
  isForgotten: boolean
  /** Sampling rates announced in this domain. */
  rates: Rates | null
  readonly sequence: Sequence
  /** The template used last, so that most sets need no look-up. */
  lastId: number
  lastEntry: TemplateEntry | null
  /** Template ids that no other port of the address could help with, as of `searchedAt` of the exporter's lessons. */
  searchedFor: number
  searchedAt: number
  /** The rate for rows that name no sampler, as of `rateEpoch` of the exporter. */
  rate: number
  rateSource: number
  rateEpoch: number
}

/** One sFlow agent behind a session. */
export interface SflowAgent {
  readonly words: Uint32Array
  /** -1 before version 5. */
  readonly subAgentId: number
  readonly version: number
  readonly sequence: Sequence
  datagrams: number
  /** Samples and records by kind, in the order of SFLOW_SAMPLE_KINDS. */
  readonly samples: Float64Array
  readonly records: Float64Array
}

/** An agent of which nothing is known but who it is. */
export function newAgent(
  words: Uint32Array,
  subAgentId: number,
  version: number,
  totals: SequenceTotals,
): SflowAgent {
  return {
    words: words.slice(),
    subAgentId,
    version,
    sequence: new Sequence('datagrams', totals),
    datagrams: 0,
    samples: new Float64Array(SFLOW_SAMPLE_KINDS.length),
    records: new Float64Array(SFLOW_SAMPLE_KINDS.length),
  }
}

/** Counts of one exporter and protocol, for metrics. */
export interface ProtocolCounts {
  readonly protocol: number
  datagrams: number
  rows: number
  /** Of template, options template, data and options data sets. */
  readonly sets: Float64Array
  readonly records: Float64Array
  delaySeconds: number
  delays: number
}

/** All sessions of one address. */
export class Exporter {
  readonly words: Uint32Array
  readonly sessions: Session[] = []
  /** Sessions that announced templates, most recently taught last; few, so that a search stays short. */
  readonly teachers: Session[] = []
  /** Counts announcements: while it stands still, a search that failed need not be repeated. */
  lessons = 0
  /** Rises whenever a sampling rate is learnt. */
  rateEpoch = 0
  /** The user's rate for this address, or 0. */
  readonly override: number
  readonly sequences: SequenceTotals
  readonly counts: ProtocolCounts[] = []
  octets = 0
  datagrams = 0
  faults = 0
  faultyDatagrams = 0
  unknownTemplateSets = 0
  unknownRateRows = 0
  #text = ''

  constructor(words: Uint32Array, override: number, takesResets: boolean) {
    this.words = words
    this.override = override
    this.sequences = newSequenceTotals(takesResets)
  }

  get address(): string {
    if (this.#text === '') this.#text = formatAddress(this.words, 0)
    return this.#text
  }

  countsOf(protocol: number): ProtocolCounts {
    for (const counts of this.counts) if (counts.protocol === protocol) return counts
    const counts: ProtocolCounts = {
      protocol,
      datagrams: 0,
      rows: 0,
      sets: new Float64Array(4),
      records: new Float64Array(4),
      delaySeconds: 0,
      delays: 0,
    }
    this.counts.push(counts)
    return counts
  }
}

/** One source address and UDP port: what templates and samplers belong to. */
export class Session {
  readonly exporter: Exporter
  readonly port: number
  readonly hash: number
  readonly domains = new Map<number, Domain>()
  lastDomain: Domain | null = null
  agents: SflowAgent[] | null = null
  names: NameTables | null = null
  templateCount = 0
  /** Octets of the templates' Field Specifiers. */
  templateOctets = 0
  /** Samplers and names remembered, together. */
  optionRows = 0
  /** What they cost. */
  optionOctets = 0
  lastSeenMs: number
  movedMs = 0
  /** Neighbours in the order of silence. */
  newer: Session | null = null
  older: Session | null = null
  queue: Queue | null = null
  /** Place among the exporter's sessions. */
  place = 0
  isForgotten = false

  constructor(exporter: Exporter, port: number, hash: number, nowMs: number) {
    this.exporter = exporter
    this.port = port
    this.hash = hash
    this.lastSeenMs = nowMs
  }

  /** The session's name tables, made on first use. */
  tables(): NameTables {
    this.names ??= new NameTables()
    return this.names
  }
}

/** Sessions from the longest silent to the latest heard. */
export interface Queue {
  oldest: Session | null
  newest: Session | null
}
