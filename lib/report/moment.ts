const NS_PER_SECOND = 1_000_000_000n
/** Nanoseconds of signed 64 bits end in 2262. */
const LAST_MS = Date.UTC(2262, 0)

/**
 * Nanoseconds of a moment: RFC 3339 with any digits of a second, a date, a date with hours and minutes (UTC), seconds or
 * milliseconds since the epoch; null for anything else.
 */
export function momentNs(text: string): bigint | null {
  if (/^\d{9,10}$/.test(text)) return BigInt(text) * NS_PER_SECOND
  if (/^\d{12,13}$/.test(text)) return BigInt(text) * 1_000_000n
  const match =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$/i.exec(text)
  if (match === null) return null
  const [, date, minutes = '00:00', seconds = '00', fraction = '', zone = 'Z'] = match
  const ms = Date.parse(`${date}T${minutes}:${seconds}${zone.toUpperCase()}`)
  if (!Number.isFinite(ms) || ms < 0 || ms > LAST_MS) return null
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}

/** Nanoseconds of `5s`, `250ms`, `1h30m`; null for anything else. */
export function lengthNs(text: string): bigint | null {
  const units: Readonly<Record<string, bigint>> = {
    ms: 1_000_000n,
    s: NS_PER_SECOND,
    m: 60n * NS_PER_SECOND,
    h: 3600n * NS_PER_SECOND,
    d: 86_400n * NS_PER_SECOND,
  }
  if (text === '0') return 0n
  if (!/^(\d{1,9}(ms|[smhd]))+$/.test(text)) return null
  let sum = 0n
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhd])/g)) sum += BigInt(count!) * units[unit!]!
  return sum
}
