import { F } from '../../flow/fields.ts'
import type { FlowBlock, Problem } from '../../flow/source.ts'

/** When rows of a block were received; nothing is read before somebody asks. */
export class ReceptionTimes {
  readonly #block: FlowBlock
  readonly #problems: Problem[]
  #values: BigUint64Array | null = null
  #lengths: Uint32Array | null = null
  /** The run of the row asked last, and the first row behind it. */
  #run = -1
  #end = 0

  constructor(block: FlowBlock, problems: Problem[]) {
    this.#block = block
    this.#problems = problems
  }

  /** Milliseconds since the epoch; rows are asked in ascending order. Where it is not known, when the block begins. */
  at(row: number): number {
    if (this.#values === null) this.#read()
    let place = row
    if (this.#lengths !== null) {
      while (this.#end <= row) this.#end += this.#lengths[++this.#run]!
      place = this.#run
    }
    const ns = this.#values![place] ?? 0n
    return Number(ns === 0n ? this.#block.info.leastReceived : ns) / 1e6
  }

  #read(): void {
    const runs = this.#block.readRuns?.(F.timeReceived, this.#problems) ?? null
    if (runs?.values instanceof BigUint64Array) {
      this.#values = runs.values
      this.#lengths = runs.lengths
      return
    }
    const column = this.#block.read(F.timeReceived, this.#problems)?.column
    this.#values = column?.shape === 'fixed' ? column.wide : new BigUint64Array(0)
  }
}
