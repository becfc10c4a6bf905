import type { FixedColumn } from '../../flow/batch.ts'
import { F, PROTOCOL } from '../../flow/fields.ts'
import type { FlowBlock, Problem } from '../../flow/source.ts'
import { exporterText } from './nat-cells.ts'

/** What came of one exporter's observation domain in one block. */
export interface Stretch {
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

/** By exporter, as `exporterText` says it. */
export type Stretches = ReadonlyMap<string, Stretch>

const SECOND = 1_000_000_000n
/** Distances in a block that are kept: shorter ones are no gaps whatever is usual. */
const LEAST_HOLE = 5n * SECOND
/** Options records and templates have numbers too, and are no rows: so much missing says nothing. */
const NOISE = { records: 8, datagrams: 1, none: 0 }
/** A restart, not a loss. */
const MOST_LOST = 2 ** 24
const MOST_HOLES = 4096
/** An exporter that sends by itself alone. */
export const ANY_EXPORTER = '*'

/** Records or datagrams that are missing between two stretches, by their numbers; 0 where these say nothing. */
export function lostBetween(last: Stretch, next: Stretch): number {
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

/** What came in a block: runs of rows of one datagram, joined by exporter; of all of them as ANY_EXPORTER too. */
export function stretchesOf(block: FlowBlock, problems: Problem[]): Stretches {
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
