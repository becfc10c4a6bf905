import { basename, dirname, extname, resolve } from 'node:path'

/** What an old log may end in, beside its own name. */
export const SUFFIXES = { none: '', gzip: '.gz', zstd: '.zst' } as const

/** Digits of each strftime word that is understood. */
const WORDS: Readonly<Record<string, string>> = {
  Y: '\\d{4}',
  m: '\\d{2}',
  d: '\\d{2}',
  H: '\\d{2}',
  M: '\\d{2}',
  S: '\\d{2}',
  s: '\\d+',
}

type Part = { readonly kind: 'text' | 'word' | 'name' | 'ext'; readonly text: string }

/** How old logs are called. */
export interface NamePattern {
  /** The path of an old log; `number` tells names apart that are taken, 0 is none. */
  path(log: string, at: Date, number: number): string
  /** Where old logs of this log lie, and how their paths below that folder look; compressed ones too. */
  oldLogs(log: string): { readonly folder: string; readonly isDeep: boolean; readonly shape: RegExp }
  /** Whether a file that a glob found has the name of an old log, of whatever log. */
  isOldLog(path: string): boolean
}

/** A pattern of strftime words, `{name}` and `{ext}`; returns what is wrong with it as text. */
export function parseNamePattern(text: string, zone: string): NamePattern | string {
  const parts: Part[] = []
  for (const [piece] of text.matchAll(/%.?|\{[^}]*\}?|[^%{]+/gs)) {
    if (piece === '%%') parts.push({ kind: 'text', text: '%' })
    else if (piece.startsWith('%')) {
      if (WORDS[piece[1] ?? ''] === undefined) return `${piece} is not one of %Y %m %d %H %M %S %s %%`
      parts.push({ kind: 'word', text: piece[1]! })
    } else if (piece === '{name}' || piece === '{ext}') {
      parts.push({ kind: piece === '{name}' ? 'name' : 'ext', text: '' })
    } else if (piece.startsWith('{')) return `${piece} is not {name} or {ext}`
    else parts.push({ kind: 'text', text: piece })
  }
  if (text === '' || text.endsWith('/')) return 'the name is empty'
  // The number stands before the extension, or at the end of a name without one.
  const numberAt = parts.findLastIndex(({ kind }) => kind === 'ext')
  const at = numberAt < 0 ? parts.length : numberAt
  const hasTime = parts.some(({ kind }) => kind === 'word')

  function render(log: string, wordOf: (word: string) => string, number: string, quote = asIs): string {
    const ext = extname(log)
    const texts = parts.map(({ kind, text: own }) => {
      if (kind === 'word') return wordOf(own)
      if (kind === 'name') return quote(basename(log, ext))
      return quote(kind === 'ext' ? ext : own)
    })
    return [...texts.slice(0, at), number, ...texts.slice(at)].join('')
  }

  return {
    path(log, when, number) {
      const fields = fieldsOf(when, zone)
      const name = render(log, (word) => fields[word]!, number === 0 ? '' : `.${number}`)
      return resolve(dirname(log), name)
    },
    oldLogs(log) {
      const shape = render(log, (word) => WORDS[word]!, '(\\.\\d+)?', quoted)
      // Folders before the first one that has a time in its name are known.
      const plain = render(log, (word) => `\0${word}`, '').split('/')
      const timed = plain.findIndex((folder) => folder.includes('\0'))
      const known = timed < 0 ? plain.length - 1 : Math.min(timed, plain.length - 1)
      const rest = shape.split('/').slice(known).join('/')
      return {
        folder: resolve(dirname(log), plain.slice(0, known).join('/') || (text.startsWith('/') ? '/' : '.')),
        isDeep: known < plain.length - 1,
        shape: new RegExp(`^${rest}(\\.gz|\\.zst)?$`),
      }
    },
    isOldLog(path) {
      const name = basename(path)
      const shape = parts.map(({ kind, text: own }) => {
        if (kind === 'word') return WORDS[own]!
        return kind === 'name' ? '.+' : kind === 'ext' ? '(\\.[^.]*)?' : quoted(own)
      })
      const number = hasTime ? '(\\.\\d+)?' : '\\.\\d+'
      const last = [...shape.slice(0, at), number, ...shape.slice(at)].join('').split('/').at(-1)!
      return new RegExp(`^${last}(\\.gz|\\.zst)?$`).test(name)
    },
  }
}

const asIs = (text: string): string => text
const quoted = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** The time's fields in a zone, as strftime prints them. */
function fieldsOf(at: Date, zone: string): Record<string, string> {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
  return {
    Y: part['year']!.padStart(4, '0'),
    m: part['month']!,
    d: part['day']!,
    H: part['hour']!,
    M: part['minute']!,
    S: part['second']!,
    s: String(Math.floor(at.getTime() / 1000)),
  }
}
