import type { PartSource } from './compiled-key.ts'
import { hashKeys, newVector, type Vector } from './group-table.ts'
import { gatherHalves, gatherOctets, gatherPairs, gatherWords, VECTOR_ROWS } from './kernels.ts'
import { takeWords, wordsOfWide } from './lane-kernels.ts'
import type { Sums } from './sums.ts'

// Rows and groups as vectors: gathered, chosen, widened.

/** Whether any bin needs more than so many bits. */
export function outgrows(bins: Uint32Array, count: number, bits: number): boolean {
  for (let i = 0; i < count; i++) if (bins[i]! >>> bits !== 0) return true
  return false
}

/** Numbers of `count` rows, from `from` on in `selection`. */
export function gather(
  source: PartSource,
  selection: Uint32Array,
  from: number,
  count: number,
  out: Uint32Array,
): void {
  const { values, half } = source
  if (values instanceof Uint32Array) {
    if (half >= 0) gatherHalves(values, half, selection, from, count, out)
    else gatherWords(values, selection, from, count, out)
  } else if (values instanceof Uint16Array) gatherPairs(values, selection, from, count, out)
  else gatherOctets(values as Uint8Array, selection, from, count, out)
}

/** Groups with packed keys of `words` words each. */
export interface PlainGroups {
  readonly count: number
  readonly keys: Uint32Array
  readonly sums: Sums
  readonly words: number
}

/** Hands on groups as vectors of lanes, and the number of each vector's first group. */
export function vectorsOf(
  store: PlainGroups,
  lanes: number,
  take: (vector: Vector, at: number) => void,
): void {
  // Stores of small answers are many and small.
  const room = Math.min(VECTOR_ROWS, store.count)
  const vector = newVector(store.words, lanes, room)
  const narrow = Array.from({ length: lanes }, () => new Uint32Array(room))
  const wide: (BigUint64Array | undefined)[] = []
  for (let at = 0; at < store.count; at += VECTOR_ROWS) {
    const count = Math.min(VECTOR_ROWS, store.count - at)
    vector.count = count
    for (let word = 0; word < store.words; word++)
      takeWords(store.keys, at * store.words + word, store.words, count, vector.words[word]!, 0)
    for (let lane = 0; lane < lanes; lane++) {
      const from = at * lanes + lane
      if (isZero(store.sums.high, from, lanes, count)) {
        takeWords(store.sums.low, from, lanes, count, narrow[lane]!, 0)
        vector.lanes[lane] = narrow[lane]!
      } else {
        const out = wide[lane] ?? new BigUint64Array(room)
        wide[lane] = out
        joinWords(store.sums, from, lanes, count, wordsOfWide(out))
        vector.lanes[lane] = out
      }
    }
    take(vector, at)
  }
}

/** Whether every `stride`th word from `at` on, `count` of them, is 0. */
function isZero(words: Uint32Array, at: number, stride: number, count: number): boolean {
  for (let i = 0, k = at; i < count; i++, k += stride) if (words[k] !== 0) return false
  return true
}

/** Every `stride`th number as a pair of words. */
function joinWords({ low, high }: Sums, at: number, stride: number, count: number, out: Uint32Array): void {
  for (let i = 0, k = at; i < count; i++, k += stride) {
    out[i * 2] = low[k]!
    out[i * 2 + 1] = high[k]!
  }
}

/** A vector's keys one after the other. */
export function keysOf(vector: Vector): Uint32Array {
  const words = vector.words.length
  const keys = new Uint32Array(vector.count * words)
  for (const [word, column] of vector.words.entries())
    for (let i = 0, k = word; i < vector.count; i++, k += words) keys[k] = column[i]!
  return keys
}

/** The rows of a vector whose head belongs to pass `pass` of `passes`. */
export function choose(vector: Vector, headWords: number, passes: number, pass: number, out: Vector): Vector {
  const hashes = new Uint32Array(vector.count)
  hashKeys(vector, headWords, hashes)
  let count = 0
  const chosen = new Uint32Array(vector.count)
  for (let i = 0; i < vector.count; i++) {
    // Other bits than those that chose the partition and will choose the slot.
    if ((Math.imul(hashes[i]!, 0x9e3779b1) >>> 16) % passes === pass) chosen[count++] = i
  }
  for (const [word, column] of vector.words.entries())
    for (let i = 0; i < count; i++) out.words[word]![i] = column[chosen[i]!]!
  for (const [lane, column] of vector.lanes.entries())
    out.lanes[lane] =
      column === null ? null : BigUint64Array.from(chosen.subarray(0, count), (i) => BigInt(column[i]!))
  out.count = count
  return out
}

/** Each summing lane as two: 32 low bits, and what is above. */
export function widened(vector: Vector, operations: readonly string[]): Vector {
  const lanes: BigUint64Array[] = []
  for (const [lane, operation] of operations.entries()) {
    const values = vector.lanes[lane] ?? null
    const low = new BigUint64Array(vector.count)
    const high = new BigUint64Array(vector.count)
    for (let i = 0; i < vector.count; i++) {
      const value = values === null ? 1n : BigInt(values[i]!)
      low[i] = operation === 'sum' ? value & 0xffffffffn : value
      high[i] = operation === 'sum' ? value >> 32n : 0n
    }
    lanes.push(low, high)
  }
  return { count: vector.count, words: vector.words, lanes }
}
