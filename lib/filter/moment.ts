import { zoneOffset } from '../bytes/time-zone.ts'
/** A point in time as it was written: its nanoseconds since the epoch, and how many of them the writing stands for. */
export interface Moment {
  readonly ns: bigint
  readonly grain: bigint
}

const UNITS: Readonly<Record<string, bigint>> = { s: 1n, m: 60n, h: 3600n, d: 86_400n, w: 604_800n }

/**
 * Reads `2026-11-21`, `2026-11-21T10:00[:00[.123456789]][Z|+01:00]`, epoch seconds or milliseconds, `now`, `-1d`; null
 * for what is none. Times without a zone are in `timeZone`. nfdump compares milliseconds, so that is the least grain.
 */
export function momentOf(word: string, timeZone: string, nowMs: number): Moment | null {
  const grain = 1_000_000n
  if (word.toLowerCase() === 'now') return { ns: BigInt(Math.trunc(nowMs)) * grain, grain }
  const ago = /^-(\d{1,9})([smhdw])$/i.exec(word)
  if (ago !== null) {
    const seconds = BigInt(ago[1]!) * UNITS[ago[2]!.toLowerCase()]!
    return { ns: BigInt(Math.trunc(nowMs)) * grain - seconds * 1_000_000_000n, grain }
  }
  const epoch = /^(\d{1,16})(?:\.(\d{1,9}))?$/.exec(word)
  if (epoch !== null) {
    // Seconds have ten digits until the year 2286.
    const unit = epoch[1]!.length <= 11 ? 1_000_000_000n : grain
    const fraction = epoch[2] === undefined ? 0n : (BigInt(epoch[2].padEnd(9, '0')) * unit) / 1_000_000_000n
    return { ns: BigInt(epoch[1]!) * unit + fraction, grain: fineness(epoch[2] ?? '', grain) }
  }
  const found =
    /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$/i.exec(word)
  if (found === null) return null
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = found
  const utc = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  )
  const date = new Date(utc)
  const isReal =
    date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day) && Number(hour) < 24
  if (!isReal || Number(minute) > 59 || Number(second) > 59) return null
  const offset = zone === undefined ? minutesAhead(utc, timeZone) : fixedOffset(zone)
  const ns = BigInt(utc - offset * 60_000) * grain + BigInt(fraction.padEnd(9, '0'))
  return ns < 0n ? null : { ns, grain: fineness(fraction, grain) }
}

/** Digits beyond milliseconds are meant. */
function fineness(fraction: string, grain: bigint): bigint {
  return fraction.length <= 3 ? grain : 10n ** BigInt(9 - fraction.length)
}

function fixedOffset(zone: string): number {
  if (/^z$/i.test(zone)) return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
  return zone.startsWith('-') ? -minutes : minutes
}

/** Minutes that the zone is ahead of UTC when its clocks show `local`. */
function minutesAhead(local: number, timeZone: string): number {
  const shown = (at: number) => Math.round(zoneOffset(at, timeZone) / 60_000)
  return shown(local - shown(local) * 60_000)
}
