import { cac } from 'cac'
import { EXIT, type ExitStatus } from './exit.ts'
import { type Command, findFlag, type Given, type GivenFlags, verb, verbsOf } from './flags.ts'
import { nearest } from './nearest.ts'
import { parseFlags } from './parse-flags.ts'
import { preparationOf } from './prepared.ts'
import { print } from './print.ts'
import { FIRST_COMMANDS, LAST_COMMANDS } from './small-commands.ts'
import { UsageError } from './usage-error.ts'
import { parseBoolean } from './values.ts'
import { withConfiguration } from './with-configuration.ts'

interface Call {
  readonly given: GivenFlags
  readonly operands: readonly string[]
}

/** What commands without a configuration do; nothing of a command is loaded before it is called. */
const ACTIONS: Readonly<Record<string, (call: Call) => Promise<ExitStatus>>> = {
  async version({ given }) {
    if (isOn(given, 'json')) {
      const { describeBuild } = await import('./about.ts')
      print(`${JSON.stringify(describeBuild(), null, 2)}\n`)
    } else {
      const { versionLine } = await import('./version.ts')
      print(versionLine())
    }
    return EXIT.done
  },
  async completion({ operands }) {
    const { completionScript } = await import('./completion.ts')
    print(completionScript(operands[0]!))
    return EXIT.done
  },
  async man() {
    const { manualPage } = await import('./man.ts')
    print(manualPage())
    return EXIT.done
  },
  async config({ operands, given }) {
    const { runConfig } = await import('./config.ts')
    return runConfig(operands, given)
  },
  async help({ operands }) {
    await printHelp(operands)
    return EXIT.done
  },
}

async function act(name: string, { given, operands }: Call): Promise<ExitStatus> {
  if (name === 'collect' && isOn(given, 'v')) {
    const { goflow2VersionLine } = await import('./version.ts')
    print(goflow2VersionLine())
    return EXIT.done
  }
  const load = preparationOf(name)
  if (load === undefined) return ACTIONS[name]!({ given, operands })
  const prepare = await load()
  return prepare(await withConfiguration(name, given), operands)()
}

/** Finds and runs the command that the words name, and returns the exit status; throws UsageError on wrong use. */
export async function dispatch(words: readonly string[]): Promise<ExitStatus> {
  const first = words[0]
  if (first === undefined) {
    const { generalHelp } = await import('./help.ts')
    process.stderr.write(generalHelp(await commandsFor('')))
    return EXIT.wrongUse
  }
  if (isHelpFlag(first)) {
    await printHelp([])
    return EXIT.done
  }
  const commands = await commandsFor(first)
  const { command, rest } = findCommand(commands, words)
  const { given, operands } = parseFlags(command, rest)
  if (isOn(given, 'help')) {
    await printHelp([command.name])
    return EXIT.done
  }
  if (command.needsVerb === true) {
    const { commandHelp } = await import('./help.ts')
    process.stderr.write(commandHelp(command, commands))
    return EXIT.wrongUse
  }
  return run(command, given, operands)
}

/**
 * Hands a parsed command to cac, which checks the number of words and calls the action. cac would split `-listen` into
 * letters, turn `007` into 7, lose empty values and nest dotted names: so it gets one canonical word per value.
 */
async function run(command: Command, given: GivenFlags, operands: readonly string[]): Promise<ExitStatus> {
  const cli = cac('weir')
  let status: Promise<ExitStatus> | undefined
  const described = cli.command(`${cacName(command.name)} ${command.operands}`.trim(), command.summary)
  for (const flag of command.flags) described.option(`--${cacName(flag.name)} <value>`, flag.help)
  described.action((...args: unknown[]) => {
    const options = args.at(-1) as Record<string, unknown>
    const words = args
      .slice(0, -1)
      .flat()
      .filter((word) => word !== undefined) as string[]
    status = act(command.name, { given: fromCac(command, options), operands: words.map(bare) })
  })
  try {
    cli.parse(['', 'weir', cacName(command.name), ...operands.map(guarded), ...toCac(given)])
  } catch (error) {
    if ((error as Error).name !== 'CACError') throw error
    const want = `weir ${command.name} ${command.operands}`.trim()
    throw new UsageError(
      operands.length === 0
        ? `${command.name}: a word is missing, want ${want}; see weir ${command.name} --help`
        : `${command.name}: a word too many (${operands.at(-1)}), want ${want}; see weir ${command.name} --help`,
    )
  }
  if (status === undefined) throw new Error(`cac did not call ${command.name}`)
  return status
}

