import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from 'yaml'
import { FlowError } from '../diagnostics/flow-error.ts'
import { nearestName } from './nearest-name.ts'

/** A mapping file is a few hundred lines; what is far longer is something else. */
const LONGEST = 1 << 18
/** Warnings kept; a file with more of them is no mapping. */
const MOST_WARNINGS = 100

/** One key of a YAML mapping. */
export interface Entry {
  readonly key: string
  readonly keyNode: unknown
  readonly value: unknown
}

/** Control characters and the line ends of Unicode. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu
const TRUE = /^(y|yes|on|true)$/i
const FALSE = /^(n|no|off|false)$/i

/**
 * Reads YAML as Go's yaml.v3 fills a structure with it: scalars of the wrong kind are refused, anything is a string,
 * YAML 1.1's booleans are fine, nothing means the zero value. Every complaint names file and line.
 */
export class MappingReader {
  readonly #warnings: { line: number; text: string }[] = []
  #warningCount = 0
  readonly root: unknown
  readonly #file: string
  readonly #lines = new LineCounter()
  readonly #document: Document | undefined

  constructor(text: string, file: string) {
    this.#file = file
    if (text.length > LONGEST) this.fail(null, 'is longer than 256 KiB; give a goflow2 mapping file')
    let documents: Document[]
    try {
      const found = parseAllDocuments(text, { lineCounter: this.#lines, prettyErrors: false })
      documents = Array.isArray(found) ? (found as Document[]) : []
    } catch {
      this.fail(null, 'is nested too deeply; give a goflow2 mapping file')
    }
    this.#document = documents[0]
    const [error] = this.#document?.errors ?? []
    if (error !== undefined) {
      const { line } = this.#lines.linePos(error.pos[0])
      const what = error.message.includes('call stack') ? 'nested too deeply' : error.message.split('\n')[0]
      throw this.#error(line, `is not valid YAML (${what}); correct it`)
    }
    if (documents.length > 1) this.warn(documents[1]!.contents, 'a second document is ignored, as by goflow2')
    this.root = this.#document?.contents ?? null
  }

  /** Notes something that the user should know. */
  warn(node: unknown, message: string): void {
    if (++this.#warningCount > MOST_WARNINGS) return
    const line = this.#lineOf(node)
    this.#warnings.push({ line, text: this.#located(line, message) })
  }

  /** The known name nearest to `word`; not looked for once nobody reads on. */
  nearest(word: string, known: Iterable<string>): string | undefined {
    return this.#warningCount < MOST_WARNINGS ? nearestName(word, known) : undefined
  }

  /** The warnings in order of their lines. */
  warnings(): string[] {
    const texts = this.#warnings.sort((x, y) => x.line - y.line).map((warning) => warning.text)
    const more = this.#warningCount - texts.length
    return more > 0 ? [...texts, `${this.#file}: ${more} more warnings`] : texts
  }

  /** Refuses the file. */
  fail(node: unknown, message: string): never {
    throw this.#error(this.#lineOf(node), message)
  }

  /** The keys of a mapping; those of another kind of node are refused. Merged keys (`<<`) come last. */
  entries(node: unknown, what: string): Entry[] {
    const value = this.#resolve(node)
    if (isNothing(value)) return []
    if (!isMap(value)) this.fail(node, `${what} must hold keys and values; correct the indentation`)
    const entries: Entry[] = []
    const merged: Entry[] = []
    for (const pair of value.items) {
      const key = this.string(pair.key, `a key of ${what}`)
      if (key !== '<<') {
        entries.push({ key, keyNode: pair.key, value: pair.value })
        continue
      }
      const source = this.#resolve(pair.value)
      for (const part of isSeq(source) ? source.items : [source]) {
        const map = this.#resolve(part)
        if (map === value || !isMap(map)) this.fail(pair.key, 'a merge key must name another mapping')
        for (const { key: name, value: held } of map.items) {
          merged.push({ key: this.string(name, what), keyNode: pair.key, value: held })
        }
      }
    }
    const names = new Set(entries.map((entry) => entry.key))
    return [...entries, ...merged.filter((entry) => !names.has(entry.key))]
  }

  /** The known keys of a mapping by name; each of the others is warned about. */
  fields(node: unknown, what: string, known: readonly string[]): Map<string, Entry> {
    const found = new Map<string, Entry>()
    for (const entry of this.entries(node, what)) {
      if (known.includes(entry.key)) {
        found.set(entry.key, entry)
        continue
      }
      const nearest = this.nearest(entry.key, known)
      const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
      this.warn(entry.keyNode, `goflow2 ignores the key ${quote(entry.key)} in ${what}${hint}`)
    }
    return found
  }

  /** The items of a list. */
  list(node: unknown, what: string): unknown[] {
    const value = this.#resolve(node)
    if (isNothing(value)) return []
    if (!isSeq(value)) this.fail(node, `${what} must be a list; put "- " before each item`)
    return value.items
  }

  string(node: unknown, what: string): string {
    const value = this.#resolve(node)
    if (isNothing(value)) return ''
    if (!isScalar(value)) this.fail(node, `${what} must be a word`)
    return typeof value.value === 'string' ? value.value : (value.source ?? String(value.value))
  }

  integer(node: unknown, what: string, least: number, most: number): number {
    const value = this.#resolve(node)
    if (isNothing(value)) return 0
    const number = isScalar(value) ? value.value : undefined
    if (typeof number !== 'number' || !Number.isInteger(number) || number < least || number > most) {
      this.fail(node, `${what} must be a whole number from ${least} to ${most}`)
    }
    return number
  }

  boolean(node: unknown, what: string): boolean {
    const value = this.#resolve(node)
    if (isNothing(value)) return false
    const text = isScalar(value) && (value.type ?? 'PLAIN') === 'PLAIN' ? String(value.value) : ''
    if (TRUE.test(text)) return true
    if (!FALSE.test(text)) this.fail(node, `${what} must be true or false`)
    return false
  }

  #resolve(node: unknown): unknown {
    if (!isAlias(node)) return node
    const target = node.resolve(this.#document!)
    if (target === undefined) this.fail(node, `the anchor of *${node.source} is missing; write it out`)
    return target
  }

  #lineOf(node: unknown): number {
    const range = (node as Node | null | undefined)?.range
    return range === undefined || range === null ? 0 : this.#lines.linePos(range[0]).line
  }

  #error(line: number, message: string): FlowError {
    return new FlowError('MAPPING_INVALID', this.#located(line, message))
  }

  /** One line, whatever names the file has made up. */
  #located(line: number, message: string): string {
    return `${this.#file}${line > 0 ? `:${line}` : ''}: ${message.replaceAll(CONTROLS, ' ')}`
  }
}

function isNothing(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null)
}

/** Quotes what a file says for one line of a message. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
