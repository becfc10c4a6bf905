/** Places of the shared words. */
const STOP = 0
const EPOCH = 1
const LOCK = 2
const POSTED = 3
const BROKEN = 4
const LOST = 5
const WORDS = 6

/** How far shutting down has gone: running, or read what has already arrived and end. */
const RUNNING = 0
const STOPPING = 1

/**
 * What the main thread tells workers that sit in a blocking receive and turn no event loop: a few words of shared
 * memory. Every worker looks at them between two receives, which end after a tenth of a second at the latest.
 */
export class Control {
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array

  /** Without `memory` a new block is made; a worker gives the main thread's. */
  constructor(memory = new SharedArrayBuffer(WORDS * 4)) {
    this.memory = memory
    this.#words = new Int32Array(memory)
  }

  get isStopping(): boolean {
    return Atomics.load(this.#words, STOP) !== RUNNING
  }

  /** Workers stop waiting for datagrams, take those that lie in the sockets, flush and end. */
  stop(): void {
    Atomics.store(this.#words, STOP, STOPPING)
  }

  /** How often files were asked to be opened anew (SIGHUP). */
  get epoch(): number {
    return Atomics.load(this.#words, EPOCH)
  }

  reopen(): void {
    Atomics.add(this.#words, EPOCH, 1)
  }

  /** Messages posted to workers so far: a worker reads its port when this has changed, for reading costs more. */
  get posted(): number {
    return Atomics.load(this.#words, POSTED)
  }

  announce(): void {
    Atomics.add(this.#words, POSTED, 1)
  }

  /** Whether the reader of the output has gone away, so that collecting has no purpose left. */
  get isBroken(): boolean {
    return Atomics.load(this.#words, BROKEN) !== 0
  }

  break(): void {
    Atomics.store(this.#words, BROKEN, 1)
  }

  /** Whether records could not be written. */
  get hasLost(): boolean {
    return Atomics.load(this.#words, LOST) !== 0
  }

  noteLoss(): void {
    Atomics.store(this.#words, LOST, 1)
  }

  /** Takes the write lock, which keeps one thread's lines together when its write is cut short. */
  lock(): void {
    while (Atomics.compareExchange(this.#words, LOCK, 0, 1) !== 0) Atomics.wait(this.#words, LOCK, 1, 100)
  }

  unlock(): void {
    Atomics.store(this.#words, LOCK, 0)
    Atomics.notify(this.#words, LOCK, 1)
  }

  /** Sleeps the calling thread. */
  pause(ms: number): void {
    Atomics.wait(SLEEPER, 0, 0, ms)
  }
}

const SLEEPER = new Int32Array(new SharedArrayBuffer(4))
