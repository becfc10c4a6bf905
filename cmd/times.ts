import { zoneOffset } from '../lib/bytes/time-zone.ts'
import type { FlagReader } from './flag-reader.ts'
import type { Flag } from './flags.ts'
import { UsageError } from './usage-error.ts'
import { parseDuration } from './values.ts'

// Times as people type them and as outputs print them, the same for every command. Inside they are nanoseconds since
// the epoch, UTC; a zone matters only for texts that name none.

/** A span of time in nanoseconds since the epoch: `from` belongs to it, `to` no more. */
export interface TimeRange {
  readonly from: bigint
  readonly to: bigint
}

/** The range of those who ask for none. */
export const ALL_TIMES: TimeRange = { from: 0n, to: 2n ** 64n }

const NS_PER_MS = 1_000_000n
const MINUTE_MS = 60_000

/** The flags that choose a time range, for the table of a command; `timeRange` reads them. */
export function timeFlags(group: string): readonly Flag[] {
  return [
    {
      name: 'from',
      group,
      value: 'TIME',
      help: 'From this time on: RFC 3339, 2026-11-21, 2026-11-21T10:00, epoch seconds or milliseconds, -1d, now.',
    },
    { name: 'to', group, value: 'TIME', help: 'Up to, and without, this time.' },
    { name: 'last', group, value: 'DURATION', help: 'The last 90s, 5m, 1h, 30d, up to now or to --to.' },
    {
      name: 'tz',
      group,
      value: 'ZONE',
      default: 'UTC',
      help: 'Time zone of times that name none, such as Europe/Berlin.',
    },
  ]
}

/** The range that `--from`, `--to` and `--last` ask for; throws UsageError for what is no time, no zone or no range. */
export function timeRange(flags: FlagReader, nowMs: number): TimeRange {
  const zone = timeZone(flags)
  const at = (name: 'from' | 'to'): bigint | undefined => {
    const text = flags.text(name)
    if (text === undefined) return undefined
    const ns = parseTime(text, nowMs, zone)
    if (ns !== undefined) return ns
    throw flags.wrong(name, text, 'a time such as 2026-11-21T10:00:00Z, 2026-11-21, 1795255200, -1d or now')
  }
  const to = at('to')
  let from = at('from')
  if (flags.isGiven('last')) {
    if (from !== undefined) throw new UsageError('--last and --from exclude each other')
    const end = to ?? BigInt(nowMs) * NS_PER_MS
    from = end - BigInt(Math.round(flags.durationMs('last') * 1e6))
    return inOrder({ from: from < 0n ? 0n : from, to: end })
  }
  return inOrder({ from: from ?? ALL_TIMES.from, to: to ?? ALL_TIMES.to })
}

function inOrder(range: TimeRange): TimeRange {
  if (range.from < range.to) return range
  throw new UsageError(
    `the time range is empty: from ${formatTime(range.from)} to ${formatTime(range.to)}; --to is to be the later`,
  )
}

/** The value of `--tz`; throws UsageError where it is no zone. */
export function timeZone(flags: FlagReader): string {
  const zone = flags.text('tz') ?? 'UTC'
  if (isTimeZone(zone)) return zone
  throw flags.wrong('tz', zone, 'a time zone such as UTC or Europe/Berlin')
}

/** Whether the system knows the zone. */
export function isTimeZone(zone: string): boolean {
  // Asking costs as much time as the rest of the start.
  if (zone === 'UTC') return true
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/**
 * Nanoseconds since the epoch of RFC 3339, `2026-11-21`, `2026-11-21T10:00`, epoch seconds or milliseconds, `now`, or
 * `-1d` before `nowMs`; undefined for other texts. What names no zone is meant in `zone`.
 */
export function parseTime(text: string, nowMs: number, zone = 'UTC'): bigint | undefined {
  if (text === 'now') return BigInt(nowMs) * NS_PER_MS
  if (text.startsWith('-')) {
    const ago = parseDuration(text.slice(1))
    const ns = ago === undefined ? -1n : BigInt(nowMs) * NS_PER_MS - BigInt(Math.round(ago * 1e6))
    return ns < 0n ? undefined : ns
  }
  // Ten digits of seconds reach the year 2286; ten of milliseconds would be 1970.
  if (/^\d{9,10}$/.test(text)) return BigInt(text) * 1000n * NS_PER_MS
  if (/^\d{12,13}$/.test(text)) return BigInt(text) * NS_PER_MS
  const match =
    /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d\d:\d\d)?)?$/.exec(
      text,
    )
  if (match === null) return undefined
  const numbers = match.slice(1, 7).map((digits) => Number(digits ?? 0))
  const [year, month, day, hour, minute, second] = numbers as [number, number, number, number, number, number]
  const civil = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  // Date.UTC takes 31 February for 3 March, and 25 o'clock for one in the morning.
  const isReal =
    civil.getUTCMonth() === month - 1 && civil.getUTCDate() === day && civil.getUTCHours() === hour
  if (!isReal || minute > 59 || second > 59) return undefined
  const offset = match[8]
  const ms = offset === undefined ? utcOf(civil.getTime(), zone) : civil.getTime() - offsetMs(offset)
  if (Number.isNaN(ms) || ms < 0) return undefined
  return BigInt(ms) * NS_PER_MS + BigInt((match[7] ?? '').padEnd(9, '0'))
}

/** Milliseconds of `Z`, `+01:00`; NaN where there is no such offset. */
function offsetMs(text: string): number {
  if (text === 'Z' || text === 'z') return 0
  const [hours, minutes] = [Number(text.slice(1, 3)), Number(text.slice(4, 6))] as const
  if (hours > 23 || minutes > 59) return Number.NaN
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * MINUTE_MS
}

/**
 * When the clocks of `zone` show what those of UTC show at `civilMs`. Of an hour that comes twice it is the first; one
 * that is left out counts as if the clocks had not been put forward.
 */
function utcOf(civilMs: number, zone: string): number {
  if (zone === 'UTC') return civilMs
  const before = civilMs - zoneOffset(civilMs - 86_400_000, zone)
  if (before + zoneOffset(before, zone) === civilMs) return before
  const after = civilMs - zoneOffset(civilMs + 86_400_000, zone)
  return after + zoneOffset(after, zone) === civilMs ? after : before
}

/** RFC 3339 in UTC, with as many digits behind the second as there are: none, three, six or nine. */
export function formatTime(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000_000n) * 1000)
  const fraction = String(ns % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/(000)+$/, '')
  return `${seconds.toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`
}
