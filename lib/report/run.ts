import { BlockMemory } from '../flow/block-memory.ts'
import type { BlockFacts, FlowBlock, FlowFile, FlowStream, Problem } from '../flow/source.ts'
import { AddressScope } from './address-scope.ts'
import { BlockRows } from './block-rows.ts'
import { compileQuery } from './compiled-query.ts'
import type { Query, ResultTable, RunOptions } from './query.ts'
import { type Expected, QueryRun } from './query-run.ts'
import { resultOf } from './result.ts'
import { TextInterner } from './text-interner.ts'
import { greater, lesser } from './window.ts'

const NOT_KNOWN = 2n ** 64n - 1n

function isFile(input: FlowFile | FlowStream): input is FlowFile {
  return 'blocks' in input
}

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
  const expected = expectedOf(inputs)
  const compiled = queries.map((query) => compileQuery(query, interner))
  const share = { ...options, memoryOctets: options.memoryOctets / Math.max(1, queries.length) }
  const runs = compiled.map((query) => new QueryRun(query, share, expected))
  try {
    const pass = new Pass(runs, options)
    for (const input of inputs) {
      if (isFile(input)) await pass.readFile(input)
      else await pass.readStream(input)
    }
    return runs.map((run) => resultOf(run, options, interner))
  } finally {
    for (const run of runs) run.close()
  }
}

function expectedOf(inputs: readonly (FlowFile | FlowStream)[]): Expected {
  let rows = 0
  let least = NOT_KNOWN
  let greatest = 0n
  for (const input of inputs) {
    if (!isFile(input)) return { rows: Number.POSITIVE_INFINITY, span: null }
    for (const facts of input.blocks) {
      if (facts.kind !== 'flow') continue
      rows += facts.rows
      least = lesser(least, lesser(facts.leastStart, facts.leastReceived))
      greatest = greater(greatest, greater(facts.greatestEnd, facts.greatestReceived))
    }
  }
  return { rows, span: { least, greatest } }
}

/** One pass over inputs for several queries. */
class Pass {
  readonly #runs: readonly QueryRun[]
  readonly #options: RunOptions
  readonly #memory = new BlockMemory()
  #rows = 0
  #scope: AddressScope | null = null

  constructor(runs: readonly QueryRun[], options: RunOptions) {
    this.#runs = runs
    this.#options = options
  }

  async readFile(file: FlowFile): Promise<void> {
    let breathe = 0
    for (const [index, facts] of file.blocks.entries()) {
      const wanting = this.#runs.filter((run) => run.wants(facts))
      if (wanting.length === 0) continue
      const block = file.block(index, this.#memory)
      if (block === null) continue
      this.#take(block, wanting, file.problems, this.#memory)
      // Signals and progress want a turn.
      if (++breathe % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const covered = coverageOf(file.blocks)
    for (const run of this.#runs) {
      run.quality.files++
      run.quality.problems.push(...file.problems)
      if (covered !== null) run.coverage.push(covered)
    }
  }

  async readStream(stream: FlowStream): Promise<void> {
    const covering: BlockFacts[] = []
    for (let block = await stream.next(); block !== null; block = await stream.next()) {
      const { info } = block
      covering[0] = joined(covering[0], info)
      this.#take(
        block,
        this.#runs.filter((run) => run.wants(info)),
        stream.problems,
        null,
      )
    }
    const covered = coverageOf(covering)
    for (const run of this.#runs) {
      run.quality.streams++
      run.quality.rejected += stream.rejected
      run.quality.problems.push(...stream.problems)
      if (covered !== null) run.coverage.push(covered)
    }
  }

  /** What is made of the block's columns goes to `memory`, which is reset when the next block is opened. */
  #take(
    block: FlowBlock,
    wanting: readonly QueryRun[],
    problems: Problem[],
    memory: BlockMemory | null,
  ): void {
    if (this.#scope?.addresses !== block.addresses) this.#scope = new AddressScope(block.addresses)
    const rows = new BlockRows(block, this.#scope, problems, memory)
    for (const run of wanting) run.take(rows, problems)
    this.#rows += block.info.rows
    this.#options.onProgress?.(this.#rows)
  }
}

function joined(before: BlockFacts | undefined, facts: BlockFacts): BlockFacts {
  if (before === undefined || facts.kind !== 'flow') return before ?? facts
  return {
    ...before,
    leastReceived: lesser(before.leastReceived, facts.leastReceived),
    greatestReceived: greater(before.greatestReceived, facts.greatestReceived),
  }
}

/** From the first reception to the last. */
function coverageOf(blocks: readonly BlockFacts[]): { from: bigint; to: bigint } | null {
  let from = NOT_KNOWN
  let to = 0n
  for (const { kind, leastReceived, greatestReceived } of blocks) {
    if (kind !== 'flow' || leastReceived > greatestReceived) continue
    if (leastReceived < from) from = leastReceived
    if (greatestReceived > to) to = greatestReceived
  }
  return from > to ? null : { from, to }
}
