import { type Flag, findFlag, type GivenFlags } from './flags.ts'
import { UsageError } from './usage-error.ts'
import { parseBoolean, parseDuration, parseInteger, parseSize } from './values.ts'

/** Reads typed values from given flags; whatever is wrong with one is a UsageError that names flag, place and want. */
export class FlagReader {
  readonly #flags: readonly Flag[]
  readonly #given: GivenFlags

  constructor(flags: readonly Flag[], given: GivenFlags) {
    this.#flags = flags
    this.#given = given
  }

  isGiven(name: string): boolean {
    return this.#given.has(name)
  }

  /** Where a flag was given, for messages. */
  sourceOf(name: string): string {
    return this.#given.get(name)?.source ?? `--${name}`
  }

  /** All values, or the default's; commas of a list are split, and empty entries left out. */
  list(name: string): string[] {
    const flag = this.#flag(name)
    const values = this.#given.get(name)?.values ?? (flag.default === undefined ? [] : [flag.default])
    const parts = flag.many === 'list' ? values.flatMap((value) => value.split(',')) : values
    return parts.map((part) => part.trim()).filter((part) => part !== '')
  }

  /** The text as it was given: never trimmed, never a number. A flag given twice has its last value, as in Go. */
  text(name: string): string | undefined {
    return this.#given.get(name)?.values.at(-1) ?? this.#flag(name).default
  }

  choice(name: string): string {
    const text = this.text(name) ?? ''
    const choices = this.#flag(name).choices ?? []
    if (!choices.includes(text)) throw this.wrong(name, text, `one of ${choices.join(', ')}`)
    return text
  }

  boolean(name: string): boolean {
    const text = this.text(name) ?? 'false'
    return parseBoolean(text) ?? this.#fail(name, text, 'true or false')
  }

  integer(name: string, least: number, most: number): number {
    const text = this.text(name) ?? ''
    const value = parseInteger(text)
    if (value === undefined || value < least || value > most) {
      const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`
      throw this.wrong(name, text, `a number, ${range}`)
    }
    return value
  }

  durationMs(name: string): number {
    const text = this.text(name) ?? ''
    return parseDuration(text) ?? this.#fail(name, text, 'a duration such as 90s, 5m or 24h')
  }

  octets(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    return parseSize(text) ?? this.#fail(name, text, 'a size such as 4194304, 4MiB or 10M')
  }

  /** The error for a value that is not what the flag wants. */
  wrong(name: string, got: string, want: string): UsageError {
    const flag = this.#flag(name)
    const shown = flag.isSecret === true ? 'a value' : JSON.stringify(got)
    return new UsageError(`${this.sourceOf(name)}: got ${shown}, want ${want}`)
  }

  #fail(name: string, got: string, want: string): never {
    throw this.wrong(name, got, want)
  }

  #flag(name: string): Flag {
    const flag = findFlag(this.#flags, name)
    if (flag === undefined) throw new Error(`no flag --${name} in the table`)
    return flag
  }
}
