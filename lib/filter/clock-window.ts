import { zoneOffset } from '../bytes/time-zone.ts'
/** Times of day on some days of the week, in a time zone. */
export interface ClockWindow {
  /** Minutes since midnight; the end is not in the window. A window whose end is not after its start crosses midnight. */
  readonly from: number
  readonly to: number
  /** Bit 0 is Sunday. A night belongs to the day on which it begins. */
  readonly days: number
  readonly timeZone: string
}

const DAY_NAMES = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

/** The bits of `mon`, `monday`, `weekdays`, `weekends`, `daily`; 0 for other words. */
export function daysOf(word: string): number {
  const lower = word.toLowerCase()
  if (/^weekdays?$/.test(lower)) return 0b0111110
  if (/^weekends?$/.test(lower)) return 0b1000001
  if (lower === 'daily') return 0b1111111
  const found = DAY_NAMES.findIndex(
    (name) => lower.length >= 3 && (name === lower || `${name}s` === lower || name.slice(0, 3) === lower),
  )
  return found < 0 ? 0 : 1 << found
}

/** Minutes since midnight of `8:00`, `08:00` or `24:00`; -1 for other words. */
export function minuteOf(word: string): number {
  const found = /^(\d{1,2}):(\d\d)$/.exec(word)
  if (found === null) return -1
  const minutes = Number(found[1]) * 60 + Number(found[2])
  return minutes > 24 * 60 || Number(found[2]) > 59 ? -1 : minutes
}

/** Whether there is such a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** Quarters of an hour that are remembered: a month's. Zones change their offset at quarters only. */
const MOST_QUARTERS = 4096

/** Tells whether minutes since the epoch (UTC) lie in the window. */
export class Clock {
  readonly #window: ClockWindow
  /** Offset of the zone in minutes, by quarter of an hour since the epoch. */
  readonly #offsets = new Map<number, number>()

  constructor(window: ClockWindow) {
    this.#window = window
  }

  has(minute: number): boolean {
    const { from, to, days } = this.#window
    const local = minute + this.#offset(Math.floor(minute / 15))
    const day = (Math.floor(local / 1440) + 4) % 7
    const time = ((local % 1440) + 1440) % 1440
    if (from < to) return time >= from && time < to && ((days >>> ((day + 7) % 7)) & 1) === 1
    if (time >= from) return ((days >>> ((day + 7) % 7)) & 1) === 1
    return time < to && ((days >>> ((day + 6) % 7)) & 1) === 1
  }

  #offset(quarter: number): number {
    const known = this.#offsets.get(quarter)
    if (known !== undefined) return known
    const offset = Math.round(zoneOffset(quarter * 900_000, this.#window.timeZone) / 60_000)
    if (this.#offsets.size >= MOST_QUARTERS) this.#offsets.clear()
    this.#offsets.set(quarter, offset)
    return offset
  }
}
