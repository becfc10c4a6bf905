import type { ValueMemory } from '../flow/block-memory.ts'
import { Damage } from './damage.ts'
import {
  addWide,
  expandRuns,
  expandWideRuns,
  greatestOf,
  lookUp,
  lookUpWide,
  scaleFar,
  scaleNarrow,
  scaleWide,
  span,
  subtractScaled,
  subtractWords,
  sumDeltas,
  sumDeltasWide,
} from './stream-kernels.ts'

/**
 * Values that are 32-bit numbers but for a factor and a sum: base + unit * values[i], modulo 2^64. Times of a block are
 * such, so they stay half as wide until somebody wants them whole.
 */
export interface Scaled {
  readonly values: Uint32Array
  readonly base: bigint
  readonly unit: bigint
  /** No value of `values` is above this; it may be higher than the greatest. */
  readonly most: number
}

export type Decoded = Scaled | BigUint64Array

const LIMIT = 2 ** 32
const EXACT = 2 ** 53
/** Running sums of so many 32-bit differences are exact in doubles. */
const MOST_SUMMED = 2 ** 21

export function plain(values: Uint32Array, most = LIMIT - 1): Scaled {
  return { values, base: 0n, unit: 1n, most }
}

export function isWide(decoded: Decoded): decoded is BigUint64Array {
  return decoded instanceof BigUint64Array
}

export function lengthOf(decoded: Decoded): number {
  return isWide(decoded) ? decoded.length : decoded.values.length
}

export function newWords(memory: ValueMemory, count: number): Uint32Array {
  return new Uint32Array(memory.buffer(count * 4), 0, count)
}

export function newWide(memory: ValueMemory, count: number): BigUint64Array {
  return new BigUint64Array(memory.buffer(count * 8), 0, count)
}

export function wordsOf(wide: BigUint64Array): Uint32Array {
  return new Uint32Array(wide.buffer, wide.byteOffset, wide.length * 2)
}

const low32 = (value: bigint) => Number(value & 0xffffffffn)
const high32 = (value: bigint) => Number((value >> 32n) & 0xffffffffn)

/** The values in 32 bits each; null where some do not fit. */
export function narrowed(decoded: Decoded, memory: ValueMemory): Uint32Array | null {
  if (isWide(decoded)) return null
  const { values, base, unit, most } = decoded
  if (base === 0n && unit === 1n) return values
  const fits = (greatest: number) => base + BigInt(greatest) * unit < 2n ** 32n
  if (!fits(most) && !fits(greatestOf(values))) return null
  const out = newWords(memory, values.length)
  scaleNarrow(values, Number(base), Number(unit & 0xffffffffn), out)
  return out
}

/** The values in 64 bits each. */
export function widened(decoded: Decoded, memory: ValueMemory): BigUint64Array {
  if (isWide(decoded)) return decoded
  const { values, base, unit, most } = decoded
  const out = newWide(memory, values.length)
  const words = wordsOf(out)
  const step = Number(unit)
  if (unit === 1n) addWide(values, low32(base), high32(base), words)
  else if (step < LIMIT && (most * step < EXACT || greatestOf(values) * step < EXACT))
    scaleWide(values, low32(base), high32(base), step, words)
  else if (step < LIMIT) scaleFar(values, low32(base), high32(base), step, words)
  else scaleSlowly(BigUint64Array.from(values, BigInt), base, unit, out)
  return out
}

/** No file of ours needs it: units beyond 32 bits, or units of numbers beyond 32 bits. */
export function scaleSlowly(values: BigUint64Array, base: bigint, unit: bigint, out: BigUint64Array): void {
  for (let i = 0; i < out.length; i++) out[i] = BigInt.asUintN(64, base + values[i]! * unit)
}

