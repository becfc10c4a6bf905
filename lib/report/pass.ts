import { BlockMemory } from '../flow/block-memory.ts'
import type { AddressCodes, BlockFacts, FlowBlock, FlowFile, FlowStream, Problem } from '../flow/source.ts'
import { AddressScope } from './address-scope.ts'
import { blocksOf } from './block-choice.ts'
import type { BlockDealer } from './block-dealer.ts'
import { BlockRows } from './block-rows.ts'
import { DatagramLog, type DatagramLogPart } from './loss/datagram-log.ts'
import { lossesOf } from './loss/losses.ts'
import { NumberCoding } from './number-coding.ts'
import type { RunOptions } from './query.ts'
import type { QueryRun, QueryRunPart } from './query-run.ts'
import { isRollup, RollupRows } from './rollup-rows.ts'
import { greater, lesser } from './window.ts'

const NOT_KNOWN = 2n ** 64n - 1n
/** Of so many files or more, threads take whole ones: groups of a file meet in one thread then. */
const MANY_FILES = 8

/** What one thread has of a pass. */
export interface PassPart {
  readonly runs: readonly QueryRunPart[]
  /** By file, what could not be read. */
  readonly problems: readonly (readonly Problem[])[]
  readonly datagrams: DatagramLogPart
}

/** One pass over inputs for several queries. */
export class Pass {
  readonly #runs: readonly QueryRun[]
  readonly #options: RunOptions
  readonly #memory = new BlockMemory()
  #rows = 0
  #breaths = 0
  /** By run, blocks of the file at hand that may hold what its filter asks for. */
  readonly #chosen = new Map<QueryRun, Uint8Array | null>()
  #chosenOf: FlowFile | null = null
  /** Problems of files that were there before: other threads have met them too. */
  #known: readonly number[] = []
  #scope: AddressScope | null = null
  /** Null where other threads read parts of the same file. */
  #numbers: NumberCoding | null = new NumberCoding()
  /** Whether a stream is read: its dictionary grows. */
  #isStream = false
  readonly #datagrams = new DatagramLog()
  /** Whether rows are read, so that what they came in can be noted beside. */
  readonly #readsRows: boolean
  /** Whether rollups stand for records: what was lost of those is not known. */
  #hasRollups = false

  constructor(runs: readonly QueryRun[], options: RunOptions) {
    this.#runs = runs
    this.#options = options
    this.#readsRows = runs.some((run) => run.readsRows)
  }

