import { join } from 'node:path'

export const EXTENSION = '.weir'
export const PART_EXTENSION = '.weir.part'

/** Day folder and file name of a file begun at `ms`, in UTC; `n` tells files of one second apart. */
export function archivePath(directory: string, stream: string, ms: number, n: number): string {
  const [date, time] = new Date(ms).toISOString().split('T') as [string, string]
  const [year, month, day] = date.split('-') as [string, string, string]
  const stamp = `${year}${month}${day}T${time.slice(0, 8).replaceAll(':', '')}Z`
  return join(directory, year, month, day, `${stream}-${stamp}-${n}${EXTENSION}`)
}

/** Whether `stream` can stand in a file name. */
export function isStreamName(stream: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(stream)
}

const NAME = /^(.+)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-(\d+)\.weir(\.part)?$/

/** What a file's name says, or null if it is none of ours. */
export function parseArchiveName(name: string): { stream: string; startMs: number; isOpen: boolean } | null {
  const match = NAME.exec(name)
  if (match === null) return null
  const [, stream, ...digits] = match
  const [year, month, day, hour, minute, second] = digits.slice(0, 6).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const startMs = Date.UTC(year, month - 1, day, hour, minute, second)
  return { stream: stream!, startMs, isOpen: match[9] !== undefined }
}
