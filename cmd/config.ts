import { collectOptions } from './collect-flags.ts'
import { CONFIGURED } from './commands.ts'
import { loadConfiguration, withConfiguration } from './config-file.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import type { Command, Flag, Given, GivenFlags } from './flags.ts'
import { nearest } from './nearest.ts'
import { print } from './print.ts'
import { rotateOptions } from './rotate-flags.ts'
import { UsageError } from './usage-error.ts'

const VERBS = ['check', 'show']

/** Runs `weir config check FILE` or `weir config show`. */
export async function runConfig(operands: readonly string[], given: GivenFlags): Promise<ExitStatus> {
  const [verb = '', file] = operands
  if (verb === 'check') {
    if (file === undefined)
      throw new UsageError('config check: a file is missing, want weir config check FILE')
    const configuration = await loadConfiguration(file)
    for (const [command, flags] of configuration) check(command, flags)
    print(`${file}: good\n`)
    return EXIT.done
  }
  if (verb === 'show') {
    if (file !== undefined)
      throw new UsageError(`config show takes no file; want weir config show --config ${file}`)
    for (const command of CONFIGURED) {
      const flags = await withConfiguration(command.name, new Map(given))
      check(command.name, flags)
      print(showSection(command, flags, process.env))
    }
    return EXIT.done
  }
  const near = nearest(verb, VERBS)
  throw new UsageError(
    `config: there is no ${verb}; ${near === undefined ? 'want check or show' : `did you mean ${near}?`}`,
  )
}

/** Throws the UsageError that the command itself would throw. */
function check(command: string, flags: GivenFlags): void {
  if (command === 'collect') collectOptions(flags)
  if (command === 'rotate') rotateOptions(flags)
}

/** One section as YAML: each value that applies, and behind it where it came from. Secrets stay unsaid. */
export function showSection(
  command: Command,
  given: GivenFlags,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const rows: [string, string][] = []
  for (const flag of command.flags) {
    if (flag.name === 'config' || flag.name === 'help' || flag.name === 'v') continue
    const from = given.get(flag.name)
    if (flag.isHidden === true && from === undefined) continue
    const [value, origin] = applies(flag, from, environment)
    if (value === undefined) continue
    rows.push([`  ${flag.name}: ${flag.isSecret === true ? '(not shown)' : value}`, `# ${origin}`])
  }
  const width = Math.min(48, Math.max(...rows.map(([text]) => text.length)))
  return `${command.name}:\n${rows.map(([text, origin]) => `${text.padEnd(width)}  ${origin}\n`).join('')}`
}

function applies(
  flag: Flag,
  from: Given | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): [string | undefined, string] {
  if (from !== undefined) return [yaml(flag, from.values), from.source.replace(/: [^:]*$/, '')]
  const variable = flag.environment === undefined ? undefined : environment[flag.environment]
  if (variable) return [yaml(flag, [variable]), `$${flag.environment}`]
  if (flag.default !== undefined) return [yaml(flag, [flag.default]), 'default']
  return [undefined, '']
}

function yaml(flag: Flag, values: readonly string[]): string {
  const scalar = (text: string) => (/^[\w./][\w./:+?&=-]*$/.test(text) ? text : JSON.stringify(text))
  if (flag.many === undefined) return scalar(values.at(-1)!)
  const parts = flag.many === 'list' ? values.flatMap((text) => text.split(',')) : values
  return `[${parts.map(scalar).join(', ')}]`
}
