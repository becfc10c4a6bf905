import { formatAddress } from '../../bytes/address.ts'
import { PROTOCOL } from '../../flow/fields.ts'
import type { AddressCodes, BlockFacts, FlowBlock, Problem } from '../../flow/source.ts'
import { datagramRunsOf } from './datagram-runs.ts'
import { ReceptionTimes } from './reception-times.ts'

/** Pieces that are remembered of all sources together; what comes later is not looked at. */
const MOST_PIECES = 200_000
const MOST_SOURCES = 65_536
const NS_PER_MS = 1e6
/** Sources that are looked up by one step. */
const RECENT = 64

/** Sequence numbers of these count flows or records; of the others datagrams. */
const COUNTING_RECORDS: ReadonlySet<number> = new Set([
  PROTOCOL.netflow5,
  PROTOCOL.netflow6,
  PROTOCOL.netflow7,
  PROTOCOL.netflow8,
  PROTOCOL.ipfix,
])

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
export interface Source {
  readonly exporter: string
  readonly domain: number
  readonly engine: number
  readonly agent: number
  readonly protocol: number
  readonly countsRecords: boolean
  readonly pieces: Piece[]
  datagrams: number
  records: number
  /** Steps from one datagram to the next that were as long as the number of records, and longer than one. */
  stepsOfRecords: number
  /** Steps to a datagram that were as long as its own records, and not as long as those of the one before. */
  stepsToEnd: number
  /** The step to the last datagram, where it was no such as the protocol says; else 0. */
  lastStep: number
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

const NO_STEPS = { datagrams: 0, records: 0, stepsOfRecords: 0, stepsToEnd: 0, lastStep: 0 }

/** Notes which datagrams the records that are read came in, in memory that grows with what is missing of them only. */
export class DatagramLog {
  readonly sources: Source[] = []
  readonly notRead: NotRead[] = []
  #pieces = 0
  readonly #byName = new Map<string, Source>()
  /** By code of the exporter, as long as blocks share their codes. */
  readonly #byCode = new Map<number, Source[]>()
  /** Sources that were met last, at the place of their exporter's code modulo the length. */
  readonly #recent: ({ readonly code: number; readonly source: Source } | null)[] = new Array(RECENT).fill(
    null,
  )
  #addresses: AddressCodes | null = null

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
    if (this.#addresses !== block.addresses) {
      this.#addresses = block.addresses
      this.#byCode.clear()
      this.#recent.fill(null)
    }
    const recent = this.#recent
    const { runs, starts, lengths, sequence, exporter, domain, engine, agent, protocol } = found
    const times = new ReceptionTimes(block, problems)
    for (let run = 0; run < runs; run++) {
      const code = exporter[run]!
      // Datagrams of a few exporters come mixed.
      const place = code % RECENT
      let known = recent[place] ?? null
      const isSame =
        known !== null &&
        known.code === code &&
        domain[run] === known.source.domain &&
        protocol[run] === known.source.protocol &&
        engine[run] === known.source.engine &&
        agent[run] === known.source.agent
      if (!isSame) {
        const source = this.#sourceOf(code, domain[run]!, engine[run]!, agent[run]!, protocol[run]!)
        known = source === null ? null : { code, source }
        recent[place] = known
      }
      if (known !== null) this.#note(known.source, sequence[run]!, lengths[run]!, starts[run]!, times)
    }
  }

  #note(source: Source, sequence: number, records: number, row: number, times: ReceptionTimes): void {
    source.records += records
    const { pieces, countsRecords } = source
    const piece = pieces.length === 0 ? null : pieces[pieces.length - 1]!
    if (piece !== null) {
      if (sequence === piece.last) {
        piece.lastRecords += records
        return
      }
      const step = (sequence - piece.last) >>> 0
      if (source.lastStep > 0 && source.lastStep === piece.lastRecords) source.stepsToEnd++
      source.lastStep = 0
      if (step > 1 && step === piece.lastRecords) source.stepsOfRecords++
      if (step === (countsRecords ? piece.lastRecords : 1)) {
        source.datagrams++
        piece.last = sequence
        piece.lastRecords = records
        return
      }
    }
    source.datagrams++
    source.lastStep = piece === null ? 0 : (sequence - piece.last) >>> 0
    if (this.#pieces >= MOST_PIECES) return
    this.#pieces++
    pieces.push({ first: sequence, last: sequence, lastRecords: records, fromMs: times.at(row) })
  }

  #sourceOf(code: number, domain: number, engine: number, agent: number, protocol: number): Source | null {
    let known = this.#byCode.get(code)
    if (known === undefined) {
      known = []
      this.#byCode.set(code, known)
    }
    for (let i = 0; i < known.length; i++) {
      const each = known[i]!
      if (
        each.domain === domain &&
        each.protocol === protocol &&
        each.engine === engine &&
        each.agent === agent
      )
        return each
    }
    const addresses = this.#addresses!
    const exporter = formatAddress(addresses.wordsOf?.(code) ?? addresses.words().subarray(code * 4), 0)
    const source = this.#named({ exporter, domain, engine, agent, protocol })
    if (source !== null) known.push(source)
    return source
  }

  #named(of: Pick<Source, 'exporter' | 'domain' | 'engine' | 'agent' | 'protocol'>): Source | null {
    const name = `${of.exporter} ${of.domain} ${of.engine} ${of.agent} ${of.protocol}`
    let source = this.#byName.get(name)
    if (source === undefined) {
      if (this.sources.length >= MOST_SOURCES) return null
      const countsRecords = COUNTING_RECORDS.has(of.protocol)
      source = { ...of, countsRecords, pieces: [], ...NO_STEPS }
      this.#byName.set(name, source)
      this.sources.push(source)
    }
    return source
  }

  part(): DatagramLogPart {
    return { sources: this.sources, notRead: this.notRead }
  }

  /** Adds what another thread noted of other blocks. */
  addPart({ sources, notRead }: DatagramLogPart): void {
    this.notRead.push(...notRead)
    for (const { pieces, datagrams, records, stepsOfRecords, stepsToEnd, ...of } of sources) {
      const own = this.#named(of)
      if (own === null) continue
      for (const piece of pieces) own.pieces.push(piece)
      own.datagrams += datagrams
      own.records += records
      own.stepsOfRecords += stepsOfRecords
      own.stepsToEnd += stepsToEnd
    }
  }
}
