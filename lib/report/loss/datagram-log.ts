import { formatAddress } from '../../bytes/address.ts'
import type { AddressCodes, BlockFacts, FlowBlock, Problem } from '../../flow/source.ts'
import { COUNTING_RECORDS } from './counting-records.ts'
import { type DatagramRuns, datagramRunsOf } from './datagram-runs.ts'
import { ReceptionTimes } from './reception-times.ts'
import { type SequenceOf, Sequences } from './sequences.ts'

/** Pieces that are remembered of all sources together; what comes later is not looked at. */
const MOST_PIECES = 200_000
const MOST_SOURCES = 65_536
const NS_PER_MS = 1e6

/** Datagrams of one source whose sequence numbers follow one another. */
export interface Piece {
  /** Number of its first datagram. */
  readonly first: number
  /** Number of its last datagram, and how many records of it are there. */
  last: number
  lastRecords: number
  /** When the first datagram was received, milliseconds since the epoch. */
  readonly fromMs: number
}

/** What is known of one sequence of numbers: of an exporter, observation domain, engine and sub-agent. */
export interface Source extends SequenceOf {
  readonly exporter: string
  readonly countsRecords: boolean
  readonly pieces: Piece[]
  datagrams: number
  records: number
  /** As of `Sequences`. */
  stepsOfRecords: number
  stepsToEnd: number
}

/** Times of reception of blocks that were not read: what is missing may be there. */
export interface NotRead {
  readonly fromMs: number
  readonly toMs: number
}

/** What of a log goes from thread to thread. */
export interface DatagramLogPart {
  readonly sources: readonly Source[]
  readonly notRead: readonly NotRead[]
}

const NO_STEPS = { datagrams: 0, records: 0, stepsOfRecords: 0, stepsToEnd: 0 }

/** Notes which datagrams the records that are read came in, in memory that grows with what is missing of them only. */
export class DatagramLog {
  readonly notRead: NotRead[] = []
  readonly #sources: Source[] = []
  readonly #sequences = new Sequences()
  /** By source, the piece that its sequence is in. */
  readonly #open: Piece[] = []
  #pieces = 0
  /** Numbers of sources. */
  readonly #byName = new Map<string, number>()
  /** By code of the exporter, as long as blocks share their codes. */
  readonly #byCode = new Map<number, number[]>()
  #addresses: AddressCodes | null = null

  /** All sources that were met. */
  get sources(): readonly Source[] {
    const { datagrams, records, stepsOfRecords, stepsToEnd, last, lastRecords } = this.#sequences
    for (const [number, source] of this.#sources.entries()) {
      source.datagrams += datagrams[number]!
      source.records += records[number]!
      source.stepsOfRecords += stepsOfRecords[number]!
      source.stepsToEnd += stepsToEnd[number]!
      const piece = this.#open[number]
      if (piece === undefined) continue
      piece.last = last[number]!
      piece.lastRecords = lastRecords[number]!
    }
    for (const counts of [datagrams, records, stepsOfRecords, stepsToEnd]) counts.fill(0)
    return this.#sources
  }

  /** Notes that a block was left out. */
  skip({ leastReceived, greatestReceived }: BlockFacts): void {
    if (leastReceived > greatestReceived) return
    this.notRead.push({
      fromMs: Number(leastReceived) / NS_PER_MS,
      toMs: Number(greatestReceived) / NS_PER_MS,
    })
  }

  /** Notes the datagrams of a block of any kind of record. */
  take(block: FlowBlock, problems: Problem[]): void {
    const found = datagramRunsOf(block, problems)
    if (found === null) return
    const sequences = this.#sequences
    if (this.#addresses !== block.addresses) {
      this.#addresses = block.addresses
      this.#byCode.clear()
      sequences.forget()
    }
    const times = new ReceptionTimes(block, problems)
    let run = sequences.follow(found, 0)
    while (run < found.runs) {
      let source = sequences.recent(found, run)
      if (source < 0) {
        source = this.#sourceOf(found, run)
        sequences.remember(found.exporter[run]!, source)
        // It may follow well.
        if (source < 0) run++
      } else this.#leap(source, found, run++, times)
      run = sequences.follow(found, run)
    }
  }

  /** Begins a piece with a datagram that follows none, as long as there may be more. */
  #leap(
    number: number,
    { sequence, lengths, starts }: DatagramRuns,
    run: number,
    times: ReceptionTimes,
  ): void {
    const begins = this.#pieces < MOST_PIECES
    const { last, lastRecords } = this.#sequences
    const before = this.#open[number]
    if (begins && before !== undefined) {
      before.last = last[number]!
      before.lastRecords = lastRecords[number]!
    }
    const first = sequence[run]!
    this.#sequences.leap(number, first, lengths[run]!, begins)
    if (!begins) return
    this.#pieces++
    const piece = { first, last: first, lastRecords: lengths[run]!, fromMs: times.at(starts[run]!) }
    this.#open[number] = piece
    this.#sources[number]!.pieces.push(piece)
  }

  /** The number of a run's source; -1 where there are too many. */
  #sourceOf({ exporter: codes, domain, engine, agent, protocol }: DatagramRuns, run: number): number {
    const code = codes[run]!
    const of = { domain: domain[run]!, engine: engine[run]!, agent: agent[run]!, protocol: protocol[run]! }
    let known = this.#byCode.get(code)
    if (known === undefined) {
      known = []
      this.#byCode.set(code, known)
    }
    for (let i = 0; i < known.length; i++) if (this.#sequences.isOf(known[i]!, of)) return known[i]!
    const addresses = this.#addresses!
    const exporter = formatAddress(addresses.wordsOf?.(code) ?? addresses.words().subarray(code * 4), 0)
    const number = this.#named({ exporter, ...of })
    if (number >= 0) known.push(number)
    return number
  }

  #named(of: Pick<Source, 'exporter' | keyof SequenceOf>): number {
    const name = `${of.exporter} ${of.domain} ${of.engine} ${of.agent} ${of.protocol}`
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    if (this.#sources.length >= MOST_SOURCES) return -1
    const countsRecords = COUNTING_RECORDS.has(of.protocol)
    this.#sources.push({ ...of, countsRecords, pieces: [], ...NO_STEPS })
    const number = this.#sequences.add(of, countsRecords)
    this.#byName.set(name, number)
    return number
  }

  part(): DatagramLogPart {
    return { sources: this.sources, notRead: this.notRead }
  }

  /** Adds what another thread noted of other blocks. */
  addPart({ sources, notRead }: DatagramLogPart): void {
    this.notRead.push(...notRead)
    for (const { pieces, datagrams, records, stepsOfRecords, stepsToEnd, ...of } of sources) {
      const own = this.#sources[this.#named(of)]
      if (own === undefined) continue
      for (const piece of pieces) own.pieces.push(piece)
      own.datagrams += datagrams
      own.records += records
      own.stepsOfRecords += stepsOfRecords
      own.stepsToEnd += stepsToEnd
    }
  }
}
