import { columnFacts } from '../flow/column-facts.ts'
import { F } from '../flow/fields.ts'
import type { FlowBlock } from '../flow/source.ts'
import type { BlockRows } from './block-rows.ts'
import type { Quality } from './query.ts'

/** SAMPLING_SOURCE values there are. */
const SOURCES = 8

/** Counts of rows and blocks: they add up. */
const COUNTS = [
  'rowsRead',
  'rowsCounted',
  'rollupRows',
  'blocksRead',
  'blocksSkipped',
  'unknownSampling',
  'cutFlows',
  'untimedRows',
  'saturated',
  'lateRows',
  'egressRows',
  'doubledBlocks',
] as const

export function newQuality(): Quality {
  return {
    files: 0,
    streams: 0,
    rowsRead: 0,
    rowsCounted: 0,
    rollupRows: 0,
    blocksRead: 0,
    blocksSkipped: 0,
    scaledRows: new Array<number>(SOURCES).fill(0),
    sourceRows: new Array<number>(SOURCES).fill(0),
    unknownSampling: 0,
    cutFlows: 0,
    untimedRows: 0,
    saturated: 0,
    lateRows: 0,
    losses: null,
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

/** Adds what another thread counted of the same question. */
export function addQuality(quality: Quality, part: Quality): void {
  for (const name of COUNTS) quality[name] += part[name]
  for (let i = 0; i < SOURCES; i++) {
    quality.scaledRows[i]! += part.scaledRows[i]!
    quality.sourceRows[i]! += part.sourceRows[i]!
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
  // Three numbers by source: rows whose rate nobody knows, whose rate is 1, and above it.
  const tally = new Uint32Array(256 * 4)
  const rate = rates.values as Uint32Array
  const source = (sources?.values as Uint8Array | undefined) ?? new Uint8Array(rows.rows)
  if (count === rows.rows) tallyAll(rate, source, tally)
  else tallySome(rate, source, selection, count, tally)
  for (let i = 0; i < 256; i++) {
    const [unknown, plain, scaled] = [tally[i * 4]!, tally[i * 4 + 1]!, tally[i * 4 + 2]!]
    quality.unknownSampling += unknown
    if (i >= SOURCES) continue
    quality.sourceRows[i]! += unknown + plain + scaled
    quality.scaledRows[i]! += scaled
  }
}

function tallyAll(rate: Uint32Array, source: Uint8Array, tally: Uint32Array): void {
  for (let row = 0; row < rate.length; row++) {
    const own = rate[row]!
    tally[(source[row]! << 2) | (own > 1 ? 2 : own)]!++
  }
}

function tallySome(
  rate: Uint32Array,
  source: Uint8Array,
  selection: Uint32Array,
  count: number,
  tally: Uint32Array,
): void {
  for (let i = 0; i < count; i++) {
    const row = selection[i]!
    const own = rate[row]!
    tally[(source[row]! << 2) | (own > 1 ? 2 : own)]!++
  }
}

/** Whether exporters told of flows where they enter and where they leave: such flows are there twice. */
export function isDoubled(block: FlowBlock): boolean {
  const column = columnFacts(block, F.flowDirection)
  return column !== undefined && column.least === 0n && column.greatest === 1n
}
