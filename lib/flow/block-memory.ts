/** Where values are put that are read. What it gives may hold old octets. */
export interface ValueMemory {
  /** At least `octets` octets. */
  buffer(octets: number): ArrayBuffer
}

/** New memory for all that is read: it stays good. */
export const NEW_MEMORY: ValueMemory = { buffer: (octets) => new ArrayBuffer(octets) }

const LEAST_OCTETS = 1024

/**
 * Memory that is used again for each block, so that reading a file takes no more than its greatest block. What was read
 * of one block is good until the next one is opened with the same memory.
 */
export class BlockMemory implements ValueMemory {
  readonly #pools = new Map<number, { readonly buffers: ArrayBuffer[]; used: number }>()

  buffer(octets: number): ArrayBuffer {
    let size = LEAST_OCTETS
    while (size < octets) size *= 2
    let pool = this.#pools.get(size)
    if (pool === undefined) {
      pool = { buffers: [], used: 0 }
      this.#pools.set(size, pool)
    }
    const { buffers, used } = pool
    if (used === buffers.length) buffers.push(new ArrayBuffer(size))
    pool.used = used + 1
    return buffers[used]!
  }

  /** Gives up all that was read. */
  reset(): void {
    for (const pool of this.#pools.values()) pool.used = 0
  }
}