/** Throws Damage where runs and their lengths do not give `count` values. */
export function checkRuns(runs: number, lengths: Uint32Array, count: number): void {
  if (runs !== lengths.length) throw new Damage('runs and their lengths differ in number')
  const sum = sumOf(lengths)
  if (sum !== count) throw new Damage(`runs give ${sum} values, not ${count}`)
}

let summed: Uint32Array | null = null
let summedTo = 0

/** The sum of the values: columns of a block have the same runs, so the last one is remembered. */
function sumOf(values: Uint32Array): number {
  if (values === summed) return summedTo
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  summed = values
  summedTo = sum
  return sum
}

/** Each value as often as its length says; lengths must add up to `count`. */
export function runsOf(values: Decoded, lengths: Uint32Array, count: number, memory: ValueMemory): Decoded {
  checkRuns(lengthOf(values), lengths, count)
  if (isWide(values)) {
    const out = newWide(memory, count)
    expandWideRuns(wordsOf(values), lengths, wordsOf(out))
    return out
  }
  const out = newWords(memory, count)
  expandRuns(values.values, lengths, out)
  return { ...values, values: out }
}

/** The value of each code; codes are below the number of values. */
export function valuesOf(values: Decoded, codes: Uint32Array, memory: ValueMemory): Decoded {
  if (isWide(values)) {
    const out = newWide(memory, codes.length)
    lookUpWide(wordsOf(values), codes, wordsOf(out))
    return out
  }
  const out = newWords(memory, codes.length)
  lookUp(values.values, codes, out)
  return { ...values, values: out }
}

/** Running sums of zigzag differences. */
export function undelta(deltas: Decoded, base: bigint, unit: bigint, memory: ValueMemory): Decoded {
  const count = lengthOf(deltas)
  const narrow = count <= MOST_SUMMED ? narrowed(deltas, memory) : null
  if (narrow !== null) {
    const sums = newWords(memory, count)
    sumDeltas(narrow, sums)
    const { least, greatest } = span
    if (greatest - least < LIMIT) {
      // Sums count from the least one, so that none is below zero.
      if (least < 0) scaleNarrow(sums, -least, 1, sums)
      const from = BigInt.asUintN(64, base + unit * BigInt(least))
      return { values: sums, base: from, unit, most: greatest - least }
    }
    if (unit === 1n) {
      const out = newWide(memory, count)
      sumDeltasWide(narrow, low32(base), high32(base), wordsOf(out))
      return out
    }
  }
  const zigzags = widened(deltas, memory)
  const out = newWide(memory, count)
  let value = base
  for (let i = 0; i < count; i++) {
    const zigzag = zigzags[i]!
    const delta = (zigzag & 1n) === 0n ? zigzag >> 1n : -((zigzag >> 1n) + 1n)
    value = BigInt.asUintN(64, value + delta * unit)
    out[i] = value
  }
  return out
}

/** left - right modulo 2^64; there are as many of both. */
export function subtract(left: Decoded, right: Decoded, memory: ValueMemory): Decoded {
  if (!isWide(left) && !isWide(right)) {
    const { unit } = left.unit < right.unit ? left : right
    if (left.unit % unit === 0n && right.unit % unit === 0n) {
      const ofLeft = Number(left.unit / unit)
      const ofRight = Number(right.unit / unit)
      let top = right.most * ofRight
      let most = left.most * ofLeft + top
      if (most >= LIMIT) {
        top = greatestOf(right.values) * ofRight
        most = greatestOf(left.values) * ofLeft + top
      }
      if (most < LIMIT) {
        const out = newWords(memory, left.values.length)
        subtractScaled(left.values, ofLeft, right.values, ofRight, top, out)
        const base = BigInt.asUintN(64, left.base - right.base - BigInt(top) * unit)
        return { values: out, base, unit, most }
      }
    }
  }
  const wide = widened(right, memory)
  const out = newWide(memory, wide.length)
  subtractWords(wordsOf(widened(left, memory)), wordsOf(wide), wordsOf(out))
  return out
}