  async readFile(file: FlowFile): Promise<void> {
    this.#isStream = false
    for (let index = 0; index < file.blocks.length; index++)
      if (this.#takeBlock(file, index)) await this.#breathe()
    this.endFile(file)
  }

  /** Reads the blocks that this thread gets of files whose end is known; returns whether it got all of them. */
  async readDealt(
    files: readonly FlowFile[],
    dealer: BlockDealer,
    onPiece: (left: number) => void = () => {},
  ): Promise<boolean> {
    // Threads tell groups of one file by the same keys.
    if (files.length === 1) this.#numbers = null
    this.#known = files.map(({ problems }) => problems.length)
    const isByFile = files.length >= MANY_FILES
    const units = files.flatMap((file, number) =>
      isByFile
        ? [{ file, number, from: 0, to: file.blocks.length }]
        : file.blocks.map((_, index) => ({ file, number, from: index, to: index + 1 })),
    )
    let own = 0
    for (let next = dealer.next(); next < units.length; next = dealer.next(), own++) {
      const { file, from, to } = units[next]!
      for (let index = from; index < to; index++) {
        if (!this.#takeBlock(file, index)) continue
        dealer.addRows(file.blocks[index]!.rows)
        this.#options.onProgress?.(dealer.rows)
        await this.#breathe()
      }
      onPiece(units.length - 1 - next)
    }
    return own === units.length
  }

  /** What this thread has; the pass is over. */
  part(files: readonly FlowFile[]): PassPart {
    return {
      // One file's groups are told by its codes.
      runs: this.#runs.map((run) => run.part(files.length !== 1)),
      problems: files.map(({ problems }, i) => problems.slice(this.#known[i])),
      datagrams: this.#datagrams.part(),
    }
  }

  /** Adds what another thread has of the same files. */
  addPart(part: PassPart, files: readonly FlowFile[]): void {
    const [only] = files
    const scope = files.length === 1 ? this.#scopeOf(only!.addresses) : null
    for (const [i, run] of this.#runs.entries()) run.addPart(part.runs[i]!, scope)
    for (const [i, problems] of part.problems.entries()) files[i]!.problems.push(...problems)
    this.#datagrams.addPart(part.datagrams)
  }

  /** Tells each run what was lost within its window; to be called once, when all is read. */
  end(): void {
    const losses = this.#hasRollups ? null : lossesOf(this.#datagrams)
    if (losses === null) return
    for (const { compiled, quality } of this.#runs) {
      const { from, to } = compiled.window
      quality.losses = losses.filter(
        ({ atNs }) => (from === null || atNs >= from) && (to === null || atNs < to),
      )
    }
  }

  /** Adds what was read of rollups. */
  addRollups(part: PassPart, files: readonly FlowFile[]): void {
    this.#hasRollups = true
    for (const [i, run] of this.#runs.entries()) {
      run.addPart(part.runs[i]!, null)
      run.quality.files += files.length
      for (const { problems } of files) run.quality.problems.push(...problems)
    }
  }

  /** The scope of a dictionary: the one at hand while it is of the same. */
  #scopeOf(addresses: AddressCodes): AddressScope {
    if (this.#numbers?.isFull === true) {
      this.#numbers = new NumberCoding()
      this.#scope = null
    }
    if (this.#scope?.addresses !== addresses)
      this.#scope = new AddressScope(addresses, { isGrowing: this.#isStream, numbers: this.#numbers })
    return this.#scope
  }

  /** False where nobody needs the block. */
  #takeBlock(file: FlowFile, index: number): boolean {
    const facts = file.blocks[index]!
    if (facts.kind !== 'flow') {
      this.#noteOthers(file, index)
      return false
    }
    const wanting = this.#runs.filter((run) =>
      isRollup(file)
        ? run.wantsRollup(facts, file.records.leastNs, file.records.greatestNs)
        : run.wants(facts) && this.#mayHold(file, run, index),
    )
    if (wanting.length === 0) {
      this.#datagrams.skip(facts)
      return false
    }
    const block = file.block(index, this.#memory)
    if (block === null) return false
    this.#take(block, wanting, file.problems, this.#memory, isRollup(file))
    return true
  }

  /** Notes the datagrams that other records came in: their numbers are of the same sequence as those of flows. */
  #noteOthers(file: FlowFile, index: number): void {
    const facts = file.blocks[index]!
    if (!this.#readsRows || facts.kind === null || isRollup(file)) return
    if (!this.#runs.some(({ compiled }) => compiled.window.mayHold(facts))) return
    const block = file.block(index, this.#memory)
    if (block !== null) this.#datagrams.take(block, file.problems)
  }

  /** Whether the addresses that the run's filter asks for may be in the block. */
  #mayHold(file: FlowFile, run: QueryRun, index: number): boolean {
    if (this.#chosenOf !== file) this.#chosen.clear()
    this.#chosenOf = file
    let blocks = this.#chosen.get(run)
    if (blocks === undefined) {
      blocks = blocksOf(file, run.compiled.query.filter)
      this.#chosen.set(run, blocks)
    }
    if (blocks === null || blocks[index] === 1) return true
    run.quality.blocksSkipped++
    return false
  }

  /** Signals and progress want a turn. */
  async #breathe(): Promise<void> {
    if (++this.#breaths % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Notes what a file covers, and what of it could not be read. */
  endFile(file: FlowFile): void {
    const covered = isRollup(file)
      ? { from: file.records.receivedFrom, to: file.records.receivedTo }
      : coverageOf(file.blocks)
    for (const run of this.#runs) {
      run.quality.files++
      run.quality.problems.push(...file.problems)
      if (covered !== null) run.coverage.push(covered)
    }
  }

  async readStream(stream: FlowStream): Promise<void> {
    this.#isStream = true
    const covering: BlockFacts[] = []
    for (let block = await stream.next(); block !== null; block = await stream.next()) {
      const { info } = block
      covering[0] = joined(covering[0], info)
      this.#memory.reset()
      this.#take(
        block,
        this.#runs.filter((run) => run.wants(info)),
        stream.problems,
        this.#memory,
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

  /** What is made of the block's columns goes to `memory`, which is reset before the next block. */
  #take(
    block: FlowBlock,
    wanting: readonly QueryRun[],
    problems: Problem[],
    memory: BlockMemory,
    isOfRollup = false,
  ): void {
    const scope = this.#scopeOf(block.addresses)
    const rows = new (isOfRollup ? RollupRows : BlockRows)(block, scope, problems, memory)
    let isUsed = false
    for (const run of wanting) if (run.take(rows, problems)) isUsed = true
    // Of a block that no question counts rows of, only what a question asks for is read.
    if (this.#readsRows && !isOfRollup) {
      if (isUsed) this.#datagrams.take(block, problems)
      else this.#datagrams.skip(block.info)
    }
    this.#rows += block.info.rows
    if (this.#options.helpers == null) this.#options.onProgress?.(this.#rows)
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
