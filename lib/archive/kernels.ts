/** What `scan` found. */
export interface Range {
  least: number
  greatest: number
  /** Runs of equal values. */
  runs: number
}

// Each loop sees one kind of array only, so that it stays one piece of machine code.

export function scan(values: Uint32Array, count: number, out: Range): void {
  let least = values[0]!
  let greatest = least
  let previous = least
  let runs = 1
  for (let i = 1; i < count; i++) {
    const value = values[i]!
    if (value !== previous) {
      runs++
      previous = value
      if (value < least) least = value
      else if (value > greatest) greatest = value
    }
  }
  out.least = least
  out.greatest = greatest
  out.runs = runs
}

export function toOctets(values: Uint32Array, count: number, base: number, out: Uint8Array): void {
  for (let i = 0; i < count; i++) out[i] = values[i]! - base
}

export function toLow16(values: Uint32Array, count: number, base: number, out: Uint16Array): void {
  for (let i = 0; i < count; i++) out[i] = values[i]! - base
}

export function toHigh8(values: Uint32Array, count: number, base: number, out: Uint8Array): void {
  for (let i = 0; i < count; i++) out[i] = (values[i]! - base) >>> 16
}

export function toHigh16(values: Uint32Array, count: number, base: number, out: Uint16Array): void {
  for (let i = 0; i < count; i++) out[i] = (values[i]! - base) >>> 16
}

export function toRuns(
  values: Uint32Array,
  count: number,
  outValues: Uint32Array,
  outLengths: Uint32Array,
): void {
  let run = 0
  let start = 0
  let previous = values[0]!
  outValues[0] = previous
  for (let i = 1; i < count; i++) {
    const value = values[i]!
    if (value === previous) continue
    outLengths[run++] = i - start
    start = i
    outValues[run] = value
    previous = value
  }
  outLengths[run] = count - start
}

const SLOTS = 1024
const slots = new Int16Array(SLOTS)
/** Distinct values of the last `toDictionary` that succeeded. */
export const dictionaryValues = new Uint32Array(256)

/** Writes each value's place among the distinct ones; returns how many there are, or 0 if more than 256. */
export function toDictionary(values: Uint32Array, count: number, out: Uint8Array): number {
  slots.fill(-1)
  let distinct = 0
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    let slot = Math.imul(value, 0x9e3779b1) >>> 22
    let code = slots[slot]!
    while (code >= 0 && dictionaryValues[code] !== value) {
      slot = (slot + 1) & (SLOTS - 1)
      code = slots[slot]!
    }
    if (code < 0) {
      if (distinct === 256) return 0
      code = distinct++
      slots[slot] = code
      dictionaryValues[code] = value
    }
    out[i] = code
  }
  return distinct
}

/** Writes zigzag differences; false as soon as one needs more than 16 bits. */
export function toDeltas16(values: Uint32Array, count: number, out: Uint16Array): boolean {
  let previous = values[0]!
  out[0] = 0
  for (let i = 1; i < count; i++) {
    const value = values[i]!
    const delta = value - previous
    if (delta > 32767 || delta < -32768) return false
    out[i] = (delta << 1) ^ (delta >> 31)
    previous = value
  }
  return true
}

/** Whether `values` are equal within each run of the grid. */
export function isConstantInRuns(values: Uint32Array, starts: Uint32Array, runs: number): boolean {
  for (let run = 0; run < runs; run++) {
    const end = starts[run + 1]!
    const start = starts[run]!
    const first = values[start]!
    for (let i = start + 1; i < end; i++) if (values[i] !== first) return false
  }
  return true
}

export function areWideConstantInRuns(words: Uint32Array, starts: Uint32Array, runs: number): boolean {
  for (let run = 0; run < runs; run++) {
    const end = starts[run + 1]! * 2
    const start = starts[run]! * 2
    const low = words[start]!
    const high = words[start + 1]!
    for (let i = start + 2; i < end; i += 2) if (words[i] !== low || words[i + 1] !== high) return false
  }
  return true
}

/** Puts the first value that is present wherever none is, so that absent rows do not widen the range. */
export function fillAbsent(values: Uint32Array, present: Uint8Array, count: number): void {
  const first = present.indexOf(1)
  if (first < 0 || first >= count) {
    values.fill(0, 0, count)
    return
  }
  const value = values[first]!
  for (let i = 0; i < count; i++) if (present[i] !== 1) values[i] = value
}

