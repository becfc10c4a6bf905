import { cac } from 'cac'
import { COMMANDS } from './commands.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import { type Command, findFlag, type Given, type GivenFlags } from './flags.ts'
import { nearest } from './nearest.ts'
import { parseFlags } from './parse-flags.ts'
import { print } from './print.ts'
import { UsageError } from './usage-error.ts'
import { parseBoolean } from './values.ts'

interface Call {
  readonly given: GivenFlags
  readonly operands: readonly string[]
}

/** What each command does; nothing of a command is loaded before it is called. */
const ACTIONS: Readonly<Record<string, (call: Call) => Promise<ExitStatus>>> = {
  async collect({ given }) {
    if (isOn(given, 'v')) {
      const { goflow2VersionLine } = await import('./version.ts')
      print(goflow2VersionLine())
      return EXIT.done
    }
    const { collectOptions } = await import('./collect-flags.ts')
    const { withConfiguration } = await import('./config-file.ts')
    const options = collectOptions(await withConfiguration('collect', given))
    const { runCollect } = await import('./collect.ts')
    return runCollect(options)
  },
  async rotate({ given }) {
    const { rotateOptions } = await import('./rotate-flags.ts')
    const { withConfiguration } = await import('./config-file.ts')
    const options = rotateOptions(await withConfiguration('rotate', given))
    const { runRotate } = await import('./rotate.ts')
    return runRotate(options)
  },
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
    await printHelp(operands[0])
    return EXIT.done
  },
}

/** Finds and runs the command that the words name, and returns the exit status; throws UsageError on wrong use. */
export async function dispatch(words: readonly string[]): Promise<ExitStatus> {
  const first = words[0]
  if (first === undefined) {
    const { generalHelp } = await import('./help.ts')
    process.stderr.write(generalHelp())
    return EXIT.wrongUse
  }
  if (['-h', '-help', '--help'].includes(first)) {
    await printHelp(undefined)
    return EXIT.done
  }
  const command = findCommand(first)
  const { given, operands } = parseFlags(command, words.slice(1))
  if (isOn(given, 'help')) {
    await printHelp(command.name)
    return EXIT.done
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
  const described = cli.command(`${command.name} ${command.operands}`.trim(), command.summary)
  for (const flag of command.flags) described.option(`--${cacName(flag.name)} <value>`, flag.help)
  described.action((...args: unknown[]) => {
    const options = args.at(-1) as Record<string, unknown>
    const words = args.slice(0, -1).filter((word) => word !== undefined) as string[]
    status = ACTIONS[command.name]!({ given: fromCac(command, options), operands: words.map(bare) })
  })
  try {
    cli.parse(['', 'weir', command.name, ...operands.map(guarded), ...toCac(given)])
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

const cacName = (name: string): string => name.replaceAll(/[-.]/g, '_')
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

function findCommand(name: string): Command {
  const command = COMMANDS.find((candidate) => candidate.name === name)
  if (command !== undefined) return command
  if (name.startsWith('-')) {
    const flag = name.replace(/^--?/, '').replace(/=.*/s, '')
    const owner = COMMANDS.find(({ flags }) => findFlag(flags, flag) !== undefined)
    throw new UsageError(
      owner === undefined
        ? `there is no flag ${name}; see weir --help`
        : `${name} belongs behind a command: weir ${owner.name} ${name} …`,
    )
  }
  const near = nearest(
    name,
    COMMANDS.map((candidate) => candidate.name),
  )
  throw new UsageError(
    `there is no command ${name}; ${near === undefined ? 'see weir --help' : `did you mean ${near}?`}`,
  )
}

async function printHelp(name: string | undefined): Promise<void> {
  const { commandHelp, generalHelp } = await import('./help.ts')
  print(name === undefined ? generalHelp() : commandHelp(findCommand(name)))
}
