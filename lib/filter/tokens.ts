import { type FilterSource, filterFault } from './fault.ts'

export type TokenKind = 'word' | 'text' | 'sign' | 'pattern' | 'path' | 'end'

/** A piece of a filter and where it stands. */
export interface Token {
  readonly kind: TokenKind
  /** Of quoted texts and patterns what stands between the quotes. */
  readonly text: string
  readonly at: number
  readonly source: FilterSource
}

const BLANKS = /(?:[ \t\r\n\f\v\u00a0\ufeff]+|#[^\n]*)+/y
const MOMENT = /\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?/iy
const WORD = /@?[\p{L}\p{N}_:.](?:[\p{L}\p{N}_:.]|-(?=[\p{L}\p{N}]))*/uy
const SIGN = /==|!=|<>|>=|<=|&&|\|\||!~|[=<>!~()[\],/+*-]/y
const PATH = /[^\s()[\]"'#]+/y
/** What may stand before `in` and a list or the name of a file. */
const LISTABLE =
  /^(?:ip|host|addr|address|net|as|asn|port|if|vlan|proto|mac|.*\.(?:ip|port|number|as)|[a-z]+(?:Address|Port|Number))$/
const NO_PATH = /^(?:nat|xlate|pblock|if|src|dst|mac|packets|bytes|and|or|not)$/i

/** Files within files, as nfdump allows. */
const DEEPEST_INCLUDE = 10
/** Pieces of a filter with all its files; a bound on memory. */
const MOST_TOKENS = 2_000_000

/** Reads the file that a filter names; null where the caller reads none. */
export type FileReader = ((path: string) => string) | null

/** The pieces of a filter with the files that it includes; the last one is the end. */
export function tokensOf(text: string, readFile: FileReader): Token[] {
  const tokens: Token[] = []
  const source: FilterSource = { name: null, text }
  scan(source, tokens, readFile, 0)
  tokens.push({ kind: 'end', text: '', at: text.length, source })
  return tokens
}

function scan(source: FilterSource, tokens: Token[], readFile: FileReader, depth: number): void {
  const { text } = source
  let at = 0
  const take = (rule: RegExp): string | null => {
    rule.lastIndex = at
    return rule.exec(text)?.[0] ?? null
  }
  const push = (kind: TokenKind, value: string, length: number) => {
    if (tokens.length >= MOST_TOKENS)
      throw filterFault(source, at, 'the filter is too long; put lists into a file')
    tokens.push({ kind, text: value, at, source })
    at += length
  }
  for (;;) {
    at += take(BLANKS)?.length ?? 0
    if (at >= text.length) return
    const char = text[at]!
    const previous = tokens.at(-1)
    if (char === '"' || char === "'") {
      const end = text.indexOf(char, at + 1)
      if (end < 0) throw filterFault(source, at, `the closing ${char} is missing`)
      push('text', text.slice(at + 1, end), end + 1 - at)
      continue
    }
    if (previous?.kind === 'sign' && (previous.text === '~' || previous.text === '!~') && char === '/') {
      const end = patternEnd(text, at + 1)
      if (end < 0) throw filterFault(source, at, 'the closing / of the pattern is missing')
      const ignoreCase = text[end + 1] === 'i' && !/\w/.test(text[end + 2] ?? '')
      const pattern = text.slice(at + 1, end).replaceAll('\\/', '/')
      push('pattern', ignoreCase ? `(?i)${pattern}` : pattern, end + (ignoreCase ? 2 : 1) - at)
      continue
    }
    if (isListAsked(tokens) && char !== '[' && char !== '@') {
      const path = take(PATH)
      if (path !== null && !NO_PATH.test(path)) {
        push('path', path, path.length)
        continue
      }
    }
    const word = take(MOMENT) ?? take(WORD)
    if (word?.toLowerCase() === '@include') {
      at += include(source, at, tokens, readFile, depth)
      continue
    }
    if (word !== null) {
      push('word', word, word.length)
      continue
    }
    const sign = take(SIGN)
    if (sign === null) {
      const shown = String.fromCodePoint(text.codePointAt(at)!)
      throw filterFault(source, at, `${JSON.stringify(shown)} has no meaning here; put texts into quotes`)
    }
    push('sign', sign, sign.length)
  }
}

/** Whether the pieces end with `ip in`, `port in` or the like. */
function isListAsked(tokens: readonly Token[]): boolean {
  const last = tokens.at(-1)
  const before = tokens.at(-2)
  if (last?.kind !== 'word' || last.text.toLowerCase() !== 'in' || before?.kind !== 'word') return false
  return LISTABLE.test(before.text) || LISTABLE.test(before.text.toLowerCase())
}

function patternEnd(text: string, from: number): number {
  for (let i = from; i < text.length && text[i] !== '\n'; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '/') return i
  }
  return -1
}

/** Puts the pieces of the file that is named after `@include` in its place; returns the octets that both words take. */
function include(
  source: FilterSource,
  at: number,
  tokens: Token[],
  readFile: FileReader,
  depth: number,
): number {
  const rest = /@include[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s()]*))/iy
  rest.lastIndex = at
  const found = rest.exec(source.text)!
  const path = found[1] ?? found[2] ?? found[3] ?? ''
  if (path === '') throw filterFault(source, at, '@include needs the name of a file')
  if (readFile === null) throw filterFault(source, at, 'files cannot be included here')
  if (depth >= DEEPEST_INCLUDE) throw filterFault(source, at, 'files are included more than 10 deep')
  scan({ name: path, text: readFile(path) }, tokens, readFile, depth + 1)
  return found[0].length
}
