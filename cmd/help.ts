import { type Command, type Flag, verb, verbsOf } from './flags.ts'

const WIDTH = 80
/** Where the explanation of a flag begins. */
const COLUMN = 26

/** What `weir --help` prints. */
export function generalHelp(commands: readonly Command[]): string {
  const shown = commands.filter(({ name, isHidden }) => isHidden !== true && !name.includes(' '))
  return [
    'weir: one executable for the whole life of network flow data.\n',
    'Usage: weir COMMAND [flags]\n',
    'Commands:',
    ...shown.map((command) => entry(command.name, command.summary, 14)),
    '',
    'Examples:',
    ...shown.slice(0, 1).flatMap(examples),
    '  # The flags and examples of a command\n  weir help collect\n',
    'Every command takes --help. Exit status: 0 done, 1 failed, 2 wrong use, 3 done,',
    'but some input was bad or missing.\n',
  ].join('\n')
}

/** What `weir COMMAND --help` prints: purpose, flags by group, defaults, examples; 80 columns. Verbs are among `commands`. */
export function commandHelp(command: Command, commands: readonly Command[]): string {
  const parts = [...wrap(`weir ${command.name}: ${command.summary}`, WIDTH), '', `Usage: ${usage(command)}`]
  if (command.description !== undefined) parts.push('', ...wrap(command.description, WIDTH))
  for (const [group, flags] of byGroup(command)) {
    parts.push('', `${group}:`, ...flags.map((flag) => entry(flagNames(flag), explanation(flag), COLUMN)))
  }
  const verbs = verbsOf(commands, command.name)
  if (verbs.length > 0)
    parts.push(
      '',
      `${command.verbsAre ?? 'Verbs'}:`,
      ...verbs.map((one) => entry(verb(one), one.summary, 14)),
    )
  if (command.examples.length > 0) parts.push('', 'Examples:', ...examples(command))
  return `${parts.join('\n')}\n`
}

/** `weir config <verb> [file] [flags]` */
export function usage(command: Command): string {
  return `weir ${command.name} ${command.operands} [flags]`.replace('  ', ' ')
}

/** The flags that help shows, by group, in the order of the table. */
export function byGroup(command: Command): Map<string, Flag[]> {
  const groups = new Map<string, Flag[]>()
  for (const flag of command.flags) {
    if (flag.isHidden === true) continue
    const group = groups.get(flag.group)
    if (group === undefined) groups.set(flag.group, [flag])
    else group.push(flag)
  }
  return groups
}

/** `--output FILE, --transport.file FILE` */
export function flagNames(flag: Flag): string {
  const names = [flag.name, ...(flag.aliases ?? [])].map((name) => `${name.length > 1 ? '--' : '-'}${name}`)
  return names.join(', ') + (flag.value === undefined ? '' : ` ${flag.value}`)
}

/** The flag's help with its choices and default. */
export function explanation(flag: Flag): string {
  const facts: string[] = []
  if (flag.choices !== undefined) facts.push(flag.choices.join(', '))
  const standard = flag.defaultHelp ?? flag.default
  if (standard !== undefined && standard !== '') facts.push(`default: ${standard}`)
  return facts.length === 0 ? flag.help : `${flag.help} [${facts.join('; ')}]`
}

function examples(command: Command): string[] {
  return command.examples.flatMap(({ says, line }) => [
    ...wrap(says, WIDTH - 4).map((text) => `  # ${text}`),
    ...folded(line),
  ])
}

/** A command line of at most 80 columns, continued with a backslash as a shell wants it. */
function folded(line: string): string[] {
  const lines = wrap(line, WIDTH - 4, WIDTH - 6)
  return lines.map((text, i) => `  ${i > 0 ? '  ' : ''}${text}${i < lines.length - 1 ? ' \\' : ''}`)
}

function entry(name: string, text: string, column: number): string {
  const lines = wrap(text, WIDTH - column)
  const head = `  ${name}`
  const indent = ' '.repeat(column)
  const fits = head.length + 2 <= column
  const first = fits ? head.padEnd(column) + (lines.shift() ?? '') : head
  return [first, ...lines.map((line) => indent + line)].join('\n')
}

/** Lines of at most `width` columns (the later ones of `later`); a longer word has a line of its own. */
function wrap(text: string, width: number, later = width): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const room = lines.length === 0 ? width : later
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines
}
