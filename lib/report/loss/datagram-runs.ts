import { columnFacts } from '../../flow/column-facts.ts'
import { F, type Field } from '../../flow/fields.ts'
import type { FlowBlock, Problem } from '../../flow/source.ts'

/** Rows that came one after the other in one datagram, or part of one. */
export interface DatagramRuns {
  readonly runs: number
  /** First rows of runs. */
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
  /** By run; zeros where rows lack the column. */
  readonly sequence: Uint32Array
  /** Codes of addresses. */
  readonly exporter: Uint32Array
  readonly domain: Uint32Array
  readonly engine: Uint32Array
  readonly agent: Uint32Array
  readonly protocol: Uint32Array
}

const COLUMNS = {
  sequence: F.sequenceNumber,
  exporter: F.exporterAddress,
  domain: F.observationDomainId,
  engine: F.engineId,
  agent: F.subAgentId,
  protocol: F.exportProtocol,
} as const
/** What tells whether there are datagrams, and of what. */
const LOOKED_AT: readonly Field[] = [...Object.values(COLUMNS), F.biflowHalf]
const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]

/** The datagrams of a block, as far as rows have a sequence number and an exporter; null where none has. */
export function datagramRunsOf(block: FlowBlock, problems: Problem[]): DatagramRuns | null {
  const held = new Set(LOOKED_AT.filter((field) => columnFacts(block, field) !== undefined))
  if (!held.has(F.sequenceNumber) || !held.has(F.exporterAddress)) return null
  // The second half of a biflow is no record of its own (RFC 5103).
  const stored = held.has(F.biflowHalf) ? null : storedRuns(block, held, problems)
  return stored ?? foundRuns(block, held, problems)
}

/** Runs as the block has them, where all columns have the same. */
function storedRuns(block: FlowBlock, held: ReadonlySet<Field>, problems: Problem[]): DatagramRuns | null {
  const sequence = block.readRuns?.(F.sequenceNumber, problems) ?? null
  if (sequence === null) return null
  const { lengths } = sequence
  const runs = lengths.length
  const columns = new Map<keyof typeof COLUMNS, Uint32Array>()
  for (const name of NAMES) {
    const own = held.has(COLUMNS[name]) ? (block.readRuns?.(COLUMNS[name], problems) ?? null) : NOTHING
    if (own === null || own.values instanceof BigUint64Array) return null
    if (own.lengths.length < 2) columns.set(name, new Uint32Array(runs).fill(own.values[0] ?? 0))
    else if (areEqual(own.lengths, lengths)) columns.set(name, own.values)
    else return null
  }
  let starts: Uint32Array | null = null
  return {
    runs,
    // Nobody asks where nothing is missing.
    get starts() {
      starts ??= startsOf(lengths)
      return starts
    },
    lengths,
    ...(Object.fromEntries(columns) as Record<keyof typeof COLUMNS, Uint32Array>),
  }
}

function startsOf(lengths: Uint32Array): Uint32Array {
  const starts = new Uint32Array(lengths.length)
  for (let run = 1; run < starts.length; run++) starts[run] = starts[run - 1]! + lengths[run - 1]!
  return starts
}

const NOTHING = { values: new Uint32Array(1), lengths: new Uint32Array(1) }

function areEqual(a: Uint32Array, b: Uint32Array): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Runs found by comparing each row with the one before. */
function foundRuns(block: FlowBlock, held: ReadonlySet<Field>, problems: Problem[]): DatagramRuns | null {
  const { rows } = block.info
  const columns = {} as Record<keyof typeof COLUMNS, Uint32Array>
  const isThere = new Uint8Array(rows).fill(1)
  const isEdge = new Uint8Array(rows)
  for (const name of NAMES) {
    const found = held.has(COLUMNS[name]) ? valuesOf(block, COLUMNS[name], problems) : null
    const isNeeded = name === 'sequence' || name === 'exporter'
    if (found === null && isNeeded) return null
    const values = new Uint32Array(rows)
    if (found !== null) copyPresent(found, values)
    if (found !== null && isNeeded) clearAbsent(found.present, isThere)
    markEdges(values, isEdge)
    columns[name] = values
  }
  const half = held.has(F.biflowHalf) ? valuesOf(block, F.biflowHalf, problems) : null
  for (let row = 0; half !== null && row < rows; row++) if (half.values[row] === 1) isThere[row] = 0
  const starts = new Uint32Array(rows)
  const lengths = new Uint32Array(rows)
  let runs = 0
  let isNext = true
  for (let row = 0; row < rows; row++) {
    if (isEdge[row] === 1) isNext = true
    if (isThere[row] === 0) continue
    if (isNext) starts[runs++] = row
    isNext = false
    lengths[runs - 1]!++
  }
  for (const name of NAMES) gather(columns[name], starts, runs)
  return { runs, starts, lengths, ...columns }
}

interface Values {
  readonly values: Uint32Array | Uint16Array | Uint8Array
  readonly present: Uint8Array
}

/** Columns of batches may be longer than they are filled. */
function copyPresent({ values, present }: Values, out: Uint32Array): void {
  for (let row = 0; row < out.length; row++) if (present[row] === 1) out[row] = values[row]!
}

function clearAbsent(present: Uint8Array, isThere: Uint8Array): void {
  for (let row = 0; row < isThere.length; row++) if (present[row] === 0) isThere[row] = 0
}

function markEdges(values: Uint32Array, isEdge: Uint8Array): void {
  for (let row = 1; row < values.length; row++) if (values[row] !== values[row - 1]) isEdge[row] = 1
}

/** The values at `starts`, at the front. */
function gather(values: Uint32Array, starts: Uint32Array, runs: number): void {
  for (let run = 0; run < runs; run++) values[run] = values[starts[run]!]!
}

function valuesOf(block: FlowBlock, field: Field, problems: Problem[]): Values | null {
  if (field.kind === 'address') {
    const read = block.readCodes(field, problems)
    return read === null ? null : { values: read.codes, present: read.present }
  }
  const column = block.read(field, problems)?.column ?? null
  if (column?.shape !== 'fixed' || column.values instanceof Float64Array) return null
  return { values: column.values, present: column.present }
}
