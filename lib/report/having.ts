import { FlowError } from '../diagnostics/flow-error.ts'
import type { Cell, Having } from './query.ts'

// Conditions on measures: `bytes > 1G and (flows < 10 or bpp >= 1400)`.
//
//   condition  = conjunction { ("or" | "||") conjunction }
//   conjunction = negation { ("and" | "&&") negation }
//   negation   = ("not" | "!") negation | "(" condition ")" | comparison
//   comparison = sum ("=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=") sum
//   sum        = product { ("+" | "-") product }
//   product    = value { ("*" | "/") value }
//   value      = measure | number [k M G T P | Ki Mi Gi Ti | %] | "(" sum ")"

/** The measures that a condition may name, in the order of the cells it will get. */
export type HavingNames = readonly string[]

type Value = (cells: readonly Cell[]) => number | bigint | null
type Test = (cells: readonly Cell[]) => boolean

const FACTORS: Readonly<Record<string, bigint>> = {
  k: 1000n,
  m: 1_000_000n,
  g: 1_000_000_000n,
  t: 1_000_000_000_000n,
  p: 1_000_000_000_000_000n,
  ki: 1n << 10n,
  mi: 1n << 20n,
  gi: 1n << 30n,
  ti: 1n << 40n,
}
const COMPARATORS = ['==', '!=', '<>', '<=', '>=', '=', '<', '>'] as const
const MOST_LETTERS = 65_536
const MOST_DEPTH = 200

/** The condition that `text` says; throws QUERY_INVALID with the place and what would have been right. */
export function parseHaving(text: string, names: HavingNames): Having {
  if (text.length > MOST_LETTERS) throw new FlowError('QUERY_INVALID', '--having is too long')
  return { text, test: new HavingReader(text, names).read() }
}

/** Reads one condition from front to back. */
class HavingReader {
  readonly #text: string
  /** Longest first, so that `bytes.in` is not read as `bytes`. */
  readonly #names: readonly { readonly name: string; readonly place: number }[]
  #at = 0
  #depth = 0

  constructor(text: string, names: HavingNames) {
    this.#text = text
    this.#names = names.map((name, place) => ({ name, place })).sort((a, b) => b.name.length - a.name.length)
  }

