import type { Shares } from './rollup-shares.ts'

/** A key by row; `present` null: all rows have it. */
export interface KeyColumn {
  readonly values: Uint32Array | Uint16Array | Uint8Array
  readonly present: Uint8Array | null
}

/** Whether flows are sampled, by row. */
export const RATE = { unknown: 0, whole: 1, sampled: 2 } as const

const LANES = 8
const FIRST_GROUPS = 1 << 12
/** Words before those of the keys: the bin, and which keys are there. */
const BEFORE = 2

/**
 * Sums by bin and key, in one table of typed arrays. Memory is bounded: when `mostGroups` are there, they are passed on
 * and the table begins anew, so that a key may be passed on more than once.
 */
export class RollupGroups {
  count = 0
  /** Whether a sum was too great for 64 bits. */
  isOverflown = false
  readonly words: number
  /** By group: bin, which keys are there (bit 0: the first), keys. */
  keys: Uint32Array
  /** By group, in the order of MEASURES. */
  sums: BigUint64Array
  #slots: Int32Array
  readonly #mostGroups: number
  readonly #pass: (groups: RollupGroups) => void

  constructor(keyCount: number, mostGroups: number, pass: (groups: RollupGroups) => void) {
    this.words = BEFORE + keyCount
    this.#mostGroups = mostGroups
    this.#pass = pass
    this.keys = new Uint32Array(FIRST_GROUPS * this.words)
    this.sums = new BigUint64Array(FIRST_GROUPS * LANES)
    this.#slots = new Int32Array(FIRST_GROUPS * 2).fill(-1)
  }

  /** Adds parts of flows whose keys and rates stand in columns by row. */
  add(shares: Shares, columns: readonly KeyColumn[], rates: Uint8Array): void {
    const { rows, bins, counters, isFirst, count } = shares
    const key = new Uint32Array(this.words)
    for (let i = 0; i < count; i++) {
      const row = rows[i]!
      let there = 0
      for (let k = 0; k < columns.length; k++) {
        const { values, present } = columns[k]!
        const isThere = present === null || present[row] === 1
        key[BEFORE + k] = isThere ? values[row]! : 0
        if (isThere) there |= 1 << k
      }
      key[0] = bins[i]!
      key[1] = there
      const lane = this.#find(key) * LANES
      const { sums } = this
      for (let k = 0; k < 4; k++) {
        const before = sums[lane + k]!
        // With asUintN the engine keeps to machine words.
        const sum = BigInt.asUintN(64, before + counters[i * 4 + k]!)
        sums[lane + k] = sum
        if (sum < before) this.isOverflown = true
      }
      if (isFirst[i] === 1) {
        sums[lane + 4] = BigInt.asUintN(64, sums[lane + 4]! + 1n)
        const rate = rates[row]!
        if (rate === RATE.sampled) sums[lane + 6] = BigInt.asUintN(64, sums[lane + 6]! + 1n)
        else if (rate === RATE.unknown) sums[lane + 7] = BigInt.asUintN(64, sums[lane + 7]! + 1n)
      } else {
        sums[lane + 5] = BigInt.asUintN(64, sums[lane + 5]! + 1n)
      }
    }
  }

  /** Passes on what is there and begins anew. */
  flush(): void {
    if (this.count === 0) return
    this.#pass(this)
    this.sums.fill(0n, 0, this.count * LANES)
    this.#slots.fill(-1)
    this.count = 0
  }

  #find(key: Uint32Array): number {
    const { words } = this
    let hash = 0x9e3779b9
    for (let k = 0; k < words; k++) {
      hash = Math.imul(hash ^ key[k]!, 0x85ebca6b)
      hash ^= hash >>> 15
    }
    const mask = this.#slots.length - 1
    let slot = hash & mask
    for (let group = this.#slots[slot]!; group >= 0; group = this.#slots[slot]!) {
      const at = group * words
      let k = 0
      while (k < words && this.keys[at + k] === key[k]) k++
      if (k === words) return group
      slot = (slot + 1) & mask
    }
    if (this.count * 2 >= this.#slots.length) {
      if (this.count >= this.#mostGroups) this.flush()
      else this.#grow()
      return this.#find(key)
    }
    const group = this.count++
    this.#slots[slot] = group
    this.keys.set(key, group * words)
    return group
  }

  #grow(): void {
    const { words, count } = this
    const keys = new Uint32Array(this.keys.length * 2)
    keys.set(this.keys)
    const sums = new BigUint64Array(this.sums.length * 2)
    sums.set(this.sums)
    this.keys = keys
    this.sums = sums
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1)
    // All keys differ: each goes into the first free slot.
    const mask = this.#slots.length - 1
    for (let group = 0; group < count; group++) {
      let hash = 0x9e3779b9
      for (let k = 0; k < words; k++) {
        hash = Math.imul(hash ^ keys[group * words + k]!, 0x85ebca6b)
        hash ^= hash >>> 15
      }
      let slot = hash & mask
      while (this.#slots[slot]! >= 0) slot = (slot + 1) & mask
      this.#slots[slot] = group
    }
  }
}
