import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface Txtar {
  /** What stands before the first file: the script. */
  readonly comment: string
  /** Files by name, in order. */
  readonly files: ReadonlyMap<string, string>
}

/** Parses a text archive: a comment, then files behind lines `-- name --`. */
export function parseTxtar(text: string): Txtar {
  const files = new Map<string, string>()
  let comment = ''
  let name: string | undefined
  for (const line of text.split(/(?<=\n)/)) {
    const match = /^-- (\S+) --\n?$/.exec(line)
    if (match !== null) {
      name = match[1]!
      files.set(name, '')
    } else if (name === undefined) comment += line
    else files.set(name, files.get(name)! + line)
  }
  return { comment, files }
}

/** Where and with what a script's programs run. */
export interface Stage {
  /** Program name in a script -> the words that start it. */
  readonly programs: Readonly<Record<string, readonly string[]>>
  readonly environment?: Readonly<Record<string, string>>
}

/**
 * Runs a script in a folder that holds its files. Its words, one command a line:
 *
 * - `exec PROGRAM WORD…` runs it and wants status 0; `! exec` wants any other; words may stand in quotes;
 * - `status N` wants that status of the last run;
 * - `stdin FILE` gives the next run a file on stdin;
 * - `cmp stdout|stderr|FILE FILE` wants equal text;
 * - `match stdout|stderr|FILE REGEXP` wants the text to match.
 *
 * Throws what is wrong, with the line. `UPDATE=1` writes into the archive what `cmp` got instead.
 */
export function runTxtar(path: string, stage: Stage): void {
  const archive = parseTxtar(readFileSync(path, 'utf8'))
  const folder = mkdtempSync(join(tmpdir(), 'weir-txtar-'))
  const changed = new Map<string, string>()
  let last = { status: 0, stdout: '', stderr: '' }
  let input = ''
  const textOf = (name: string): string => {
    if (name === 'stdout' || name === 'stderr') return last[name]
    return readFileSync(join(folder, name), 'utf8')
  }
  try {
    for (const [name, text] of archive.files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    for (const line of archive.comment.split('\n')) {
      const words = splitWords(line)
      if (words.length === 0 || line.startsWith('#')) continue
      const isNegated = words[0] === '!'
      const [verb, ...rest] = isNegated ? words.slice(1) : words
      const fail = (what: string): never => {
        throw new Error(`${path}: ${line}\n  ${what}\n  stdout: ${last.stdout}\n  stderr: ${last.stderr}`)
      }
      if (verb === 'exec') {
        const program = stage.programs[rest[0]!] ?? fail(`no program ${rest[0]}`)
        const { status, stdout, stderr } = spawnSync(program[0]!, [...program.slice(1), ...rest.slice(1)], {
          cwd: folder,
          env: stage.environment ?? {},
          input,
          encoding: 'utf8',
          timeout: 20_000,
        })
        last = { status: status ?? -1, stdout, stderr }
        input = ''
        if ((last.status === 0) === isNegated) fail(`status ${last.status}`)
      } else if (verb === 'status') {
        if (last.status !== Number(rest[0])) fail(`status ${last.status}`)
      } else if (verb === 'stdin') {
        input = textOf(rest[0]!)
      } else if (verb === 'cmp') {
        const [got, want] = [textOf(rest[0]!), textOf(rest[1]!)]
        if (got !== want && process.env['UPDATE'] === '1') changed.set(rest[1]!, got)
        else if (got !== want) fail(`${rest[0]} is not ${rest[1]}:\n${want}`)
      } else if (verb === 'match') {
        if (!new RegExp(rest[1]!, 'm').test(textOf(rest[0]!))) fail(`no match in ${rest[0]}`)
      } else fail(`unknown word ${verb}`)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  if (changed.size > 0)
    writeFileSync(path, formatTxtar({ ...archive, files: new Map([...archive.files, ...changed]) }))
}

function formatTxtar({ comment, files }: Txtar): string {
  return comment + [...files].map(([name, text]) => `-- ${name} --\n${text}`).join('')
}

/** Blanks separate words; single or double quotes keep them together. */
function splitWords(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare!,
  )
}
