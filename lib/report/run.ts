import type { FlowFile, FlowStream } from '../flow/source.ts'
import type { BlockDealer } from './block-dealer.ts'
import { isFlowFile } from './block-pass.ts'
import { compileQuery } from './compiled-query.ts'
import { Pass, type PassPart } from './pass.ts'
import type { Helpers, Query, ResultTable, Rollups, RunOptions } from './query.ts'
import { type Expected, QueryRun } from './query-run.ts'
import { resultOf } from './result.ts'
import { isRollup } from './rollup-rows.ts'
import { TextInterner } from './text-interner.ts'
import { greater, lesser } from './window.ts'

const NOT_KNOWN = 2n ** 64n - 1n

/**
 * Answers all queries in one pass over the inputs, in their order; the caller closes the inputs. Throws QUERY_INVALID for
 * questions without sense and FILE_UNWRITABLE where groups cannot be kept on disk; bad input is told in `quality`.
 */
export async function runQueries(
  queries: readonly Query[],
  inputs: readonly (FlowFile | FlowStream)[],
  options: RunOptions,
): Promise<ResultTable[]> {
  const interner = new TextInterner()
  const rollups = options.rollups ?? null
  const expected = expectedOf([...inputs, ...(rollups?.files ?? [])])
  const runs = runsOf(queries, expected, options, interner)
  try {
    const pass = new Pass(runs, options)
    if (rollups !== null) await addRollups(pass, rollups, expected, options)
    const files = inputs.filter(isFlowFile)
    const { helpers } = options
    if (helpers != null && files.length === inputs.length) await readTogether(pass, files, helpers)
    else {
      for (const input of inputs) {
        if (isFlowFile(input)) await pass.readFile(input)
        else await pass.readStream(input)
      }
    }
    pass.end()
    return runs.map((run) => resultOf(run, options, interner))
  } finally {
    for (const run of runs) run.close()
  }
}

/** Reads files together with other threads. */
async function readTogether(pass: Pass, files: readonly FlowFile[], helpers: Helpers): Promise<void> {
  const isAll = await pass.readDealt(files, helpers.dealer, (left) => helpers.onPiece?.(left))
  // Threads that came too late have nothing to wait for.
  for (const part of isAll ? [] : await helpers.parts()) pass.addPart(part, files)
  for (const file of files) pass.endFile(file)
}

/** Reads rollups instead of records: by what keys mean they are the same. */
async function addRollups(
  pass: Pass,
  { queries, files, helpers }: Rollups,
  expected: Expected,
  options: RunOptions,
): Promise<void> {
  const runs = runsOf(queries, expected, options, new TextInterner())
  const own = new Pass(runs, { ...options, helpers: helpers ?? null })
  if (helpers != null) await readTogether(own, files, helpers)
  else for (const file of files) await own.readFile(file)
  pass.addRollups(own.part([]), files)
}

/**
 * Reads the blocks that the dealer gives to this thread, for another one that answers the same queries; `expected` is of
 * all inputs, where there are others. Throws as `runQueries`.
 */
export async function runPart(
  queries: readonly Query[],
  files: readonly FlowFile[],
  options: RunOptions,
  dealer: BlockDealer,
  expected: Expected = expectedOf(files),
): Promise<PassPart> {
  const runs = runsOf(queries, expected, options, new TextInterner())
  const pass = new Pass(runs, options)
  await pass.readDealt(files, dealer)
  return pass.part(files)
}

/** Whether other threads can answer parts of the queries: numbers of texts are each thread's own. */
export function canBeShared(queries: readonly Query[]): boolean {
  return queries.every((query) =>
    compileQuery(query, new TextInterner()).levels.every(({ tables }) =>
      tables.every(({ shape }) => shape.keys.every((key) => key.isInterned !== true)),
    ),
  )
}

/** Rows times columns from which on another thread pays for its start. */
export const LEAST_SHARED_WORK = 20_000_000

/** Values to be read of files: rows of blocks that the windows need, times columns. */
export function workOf(queries: readonly Query[], inputs: readonly (FlowFile | FlowStream)[]): number {
  let work = 0
  for (const query of queries) {
    const { window, fields } = compileQuery(query, new TextInterner())
    for (const input of inputs.filter(isFlowFile))
      for (const facts of input.blocks)
        if (facts.kind === 'flow' && window.mayHold(facts)) work += facts.rows * fields.length
  }
  return work
}

function runsOf(
  queries: readonly Query[],
  expected: Expected,
  options: RunOptions,
  interner: TextInterner,
): QueryRun[] {
  const compiled = queries.map((query) => compileQuery(query, interner))
  const share = { ...options, memoryOctets: options.memoryOctets / Math.max(1, queries.length) }
  return compiled.map((query) => new QueryRun(query, share, expected))
}

/** What facts tell of inputs before they are read. */
export function expectedOf(inputs: readonly (FlowFile | FlowStream)[]): Expected {
  let rows = 0
  let least = NOT_KNOWN
  let greatest = 0n
  for (const input of inputs) {
    if (!isFlowFile(input)) return { rows: Number.POSITIVE_INFINITY, span: null }
    if (isRollup(input)) {
      least = lesser(least, input.records.leastNs)
      greatest = greater(greatest, input.records.greatestNs)
    }
    for (const facts of input.blocks) {
      if (facts.kind !== 'flow') continue
      rows += facts.rows
      least = lesser(least, lesser(facts.leastStart, facts.leastReceived))
      greatest = greater(greatest, greater(facts.greatestEnd, facts.greatestReceived))
    }
  }
  return { rows, span: { least, greatest } }
}
