import type { Part, ReportCell, ReportColumn } from '../report.ts'
import { plainCell } from './format.ts'

const UNITS = ['', ' k', ' M', ' G', ' T', ' P', ' E']
const MS_PER_NS = 1e-6

/** A cell for eyes: three digits and a unit, per cent, times in the zone. */
export function humanCell(cell: ReportCell, column: ReportColumn, timeZone: string): string {
  if (cell === null) return ''
  const { unit, role } = column
  if (unit === 'time' && typeof cell === 'bigint') return timeText(cell, timeZone)
  if (unit === 'parts' && typeof cell === 'object') return cell.map(partText).join(', ')
  if (typeof cell === 'string') return printable(cell)
  if (unit === 'share') return percent(Number(cell))
  if (unit === 'ratio') return ratioText(Number(cell))
  if (unit === 'milliseconds') return durationText(Number(cell))
  if (role === 'key') return plainCell(cell, column)
  return shortened(Number(cell))
}

/** Names come from other people's packets: nothing of them may steer a terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}

function partText({ key, name, share }: Part): string {
  const isService = key.includes('/')
  const what = isService ? name || key : name === '' ? key : `AS${key} ${name}`
  const system = !isService && /^\d+$/.test(key) && name === '' ? `AS${key}` : what
  return `${printable(key === '' || key === '0' ? name : system)} ${percent(share)}`
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(Math.abs(share) >= 0.0995 ? 0 : 1)}%`
}

function ratioText(value: number): string {
  return value >= 1000 ? shortened(value) : value.toFixed(2)
}

/** `950`, `1.52 k`, `41.4 M`, `726 G`. */
export function shortened(value: number): string {
  let power = 0
  let rest = value
  while (Math.abs(rest) >= 999.5 && power < UNITS.length - 1) {
    rest /= 1000
    power++
  }
  if (power === 0) return Number.isInteger(rest) ? String(rest) : rest.toFixed(1)
  const size = Math.abs(rest)
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2
  return `${rest.toFixed(digits)}${UNITS[power]}`
}

function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

const formatters = new Map<string, Intl.DateTimeFormat>()

/** `2026-01-01 00:05:00` in the zone, with milliseconds where there are any. */
export function timeText(ns: bigint, timeZone: string): string {
  let format = formatters.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
    formatters.set(timeZone, format)
  }
  const ms = Math.floor(Number(ns) * MS_PER_NS)
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return String(ns)
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]))
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? ''
  const rest = Number((ns / 1_000_000n) % 1000n)
  const fraction = rest === 0 ? '' : `.${String(rest).padStart(3, '0')}`
  return `${of('year')}-${of('month')}-${of('day')} ${of('hour')}:${of('minute')}:${of('second')}${fraction}`
}
