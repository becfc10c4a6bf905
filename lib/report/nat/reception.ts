import type { FixedColumn } from '../../flow/batch.ts'
import { BlockMemory } from '../../flow/block-memory.ts'
import { F, PROTOCOL } from '../../flow/fields.ts'
import type { FlowBlock, FlowFile, FlowStream, Problem } from '../../flow/source.ts'
import { isFlowFile } from '../block-pass.ts'
import { greater } from '../window.ts'
import { exporterText } from './nat-cells.ts'

/** A time from which an exporter's records are missing: nothing came, or numbers say that something was lost. */
export interface Gap {
  readonly fromNs: bigint
  readonly toNs: bigint
  /** Records or datagrams that sequence numbers miss; 0 where they say nothing. */
  readonly lost: number
  /** Nothing came for far longer than usual. */
  readonly isSilent: boolean
}

/** What came of one exporter's observation domain in one block. */
interface Stretch {
  readonly firstNs: bigint
  lastNs: bigint
  datagrams: number
  readonly firstSequence: number
  /** The last datagram's sequence number, and the one that the next should have. */
  lastSequence: number
  expected: number
  readonly unit: 'records' | 'datagrams' | 'none'
  /** Distances between two datagrams that may be gaps. */
  readonly holes: { readonly fromNs: bigint; readonly toNs: bigint; readonly lost: number }[]
}

/** A block and what is known of it. */
interface Piece {
  readonly fromNs: bigint
  readonly toNs: bigint
  /** Null: not read yet. */
  stretches: ReadonlyMap<string, Stretch> | null
  readonly read: () => ReadonlyMap<string, Stretch>
}

const SECOND = 1_000_000_000n
/** Shorter silence is never a gap. */
const LEAST_SILENCE = 30n * SECOND
/** Silence is a gap from this many times the usual distance of datagrams on. */
const TIMES_USUAL = 12n
/** Distances in a block that are kept: shorter ones are no gaps whatever is usual. */
const LEAST_HOLE = 5n * SECOND
/** Options records and templates have numbers too, and are no rows: so much missing says nothing. */
const NOISE = { records: 8, datagrams: 1, none: 0 }
/** A restart, not a loss. */
const MOST_LOST = 2 ** 24
const MOST_HOLES = 4096
/** An exporter that sends by itself alone. */
export const ANY_EXPORTER = '*'

/** When which exporter's records came: blocks are read when somebody asks for their time. */
export class Reception {
  readonly #pieces: Piece[] = []
  #isSorted = true
  /** Blocks are looked at one after the other. */
  readonly #memory = new BlockMemory()