  read(): Test {
    const test = this.#condition()
    if (this.#rest() !== '') throw this.#wrong('and, or, or the end')
    return test
  }

  #condition(): Test {
    let left = this.#conjunction()
    while (this.#takes('or', '||')) {
      const [a, b] = [left, this.#conjunction()]
      left = (cells) => a(cells) || b(cells)
    }
    return left
  }

  #conjunction(): Test {
    let left = this.#negation()
    while (this.#takes('and', '&&')) {
      const [a, b] = [left, this.#negation()]
      left = (cells) => a(cells) && b(cells)
    }
    return left
  }

  #negation(): Test {
    if (++this.#depth > MOST_DEPTH) throw this.#wrong('fewer parentheses')
    try {
      if (this.#takes('not') || (!this.#rest().startsWith('!=') && this.#takes('!'))) {
        const inner = this.#negation()
        return (cells) => !inner(cells)
      }
      if (!this.#rest().startsWith('(')) return this.#comparison()
      // `(a + b) > c` begins as `(a > b)` does: what stands behind the first value tells.
      const start = this.#at
      const comparison = this.#trying(() => this.#comparison())
      if (comparison !== null) return comparison
      this.#at = start
      this.#takes('(')
      const inner = this.#condition()
      if (!this.#takes(')')) throw this.#wrong('a closing parenthesis')
      return inner
    } finally {
      this.#depth--
    }
  }

  #trying<T>(action: () => T): T | null {
    try {
      return action()
    } catch (error) {
      if (error instanceof FlowError) return null
      throw error
    }
  }

  #comparison(): Test {
    const left = this.#sum()
    const comparator = COMPARATORS.find((word) => this.#takes(word))
    if (comparator === undefined) throw this.#wrong(`a comparison, such as ${COMPARATORS.slice(3).join(' ')}`)
    const right = this.#sum()
    return (cells) => {
      const [a, b] = [left(cells), right(cells)]
      if (a === null || b === null) return false
      switch (comparator) {
        case '=':
        case '==':
          // Integers and fractions compare by value.
          // biome-ignore lint/suspicious/noDoubleEquals: 1n == 1
          return a == b
        case '!=':
        case '<>':
          // biome-ignore lint/suspicious/noDoubleEquals: 1n != 2
          return a != b
        case '<':
          return a < b
        case '<=':
          return a <= b
        case '>':
          return a > b
        default:
          return a >= b
      }
    }
  }

  #sum(): Value {
    let left = this.#product()
    for (;;) {
      const sign = this.#takes('+') ? '+' : this.#takes('-') ? '-' : null
      if (sign === null) return left
      const [a, b] = [left, this.#product()]
      left = (cells) => calculated(a(cells), sign, b(cells))
    }
  }

  #product(): Value {
    let left = this.#value()
    for (;;) {
      const sign = this.#takes('*') ? '*' : this.#takes('/') ? '/' : null
      if (sign === null) return left
      const [a, b] = [left, this.#value()]
      left = (cells) => calculated(a(cells), sign, b(cells))
    }
  }

  #value(): Value {
    if (++this.#depth > MOST_DEPTH) throw this.#wrong('fewer parentheses')
    try {
      if (this.#takes('(')) {
        const inner = this.#sum()
        if (!this.#takes(')')) throw this.#wrong('a closing parenthesis')
        return inner
      }
      const rest = this.#rest()
      const known = this.#names.find(
        ({ name }) => rest.startsWith(name) && !/^[\w.(]/.test(rest.slice(name.length)),
      )
      if (known !== undefined) {
        this.#at += known.name.length
        const { place } = known
        return (cells) => numberOf(cells[place] ?? null)
      }
      const number = /^(\d+(?:\.\d+)?)\s*(ki|mi|gi|ti|[kmgtp%])?(?![\w.])/i.exec(rest)
      if (number === null)
        throw this.#wrong(`a number, or one of the measures asked for: ${this.#measures()}`)
      this.#at += number[0].length
      const value = quantityOf(number[1]!, number[2]?.toLowerCase())
      return () => value
    } finally {
      this.#depth--
    }
  }

  #measures(): string {
    return [...this.#names]
      .sort((a, b) => a.place - b.place)
      .map(({ name }) => name)
      .join(', ')
  }

  /** What is left, without the blanks before it. */
  #rest(): string {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
    return this.#text.slice(this.#at)
  }

  #takes(...words: readonly string[]): boolean {
    const rest = this.#rest()
    for (const word of words) {
      if (rest.slice(0, word.length).toLowerCase() !== word) continue
      if (/^\w/.test(word) && /^[\w.]/.test(rest.slice(word.length))) continue
      this.#at += word.length
      return true
    }
    return false
  }

  #wrong(wanted: string): FlowError {
    const found = this.#rest().slice(0, 20)
    const what = found === '' ? 'the end' : JSON.stringify(found)
    return new FlowError('QUERY_INVALID', `--having: at ${this.#at + 1}: got ${what}, want ${wanted}`)
  }
}

function quantityOf(digits: string, unit: string | undefined): number | bigint {
  if (unit === '%') return Number(digits) / 100
  const factor = unit === undefined ? 1n : FACTORS[unit]!
  return digits.includes('.') ? Number(digits) * Number(factor) : BigInt(digits) * factor
}

function numberOf(cell: Cell): number | bigint | null {
  return typeof cell === 'string' ? null : cell
}

/** Exact where both are integers and the result is one. */
function calculated(
  a: number | bigint | null,
  sign: '+' | '-' | '*' | '/',
  b: number | bigint | null,
): number | bigint | null {
  if (a === null || b === null) return null
  if (typeof a === 'bigint' && typeof b === 'bigint' && sign !== '/')
    return sign === '+' ? a + b : sign === '-' ? a - b : a * b
  const [x, y] = [Number(a), Number(b)]
  if (sign === '/') return y === 0 ? null : x / y
  return sign === '+' ? x + y : sign === '-' ? x - y : x * y
}
