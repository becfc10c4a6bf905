import { FlowError } from '../diagnostics/flow-error.ts'

/** A line of a user's table: its fields, and where it stands. */
export interface TableLine {
  readonly number: number
  readonly fields: readonly string[]
}

/** What is wrong with which line. */
export interface BadLine {
  readonly number: number
  readonly what: string
}

/** Splits a line at tabs, else at commas or semicolons, else at blanks; `"…"` may hold any of them, `""` is a quote. */
export function splitFields(line: string): string[] {
  if (!line.includes('"')) {
    const separator = line.includes('\t') ? '\t' : line.includes(',') ? ',' : line.includes(';') ? ';' : null
    if (separator === null) return line.trim().split(/\s+/)
    return line.split(separator).map((field) => field.trim())
  }
  const bare = line.replace(/"(?:[^"]|"")*"/g, '')
  const separator = bare.includes('\t') ? /\t/ : bare.includes(',') ? /,/ : bare.includes(';') ? /;/ : /\s/
  const fields: string[] = []
  let field = ''
  let isQuoted = false
  for (let i = 0; i < line.length; i++) {
    const character = line[i]!
    if (character === '"') {
      if (isQuoted && line[i + 1] === '"') {
        field += '"'
        i++
      } else isQuoted = !isQuoted
    } else if (!isQuoted && separator.test(character)) {
      // Several blanks are one.
      if (separator.source !== '\\s' || field !== '') fields.push(field.trim())
      field = ''
    } else field += character
  }
  if (field !== '' || fields.length === 0 || separator.source !== '\\s') fields.push(field.trim())
  return fields
}

/** The line without its comment: `#` at the start, or after a blank and followed by one. */
function withoutComment(line: string): string {
  const at = line.indexOf('#')
  if (at < 0) return line
  if (line.slice(0, at).trim() === '') return ''
  const comment = /\s#(?=\s|$)/.exec(line)
  return comment === null ? line : line.slice(0, comment.index)
}

/** Calls `take` with each line that has something, one after the other; what `take` returns is wrong with the line. */
export function readTableLines(text: string, take: (line: TableLine) => string | null): BadLine[] {
  const bad: BadLine[] = []
  let number = 0
  for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length; ) {
    number++
    let end = text.indexOf('\n', at)
    if (end < 0) end = text.length
    const line = withoutComment(text.slice(at, text.charCodeAt(end - 1) === 13 ? end - 1 : end))
    at = end + 1
    if (line.trim() === '') continue
    const what = take({ number, fields: splitFields(line) })
    if (what !== null) bad.push({ number, what })
  }
  return bad
}

/** Throws the first bad line of a file as a FlowError that counts the others. */
export function refuseBadLines(path: string, bad: readonly BadLine[]): void {
  const [first] = bad
  if (first === undefined) return
  const more = bad.length > 1 ? ` (and ${bad.length - 1} more bad lines)` : ''
  throw new FlowError('TABLE_INVALID', `${path}:${first.number}: ${first.what}${more}`)
}

/** How a field is shown in a message: in quotes, and not all of a long one. */
export function shown(field: string): string {
  return JSON.stringify(field.length > 60 ? `${field.slice(0, 60)}…` : field)
}
