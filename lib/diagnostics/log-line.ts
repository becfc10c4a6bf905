import type { LogAttributes, LogLevel } from './log.ts'

/** How a line is written: `text` as Go's slog does (`time=… level=INFO msg=…`), or one JSON object. */
export type LogFormat = 'text' | 'json'

const LEVEL_NAMES: Record<LogLevel, string> = { debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR' }

/** One log line without its line feed; control characters of the values are escaped in both formats. */
export function formatLogLine(
  format: LogFormat,
  at: Date,
  level: LogLevel,
  message: string,
  attributes: LogAttributes,
): string {
  const head = { time: at.toISOString(), level: LEVEL_NAMES[level], msg: message }
  if (format === 'json') return JSON.stringify({ ...head, ...attributes })
  let line = ''
  for (const [key, value] of Object.entries({ ...head, ...attributes })) {
    if (line !== '') line += ' '
    line += `${quotedIfNeeded(key)}=${typeof value === 'string' ? quotedIfNeeded(value) : value}`
  }
  return line
}

/** As slog's text handler: quotes around what is empty or holds blanks, quotes, `=` or what cannot be printed. */
function quotedIfNeeded(text: string): string {
  return /^[^\s"=\\\p{C}]+$/u.test(text)
    ? text
    : JSON.stringify(text).replace(/[\p{C}\u2028\u2029]/gu, escaped)
}

function escaped(character: string): string {
  const code = character.codePointAt(0)!
  return code > 0xffff
    ? `\\U${code.toString(16).padStart(8, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`
}
