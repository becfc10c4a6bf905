import { F } from '../flow/fields.ts'
import type { Gathered } from './gathered.ts'
import { areWideConstantInRuns, isConstantInRuns } from './kernels.ts'

/** Runs of rows that came in one set of one datagram: many columns are constant within each. */
export interface RunGrid {
  readonly runs: number
  /** First row of each run, then the number of rows. */
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
}

const BOUNDARIES = [F.timeReceived, F.exporterAddress, F.sequenceNumber, F.layout]

/** The block's grid, or null where runs are too short to pay. */
export function findGrid(columns: ReadonlyMap<number, Gathered>, rows: number): RunGrid | null {
  const edges = new Uint8Array(rows)
  edges[0] = 1
  for (const field of BOUNDARIES) {
    const gathered = columns.get(field.index)
    if (gathered === undefined || gathered.presentRows === 0) continue
    if (gathered.shape === 'wide') markWide(gathered.values, rows, edges)
    else mark(gathered.values, rows, edges)
  }
  let runs = 0
  for (let row = 0; row < rows; row++) runs += edges[row]!
  if (runs * 4 > rows) return null
  const starts = new Uint32Array(runs + 1)
  const lengths = new Uint32Array(runs)
  let run = 0
  for (let row = 0; row < rows; row++) if (edges[row] === 1) starts[run++] = row
  starts[runs] = rows
  for (run = 0; run < runs; run++) lengths[run] = starts[run + 1]! - starts[run]!
  return { runs, starts, lengths }
}

function mark(values: Uint32Array, rows: number, edges: Uint8Array): void {
  for (let row = 1; row < rows; row++) if (values[row] !== values[row - 1]) edges[row] = 1
}

function markWide(words: Uint32Array, rows: number, edges: Uint8Array): void {
  for (let row = 1; row < rows; row++) {
    const at = row * 2
    if (words[at] !== words[at - 2] || words[at + 1] !== words[at - 1]) edges[row] = 1
  }
}

/** One value per run, or null where a run holds several. */
export function valuesOfRuns(grid: RunGrid, values: Uint32Array): Uint32Array | null {
  if (!isConstantInRuns(values, grid.starts, grid.runs)) return null
  const out = new Uint32Array(grid.runs)
  for (let run = 0; run < grid.runs; run++) out[run] = values[grid.starts[run]!]!
  return out
}

/** As `valuesOfRuns`, for pairs of words. */
export function wordsOfRuns(grid: RunGrid, words: Uint32Array): Uint32Array | null {
  if (!areWideConstantInRuns(words, grid.starts, grid.runs)) return null
  const out = new Uint32Array(grid.runs * 2)
  for (let run = 0; run < grid.runs; run++) {
    const at = grid.starts[run]! * 2
    out[run * 2] = words[at]!
    out[run * 2 + 1] = words[at + 1]!
  }
  return out
}
