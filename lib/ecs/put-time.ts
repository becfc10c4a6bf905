import { BILLIONS, divideByBillion } from '../bytes/put-number.ts'

/** Seconds printed lately, by their low bits, a power of two: the flows of some minutes. */
const RECENT = 4096
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
  const slot = seconds & (RECENT - 1)
  if (recentSeconds[slot] !== seconds) remember(slot, seconds)
  view.setBigUint64(position, recentWords[slot * 3]!, true)
  view.setBigUint64(position + 8, recentWords[slot * 3 + 1]!, true)
  view.setBigUint64(position + 16, recentWords[slot * 3 + 2]!, true)
  view.setBigUint64(position + SECONDS_OCTETS, FRACTIONS[ms]!, true)
  return position + TIME_OCTETS
}

/** 64 bits of nanoseconds end in the year 2554. */
function remember(slot: number, seconds: number): void {
  const days = Math.floor(seconds / 86_400)
  const second = seconds - days * 86_400
  // Years that begin in March have their leap day at the end; 400 of them have 146097 days, beginning with 0000-03-01.
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const day = shifted - era * 146_097
  const year = ((day - ((day / 1460) | 0) + ((day / 36_524) | 0) - ((day / 146_096) | 0)) / 365) | 0
  const dayOfYear = day - (365 * year + ((year / 4) | 0) - ((year / 100) | 0))
  const month = ((5 * dayOfYear + 2) / 153) | 0
  const calendarMonth = month < 10 ? month + 3 : month - 9
  const calendarYear = era * 400 + year + (calendarMonth <= 2 ? 1 : 0)
  const at = slot * 24
  putTwo(at, (calendarYear / 100) | 0, ZERO)
  putTwo(at + 2, calendarYear % 100, DASH)
  putTwo(at + 5, calendarMonth, DASH)
  putTwo(at + 8, dayOfYear - (((153 * month + 2) / 5) | 0) + 1, LETTER_T)
  putTwo(at + 11, (second / 3600) | 0, COLON)
  putTwo(at + 14, ((second / 60) | 0) % 60, COLON)
  putTwo(at + 17, second % 60, ZERO)
  recentSeconds[slot] = seconds
}

const ZERO = 0x30
const DASH = 0x2d
const COLON = 0x3a
const LETTER_T = 0x54

/** Two digits, and the sign behind them. */
function putTwo(at: number, value: number, sign: number): void {
  recentOctets[at] = ZERO + ((value / 10) | 0)
  recentOctets[at + 1] = ZERO + (value % 10)
  recentOctets[at + 2] = sign
}
