import { BlockGathering } from '../../lib/flow/gathered-block.ts'
import type { FlowBlock, FlowStream, Problem } from '../../lib/flow/source.ts'

/** Takes a block of records that are no flows, good until it returns; `isLate`: flows of the input were read before. */
export type Hear = (block: FlowBlock, problems: Problem[], isLate: boolean) => void

/** Options records and counters of an input that is read once, for who learns from them. */
export class OtherRecords {
  readonly #options = new BlockGathering('options')
  readonly #counters = new BlockGathering('counters')
  readonly #hear: Hear
  readonly writers = { options: this.#options.writer, counters: this.#counters.writer }

  constructor(hear: Hear) {
    this.#hear = hear
  }

  /** Whether flows of the input were taken. */
  isLate = false

  /** Passes on what was gathered; to be called between pieces of the input, and with `isEnd` before flows are taken. */
  pass(problems: Problem[], isEnd: boolean): void {
    for (const gathering of [this.#options, this.#counters]) {
      if (!isEnd && !gathering.isFull) continue
      const block = gathering.take()
      if (block !== null) this.#hear(block, problems, this.isLate)
    }
  }
}

/** A flow stream whose other records are heard as they pass. */
export class HeardStream implements FlowStream {
  readonly #stream: FlowStream
  readonly #hear: Hear
  #isLate = false

  constructor(stream: FlowStream, hear: Hear) {
    this.#stream = stream
    this.#hear = hear
  }

  get path(): string {
    return this.#stream.path
  }

  get problems(): Problem[] {
    return this.#stream.problems
  }

  get rejected(): number {
    return this.#stream.rejected
  }

  async next(): Promise<FlowBlock | null> {
    const block = await this.#stream.next()
    if (block?.info.kind === 'flow') this.#isLate = true
    else if (block !== null) this.#hear(block, this.#stream.problems, this.#isLate)
    return block
  }

  close(): void {
    this.#stream.close()
  }
}