export function fillAbsentWide(words: Uint32Array, present: Uint8Array, count: number): void {
  const first = present.indexOf(1)
  if (first < 0 || first >= count) {
    words.fill(0, 0, count * 2)
    return
  }
  const low = words[first * 2]!
  const high = words[first * 2 + 1]!
  for (let i = 0; i < count; i++) {
    if (present[i] === 1) continue
    words[i * 2] = low
    words[i * 2 + 1] = high
  }
}

/** Least and greatest of rows that are present, as low and high words; low word first. */
export interface WideRange {
  leastLow: number
  leastHigh: number
  greatestLow: number
  greatestHigh: number
}

/** `flip` is turned over in high words before comparing: 2^31 for signed numbers. */
export function scanWide(words: Uint32Array, count: number, flip: number, out: WideRange): void {
  let leastLow = words[0]!
  let leastHigh = (words[1]! ^ flip) >>> 0
  let greatestLow = leastLow
  let greatestHigh = leastHigh
  for (let i = 2; i < count * 2; i += 2) {
    const low = words[i]!
    const high = (words[i + 1]! ^ flip) >>> 0
    if (high < leastHigh || (high === leastHigh && low < leastLow)) {
      leastLow = low
      leastHigh = high
    } else if (high > greatestHigh || (high === greatestHigh && low > greatestLow)) {
      greatestLow = low
      greatestHigh = high
    }
  }
  out.leastLow = leastLow
  out.leastHigh = leastHigh
  out.greatestLow = greatestLow
  out.greatestHigh = greatestHigh
}

/** Distances from a base, exact while they are below 2^53, which the caller has made sure of; `flip` as in scanWide,
 * turned over in `baseHigh` already. */
export function toDistances(
  words: Uint32Array,
  count: number,
  baseLow: number,
  baseHigh: number,
  flip: number,
  out: Float64Array,
): void {
  for (let i = 0; i < count; i++)
    out[i] = (((words[i * 2 + 1]! ^ flip) >>> 0) - baseHigh) * 4294967296 + (words[i * 2]! - baseLow)
}

/** Whether all distances are multiples of `unit`. */
export function areMultiples(distances: Float64Array, count: number, unit: number): boolean {
  for (let i = 0; i < count; i++) {
    const distance = distances[i]!
    if (Math.floor(distance / unit) * unit !== distance) return false
  }
  return true
}

export function toUnits(distances: Float64Array, count: number, unit: number, out: Uint32Array): void {
  for (let i = 0; i < count; i++) out[i] = distances[i]! / unit
}

/** Low words minus a base's, for distances below 2^32. */
export function toLowDistances(words: Uint32Array, count: number, baseLow: number, out: Uint32Array): void {
  for (let i = 0; i < count; i++) out[i] = words[i * 2]! - baseLow
}

/** Zigzag of differences of neighbours; false when one does not fit 31 bits and a sign. */
export function toDeltas32(distances: Float64Array, count: number, unit: number, out: Uint32Array): boolean {
  out[0] = 0
  for (let i = 1; i < count; i++) {
    const delta = (distances[i]! - distances[i - 1]!) / unit
    if (delta > 0x7fffffff || delta < -0x80000000) return false
    out[i] = (delta << 1) ^ (delta >> 31)
  }
  return true
}

/** Bits `shift` to `shift`+15 of each distance. */
export function toPart16(distances: Float64Array, count: number, divisor: number, out: Uint16Array): void {
  for (let i = 0; i < count; i++) out[i] = Math.floor(distances[i]! / divisor) % 65536
}

/** One 16-bit quarter of each 64-bit value: words at `offset`, shifted by 0 or 16. */
export function toQuarter(
  words: Uint32Array,
  count: number,
  offset: number,
  shift: number,
  out: Uint16Array,
): void {
  for (let i = 0; i < count; i++) out[i] = words[i * 2 + offset]! >>> shift
}

/** left - right modulo 2^64. */
export function subtractWide(left: Uint32Array, right: Uint32Array, count: number, out: Uint32Array): void {
  for (let i = 0; i < count * 2; i += 2) {
    const low = left[i]! - right[i]!
    out[i] = low
    out[i + 1] = left[i + 1]! - right[i + 1]! - (low < 0 ? 1 : 0)
  }
}
