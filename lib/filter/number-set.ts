/** Whole numbers as disjoint ascending ranges with both ends in them. */
export interface NumberSet {
  readonly lows: readonly bigint[]
  readonly highs: readonly bigint[]
}

/** The smallest and the greatest value that a column can hold. */
export const LEAST = -(2n ** 63n)
export const GREATEST = 2n ** 64n - 1n

export type Comparator = '==' | '!=' | '<' | '<=' | '>' | '>='

/** A number as it was written: exact, also with a fraction. The denominator is above 0. */
export interface Fraction {
  readonly n: bigint
  readonly d: bigint
}

/** The set of one range; empty where `low` is above `high`. */
export function rangeOf(low: bigint, high: bigint): NumberSet {
  return low > high ? { lows: [], highs: [] } : { lows: [low], highs: [high] }
}

/** What lies in any of the sets. */
export function unionOf(sets: readonly NumberSet[]): NumberSet {
  const ranges = sets.flatMap((set) => set.lows.map((low, i) => [low, set.highs[i]!] as const))
  ranges.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))
  const lows: bigint[] = []
  const highs: bigint[] = []
  for (const [low, high] of ranges) {
    const last = highs.length - 1
    if (last >= 0 && low <= highs[last]! + 1n) {
      if (high > highs[last]!) highs[last] = high
    } else {
      lows.push(low)
      highs.push(high)
    }
  }
  return { lows, highs }
}

/** What lies outside the set. */
export function complementOf(set: NumberSet): NumberSet {
  const lows: bigint[] = []
  const highs: bigint[] = []
  let from = LEAST
  for (let i = 0; i < set.lows.length; i++) {
    if (from < set.lows[i]!) {
      lows.push(from)
      highs.push(set.lows[i]! - 1n)
    }
    from = set.highs[i]! + 1n
  }
  if (from <= GREATEST) {
    lows.push(from)
    highs.push(GREATEST)
  }
  return { lows, highs }
}

/** The whole numbers that compare so with `value`. */
export function comparedWith(comparator: Comparator, value: Fraction): NumberSet {
  const floor = floorOf(value)
  const isWhole = floor * value.d === value.n
  switch (comparator) {
    case '==':
      return isWhole ? rangeOf(floor, floor) : rangeOf(1n, 0n)
    case '!=':
      return complementOf(isWhole ? rangeOf(floor, floor) : rangeOf(1n, 0n))
    case '<':
      return rangeOf(LEAST, isWhole ? floor - 1n : floor)
    case '<=':
      return rangeOf(LEAST, floor)
    case '>':
      return rangeOf(floor + 1n, GREATEST)
    default:
      return rangeOf(isWhole ? floor : floor + 1n, GREATEST)
  }
}

/** The greatest whole number that is not above the fraction. */
export function floorOf({ n, d }: Fraction): bigint {
  const quotient = n / d
  return n % d < 0n ? quotient - 1n : quotient
}

/** Whether `value` is in the set. */
export function hasNumber(set: NumberSet, value: bigint): boolean {
  let from = 0
  let to = set.lows.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (set.highs[middle]! < value) from = middle + 1
    else to = middle
  }
  return from < set.lows.length && set.lows[from]! <= value
}

/** Whether any number from `least` to `greatest` is in the set. */
export function meetsRange(set: NumberSet, least: bigint, greatest: bigint): boolean {
  return set.lows.some((low, i) => low <= greatest && set.highs[i]! >= least)
}

/** The part of the set from 0 to `most`. */
export function clamped(set: NumberSet, most: bigint): NumberSet {
  const lows: bigint[] = []
  const highs: bigint[] = []
  for (let i = 0; i < set.lows.length; i++) {
    const [low, high] = [set.lows[i]!, set.highs[i]!]
    if (high < 0n || low > most) continue
    lows.push(low < 0n ? 0n : low)
    highs.push(high > most ? most : high)
  }
  return { lows, highs }
}
