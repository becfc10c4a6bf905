import { CONFIGURED } from './commands.ts'
import { configuredSection, loadConfiguration, sectionNames } from './config-file.ts'
import { ownersOf, refusal, valueRefusals } from './configured-value.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import { type Command, type Flag, firstWord, type Given, type GivenFlags } from './flags.ts'
import { nearest } from './nearest.ts'
import { print } from './print.ts'
import { UsageError } from './usage-error.ts'
import { configurationFiles } from './with-configuration.ts'

const VERBS = ['check', 'show']

/** Runs `weir config check FILE` or `weir config show`. */
export async function runConfig(operands: readonly string[], given: GivenFlags): Promise<ExitStatus> {
  const [verb = '', file] = operands
  if (verb === 'check') {
    if (file === undefined)
      throw new UsageError('config check: a file is missing, want weir config check FILE')
    const configuration = await loadConfiguration(file)
    for (const [section, flags] of configuration) await checkSection(section, flags)
    print(`${file}: good\n`)
    return EXIT.done
  }
  if (verb === 'show') {
    if (file !== undefined)
      throw new UsageError(`config show takes no file; want weir config show --config ${file}`)
    const files = configurationFiles(given)
    const configurations = await Promise.all(files.map(loadConfiguration))
    for (const name of sectionNames()) {
      const flags = new Map(configurations.flatMap((configuration) => [...(configuration.get(name) ?? [])]))
      await checkSection(name, flags)
      print(showSection({ name, flags: configuredSection(name).flags }, flags, process.env))
    }
    return EXIT.done
  }
  const near = nearest(verb, VERBS)
  throw new UsageError(
    `config: there is no ${verb}; ${near === undefined ? 'want check or show' : `did you mean ${near}?`}`,
  )
}

/** Throws the UsageError that the command of the section would throw, or that of a value which no verb can use. */
async function checkSection(section: string, given: GivenFlags): Promise<void> {
  const commands = CONFIGURED.filter((command) => firstWord(command) === section)
  if (commands.length === 1) {
    const error = await refusal(commands[0]!, given)
    if (error !== null) throw error
    return
  }
  for (const [flag, value] of given) {
    const errors = await valueRefusals(ownersOf(section, flag), flag, value)
    if (errors.every((error) => error !== null)) throw errors[0]
  }
}

/** One section as YAML: each value that applies, and behind it where it came from. Secrets stay unsaid. */
export function showSection(
  command: Pick<Command, 'name' | 'flags'>,
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
    rows.push([
      `  ${flag.name}: ${flag.isSecret === true ? '(not shown)' : withoutPasswords(value)}`,
      `# ${origin}`,
    ])
  }
  const width = Math.min(48, Math.max(...rows.map(([text]) => text.length)))
  return `${command.name}:\n${rows.map(([text, origin]) => `${text.padEnd(width)}  ${origin}\n`).join('')}`
}

/** URLs may hold a name and a password. */
function withoutPasswords(value: string): string {
  return value.replaceAll(/:\/\/[^/\s,"]*@/g, '://')
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
