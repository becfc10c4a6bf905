import { FlowBatch, type RecordKind } from './batch.ts'

/** Owns the batch being filled; passes it on when the next rows would not fit. */
export class BatchWriter {
  readonly kind: RecordKind
  /** Called with a batch before it is passed on, by one whose rows need a last touch. */
  beforePass: ((full: FlowBatch) => void) | null = null
  #open: FlowBatch
  readonly #pass: (full: FlowBatch) => FlowBatch

  /** `pass` takes a filled batch and returns an empty one: the same, once written and reset, or one of a pool. */
  constructor(kind: RecordKind, pass: (full: FlowBatch) => FlowBatch) {
    this.kind = kind
    this.#pass = pass
    this.#open = new FlowBatch()
    this.#open.kind = kind
  }

  /**
   * The batch to append to, with room for `count` rows if that many fit an empty one, else with room for at least
   * one: a caller with more asks again. The caller raises `rowCount`.
   */
  reserve(count: number): FlowBatch {
    const open = this.#open
    if (count > open.room && open.rowCount > 0) this.flush()
    return this.#open
  }

  /** Rows waiting in the open batch. */
  get pending(): number {
    return this.#open.rowCount
  }

  /** Passes the open batch on, if it holds rows. */
  flush(): void {
    if (this.#open.rowCount === 0) return
    this.beforePass?.(this.#open)
    this.#open = this.#pass(this.#open)
    this.#open.kind = this.kind
  }
}