  /** Adds the blocks of a file, to be read when asked for. */
  addFile(file: FlowFile): void {
    for (const [index, { kind, leastReceived, greatestReceived }] of file.blocks.entries()) {
      if (kind !== 'flow' || leastReceived > greatestReceived) continue
      const read = () => {
        const block = file.block(index, this.#memory)
        return block === null ? new Map() : stretchesOf(block, file.problems)
      }
      this.#pieces.push({ fromNs: leastReceived, toNs: greatestReceived, stretches: null, read })
    }
    this.#isSorted = false
  }

  /** Adds a block that cannot be read again. */
  addBlock(block: FlowBlock, problems: Problem[]): void {
    const { leastReceived, greatestReceived } = block.info
    if (leastReceived > greatestReceived) return
    const stretches = stretchesOf(block, problems)
    this.#pieces.push({ fromNs: leastReceived, toNs: greatestReceived, stretches, read: () => stretches })
    this.#isSorted = false
  }

  /** When the first and the last record came; null if none did. */
  span(): { fromNs: bigint; toNs: bigint } | null {
    const pieces = this.#sorted()
    if (pieces.length === 0) return null
    const toNs = pieces.reduce((most, piece) => greater(most, piece.toNs), 0n)
    return { fromNs: pieces[0]!.fromNs, toNs }
  }

  /**
   * The gaps of an exporter that touch a time, in order; of all of them together for ANY_EXPORTER. What lies before its
   * first and after its last record is a gap too.
   */
  gaps(exporter: string, fromNs: bigint, toNs: bigint): Gap[] {
    const before = this.#before(exporter, fromNs)
    const after = this.#after(exporter, toNs)
    const pieces = this.#sorted().slice(Math.max(before, 0), after < 0 ? undefined : after + 1)
    const gaps: Gap[] = []
    let last: Stretch | null = null
    // What is usual, of all that was looked at.
    let spanNs = 0n
    let datagrams = 0n
    const found: { fromNs: bigint; toNs: bigint; lost: number }[] = []
    for (const piece of pieces) {
      const stretch = stretchesIn(piece).get(exporter)
      if (stretch === undefined) continue
      if (last !== null && stretch.firstNs > last.lastNs)
        found.push({ fromNs: last.lastNs, toNs: stretch.firstNs, lost: lostBetween(last, stretch) })
      found.push(...stretch.holes)
      spanNs += stretch.lastNs - stretch.firstNs
      datagrams += BigInt(stretch.datagrams)
      if (last === null || stretch.lastNs >= last.lastNs) last = stretch
    }
    for (const { fromNs: from, toNs: to } of found) if (to - from >= LEAST_SILENCE) spanNs -= to - from
    const usual = datagrams < 2n || spanNs < 0n ? LEAST_SILENCE : spanNs / datagrams
    const least = greater(usual * TIMES_USUAL, LEAST_SILENCE)
    const span = this.span()
    if (last === null || span === null) return []
    for (const hole of found) {
      const isSilent = hole.toNs - hole.fromNs >= least
      if ((isSilent || hole.lost > 0) && hole.toNs > fromNs && hole.fromNs < toNs)
        gaps.push({ ...hole, isSilent })
    }
    const first = pieces.map((piece) => stretchesIn(piece).get(exporter)).find((each) => each !== undefined)!
    if (before < 0 && fromNs < first.firstNs)
      gaps.unshift({ fromNs: 0n, toNs: first.firstNs, lost: 0, isSilent: true })
    if (after < 0 && toNs > last.lastNs)
      gaps.push({ fromNs: last.lastNs, toNs: END_OF_TIME, lost: 0, isSilent: true })
    return gaps.sort((a, b) => (a.fromNs < b.fromNs ? -1 : 1))
  }

  /** The last piece with the exporter that begins before the time; -1 if there is none. */
  #before(exporter: string, ns: bigint): number {
    const pieces = this.#sorted()
    for (let i = pieces.length - 1; i >= 0; i--) {
      if (pieces[i]!.fromNs >= ns) continue
      const stretch = stretchesIn(pieces[i]!).get(exporter)
      if (stretch !== undefined && stretch.firstNs < ns) return i
    }
    return -1
  }

  #after(exporter: string, ns: bigint): number {
    const pieces = this.#sorted()
    for (let i = 0; i < pieces.length; i++) {
      if (pieces[i]!.toNs <= ns) continue
      const stretch = stretchesIn(pieces[i]!).get(exporter)
      if (stretch !== undefined && stretch.lastNs > ns) return i
    }
    return -1
  }

  #sorted(): Piece[] {
    if (!this.#isSorted) this.#pieces.sort((a, b) => (a.fromNs < b.fromNs ? -1 : a.fromNs > b.fromNs ? 1 : 0))
    this.#isSorted = true
    return this.#pieces
  }
}

export const END_OF_TIME = 2n ** 63n

/** All files of the inputs; streams are added block by block by who reads them. */
export function receptionOf(inputs: readonly (FlowFile | FlowStream)[]): Reception {
  const reception = new Reception()
  for (const input of inputs) if (isFlowFile(input)) reception.addFile(input)
  return reception
}

function stretchesIn(piece: Piece): ReadonlyMap<string, Stretch> {
  piece.stretches ??= piece.read()
  return piece.stretches
}

function lostBetween(last: Stretch, next: Stretch): number {
  return next.firstSequence === last.lastSequence
    ? 0
    : lostOf(last.expected, next.firstSequence, next.unit, last.unit)
}

/** How many are missing between two numbers of RFC 7011 §3.1 or RFC 3954 §5.1, 0 where that says nothing. */
function lostOf(expected: number, next: number, unit: Stretch['unit'], before: Stretch['unit']): number {
  if (unit === 'none' || unit !== before) return 0
  const lost = (next - expected) >>> 0
  return lost > NOISE[unit] && lost < MOST_LOST ? lost : 0
}

