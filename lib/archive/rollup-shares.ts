// How flows fall into bins. Volume up to time t of a flow is floor(total * (t - start) / (end - start)), so that the
// parts add up to the total, and the parts in short bins to that in a long one. A flow that lasted no time is in the bin
// of that moment; one that ends on a border has no part in the bin behind it.

/** Parts of flows, in vectors: a row stands once for each bin that it has a part in. */
export interface Shares {
  count: number
  readonly rows: Uint32Array
  /** Bins since the epoch. */
  readonly bins: Uint32Array
  /** Octets, packets, and both scaled: four a share. */
  readonly counters: BigUint64Array
  /** 1 in the first bin of a flow. */
  readonly isFirst: Uint8Array
}

export const SHARE_ROWS = 4096
const MOST_EXACT = 2 ** 53

export function newShares(): Shares {
  return {
    count: 0,
    rows: new Uint32Array(SHARE_ROWS),
    bins: new Uint32Array(SHARE_ROWS),
    counters: new BigUint64Array(SHARE_ROWS * 4),
    isFirst: new Uint8Array(SHARE_ROWS),
  }
}

/** Flows of a block: times in nanoseconds after a base that is the border of a bin, a start
 * of NaN for those of no time, which are in no bin; counters as `Shares` has them. */
export interface TimedFlows {
  readonly rows: number
  readonly baseNs: bigint
  readonly starts: Float64Array
  readonly ends: Float64Array
  readonly counters: BigUint64Array
}

/**
 * Gives all parts of the flows, a vector at a time whose memory is used again; returns how many there were, or -1 as
 * soon as there would be more than `most`.
 */
export function dealFlows(
  flows: TimedFlows,
  binNs: number,
  shares: Shares,
  most: number,
  take: (shares: Shares) => void,
): number {
  const { rows, starts, ends, counters } = flows
  const baseBin = Number(flows.baseNs / BigInt(binNs))
  let made = 0
  for (let row = 0; row < rows; row++) {
    const start = starts[row]!
    const end = ends[row]!
    if (Number.isNaN(start)) continue
    const first = Math.floor(start / binNs)
    const last = Math.max(first, Math.ceil(end / binNs) - 1)
    made += last - first + 1
    if (made > most) return -1
    if (first === last) {
      const at = place(shares, row, baseBin + first, 1, take)
      for (let k = 0; k < 4; k++) shares.counters[at * 4 + k] = counters[row * 4 + k]!
      continue
    }
    for (let bin = first; bin <= last; bin++) {
      const at = place(shares, row, baseBin + bin, bin === first ? 1 : 0, take)
      const from = bin === first ? 0 : bin * binNs - start
      const to = bin === last ? end - start : (bin + 1) * binNs - start
      for (let k = 0; k < 4; k++) {
        const total = counters[row * 4 + k]!
        shares.counters[at * 4 + k] = upTo(total, to, end - start) - upTo(total, from, end - start)
      }
    }
  }
  if (shares.count > 0) take(shares)
  shares.count = 0
  return made
}

function place(
  shares: Shares,
  row: number,
  bin: number,
  isFirst: number,
  take: (shares: Shares) => void,
): number {
  if (shares.count === SHARE_ROWS) {
    take(shares)
    shares.count = 0
  }
  const at = shares.count++
  shares.rows[at] = row
  shares.bins[at] = bin
  shares.isFirst[at] = isFirst
  return at
}

/** Few flows cross the border of a bin: their numbers may be of any length. */
function upTo(total: bigint, part: number, whole: number): bigint {
  if (part >= whole) return total
  const product = Number(total) * part
  if (product < MOST_EXACT) return BigInt(Math.floor(product / whole))
  return (total * BigInt(part)) / BigInt(whole)
}
