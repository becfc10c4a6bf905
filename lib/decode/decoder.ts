import type { MetricFamily } from '../diagnostics/metrics.ts'
import type { Datagram, Scheme } from '../flow/datagram.ts'
import type { ExporterFacts, FactsSource } from '../flow/exporter-facts.ts'
import { PROTOCOL } from '../flow/fields.ts'
import { restoreSessions, saveSessions } from './collector-state.ts'
import { DataSets, SET_KIND } from './data-sets.ts'
import { decoderMetrics } from './decoder-metrics.ts'
import { HeldSets } from './held.ts'
import { decodeIpfix } from './ipfix.ts'
import { Issues } from './issues.ts'
import { KnownTemplates } from './known-templates.ts'
import type { MessageParts } from './message-parts.ts'
import { decodeNetflow1 } from './netflow1.ts'
import { decodeNetflow5 } from './netflow5.ts'
import { decodeNetflow6 } from './netflow6.ts'
import { decodeNetflow7 } from './netflow7.ts'
import { decodeNetflow8 } from './netflow8.ts'
import { decodeNetflow9 } from './netflow9.ts'
import { newOrigin, type Origin, resetOrigin } from './origin.ts'
import { FrameReader } from './packet.ts'
import { RATE_OCTETS } from './rates.ts'
import { RecordReader } from './records.ts'
import { Finisher } from './row-finisher.ts'
import { overrideFinder } from './sampling.ts'
import type { Sequence } from './sequence.ts'
import { type Domain, newAgent, type Session, type SflowAgent } from './session.ts'
import { Sessions } from './sessions.ts'
import type { DecoderSettings } from './settings.ts'
import { SflowReader } from './sflow.ts'
import type { CollectorState } from './state-file.ts'
import { TemplateCompiler } from './template.ts'
import { TemplateSets } from './template-sets.ts'
import { templatePage } from './templates-page.ts'

/** Turns datagrams into rows, and remembers what exporters say about them. */
export interface Decoder {
  /** Decodes one datagram into the writers; `scheme` says which protocols are welcome. No octets make it throw. */
  decode(datagram: Datagram, scheme: Scheme): void
  /** Once a second or so, with the wall clock or a capture's: expires sessions, templates, waiting sets. */
  tick(nowMs: number): void
  readonly issues: Issues
  /** What exporters call their interfaces, applications, VRFs and samplers. */
  readonly facts: FactsSource
  /** Sets decoded so far after they had waited for their template. */
  readonly heldReplayed: number
  metrics(): MetricFamily[]
  /** All templates in the shape of goflow2's `/templates`. */
  templates(): Record<string, Record<string, unknown>>
  saveState(): CollectorState
  /** Takes a saved state back; what was heard since is newer and stays. */
  restoreState(state: CollectorState): void
}

/** A decoder with no memory yet. */
export function newDecoder(settings: DecoderSettings): Decoder {
  return new DatagramDecoder(settings)
}

/** One datagram of so many is timed. */
const TIMED = 64
const MS_PER_HIGH_WORD = 2 ** 32 / 1e6

class DatagramDecoder implements Decoder {
  readonly issues = new Issues()
  readonly facts: FactsSource
  readonly #settings: DecoderSettings
  readonly #held: HeldSets
  readonly #sessions: Sessions
  readonly #templates: KnownTemplates
  readonly #finisher: Finisher
  readonly #sflow: SflowReader
  readonly #parts: MessageParts
  readonly #origin: Origin
  readonly #waiting = new Set<Sequence>()
  readonly #timing = { datagrams: 0, seconds: 0, timed: 0 }
  /** When the datagram was received, also as words. */
  readonly #receivedNs = new BigUint64Array(1)
  readonly #received = new Uint32Array(this.#receivedNs.buffer)

