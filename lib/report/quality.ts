import { F } from '../flow/fields.ts'
import type { FlowBlock } from '../flow/source.ts'
import type { BlockRows } from './block-rows.ts'
import type { Quality } from './query.ts'

/** SAMPLING_SOURCE values there are. */
const SOURCES = 8

export function newQuality(): Quality {
  return {
    files: 0,
    streams: 0,
    rowsRead: 0,
    rowsCounted: 0,
    blocksRead: 0,
    blocksSkipped: 0,
    scaledRows: new Array<number>(SOURCES).fill(0),
    sourceRows: new Array<number>(SOURCES).fill(0),
    unknownSampling: 0,
    cutFlows: 0,
    untimedRows: 0,
    saturated: 0,
    egressRows: 0,
    doubledBlocks: 0,
    spilledOctets: 0,
    problems: [],
    rejected: 0,
    fromNs: 0n,
    toNs: 0n,
    bins: 0,
    missingBins: 0,
  }
}

/** Counts how the sampling of the chosen rows is known. */
export function noteSampling(quality: Quality, rows: BlockRows, selection: Uint32Array, count: number): void {
  const rates = rows.numbers(F.samplingRate)
  const sources = rows.numbers(F.samplingSource)
  if (rates === null) {
    quality.unknownSampling += count
    quality.sourceRows[0]! += count
    return
  }
  const all = new Float64Array(256)
  const scaled = new Float64Array(256)
  let unknown = 0
  const rate = rates.values
  const source = sources?.values ?? new Uint8Array(rows.rows)
  for (let i = 0; i < count; i++) {
    const row = selection[i]!
    all[source[row]!]!++
    if (rate[row]! > 1) scaled[source[row]!]!++
    else if (rate[row] === 0) unknown++
  }
  for (let i = 0; i < SOURCES; i++) {
    quality.sourceRows[i]! += all[i]!
    quality.scaledRows[i]! += scaled[i]!
  }
  quality.unknownSampling += unknown
}

/** Whether exporters told of flows where they enter and where they leave: such flows are there twice. */
export function isDoubled(block: FlowBlock): boolean {
  const column = block.columns.find(({ field }) => field === F.flowDirection)
  return column !== undefined && column.least === 0n && column.greatest === 1n
}
