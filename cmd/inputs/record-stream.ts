import { BlockGathering } from '../../lib/flow/gathered-block.ts'
import type { FlowBlock, FlowFile, FlowStream, Problem } from '../../lib/flow/source.ts'
import { LogInput } from './log-input.ts'
import type { LogThreads } from './log-threads.ts'
import type { Input } from './open-input.ts'
import type { RecordInput } from './records.ts'
import { SharedLog } from './shared-log.ts'

/**
 * An input as blocks: those of an archive file in any order, those of all else one after the other. Long logs are read by
 * the `threads`, where some are given.
 */
export function flowsOf(input: Input, threads: LogThreads | null = null): FlowFile | FlowStream {
  if (input.kind === 'archive') return input.file
  if (input.kind === 'stream') return input.stream
  const isShared = threads !== null && input instanceof LogInput && input.isDivisible
  return (isShared ? SharedLog.of(input.path, threads) : null) ?? new RecordStream(input)
}

/** The flows of a log or capture as blocks: the input is read as far as the next block needs, and then waits. */
export class RecordStream implements FlowStream {
  readonly path: string
  readonly #input: RecordInput
  readonly #gathering = new BlockGathering()
  #ended: Promise<void> | null = null
  #isAtEnd = false
  #error: unknown = null
  #go: () => void = () => {}
  #full: () => void = () => {}

  constructor(input: RecordInput) {
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
    return this.#gathering.take()
  }

  close(): void {
    this.#input.close()
    this.#go()
  }

  async #run(): Promise<void> {
    try {
      await this.#input.run({ flow: this.#gathering.writer }, () => this.#wait())
    } catch (error) {
      this.#error = error
    }
    this.#isAtEnd = true
  }

  /** Holds the input while a block waits to be taken. */
  #wait(): Promise<void> | undefined {
    if (!this.#gathering.isFull) return undefined
    const go = new Promise<void>((resolve) => {
      this.#go = resolve
    })
    this.#full()
    return go
  }
}
