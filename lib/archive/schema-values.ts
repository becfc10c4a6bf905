// What the lists of S frames are made of.

/** `[seconds, nanoseconds]`. */
export function nanoseconds(pair: readonly unknown[]): bigint {
  return BigInt(whole(pair[0])) * 1_000_000_000n + BigInt(whole(pair[1]))
}

/** The list that `nanoseconds` reads. */
export function pairOf(ns: bigint): [number, number] {
  return [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)]
}

/** Whether a value is a list. */
export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

/** A whole number that is exact; 0 for anything else. */
export function whole(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0
}
