import { FlowError } from '../diagnostics/flow-error.ts'

/** A text that is parsed: the filter itself, or a file that it includes. */
export interface FilterSource {
  /** Null for the filter itself. */
  readonly name: string | null
  readonly text: string
}

/** Characters of the line that are shown on either side of the caret. */
const SHOWN = 70

/**
 * The error for a filter that means nothing: one line that says where and what, then the line it is about and a caret
 * below octet `at` of it.
 */
export function filterFault(source: FilterSource, at: number, what: string): FlowError {
  const { text } = source
  const place = Math.min(at, text.length)
  const lineStart = text.lastIndexOf('\n', place - 1) + 1
  let lineEnd = text.indexOf('\n', place)
  if (lineEnd < 0) lineEnd = text.length
  let line = 1
  for (let i = text.indexOf('\n'); i >= 0 && i < place; i = text.indexOf('\n', i + 1)) line++
  const column = [...text.slice(Math.max(lineStart, place - 100_000), place)].length + 1
  const from = Math.max(lineStart, place - SHOWN)
  const to = Math.min(lineEnd, place + SHOWN)
  const before = printable(text.slice(from, place))
  const shown = `${from > lineStart ? '…' : ''}${before}${printable(text.slice(place, to))}${to < lineEnd ? '…' : ''}`
  // Tabs stay tabs, so that the caret stands below its place however wide a tab is.
  const pad = `${from > lineStart ? ' ' : ''}${[...before].map((c) => (c === '\t' ? '\t' : ' ')).join('')}`
  const where = `${source.name === null ? 'filter' : `filter file ${source.name}`}, line ${line}, column ${column}`
  return new FlowError('FILTER_INVALID', `${where}: ${what}\n  ${shown}\n  ${pad}^`)
}

function printable(text: string): string {
  return text.replace(/[^\P{C}\t]|[\u2028\u2029]/gu, '\ufffd')
}
