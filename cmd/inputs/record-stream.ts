import { BlockGathering } from '../../lib/flow/gathered-block.ts'
import type { FlowBlock, FlowStream, Problem } from '../../lib/flow/source.ts'
import { type Hear, OtherRecords } from './other-records.ts'
import type { RecordInput } from './records.ts'

/** The flows of a log or capture as blocks: the input is read as far as the next block needs, and then waits. */
export class RecordStream implements FlowStream {
  readonly path: string
  readonly #input: RecordInput
  readonly #gathering = new BlockGathering()
  readonly #others: OtherRecords | null
  #ended: Promise<void> | null = null
  #isAtEnd = false
  #error: unknown = null
  #go: () => void = () => {}
  #full: () => void = () => {}

  /** `hear`: who takes records that are no flows, a block of them before the flows that came with them. */
  constructor(input: RecordInput, hear: Hear | null = null) {
    this.#others = hear === null ? null : new OtherRecords(hear)
    this.path = input.path === '-' ? 'standard input' : input.path
    this.#input = input
  }

  get problems(): Problem[] {
    return this.#input.problems
  }

  get rejected(): number {
    return this.#input.rejected
  }

  /** Octets read from the file or pipe so far. */
  get octets(): number {
    return this.#input.octets
  }

  async next(): Promise<FlowBlock | null> {
    if (!this.#isAtEnd && !this.#gathering.isFull) {
      const full = new Promise<void>((resolve) => {
        this.#full = resolve
      })
      this.#ended ??= this.#run()
      this.#go()
      await Promise.race([full, this.#ended])
    }
    if (this.#error !== null) throw this.#error
    this.#others?.pass(this.problems, true)
    if (this.#others !== null) this.#others.isLate = true
    return this.#gathering.take()
  }

  close(): void {
    this.#input.close()
    this.#go()
  }

  async #run(): Promise<void> {
    try {
      await this.#input.run({ flow: this.#gathering.writer, ...this.#others?.writers }, () => this.#wait())
    } catch (error) {
      this.#error = error
    }
    this.#isAtEnd = true
  }

  /** Holds the input while a block waits to be taken. */
  #wait(): Promise<void> | undefined {
    this.#others?.pass(this.problems, false)
    if (!this.#gathering.isFull) return undefined
    const go = new Promise<void>((resolve) => {
      this.#go = resolve
    })
    this.#full()
    return go
  }
}
