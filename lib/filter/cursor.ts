import type { FlowError } from '../diagnostics/flow-error.ts'
import { filterFault } from './fault.ts'
import type { Fraction } from './number-set.ts'
import type { Token } from './tokens.ts'

/** Reads a filter's pieces one after the other. */
export class Cursor {
  readonly #tokens: readonly Token[]
  /** Number of the next piece. */
  place = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  /** The piece `ahead` of the next one; the end stands after the last. */
  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.place + ahead, this.#tokens.length - 1)]!
  }

  next(): Token {
    const token = this.peek()
    if (this.place < this.#tokens.length - 1) this.place++
    return token
  }

  /** The word `ahead`, in lower case; empty where there is none. */
  word(ahead = 0): string {
    const token = this.peek(ahead)
    return token.kind === 'word' ? token.text.toLowerCase() : ''
  }

  isSign(text: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.kind === 'sign' && token.text === text
  }

  /** Takes the sign if it comes next. */
  takeSign(...texts: string[]): string | null {
    const token = this.peek()
    if (token.kind !== 'sign' || !texts.includes(token.text)) return null
    this.place++
    return token.text
  }

  /** Takes the word if it comes next. */
  takeWord(...words: string[]): string | null {
    const word = this.word()
    if (word === '' || !words.includes(word)) return null
    this.place++
    return word
  }

  /** The error at a piece, the next one by default. */
  fault(what: string, token: Token = this.peek()): FlowError {
    return filterFault(token.source, token.at, what)
  }

  /** The pieces from `from` to the next one as they would be typed. */
  textFrom(from: number): string {
    let text = ''
    let last = '('
    for (let i = from; i < this.place; i++) {
      const token = this.#tokens[i]!
      const written = writtenAs(token)
      const isTight =
        TIGHT_AFTER.has(last) || TIGHT_BEFORE.has(written) || (written === '(' && last === 'pair')
      text += isTight ? written : ` ${written}`
      last = written
    }
    return text
  }
}

const TIGHT_AFTER = new Set(['(', '[', '/'])
const TIGHT_BEFORE = new Set([')', ']', ',', '/'])

function writtenAs(token: Token): string {
  if (token.kind === 'text') return token.text.includes('"') ? `'${token.text}'` : `"${token.text}"`
  if (token.kind === 'pattern') return `/${token.text.replaceAll('/', '\\/')}/`
  return token.text
}

/** How a piece is named in errors. */
export function shownAs(token: Token): string {
  if (token.kind === 'end') return 'the end'
  return JSON.stringify(token.text.length > 40 ? `${token.text.slice(0, 40)}…` : token.text)
}

const SCALES: Readonly<Record<string, bigint>> = {
  k: 1000n,
  m: 1_000_000n,
  g: 1_000_000_000n,
  t: 1_000_000_000_000n,
}

/** The number that a word is, hexadecimal or decimal, with K M G T for powers of 1000; null for other words. */
export function numberOf(word: string): Fraction | null {
  if (word.length > 100) return null
  if (/^0x[0-9a-f]+$/i.test(word)) return { n: BigInt(word), d: 1n }
  const found = /^(\d+)(?:\.(\d+))?([kmgt])?$/i.exec(word)
  if (found === null) return null
  const fraction = found[2] ?? ''
  const scale = found[3] === undefined ? 1n : SCALES[found[3].toLowerCase()]!
  return reduced({ n: BigInt(found[1]! + fraction) * scale, d: 10n ** BigInt(fraction.length) })
}

function reduced({ n, d }: Fraction): Fraction {
  return n % d === 0n ? { n: n / d, d: 1n } : { n, d }
}
