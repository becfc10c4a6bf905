import { zoneOffset } from '../lib/bytes/time-zone.ts'
import { ALL_TIMES, type TimeRange } from './times.ts'

/** A path with `%Y %m %d %H %M %S %j %s %%` of when the range begins, in the zone; of now where it has no beginning. */
export function strftime(path: string, range: TimeRange, timeZone: string): string {
  if (!path.includes('%')) return path
  const ms = range.from === ALL_TIMES.from ? Date.now() : Number(range.from / 1_000_000n)
  const local = new Date(ms + zoneOffset(ms, timeZone))
  const padded = (value: number, digits: number) => String(value).padStart(digits, '0')
  const firstDay = Date.UTC(local.getUTCFullYear(), 0, 1)
  const words: Readonly<Record<string, string>> = {
    Y: padded(local.getUTCFullYear(), 4),
    m: padded(local.getUTCMonth() + 1, 2),
    d: padded(local.getUTCDate(), 2),
    H: padded(local.getUTCHours(), 2),
    M: padded(local.getUTCMinutes(), 2),
    S: padded(local.getUTCSeconds(), 2),
    j: padded(Math.floor((local.getTime() - firstDay) / 86_400_000) + 1, 3),
    s: String(Math.floor(ms / 1000)),
    '%': '%',
  }
  return path.replace(/%(.)/g, (all, letter: string) => words[letter] ?? all)
}
