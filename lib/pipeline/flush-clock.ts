import type { BatchWriter } from '../flow/batch-writer.ts'

/** Passes a writer's open batch on when its first row has waited long enough. */
export class FlushClock {
  readonly #writer: BatchWriter
  readonly #afterMs: number
  /** When rows were first seen waiting; -1 while there are none. */
  #since = -1

  constructor(writer: BatchWriter, afterMs: number) {
    this.#writer = writer
    this.#afterMs = afterMs
  }

  /** To be called every now and then, with a steady clock. */
  poll(nowMs: number): void {
    // A batch that was full and passed on in between makes this early, which costs a short batch and no more.
    if (this.#writer.pending === 0) this.#since = -1
    else if (this.#since < 0) this.#since = nowMs
    if (this.#since >= 0 && nowMs - this.#since >= this.#afterMs) this.flush()
  }

  flush(): void {
    this.#writer.flush()
    this.#since = -1
  }
}
