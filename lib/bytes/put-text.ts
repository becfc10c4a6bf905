import { BILLIONS, divideByBillion, FOUR_DIGITS, putNineDigits, putU64 } from './put-number.ts'

const HEX = new TextEncoder().encode('0123456789abcdef')

/**
 * How each octet below 128 is printed inside a JSON string (RFC 8259 §7): 0 as it is, 1 as \u00XX, which holds for
 * `others` too, else after a backslash.
 */
export function newEscapes(others: readonly number[]): Uint8Array {
  const escapes = new Uint8Array(128)
  escapes.fill(1, 0, 32)
  for (const octet of others) escapes[octet] = 1
  escapes[0x22] = 0x22
  escapes[0x5c] = 0x5c
  escapes[0x0a] = 0x6e
  escapes[0x0d] = 0x72
  escapes[0x09] = 0x74
  return escapes
}

/** Prints an octet that is not printed as it is; `how` is its entry in a table of `newEscapes`. */
export function putEscape(out: Uint8Array, position: number, octet: number, how: number): number {
  out[position] = 0x5c
  if (how !== 1) {
    out[position + 1] = how
    return position + 2
  }
  out[position + 1] = 0x75
  out[position + 2] = 0x30
  out[position + 3] = 0x30
  out[position + 4] = HEX[octet >>> 4]!
  out[position + 5] = HEX[octet & 15]!
  return position + 6
}

/** Go's encoder keeps its strings harmless in HTML. */
const ESCAPE = newEscapes([0x3c, 0x3e, 0x26])

/**
 * Prints text inside a JSON string. As Go's encoder does, `<`, `>`, `&`, U+2028 and U+2029 are written as \uXXXX and
 * invalid UTF-8 passes as it is; quotes, backslashes and control characters are escaped. At most six octets for each.
 */
export function putEscaped(
  out: Uint8Array,
  position: number,
  octets: Uint8Array,
  from: number,
  to: number,
): number {
  for (let i = from; i < to; i++) {
    const octet = octets[i]!
    if (octet >= 0x80) {
      // U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
      if (octet === 0xe2 && i + 2 < to && octets[i + 1] === 0x80 && (octets[i + 2]! & 0xfe) === 0xa8) {
        out.set(LINE_SEPARATOR, position)
        out[position + 5] = HEX[octets[i + 2]! & 15]!
        position += 6
        i += 2
        continue
      }
      out[position++] = octet
      continue
    }
    const how = ESCAPE[octet]!
    if (how === 0) out[position++] = octet
    else position = putEscape(out, position, octet, how)
  }
  return position
}

const LINE_SEPARATOR = new TextEncoder().encode('\\u2028')

/** Copies octets as they are. */
export function putOctets(
  out: Uint8Array,
  position: number,
  octets: Uint8Array,
  from: number,
  to: number,
): number {
  const length = to - from
  if (length <= 32) for (let i = 0; i < length; i++) out[position + i] = octets[from + i]!
  else out.set(octets.subarray(from, to), position)
  return position + length
}

/** The last second of year 9999; later times have no RFC 3339 form. */
const LAST_SECOND = 253_402_300_799

/** Seconds printed lately, by their low bits: rows come with few different ones. */
const RECENT = 16
const recentSeconds = new Float64Array(RECENT).fill(Number.NaN)
const recentWords = new BigUint64Array(RECENT * 3)
const recentView = new DataView(recentWords.buffer)
/** Octets of `2026-01-02T03:04:05`. */
const SECONDS_LENGTH = 19

/** Prints seconds since the epoch as RFC 3339 in UTC, without fraction and `Z`. */
function putSeconds(view: DataView, position: number, seconds: number): number {
  const slot = seconds & (RECENT - 1)
  if (recentSeconds[slot] !== seconds) {
    putCalendar(recentView, slot * 24, seconds)
    recentSeconds[slot] = seconds
  }
  view.setBigUint64(position, recentWords[slot * 3]!, true)
  view.setBigUint64(position + 8, recentWords[slot * 3 + 1]!, true)
  view.setBigUint64(position + 16, recentWords[slot * 3 + 2]!, true)
  return position + SECONDS_LENGTH
}

function putCalendar(view: DataView, position: number, seconds: number): void {
  const days = Math.floor(seconds / 86_400)
  const clock = seconds - days * 86_400
  // Days to civil date over eras of 400 years that begin on March 1st.
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  view.setUint32(position, FOUR_DIGITS[year]!, true)
  position = putTwo(view, position + 4, 0x2d, month)
  position = putTwo(view, position, 0x2d, day)
  const hour = Math.floor(clock / 3600)
  const minute = Math.floor((clock - hour * 3600) / 60)
  position = putTwo(view, position, 0x54, hour)
  position = putTwo(view, position, 0x3a, minute)
  putTwo(view, position, 0x3a, clock - hour * 3600 - minute * 60)
}

function putTwo(view: DataView, position: number, before: number, value: number): number {
  const tens = Math.floor(value / 10)
  view.setUint8(position, before)
  view.setUint8(position + 1, 48 + tens)
  view.setUint8(position + 2, 48 + value - tens * 10)
  return position + 3
}

/** Prints a count of seconds as a time, or as a plain number beyond the year 9999. */
export function putDateTime(view: DataView, position: number, low: number, high: number): number {
  const seconds = (high >>> 0) * 4294967296 + (low >>> 0)
  if (seconds > LAST_SECOND) return putU64(view, position, low, high)
  position = putSeconds(view, position, seconds)
  view.setUint8(position, 0x5a)
  return position + 1
}

/** Prints a count of nanoseconds as a time; trailing zeros of the fraction are left out, as in Go. */
export function putDateTimeNano(view: DataView, position: number, low: number, high: number): number {
  // Go reads the 64 bits as signed: what is above 2^63 lies before 1970.
  const isBefore = high >>> 31 === 1
  if (isBefore) {
    high = low === 0 ? -high | 0 : ~high
    low = -low | 0
  }
  divideByBillion(low, high)
  let seconds = BILLIONS.quotient
  let fraction = BILLIONS.remainder
  if (isBefore) {
    seconds = fraction === 0 ? -seconds : -seconds - 1
    fraction = fraction === 0 ? 0 : 1_000_000_000 - fraction
  }
  position = putSeconds(view, position, seconds)
  if (fraction > 0) {
    view.setUint8(position, 0x2e)
    position = putNineDigits(view, position + 1, fraction)
    while (view.getUint8(position - 1) === 48) position--
  }
  view.setUint8(position, 0x5a)
  return position + 1
}

/** Whether `putDateTime` prints a number. */
export function isBeyondCalendar(low: number, high: number): boolean {
  return (high >>> 0) * 4294967296 + (low >>> 0) > LAST_SECOND
}
