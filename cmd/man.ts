import { COMMANDS } from './commands.ts'
import { type Command, firstWord } from './flags.ts'
import { byGroup, explanation, flagNames, usage } from './help.ts'
import { build } from './version.ts'

/** The manual page `weir(1)` with every command, as roff. */
export function manualPage(): string {
  const { version, date } = build()
  return [
    `.TH WEIR 1 "${date}" "weir ${version}" "User Commands"`,
    '.SH NAME',
    'weir \\- one executable for the whole life of network flow data',
    '.SH SYNOPSIS',
    '.B weir',
    '.I COMMAND',
    '[flags]',
    '.SH DESCRIPTION',
    'A long flag may have one dash or two, and its value may follow as a word or behind an equals sign. A switch is turned off by =false.',
    'Data goes to stdout, everything else to stderr.',
    ...COMMANDS.flatMap(section),
    '.SH EXIT STATUS',
    ...item('0', 'Done.'),
    ...item('1', 'Failed.'),
    ...item('2', 'Wrong use: a flag, a command or a configuration file that cannot be understood.'),
    ...item('3', 'Done, but some input was bad or missing.'),
    '.SH FILES',
    ...item(
      '/etc/weir/weir.yaml, $XDG_CONFIG_HOME/weir/weir.yaml',
      'Configuration: one section per command, keys as the long flags.',
    ),
    ...item('/var/lib/weir', 'Templates, samplers and option tables, kept over restarts.'),
    '',
  ].join('\n')
}

function section(command: Command): string[] {
  const lines = [
    `.SH ${roff(`WEIR ${command.name.toUpperCase()}`)}`,
    roff(command.summary),
    '.PP',
    `.B ${roff(usage(command))}`,
  ]
  if (command.description !== undefined) lines.push('.PP', roff(command.description))
  // What the command of one word has as well stands there.
  const parent = COMMANDS.find(({ name }) => name !== command.name && name === firstWord(command))
  let isShared = false
  for (const [group, all] of byGroup(command)) {
    const flags = all.filter((flag) => flag.name === 'help' || parent?.flags.includes(flag) !== true)
    isShared ||= flags.length < all.length
    if (flags.length === 0) continue
    lines.push(`.SS ${roff(group)}`, ...flags.flatMap((flag) => item(flagNames(flag), explanation(flag))))
  }
  if (isShared) lines.push('.PP', roff(`The flags of weir ${firstWord(command)} hold as well.`))
  if (command.examples.length > 0) lines.push('.SS Examples')
  for (const { says, line } of command.examples) {
    lines.push('.PP', `${roff(says)}:`, '.PP', '.RS', '.EX', roff(line), '.EE', '.RE')
  }
  return lines
}

function item(term: string, text: string): string[] {
  return ['.TP', `.B ${roff(term)}`, roff(text)]
}

/** Text that roff prints as it is: no line begins with a control character, dashes stay dashes. */
function roff(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^[.']/, '\\&$&')
}
