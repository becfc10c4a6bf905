// Loops over planes for some rows: taken by their numbers, or found by their values. As in stream-kernels.ts, each sees one
// kind of array only.

/** from + values[row] of the rows wanted. */
export function gatherOctets(
  plane: Uint8Array,
  from: number,
  wanted: Uint32Array,
  count: number,
  out: Uint32Array,
): void {
  const base = from | 0
  for (let i = 0; i < count; i++) out[i] = (plane[wanted[i]!]! + base) | 0
}

export function gatherPairs(
  plane: Uint16Array,
  from: number,
  wanted: Uint32Array,
  count: number,
  out: Uint32Array,
): void {
  const base = from | 0
  for (let i = 0; i < count; i++) out[i] = (plane[wanted[i]!]! + base) | 0
}

/** As `joinPairOctet` for the rows wanted. */
export function gatherPairOctet(
  low: Uint16Array,
  high: Uint8Array,
  from: number,
  wanted: Uint32Array,
  count: number,
  out: Uint32Array,
): void {
  const base = from | 0
  for (let i = 0; i < count; i++) {
    const row = wanted[i]!
    out[i] = ((low[row]! | (high[row]! << 16)) + base) | 0
  }
}

export function gatherWords(values: Uint32Array, wanted: Uint32Array, count: number, out: Uint32Array): void {
  for (let i = 0; i < count; i++) out[i] = values[wanted[i]!]!
}

/** As `gatherWords` for values that stand for as many rows as `lengths` says; rows wanted ascend. */
export function gatherRuns(
  values: Uint32Array,
  lengths: Uint32Array,
  wanted: Uint32Array,
  count: number,
  out: Uint32Array,
): void {
  let run = 0
  let end = lengths.length === 0 ? 0 : lengths[0]!
  for (let i = 0; i < count; i++) {
    const row = wanted[i]!
    while (row >= end) end += lengths[++run]!
    out[i] = values[run]!
  }
}

/** Places of values from `low` to `high`, and how many there are; both are below 2^31. */
export function findOctets(plane: Uint8Array, low: number, high: number, found: Uint32Array): number {
  let count = 0
  for (let i = 0; i < plane.length; i++) {
    const value = plane[i]!
    found[count] = i
    // Each half is -1 where the value is beyond: no branch.
    count += 1 + (((value - low) >> 31) | ((high - value) >> 31))
  }
  return count
}

/**
 * Places of one value, found by what the engine has built in; -1 where its lower half is so common that each step would
 * find little.
 */
export function findOne(
  pairs: Uint16Array,
  octets: Uint8Array | null,
  value: number,
  found: Uint32Array,
): number {
  const low = value & 0xffff
  const high = value >>> 16
  if (octets === null && high !== 0) return 0
  let left = pairs.length >>> 6
  let count = 0
  for (let at = pairs.indexOf(low); at >= 0; at = pairs.indexOf(low, at + 1)) {
    if (left-- === 0) return -1
    if (octets === null || octets[at] === high) found[count++] = at
  }
  return count
}

export function findPairs(plane: Uint16Array, low: number, high: number, found: Uint32Array): number {
  let count = 0
  for (let i = 0; i < plane.length; i++) {
    const value = plane[i]!
    found[count] = i
    count += 1 + (((value - low) >> 31) | ((high - value) >> 31))
  }
  return count
}

export function findPairOctets(
  pairs: Uint16Array,
  octets: Uint8Array,
  low: number,
  high: number,
  found: Uint32Array,
): number {
  let count = 0
  for (let i = 0; i < pairs.length; i++) {
    const value = pairs[i]! | (octets[i]! << 16)
    found[count] = i
    count += 1 + (((value - low) >> 31) | ((high - value) >> 31))
  }
  return count
}

export function findWords(values: Uint32Array, low: number, high: number, found: Uint32Array): number {
  let count = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    found[count] = i
    count += value >= low && value <= high ? 1 : 0
  }
  return count
}
