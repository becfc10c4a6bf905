import { type Command, type Flag, findFlag, type Given, type GivenFlags, shownNames } from './flags.ts'
import { nearest } from './nearest.ts'
import { UsageError } from './usage-error.ts'

export interface ParsedWords {
  readonly given: GivenFlags
  /** Words that belong to no flag, in order. */
  readonly operands: readonly string[]
}

/**
 * Reads a command's words by its table, as Go's flag package does: one dash is as good as two, `-x v` equals `-x=v`, a
 * switch needs `=false` to be off, `--` ends the flags. Values stay text. Throws UsageError on anything unknown.
 */
export function parseFlags(command: Command, words: readonly string[]): ParsedWords {
  const given = new Map<string, Given>()
  const operands: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (word === '--') {
      operands.push(...words.slice(at + 1))
      break
    }
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(word)
    if (match === null) {
      if (word !== '-' && word.startsWith('-')) throw new UsageError(`${command.name}: ${word} is not a flag`)
      operands.push(word)
      continue
    }
    const [, name, inline] = match as unknown as [string, string, string | undefined]
    const flag = findFlag(command.flags, name)
    if (flag === undefined)
      throw new UsageError(unknownFlag(command, word.slice(0, word.indexOf(name)), name))
    const values: string[] = []
    if (inline !== undefined) values.push(inline)
    else if (flag.value === undefined) values.push('true')
    else {
      at++
      const next = words[at]
      if (next === undefined || isFlagOf(command, next)) throw new UsageError(missingValue(word, flag, next))
      values.push(next)
    }
    if (flag.many === 'words') {
      while (at + 1 < words.length && (words[at + 1] === '-' || !words[at + 1]!.startsWith('-'))) {
        values.push(words[++at]!)
      }
    }
    const before = flag.many === undefined ? [] : (given.get(flag.name)?.values ?? [])
    given.set(flag.name, { values: [...before, ...values], source: `--${flag.name}` })
  }
  return { given, operands }
}

/** A value may begin with a dash, but a word that is one of the command's flags is a forgotten value. */
function isFlagOf(command: Command, word: string): boolean {
  const match = /^--?([^-=][^=]*)/.exec(word)
  return match !== null && findFlag(command.flags, match[1]!) !== undefined
}

function missingValue(word: string, flag: Flag, next: string | undefined): string {
  const wanted = `${word}: a value is missing, want ${flag.value}`
  return next === undefined ? wanted : `${wanted}; if ${next} is meant as the value, write ${word}=${next}`
}

/** What to say to a flag that the command does not have: a hint for old names, or the nearest one there is. */
export function unknownFlag(command: Command, dashes: string, name: string): string {
  const hint = command.hints?.[name]
  if (hint !== undefined) return `${command.name}: there is no flag ${dashes}${name}: ${hint}`
  const near = nearest(name, shownNames(command.flags))
  const proposal =
    near === undefined
      ? `see weir ${command.name} --help`
      : `did you mean ${near.length > 1 ? '--' : '-'}${near}?`
  return `${command.name}: there is no flag ${dashes}${name}; ${proposal}`
}
