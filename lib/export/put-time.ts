import { BILLIONS, divideByBillion, FOUR_DIGITS, putNineDigits } from '../bytes/put-number.ts'

/** `-MM-DD` follows the year; the text of the day printed last, for rows of one day come together. */
let cachedDay = -1
const dayOctets = new Uint8Array(16)
const dayView = new DataView(dayOctets.buffer)

/** Two digits of 0 to 99, low octet first. */
const TWO_DIGITS = new Uint16Array(100)
for (let i = 0; i < 100; i++) TWO_DIGITS[i] = (48 + Math.floor(i / 10)) | ((48 + (i % 10)) << 8)

/** Octets of `2026-01-02T03:04:05.678901234Z`. */
export const TIME_OCTETS = 30

/** Seconds printed lately, by their low bits: rows come in order of time. */
const RECENT = 1024
const recentSeconds = new Float64Array(RECENT).fill(-1)
const recentWords = new BigUint64Array(RECENT * 3)
const recentView = new DataView(recentWords.buffer)

/** Prints nanoseconds since the epoch, in two words, as RFC 3339 in UTC with nine digits of fraction. */
export function putTime(view: DataView, position: number, low: number, high: number): number {
  divideByBillion(low, high)
  const { quotient, remainder } = BILLIONS
  const slot = quotient & (RECENT - 1)
  if (recentSeconds[slot] !== quotient) putSecond(recentView, slot * 24, quotient)
  recentSeconds[slot] = quotient
  view.setBigUint64(position, recentWords[slot * 3]!, true)
  view.setBigUint64(position + 8, recentWords[slot * 3 + 1]!, true)
  view.setUint32(position + 16, recentView.getUint32(slot * 24 + 16, true), true)
  putNineDigits(view, position + 20, remainder)
  view.setUint8(position + 29, 0x5a)
  return position + TIME_OCTETS
}

/** `2026-01-02T03:04:05.` */
function putSecond(view: DataView, position: number, seconds: number): void {
  const day = Math.floor(seconds / 86_400)
  if (day !== cachedDay) putDay(day)
  view.setBigUint64(position, dayView.getBigUint64(0, true), true)
  view.setUint16(position + 8, dayView.getUint16(8, true), true)
  const clock = seconds - day * 86_400
  const minutes = Math.floor(clock / 60)
  const hour = Math.floor(minutes / 60)
  view.setUint8(position + 10, 0x54)
  view.setUint16(position + 11, TWO_DIGITS[hour]!, true)
  view.setUint8(position + 13, 0x3a)
  view.setUint16(position + 14, TWO_DIGITS[minutes - hour * 60]!, true)
  view.setUint8(position + 16, 0x3a)
  view.setUint16(position + 17, TWO_DIGITS[clock - minutes * 60]!, true)
  view.setUint8(position + 19, 0x2e)
}

function putDay(day: number): void {
  // Days to civil date over eras of 400 years that begin on March 1st.
  const shifted = day + 719_468
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
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  dayView.setUint32(0, FOUR_DIGITS[year]!, true)
  dayView.setUint8(4, 0x2d)
  dayView.setUint16(5, TWO_DIGITS[month]!, true)
  dayView.setUint8(7, 0x2d)
  dayView.setUint16(8, TWO_DIGITS[dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1]!, true)
  cachedDay = day
}
