const formats = new Map<string, Intl.DateTimeFormat>()

/** Milliseconds by which the clocks of `zone` (an IANA name) are ahead of UTC at `ms` since the epoch. */
export function zoneOffset(ms: number, zone: string): number {
  if (zone === 'UTC') return 0
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {}
  for (const { type, value } of formatOf(zone).formatToParts(ms)) part[type] = Number(value)
  const civil = Date.UTC(part.year!, part.month! - 1, part.day!, part.hour!, part.minute!, part.second!)
  return civil - Math.floor(ms / 1000) * 1000
}

/** Making one takes far longer than using it, and a run has few zones. */
function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(zone, format)
  }
  return format
}
