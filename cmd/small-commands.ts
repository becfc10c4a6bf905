import { ARCHIVE_COMMANDS } from './archive-commands.ts'
import { COLLECT } from './collect-table.ts'
import { COMMON_FLAGS, type Command } from './flags.ts'
import { ROTATE } from './rotate-table.ts'
import { SHIP_COMMANDS } from './ship-commands.ts'

const HELP_FLAG = COMMON_FLAGS.filter((flag) => flag.name === 'help')

const VERSION: Command = {
  name: 'version',
  operands: '',
  summary: 'Print the version; with --json also runtime, build and data sets.',
  flags: [{ name: 'json', group: 'General', help: 'Print everything that is known, as JSON.' }, ...HELP_FLAG],
  examples: [
    { says: 'Print one line', line: 'weir version' },
    { says: 'Print runtime, build, data sets with their dates and licences', line: 'weir version --json' },
    { says: 'The same line for scripts', line: 'weir --version' },
  ],
}

const COMPLETION: Command = {
  name: 'completion',
  operands: '<shell>',
  summary: 'Print a completion script for bash, zsh or fish.',
  flags: HELP_FLAG,
  examples: [
    { says: 'bash, for this session', line: 'source <(weir completion bash)' },
    { says: 'zsh, into a folder of $fpath', line: 'weir completion zsh > _weir' },
    { says: 'fish', line: 'weir completion fish > weir.fish' },
  ],
}

const MAN: Command = {
  name: 'man',
  operands: '',
  summary: 'Print the manual page (roff).',
  flags: HELP_FLAG,
  examples: [
    { says: 'Read it now', line: 'weir man | man -l -' },
    { says: 'Install it', line: 'weir man > weir.1' },
    { says: 'As plain text, where groff is', line: 'weir man | groff -man -Tutf8' },
  ],
}

const CONFIG: Command = {
  name: 'config',
  operands: '<verb> [file]',
  summary: 'Check a configuration file, or show what applies and where it came from.',
  description:
    'A configuration file is YAML with one section per command; its keys are the long flag names. ' +
    'check FILE says whether it is good, show prints each value with the place it came from.',
  flags: COMMON_FLAGS,
  examples: [
    { says: 'Is this file good?', line: 'weir config check weir.yaml' },
    { says: 'What applies here, and where did it come from?', line: 'weir config show' },
    { says: 'What would apply with that file?', line: 'weir config show --config weir.yaml' },
  ],
}

const ARCHIVE: Command = {
  name: 'archive',
  operands: '<verb>',
  summary: 'Keep flows in archive files: small, checked, safe from crashes.',
  description:
    'An archive is a folder of files by time, each holding flows in compressed columns. A crash costs at most what was ' +
    'not yet synced, damage is found and said, and a question reads only the columns and minutes that it needs.',
  flags: HELP_FLAG,
  examples: [
    { says: 'Archive a log of goflow2', line: 'weir archive write old.log --archive flows' },
    { says: 'What is there', line: 'weir archive list flows' },
    { says: 'The flags and examples of a verb', line: 'weir help archive write' },
  ],
  needsVerb: true,
}

const HELP: Command = {
  name: 'help',
  operands: '[command] [verb]',
  summary: 'Print help for a command.',
  flags: HELP_FLAG,
  examples: [
    { says: 'All commands', line: 'weir help' },
    { says: 'The flags and examples of one', line: 'weir help collect' },
    { says: 'The same', line: 'weir collect --help' },
  ],
}

/** The commands before and behind analyze in the order of the help: their tables are small. */
export const FIRST_COMMANDS: readonly Command[] = [COLLECT, ARCHIVE, ...ARCHIVE_COMMANDS, ROTATE]
export const LAST_COMMANDS: readonly Command[] = [...SHIP_COMMANDS, CONFIG, COMPLETION, MAN, VERSION, HELP]