  constructor(settings: DecoderSettings) {
    const { limits, captures, sampling, writers, log, keepUnknown } = settings
    this.#settings = settings
    this.#held = new HeldSets(limits)
    this.#sessions = new Sessions({
      limits,
      takesResets: settings.detectSequenceReset ?? true,
      overrideOf: overrideFinder(sampling),
      forget: (domain) => this.#forget(domain),
    })
    const compiler = new TemplateCompiler(captures, keepUnknown)
    this.#templates = new KnownTemplates(this.#sessions, compiler, limits, this.issues, log)
    this.#finisher = new Finisher(sampling, this.#sessions)
    const frames = new FrameReader(captures, this.issues)
    const reader = new RecordReader(frames)
    const sets = new DataSets(this.#templates, this.#held, reader, this.#finisher, this.issues, writers)
    this.#sflow = new SflowReader(frames, writers)
    this.#origin = newOrigin({} as Datagram)
    this.#parts = {
      sessions: this.#sessions,
      templates: new TemplateSets(this.#templates, sets, this.issues),
      sets,
      issues: this.issues,
      waiting: this.#waiting,
      exportWords: new Uint32Array(this.#origin.exportTime.buffer),
    }
    this.facts = factsOf(this.#sessions)
  }

  get heldReplayed(): number {
    return this.#held.counts.replayed
  }

  decode(datagram: Datagram, scheme: Scheme): void {
    const { view, from, to, receivedNs } = datagram
    if (to - from < 4) {
      this.issues.note('datagramTooShort')
      return
    }
    const word = view.getUint32(from)
    const version = versionOf(word, scheme)
    if (version === 0) {
      this.issues.note('unknownVersion')
      return
    }
    this.#receivedNs[0] = receivedNs[0]!
    const nowMs = Math.floor(this.#received[1]! * MS_PER_HIGH_WORD + this.#received[0]! / 1e6)
    const session = this.#sessions.find(datagram.address, datagram.port, nowMs)
    const { exporter } = session
    exporter.datagrams++
    exporter.octets += to - from
    const faults = this.issues.total
    resetOrigin(this.#origin, datagram)
    const timing = this.#timing
    const isTimed = ++timing.datagrams % TIMED === 0
    const start = isTimed ? performance.now() : 0
    this.#decode(session, version, nowMs)
    if (isTimed) {
      timing.seconds += (performance.now() - start) / 1e3
      timing.timed++
    }
    if (this.issues.total === faults) return
    exporter.faults += this.issues.total - faults
    exporter.faultyDatagrams++
  }

  tick(nowMs: number): void {
    this.#held.expire(nowMs)
    this.#sessions.sweep(nowMs)
    for (const sequence of this.#waiting) if (!sequence.tick()) this.#waiting.delete(sequence)
  }

  metrics(): MetricFamily[] {
    return decoderMetrics(this.#sessions, this.issues, this.#held, this.#templates, this.#timing)
  }

  templates(): Record<string, Record<string, unknown>> {
    return templatePage(this.#sessions, this.#settings.log)
  }

  saveState(): CollectorState {
    return saveSessions(this.#sessions)
  }

  restoreState(state: CollectorState): void {
    restoreSessions(state, this.#sessions, this.#templates, this.#settings.limits)
  }

  #decode(session: Session, version: number, nowMs: number): void {
    const origin = this.#origin
    if (version === PROTOCOL.netflow9) {
      decodeNetflow9(session, origin, nowMs, this.#parts)
    } else if (version === PROTOCOL.ipfix) {
      decodeIpfix(session, origin, nowMs, this.#parts)
    } else if (version >= PROTOCOL.sflow2) {
      this.#decodeSflow(session, version)
    } else {
      this.#decodeFixed(session, version)
    }
  }

  /** NetFlow versions whose records have one fixed form. */
  #decodeFixed(session: Session, version: number): void {
    const origin = this.#origin
    const { datagram } = origin
    const counts = session.exporter.countsOf(version)
    this.#finisher.begin(session.exporter, counts)
    const decode = FIXED.get(version)!
    const rows = decode(datagram, origin, this.#settings.writers.flow, this.#finisher, this.issues)
    counts.datagrams++
    counts.sets[SET_KIND.data] = counts.sets[SET_KIND.data]! + rows
    counts.records[SET_KIND.data] = counts.records[SET_KIND.data]! + rows
    // The header was too short, or the version has no sequence.
    if (origin.protocol === 0 || version === PROTOCOL.netflow1) return
    // Engines, and the aggregations of v8, have sequences of their own.
    let engine = Math.max(origin.engineType, 0) * 256 + Math.max(origin.engineId, 0)
    if (version === PROTOCOL.netflow8) engine += datagram.view.getUint8(datagram.from + 22) * 65536
    const domain = this.#sessions.domain(session, version, engine, 'records')
    domain.sequence.note(origin.sequenceNumber, rows, origin.systemUptime, this.#waiting)
  }

  #decodeSflow(session: Session, version: number): void {
    const origin = this.#origin
    const counts = session.exporter.countsOf(version)
    this.#finisher.begin(session.exporter, counts)
    this.#sflow.decode(origin.datagram, origin, this.#finisher, this.issues)
    counts.datagrams++
    if (origin.protocol === 0) return
    const agent = this.#agentOf(session)
    if (agent === null) return
    agent.sequence.note(this.#sflow.sequenceNumber, -1, -1, this.#waiting)
    agent.datagrams++
    const { samples, records } = this.#sflow
    for (let i = 0; i < samples.length; i++) {
      if (samples[i] === 0) continue
      agent.samples[i] = agent.samples[i]! + samples[i]!
      agent.records[i] = agent.records[i]! + records[i]!
    }
  }

  /** The agent and sub-agent that the last sFlow datagram named; null beyond a bound. */
  #agentOf(session: Session): SflowAgent | null {
    const { agentAddress, subAgentId, version } = this.#sflow
    for (const agent of session.agents ?? []) {
      const { words } = agent
      if (
        agent.subAgentId === subAgentId &&
        words[3] === agentAddress[3] &&
        words[2] === agentAddress[2] &&
        words[1] === agentAddress[1] &&
        words[0] === agentAddress[0]
      )
        return agent
    }
    if (!this.#sessions.hasAgentRoom(session)) return null
    const agent = newAgent(agentAddress, subAgentId, version, session.exporter.sequences)
    this.#sessions.addAgent(session, agent)
    return agent
  }

  #forget(domain: Domain): void {
    this.#held.forget(domain)
    this.#waiting.delete(domain.sequence)
    if (domain.rates === null) return
    const { size } = domain.rates
    this.#sessions.takeOptionRows(domain.session, -size, -size * RATE_OCTETS)
    domain.session.exporter.rateEpoch++
  }
}

const FIXED = new Map([
  [PROTOCOL.netflow1 as number, decodeNetflow1],
  [PROTOCOL.netflow5, decodeNetflow5],
  [PROTOCOL.netflow6, decodeNetflow6],
  [PROTOCOL.netflow7, decodeNetflow7],
  [PROTOCOL.netflow8, decodeNetflow8],
])

/** The PROTOCOL value that the first word of a datagram stands for, or 0 where the scheme does not welcome it. */
function versionOf(word: number, scheme: Scheme): number {
  if (scheme !== 'netflow' && (word === 2 || word === 4 || word === 5)) return 200 + word
  if (scheme === 'sflow') return 0
  const version = word >>> 16
  return version === PROTOCOL.netflow9 || version === PROTOCOL.ipfix || FIXED.has(version) ? version : 0
}

function factsOf(sessions: Sessions): FactsSource {
  const of = (session: Session): ExporterFacts | undefined =>
    session.names?.facts(session.exporter.address, session.port)
  return {
    find(words, at, port) {
      const exporter = sessions.exporterAt(words, at)
      if (exporter === undefined) return undefined
      let best: Session | undefined
      for (const session of exporter.sessions) {
        if (session.names === null) continue
        best = session
        if (session.port === port) break
      }
      return best === undefined ? undefined : of(best)
    },
    list() {
      const all: ExporterFacts[] = []
      sessions.each((session) => {
        const facts = of(session)
        if (facts !== undefined) all.push(facts)
      })
      return all
    },
  }
}
