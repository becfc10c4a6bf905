import type { ValueMemory } from '../flow/block-memory.ts'
import { newWords } from './scaled.ts'
import { greatestOf } from './stream-kernels.ts'

/** Pairs of keys that are found by their place in a table rather than by a hash. */
const MOST_DENSE = 2 ** 16

/** For each row which pair of keys is the row's, counted from 1; 0 where none is. Of equal pairs the first counts. */
export function findPairs(
  first: Uint32Array,
  second: Uint32Array,
  keys1: Uint32Array,
  keys2: Uint32Array,
  memory: ValueMemory,
): Uint32Array {
  const out = newWords(memory, first.length)
  const height = Math.max(greatestOf(keys1), greatestOf(first)) + 1
  const width = Math.max(greatestOf(keys2), greatestOf(second)) + 1
  if (width * height <= MOST_DENSE) findDense(first, second, keys1, keys2, width, height, out)
  else findHashed(first, second, keys1, keys2, out)
  return out
}

function findDense(
  first: Uint32Array,
  second: Uint32Array,
  keys1: Uint32Array,
  keys2: Uint32Array,
  width: number,
  height: number,
  out: Uint32Array,
): void {
  const table = new Uint32Array(width * height)
  for (let entry = keys1.length - 1; entry >= 0; entry--)
    table[keys1[entry]! * width + keys2[entry]!] = entry + 1
  for (let row = 0; row < out.length; row++)
    out[row] = table[(Math.imul(first[row]!, width) + second[row]!) | 0]!
}

function findHashed(
  first: Uint32Array,
  second: Uint32Array,
  keys1: Uint32Array,
  keys2: Uint32Array,
  out: Uint32Array,
): void {
  let size = 16
  while (size < keys1.length * 2) size *= 2
  const slots = new Uint32Array(size)
  const mask = size - 1
  for (let entry = 0; entry < keys1.length; entry++) {
    const key1 = keys1[entry]!
    const key2 = keys2[entry]!
    let slot = hash(key1, key2) & mask
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const other = slots[slot]! - 1
      if (keys1[other] === key1 && keys2[other] === key2) break
    }
    if (slots[slot] === 0) slots[slot] = entry + 1
  }
  for (let row = 0; row < out.length; row++) {
    const key1 = first[row]!
    const key2 = second[row]!
    let slot = hash(key1, key2) & mask
    let entry = slots[slot]!
    while (entry !== 0 && (keys1[entry - 1] !== key1 || keys2[entry - 1] !== key2)) {
      slot = (slot + 1) & mask
      entry = slots[slot]!
    }
    out[row] = entry
  }
}

function hash(key1: number, key2: number): number {
  return (Math.imul(key1, 0x9e3779b1) + Math.imul(key2, 0x85ebca6b)) >>> 7
}
