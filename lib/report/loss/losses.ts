import type { Loss } from '../query.ts'
import type { DatagramLog, NotRead, Piece, Source } from './datagram-log.ts'

/** Longer leaps ahead are restarts, not loss. */
const FARTHEST = 2 ** 24
/** Datagrams come late by no more records or datagrams; numbers farther back are those of a restart. */
const MOST_REORDERED = 10_000
const NS_PER_MS = 1_000_000n

/**
 * Records that were sent and are not there, by the sequence numbers of what is: where numbers are missing between two
 * datagrams that are there, when the later one was received. Of protocols that number datagrams as many records a
 * datagram are taken as those have that are there. Null where no sequence was noted.
 */
export function lossesOf(log: DatagramLog): Loss[] | null {
  const known = log.sources.filter(isUnderstood)
  if (known.length === 0) return null
  return known.flatMap((source) => lossesOfSource(source, log.notRead))
}

/** Whether numbers mean what the protocol says: some exporters of NetFlow v9 number records. */
function isUnderstood({ countsRecords, stepsOfRecords, datagrams }: Source): boolean {
  return countsRecords || stepsOfRecords * 2 < datagrams
}

interface Placed {
  readonly piece: Piece
  /** Numbers of the first and last datagram, counted from the first of all; they may exceed 32 bits. */
  readonly first: number
  readonly last: number
}

function lossesOfSource(source: Source, notRead: readonly NotRead[]): Loss[] {
  const { exporter, countsRecords, records, datagrams, stepsToEnd } = source
  // Some exporters' numbers count the records to the end of a datagram, as softflowd's do.
  const countsToEnd = countsRecords && stepsToEnd * 2 > datagrams
  const losses: Missing[] = []
  // Numbers that are there: of a datagram whose records two blocks share, once.
  let present = 0
  let sent = 0
  for (const pieces of epochsOf(source.pieces)) {
    pieces.sort((a, b) => a.first - b.first)
    let [before] = pieces as [Placed]
    let { last, end } = reachOf(before, countsRecords)
    present += end - before.first
    for (const next of pieces.slice(1)) {
      const reach = reachOf(next, countsRecords)
      if (next.first === last && countsRecords) {
        // Another part of the same datagram.
        end = Math.max(end + (next.last === next.first ? next.piece.lastRecords : 0), reach.end)
      } else {
        const missing = next.first - end
        if (missing > 0 && !mayBeUnread(before.piece, next.piece, notRead))
          losses.push({ atNs: BigInt(Math.round(next.piece.fromMs)) * NS_PER_MS, missing })
        present += Math.max(0, reach.end - Math.max(end, next.first))
        end = Math.max(end, reach.end)
      }
      if (reach.last >= last) {
        last = reach.last
        before = next
      }
    }
    const [first] = pieces as [Placed]
    sent += countsToEnd ? last - first.first + first.piece.lastRecords : end - first.first
  }
  const each = countsRecords ? 1 : records / present
  const real = countsToEnd ? upTo(losses, Math.max(0, sent - records)) : losses
  return real.map(({ atNs, missing }) => ({ exporter, atNs, records: missing * each }))
}

interface Missing {
  readonly atNs: bigint
  readonly missing: number
}

/**
 * The greatest of the losses, that together are no more than `most`: where numbers count to the end of a datagram, some
 * records seem to be missing before each longer one.
 */
function upTo(losses: readonly Missing[], most: number): Missing[] {
  if (losses.reduce((sum, { missing }) => sum + missing, 0) <= most) return [...losses]
  let left = most
  const real: Missing[] = []
  for (const loss of losses.toSorted((a, b) => b.missing - a.missing)) {
    const missing = Math.min(left, loss.missing)
    left -= missing
    if (missing > 0) real.push({ ...loss, missing })
  }
  return real
}

/** The number of the last datagram, and the next one expected behind it. */
function reachOf({ piece, last }: Placed, countsRecords: boolean): { last: number; end: number } {
  return { last, end: last + (countsRecords ? piece.lastRecords : 1) }
}

function mayBeUnread(before: Piece, next: Piece, notRead: readonly NotRead[]): boolean {
  return notRead.some(({ fromMs, toMs }) => fromMs <= next.fromMs && toMs >= before.fromMs)
}

/** Pieces in the order of reception, numbers unrolled, apart where the exporter began anew. */
function epochsOf(pieces: readonly Piece[]): Placed[][] {
  const epochs: Placed[][] = []
  let own: Placed[] = []
  let highest = 0
  for (const piece of pieces.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const length = (piece.last - piece.first) >>> 0
    const step = (piece.first - (highest % 2 ** 32)) | 0
    const isNew = own.length === 0 || step > FARTHEST || step < -MOST_REORDERED
    if (isNew) {
      own = []
      epochs.push(own)
      highest = piece.first
    }
    const first = isNew ? piece.first : highest + step
    own.push({ piece, first, last: first + length })
    highest = Math.max(highest, first + length)
  }
  return epochs
}
