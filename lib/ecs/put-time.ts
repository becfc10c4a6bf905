import { BILLIONS, divideByBillion } from '../bytes/put-number.ts'

/** Seconds printed lately, by their low bits: the flows of some minutes. */
const RECENT = 1024
const recentSeconds = new Float64Array(RECENT).fill(Number.NaN)
const recentWords = new BigUint64Array(RECENT * 3)
const recentOctets = new Uint8Array(recentWords.buffer)
/** `.mmmZ` of each millisecond. */
const FRACTIONS = new BigUint64Array(1000)
const fractionOctets = new Uint8Array(FRACTIONS.buffer)
const encoder = new TextEncoder()
for (let ms = 0; ms < 1000; ms++) {
  fractionOctets.set(encoder.encode(`.${String(ms).padStart(3, '0')}Z`), ms * 8)
}
/** Octets of `2026-01-02T03:04:05` and of `2026-01-02T03:04:05.678Z`. */
const SECONDS_OCTETS = 19
const TIME_OCTETS = 24

/**
 * Prints a count of nanoseconds since the epoch as `YYYY-MM-DDTHH:MM:SS.mmmZ`, what is below a millisecond cut off, and
 * returns the position behind it. Writes up to eight octets more than it prints.
 */
export function putTime(view: DataView, position: number, low: number, high: number): number {
  divideByBillion(low, high)
  return putSeconds(view, position, BILLIONS.quotient, (BILLIONS.remainder / 1_000_000) | 0)
}

/** As `putTime`, of whole seconds and milliseconds. */
export function putSeconds(view: DataView, position: number, seconds: number, ms: number): number {
  const slot = seconds % RECENT
  if (recentSeconds[slot] !== seconds) remember(slot, seconds)
  view.setBigUint64(position, recentWords[slot * 3]!, true)
  view.setBigUint64(position + 8, recentWords[slot * 3 + 1]!, true)
  view.setBigUint64(position + 16, recentWords[slot * 3 + 2]!, true)
  view.setBigUint64(position + SECONDS_OCTETS, FRACTIONS[ms]!, true)
  return position + TIME_OCTETS
}

/** 64 bits of nanoseconds end in the year 2554. */
function remember(slot: number, seconds: number): void {
  recentOctets.set(encoder.encode(new Date(seconds * 1000).toISOString().slice(0, SECONDS_OCTETS)), slot * 24)
  recentSeconds[slot] = seconds
}
