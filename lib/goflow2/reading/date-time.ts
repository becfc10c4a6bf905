import type { OctetScan } from './octet-scan.ts'

const TWO_32 = 4_294_967_296

/**
 * Reads RFC 3339 (`2023-07-30T14:50:17.356388Z`, any offset) at `p` into nanoseconds since the epoch; returns where it
 * ends, or -1 where it is none or before 1970 or after 2554.
 */
export function scanDateTime(scan: OctetScan, octets: Uint8Array, p: number): number {
  const year = digits(octets, p, 4)
  const month = digits(octets, p + 5, 2)
  const day = digits(octets, p + 8, 2)
  const hour = digits(octets, p + 11, 2)
  const minute = digits(octets, p + 14, 2)
  const second = digits(octets, p + 17, 2)
  if (year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59) {
    return -1
  }
  if (second < 0 || second > 60 || octets[p + 4] !== 0x2d || octets[p + 7] !== 0x2d) return -1
  if (octets[p + 13] !== 0x3a || octets[p + 16] !== 0x3a) return -1
  const between = octets[p + 10]
  if (between !== 0x54 && between !== 0x74 && between !== 0x20) return -1
  p += 19
  let nanos = 0
  if (octets[p] === 0x2e) {
    let scale = 100_000_000
    let digit = octets[++p]! - 48
    const from = p
    while (digit >= 0 && digit <= 9) {
      nanos += digit * scale
      scale = Math.floor(scale / 10)
      digit = octets[++p]! - 48
    }
    if (p === from || p - from > 9) return -1
  }
  let offset = 0
  const sign = octets[p]!
  if (sign === 0x2b || sign === 0x2d) {
    const hours = digits(octets, p + 1, 2)
    const minutes = digits(octets, p + 4, 2)
    if (hours < 0 || minutes < 0 || octets[p + 3] !== 0x3a) return -1
    offset = (sign === 0x2d ? -1 : 1) * (hours * 3600 + minutes * 60)
    p += 6
  } else if (sign === 0x5a || sign === 0x7a) {
    p++
  } else {
    return -1
  }
  if (day > daysIn(year, month)) return -1
  const seconds = daysSinceEpoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
  return putNanoseconds(scan, seconds, nanos) ? p : -1
}

/** Leaves `seconds` and `nanos` as nanoseconds in two words; false where 64 bits cannot hold them. */
export function putNanoseconds(scan: OctetScan, seconds: number, nanos: number): boolean {
  if (seconds < 0 || seconds >= 18_446_744_073) return false
  const upper = Math.floor(seconds / 65_536) * 1e9
  const lower = (seconds % 65_536) * 1e9 + nanos
  let high = Math.floor(upper / 65_536)
  const sum = (upper - high * 65_536) * 65_536 + lower
  high += Math.floor(sum / TWO_32)
  scan.low = (sum % TWO_32) | 0
  scan.high = high | 0
  return true
}

function digits(octets: Uint8Array, p: number, count: number): number {
  let value = 0
  for (let i = 0; i < count; i++) {
    const digit = octets[p + i]! - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

/** Days from 1970-01-01; years begin in March so that the leap day is the last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1
  const era = Math.floor(y / 400)
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const yearOfEra = y - era * 400
  return (
    era * 146_097 +
    yearOfEra * 365 +
    Math.floor(yearOfEra / 4) -
    Math.floor(yearOfEra / 100) +
    dayOfYear -
    719_468
  )
}