/** Runs of rows of one datagram, joined by exporter. */
function stretchesOf(block: FlowBlock, problems: Problem[]): ReadonlyMap<string, Stretch> {
  const fixed = (column: ReturnType<FlowBlock['read']>) =>
    column?.column.shape === 'fixed' ? column.column : null
  const received = fixed(block.read(F.timeReceived, problems))
  const stretches = new Map<string, Stretch>()
  if (received === null) return stretches
  const address = fixed(block.read(F.exporterAddress, problems))
  const codes = block.readCodes(F.exporterAddress, problems)?.codes ?? null
  const domains = fixed(block.read(F.observationDomainId, problems))
  const sequences = fixed(block.read(F.sequenceNumber, problems))
  const protocols = fixed(block.read(F.exportProtocol, problems))
  const { words } = received
  /** By exporter's code and domain. */
  const own = new Map<number, Stretch>()
  let all: Stretch | null = null
  const { rows } = block.info
  for (let from = 0, row = 1; row <= rows; row++) {
    if (
      row < rows &&
      words[row * 2] === words[from * 2] &&
      words[row * 2 + 1] === words[from * 2 + 1] &&
      codes?.[row] === codes?.[from] &&
      same(sequences, row, from) &&
      same(domains, row, from)
    )
      continue
    if (received.present[from] === 1) {
      const ns = received.wide[from]!
      const domain = domains === null || domains.present[from] === 0 ? 0 : domains.values[from]!
      const key = (codes === null ? 0 : codes[from]!) * 0x100000000 + domain
      const protocol = protocols === null ? 0 : protocols.values[from]!
      const unit = sequences === null || sequences.present[from] === 0 ? 'none' : unitOf(protocol)
      const sequence = unit === 'none' ? 0 : sequences!.values[from]!
      const stretch = own.get(key)
      if (stretch !== undefined) extend(stretch, ns, sequence, row - from)
      else {
        const begun = newStretch(ns, sequence, row - from, unit)
        own.set(key, begun)
        const name =
          address === null || address.present[from] === 0
            ? `#${domain}`
            : exporterText(address.words, from * 4, domain)
        if (!stretches.has(name)) stretches.set(name, begun)
      }
      if (all === null) all = newStretch(ns, 0, 0, 'none')
      else extend(all, ns, 0, 0)
    }
    from = row
  }
  if (all !== null) stretches.set(ANY_EXPORTER, all)
  return stretches
}

function same(column: FixedColumn | null, a: number, b: number): boolean {
  return column === null || column.values[a] === column.values[b]
}

/** What sequence numbers count: RFC 3954 §5.1 datagrams, RFC 7011 §3.1 records, NetFlow v5 flows. */
function unitOf(protocol: number): Stretch['unit'] {
  if (protocol === PROTOCOL.netflow9) return 'datagrams'
  if (protocol === PROTOCOL.ipfix || protocol === PROTOCOL.netflow5) return 'records'
  return 'none'
}

function newStretch(ns: bigint, sequence: number, rows: number, unit: Stretch['unit']): Stretch {
  return {
    firstNs: ns,
    lastNs: ns,
    datagrams: 1,
    firstSequence: sequence,
    lastSequence: sequence,
    expected: nextOf(sequence, rows, unit),
    unit,
    holes: [],
  }
}

function nextOf(sequence: number, rows: number, unit: Stretch['unit']): number {
  return (sequence + (unit === 'records' ? rows : 1)) >>> 0
}

function extend(stretch: Stretch, ns: bigint, sequence: number, rows: number): void {
  const { unit, expected, lastNs } = stretch
  // A datagram whose rows do not lie together.
  const isSame = unit !== 'none' && sequence === stretch.lastSequence
  const lost = isSame ? 0 : lostOf(expected, sequence, unit, unit)
  if (ns > lastNs && (lost > 0 || ns - lastNs >= LEAST_HOLE) && stretch.holes.length < MOST_HOLES)
    stretch.holes.push({ fromNs: lastNs, toNs: ns, lost })
  if (ns > lastNs) stretch.lastNs = ns
  stretch.datagrams++
  if (isSame && unit === 'records') stretch.expected = (expected + rows) >>> 0
  else if (!isSame) {
    // What comes late fills a hole behind: the next one still follows the newest.
    const isLate =
      unit !== 'none' && ((sequence - expected) | 0) < 0 && (expected - sequence) >>> 0 < MOST_LOST
    if (isLate) return
    stretch.lastSequence = sequence
    stretch.expected = nextOf(sequence, rows, unit)
  }
}
