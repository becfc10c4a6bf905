import { Damage } from './damage.ts'

/** Decoded values: 32 bits each where all fit, else 64. */
export type Numbers = Uint32Array | BigUint64Array

const LIMIT = 0x100000000

/** base + unit times each value. */
export function addBase(values: Numbers, base: bigint, unit: bigint): Numbers {
  if (base === 0n && unit === 1n) return values
  if (values instanceof Uint32Array) {
    let greatest = 0
    for (let i = 0; i < values.length; i++) if (values[i]! > greatest) greatest = values[i]!
    if (base + BigInt(greatest) * unit < 2n ** 32n) {
      const from = Number(base)
      const step = Number(unit)
      for (let i = 0; i < values.length; i++) values[i] = from + values[i]! * step
      return values
    }
    return unit < 2n ** 32n ? scaled(values, base, Number(unit)) : scaledSlowly(widen(values), base, unit)
  }
  return scaledSlowly(values, base, unit)
}

function scaledSlowly(values: BigUint64Array, base: bigint, unit: bigint): BigUint64Array {
  for (let i = 0; i < values.length; i++) values[i] = BigInt.asUintN(64, base + values[i]! * unit)
  return values
}

/** base + unit times each value modulo 2^64, in words: the product of two 32-bit numbers by 16-bit halves. */
function scaled(values: Uint32Array, base: bigint, unit: number): BigUint64Array {
  const words = new Uint32Array(values.length * 2)
  const baseLow = Number(base & 0xffffffffn)
  const baseHigh = Number(base >> 32n)
  const unitLow = unit & 0xffff
  const unitHigh = unit >>> 16
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    const low = value & 0xffff
    const high = value >>> 16
    // Each product is below 2^32 and the sums below 2^53, so doubles hold them exactly.
    const middle = low * unitHigh + high * unitLow
    const bottom = low * unitLow + (middle & 0xffff) * 65536 + baseLow
    words[i * 2] = bottom
    words[i * 2 + 1] = high * unitHigh + Math.floor(middle / 65536) + Math.floor(bottom / LIMIT) + baseHigh
  }
  return new BigUint64Array(words.buffer)
}

/** Each value as often as its length says; lengths must add up to `count`. */
export function runsOf(values: Numbers, lengths: Uint32Array, count: number): Numbers {
  if (values.length !== lengths.length) throw new Damage('runs and their lengths differ in number')
  let sum = 0
  for (let i = 0; i < lengths.length; i++) sum += lengths[i]!
  if (sum !== count) throw new Damage(`runs give ${sum} values, not ${count}`)
  // Runs are short, a datagram's rows say: a loop beats a call of `fill` for each.
  if (values instanceof Uint32Array) {
    const out = new Uint32Array(count)
    for (let run = 0, at = 0; run < lengths.length; run++) {
      const value = values[run]!
      for (const end = at + lengths[run]!; at < end; at++) out[at] = value
    }
    return out
  }
  const source = wordsOf(values)
  const words = new Uint32Array(count * 2)
  for (let run = 0, at = 0; run < lengths.length; run++) {
    const low = source[run * 2]!
    const high = source[run * 2 + 1]!
    for (const end = at + lengths[run]! * 2; at < end; at += 2) {
      words[at] = low
      words[at + 1] = high
    }
  }
  return new BigUint64Array(words.buffer)
}

/** Running sums of zigzag differences. */
export function undelta(deltas: Numbers, base: bigint, unit: bigint): Numbers {
  if (deltas instanceof Uint32Array && unit === 1n && base < 2n ** 32n) {
    const out = undeltaNarrow(deltas, Number(base))
    if (out !== null) return out
  }
  const zigzags = widen(deltas)
  const out = new BigUint64Array(deltas.length)
  let value = base
  for (let i = 0; i < out.length; i++) {
    const zigzag = zigzags[i]!
    const delta = (zigzag & 1n) === 0n ? zigzag >> 1n : -((zigzag >> 1n) + 1n)
    value = BigInt.asUintN(64, value + delta * unit)
    out[i] = value
  }
  return out
}

function undeltaNarrow(deltas: Uint32Array, base: number): Uint32Array | null {
  const out = new Uint32Array(deltas.length)
  let value = base
  for (let i = 0; i < out.length; i++) {
    const zigzag = deltas[i]!
    value += (zigzag & 1) === 0 ? zigzag >>> 1 : -(zigzag >>> 1) - 1
    if (value < 0 || value >= LIMIT) return null
    out[i] = value
  }
  return out
}

/** left - right modulo 2^64, in 64 bits. */
export function subtract(left: Numbers, right: Numbers): BigUint64Array {
  const a = wordsOf(left)
  const b = wordsOf(right)
  const words = new Uint32Array(a.length)
  for (let i = 0; i < words.length; i += 2) {
    const low = a[i]! - b[i]!
    words[i] = low
    words[i + 1] = a[i + 1]! - b[i + 1]! - (low < 0 ? 1 : 0)
  }
  return new BigUint64Array(words.buffer)
}

/** The values as pairs of words, low word first. */
function wordsOf(values: Numbers): Uint32Array {
  const wide = widen(values)
  return new Uint32Array(wide.buffer, wide.byteOffset, wide.length * 2)
}

/** The same values in 64 bits each. */
export function widen(values: Numbers): BigUint64Array {
  if (!(values instanceof Uint32Array)) return values
  const words = new Uint32Array(values.length * 2)
  for (let i = 0; i < values.length; i++) words[i * 2] = values[i]!
  return new BigUint64Array(words.buffer)
}

/** For each row the value whose pair of keys is the row's; 0 where there is none. */
export function mapped(
  first: Uint32Array,
  second: Uint32Array,
  keys1: Uint32Array,
  keys2: Uint32Array,
  values: Numbers,
): Numbers {
  let size = 16
  while (size < keys1.length * 2) size *= 2
  const slots = new Int32Array(size).fill(-1)
  const mask = size - 1
  const slotOf = (key1: number, key2: number) => {
    let slot = (Math.imul(key1, 0x9e3779b1) + Math.imul(key2, 0x85ebca6b)) >>> 7
    for (;;) {
      slot &= mask
      const entry = slots[slot]!
      if (entry < 0 || (keys1[entry] === key1 && keys2[entry] === key2)) return slot
      slot++
    }
  }
  for (let entry = 0; entry < keys1.length; entry++) {
    const slot = slotOf(keys1[entry]!, keys2[entry]!)
    if (slots[slot] === -1) slots[slot] = entry
  }
  const out = values instanceof Uint32Array ? new Uint32Array(first.length) : new BigUint64Array(first.length)
  for (let row = 0; row < first.length; row++) {
    const entry = slots[slotOf(first[row]!, second[row]!)]!
    if (entry >= 0) out[row] = values[entry]!
  }
  return out
}

/** Nothing, the other column's value, or the next own value; null where own values are missing. */
export function select(choices: Uint32Array, like: Uint32Array, own: Uint32Array): Uint32Array | null {
  if (choices.length !== like.length) return null
  const out = new Uint32Array(choices.length)
  let next = 0
  for (let row = 0; row < out.length; row++) {
    const choice = choices[row]
    if (choice === 1) out[row] = like[row]!
    else if (choice === 2) out[row] = own[next++] ?? 0
    else if (choice !== 0) return null
  }
  return next === own.length ? out : null
}