function isOn(given: GivenFlags, name: string): boolean {
  return parseBoolean(given.get(name)?.values.at(-1) ?? 'false') ?? false
}

const cacName = (name: string): string => name.replaceAll(/[-. ]/g, '_')
// No text that begins with `=` is empty, a number or a flag to cac.
const guarded = (value: string): string => `=${value}`
const bare = (value: string): string => value.slice(1)

function toCac(given: GivenFlags): string[] {
  return [...given].flatMap(([name, { values }]) =>
    values.map((value) => `--${cacName(name)}=${guarded(value)}`),
  )
}

function fromCac(command: Command, options: Readonly<Record<string, unknown>>): GivenFlags {
  const given = new Map<string, Given>()
  for (const { name } of command.flags) {
    const value = options[cacName(name)]
    if (value === undefined) continue
    given.set(name, { values: ([value].flat() as string[]).map(bare), source: `--${name}` })
  }
  return given
}

/** All commands, or only those with small tables where the word names one of them: a start must be quick. */
async function commandsFor(word: string): Promise<readonly Command[]> {
  const small = [...FIRST_COMMANDS, ...LAST_COMMANDS]
  if (small.some(({ name }) => name === word)) return small
  return (await import('./commands.ts')).COMMANDS
}

/** The command that the first one or two words name, and the words behind it; throws UsageError. */
function findCommand(
  commands: readonly Command[],
  words: readonly string[],
): { command: Command; rest: readonly string[] } {
  const [first = '', second = ''] = words
  const two = commands.find(({ name }) => name === `${first} ${second}`)
  if (two !== undefined) return { command: two, rest: words.slice(2) }
  const command = commands.find(({ name }) => name === first)
  if (command === undefined) throw new UsageError(unknownCommand(commands, first))
  const isVerbMissing = command.needsVerb === true && second !== '' && !isHelpFlag(second)
  if (isVerbMissing) throw new UsageError(unknownVerb(commands, first, second))
  return { command, rest: words.slice(1) }
}

const isHelpFlag = (word: string): boolean => ['-h', '-help', '--help'].includes(word)

function unknownCommand(commands: readonly Command[], word: string): string {
  if (word.startsWith('-')) {
    const owner = ownerOf(commands, word)
    return owner === undefined
      ? `there is no flag ${word}; see weir --help`
      : `${word} belongs behind a command: weir ${owner.name} ${word} …`
  }
  const names = commands.map(({ name }) => name).filter((name) => !name.includes(' '))
  const near = nearest(word, names)
  return `there is no command ${word}; ${near === undefined ? 'see weir --help' : `did you mean ${near}?`}`
}

function unknownVerb(commands: readonly Command[], name: string, word: string): string {
  const verbs = verbsOf(commands, name)
  if (word.startsWith('-')) {
    const owner = ownerOf(verbs, word)
    return owner === undefined
      ? `${name}: there is no flag ${word}; see weir ${name} --help`
      : `${word} belongs behind a verb: weir ${owner.name} ${word} …`
  }
  const near = nearest(word, verbs.map(verb))
  return `${name}: there is no ${word}; ${near === undefined ? `want ${verbs.map(verb).join(', ')}` : `did you mean ${near}?`}`
}

function ownerOf(commands: readonly Command[], word: string): Command | undefined {
  const flag = word.replace(/^--?/, '').replace(/=.*/s, '')
  return commands.find(({ flags }) => findFlag(flags, flag) !== undefined)
}

/** Help of the command whose name these words are, one or two; without any, the list of commands. */
async function printHelp(words: readonly string[]): Promise<void> {
  const { commandHelp, generalHelp } = await import('./help.ts')
  const commands = await commandsFor(words[0]?.split(' ')[0] ?? '')
  if (words.length === 0) return print(generalHelp(commands))
  const { command, rest } = findCommand(commands, words.join(' ').split(' '))
  const [word] = rest
  if (word !== undefined) {
    throw new UsageError(`help: ${command.name} has no ${word}; see weir ${command.name} --help`)
  }
  print(commandHelp(command, commands))
}
