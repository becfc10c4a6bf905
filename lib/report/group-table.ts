import { endHash, hashWord, startHash, VECTOR_ROWS } from './kernels.ts'
import type { LaneValues } from './lane-kernels.ts'
import { addLanes, grownSums, type LaneOperation, newSums, type Sums } from './sums.ts'

/** Packed keys and lane values of up to VECTOR_ROWS rows, by column. */
export interface Vector {
  count: number
  readonly words: readonly Uint32Array[]
  /** Null: every row counts 1. */
  readonly lanes: (LaneValues | null)[]
}

/** A vector with room for keys of `words` words; its lanes are set by who fills it. */
export function newVector(words: number, lanes: number, rows = VECTOR_ROWS): Vector {
  return {
    count: 0,
    words: Array.from({ length: words }, () => new Uint32Array(rows)),
    lanes: new Array<LaneValues | null>(lanes).fill(null),
  }
}

/** Hashes of the first `words` words of a vector's keys. */
export function hashKeys(vector: Vector, words: number, hashes: Uint32Array): void {
  const { count } = vector
  startHash(hashes, count)
  for (let word = 0; word < words; word++) hashWord(vector.words[word]!, hashes, count)
  endHash(hashes, count)
}

const LEAST_SLOTS = 1024

/** Groups by packed key, in order of first appearance: open addressing over flat arrays. */
export class GroupTable {
  count = 0
  readonly words: number
  readonly operations: readonly LaneOperation[]
  /** `words` words per group. */
  keys: Uint32Array
  sums: Sums
  #hashes: Uint32Array
  /** 1 + group, or 0. */
  #slots: Uint32Array
  readonly #rowHashes = new Uint32Array(VECTOR_ROWS)
  /** Group of each row of the vector last added. */
  readonly groups = new Uint32Array(VECTOR_ROWS)

  constructor(words: number, operations: readonly LaneOperation[], groups = 0) {
    this.words = words
    this.operations = operations
    let slots = LEAST_SLOTS
    while (slots < groups * 2) slots *= 2
    this.#slots = new Uint32Array(slots)
    this.keys = new Uint32Array((slots / 2) * words)
    this.sums = newSums((slots / 2) * operations.length)
    this.#hashes = new Uint32Array(slots / 2)
  }

  /** Octets that `groups` groups take. */
  static octets(words: number, lanes: number, groups: number): number {
    return groups * (words * 4 + lanes * 8 + 4 + 8)
  }

  /** Forgets the groups, keeps the memory. */
  clear(): void {
    this.#slots.fill(0)
    this.sums.low.fill(0, 0, this.count * this.operations.length)
    this.sums.high.fill(0, 0, this.count * this.operations.length)
    this.count = 0
  }

  /** Finds or makes the groups of a vector's rows and adds its lanes to them. */
  add(vector: Vector): void {
    this.find(vector)
    addLanes(this.sums, this.groups, this.operations, vector.lanes, vector.count)
  }

  /** Finds or makes the groups of a vector's rows: their numbers are in `groups`. */
  find(vector: Vector): void {
    hashKeys(vector, this.words, this.#rowHashes)
    // Room for as many new groups as there are rows, so that loops need not ask.
    while (this.count + vector.count > this.#hashes.length) this.#grow()
    if (this.words === 1) this.#findOne(vector.words[0]!, vector.count)
    else if (this.words === 2) this.#findTwo(vector.words[0]!, vector.words[1]!, vector.count)
    else if (this.words === 0) this.#findNone(vector.count)
    else this.#findMany(vector.words, vector.count)
  }

  #findNone(count: number): void {
    this.count = 1
    this.groups.fill(0, 0, count)
  }

  #findOne(words: Uint32Array, count: number): void {
    const { groups, keys } = this
    const slots = this.#slots
    const hashes = this.#rowHashes
    const mask = slots.length - 1
    for (let i = 0; i < count; i++) {
      const word = words[i]!
      let slot = hashes[i]! & mask
      let group = slots[slot]! - 1
      while (group >= 0 && keys[group] !== word) {
        slot = (slot + 1) & mask
        group = slots[slot]! - 1
      }
      if (group < 0) {
        group = this.count++
        slots[slot] = group + 1
        keys[group] = word
        this.#hashes[group] = hashes[i]!
      }
      groups[i] = group
    }
  }

  #findTwo(first: Uint32Array, second: Uint32Array, count: number): void {
    const { groups, keys } = this
    const slots = this.#slots
    const hashes = this.#rowHashes
    const mask = slots.length - 1
    for (let i = 0; i < count; i++) {
      const a = first[i]!
      const b = second[i]!
      let slot = hashes[i]! & mask
      let group = slots[slot]! - 1
      while (group >= 0 && (keys[group * 2] !== a || keys[group * 2 + 1] !== b)) {
        slot = (slot + 1) & mask
        group = slots[slot]! - 1
      }
      if (group < 0) {
        group = this.count++
        slots[slot] = group + 1
        keys[group * 2] = a
        keys[group * 2 + 1] = b
        this.#hashes[group] = hashes[i]!
      }
      groups[i] = group
    }
  }

  #findMany(columns: readonly Uint32Array[], count: number): void {
    const { groups, keys, words } = this
    const slots = this.#slots
    const hashes = this.#rowHashes
    const mask = slots.length - 1
    for (let i = 0; i < count; i++) {
      const hash = hashes[i]!
      let slot = hash & mask
      let group = slots[slot]! - 1
      while (group >= 0) {
        if (this.#hashes[group] === hash) {
          const at = group * words
          let word = 0
          while (word < words && keys[at + word] === columns[word]![i]) word++
          if (word === words) break
        }
        slot = (slot + 1) & mask
        group = slots[slot]! - 1
      }
      if (group < 0) {
        group = this.count++
        slots[slot] = group + 1
        for (let word = 0; word < words; word++) keys[group * words + word] = columns[word]![i]!
        this.#hashes[group] = hash
      }
      groups[i] = group
    }
  }

  #grow(): void {
    const slots = new Uint32Array(this.#slots.length * 2)
    const most = slots.length / 2
    const keys = new Uint32Array(most * this.words)
    keys.set(this.keys)
    const hashes = new Uint32Array(most)
    hashes.set(this.#hashes)
    const mask = slots.length - 1
    for (let group = 0; group < this.count; group++) {
      let slot = hashes[group]! & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = group + 1
    }
    this.#slots = slots
    this.keys = keys
    this.sums = grownSums(this.sums, most * this.operations.length)
    this.#hashes = hashes
  }
}
