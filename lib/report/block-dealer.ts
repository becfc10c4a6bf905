/** Deals numbers to threads, each once, and counts the rows that they are done with. */
export class BlockDealer {
  /** To be handed to other threads. */
  readonly memory: SharedArrayBuffer
  readonly #next: Int32Array
  readonly #rows: BigInt64Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(16)) {
    this.memory = memory
    this.#next = new Int32Array(memory, 0, 1)
    this.#rows = new BigInt64Array(memory, 8, 1)
  }

  /** The next number, from 0 on. */
  next(): number {
    return Atomics.add(this.#next, 0, 1)
  }

  addRows(rows: number): void {
    Atomics.add(this.#rows, 0, BigInt(rows))
  }

  get rows(): number {
    return Number(Atomics.load(this.#rows, 0))
  }
}
