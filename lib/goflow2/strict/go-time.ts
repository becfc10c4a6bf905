const SECONDS_PER_DAY = 86_400n
/** Go counts from 1 March of this year, so that no second of 64 bits lies before. */
const FIRST_YEAR = -292_277_022_400n
/** From there to 1970: whole Gregorian years to the year 0, March to December of it, and 719,162 days. */
const DAYS_TO_EPOCH = (-FIRST_YEAR * 3_652_425n) / 10_000n + 306n + 719_162n

/** RFC 3339 text of a Unix time, in UTC, nanoseconds without their trailing zeros; wraps beyond 64 bits as Go does. */
export function rfc3339(seconds: bigint, nanoseconds: number): string {
  const absolute = BigInt.asUintN(64, seconds + DAYS_TO_EPOCH * SECONDS_PER_DAY)
  const clock = Number(absolute % SECONDS_PER_DAY)
  const { year, month, day } = dateOf(absolute / SECONDS_PER_DAY)
  const date = `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`
  const time = [Math.floor(clock / 3600), Math.floor(clock / 60) % 60, clock % 60].map((n) => padded(n, 2))
  const fraction = String(nanoseconds).padStart(9, '0').replace(/0+$/, '')
  return `${date}T${time.join(':')}${fraction === '' ? '' : `.${fraction}`}Z`
}

/** As `rfc3339`, of one signed count of nanoseconds. */
export function rfc3339Nano(nanoseconds: bigint): string {
  let seconds = nanoseconds / 1_000_000_000n
  let rest = nanoseconds % 1_000_000_000n
  if (rest < 0n) {
    rest += 1_000_000_000n
    seconds -= 1n
  }
  return rfc3339(seconds, Number(rest))
}

/** Gregorian date of a day, by years that begin in March. */
function dateOf(days: bigint): { year: number; month: number; day: number } {
  const quarters = 4n * days + 3n
  const century = quarters / 146_097n
  const dayOfCentury = Number((quarters % 146_097n) / 4n)
  const yearOfCentury = Math.floor((4 * dayOfCentury + 3) / 1461)
  const dayOfYear = Math.floor(((4 * dayOfCentury + 3) % 1461) / 4)
  const month = Math.floor((5 * dayOfYear + 461) / 153)
  const isNextYear = dayOfYear >= 306
  return {
    year: Number(century * 100n + FIRST_YEAR) + yearOfCentury + (isNextYear ? 1 : 0),
    month: isNextYear ? month - 12 : month,
    day: Math.floor(((5 * dayOfYear + 461) % 153) / 5) + 1,
  }
}

function padded(value: number, width: number): string {
  const digits = String(Math.abs(value)).padStart(width, '0')
  return value < 0 ? `-${digits}` : digits
}
