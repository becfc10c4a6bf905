import type { DatagramRuns } from './datagram-runs.ts'

/** Sources that are found by one step, at the place of their exporter's code modulo this. */
const RECENT = 64
const FIRST_ROOM = 16

/** What tells one sequence of numbers of an exporter from another. */
export interface SequenceOf {
  readonly domain: number
  readonly engine: number
  readonly agent: number
  readonly protocol: number
}

/**
 * Where the sequences of sources stand, by the number of the source: runs are followed in loops over numbers, as long as
 * each continues its sequence as the protocol says.
 */
export class Sequences {
  #domain = new Uint32Array(FIRST_ROOM)
  #engine = new Uint32Array(FIRST_ROOM)
  #agent = new Uint32Array(FIRST_ROOM)
  #protocol = new Uint32Array(FIRST_ROOM)
  /** All bits where numbers count records; 0 where they count datagrams. */
  #perRecord = new Int32Array(FIRST_ROOM)
  /** 1 where there is a datagram that the next one can follow. */
  #hasBegun = new Uint8Array(FIRST_ROOM)
  /** The number of the last datagram, and how many records of it are there; modulo 2^32, as steps are. */
  last = new Uint32Array(FIRST_ROOM)
  lastRecords = new Uint32Array(FIRST_ROOM)
  /** The step to the last datagram, where it was no such as the protocol says; else 0. */
  lastStep = new Uint32Array(FIRST_ROOM)
  datagrams = new Float64Array(FIRST_ROOM)
  records = new Float64Array(FIRST_ROOM)
  /** Steps from one datagram to the next that were as long as the number of records, and longer than one. */
  stepsOfRecords = new Float64Array(FIRST_ROOM)
  /** Steps to a datagram that were as long as its own records, and not as long as those of the one before. */
  stepsToEnd = new Float64Array(FIRST_ROOM)
  #count = 0
  readonly #recentCodes = new Uint32Array(RECENT)
  /** -1: none. */
  readonly #recentSources = new Int32Array(RECENT).fill(-1)

  /** Makes room for one more source; returns its number. */
  add({ domain, engine, agent, protocol }: SequenceOf, countsRecords: boolean): number {
    const number = this.#count++
    if (number === this.last.length) this.#grow()
    this.#domain[number] = domain
    this.#engine[number] = engine
    this.#agent[number] = agent
    this.#protocol[number] = protocol
    this.#perRecord[number] = countsRecords ? -1 : 0
    return number
  }

  /** The source of a run, where it was met lately; else -1. */
  recent({ exporter, domain, engine, agent, protocol }: DatagramRuns, run: number): number {
    const code = exporter[run]!
    const source = this.#recentSources[code % RECENT]!
    if (source < 0 || this.#recentCodes[code % RECENT] !== code) return -1
    const of = { domain: domain[run]!, engine: engine[run]!, agent: agent[run]!, protocol: protocol[run]! }
    return this.isOf(source, of) ? source : -1
  }

  isOf(number: number, { domain, engine, agent, protocol }: SequenceOf): boolean {
    return (
      this.#domain[number] === domain &&
      this.#engine[number] === engine &&
      this.#agent[number] === agent &&
      this.#protocol[number] === protocol
    )
  }

  /** Forgets which codes exporters have. */
  forget(): void {
    this.#recentSources.fill(-1)
  }

  /** Notes that an exporter of this code was met last with this source. */
  remember(code: number, source: number): void {
    this.#recentCodes[code % RECENT] = code
    this.#recentSources[code % RECENT] = source
  }

  /**
   * Follows runs from `from` on, up to the first one whose source was not met lately, or that is no next step of it;
   * returns that.
   */
  follow(found: DatagramRuns, from: number): number {
    const { runs, exporter, domain, engine, agent, protocol, sequence, lengths } = found
    const codes = this.#recentCodes
    const recent = this.#recentSources
    const [domains, engines, agents, protocols] = [this.#domain, this.#engine, this.#agent, this.#protocol]
    const { last, lastRecords, lastStep, datagrams, records, stepsOfRecords, stepsToEnd } = this
    const hasBegun = this.#hasBegun
    const perRecord = this.#perRecord
    for (let run = from; run < runs; run++) {
      const code = exporter[run]!
      // Datagrams of a few exporters come mixed.
      const place = code % RECENT
      const source = recent[place]!
      if (
        source < 0 ||
        codes[place] !== code ||
        domains[source] !== domain[run] ||
        protocols[source] !== protocol[run] ||
        engines[source] !== engine[run] ||
        agents[source] !== agent[run]
      )
        return run
      const number = sequence[run]!
      const step = (number - last[source]!) >>> 0
      const before = lastRecords[source]!
      const wanted = ((before - 1) & perRecord[source]!) + 1
      // No processor foretells where datagrams end: what both cases need is told without branches.
      if ((step !== 0 && step !== wanted >>> 0) || hasBegun[source] === 0) return run
      const isNext = (step | -step) >>> 31
      if (isNext === 1 && lastStep[source] !== 0) {
        if (lastStep[source] === before) stepsToEnd[source]!++
        lastStep[source] = 0
      }
      const length = lengths[run]!
      datagrams[source]! += isNext
      stepsOfRecords[source]! += step > 1 ? 1 : 0
      records[source]! += length
      last[source] = number
      lastRecords[source] = (before & (isNext - 1)) + length
    }
    return runs
  }

  /** Notes a run that does not follow; with `begins`, those behind it follow it. */
  leap(source: number, number: number, length: number, begins: boolean): void {
    const isFirst = this.#hasBegun[source] === 0
    const step = isFirst ? 0 : (number - this.last[source]!) >>> 0
    const before = this.lastRecords[source]!
    if (!isFirst) {
      if (this.lastStep[source] !== 0 && this.lastStep[source] === before) this.stepsToEnd[source]!++
      if (step > 1 && step === before) this.stepsOfRecords[source]!++
    }
    this.lastStep[source] = step
    this.records[source]! += length
    this.datagrams[source]!++
    if (!begins) return
    this.#hasBegun[source] = 1
    this.last[source] = number
    this.lastRecords[source] = length
  }

  #grow(): void {
    this.#domain = grown(this.#domain, new Uint32Array(this.#domain.length * 2))
    this.#engine = grown(this.#engine, new Uint32Array(this.#engine.length * 2))
    this.#agent = grown(this.#agent, new Uint32Array(this.#agent.length * 2))
    this.#protocol = grown(this.#protocol, new Uint32Array(this.#protocol.length * 2))
    this.#perRecord = grown(this.#perRecord, new Int32Array(this.#perRecord.length * 2))
    this.#hasBegun = grown(this.#hasBegun, new Uint8Array(this.#hasBegun.length * 2))
    this.last = grown(this.last, new Uint32Array(this.last.length * 2))
    this.lastRecords = grown(this.lastRecords, new Uint32Array(this.lastRecords.length * 2))
    this.lastStep = grown(this.lastStep, new Uint32Array(this.lastStep.length * 2))
    this.datagrams = grown(this.datagrams, new Float64Array(this.datagrams.length * 2))
    this.records = grown(this.records, new Float64Array(this.records.length * 2))
    this.stepsOfRecords = grown(this.stepsOfRecords, new Float64Array(this.stepsOfRecords.length * 2))
    this.stepsToEnd = grown(this.stepsToEnd, new Float64Array(this.stepsToEnd.length * 2))
  }
}

function grown<T extends Uint8Array | Int32Array | Uint32Array | Float64Array>(old: T, room: T): T {
  room.set(old)
  return room
}
